//! `satori-store report`: one page about all streams.

mod entry;
mod page;

use std::fs;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use satori_store::{Error, StreamUuid, Timestamp};
use serde::Serialize;

use self::entry::{Entry, Reading};
use self::page::Summary;
use crate::args::{self, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::ErrorReport;
use crate::new_file::{self, NewFile};
use crate::output::Output;
use crate::progress::Progress;
use crate::select;
use crate::signals::{Signal, Signals};
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    bytes: u64,
    #[serde(flatten)]
    totals: &'a Totals,
    /// The streams that can't be read, and why.
    errors: Vec<Unread>,
}

#[derive(Serialize)]
struct Unread {
    uuid: StreamUuid,
    error: ErrorReport,
}

/// The sums over all streams.
#[derive(Default, Serialize)]
struct Totals {
    streams: u64,
    rows: u64,
    unreadable: u64,
    gaps: u64,
    /// Null if the chains were not walked.
    verified: Option<u64>,
    foreign: Option<u64>,
    suspect: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &args::Report, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let to_file = args.output != Path::new("-");
    if to_file {
        // Before anything is read, which may take long.
        new_file::check(&args.output, args.force, &args.db)?;
    }
    let options = global.options().read_only(true);
    let store = options.skip_unreadable(true).open(&args.db)?;
    let selected = select::one_or_all(&store, None, output)?;
    let begin = || NewFile::begin(&args.output, args.force, &args.db);
    let mut new = to_file.then(begin).transpose()?;
    let failed = |error| match to_file {
        true => new_file::failure(&args.output, error),
        false => Failure::Print(error),
    };
    let signals = Signals::watch().map_err(failed)?;
    let store = match args.no_verify {
        true => store,
        false => select::checked(store, &selected)?,
    };
    let generated = Timestamp::now();
    let reading = Reading::new(&store, selected.len(), !args.no_verify);

    // What stands above the streams is known once all are read.
    let body = match to_file {
        true => tempfile::tempfile_in(new_file::folder(&args.output)),
        false => tempfile::tempfile(),
    };
    let body = body.map_err(failed)?;
    let mut body = BufWriter::new(body);
    let mut totals = Totals::default();
    let mut summary = Summary::new(&args.db, generated);
    let (mut errors, mut exit) = (Vec::new(), Exit::Done);
    let progress = Progress::each(selected.len());
    for stream in selected {
        if let Some(signal) = signals.came() {
            return Err(stopped(&args.output, signal));
        }
        progress.turn_to(&stream.label());
        let entry = match reading.entry(stream) {
            Ok(entry) => entry,
            // Another program has removed it meanwhile.
            Err(Error::StreamNotFound { .. }) => {
                progress.advance();
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let article = page::article(&entry, totals.streams, generated);
        let written = body.write_all(article.into_string().as_bytes());
        written.map_err(failed)?;
        summary.note(&entry, totals.streams);
        totals.add(&entry);
        exit = entry.exit().after(exit);
        if let Some((error, _)) = entry.error {
            let uuid = entry.stream.uuid;
            errors.push(Unread { uuid, error });
        }
        progress.advance();
    }
    drop(progress);

    let write = |page: &mut dyn Write| {
        let mut page = BufWriter::new(page);
        page.write_all(summary.head(&totals).into_string().as_bytes())?;
        let mut body = body.into_inner().map_err(io::IntoInnerError::into_error)?;
        body.seek(SeekFrom::Start(0))?;
        io::copy(&mut body, &mut page)?;
        page.write_all(page::END.as_bytes())?;
        page.flush()
    };
    let written: io::Result<()> = match &mut new {
        Some(new) => write(new.file()),
        None => write(&mut io::stdout().lock()),
    };
    written.map_err(failed)?;
    if let Some(signal) = signals.came() {
        return Err(stopped(&args.output, signal));
    }
    let bytes = match new {
        Some(new) => new.finish()?,
        None => {
            output.stream_errors(errors.iter().map(|s| (&s.uuid, Some(&s.error))));
            return Ok(exit);
        }
    };
    let name = args.output.to_string_lossy();
    let report = Report {
        file: &name,
        bytes,
        totals: &totals,
        errors,
    };
    output.report(&report, || {
        let (name, streams) = (text::short(&name, 120), counted(totals.streams, "stream"));
        format!(
            "reported into {name}: {streams}, {}\n",
            counted(bytes, "byte")
        )
    })?;
    output.stream_errors(report.errors.iter().map(|s| (&s.uuid, Some(&s.error))));
    Ok(exit)
}

/// Returns the failure of a page that a signal has cut short.
fn stopped(page: &Path, signal: Signal) -> Failure {
    Failure::Stopped {
        file: text::place(page),
        signal,
        lost: "it was not written",
    }
}

/// Returns the bytes of the store, those of its `-wal` among them.
fn bytes_of(db: &Path) -> u64 {
    let mut wal = db.as_os_str().to_owned();
    wal.push("-wal");
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    bytes(db) + bytes(Path::new(&wal))
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        self.streams += 1;
        self.rows += entry.rows;
        self.unreadable += entry.unreadable;
        self.gaps += entry.gaps;
        if let Some(chain) = &entry.chain {
            *self.verified.get_or_insert(0) += chain.verified;
            *self.foreign.get_or_insert(0) += chain.foreign as u64;
            *self.suspect.get_or_insert(0) += chain.suspect as u64;
        }
    }
}
