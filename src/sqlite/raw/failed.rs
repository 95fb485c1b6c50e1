//! Why the system last refused this thread to open or to read a file. SQLite reports a disk
//! that doesn't answer (`SQLITE_IOERR_CORRUPTFS`) as a damaged file, and a file that it
//! can't open without the reason, or with the error number of a later call.
//!
//! Only [`locks`](super::locks) notes it, so it is not known to a SQLite of the system's.

use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::io::{self, ErrorKind};

thread_local! {
    static OPEN: Cell<Option<i32>> = const { Cell::new(None) };
    /// The file that could not be opened for writing, if that was not for want of rights.
    static UNWRITTEN: RefCell<Option<CString>> = const { RefCell::new(None) };
    static READ: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Notes the error of an opening that has just failed. SQLite may try again without making
/// the file: that there is none then doesn't say why it could not be made.
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
pub(super) fn note_open(error: i32) {
    // `try_with`, as a thread that is ending no longer has this variable.
    let _ = OPEN.try_with(|failed| {
        if error != libc::ENOENT || failed.get().is_none() {
            failed.set(Some(error));
        }
    });
}

/// Notes a file whose opening for writing has just failed.
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
pub(super) fn note_unwritten(path: &std::ffi::CStr) {
    let path = open_with_rights().map(|_| path.to_owned());
    let _ = UNWRITTEN.try_with(|unwritten| unwritten.replace(path));
}

/// Returns why the file could not be opened for writing, if that was the last opening and
/// not for want of rights.
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
pub(super) fn take_unwritten(path: &std::ffi::CStr) -> Option<i32> {
    let unwritten = UNWRITTEN.try_with(RefCell::take).ok().flatten();
    unwritten.filter(|unwritten| **unwritten == *path)?;
    OPEN.try_with(Cell::get).ok().flatten()
}

/// Notes the error of a read that has just failed.
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
pub(super) fn note_read() {
    let error = io::Error::last_os_error().raw_os_error();
    let _ = READ.try_with(|failed| failed.set(error));
}

/// Forgets the openings that have failed.
pub(super) fn forget_open() {
    let _ = OPEN.try_with(Cell::take);
}

/// Returns the error of the last opening that failed.
pub(super) fn last_open() -> Option<io::Error> {
    let failed = OPEN.try_with(Cell::get).ok().flatten();
    failed.map(io::Error::from_raw_os_error)
}

/// Returns the error of the last opening that failed, unless it failed for want of rights.
pub(crate) fn open_with_rights() -> Option<io::Error> {
    last_open().filter(|error| {
        !matches!(
            error.kind(),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound
        )
    })
}

/// Returns `true` if a read has failed whose error nobody has taken.
pub(super) fn has_read() -> bool {
    READ.try_with(Cell::get).ok().flatten().is_some()
}

/// Returns the error of the last read that failed, and forgets it.
pub(super) fn take_read() -> Option<io::Error> {
    let failed = READ.try_with(Cell::take).ok().flatten();
    failed.map(io::Error::from_raw_os_error)
}

/// Returns `true` if the system has no room for what was to be written.
pub(crate) fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
