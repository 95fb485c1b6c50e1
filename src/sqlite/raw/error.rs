//! SQLite's errors, and which of the store's errors each one becomes.

use std::time::Duration;

use libsqlite3_sys as ffi;

use super::failed;

use crate::model::database_code::DatabaseCode;
use crate::model::error::Error;
use crate::model::location::Location;

/// A result of SQLite's that is not OK.
#[derive(Debug)]
pub(crate) struct SqliteError {
    /// The extended result code.
    pub(crate) code: i32,
    pub(crate) message: String,
    /// The system refused to let the file grow. SQLite has a code for a full disk, but a
    /// quota or a limit is one of its I/O errors.
    pub(crate) no_room: bool,
}

impl SqliteError {
    /// Returns the primary result code: the low byte of the extended one.
    fn primary(&self) -> i32 {
        self.code & 0xff
    }

    /// Returns `true` if another connection holds the lock.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.primary(), ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED)
    }
}

/// What the user can do about a damaged file.
const REPAIR: &str = "restore a copy, or recover its rows with the sqlite3 shell's .recover";

impl From<SqliteError> for Error {
    /// Converts the error without what only the connection knows, the location and the time
    /// waited: `Error::located` adds these.
    fn from(error: SqliteError) -> Self {
        let primary = error.primary();
        let code = DatabaseCode::Number(error.code);
        let message = error.message;
        let location = Location::UNKNOWN;
        match primary {
            // First, as a disk may only notice that it is full when it syncs.
            _ if is_unknown(error.code)
                && !(error.no_room && error.code == ffi::SQLITE_IOERR_WRITE) =>
            {
                Error::Database {
                    code,
                    message: format!(
                        "{message}; whether the write is stored is not known before the store is \
                         opened again: repeat it, which is safe"
                    ),
                }
            }
            _ if error.no_room => Error::DiskFull { code },
            // SQLite has lost a race for a lock many times, within ten seconds.
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => Error::Busy {
                waited: Duration::ZERO,
                code,
            },
            ffi::SQLITE_CORRUPT => corrupt(&message, Some(code)),
            ffi::SQLITE_NOTADB => not_a_database(location),
            ffi::SQLITE_CANTOPEN => Error::CannotOpen {
                location,
                reason: message,
                code: Some(code),
            },
            ffi::SQLITE_READONLY => Error::ReadOnly {
                reason: match error.code {
                    // Programs that only read meet this too.
                    ffi::SQLITE_READONLY_ROLLBACK => {
                        "a program was interrupted in the middle of a write, which must be \
                         rolled back first: open the file once for writing"
                            .to_owned()
                    }
                    _ => message,
                },
                code: Some(code),
            },
            ffi::SQLITE_FULL => Error::DiskFull { code },
            ffi::SQLITE_INTERRUPT => Error::Interrupted,
            _ => Error::Database { code, message },
        }
    }
}

/// Returns the error of a statement whose table may no longer be what it was prepared for.
pub(crate) fn schema_changed() -> Error {
    Error::Database {
        code: DatabaseCode::Number(ffi::SQLITE_SCHEMA),
        message: "database schema has changed".to_owned(),
    }
}

/// Returns `true` if the error is that of a statement prepared for a schema that has changed
/// since.
pub(crate) fn is_schema_changed(error: &Error) -> bool {
    error.database_code() == Some(ffi::SQLITE_SCHEMA)
}

/// Returns the error for a file that can't be made for want of room.
pub(crate) fn no_room() -> Error {
    Error::DiskFull {
        code: DatabaseCode::Number(ffi::SQLITE_FULL),
    }
}

/// Returns the error for pages that could not be read, and that may be sound.
pub(crate) fn unreadable_disk(code: i32) -> Error {
    let code = match code {
        ffi::SQLITE_IOERR_CORRUPTFS => ffi::SQLITE_IOERR_READ,
        code => code,
    };
    Error::Database {
        code: DatabaseCode::Number(code),
        message: match failed::take_read() {
            Some(system) => format!("disk I/O error: {system}"),
            None => "disk I/O error".to_owned(),
        },
    }
}

/// Returns `true` if the disk has failed so late in a commit that the commit may be found
/// when the file is opened again.
fn is_unknown(code: i32) -> bool {
    matches!(
        code,
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC | ffi::SQLITE_IOERR_WRITE
    )
}

/// Returns the error for a damaged file, whose location is not known yet.
pub(crate) fn corrupt(found: &str, code: Option<DatabaseCode>) -> Error {
    Error::Corrupt {
        location: Location::UNKNOWN,
        detail: format!("{found}; {REPAIR}"),
        code,
    }
}

/// Returns the error for a file that is no SQLite database.
pub(crate) fn not_a_database(location: Location) -> Error {
    Error::NotAStore {
        location,
        reason: "it is not a SQLite database".to_owned(),
    }
}
