//! The `sqlite3*` of a connection that Diesel has opened.

use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;

use super::busy::{self, BusyState};
use super::error::SqliteError;
use super::failed;
use super::function;
use super::interrupt::{self, Interrupts};

/// A pointer to the raw connection. Dropping it closes nothing.
#[derive(Clone, Copy)]
pub(crate) struct Handle(pub(super) NonNull<ffi::sqlite3>);

// SAFETY: a connection may move between threads as long as one uses it at a
// time; `Store` keeps it behind a mutex.
unsafe impl Send for Handle {}

/// A setting of the connection for [`Handle::harden`].
pub(crate) enum Hardening {
    /// The file's schema may call only innocuous functions.
    Untrusted,
    /// SQL can't damage the file.
    Defensive,
    /// No extension can be loaded.
    NoExtensions,
    /// Closing the last connection neither checkpoints nor removes the WAL.
    NoCheckpoint,
}

/// A function that SQLite calls.
type Function =
    unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);

/// Returns the code of a fault of the file, by SQLite's text for it.
fn code_of(text: &str) -> Option<c_int> {
    let codes = [
        ffi::SQLITE_BUSY,
        ffi::SQLITE_CANTOPEN,
        ffi::SQLITE_CORRUPT,
        ffi::SQLITE_FULL,
        ffi::SQLITE_INTERRUPT,
        ffi::SQLITE_IOERR,
        ffi::SQLITE_NOTADB,
    ];
    codes.into_iter().find(|code| {
        // SAFETY: a constant text of SQLite's.
        let name = unsafe { CStr::from_ptr(ffi::sqlite3_errstr(*code)) };
        name.to_bytes() == text.as_bytes()
    })
}

impl Handle {
    pub(super) fn as_ptr(self) -> *mut ffi::sqlite3 {
        self.0.as_ptr()
    }

    /// Returns the error of the last call on this connection.
    pub(crate) fn last_error(self) -> SqliteError {
        // SAFETY: the connection is open, and the message is copied before
        // anything else can happen on it.
        unsafe {
            let text = ffi::sqlite3_errmsg(self.as_ptr());
            let message = if text.is_null() {
                String::new()
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            };
            let code = ffi::sqlite3_extended_errcode(self.as_ptr());
            self.error(code, message)
        }
    }

    /// Returns the error of a call of Diesel's, whose text this is. Diesel may have done more
    /// since, so that the last error is another, or none.
    pub(crate) fn error_of(self, text: &str) -> SqliteError {
        // SAFETY: the connection is open.
        match unsafe { ffi::sqlite3_extended_errcode(self.as_ptr()) } {
            ffi::SQLITE_OK | ffi::SQLITE_ROW | ffi::SQLITE_DONE => {
                self.error(ffi::SQLITE_ERROR, text.to_owned())
            }
            _ => self.last_error(),
        }
    }

    /// Returns the error of the last call on this connection, which has returned this code.
    pub(super) fn error_with(self, code: c_int) -> SqliteError {
        let last = self.last_error();
        match last.code {
            // SAFETY: a constant text of SQLite's.
            ffi::SQLITE_OK => self.error(code, unsafe {
                CStr::from_ptr(ffi::sqlite3_errstr(code))
                    .to_string_lossy()
                    .into_owned()
            }),
            _ => last,
        }
    }

    /// Completes an error with what the system has reported.
    fn error(self, mut code: i32, mut message: String) -> SqliteError {
        // A statement within a PRAGMA that is read as a table passes on its message alone.
        if code == ffi::SQLITE_ERROR {
            code = code_of(&message).unwrap_or(code);
        }
        let failed_read = failed::take_read();
        let system = match (code & 0xff, failed_read) {
            (ffi::SQLITE_CORRUPT, Some(failed)) => {
                code = ffi::SQLITE_IOERR_READ;
                "disk I/O error".clone_into(&mut message);
                Some(failed)
            }
            (ffi::SQLITE_CANTOPEN, _) => failed::last_open().or_else(|| self.system_error()),
            (ffi::SQLITE_IOERR, _) => self.system_error(),
            _ => None,
        };
        if let Some(system) = &system {
            message = format!("{message}: {system}");
        }
        SqliteError {
            code,
            no_room: system.is_some_and(|system| failed::is_no_room(&system)),
            message,
        }
    }

