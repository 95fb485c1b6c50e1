//! The files that a connection holds open: noticing that their paths lead elsewhere.
//!
//! Nothing here opens a file: closing it again would drop the POSIX locks that SQLite holds
//! on it (<https://sqlite.org/howtocorrupt.html>).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use libsqlite3_sys as ffi;

use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::location::Location;

/// What the connections of this process hold. SQLite maps the `-shm` of a file once for all
/// of them, so a second connection gets that of the first, whatever is at the path by then.
static HELD: Mutex<Vec<Weak<Held>>> = Mutex::new(Vec::new());

/// The files that a connection holds open.
pub(super) struct Held {
    /// The database, its `-wal` and its `-shm`; where there is no WAL, the database alone.
    files: Vec<(PathBuf, Identity)>,
    folder: PathBuf,
    /// The folder when all files were last seen to be in it.
    seen: Mutex<Option<Folder>>,
}

/// Device and inode, by which a file differs from another at the same path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(found: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(found.dev(), found.ino())
    }

    #[cfg(not(unix))]
    pub(super) fn of(_found: &fs::Metadata) -> Self {
        Self(0, 0)
    }
}

impl Held {
    /// Notes which files are at the paths of a database and of what lies beside it, which a
    /// connection has just opened.
    ///
    /// # Errors
    /// `FileReplaced` if one is missing, or is not the one that this process holds.
    pub(super) fn note(path: &Path, beside: &[&Path]) -> Result<Arc<Self>> {
        let mut files = Vec::new();
        for path in [&[path], beside].concat() {
            let identity = identity(path)?.ok_or_else(|| replaced(path))?;
            files.push((path.to_owned(), identity));
        }
        let noted = Arc::new(Self {
            files,
            folder: path.parent().unwrap_or(path).to_owned(),
            seen: Mutex::new(None),
        });
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|held| held.strong_count() > 0);
        for other in held.iter().filter_map(Weak::upgrade) {
            if let Some(path) = noted.conflict(&other) {
                return Err(replaced(path));
            }
        }
        held.push(Arc::downgrade(&noted));
        Ok(noted)
    }

    /// Returns the first file that differs from what another connection to the same
    /// database holds.
    fn conflict(&self, other: &Self) -> Option<&Path> {
        let mut pairs = self.files.iter().zip(&other.files);
        let ((_, ours), (_, theirs)) = pairs.next()?;
        let differing = pairs.find(|((_, ours), (_, theirs))| ours != theirs);
        differing
            .filter(|_| ours == theirs)
            .map(|((path, _), _)| path.as_path())
    }

    /// Checks that the paths still lead to the files.
    ///
    /// A folder changes whenever a file in it is removed, renamed or replaced. So one look
    /// at the folder takes the place of three, as long as it is as it was.
    ///
    /// # Errors
    /// `FileReplaced`, naming the file; `Database` if the system can't say.
    pub(super) fn check(&self) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = Folder::at(&self.folder)?;
        if folder.is_some() && *seen == folder {
            return Ok(());
        }
        *seen = None;
        for (path, opened) in &self.files {
            if identity(path)?.as_ref() != Some(opened) {
                return Err(replaced(path));
            }
        }
        *seen = folder.filter(|folder| is_at_rest(folder.changed));
        Ok(())
    }
}

/// Which folder it is, and when it last changed.
#[derive(PartialEq, Eq)]
struct Folder {
    identity: Identity,
    changed: Duration,
}

impl Folder {
    /// Looks at the folder; `None` if it is gone, or the system doesn't say when it changed.
    #[cfg(unix)]
    fn at(path: &Path) -> Result<Option<Self>> {
        Ok(metadata(path)?.and_then(|found| {
            Some(Self {
                identity: Identity::of(&found),
                changed: changed(&found)?,
            })
        }))
    }

    #[cfg(not(unix))]
    fn at(_path: &Path) -> Result<Option<Self>> {
        Ok(None)
    }
}

/// Returns when a file last changed; `None` if the system doesn't say.
pub(super) fn changed(found: &fs::Metadata) -> Option<Duration> {
    // Not the time of modification, which a program may set.
    #[cfg(unix)]
    return {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(found.ctime()).ok()?;
        let nanoseconds = u32::try_from(found.ctime_nsec()).ok()?;
        Some(Duration::new(seconds, nanoseconds))
    };
    #[cfg(not(unix))]
    return found
        .modified()
        .ok()?
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok();
}

/// Returns `true` if a change at this time is so long ago that the next will have another
/// time. File systems count in steps, of 2 seconds at most.
pub(super) fn is_at_rest(changed: Duration) -> bool {
    let step = match changed.subsec_nanos() {
        0 => Duration::from_secs(3),
        _ => Duration::from_millis(100),
    };
    let changed = SystemTime::UNIX_EPOCH + changed;
    changed.elapsed().is_ok_and(|passed| passed > step)
}

/// Returns the identity of the file at `path`; `None` if there is none.
fn identity(path: &Path) -> Result<Option<Identity>> {
    Ok(metadata(path)?.as_ref().map(Identity::of))
}

/// Asks the system about what is at `path`; returns `None` if nothing is.
pub(super) fn metadata(path: &Path) -> Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(cannot_look(path, &error)),
    }
}

fn cannot_look(path: &Path, error: &io::Error) -> Error {
    let location = Location::new(path);
    Error::Database {
        code: DatabaseCode::Number(ffi::SQLITE_IOERR_FSTAT),
        message: format!(
            "cannot see whether {location} still is the file that was opened: {error}; what was \
             written may be stored, so repeat it once the system can say"
        ),
    }
}

fn replaced(path: &Path) -> Error {
    Error::FileReplaced {
        location: Location::new(path),
    }
}
