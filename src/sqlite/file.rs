//! The file of a connection: making it, naming it to SQLite, and what lies beside it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::held::Held;
use super::raw;
use crate::model::error::{Error, Result};
use crate::model::location::Location;

/// Why a file can't be written that may be read.
pub(super) const NO_PERMISSION: &str = "no permission to write the file; open it read-only";

/// The length of a WAL's header, which precedes its first frame. SQLite syncs it, and with it
/// the database that it has just made, before it writes a frame. So a power cut while a store
/// is made can leave a header beside an empty database, but no frame.
const WAL_HEADER: u64 = 32;

/// The file of a connection, as it was when it was opened.
pub(super) struct File {
    pub(super) path: PathBuf,
    wal: PathBuf,
    shm: PathBuf,
    held: Option<Arc<Held>>,
}

impl File {
    /// Returns the file at `path`, an absolute path.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            wal: beside(&path, "-wal"),
            shm: beside(&path, "-shm"),
            path,
            held: None,
        }
    }

    /// Returns the path of the WAL.
    pub(super) fn wal(&self) -> &Path {
        &self.wal
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Returns `true` if the WAL may hold commits.
    pub(super) fn has_wal(&self) -> bool {
        holds_bytes(&self.wal)
    }

    /// Returns `true` if the memory that programs share while they have the file open lies
    /// beside it.
    pub(super) fn has_shm(&self) -> bool {
        fs::metadata(&self.shm).is_ok()
    }

    /// Returns `true` if the file beside this one that a rollback needs holds something.
    pub(super) fn has_journal(&self) -> bool {
        holds_bytes(&beside(&self.path, "-journal"))
    }

    /// Returns why the file can't be read without a lock, as if nobody could write it; `None`
    /// if nothing speaks against it.
    pub(super) fn why_locked(&self) -> Option<String> {
        let (wal, shm) = (self.has_wal(), self.has_shm());
        if wal || shm {
            for (file, name) in [(&self.wal, "-wal"), (&self.shm, "-shm")] {
                if let Err(error) = raw::may_read(file)
                    && error.kind() == ErrorKind::PermissionDenied
                {
                    return Some(format!(
                        "its {name} may not be read, and a program that has the store open \
                         writes there first: give this user the right to read the database, its \
                         -wal and its -shm"
                    ));
                }
            }
        }
        if shm {
            return Some(
                "a -shm lies beside it, as while a program has the store open, and can't be \
                 used: open the store once for writing"
                    .to_owned(),
            );
        }
        let left = match (wal, self.has_journal()) {
            (false, false) => return None,
            (true, _) => "-wal",
            (false, true) => "-journal",
        };
        Some(format!(
            "its {left} file holds commits or a rollback that only a writable folder lets \
             SQLite read: copy both files to one, or make this one writable"
        ))
    }

    /// Returns `true` if this process has the rights to what SQLite locks the file by.
    pub(super) fn can_be_locked(&self) -> bool {
        let may_make = raw::may_write(self.folder()).is_ok();
        [&self.wal, &self.shm].into_iter().all(|file| {
            let asked = raw::may_read(file);
            asked.map_or_else(
                |error| may_make && error.kind() == ErrorKind::NotFound,
                |()| true,
            )
        })
    }

    /// Returns why the file can't be written; `None` if nothing speaks against it.
    pub(super) fn why_read_only(&self) -> Option<&'static str> {
        let of_file = raw::may_write(&self.path).err();
        let of_folder = raw::may_write(self.folder()).err();
        let on_read_only = |error: &io::Error| error.kind() == ErrorKind::ReadOnlyFilesystem;
        match (of_file, of_folder) {
            (None, None) => None,
            (Some(error), _) | (_, Some(error)) if on_read_only(&error) => {
                Some("it is on a file system that is read-only; open it read-only")
            }
            (Some(_), _) => Some(NO_PERMISSION),
            (None, Some(_)) => Some(
                "no permission to write its folder, where SQLite keeps its -wal; open it \
                 read-only",
            ),
        }
    }

    /// Notes which files are at the paths, now that the connection has opened them.
    ///
    /// # Errors
    /// `FileReplaced` if SQLite holds others.
    pub(super) fn note(&mut self, is_wal: bool) -> Result<()> {
        let beside: &[&Path] = match is_wal {
            true => &[&self.wal, &self.shm],
            false => &[],
        };
        self.held = Some(Held::note(&self.path, beside)?);
        Ok(())
    }

    /// Checks that the paths still lead to the files that were opened: what is written to a
    /// file that was removed is lost, and without the memory that they share two programs
    /// overwrite each other's commits.
    pub(super) fn check(&self) -> Result<()> {
        self.held.as_ref().map_or(Ok(()), |held| held.check())
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
        Ok(found) if found.len() == 0 => {
            check_no_wal(path)?;
            if !read_only {
                make_private(path);
            }
        }
        // SQLite takes a file of one byte for an empty one and overwrites it. No database
        // is shorter than its header of 100 bytes.
        Ok(found) if (1..100).contains(&found.len()) => {
            return Err(raw::not_a_database(Location::new(path)));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && create && !read_only => {
            check_no_wal(path)?;
            raw::create_private(path).map_err(|error| match raw::failed::is_no_room(&error) {
                true => raw::no_room(),
                false => failed(error),
            })?;
        }
        Err(error) => return Err(failed(error)),
    }
    fs::canonicalize(path).map_err(failed)
}

/// Returns `true` if there is no store at `path` yet, but one can be made there: there is an empty
/// file, or none and `create` is set. Nothing is written.
pub(super) fn is_vacant(path: &Path, create: bool) -> Result<bool> {
    let failed = |error: std::io::Error| cannot_open(path, error.to_string());
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == 0 => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && create => {
            let absolute = std::path::absolute(path).map_err(failed)?;
            let folder = absolute.parent().unwrap_or(&absolute);
            fs::metadata(folder).map_err(failed)?;
            raw::may_write(folder).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    check_no_wal(path)?;
    Ok(true)
}

/// Refuses a WAL with a frame beside a database that is missing or empty: SQLite would
/// delete it, and with it perhaps the only copy of the rows that were stored last.
fn check_no_wal(path: &Path) -> Result<()> {
    let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let database = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let wal = beside(&database, "-wal");
    // The database is looked at again: another process may just have made it.
    if length(&wal) <= WAL_HEADER || length(&database) > 0 {
        return Ok(());
    }
    Err(cannot_open(
        path,
        format!(
            "there is no database, but {} beside it holds what was written last to one; put the \
             database back, or move this file away to begin a new store",
            Location::new(&wal)
        ),
    ))
}

/// Returns the path of what SQLite keeps beside a database.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.to_owned().into_os_string();
    path.push(suffix);
    path.into()
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
