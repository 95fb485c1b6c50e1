//! Opening a connection through Diesel, and getting its raw handle.

use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use diesel::{Connection, ConnectionResult, SqliteConnection};
use libsqlite3_sys as ffi;

use super::error::unreadable_disk;
use super::failed;
use super::handle::Handle;
use super::info;
use crate::model::database_code::DatabaseCode;
use crate::model::error::Error;
use crate::model::location::Location;

thread_local! {
    /// The handle that [`capture`] has just opened in this thread: null until SQLite has
    /// reported it, `None` while no call is under way.
    static OPENED: Cell<Option<*mut ffi::sqlite3>> = const { Cell::new(None) };
}

/// Opens `uri` through Diesel, and returns its connection and the raw handle.
///
/// Diesel 2.3 doesn't give its handle away, but SQLite calls an "automatic extension" for
/// every connection that is opened. Ours, registered for this call only, notes the handle.
///
/// `before` runs first, under the lock that serialises openings in this process.
pub(crate) fn establish(
    uri: &str,
    before: impl FnOnce() -> Result<(), Error>,
) -> Result<(SqliteConnection, Handle), Error> {
    static OPENING: Mutex<()> = Mutex::new(());
    let _guard = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    before()?;
    info::settle();
    // `impl From<diesel::ConnectionError> for Error` would be part of the public interface.
    failed::forget_open();
    failed::take_read();
    capture(uri).map_err(|error| {
        if failed::has_read() {
            return unreadable_disk(ffi::SQLITE_IOERR_READ);
        }
        Error::CannotOpen {
            location: Location::UNKNOWN,
            reason: match failed::last_open() {
                Some(system) => format!("{error}: {system}"),
                None => error.to_string(),
            },
            code: Some(DatabaseCode::Number(ffi::SQLITE_CANTOPEN)),
        }
    })
}

fn capture(uri: &str) -> ConnectionResult<(SqliteConnection, Handle)> {
    OPENED.set(Some(ptr::null_mut()));
    // SAFETY: `note_handle` has the signature that SQLite calls automatic
    // extensions with (its declared type leaves the arguments out), and does
    // nothing in threads other than this one.
    unsafe { ffi::sqlite3_auto_extension(Some(note_handle)) };
    let connection = SqliteConnection::establish(uri);
    // SAFETY: as above.
    unsafe { ffi::sqlite3_cancel_auto_extension(Some(note_handle)) };
    let opened = OPENED.take().and_then(NonNull::new);
    match opened {
        Some(handle) => connection.map(|connection| (connection, Handle(handle))),
        None => connection.and_then(|_| {
            Err(diesel::ConnectionError::BadConnection(
                "SQLite did not announce the connection".to_owned(),
            ))
        }),
    }
}

unsafe extern "C" fn note_handle(
    db: *mut ffi::sqlite3,
    _message: *mut *mut c_char,
    _api: *const ffi::sqlite3_api_routines,
) -> c_int {
    // `try_with`, as a thread that is ending no longer has this variable.
    let _ = OPENED.try_with(|opened| {
        if opened.get().is_some() {
            opened.set(Some(db));
        }
    });
    ffi::SQLITE_OK
}
