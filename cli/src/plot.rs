//! `satori-store plot`: pictures of streams.

use std::io::Write;

use satori_store::{Store, StreamUuid, Timestamp};
use serde::Serialize;

use crate::args::{Drawn, Global, PictureFile, Plot, Range};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{self, NewFile};
use crate::output::Output;
use crate::picture::columns::Span;
use crate::picture::panel::Panel;
use crate::picture::{Picture, braille, chart, png, svg};
use crate::progress::Progress;
use crate::select::{self, Selected};
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report {
    /// Null if the picture is drawn in the terminal.
    file: Option<String>,
    bytes: Option<u64>,
    /// The axis of time; null if no stream has a row.
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    streams: Vec<Drawing>,
}

#[derive(Serialize)]
struct Drawing {
    uuid: StreamUuid,
    name: String,
    rows: u64,
    minimum: Option<f64>,
    maximum: Option<f64>,
    /// The gaps that are wide enough to be seen.
    gaps: Vec<Ends>,
    providers: Vec<Provider>,
}

#[derive(Serialize)]
struct Ends {
    from: Timestamp,
    to: Timestamp,
}

#[derive(Serialize)]
struct Provider {
    provider: String,
    rows: u64,
}

/// What the picture is drawn on.
enum Paper<'a> {
    Terminal(braille::Size),
    File(&'a PictureFile, chart::Size),
}

/// Runs the command.
pub(crate) fn run(args: &Plot, global: &Global, output: &Output) -> Result<Exit, Failure> {
    if let Some(file) = &args.output {
        new_file::check(&file.path, args.force, &args.db)?;
    }
    let options = global.options().read_only(true);
    let store = options
        .skip_unreadable(args.skip_unreadable)
        .open(&args.db)?;
    let mut selected: Vec<Selected> = Vec::new();
    for stream in &args.streams {
        let stream = select::one(&store, stream, output)?;
        if selected.iter().all(|other| other.uuid != stream.uuid) {
            selected.push(stream);
        }
    }
    let paper = Paper::new(args, selected.len(), output);
    let picture = read(&store, &selected, &args.range, paper.columns())?;
    let mut report = Report::new(&selected, &picture);
    match paper {
        Paper::Terminal(size) => output.report(&report, || braille::draw(&picture, size))?,
        Paper::File(file, size) => {
            let bytes = write(file, args, &picture, size)?;
            let name = file.path.to_string_lossy().into_owned();
            report.bytes = Some(bytes);
            report.file = Some(name.clone());
            output.report(&report, || {
                let name = text::short(&name, 120);
                format!("drawn into {name}: {}\n", counted(bytes, "byte"))
            })?;
        }
    }
    Ok(Exit::Done)
}

impl<'a> Paper<'a> {
    /// Returns the paper that the arguments choose, for so many streams.
    fn new(args: &'a Plot, streams: usize, output: &Output) -> Self {
        let of_several = |one, several| if streams > 1 { several } else { one };
        match &args.output {
            Some(file) => {
                let panel = args.height.unwrap_or(of_several(300, 200));
                let size = chart::Size {
                    width: args.width.unwrap_or(960),
                    panel: panel.max(80),
                };
                Paper::File(file, size)
            }
            None => {
                let width = args.width.map(|width| width as usize);
                Paper::Terminal(braille::Size {
                    width: width.or_else(|| output.width()).unwrap_or(80),
                    height: args.height.unwrap_or(of_several(16, 8)) as usize,
                    colored: output.is_colored(),
                })
            }
        }
    }

    /// Returns how many columns of rows can be told apart.
    fn columns(&self) -> usize {
        match self {
            Paper::Terminal(size) => size.columns(),
            Paper::File(_, size) => size.columns(),
        }
    }
}

/// Sums the streams up.
fn read(
    store: &Store,
    selected: &[Selected],
    range: &Range,
    width: usize,
) -> Result<Picture, Failure> {
    let span = span(store, selected, range)?;
    let progress = Progress::each(selected.len());
    let mut panels = Vec::new();
    for stream in selected {
        progress.turn_to(&stream.label());
        let name = stream.name_or_uuid();
        panels.push(match span {
            Some(span) => Panel::read(name, store.observations(&stream.uuid, ..)?, span, width)?,
            None => Panel::empty(name),
        });
        progress.advance();
    }
    Ok(Picture { span, panels })
}

/// Returns the range of time that is drawn; where it is open, it reaches as far as the rows.
fn span(store: &Store, selected: &[Selected], range: &Range) -> Result<Option<Span>, Failure> {
    // The last instant before the end of the range.
    let before = |to: Timestamp| Timestamp::from_micros(to.as_micros().saturating_sub(1));
    let (mut from, mut to) = (range.from, range.to.map(before));
    for stream in selected {
        if range.from.is_none() {
            let first = store.first(&stream.uuid, 1)?.pop().map(|row| row.ts);
            from = from.into_iter().chain(first).min();
        }
        if range.to.is_none() {
            let last = store.latest(&stream.uuid)?.map(|row| row.ts);
            to = to.into_iter().chain(last).max();
        }
    }
    let ends = from.zip(to).filter(|(from, to)| from <= to);
    Ok(ends.map(|(from, to)| Span { from, to }))
}

/// Draws the picture into its file; returns the file's bytes.
fn write(
    file: &PictureFile,
    args: &Plot,
    picture: &Picture,
    size: chart::Size,
) -> Result<u64, Failure> {
    let drawn = match file.drawn {
        Drawn::Svg => Ok(svg::draw(picture, size).into_bytes()),
        Drawn::Png => png::draw(picture, size),
    };
    let mut new = NewFile::begin(&file.path, args.force, &args.db)?;
    let written = drawn.and_then(|drawn| new.file().write_all(&drawn));
    written.map_err(|error| new.failure(error))?;
    new.finish()
}

impl Report {
    fn new(selected: &[Selected], picture: &Picture) -> Self {
        let streams = selected.iter().zip(&picture.panels);
        let streams = streams.map(|(stream, panel)| {
            let values = panel.all.values();
            let gaps = panel.gaps().into_iter();
            let providers = panel.providers.iter();
            Drawing {
                uuid: stream.uuid.clone(),
                name: panel.name.clone(),
                rows: panel.all.rows(),
                minimum: values.map(|(least, _)| least),
                maximum: values.map(|(_, greatest)| greatest),
                gaps: gaps.map(|(from, to)| Ends { from, to }).collect(),
                providers: providers
                    .map(|(provider, columns)| Provider {
                        provider: provider.clone(),
                        rows: columns.rows(),
                    })
                    .collect(),
            }
        });
        Self {
            file: None,
            bytes: None,
            from: picture.span.map(|span| span.from),
            to: picture.span.map(|span| span.to),
            streams: streams.collect(),
        }
    }
}
