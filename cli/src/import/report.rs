//! What came of an import.

use std::collections::HashSet;

use satori_store::{Conflict, StreamUuid};
use serde::Serialize;

use super::part::{Fault, Stored};
use super::source::Source;
use crate::output::Output;
use crate::text::{self, SHOWN, counted};

/// The number of conflicts that are listed; all are counted.
const CONFLICTS: usize = 1_000;

/// What was stored and refused of all files.
#[derive(Default, Serialize)]
pub(super) struct Report {
    /// Files that were stored whole.
    pub(super) files: u64,
    rows: u64,
    inserted: u64,
    already_there: u64,
    /// Rows whose instant already has another value.
    in_conflict: u64,
    /// The first of them.
    conflicts: Vec<Placed<OfStream>>,
    rejected: Vec<Placed<Reason>>,
    /// Columns of a name that means nothing, by file.
    ignored_columns: Vec<Ignored>,
    /// The number of streams that were written to.
    streams: usize,
    #[serde(skip)]
    written: HashSet<StreamUuid>,
}

/// A refusal and its place.
#[derive(Serialize)]
struct Placed<T> {
    file: String,
    #[serde(flatten)]
    place: Place,
    #[serde(flatten)]
    what: T,
}

/// A place in a file, from 1.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Line(u64),
    Row(u64),
}

#[derive(Serialize)]
struct OfStream {
    stream: StreamUuid,
    #[serde(flatten)]
    conflict: Conflict,
}

#[derive(Serialize)]
struct Reason {
    reason: String,
}

#[derive(Serialize)]
struct Ignored {
    file: String,
    columns: Vec<String>,
}

impl Report {
    /// Counts what was stored of a part; returns a row that could not be.
    pub(super) fn stored(&mut self, source: &Source, stored: Stored) -> Result<(), Fault> {
        self.rows += stored.rows;
        self.inserted += stored.inserted;
        self.already_there += stored.already_there;
        self.in_conflict += stored.conflicts.len() as u64;
        let room = CONFLICTS.saturating_sub(self.conflicts.len());
        for (place, stream, conflict) in stored.conflicts.into_iter().take(room) {
            self.conflicts.push(Placed {
                file: source.name.clone(),
                place: Place::new(source, place),
                what: OfStream { stream, conflict },
            });
        }
        self.written.extend(stored.streams);
        self.streams = self.written.len();
        match stored.faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// Notes the rows of a file that can't be read.
    pub(super) fn rejected(&mut self, source: &Source, faults: Vec<Fault>) {
        self.rejected.extend(faults.into_iter().map(|fault| Placed {
            file: source.name.clone(),
            place: Place::new(source, fault.place),
            what: Reason {
                reason: fault.reason,
            },
        }));
    }

    /// Notes columns that are ignored.
    pub(super) fn ignored(&mut self, source: &Source, columns: Vec<String>) {
        if !columns.is_empty() {
            self.ignored_columns.push(Ignored {
                file: source.name.clone(),
                columns,
            });
        }
    }

    pub(super) fn has_refused(&self) -> bool {
        self.in_conflict > 0 || !self.rejected.is_empty()
    }

    /// Warns of what was refused, and notes what was ignored.
    pub(super) fn warn(&self, output: &Output) {
        for Ignored { file, columns } in self.ignored_columns.iter().take(SHOWN) {
            output.note(format_args!("{file}: ignored {}", columns.join(", ")));
        }
        let rejected = self.rejected.iter();
        let rejected = rejected.map(|rejected| rejected.text(&rejected.what.reason));
        let conflicts = self.conflicts.iter().map(|placed| {
            let conflict = &placed.what.conflict;
            let stored = conflict.stored.map_or("NULL".into(), text::number);
            let offered = text::number(conflict.offered);
            placed.text(&format!(
                "{} has the value {stored} already, {offered} is refused",
                conflict.ts
            ))
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
    pub(super) fn summary(&self) -> String {
        let mut text = format!(
            "{} of {}: {} inserted, {} already there",
            counted(self.rows, "row"),
            counted(self.files, "file"),
            text::count(self.inserted),
            text::count(self.already_there),
        );
        if self.in_conflict > 0 {
            text += &format!(", {} in conflict", text::count(self.in_conflict));
        }
        text + "\n"
    }
}

impl<T> Placed<T> {
    fn text(&self, message: &str) -> String {
        match self.place {
            Place::Line(line) => format!("{}:{line}: {message}", self.file),
            Place::Row(row) => format!("{}: row {row}: {message}", self.file),
        }
    }
}

impl Place {
    fn new(source: &Source, place: u64) -> Self {
        match source.place() {
            "row" => Self::Row(place),
            _ => Self::Line(place),
        }
    }
}
