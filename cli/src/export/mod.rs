//! `satori-store export`: streams as files that other programs read.

mod columnar;
mod csv;
mod file_name;
mod ndjson;
mod new_folder;
mod writer;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use satori_store::{Store, StreamUuid};
use serde::Serialize;

use self::new_folder::NewFolder;
use self::writer::Form;
use crate::args::{Export, FileFormat, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{self, NewFile};
use crate::output::Output;
use crate::per_stream::{self, Outcomes};
use crate::select;
use crate::stream_object;
use crate::text::{self, counted};

/// The file of a folder that has the metadata of all streams.
pub(crate) const METADATA: &str = "streams.ndjson";

/// What was written of one stream.
#[derive(Default, Serialize)]
struct Exported {
    file: String,
    rows: u64,
    /// Rows that were left out because they can't be read.
    unreadable: u64,
}

#[derive(Serialize)]
struct Report<'a> {
    /// The file or the folder; a name that is not UTF-8 is shown with U+FFFD.
    output: &'a str,
    format: &'static str,
    #[serde(flatten)]
    streams: &'a Outcomes<Exported>,
}

/// Runs the command.
pub(crate) fn run(args: &Export, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let options = global.options().read_only(true);
    let store = options
        .skip_unreadable(args.skip_unreadable)
        .open(&args.db)?;
    let path = args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    let exporter = Exporter {
        store: &store,
        args,
        is_terminal: path.is_none() && io::stdout().is_terminal(),
    };
    match (&args.stream, path) {
        (Some(stream), None) => exporter.to_standard_output(stream, output),
        (Some(stream), Some(file)) => exporter.to_file(stream, file, output),
        // Its ending says that a file is meant.
        (None, Some(file)) if FileFormat::of(file).is_some() => Err(one_stream(text::place(file))),
        (None, Some(folder)) => exporter.to_folder(folder, output),
        (None, None) => Err(one_stream("standard output".to_owned())),
    }
}

struct Exporter<'a> {
    store: &'a Store,
    args: &'a Export,
    /// The output is a terminal.
    is_terminal: bool,
}

