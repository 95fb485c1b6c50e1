//! The one error type.
//!
//! An error may hold the report of a refused batch, and a report holds the errors of its
//! payloads: a ring of type names, with the nouns that both are made of. It stays within
//! this folder, and no function runs round it.

use std::time::Duration;

use super::database_code::DatabaseCode;
use super::error_code::ErrorCode;
use super::location::Location;
use super::password::without_password;
use super::report::IngestReport;

/// The result of every call of this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// Every variant names the thing it is about and, if a caller can act, what to do.
/// [`Error::code`] is stable across releases; other languages and the exit codes of the
/// command line are built on it. [`Error::database_code`] and [`Error::sqlstate`] are
/// the database's own codes, if the database reported the error.
///
/// An operation that returns an error has stored nothing, with two exceptions:
/// [`Error::FileReplaced`], and [`Error::Database`] if the disk failed during a commit.
/// The commit may then be found when the store is opened again; nobody knows before. To
/// repeat the write is safe: a row that is stored already is reported as such.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store can't be opened or created: it is missing, it is a folder, access to it is
    /// denied, the system has no descriptor left, or it is missing or empty while a `-wal`
    /// beside it holds what was written last.
    #[error("cannot open {location}: {reason}")]
    CannotOpen {
        /// Where the store should be.
        location: Location,
        /// What the system or the database reported.
        reason: String,
        /// The database's code, if the database reported the error.
        code: Option<DatabaseCode>,
    },
    /// What was found is not a store. It was left as it is.
    #[error("{location} is not a store: {reason}; it was left as it is")]
    NotAStore {
        /// Where it is.
        location: Location,
        /// Why it is not a store.
        reason: String,
    },
    /// The store is damaged. It was left as it is.
    #[error("{location} is damaged: {detail}")]
    Corrupt {
        /// Where the store is.
        location: Location,
        /// What the database found, and what can be done.
        detail: String,
        /// The database's code, if it gave one.
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
    /// The store was opened read-only, or the file or its folder can't be written.
    #[error("the store cannot be written: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
        /// The database's code, if the database reported the error.
        code: Option<DatabaseCode>,
    },
    /// The disk is full. Nothing was stored; the store works again once there is room.
    #[error("the disk is full; nothing was stored")]
    DiskFull {
        /// The database's code.
        code: DatabaseCode,
    },
    /// Any other error that the database reports: among them a disk that fails, a file that
    /// the system can't look at, no descriptor left, and a file that another program wrote
    /// while it was read [without a lock](crate::OpenOptions::read_only). If a disk fails
    /// during a commit, the message says that the write may be stored.
    #[error("the database reports: {message} ({code})")]
    Database {
        /// The database's code.
        code: DatabaseCode,
        /// The database's message.
        message: String,
    },
    /// The path no longer leads to the file that was opened: the database, or the `-wal` or
    /// `-shm` beside it, was replaced or removed. What was just written may have gone to a
    /// file that nobody will open again. Close every handle on the store, open it again and
    /// repeat the write.
    #[error(
        "{location} was replaced or removed while it was open; close every handle on the store, \
         open it again and repeat the write"
    )]
    FileReplaced {
        /// The path that leads elsewhere, or nowhere.
        location: Location,
    },
    /// The connection to the server was lost, or the server has ended it. Nothing of the call
    /// was stored. The next call connects anew.
    #[cfg(feature = "postgres")]
    #[error(
        "the connection to {location} was lost: {reason}; nothing was stored, and the next call connects anew"
    )]
    ConnectionLost {
        /// Where the store is.
        location: Location,
        /// What the system or the server reported.
        reason: String,
        /// The server's code, if it gave one.
        code: Option<DatabaseCode>,
    },
    /// The connection to the server was lost while a write was being committed: it may be
    /// stored or not. To repeat it is safe: a row that is stored already is reported as such.
    #[cfg(feature = "postgres")]
    #[error(
        "the connection to {location} was lost while a write was committed: {reason}; it may be stored; to repeat it is safe"
    )]
    UnknownOutcome {
        /// Where the store is.
        location: Location,
        /// What the system or the server reported.
        reason: String,
        /// The server's code, if it gave one.
        code: Option<DatabaseCode>,
    },
    /// The database in which the store is doesn't have this.
    #[cfg(feature = "postgres")]
    #[error("this store's database does not offer {what}: {instead}")]
    Unsupported {
        /// What it doesn't have.
        what: &'static str,
        /// What to use instead.
        instead: &'static str,
    },
    /// The store was opened by the process from which this one was forked; open it again.
    #[error("this store was opened before fork(); open it again in the child")]
    Forked,
    /// A panic interrupted an earlier call on this handle; open the store again.
    #[error("an earlier call on this store panicked; open the store again")]
    Poisoned,
    /// [`Store::interrupt`](crate::Store::interrupt) has ended the call. Nothing of it was stored.
    #[error("the call was interrupted; nothing of it was stored")]
    Interrupted,
    /// The text can't name a stream.
    #[error("{uuid:?} cannot name a stream: {reason}")]
    InvalidUuid {
        /// The text, shortened if it is long.
        uuid: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The name can't hold a stream's observations: something else has it, another
    /// stream's name differs from it in upper and lower case alone, a rule that another
    /// program has set keeps rows out, or a column as it has declared it would change them.
    #[error("{name:?} cannot hold observations: {reason}")]
    NotAStream {
        /// The name.
        name: String,
        /// What is in the way.
        reason: String,
    },
    /// The store has neither metadata nor data of the stream.
    #[error("no stream {stream:?} in this store")]
    StreamNotFound {
        /// The uuid or name that was asked for.
        stream: String,
    },
    /// The text or number is not an instant that this crate can read, or can store.
    #[error("{text:?} is not a timestamp: {reason}")]
    InvalidTimestamp {
        /// The text as it was given or found.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text or duration is not a [`Step`](crate::Step) into which time can be cut.
    #[error("{text:?} is not a step of time: {reason}")]
    InvalidStep {
        /// The text as it was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text or number is not what its field must be: a finite number, a whole one for
    /// a stream's id.
    #[error("{text:?} is not a value: {reason}")]
    InvalidValue {
        /// The text as it was given or found.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A hash or a provider of a stored row is no text, or none in UTF-8.
    #[error("the {column} {text:?} {reason}")]
    InvalidText {
        /// The column: `hash` or `provider`.
        column: &'static str,
        /// What it holds, invalid bytes shown as U+FFFD.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A stored row can't be read as an observation.
    #[error("stream {stream:?} holds a row that cannot be read, with ts {row}: {source}")]
    UnreadableRow {
        /// The stream.
        stream: String,
        /// The row's timestamp as it is stored, as an SQL literal such as `'None'`; it is
        /// shortened if it is long.
        row: String,
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
    /// An Arrow record batch can't be inserted, or can't hold a row that is read.
    #[error("record batch {batch}: {message}")]
    InvalidArrow {
        /// Which batch, from 0.
        batch: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A stream object has no uuid, or a payload names no stream and neither does the caller.
    #[error("no uuid names the stream: its stream object needs one, or, for a payload, the call")]
    MissingUuid,
    /// A strict batch was refused, and nothing of it was stored. The report lists the
    /// payloads at fault; its `inserted` is 0 and its `streams` is empty.
    #[error("nothing was stored: {} of {} payloads were refused", .0.refused(), .0.payloads)]
    Refused(Box<IngestReport>),
    /// The target of a copy is neither empty nor an earlier part of the same copy, or another
    /// program writes to it meanwhile.
    #[error("the target is no copy of this store: of stream {stream:?} it {what}")]
    NotACopy {
        /// The stream at fault.
        stream: String,
        /// What is wrong, with the instant if it is a row.
        what: String,
    },
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
            #[cfg(feature = "postgres")]
            Error::ConnectionLost { .. } => ErrorCode::ConnectionLost,
            #[cfg(feature = "postgres")]
            Error::UnknownOutcome { .. } => ErrorCode::UnknownOutcome,
            #[cfg(feature = "postgres")]
            Error::Unsupported { .. } => ErrorCode::Unsupported,
            Error::Forked => ErrorCode::Forked,
            Error::Poisoned => ErrorCode::Poisoned,
            Error::Interrupted => ErrorCode::Interrupted,
            Error::InvalidUuid { .. } => ErrorCode::InvalidUuid,
            Error::NotAStream { .. } => ErrorCode::NotAStream,
            Error::StreamNotFound { .. } => ErrorCode::StreamNotFound,
            Error::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
            Error::InvalidValue { .. } | Error::InvalidText { .. } => ErrorCode::InvalidValue,
            Error::UnreadableRow { .. } => ErrorCode::UnreadableRow,
            Error::InvalidJson { .. } => ErrorCode::InvalidJson,
            Error::InvalidArrow { .. } => ErrorCode::InvalidArrow,
            Error::InvalidStep { .. } => ErrorCode::InvalidStep,
            Error::MissingUuid => ErrorCode::MissingUuid,
            Error::Refused(_) | Error::NotACopy { .. } => ErrorCode::Refused,
        }
    }

    /// Returns the database's own number for the error (SQLite's extended result code);
    /// `None` if it has no number, or if the database did not report the error.
    pub fn database_code(&self) -> Option<i32> {
        match self.database()? {
            DatabaseCode::Number(number) => Some(*number),
            DatabaseCode::SqlState(_) => None,
        }
    }

    /// Returns the error's SQLSTATE, five letters and digits; empty if the database has
    /// none (SQLite has none), or did not report the error.
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
            #[cfg(feature = "postgres")]
            Error::ConnectionLost { code, .. } | Error::UnknownOutcome { code, .. } => {
                code.as_ref()
            }
            Error::Busy { code, .. } | Error::DiskFull { code } | Error::Database { code, .. } => {
                Some(code)
            }
            _ => None,
        }
    }

    /// Completes an error of the database with what only the connection knows: where the
    /// store is, unless the error says where, and how long the call waited.
    pub(crate) fn located(mut self, place: &Location, time: Duration) -> Self {
        match &mut self {
            Error::CannotOpen { location, .. }
            | Error::NotAStore { location, .. }
            | Error::Corrupt { location, .. }
                if *location == Location::UNKNOWN =>
            {
                *location = place.clone();
            }
            #[cfg(feature = "postgres")]
            Error::ConnectionLost { location, .. } | Error::UnknownOutcome { location, .. }
                if *location == Location::UNKNOWN =>
            {
                *location = place.clone();
            }
            Error::Busy { waited, .. } => *waited = time,
            _ => {}
        }
        self
    }
}

/// Returns at most 80 characters of `text`, for a message: a hostile name may be huge. A
/// password in it is left out.
pub(crate) fn excerpt(text: &str) -> String {
    let text = without_password(text);
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.into_owned(),
    }
}
