//! A folder that gets its name once it is complete and on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::failure::Failure;
use crate::new_file::{check_is_not_of_store, exists, failure, folder, hidden, sync_folder};

/// A folder that is being filled, under another name beside its own. Dropping it removes it.
pub(super) struct NewFolder {
    folder: TempDir,
    path: PathBuf,
}

impl NewFolder {
    /// Begins a folder. It takes the place of an empty one, but of nothing of the store `db`.
    pub(super) fn create(path: &Path, db: &Path) -> Result<Self, Failure> {
        check_is_not_of_store(path, db)?;
        let failed = |error| failure(path, error);
        match fs::read_dir(path) {
            Ok(mut files) => match files.next() {
                None => {}
                Some(_) => return Err(exists(path, true)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let folder = hidden(0o777).tempdir_in(folder(path)).map_err(failed)?;
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
        sync_folder(folder(&self.path)).map_err(|error| failure(&self.path, error))
    }

    fn failure(&self, name: &str, error: io::Error) -> Failure {
        failure(&self.path.join(name), error)
    }
}
