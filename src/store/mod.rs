//! The store: the handle, and how each operation runs on its connection. The
//! operations themselves are in the files of this module, by their noun.

pub(crate) mod iter;
mod json;
mod observations;
mod streams;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub use streams::{Remove, Removed};

use crate::model::error::{Error, Result};
use crate::model::options::OpenOptions;
use crate::model::stream::Stream;
use crate::model::uuid::StreamUuid;
use crate::process::id::process_id;
use crate::process::in_flight::Call;
use crate::sqlite::connection::Connection;
use crate::sqlite::table::Table;

/// A store: one `engine.db`, open.
///
/// # Threads and processes
/// A store may be shared between threads, and cloning it is cheap: the clones
/// are one handle. Calls take their turn on its one connection; open the file
/// again for reads that must not wait for writes. Any number of processes may
/// have the file open, installed engines among them.
///
/// After `fork`, the child's use of a store opened by the parent is
/// [`Error::Forked`]; it opens the file again.
///
/// # Errors that any call can return
/// [`Error::Busy`] where another writer held the lock too long,
/// [`Error::Corrupt`], [`Error::DiskFull`] and [`Error::Sqlite`] as SQLite finds
/// them, [`Error::Forked`] and [`Error::Poisoned`]; a call that writes also
/// [`Error::ReadOnly`] and [`Error::FileReplaced`]. The methods name what else
/// there is.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    connection: Mutex<Option<Connection>>,
    process: u32,
}

/// What is open, and by which process: a forked child inherits its parent's.
static OPEN: Mutex<Vec<(u32, Weak<Shared>)>> = Mutex::new(Vec::new());

/// Before a forked child opens a file, it closes what it has inherited. SQLite
/// counts locks in memory, so the child would take no lock of its own on a file
/// that the parent has open, and lose its rows when the parent closes it.
fn let_go_of_inherited(path: &Path, call: &Call) -> Result<()> {
    if call.is_interrupted() {
        return Err(Error::CannotOpen {
            path: path.to_owned(),
            reason: "this process was forked while another thread used a store: it can open \
                     one after exec() only"
                .to_owned(),
            sqlite_code: None,
        });
    }
    let process = process_id();
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let inherited = open.iter().filter(|(opener, _)| *opener != process);
    for shared in inherited.filter_map(|(_, shared)| shared.upgrade()) {
        let connection = shared.connection.lock();
        let mut connection = connection.unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connection.take() {
            connection.let_go();
        }
    }
    Ok(())
}

impl Store {
    /// Opens the store at `path` with the default [`OpenOptions`].
    ///
    /// | found | done |
    /// |---|---|
    /// | no file, or an empty one | a new store, permissions 0600 |
    /// | observation tables alone | `streams` added; no observation changed |
    /// | `streams` with the seed's nine columns | missing columns and indexes added |
    /// | `streams` with `author` and `target` | adopted as it is |
    /// | a store from a later release | refused, unless opened read-only |
    /// | `streams` of another shape, a damaged file, no database | refused, left as it is |
    ///
    /// A file that is taken over for the first time is read through once to see
    /// that it is sound.
    ///
    /// # Errors
    /// [`Error::CannotOpen`], [`Error::NotADatabase`], [`Error::Corrupt`],
    /// [`Error::LaterRelease`], [`Error::SchemaMismatch`]. In each of these cases
    /// not one byte of the file has changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().open(path)
    }

    /// Opens a store that lives in memory and is gone with the last handle.
    ///
    /// # Errors
    /// [`Error::Sqlite`] where there is no memory.
    pub fn open_in_memory() -> Result<Self> {
        OpenOptions::new().open_in_memory()
    }

    pub(crate) fn open_file(path: &Path, options: &OpenOptions) -> Result<Self> {
        let call = Call::begin();
        let_go_of_inherited(path, &call)?;
        Connection::open(path, options).map(Self::new)
    }

    pub(crate) fn open_memory(options: &OpenOptions) -> Result<Self> {
        Connection::open_in_memory(options).map(Self::new)
    }

    fn new(connection: Connection) -> Self {
        let process = process_id();
        let shared = Arc::new(Shared {
            connection: Mutex::new(Some(connection)),
            process,
        });
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, shared)| shared.strong_count() > 0);
        open.push((process, Arc::downgrade(&shared)));
        Self { shared }
    }

    /// Runs `work` on the connection, alone.
    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        if self.shared.process != process_id() {
            return Err(Error::Forked);
        }
        let _call = Call::begin();
        let mut guard = self.shared.connection.lock().map_err(|_| Error::Poisoned)?;
        let connection = guard.as_mut().ok_or(Error::Poisoned)?;
        work(connection).map_err(|error| connection.located(error))
    }

    /// Runs `work` in an immediate transaction.
    fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.run(|connection| connection.write(work))
    }

    /// Runs `work` on the stream's table.
    ///
    /// A stream that has metadata but no table has no rows: the default.
    fn on_table<T: Default>(
        &self,
        stream: &StreamUuid,
        work: impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<T> {
        self.run(|connection| on_table(connection, stream, work))
    }
}

fn on_table<T: Default>(
    connection: &mut Connection,
    stream: &StreamUuid,
    work: impl FnMut(&mut Table) -> Result<T>,
) -> Result<T> {
    if let Some(done) = connection.tables().with(stream, work)? {
        return Ok(done);
    }
    find(connection, stream).map(|_| T::default())
}

fn find(connection: &mut Connection, uuid: &StreamUuid) -> Result<Stream> {
    connection
        .stream(uuid)?
        .ok_or_else(|| Error::StreamNotFound {
            stream: uuid.to_string(),
        })
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let call = Call::begin();
        let connection = self.connection.get_mut();
        let Some(connection) = connection.unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        if self.process == process_id() {
            drop(connection);
        } else if call.is_interrupted() {
            std::mem::forget(connection);
        } else {
            // In a forked child the connection is the parent's still: closing it as
            // usual could checkpoint and unlink the WAL under the parent's feet.
            connection.let_go();
        }
    }
}