    /// Returns the system's error that SQLite has kept with its own.
    fn system_error(self) -> Option<io::Error> {
        // SAFETY: the connection is open.
        match unsafe { ffi::sqlite3_system_errno(self.as_ptr()) } {
            0 => None,
            number => Some(io::Error::from_raw_os_error(number)),
        }
    }

    /// Returns `true` if SQLite could open the file for reading only.
    pub(crate) fn is_read_only(self) -> bool {
        // SAFETY: the connection is open; the name is NUL-terminated.
        unsafe { ffi::sqlite3_db_readonly(self.as_ptr(), c"main".as_ptr()) == 1 }
    }

    /// Returns `true` if no transaction is open.
    pub(crate) fn is_autocommit(self) -> bool {
        // SAFETY: the connection is open.
        unsafe { ffi::sqlite3_get_autocommit(self.as_ptr()) != 0 }
    }

    /// Makes `state` decide how long to wait for a lock, and whether to go on. It must live, at
    /// this address, as long as the connection.
    pub(crate) fn on_busy(self, state: &BusyState) {
        let address = ptr::from_ref(state).cast_mut().cast::<c_void>();
        // SAFETY: `state` outlives the connection: `Connection` drops its box later.
        unsafe {
            ffi::sqlite3_busy_handler(self.as_ptr(), Some(busy::wait_at_random), address);
        }
        self.on_interrupt(&state.interrupts);
    }

    /// Makes `state` decide whether to go on. It must live, at this address, as long as the
    /// connection.
    pub(crate) fn on_interrupt(self, state: &Interrupts) {
        let address = ptr::from_ref(state).cast_mut().cast::<c_void>();
        let stop = Some(interrupt::stop_if_interrupted as unsafe extern "C" fn(_) -> _);
        // SAFETY: by the caller's word.
        unsafe {
            ffi::sqlite3_progress_handler(self.as_ptr(), interrupt::INSTRUCTIONS, stop, address);
        }
    }

    /// Changes one setting. An SQLite too old to know it ignores it.
    pub(crate) fn harden(self, hardening: Hardening) {
        let (option, value): (c_int, c_int) = match hardening {
            Hardening::Untrusted => (ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
            Hardening::Defensive => (ffi::SQLITE_DBCONFIG_DEFENSIVE, 1),
            Hardening::NoExtensions => (ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
            Hardening::NoCheckpoint => (ffi::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),
        };
        // SAFETY: these options take an int and an optional pointer to one.
        unsafe {
            ffi::sqlite3_db_config(self.as_ptr(), option, value, ptr::null_mut::<c_int>());
        }
    }

    /// Defines `satori_instant(ts)`, `satori_value(value)`, `satori_literal(text, bytes)` and
    /// `satori_fault(ts, value, hash, provider)` for this connection.
    pub(crate) fn register_functions(self) -> Result<(), SqliteError> {
        self.register(c"satori_instant", 1, function::satori_instant)?;
        self.register(c"satori_value", 1, function::satori_value)?;
        self.register(c"satori_literal", 2, function::satori_literal)?;
        self.register(c"satori_fault", 4, function::satori_fault)
    }

    fn register(
        self,
        name: &CStr,
        arguments: c_int,
        function: Function,
    ) -> Result<(), SqliteError> {
        // SAFETY: the name is NUL-terminated and the callback has the right
        // signature and needs no application data.
        let status = unsafe {
            ffi::sqlite3_create_function_v2(
                self.as_ptr(),
                name.as_ptr(),
                arguments,
                ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS,
                ptr::null_mut(),
                Some(function),
                None,
                None,
                None,
            )
        };
        if status == ffi::SQLITE_OK {
            Ok(())
        } else {
            Err(self.last_error())
        }
    }
}
