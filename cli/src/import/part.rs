//! A part of a file: what is stored in one transaction.

use arrow_array::{RecordBatch, RecordBatchIterator};
use satori_store::{Conflict, Error, Format, IngestOptions, Rejected, Store, StreamUuid};

use super::FAULTS;
use crate::args::Import;
use crate::failure::Failure;

/// A part has so many rows at most.
pub(super) const ROWS: usize = 65_536;
/// A trial holds about so many rows in memory.
const TRIAL_ROWS: u64 = 100_000;

/// A part of a file.
pub(super) enum Part {
    /// Stream objects, as `sync` reads them.
    Metadata(Vec<u8>),
    /// Rows of one stream.
    Rows(Rows),
    /// Payloads, as `ingest` reads them.
    Payloads(Payloads),
    /// A row that can't be read.
    Fault(Fault),
}

/// Rows of one stream, in columns named as the library wants them.
pub(super) struct Rows {
    pub(super) uuid: StreamUuid,
    pub(super) batch: RecordBatch,
    /// Where each row stands in the file.
    pub(super) places: Vec<u64>,
}

/// Payloads of one provider.
pub(super) struct Payloads {
    pub(super) json: Vec<u8>,
    pub(super) format: Format,
    /// The number of the first line in the file, from 1.
    pub(super) first_line: usize,
    pub(super) provider: Option<String>,
}

/// A row that can't be read, and why.
pub(super) struct Fault {
    /// Its line or row, from 1.
    pub(super) place: u64,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(place: u64, reason: impl Into<String>) -> Self {
        Self {
            place,
            reason: reason.into(),
        }
    }

    /// Returns the fault for people; `place` is what its place counts.
    pub(super) fn text(&self, place: &str) -> String {
        format!("{place} {}: {}", self.place, self.reason)
    }
}

/// What came of storing a part.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) rows: u64,
    pub(super) inserted: u64,
    pub(super) already_there: u64,
    pub(super) conflicts: Vec<(u64, StreamUuid, Conflict)>,
    pub(super) faults: Vec<Fault>,
    pub(super) streams: Vec<StreamUuid>,
}

impl Part {
    /// Stores the part.
    pub(super) fn store(self, store: &Store, args: &Import) -> Result<Stored, Failure> {
        match self {
            Part::Metadata(json) => metadata(&json, store),
            Part::Rows(rows) => rows.store(store, args),
            Part::Payloads(payloads) => payloads.store(store, args),
            Part::Fault(fault) => Ok(Stored {
                faults: vec![fault],
                ..Stored::default()
            }),
        }
    }
}

/// What tries parts before anything is stored: a store in memory, so that the library itself
/// says what it can read.
pub(super) struct Trial<'a> {
    args: &'a Import,
    store: Store,
    /// How many rows it has tried since it is empty.
    rows: u64,
}

impl<'a> Trial<'a> {
    pub(super) fn new(args: &'a Import) -> Result<Self, Failure> {
        Ok(Self {
            args,
            store: Store::open_in_memory()?,
            rows: 0,
        })
    }

