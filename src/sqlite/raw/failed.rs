//! Why the system last refused this thread to open or to read a file. SQLite reports a disk
//! that doesn't answer (`SQLITE_IOERR_CORRUPTFS`) as a damaged file, and a file that it
//! can't open without the reason.
//!
//! Only [`locks`](super::locks) notes it, so it is not known to a SQLite of the system's.

use std::cell::Cell;
use std::io;

thread_local! {
    static OPEN: Cell<Option<i32>> = const { Cell::new(None) };
    static READ: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Notes the error of an opening that has just failed.
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
pub(super) fn note_open(error: i32) {
    // `try_with`, as a thread that is ending no longer has this variable.
    let _ = OPEN.try_with(|failed| failed.set(Some(error)));
}

/// Notes the error of a read that has just failed.
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
pub(super) fn note_read() {
    let error = io::Error::last_os_error().raw_os_error();
    let _ = READ.try_with(|failed| failed.set(error));
}

/// Returns the error of the last opening that failed, and forgets it.
pub(super) fn take_open() -> Option<io::Error> {
    let failed = OPEN.try_with(Cell::take).ok().flatten();
    failed.map(io::Error::from_raw_os_error)
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
