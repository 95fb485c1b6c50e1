//! A file that gets its name once it is complete.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

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
        let file = hidden(folder(path)).map_err(|error| failure(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
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
    pub(crate) fn finish(mut self) -> Result<u64, Failure> {
        let mut finish = || {
            self.file.flush()?;
            self.file.as_file().sync_all()?;
            Ok(self.file.as_file().metadata()?.len())
        };
        let bytes = finish().map_err(|error| failure(&self.path, error))?;
        let named = match self.force {
            true => self.file.persist(&self.path),
            false => self.file.persist_noclobber(&self.path),
        };
        let named = named.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => error.error,
        });
        named
            .and_then(|_| sync_folder(folder(&self.path)))
            .map_err(|error| failure(&self.path, error))?;
        Ok(bytes)
    }
}

/// Checks that there may be a new file at `path`: none exists there, or `force` is `true` and it
/// is not the store `db`.
pub(crate) fn check(path: &Path, force: bool, db: &Path) -> Result<(), Failure> {
    let is_store = || Some(fs::canonicalize(path).ok()? == fs::canonicalize(db).ok()?);
    let fault = if path.is_dir() {
        io::ErrorKind::IsADirectory.into()
    } else if is_store() == Some(true) {
        io::Error::other("it is the store itself")
    } else if !force && path.symlink_metadata().is_ok() {
        exists()
    } else {
        return Ok(());
    };
    Err(failure(path, fault))
}

/// Returns a hidden file with the permissions that a program's files usually have.
fn hidden(folder: &Path) -> io::Result<NamedTempFile> {
    let mut hidden = tempfile::Builder::new();
    hidden.prefix(".satori-store.partial-");
    #[cfg(unix)]
    {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        // The process's umask takes from these.
        hidden.permissions(Permissions::from_mode(0o666));
    }
    hidden.tempfile_in(folder)
}

/// Returns the folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Has the disk keep the names in a folder.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn exists() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "it already exists; --force writes over it",
    )
}

fn failure(path: &Path, error: io::Error) -> Failure {
    Failure::Write {
        file: path.display().to_string(),
        error,
    }
}
