//! SQLite's objections, and which of the store's errors each one is.

use std::path::PathBuf;

use libsqlite3_sys as ffi;

use crate::model::error::Error;

/// SQLite's answer where it was not OK.
#[derive(Debug)]
pub(crate) struct SqliteError {
    /// The extended result code.
    pub(crate) code: i32,
    pub(crate) message: String,
    /// The system refused to let the file grow: a quota or a limit, which SQLite
    /// knows as an I/O error, where it knows the full disk by name.
    pub(crate) no_room: bool,
}

impl SqliteError {
    /// The primary result code: the low byte of the extended one.
    fn primary(&self) -> i32 {
        self.code & 0xff
    }

    /// Whether another connection holds the lock.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.primary(), ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED)
    }
}

impl From<SqliteError> for Error {
    /// What the connection knows (the path, the time waited) is filled in by
    /// `Connection::located`, on the way out.
    fn from(error: SqliteError) -> Self {
        let sqlite_code = error.code;
        let primary = error.primary();
        let message = error.message;
        match primary {
            _ if error.no_room => Error::DiskFull { sqlite_code },
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Error::Busy {
                waited: std::time::Duration::ZERO,
                sqlite_code,
            },
            ffi::SQLITE_CORRUPT => Error::Corrupt {
                path: PathBuf::new(),
                detail: message,
                sqlite_code: Some(sqlite_code),
            },
            ffi::SQLITE_NOTADB => Error::NotADatabase {
                path: PathBuf::new(),
            },
            ffi::SQLITE_CANTOPEN => Error::CannotOpen {
                path: PathBuf::new(),
                reason: message,
                sqlite_code: Some(sqlite_code),
            },
            ffi::SQLITE_READONLY => Error::ReadOnly {
                reason: match sqlite_code {
                    // Met by those that only read, too.
                    ffi::SQLITE_READONLY_ROLLBACK => {
                        "a program was interrupted in the middle of a write, which has to be \
                         taken back first: open the file once for writing"
                            .to_owned()
                    }
                    _ => message,
                },
                sqlite_code: Some(sqlite_code),
            },
            ffi::SQLITE_FULL => Error::DiskFull { sqlite_code },
            _ => Error::Sqlite {
                sqlite_code,
                message,
            },
        }
    }
}
