//! The store: the handle, and how each operation runs on its connection. The files of
//! this folder hold the operations, by their noun.

pub(crate) mod align;
mod backup;
pub(crate) mod changes;
mod check;
mod connection;
mod copying;
mod digest;
mod ends;
mod insert;
mod interrupt;
pub(crate) mod iter;
mod json;
mod observations;
mod open;
mod quarantine;
pub(crate) mod resample;
mod retain;
mod shared;
mod streams;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use self::connection::Connection;
use self::shared::{Ongoing, Shared};
use crate::backend::{Backend, Found};
use crate::model::error::{Error, Result};
use crate::model::stream::Stream;
use crate::model::uuid::StreamUuid;
use crate::process::id::process_id;
use crate::process::in_flight::Call;

/// An open store: one `engine.db`, or tables in a PostgreSQL database
/// ([`connect`](Self::connect)).
///
/// # Threads and processes
/// A store may be shared between threads, and cloning it is cheap: the clones
/// are one handle. Calls take turns on its one connection; open the file
/// again for reads that must not wait for writes. Any number of processes may
/// have the file open, installed engines among them.
///
/// After `fork`, a child that uses a store opened by its parent gets
/// [`Error::Forked`]; it must open the file again.
///
/// # Errors that any call can return
/// [`Error::Busy`] if another writer held the lock too long (a write that turns out to have
/// nothing to do waits for no lock; an upsert always writes),
/// [`Error::Corrupt`], [`Error::DiskFull`] and [`Error::Database`] as the database finds
/// them, [`Error::Interrupted`] if [`interrupt`](Self::interrupt) ends it,
/// [`Error::Forked`] and [`Error::Poisoned`]; a call that reads
/// [without a lock](crate::OpenOptions::read_only) those of opening; a call that writes also
/// [`Error::ReadOnly`] and [`Error::FileReplaced`]. On a server also
/// `Error::ConnectionLost`, and a call that writes `Error::UnknownOutcome`; what a server
/// has no means for is `Error::Unsupported`. Each method names its others.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// The call of which the calls on this handle are parts.
    part_of: Option<Ongoing>,
    /// The data of all streams was found to be sound. See
    /// [`with_data_checked`](Self::with_data_checked).
    is_data_checked: bool,
}

impl Store {
    fn new(connection: Connection) -> Self {
        Self {
            shared: Shared::new(connection),
            part_of: None,
            is_data_checked: false,
        }
    }

    /// Runs `work` on the connection, while no other call does.
    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        if self.shared.process != process_id() {
            return Err(Error::Forked);
        }
        let _call = Call::begin();
        let interrupts = &self.shared.interrupts;
        let (interrupts, began) = match &self.part_of {
            Some(ongoing) => (&ongoing.interrupts, ongoing.began),
            None => (interrupts, interrupts.load(Ordering::Relaxed)),
        };
        let mut guard = self.shared.connection.lock().map_err(|_| Error::Poisoned)?;
        let connection = guard.as_mut().ok_or(Error::Poisoned)?;
        let done = connection.refresh().and_then(|()| {
            connection.begin_call(interrupts, began)?;
            let done = work(connection);
            // What the call has made of a file that was changed under it counts for nothing,
            // an error neither.
            connection.check_unchanged().and(done)
        });
        done.map_err(|error| connection.located(error))
    }

    /// Runs `work` in a transaction that writes.
    fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.run(|connection| connection.write(work))
    }

    /// Runs `work`, which turned out to have nothing to write, without waiting for the
    /// write lock.
    fn write_nothing<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.run(|connection| {
            connection.check_writable()?;
            work(connection)
        })
    }

    /// Runs `work` in a transaction that writes, unless `nothing` finds out that there is
    /// nothing to write: then it returns what `nothing` has found, and waits for nobody.
    fn write_unless<T>(
        &self,
        nothing: impl FnOnce(&mut Connection) -> Result<Option<T>>,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        self.run(|connection| {
            connection.check_writable()?;
            match connection.read(nothing)? {
                Some(found) => Ok(found),
                None => connection.write(work),
            }
        })
    }

    /// Runs `work` on the stream's data. A stream that has metadata but no data gives the
    /// default, one that has neither `StreamNotFound`.
    fn find<T: Default>(
        &self,
        uuid: &StreamUuid,
        work: impl FnOnce(&mut Connection) -> Found<T>,
    ) -> Result<T> {
        self.run(|connection| {
            let found = work(connection)?;
            or_default(connection, uuid, found)
        })
    }
}

/// Returns what was found in a stream's data. A stream that has metadata but no data gives
/// the default, one that has neither `StreamNotFound`.
fn or_default<T: Default>(
    connection: &mut Connection,
    uuid: &StreamUuid,
    found: Option<T>,
) -> Result<T> {
    match found {
        Some(found) => Ok(found),
        None => metadata_of(connection, uuid).map(|_| T::default()),
    }
}

/// Returns the metadata of a stream, or `StreamNotFound` if it has none.
fn metadata_of(connection: &mut Connection, uuid: &StreamUuid) -> Result<Stream> {
    connection
        .stream(uuid)?
        .ok_or_else(|| Error::StreamNotFound {
            stream: uuid.shown(),
        })
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
