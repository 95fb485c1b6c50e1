//! Which SQLite this is, and the settings that hold for all of its connections.

use std::ffi::CStr;
use std::sync::OnceLock;

use libsqlite3_sys as ffi;

/// Which SQLite the library works with, as [`sqlite_info`] reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteInfo {
    /// The version, such as `"3.53.2"`.
    pub version: &'static str,
    /// The version as a number, such as 3053002.
    pub version_number: u32,
    /// The [source id](https://sqlite.org/c3ref/c_source_id.html).
    pub source_id: &'static str,
    /// `true` if it is compiled in; `false` if it is the system's.
    pub bundled: bool,
    /// Whether a process may use one file through this SQLite and another copy.
    pub beside_other_sqlite: BesideOtherSqlite,
}

/// Whether a process may use one file through the library and through another copy
/// of SQLite, such as that of Python's `sqlite3`, at the same time.
///
/// POSIX file locks belong to the process: when one copy closes the file, the other loses
/// its locks, and committed rows may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BesideOtherSqlite {
    /// It must not. The system is not 64-bit Linux, its kernel is too old, it has no
    /// `/proc`, or the program has used the bundled SQLite before the library did (it
    /// should call [`sqlite_info`] first).
    Unsafe = 0,
    /// It may. The bundled SQLite takes locks that other copies can't drop, and drops none
    /// of theirs. On a file system without such locks it uses POSIX locks: there it must
    /// not.
    Safe = 1,
    /// It may if the other user is linked with the same SQLite, that of the system, so that
    /// there is one copy. Otherwise it must not.
    SafeIfSame = 2,
}

/// Returns which SQLite the library works with.
///
/// The first call, or the first opening of a store, decides how the bundled SQLite works in
/// this process. A program that also uses this SQLite by itself must call it before that.
#[must_use]
pub fn sqlite_info() -> SqliteInfo {
    SqliteInfo {
        version: version().to_str().unwrap_or_default(),
        // SAFETY: always allowed.
        version_number: unsafe { ffi::sqlite3_libversion_number() }.unsigned_abs(),
        source_id: source_id().to_str().unwrap_or_default(),
        bundled: cfg!(feature = "bundled"),
        beside_other_sqlite: settle(),
    }
}

/// Returns SQLite's version as text.
pub(crate) fn version() -> &'static CStr {
    // SAFETY: a constant text of SQLite's.
    unsafe { CStr::from_ptr(ffi::sqlite3_libversion()) }
}

/// Returns SQLite's source id.
pub(crate) fn source_id() -> &'static CStr {
    // SAFETY: a constant text of SQLite's.
    unsafe { CStr::from_ptr(ffi::sqlite3_sourceid()) }
}

/// Makes the settings for all connections, once, before the first one.
pub(super) fn settle() -> BesideOtherSqlite {
    static SETTLED: OnceLock<BesideOtherSqlite> = OnceLock::new();
    *SETTLED.get_or_init(|| {
        if !cfg!(feature = "bundled") {
            BesideOtherSqlite::SafeIfSame
        } else if configure() && install_locks() {
            BesideOtherSqlite::Safe
        } else {
            BesideOtherSqlite::Unsafe
        }
    })
}

/// Turns off two things in the bundled SQLite. Returns `false` if SQLite refuses, because it
/// is already in use; everything works then too, but slower.
///
/// One is the mutex of each connection: `Store` already serialises each, and with the mutex
/// reads take 1.2 to 2.4 times as long. A connection of the same binary that asks for
/// `SQLITE_OPEN_FULLMUTEX` still gets one. The other is the count of the memory in use, whose
/// lock a forked child might find held for ever.
fn configure() -> bool {
    // SAFETY: SQLITE_CONFIG_MULTITHREAD takes no further argument, and
    // SQLITE_CONFIG_MEMSTATUS an int.
    unsafe {
        ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0) == ffi::SQLITE_OK
            && ffi::sqlite3_config(ffi::SQLITE_CONFIG_MULTITHREAD) == ffi::SQLITE_OK
    }
}

#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
fn install_locks() -> bool {
    super::locks::install()
}

#[cfg(not(all(feature = "bundled", target_os = "linux", target_pointer_width = "64")))]
fn install_locks() -> bool {
    false
}
