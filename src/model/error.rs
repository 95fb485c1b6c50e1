//! The one error type, with a stable code for each kind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::json::ingest::IngestReport;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// Every variant names the thing it is about and, where a caller can act, what
/// to do. [`Error::code`] is stable across releases and is what other languages
/// and the command line's exit codes are built on; [`Error::sqlite_code`] is
/// SQLite's own extended result code where SQLite was the one to object.
///
/// An operation that returns an error has stored nothing, with one exception
/// that says so: [`Error::FileReplaced`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file can't be opened or created: missing, a folder, no permission.
    #[error("cannot open {path:?}: {reason}")]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        reason: String,
        /// SQLite's extended result code, if it got that far.
        sqlite_code: Option<i32>,
    },
    /// The file is not a SQLite database. It was left as it is.
    #[error("{path:?} is not a SQLite database; it was left as it is")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged. It was left as it is: restore a copy, or recover
    /// rows with the `sqlite3` shell's `.recover`.
    #[error(
        "{path:?} is damaged: {detail}; restore a copy, or recover its rows with the sqlite3 shell's .recover"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
        /// SQLite's extended result code.
        sqlite_code: Option<i32>,
    },
    /// A later release has migrated this file. Open it read-only, or update.
    #[error(
        "{path:?} was written by a later release (migration {version}); open it read-only or update satori-store"
    )]
    LaterRelease {
        /// The file.
        path: PathBuf,
        /// The first migration that this release does not know.
        version: String,
    },
    /// The file's `streams` table has another shape than this crate's.
    #[error("table streams, column {column}: {problem}; the file was left as it is")]
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
        /// SQLite's extended result code.
        sqlite_code: i32,
    },
    /// The store was opened read-only, or the file or its folder can't be written.
    #[error("the store cannot be written: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
        /// SQLite's extended result code.
        sqlite_code: Option<i32>,
    },
    /// The disk is full. Nothing was stored; the store works again once there is room.
    #[error("the disk is full; nothing was stored")]
    DiskFull {
        /// SQLite's extended result code.
        sqlite_code: i32,
    },
    /// Any other refusal by SQLite.
    #[error("SQLite: {message} (code {sqlite_code})")]
    Sqlite {
        /// SQLite's extended result code.
        sqlite_code: i32,
        /// SQLite's message.
        message: String,
    },
    /// The path no longer leads to the file that was opened. What was just
    /// written may have gone to a file that nobody will open again: open the
    /// store anew and write it again.
    #[error(
        "{path:?} was replaced or removed while it was open; open it again and repeat the write"
    )]
    FileReplaced {
        /// The path that was opened.
        path: PathBuf,
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
        /// The text, shortened where it is long.
        uuid: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The name belongs to a table or view that holds no observations, or that
    /// is spelled with other upper and lower case (SQLite takes both for one).
    #[error("{name:?} cannot hold observations: {reason}")]
    NotObservationTable {
        /// The name.
        name: String,
        /// What is in the way.
        reason: String,
    },
    /// No stream of that uuid or name has metadata or a table here.
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

/// The kind of an [`Error`], as a number that never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorCode {
    /// [`Error::CannotOpen`]
    CannotOpen = 1,
    /// [`Error::NotADatabase`]
    NotADatabase = 2,
    /// [`Error::Corrupt`]
    Corrupt = 3,
    /// [`Error::LaterRelease`]
    LaterRelease = 4,
    /// [`Error::SchemaMismatch`]
    SchemaMismatch = 5,
    /// [`Error::Busy`]
    Busy = 6,
    /// [`Error::ReadOnly`]
    ReadOnly = 7,
    /// [`Error::DiskFull`]
    DiskFull = 8,
    /// [`Error::Sqlite`]
    Sqlite = 9,
    /// [`Error::FileReplaced`]
    FileReplaced = 10,
    /// [`Error::Forked`]
    Forked = 11,
    /// [`Error::Poisoned`]
    Poisoned = 12,
    /// [`Error::InvalidUuid`]
    InvalidUuid = 13,
    /// [`Error::NotObservationTable`]
    NotObservationTable = 14,
    /// [`Error::StreamNotFound`]
    StreamNotFound = 15,
    /// [`Error::InvalidTimestamp`]
    InvalidTimestamp = 16,
    /// [`Error::InvalidValue`]
    InvalidValue = 17,
    /// [`Error::UnreadableRow`]
    UnreadableRow = 18,
    /// [`Error::InvalidJson`]
    InvalidJson = 19,
    /// [`Error::MissingUuid`]
    MissingUuid = 20,
    /// [`Error::Refused`]
    Refused = 21,
    /// [`Error::InvalidArrow`]
    InvalidArrow = 22,
}

impl Error {
    /// The kind of this error, stable across releases.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::CannotOpen { .. } => ErrorCode::CannotOpen,
            Error::NotADatabase { .. } => ErrorCode::NotADatabase,
            Error::Corrupt { .. } => ErrorCode::Corrupt,
            Error::LaterRelease { .. } => ErrorCode::LaterRelease,
            Error::SchemaMismatch { .. } => ErrorCode::SchemaMismatch,
            Error::Busy { .. } => ErrorCode::Busy,
            Error::ReadOnly { .. } => ErrorCode::ReadOnly,
            Error::DiskFull { .. } => ErrorCode::DiskFull,
            Error::Sqlite { .. } => ErrorCode::Sqlite,
            Error::FileReplaced { .. } => ErrorCode::FileReplaced,
            Error::Forked => ErrorCode::Forked,
            Error::Poisoned => ErrorCode::Poisoned,
            Error::InvalidUuid { .. } => ErrorCode::InvalidUuid,
            Error::NotObservationTable { .. } => ErrorCode::NotObservationTable,
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

    /// SQLite's extended result code, where SQLite was the one to object
    /// (<https://sqlite.org/rescode.html>).
    pub fn sqlite_code(&self) -> Option<i32> {
        match self {
            Error::CannotOpen { sqlite_code, .. }
            | Error::Corrupt { sqlite_code, .. }
            | Error::ReadOnly { sqlite_code, .. } => *sqlite_code,
            Error::Busy { sqlite_code, .. }
            | Error::DiskFull { sqlite_code }
            | Error::Sqlite { sqlite_code, .. } => Some(*sqlite_code),
            _ => None,
        }
    }
}

impl Error {
    /// Completes an error of SQLite's with what only the connection knows.
    pub(crate) fn located(mut self, file: &Path, time: Duration) -> Self {
        match &mut self {
            Error::CannotOpen { path, .. }
            | Error::NotADatabase { path }
            | Error::Corrupt { path, .. } => *path = file.to_owned(),
            Error::Busy { waited, .. } => *waited = time,
            _ => {}
        }
        self
    }
}

/// At most 80 characters of `text`, for a message: a hostile name may be huge.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
