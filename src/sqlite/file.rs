//! The file of a connection: making it, naming it to SQLite, and noticing that it is no
//! longer the one that was opened.

use std::fs;
use std::path::{Path, PathBuf};

use super::raw;
use crate::model::error::{Error, Result};
use crate::model::location::Location;

/// The file as it was when it was opened, and the WAL beside it, which nobody may remove
/// while a connection to the file is open.
pub(super) struct File {
    pub(super) path: PathBuf,
    identity: Option<Identity>,
    wal: PathBuf,
    wal_identity: Option<Identity>,
}

/// Device and inode, by which a file differs from another at the same path.
#[derive(PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    /// Returns the identity of the file at `path`. It uses `stat` and never opens the file:
    /// closing it again would drop the POSIX locks that SQLite holds on it
    /// (<https://sqlite.org/howtocorrupt.html>).
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
    /// Returns the file that is at `path` now.
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

    /// Notes the WAL that is beside the file, now that the file is open.
    pub(super) fn note_wal(&mut self) {
        self.wal_identity = Identity::of(&self.wal);
    }

    /// Returns `true` if the WAL may hold commits.
    pub(super) fn has_wal(&self) -> bool {
        holds_bytes(&self.wal)
    }

    /// Returns `true` if the file beside this one that a rollback needs holds something.
    pub(super) fn has_journal(&self) -> bool {
        let mut journal = self.path.clone().into_os_string();
        journal.push("-journal");
        holds_bytes(Path::new(&journal))
    }

    /// Checks that the paths still lead to the file that was opened and to its WAL: a
    /// write to an unlinked file must not be acknowledged.
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

fn holds_bytes(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

/// How SQLite opens a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// To read and write.
    Write,
    /// To read, beside others that may write.
    Read,
    /// To read as if nobody could write: without a lock, and without a file beside it.
    Immutable,
}

/// Prepares the file at `path` for opening, and returns its absolute path. A missing file is
/// created if `create` is set; what can't be a database is refused.
pub(super) fn prepare(path: &Path, read_only: bool, create: bool) -> Result<PathBuf> {
    let failed = |error: std::io::Error| cannot_open(path, error.to_string());
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(cannot_open(path, "it is not a file".to_owned()));
        }
        Ok(found) if found.len() == 0 && !read_only => make_private(path),
        // SQLite takes a file of one byte for an empty one and overwrites it. No database
        // is shorter than its header of 100 bytes.
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

/// Returns the path as a URI. Every byte is escaped except letters, digits and `/-_.`, so
/// that SQLite takes no path for a URI of its own or for `:memory:`.
pub(super) fn uri(path: &Path, mode: Mode) -> Result<String> {
    let absolute =
        std::path::absolute(path).map_err(|error| cannot_open(path, error.to_string()))?;
    // With an empty host name SQLite doesn't read one out of a path that begins with `//`.
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
    uri.push_str(match mode {
        Mode::Write => "?mode=rw",
        Mode::Read => "?mode=ro",
        Mode::Immutable => "?mode=ro&immutable=1",
    });
    Ok(uri)
}

/// Makes an empty file, which becomes a new store, readable by its owner only. Another
/// user's file keeps its permissions.
fn make_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    }
    #[cfg(not(unix))]
    let _ = path;
}
