//! The one error type.
//!
//! It holds a report, which holds errors: a ring of type names alone, within this
//! folder.

use std::time::Duration;

use super::database_code::DatabaseCode;
use super::error_code::ErrorCode;
use super::location::Location;
use super::report::IngestReport;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// Every variant names the thing it is about and, if a caller can act, what to do.
/// [`Error::code`] is stable across releases; other languages and the exit codes of the
/// command line are built on it. [`Error::database_code`] and [`Error::sqlstate`] are
/// the database's own, if the database was the one to object.
///
/// An operation that returns an error has stored nothing, with one exception
/// that says so: [`Error::FileReplaced`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store can't be opened or created: missing, a folder, no permission.
    #[error("cannot open {location}: {reason}")]
    CannotOpen {
        /// Where the store should be.
        location: Location,
        /// What the system or the database said.
        reason: String,
        /// The database's code, if it came to that.
        code: Option<DatabaseCode>,
    },
    /// What is there is no store. It was left as it is.
    #[error("{location} is not a store: {reason}; it was left as it is")]
    NotAStore {
        /// Where it is.
        location: Location,
        /// What it is, or is not.
        reason: String,
    },
    /// The store is damaged. It was left as it is.
    #[error("{location} is damaged: {detail}")]
    Corrupt {
        /// Where the store is.
        location: Location,
        /// What the database found, and what can be done.
        detail: String,
        /// The database's code.
        code: Option<DatabaseCode>,
    },
    /// A later release has migrated this store. Open it read-only, or update.
    #[error(
        "{location} was written by a later release (migration {version}); open it read-only or update satori-store"
    )]
    LaterRelease {
        /// Where the store is.
        location: Location,
        /// The first migration that this release does not know.
        version: String,
    },
    /// The table `streams` has another shape than this crate's.
    #[error("table streams, column {column}: {problem}; the store was left as it is")]
    SchemaMismatch {
        /// The column at fault.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Another connection held the write lock longer than
    /// [`OpenOptions::busy_timeout`](crate::OpenOptions::busy_timeout). Try again.
    #[error(
        "the database stayed locked by another writer for {waited:?}; try again, or wait longer"
    )]
    Busy {
        /// How long this call waited.
        waited: Duration,
        /// The database's code.
        code: DatabaseCode,
    },
    /// The store was opened read-only, or can't be written.
    #[error("the store cannot be written: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
        /// The database's code, if the database objected.
        code: Option<DatabaseCode>,
    },
    /// The disk is full. Nothing was stored; the store works again once there is room.
    #[error("the disk is full; nothing was stored")]
    DiskFull {
        /// The database's code.
        code: DatabaseCode,
    },
    /// Any other objection of the database.
    #[error("the database reports: {message} ({code})")]
    Database {
        /// The database's code.
        code: DatabaseCode,
        /// The database's message.
        message: String,
    },
    /// The path no longer leads to the file that was opened. What was just
    /// written may have gone to a file that nobody will open again: open the
    /// store anew and write it again.
    #[error(
        "{location} was replaced or removed while it was open; open it again and repeat the write"
    )]
    FileReplaced {
        /// The path that was opened.
        location: Location,
    },
    /// The handle was opened by the process that this one was forked from.
    #[error("this store was opened before fork(); open it again in the child")]
    Forked,
    /// A panic interrupted an earlier call on this handle; open the store anew.
    #[error("an earlier call on this store panicked; open the store again")]
    Poisoned,
    /// The text can't name a stream.
    #[error("{uuid:?} cannot name a stream: {reason}")]
    InvalidUuid {
        /// The text, shortened if it is long.
        uuid: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The name stands for something that holds no stream's observations, or for
    /// another stream, whose name differs in upper and lower case alone.
    #[error("{name:?} cannot hold observations: {reason}")]
    NotAStream {
        /// The name.
        name: String,
        /// What is in the way.
        reason: String,
    },
    /// No stream of that uuid or name has metadata or data here.
    #[error("no stream {stream:?} in this store")]
    StreamNotFound {
        /// The uuid or name that was asked for.
        stream: String,
    },
    /// The text or number is no instant this crate reads.
    #[error("{text:?} is not a timestamp: {reason}")]
    InvalidTimestamp {
        /// The text as it was given or found.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text or number is no finite value.
    #[error("{text:?} is not a value: {reason}")]
    InvalidValue {
        /// The text as it was given or found.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A stored row can't be read as an observation.
    #[error("stream {stream:?} holds a row that cannot be read: {source}")]
    UnreadableRow {
        /// The stream.
        stream: String,
        /// What is wrong with the row.
        source: Box<Error>,
    },
    /// The input is not the JSON that was expected.
    #[error("line {line} column {column}: {message}")]
    InvalidJson {
        /// Line in the input, from 1.
        line: usize,
        /// Byte in the line, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// An Arrow record batch is not what can be inserted.
    #[error("record batch {batch}: {message}")]
    InvalidArrow {
        /// Which batch, from 0.
        batch: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A payload names no stream, and the caller named none.
    #[error("the payload names no stream: pass the uuid that it belongs to")]
    MissingUuid,
    /// A strict batch was refused: nothing of it was stored. The report says
    /// which payloads were at fault; no observation is inserted by it, and no
    /// stream written to.
    #[error("nothing was stored: {} of {} payloads were refused", .0.refused(), .0.payloads)]
    Refused(Box<IngestReport>),
}

impl Error {
    /// Returns the kind of this error, stable across releases.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::CannotOpen { .. } => ErrorCode::CannotOpen,
            Error::NotAStore { .. } => ErrorCode::NotAStore,
            Error::Corrupt { .. } => ErrorCode::Corrupt,
            Error::LaterRelease { .. } => ErrorCode::LaterRelease,
            Error::SchemaMismatch { .. } => ErrorCode::SchemaMismatch,
            Error::Busy { .. } => ErrorCode::Busy,
            Error::ReadOnly { .. } => ErrorCode::ReadOnly,
            Error::DiskFull { .. } => ErrorCode::DiskFull,
            Error::Database { .. } => ErrorCode::Database,
            Error::FileReplaced { .. } => ErrorCode::FileReplaced,
            Error::Forked => ErrorCode::Forked,
            Error::Poisoned => ErrorCode::Poisoned,
            Error::InvalidUuid { .. } => ErrorCode::InvalidUuid,
            Error::NotAStream { .. } => ErrorCode::NotAStream,
            Error::StreamNotFound { .. } => ErrorCode::StreamNotFound,
            Error::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
            Error::InvalidValue { .. } => ErrorCode::InvalidValue,
            Error::UnreadableRow { .. } => ErrorCode::UnreadableRow,
            Error::InvalidJson { .. } => ErrorCode::InvalidJson,
            Error::InvalidArrow { .. } => ErrorCode::InvalidArrow,
            Error::MissingUuid => ErrorCode::MissingUuid,
            Error::Refused(_) => ErrorCode::Refused,
        }
    }

    /// Returns the database's own number for what it objects to; `None` if it has none,
    /// or was not the one to object. SQLite's is its extended result code.
    pub fn database_code(&self) -> Option<i32> {
        match self.database()? {
            DatabaseCode::Number(number) => Some(*number),
            DatabaseCode::SqlState(_) => None,
        }
    }

    /// Returns the SQLSTATE of what the database objects to, five letters and digits;
    /// empty if it has none, as SQLite, or was not the one to object.
    pub fn sqlstate(&self) -> &str {
        match self.database() {
            Some(DatabaseCode::SqlState(state)) => str::from_utf8(state).unwrap_or_default(),
            _ => "",
        }
    }

    fn database(&self) -> Option<&DatabaseCode> {
        match self {
            Error::CannotOpen { code, .. }
            | Error::Corrupt { code, .. }
            | Error::ReadOnly { code, .. } => code.as_ref(),
            Error::Busy { code, .. } | Error::DiskFull { code } | Error::Database { code, .. } => {
                Some(code)
            }
            _ => None,
        }
    }

    /// Completes an error of the database's with what only the connection knows.
    pub(crate) fn located(mut self, place: &Location, time: Duration) -> Self {
        match &mut self {
            Error::CannotOpen { location, .. }
            | Error::NotAStore { location, .. }
            | Error::Corrupt { location, .. } => *location = place.clone(),
            Error::Busy { waited, .. } => *waited = time,
            _ => {}
        }
        self
    }
}

/// Returns at most 80 characters of `text`, for a message: a hostile name may be huge.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
