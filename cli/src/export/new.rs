//! New files and folders, which get their name once they are complete and on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::failure::Failure;

/// What the name of an incomplete file or folder begins with.
const PARTIAL: &str = ".satori-export.partial-";

/// A file that is being written, under another name beside its own. Dropping it removes it.
pub(super) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    /// Begins a file. With `force`, it takes the place of one that exists.
    pub(super) fn create(path: &Path, force: bool) -> Result<Self, Failure> {
        if !force && path.symlink_metadata().is_ok() {
            return Err(exists(path, false));
        }
        let mut builder = Builder::new();
        builder.prefix(PARTIAL);
        #[cfg(unix)]
        builder.permissions(permissions(0o666));
        let file = builder.tempfile_in(parent(path));
        Ok(Self {
            file: file.map_err(|error| failure(path, error))?,
            path: path.to_owned(),
            force,
        })
    }

    pub(super) fn as_file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the file its name, when it is on the disk.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self { file, path, force } = self;
        let failed = |error| failure(&path, error);
        file.as_file().sync_all().map_err(failed)?;
        let named = match force {
            true => file.persist(&path),
            false => file.persist_noclobber(&path),
        };
        named.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists if !force => exists(&path, false),
            _ => failed(error.error),
        })?;
        sync_folder(parent(&path)).map_err(failed)
    }
}

/// A folder that is being filled, under another name beside its own. Dropping it removes it.
pub(super) struct NewFolder {
    folder: TempDir,
    path: PathBuf,
}

impl NewFolder {
    /// Begins a folder. It takes the place of an empty one.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let failed = |error| failure(path, error);
        match fs::read_dir(path) {
            Ok(mut files) => match files.next() {
                None => {}
                Some(_) => return Err(exists(path, true)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut builder = Builder::new();
        builder.prefix(PARTIAL);
        #[cfg(unix)]
        builder.permissions(permissions(0o777));
        let folder = builder.tempdir_in(parent(path)).map_err(failed)?;
        Ok(Self {
            folder,
            path: path.to_owned(),
        })
    }

    /// Creates a file in the folder.
    pub(super) fn file(&self, name: &str) -> Result<File, Failure> {
        let created = File::create_new(self.folder.path().join(name));
        created.map_err(|error| self.failure(name, error))
    }

    /// Creates a file, has `write` write it, and waits until it is on the disk.
    pub(super) fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut file = self.file(name)?;
        let written = write(&mut file).and_then(|()| file.sync_all());
        written.map_err(|error| self.failure(name, error))
    }

    /// Removes a file of the folder.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        let removed = fs::remove_file(self.folder.path().join(name));
        removed.map_err(|error| self.failure(name, error))
    }

    /// Gives the folder its name.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let failed = |error| failure(&self.path, error);
        sync_folder(self.folder.path()).map_err(failed)?;
        fs::rename(self.folder.path(), &self.path).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => exists(&self.path, true),
            _ => failed(error),
        })?;
        self.folder.disable_cleanup(true);
        sync_folder(parent(&self.path)).map_err(|error| failure(&self.path, error))
    }

    fn failure(&self, name: &str, error: io::Error) -> Failure {
        failure(&self.path.join(name), error)
    }
}

/// Returns `true` if the path is that of the store, or of what SQLite keeps beside it: a file
/// there would be taken for what was written last.
pub(super) fn is_of_store(path: &Path, db: &Path) -> bool {
    let whole = |path: &Path| {
        // There may be no file yet.
        fs::canonicalize(path).or_else(|_| {
            let folder = fs::canonicalize(parent(path))?;
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

/// Returns the folder in which a file or a folder is.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Waits until the names in a folder are on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns the permissions of what users make, from which the system takes those of the umask.
#[cfg(unix)]
fn permissions(mode: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(mode)
}

fn exists(path: &Path, is_folder: bool) -> Failure {
    Failure::Exists {
        file: path.display().to_string(),
        is_folder,
    }
}

fn failure(path: &Path, error: io::Error) -> Failure {
    Failure::Write {
        file: path.display().to_string(),
        error,
    }
}
