//! The file under a connection: making it, naming it to SQLite, and noticing
//! when it is no longer the one that was opened.

use std::fs;
use std::path::{Path, PathBuf};

use super::raw;
use crate::model::error::{Error, Result};
use crate::model::location::Location;

/// The file as it was when it was opened, and the WAL beside it: while a
/// connection to the file is open nobody has a right to remove that.
pub(super) struct File {
    pub(super) path: PathBuf,
    identity: Option<Identity>,
    wal: PathBuf,
    wal_identity: Option<Identity>,
}

/// What tells one file from another at the same path: device and inode.
#[derive(PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    /// By `stat`, never by opening the file: closing it again would drop the
    /// POSIX locks that SQLite holds on it (<https://sqlite.org/howtocorrupt.html>).
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|_| Self(0, 0))
    }
}

impl File {
    /// What is at `path` now.
    pub(super) fn of(path: PathBuf) -> Self {
        let mut wal = path.clone().into_os_string();
        wal.push("-wal");
        Self {
            identity: Identity::of(&path),
            path,
            wal: wal.into(),
            wal_identity: None,
        }
    }

    /// Notes the WAL that stands beside the file, now that it is open.
    pub(super) fn note_wal(&mut self) {
        self.wal_identity = Identity::of(&self.wal);
    }

    /// Whether commits stand in the WAL.
    pub(super) fn has_wal(&self) -> bool {
        fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > 0)
    }

    /// Whether the paths still lead to the file that was opened and to its WAL:
    /// a write that went to an unlinked file must not be acknowledged.
    pub(super) fn check(&self) -> Result<()> {
        let replaced = |path: &PathBuf| {
            let location = Location::new(path);
            Err(Error::FileReplaced { location })
        };
        if Identity::of(&self.path) != self.identity {
            return replaced(&self.path);
        }
        if self.wal_identity.is_some() && Identity::of(&self.wal) != self.wal_identity {
            return replaced(&self.wal);
        }
        Ok(())
    }
}

/// Makes what can be opened of what is at `path`; its absolute path.
pub(super) fn prepare(path: &Path, read_only: bool, create: bool) -> Result<PathBuf> {
    let failed = |error: std::io::Error| cannot_open(path, error.to_string());
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(cannot_open(path, "it is not a file".to_owned()));
        }
        Ok(found) if found.len() == 0 && !read_only => make_private(path),
        // SQLite takes a file of one byte for an empty one, and writes over it; no
        // database is shorter than its header of 100 bytes.
        Ok(found) if (1..100).contains(&found.len()) => {
            return Err(raw::not_a_database(Location::new(path)));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && create && !read_only => {
            raw::create_private(path).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    fs::canonicalize(path).map_err(failed)
}

fn cannot_open(path: &Path, reason: String) -> Error {
    Error::CannotOpen {
        location: Location::new(path),
        reason,
        code: None,
    }
}

/// The path as a URI, every byte but the plainest escaped, so that no path is
/// ever taken for a URI of the caller's (or for `:memory:`).
pub(super) fn uri(path: &Path, read_only: bool) -> Result<String> {
    let absolute =
        std::path::absolute(path).map_err(|error| cannot_open(path, error.to_string()))?;
    // The empty host name keeps a second slash in front from being read as one.
    let mut uri = String::from(if absolute.starts_with("/") {
        "file://"
    } else {
        "file:"
    });
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str(if read_only { "?mode=ro" } else { "?mode=rw" });
    Ok(uri)
}

/// Makes an empty file, which will be a new store, as private as one that we
/// create. Where it is another user's it stays as that user has made it.
fn make_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    }
    #[cfg(not(unix))]
    let _ = path;
}
