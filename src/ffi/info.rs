//! What this library is.

use std::ffi::c_char;
use std::mem;

use super::error::satori_error;
use super::growable::{self, Growable};
use super::guard::Guard;
use super::output::required_struct;
use super::status::satori_status;
use crate::sqlite::{source_id, sqlite_info, version};

/// What the library is, and which SQLite it works with. The texts are constants:
/// they live as long as the library is loaded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_library_info {
    /// sizeof(satori_library_info); see "Structs that may grow".
    pub size: usize,
    /// The library's version, as SATORI_VERSION is made: 1000000 * major +
    /// 1000 * minor + patch.
    pub version: u32,
    /// SQLite's version number, such as 3053002.
    pub sqlite_version: u32,
    /// The library's version as text, such as "0.1.0".
    pub version_text: *const c_char,
    /// SQLite's version as text.
    pub sqlite_version_text: *const c_char,
    /// SQLite's source id (<https://sqlite.org/c3ref/c_source_id.html>).
    pub sqlite_source_id: *const c_char,
    /// 1: SQLite is compiled in. 0: it is the system's, loaded beside.
    pub sqlite_bundled: u32,
    /// Whether a process may use one file through this library and through another
    /// copy of SQLite at the same time; see "Several SQLites in a process". 1: yes.
    /// 0: no. 2: only if the other user is linked with the same system's SQLite.
    pub safe_beside_other_sqlite: u32,
}

// SAFETY: plain data.
unsafe impl Growable for satori_library_info {}

/// Returns what the library is, and which SQLite it works with. It needs no handle.
///
/// @param info   receives the answer; set its size first
///               (satori_library_info_init does).
/// @param error  see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_library_info(
    info: *mut satori_library_info,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_get_library_info",
        error,
        [required_struct(info, "info")],
    );
    let body = || {
        let sqlite = sqlite_info();
        let answer = satori_library_info {
            size: mem::size_of::<satori_library_info>(),
            version: own_version(),
            sqlite_version: sqlite.version_number,
            version_text: concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast(),
            sqlite_version_text: version().as_ptr(),
            sqlite_source_id: source_id().as_ptr(),
            sqlite_bundled: u32::from(sqlite.bundled),
            safe_beside_other_sqlite: sqlite.beside_other_sqlite as u32,
        };
        // SAFETY: by the caller's word.
        unsafe { growable::write(info, &answer, "info") }
    };
    // SAFETY: by the caller's word.
    unsafe { guard.run(body) }
}

fn own_version() -> u32 {
    let part = |text: &str| text.parse::<u32>().unwrap_or(0);
    part(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
        + part(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
        + part(env!("CARGO_PKG_VERSION_PATCH"))
}
