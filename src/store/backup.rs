//! The whole file: backing it up, and compacting it.

use std::path::Path;

use super::Store;
use super::open::file_at;
use crate::backend::Backend;
use crate::model::error::Result;
use crate::model::report::Compacted;

impl Store {
    /// Copies the store, as it is at one moment, into a new file at `to`, and returns the
    /// file's size in bytes. It is the way to copy a store: `engine.db` by itself lacks what
    /// is still in the `-wal` beside it, which may be whole streams.
    ///
    /// Others may read and write meanwhile, this store's other threads among them: the copy
    /// is read through a connection of its own (a store in memory has only one). All that
    /// was committed when it began is in it, and nothing that was committed later. While it
    /// is read, the `-wal` grows by what others write; where a file system has no WAL,
    /// writers wait.
    ///
    /// The copy is made beside `to` as the hidden file `.satori-backup.partial-` and numbers,
    /// checked for damage, and synced to the disk before it gets its name. So a file of that
    /// name is whole; if the process is killed, the hidden file is left and can be removed.
    /// The copy can be read by its owner only (mode 0600).
    ///
    /// To restore one is the same the other way round: open the backup read-only, and back it
    /// up to the place where the store was.
    ///
    /// ```
    /// # use satori_store::{NewObservation, OpenOptions, Store, StreamUuid, Timestamp};
    /// # let folder = tempfile::tempdir()?;
    /// # let (path, backup) = (folder.path().join("engine.db"), folder.path().join("backup.db"));
    /// # let restored = folder.path().join("restored.db");
    /// let store = Store::open(&path)?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// # store.insert(&uuid, &NewObservation::new(Timestamp::now(), 1.5))?;
    /// store.backup(&backup)?;
    /// OpenOptions::new().read_only(true).open(&backup)?.backup(&restored)?;
    /// # assert_eq!(Store::open(&restored)?.latest(&uuid)?, store.latest(&uuid)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::CannotOpen`](crate::Error::CannotOpen), with its location, if `to`, or a `-wal`,
    /// `-shm` or `-journal` beside it, already exists (nothing is overwritten; where a file
    /// system has no hard links, a file that is made at the same moment may be), if its name
    /// ends in one of these, or if it can't be made;
    /// [`Error::DiskFull`](crate::Error::DiskFull) if there is no room for the copy;
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the store is damaged;
    /// [`Error::FileReplaced`](crate::Error::FileReplaced); and those of opening the store, as
    /// it is opened once more to be read. In each of these cases the call makes no file of
    /// that name. `Error::Unsupported` on a server: use its own
    /// backups.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<u64> {
        let to = to.as_ref();
        file_at(to)?;
        let call = self.as_one_call();
        match call.run(|connection| connection.beside())? {
            Some((path, options)) => {
                let beside = options.open(path)?.within(&call);
                beside.run(|beside| beside.back_up(to))
            }
            None => call.run(|connection| connection.back_up(to)),
        }
    }

    /// Rebuilds the file without the room that deleted rows and removed streams have left in
    /// it, and returns how large it was and is. What the store holds stays as it is. Without
    /// it that room is used for new rows, and the file doesn't shrink.
    ///
    /// It takes the write lock, and as much room on the disk once more, while it runs; others
    /// may read meanwhile. If the process is killed or the power goes, the file is as it was,
    /// or compacted.
    ///
    /// # Errors
    /// [`Error::DiskFull`](crate::Error::DiskFull) if there is no room for the copy; then the
    /// file is as it was. `Error::Unsupported` on a server, which
    /// uses the room again by itself.
    pub fn compact(&self) -> Result<Compacted> {
        self.run(Backend::compact)
    }
}
