//! `satori-store ingest`: the server's answers, stored.

use std::fmt::Write;
use std::path::Path;

use satori_store::{Conflict, Error, IngestOptions, IngestReport, Rejected, Store, StreamUuid};
use serde::Serialize;

use crate::args::{Global, Ingest};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Input, Piece};
use crate::json::ErrorReport;
use crate::output::Output;
use crate::progress::Progress;
use crate::signals::{Signal, Signals};
use crate::text::{self, SHOWN, counted};

/// What was stored and refused of all files.
#[derive(Default, Serialize)]
struct Report {
    payloads: usize,
    inserted: u64,
    already_there: u64,
    nothing: u64,
    conflicts: Vec<Placed<Conflict>>,
    rejected: Vec<Placed<Reason>>,
    /// The streams that were written to, in the order of the input.
    streams: Vec<StreamUuid>,
}

/// A refusal and its place in the input.
#[derive(Serialize)]
struct Placed<T> {
    file: String,
    /// From 1.
    line: usize,
    /// Position among the file's payloads, from 0.
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<StreamUuid>,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct Reason {
    error: ErrorReport,
    /// The text for people, shown after the file and the line.
    #[serde(skip)]
    text: String,
}

impl Reason {
    /// Returns `error` as a reason.
    fn new(error: &Error) -> Self {
        Self {
            error: ErrorReport::new(error),
            text: match error {
                Error::InvalidJson {
                    column, message, ..
                } => format!("column {column}: {message}"),
                other => other.to_string(),
            },
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Ingest, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let files = files::named(&args.files);
    // A mistyped name is reported before anything is created or stored.
    let bytes = files::check(&files, &args.db)?;
    let store = global.fill(&args.db, args.keep_spelling)?;
    let signals = match files.iter().any(|file| files::is_live(file)) {
        true => Some(Signals::watch().map_err(|error| Failure::Read {
            file: "signals".to_owned(),
            error,
        })?),
        false => None,
    };
    let mut options = IngestOptions::new()
        .strict(args.strict)
        .unit(args.unit.into());
    if let Some(uuid) = &args.uuid {
        options = options.uuid(uuid.clone());
    }
    if let Some(provider) = &args.provider {
        options = options.provider(provider.as_str());
    }

    let mut report = Report::default();
    let mut failures = Vec::new();
    let progress = Progress::bytes(bytes);
    let mut stopped = None;
    for file in &files {
        let reading = Reading {
            options: &options,
            strict: args.strict,
            progress: &progress,
            signals: signals.as_ref(),
        };
        match report.ingest(&store, file, &reading) {
            Ok(None) => {}
            Ok(signal) => {
                stopped = signal;
                break;
            }
            Err(failure) => {
                let is_of_file = matches!(failure, Failure::Input { .. } | Failure::Read { .. });
                failures.push(failure);
                if !is_of_file {
                    break;
                }
            }
        }
    }
    drop(progress);

    report.warn(output);
    output.report(&report, || report.summary())?;
    let refused = !report.conflicts.is_empty() || !report.rejected.is_empty();
    let mut exit = Exit::refused_if(refused);
    for failure in &failures {
        output.failure(failure);
        exit = failure.exit().after(exit);
    }
    if let Some(signal) = stopped {
        output.note(format_args!(
            "{signal} ended the reading; what was read before it is stored"
        ));
        exit = signal.exit().after(exit);
    }
    Ok(exit)
}

/// How files are read.
struct Reading<'a> {
    options: &'a IngestOptions,
    strict: bool,
    progress: &'a Progress,
    signals: Option<&'a Signals>,
}

impl Report {
    /// Ingests one file; returns the signal that ended its reading, if one did.
    fn ingest(
        &mut self,
        store: &Store,
        file: &Path,
        reading: &Reading<'_>,
    ) -> Result<Option<Signal>, Failure> {
        let watch = |reader| reading.progress.watch(reader);
        let input = Input::open(file, reading.signals, watch)?;
        let options = reading.options;
        if reading.strict {
            let json = input.whole()?;
            self.store(store, &input.name, &Piece::whole(&json), options, &mut 0)?;
            return Ok(None);
        }
        let mut payloads = 0;
        input.pieces(|file, piece| self.store(store, file, &piece, options, &mut payloads))
    }

    /// Stores one piece. `payloads` counts those of the file so far.
    fn store(
        &mut self,
        store: &Store,
        file: &str,
        piece: &Piece<'_>,
        options: &IngestOptions,
        payloads: &mut usize,
    ) -> Result<(), Failure> {
        let options = options
            .clone()
            .format(piece.format)
            .first_line(piece.first_line);
        let done = match store.ingest(piece.json, &options) {
            Ok(done) => done,
            // The report says that nothing was stored.
            Err(Error::Refused(done)) => *done,
            Err(error @ Error::InvalidJson { .. }) => {
                let file = file.to_owned();
                return Err(Failure::Input { file, error });
            }
            Err(error) => return Err(error.into()),
        };
        self.inserted += done.inserted;
        self.already_there += done.already_there;
        for stream in &done.streams {
            if !self.streams.contains(stream) {
                self.streams.push(stream.clone());
            }
        }
        self.nothing += done.nothing;
        self.payloads += done.payloads;
        let before = *payloads;
        *payloads += done.payloads;
        self.place(file, done, before);
        Ok(())
    }

    /// Records what was refused, with its place in the file. `before` payloads of the
    /// file came before.
    fn place(&mut self, file: &str, done: IngestReport, before: usize) {
        for conflict in done.conflicts {
            self.conflicts.push(Placed {
                file: file.to_owned(),
                line: conflict.position.line,
                index: before + conflict.position.index,
                stream: Some(conflict.stream),
                what: conflict.conflict,
            });
        }
        for Rejected {
            position, error, ..
        } in done.rejected
        {
            self.rejected.push(Placed {
                file: file.to_owned(),
                line: position.line,
                index: before + position.index,
                stream: None,
                what: Reason::new(&error),
            });
        }
    }

    /// Warns of what was refused.
    fn warn(&self, output: &Output) {
        let rejected = self.rejected.iter().map(|rejected| {
            let Placed {
                file, line, what, ..
            } = rejected;
            format!("{file}:{line}: {}", what.text)
        });
        let conflicts = self.conflicts.iter().map(|conflict| {
            let Placed {
                file, line, what, ..
            } = conflict;
            let stored = what.stored.map_or("NULL".into(), text::number);
            let offered = text::number(what.offered);
            format!(
                "{file}:{line}: {} has the value {stored} already, {offered} is refused",
                what.ts
            )
        });
        for message in rejected.chain(conflicts).take(SHOWN) {
            output.warning(message);
        }
        let all = self.rejected.len() + self.conflicts.len();
        if let Some(more) = text::more(all) {
            output.warning(more);
        }
    }

    /// Returns the report for people.
    fn summary(&self) -> String {
        let mut text = format!(
            "{}: {} inserted, {} already there",
            counted(self.payloads as u64, "payload"),
            text::count(self.inserted),
            text::count(self.already_there),
        );
        let more = [
            ("without news", self.nothing),
            ("in conflict", self.conflicts.len() as u64),
            ("rejected", self.rejected.len() as u64),
        ];
        for (what, number) in more.into_iter().filter(|(_, number)| *number > 0) {
            // Writing to a string can't fail.
            let _ = write!(text, ", {} {what}", text::count(number));
        }
        text + "\n"
    }
}
