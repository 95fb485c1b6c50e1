//! Copying a database page by page while others use it, and opening what was copied.
//! See <https://sqlite.org/c3ref/backup_finish.html>.

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;

use super::error::SqliteError;
use super::handle::Handle;

/// How many pages are copied at a time (4 MB).
const PAGES: c_int = 1_000;

/// A connection of its own to a file that nobody else uses. Dropping it closes it.
pub(crate) struct Alone(Handle);

impl Alone {
    /// Opens the file that the URI names.
    pub(crate) fn open(uri: &str) -> Result<Self, SqliteError> {
        // A URI escapes what it can't hold, a NUL among it.
        let uri = CString::new(uri).unwrap_or_default();
        let mut raw = ptr::null_mut();
        let flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_URI;
        // SAFETY: the URI ends with a NUL.
        let code = unsafe { ffi::sqlite3_open_v2(uri.as_ptr(), &mut raw, flags, ptr::null()) };
        match NonNull::new(raw) {
            None => Err(SqliteError {
                code: ffi::SQLITE_NOMEM,
                message: "out of memory".to_owned(),
                no_room: false,
            }),
            Some(raw) => {
                let opened = Self(Handle(raw));
                match code {
                    ffi::SQLITE_OK => Ok(opened),
                    code => Err(opened.0.error_with(code)),
                }
            }
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0
    }

    /// Copies the database of `source` into the file, which must be empty. If `source` is in
    /// a transaction, it copies the state that the transaction sees. `check` is asked now and
    /// then whether to go on.
    pub(crate) fn copy_from(
        &self,
        source: Handle,
        check: impl Fn() -> bool,
    ) -> Result<(), SqliteError> {
        let main = c"main".as_ptr();
        let (from, to) = (source.as_ptr(), self.0.as_ptr());
        // SAFETY: both connections are open, and are not the same.
        let backup = unsafe { ffi::sqlite3_backup_init(to, main, from, main) };
        if backup.is_null() {
            return Err(self.0.last_error());
        }
        // SAFETY: the copy was begun and is not finished.
        let (stepped, finished) = unsafe {
            let stepped = loop {
                match ffi::sqlite3_backup_step(backup, PAGES) {
                    ffi::SQLITE_OK if check() => {}
                    ffi::SQLITE_OK => break ffi::SQLITE_INTERRUPT,
                    code => break code,
                }
            };
            (stepped, ffi::sqlite3_backup_finish(backup))
        };
        // That the database is locked doesn't count as an error at the end.
        match (stepped, finished) {
            (ffi::SQLITE_DONE, ffi::SQLITE_OK) => Ok(()),
            (code, ffi::SQLITE_OK) | (_, code) => Err(self.0.error_with(code)),
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // SAFETY: the connection is open, and its statements were dropped before it.
        unsafe { ffi::sqlite3_close(self.0.as_ptr()) };
    }
}