impl Exporter<'_> {
    fn to_standard_output(&self, stream: &str, output: &Output) -> Result<Exit, Failure> {
        let format = self.args.format.unwrap_or(FileFormat::Csv);
        let is_binary = matches!(format, FileFormat::Parquet | FileFormat::Arrow);
        if is_binary && self.is_terminal {
            let error = io::Error::other("it is a terminal, and the format is binary");
            return Err(Failure::Print(error));
        }
        let selected = select::one(self.store, stream, output)?;
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout());
        let done = self.write(&selected.uuid, format, &mut out, &Failure::Print);
        // What was written before an error reaches the reader too.
        let flushed = out.flush().map_err(Failure::Print);
        let exported = done?;
        flushed?;
        self.warn(&exported, output);
        Ok(exported.exit())
    }

    fn to_file(&self, stream: &str, path: &Path, output: &Output) -> Result<Exit, Failure> {
        let name = text::place(path);
        let format = self.args.format.or_else(|| FileFormat::of(path));
        let Some(format) = format else {
            return Err(Failure::UnknownFormat { file: name });
        };
        let selected = select::one(self.store, stream, output)?;
        let label = selected.label();
        let outcomes = per_stream::run(
            vec![selected],
            |uuid| {
                let mut file = NewFile::begin(path, self.args.force, &self.args.db)?;
                let failed = |error| new_file::failure(path, error);
                let exported = self.write(uuid, format, file.file(), &failed)?;
                file.finish()?;
                Ok::<_, Failure>(Exported {
                    file: name.clone(),
                    ..exported
                })
            },
            Exported::exit,
        );
        self.report(&outcomes, format, path, output, |rows| {
            format!("exported {label} to {}: {rows}\n", text::short(&name, 120))
        })?;
        outcomes.finish(output)
    }

    fn to_folder(&self, path: &Path, output: &Output) -> Result<Exit, Failure> {
        let format = self.args.format.unwrap_or(FileFormat::Parquet);
        let folder = NewFolder::create(path, &self.args.db)?;
        let selected = select::one_or_all(self.store, None, output)?;
        let mut metadata = Vec::new();
        for stream in selected
            .iter()
            .filter_map(|stream| stream.metadata.as_ref())
        {
            metadata.extend(stream_object::line(&stream.uuid, Some(stream)));
        }
        folder.write(METADATA, |file| file.write_all(&metadata))?;
        let outcomes = per_stream::run(
            selected,
            |uuid| {
                let name = file_name::of(uuid, format);
                let file = folder.file(&name)?;
                let failed = |error| new_file::failure(&path.join(&name), error);
                match self.write(uuid, format, &mut &file, &failed) {
                    Ok(exported) => {
                        file.sync_all().map_err(failed)?;
                        Ok(Exported {
                            file: name,
                            ..exported
                        })
                    }
                    Err(failure) => {
                        folder.remove(&name)?;
                        Err(failure)
                    }
                }
            },
            Exported::exit,
        );
        if outcomes.is_complete() {
            folder.finish()?;
            self.report(&outcomes, format, path, output, |rows| {
                let streams = outcomes.streams.iter().filter(|one| one.error.is_none());
                let streams = counted(streams.count() as u64, "stream");
                let path = text::short(&path.to_string_lossy(), 120);
                format!("exported {streams} to {path}: {rows}\n")
            })?;
        }
        outcomes.finish(output)
    }

    /// Writes the rows of a stream, and what it is. `failed` makes a failure of an error of
    /// `out`.
    fn write(
        &self,
        uuid: &StreamUuid,
        format: FileFormat,
        out: &mut (impl Write + Send),
        failed: &dyn Fn(io::Error) -> Failure,
    ) -> Result<Exported, Failure> {
        let batches = self.store.record_batches(uuid, self.args.range.bounds())?;
        let metadata = self.store.stream(uuid)?;
        let form = Form {
            format,
            is_terminal: self.is_terminal,
        };
        let rows = writer::write(uuid, metadata.as_ref(), batches, form, out, failed)?;
        let unreadable = match self.args.skip_unreadable {
            // What others have deleted meanwhile was no row that can't be read.
            true => self
                .store
                .count(uuid, self.args.range.bounds())?
                .saturating_sub(rows),
            false => 0,
        };
        Ok(Exported {
            file: String::new(),
            rows,
            unreadable,
        })
    }

    /// Reports what was written.
    fn report(
        &self,
        outcomes: &Outcomes<Exported>,
        format: FileFormat,
        path: &Path,
        output: &Output,
        summary: impl FnOnce(String) -> String,
    ) -> Result<(), Failure> {
        let report = Report {
            output: &path.to_string_lossy(),
            format: format.ending(),
            streams: outcomes,
        };
        let rows = outcomes.streams.iter().map(|one| one.result.rows).sum();
        let has_any = outcomes.streams.iter().any(|one| one.error.is_none());
        output.report(&report, || match has_any || self.args.stream.is_none() {
            true => summary(counted(rows, "row")),
            false => String::new(),
        })?;
        let unreadable = outcomes.streams.iter().map(|one| one.result.unreadable);
        self.warn(
            &Exported {
                unreadable: unreadable.sum(),
                ..Exported::default()
            },
            output,
        );
        Ok(())
    }

    /// Warns of rows that were left out.
    fn warn(&self, exported: &Exported, output: &Output) {
        if exported.unreadable > 0 {
            let rows = counted(exported.unreadable, "row");
            output.warning(format_args!(
                "left out {rows} that can't be read; `satori-store quarantine --dry-run` lists them"
            ));
        }
    }
}

impl Exported {
    fn exit(&self) -> Exit {
        Exit::refused_if(self.unreadable > 0)
    }
}

fn one_stream(output: String) -> Failure {
    Failure::OneStream { output }
}