    /// Returns what of the part can't be stored.
    pub(super) fn faults(&mut self, part: Part) -> Result<Vec<Fault>, Failure> {
        if self.rows > TRIAL_ROWS {
            *self = Self::new(self.args)?;
        }
        let Part::Rows(rows) = part else {
            let stored = part.store(&self.store, self.args)?;
            self.rows += stored.rows;
            return Ok(stored.faults);
        };
        self.rows += rows.batch.num_rows() as u64;
        match insert(&self.store, &rows.uuid, rows.batch.clone(), self.args) {
            Ok(_) => Ok(Vec::new()),
            Err(error) if is_of_row(&error) => rows.faults(self.args),
            // Another stream, of this file or one before, has this name but for the case.
            Err(Error::NotAStream { name, reason }) => {
                let error = Error::NotAStream { name, reason };
                let place = rows.places.first().copied().unwrap_or(1);
                Ok(vec![Fault::new(place, error.to_string())])
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn metadata(json: &[u8], store: &Store) -> Result<Stored, Failure> {
    let mut stored = Stored::default();
    match store.sync_streams(json) {
        Ok(report) => stored.faults = report.rejected.iter().map(rejected).collect(),
        Err(error @ Error::InvalidJson { .. }) => stored.faults.push(malformed(&error)),
        Err(error) => return Err(error.into()),
    }
    Ok(stored)
}

impl Rows {
    /// Finds the rows that the library can't take.
    fn faults(&self, args: &Import) -> Result<Vec<Fault>, Failure> {
        let mut faults = Vec::new();
        let mut start = 0;
        while faults.len() < FAULTS {
            let Some((row, error)) = self.first_fault(start, args)? else {
                break;
            };
            let reason = match error {
                // Its row and its batch are those of the trial.
                Error::InvalidArrow { message, .. } => match message.split_once(" in row ") {
                    Some((message, _)) => message.to_owned(),
                    None => message,
                },
                error => error.to_string(),
            };
            faults.push(Fault::new(self.places[row], reason));
            start = row + 1;
        }
        Ok(faults)
    }

    /// Returns the first row from `start` on that the library can't take, and why.
    fn first_fault(&self, start: usize, args: &Import) -> Result<Option<(usize, Error)>, Failure> {
        let attempt = |length: usize| {
            let store = Store::open_in_memory()?;
            match insert(&store, &self.uuid, self.batch.slice(start, length), args) {
                Ok(_) => Ok(None),
                Err(error) if is_of_row(&error) => Ok(Some(error)),
                Err(error) => Err(Failure::Store(error)),
            }
        };
        let Some(mut error) = attempt(self.batch.num_rows() - start)? else {
            return Ok(None);
        };
        // So many rows can be taken, and so many can't.
        let (mut good, mut bad) = (0, self.batch.num_rows() - start);
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match attempt(middle)? {
                None => good = middle,
                Some(earlier) => (bad, error) = (middle, earlier),
            }
        }
        Ok(Some((start + good, error)))
    }

    fn store(self, store: &Store, args: &Import) -> Result<Stored, Failure> {
        let rows = self.batch.num_rows() as u64;
        let report = insert(store, &self.uuid, self.batch, args)?;
        let conflicts = report.conflicts.into_iter();
        let conflicts =
            conflicts.map(|(row, conflict)| (self.places[row], self.uuid.clone(), conflict));
        Ok(Stored {
            rows,
            inserted: report.inserted,
            already_there: report.already_there,
            conflicts: conflicts.collect(),
            faults: Vec::new(),
            streams: vec![self.uuid],
        })
    }
}

fn insert(
    store: &Store,
    uuid: &StreamUuid,
    batch: RecordBatch,
    args: &Import,
) -> Result<satori_store::InsertReport, Error> {
    let schema = batch.schema();
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    store.insert_record_batches(uuid, batches, args.provider.as_deref(), args.unit.into())
}

/// Returns `true` if the error says that a row can't be stored, in whichever store.
fn is_of_row(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidArrow { .. } | Error::InvalidTimestamp { .. } | Error::InvalidValue { .. }
    )
}

impl Payloads {
    fn store(self, store: &Store, args: &Import) -> Result<Stored, Failure> {
        let mut options = IngestOptions::new()
            .format(self.format)
            .first_line(self.first_line)
            .unit(args.unit.into());
        if let Some(uuid) = &args.stream {
            options = options.uuid(uuid.clone());
        }
        if let Some(provider) = self.provider.or_else(|| args.provider.clone()) {
            options = options.provider(provider);
        }
        let report = match store.ingest(&self.json, &options) {
            Ok(report) => report,
            Err(error @ Error::InvalidJson { .. }) => {
                return Ok(Stored {
                    faults: vec![malformed(&error)],
                    ..Stored::default()
                });
            }
            Err(error) => return Err(error.into()),
        };
        let conflicts = report.conflicts.into_iter();
        let conflicts = conflicts.map(|conflict| {
            let line = conflict.position.line as u64;
            (line, conflict.stream, conflict.conflict)
        });
        Ok(Stored {
            rows: report.payloads as u64 - report.nothing,
            inserted: report.inserted,
            already_there: report.already_there,
            conflicts: conflicts.collect(),
            faults: report.rejected.iter().map(rejected).collect(),
            streams: report.streams,
        })
    }
}

fn rejected(rejected: &Rejected) -> Fault {
    let reason = match &rejected.error {
        Error::InvalidJson {
            column, message, ..
        } => format!("column {column}: {message}"),
        error => error.to_string(),
    };
    Fault::new(rejected.position.line as u64, reason)
}

/// Returns the fault of an input that is malformed as a whole.
fn malformed(error: &Error) -> Fault {
    match error {
        Error::InvalidJson {
            line,
            column,
            message,
        } => Fault::new(*line as u64, format!("column {column}: {message}")),
        error => Fault::new(1, error.to_string()),
    }
}
