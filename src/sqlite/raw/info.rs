//! Which SQLite this is, and what is settled for all of its connections.

use std::ffi::CStr;
use std::sync::OnceLock;

use libsqlite3_sys as ffi;

/// Which SQLite the library works with; [`sqlite_info`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteInfo {
    /// Its version, such as `"3.53.2"`.
    pub version: &'static str,
    /// The same as a number, such as 3053002.
    pub version_number: u32,
    /// Its [source id](https://sqlite.org/c3ref/c_source_id.html).
    pub source_id: &'static str,
    /// Whether it is compiled in; else it is the system's, loaded beside.
    pub bundled: bool,
    /// Whether a process may use one file through this SQLite and another copy.
    pub beside_other_sqlite: BesideOtherSqlite,
}

/// Whether a process may use one file through the library and through another copy
/// of SQLite, such as that of Python's `sqlite3`, at the same time.
///
/// POSIX file locks belong to the process: when one copy closes the file, the locks
/// of the other are gone, and committed rows with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BesideOtherSqlite {
    /// It must not: another system than 64-bit Linux, a kernel that is too old, no
    /// `/proc`, or a program that has used the bundled SQLite before the library
    /// (let it call [`sqlite_info`] first).
    Unsafe = 0,
    /// It may. The bundled SQLite takes locks that other copies can't drop, and
    /// drops none of theirs. (On a file system that has no such locks it falls back
    /// on POSIX locks.)
    Safe = 1,
    /// The library is linked with the system's SQLite: it may where the other user
    /// is linked with the same, so that there is one copy, and must not otherwise.
    SafeIfSame = 2,
}

/// Which SQLite the library works with.
///
/// Settles, as the first opening of a store does, how the bundled SQLite works in
/// this process; a program that also uses it by itself calls this before.
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

/// SQLite's version as text.
pub(crate) fn version() -> &'static CStr {
    // SAFETY: a constant text of SQLite's.
    unsafe { CStr::from_ptr(ffi::sqlite3_libversion()) }
}

/// SQLite's source id.
pub(crate) fn source_id() -> &'static CStr {
    // SAFETY: a constant text of SQLite's.
    unsafe { CStr::from_ptr(ffi::sqlite3_sourceid()) }
}

/// Settles, before the first connection, what holds for all of them.
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

/// Turns the bundled SQLite's own mutex per connection off: `Store` serialises each
/// connection already, and the mutex costs reads 1.2 to 2.4 times. A connection of
/// the same binary that asks for `SQLITE_OPEN_FULLMUTEX` still gets one. And its count
/// of the memory in use, whose lock a forked child might find held for ever. SQLite
/// refuses once it is in use; then everything works as before, slower.
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
