//! A file that gets its name once it is complete and on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use satori_store::Location;
use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;
use crate::text;

/// What the name of an incomplete file or folder begins with.
const PARTIAL: &str = ".satori-store.partial-";

/// A new file, written under a hidden name in the folder of its own. If it is dropped, nothing
/// is left of it; if the process is killed, the hidden file is.
pub(crate) struct NewFile {
    path: PathBuf,
    file: NamedTempFile,
    force: bool,
}

impl NewFile {
    /// Begins a file, which [`check`] must let pass.
    pub(crate) fn begin(path: &Path, force: bool, db: &Path) -> Result<Self, Failure> {
        check(path, force, db)?;
        let file = hidden(0o666).tempfile_in(folder(path));
        Ok(Self {
            path: path.to_owned(),
            file: file.map_err(|error| failure(path, error))?,
            force,
        })
    }

    /// Returns the file, for writing.
    pub(crate) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Returns what to make of an error while the file is written.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        failure(&self.path, error)
    }

    /// Gives the file its name, when it is on the disk. Returns its bytes.
    pub(crate) fn finish(self) -> Result<u64, Failure> {
        let Self { path, file, force } = self;
        let failed = |error| failure(&path, error);
        let synced = file.as_file().sync_all();
        let bytes = synced.and_then(|()| Ok(file.as_file().metadata()?.len()));
        let bytes = bytes.map_err(failed)?;
        let named = match force {
            true => file.persist(&path),
            false => file.persist_noclobber(&path),
        };
        named.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists if !force => exists(&path, false),
            _ => failed(error.error),
        })?;
        sync_folder(folder(&path)).map_err(failed)?;
        Ok(bytes)
    }
}

/// Checks that there may be a new file at `path`: none exists there, or `force` is `true`, and
/// what exists is a file, and neither the store `db` nor what SQLite keeps beside it.
pub(crate) fn check(path: &Path, force: bool, db: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(failure(path, io::ErrorKind::IsADirectory.into()));
    }
    check_is_not_of_store(path, db)?;
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) if !force => Err(exists(path, false)),
        // The new file would take the place of a link or a device, not write through it.
        Ok(found) if !found.is_file() => {
            let error = io::Error::other("it is a link, a device or a pipe, not a file");
            Err(failure(path, error))
        }
        Ok(_) => Ok(()),
    }
}

/// Checks that the path is neither a URL nor that of the store `db` nor of what SQLite keeps
/// beside it.
pub(crate) fn check_is_not_of_store(path: &Path, db: &Path) -> Result<(), Failure> {
    if Location::from(path).path().is_none() {
        let error = io::Error::other("it is a URL, not the path of a file");
        return Err(failure(path, error));
    }
    match is_of_store(path, db) {
        true => {
            let error = io::Error::other("it is the store itself, or belongs to it");
            Err(failure(path, error))
        }
        false => Ok(()),
    }
}

/// Returns `true` if the path is that of the store, or of what SQLite keeps beside it: a file
/// there would be taken for what was written last.
fn is_of_store(path: &Path, db: &Path) -> bool {
    let whole = |path: &Path| {
        // There may be no file yet.
        fs::canonicalize(path).or_else(|_| {
            let folder = fs::canonicalize(folder(path))?;
            Ok::<_, io::Error>(folder.join(path.file_name().unwrap_or_default()))
        })
    };
    let (Ok(path), Ok(db)) = (whole(path), whole(db)) else {
        return false;
    };
    let db = db.into_os_string();
    ["", "-wal", "-shm", "-journal"].into_iter().any(|ending| {
        let mut file = db.clone();
        file.push(ending);
        path.as_os_str() == file
    })
}

/// Returns what makes a hidden file or folder of these permissions, from which the system takes
/// those of the umask.
pub(crate) fn hidden(mode: u32) -> Builder<'static, 'static> {
    let mut hidden = Builder::new();
    hidden.prefix(PARTIAL);
    #[cfg(unix)]
    hidden.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    hidden
}

/// Returns the folder in which a file or a folder is.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Waits until the names in a folder are on the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Returns the failure of a file, or of a folder that holds something, in the place of a new one.
pub(crate) fn exists(path: &Path, is_folder: bool) -> Failure {
    Failure::Exists {
        file: text::place(path),
        is_folder,
    }
}

/// Returns the failure of a file or folder that can't be written.
pub(crate) fn failure(path: &Path, error: io::Error) -> Failure {
    Failure::Write {
        file: text::place(path),
        error,
    }
}
