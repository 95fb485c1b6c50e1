//! `satori-store sync`: the metadata of many streams.

use std::path::Path;

use satori_store::{Error, Store, StreamUuid};
use serde::Serialize;

use crate::args::{Global, Sync};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Input};
use crate::json::ErrorReport;
use crate::output::Output;
use crate::text::counted;

#[derive(Default, Serialize)]
struct Report {
    new: Vec<StreamUuid>,
    changed: Vec<StreamUuid>,
    unchanged: Vec<StreamUuid>,
    rejected: Vec<Rejected>,
}

#[derive(Serialize)]
struct Rejected {
    file: String,
    /// From 1.
    line: usize,
    /// Position among the file's stream objects, from 0.
    index: usize,
    error: ErrorReport,
}

/// Runs the command.
pub(crate) fn run(args: &Sync, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let files = files::named(&args.files);
    // A mistyped name is reported before anything is created or stored.
    files::check(&files, &args.db)?;
    let store = global.fill(&args.db, false)?;
    let mut report = Report::default();
    let mut failures = Vec::new();
    for file in &files {
        if let Err(failure) = report.sync(&store, file) {
            let is_of_file = matches!(failure, Failure::Input { .. } | Failure::Read { .. });
            failures.push(failure);
            if !is_of_file {
                break;
            }
        }
    }
    for rejected in &report.rejected {
        let Rejected {
            file, line, error, ..
        } = rejected;
        output.warning(format_args!("{file}:{line}: {}", error.message));
    }
    output.report(&report, || report.summary())?;
    let mut exit = Exit::refused_if(!report.rejected.is_empty());
    for failure in &failures {
        output.failure(failure);
        exit = failure.exit().after(exit);
    }
    Ok(exit)
}

impl Report {
    /// Stores the stream objects of one file.
    fn sync(&mut self, store: &Store, file: &Path) -> Result<(), Failure> {
        let input = Input::open(file, None, |reader| reader)?;
        let file = input.name.clone();
        let json = input.whole()?;
        let done = store.sync_streams(&json).map_err(|error| match error {
            Error::InvalidJson { .. } => Failure::Input {
                file: file.clone(),
                error,
            },
            error => error.into(),
        })?;
        let rejected = done.rejected.iter().map(|rejected| Rejected {
            file: file.clone(),
            line: rejected.position.line,
            index: rejected.position.index,
            error: ErrorReport::new(&rejected.error),
        });
        self.rejected.extend(rejected);
        self.new.extend(done.new);
        self.changed.extend(done.changed);
        self.unchanged.extend(done.unchanged);
        Ok(())
    }

    /// Returns the report for people.
    fn summary(&self) -> String {
        let lists = [&self.new, &self.changed, &self.unchanged];
        let all = lists.iter().map(|list| list.len()).sum::<usize>() + self.rejected.len();
        let mut text = format!(
            "{}: {} new, {} changed, {} unchanged",
            counted(all as u64, "stream"),
            self.new.len(),
            self.changed.len(),
            self.unchanged.len()
        );
        if !self.rejected.is_empty() {
            text.push_str(&format!(", {} rejected", self.rejected.len()));
        }
        text + "\n"
    }
}
