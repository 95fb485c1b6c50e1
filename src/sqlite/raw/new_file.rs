//! Creating a file without opening it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Creates an empty file that only its owner can read, unless the file already exists.
/// SQLite gives the WAL beside it the same permissions.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    match create_new_private(path) {
        // Another process has just created it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Creates an empty file that only its owner can read, with `mknod`, which needs no
/// descriptor. Closing one would drop the POSIX locks of another SQLite in this process that
/// has already opened the file.
///
/// # Errors
/// `AlreadyExists` if the file does.
#[cfg(target_os = "linux")]
pub(crate) fn create_new_private(path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;

    let name = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the name ends with a NUL.
    match unsafe { libc::mknod(name.as_ptr(), libc::S_IFREG | 0o600, 0) } {
        0 => Ok(()),
        _ => match io::Error::last_os_error() {
            error if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // Some file systems have no mknod; if the reason is another, this fails too.
            _ => make_by_opening(path),
        },
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) use make_by_opening as create_new_private;

pub(crate) fn make_by_opening(path: &Path) -> io::Result<()> {
    let mut create = fs::OpenOptions::new();
    create.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut create, 0o600);
    create.open(path).map(drop)
}
