//! `satori-store import`: rows from files, each read through before anything of it is stored.

mod columnar;
mod columns;
mod csv;
mod ndjson;
mod part;
mod report;
mod source;

use satori_store::Store;

use self::part::{Fault, Part, Trial};
use self::report::Report;
use self::source::{Kind, Source};
use crate::args::{FileFormat, Global, Import};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::select::is_of_stream;

/// The number of rows of a file that are reported because they can't be read.
const FAULTS: usize = 100;

/// Runs the command.
pub(crate) fn run(args: &Import, global: &Global, output: &Output) -> Result<Exit, Failure> {
    // A mistyped name is reported before anything is created or stored.
    let sources = source::find(&args.files, &args.db, args.format)?;
    let store = global.fill(&args.db, false)?;
    let mut report = Report::default();
    let mut failures = Vec::new();
    let mut trial = Trial::new(args)?;
    let progress = Progress::each(sources.len());
    for source in &sources {
        progress.turn_to(&source.name);
        if let Err(failure) = import(source, &store, args, &mut trial, &mut report) {
            let is_of_file = matches!(
                failure,
                Failure::Refused { .. } | Failure::Input { .. } | Failure::Read { .. }
            );
            failures.push(failure);
            if !is_of_file {
                break;
            }
            // What it has tried of this file must not be in the way of the next.
            trial = Trial::new(args)?;
        }
        progress.advance();
    }
    drop(progress);

    report.warn(output);
    output.report(&report, || report.summary())?;
    let mut exit = Exit::refused_if(report.has_refused());
    for failure in &failures {
        output.failure(failure);
        exit = failure.exit().after(exit);
    }
    Ok(exit)
}

/// Reads a file through, and stores it if all of it can be read.
fn import(
    source: &Source,
    store: &Store,
    args: &Import,
    trial: &mut Trial<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut faults: Vec<Fault> = Vec::new();
    let ignored = read(source, args, &mut |part| {
        faults.extend(trial.faults(part)?);
        Ok(faults.len() < FAULTS)
    })?;
    report.ignored(source, ignored);
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.place);
        faults.truncate(FAULTS);
        let reason = match faults.len() {
            FAULTS => "nothing of it was stored, since 100 rows or more can't be read".to_owned(),
            1 => "nothing of it was stored, since a row can't be read".to_owned(),
            number => format!("nothing of it was stored, since {number} rows can't be read"),
        };
        report.rejected(source, faults);
        return Err(source.refused(reason));
    }
    let mut changed = None;
    read(source, args, &mut |part| {
        let stored = part.store(store, args).map_err(|failure| match failure {
            Failure::Store(error) if is_of_stream(&error) => Failure::Input {
                file: source.name.clone(),
                error,
            },
            failure => failure,
        })?;
        changed = report.stored(source, stored).err();
        Ok(changed.is_none())
    })?;
    match changed {
        Some(fault) => Err(source.refused(format!(
            "{}; a part of it is stored",
            fault.text(source.place())
        ))),
        None => {
            report.files += 1;
            Ok(())
        }
    }
}

/// Passes a file to `each` in parts, until it returns `false`; returns the columns that are
/// ignored.
fn read(
    source: &Source,
    args: &Import,
    each: &mut dyn FnMut(Part) -> Result<bool, Failure>,
) -> Result<Vec<String>, Failure> {
    match source.kind {
        // It is of other streams than the one that the rows are stored as.
        Kind::Metadata if args.stream.is_some() => Ok(Vec::new()),
        Kind::Metadata => {
            each(Part::Metadata(source.whole()?))?;
            Ok(Vec::new())
        }
        Kind::Rows(FileFormat::Csv) => csv::read(source, args, each),
        Kind::Rows(FileFormat::Ndjson) => {
            ndjson::read(source, each)?;
            Ok(Vec::new())
        }
        Kind::Rows(FileFormat::Parquet) => columnar::parquet(source, args, each),
        Kind::Rows(FileFormat::Arrow) => columnar::arrow(source, args, each),
    }
}
