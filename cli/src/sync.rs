//! `satori-store sync`: the metadata of many streams.

use satori_store::{Error, StreamUuid};
use serde::Serialize;

use crate::args::{Global, Sync};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::Input;
use crate::json::ErrorReport;
use crate::output::Output;
use crate::text::counted;

#[derive(Serialize)]
struct Report {
    new: Vec<StreamUuid>,
    changed: Vec<StreamUuid>,
    unchanged: Vec<StreamUuid>,
    rejected: Vec<Rejected>,
}

#[derive(Serialize)]
struct Rejected {
    /// From 1.
    line: usize,
    /// Position among the stream objects, from 0.
    index: usize,
    error: ErrorReport,
}

/// Runs the command.
pub(crate) fn run(args: &Sync, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let input = Input::open(&args.file, |reader| reader)?;
    let file = input.name.clone();
    let json = input.whole(None)?;
    let store = global.fill(&args.db, false)?;
    let done = store.sync_streams(&json).map_err(|error| match error {
        Error::InvalidJson { .. } => Failure::Input {
            file: file.clone(),
            error,
        },
        error => error.into(),
    })?;
    let rejected = done.rejected.iter().map(|rejected| Rejected {
        line: rejected.position.line,
        index: rejected.position.index,
        error: ErrorReport::new(&rejected.error),
    });
    let report = Report {
        rejected: rejected.collect(),
        new: done.new,
        changed: done.changed,
        unchanged: done.unchanged,
    };
    for rejected in &report.rejected {
        output.warning(format_args!(
            "{file}:{}: {}",
            rejected.line, rejected.error.message
        ));
    }
    output.report(&report, || report.summary())?;
    Ok(Exit::refused_if(!report.rejected.is_empty()))
}

impl Report {
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
