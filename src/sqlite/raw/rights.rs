//! What the system lets this process do with a file. Nothing here opens one: closing it
//! again would drop the POSIX locks of another SQLite in this process.

use std::io;
use std::path::Path;

/// Asks the system whether this process may read the file at `path`.
///
/// # Errors
/// Why it may not; never where only opening the file would say.
pub(crate) fn may_read(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return ask(path, libc::R_OK);
    #[cfg(not(target_os = "linux"))]
    return unknown(path);
}

/// Asks the system whether this process may write the file at `path`, or make files in the
/// folder there.
///
/// # Errors
/// Why it may not; never where only opening the file would say.
pub(crate) fn may_write(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return ask(path, libc::W_OK);
    #[cfg(not(target_os = "linux"))]
    return unknown(path);
}

#[cfg(target_os = "linux")]
fn ask(path: &Path, right: std::ffi::c_int) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;

    let name = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the name ends with a NUL.
    match unsafe { libc::faccessat(libc::AT_FDCWD, name.as_ptr(), right, libc::AT_EACCESS) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
fn unknown(_path: &Path) -> io::Result<()> {
    Ok(())
}
