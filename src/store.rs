//! The store: every operation, each one transaction.

use std::fmt;
use std::ops::RangeBounds;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::columns::Columns;
use crate::connection::Connection;
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::ingest::{Batch, IngestOptions, IngestReport};
use crate::normalize::{self, Normalization};
use crate::observation::{self, InsertReport, Insertion, NewObservation, Observation};
use crate::observations::Observations;
use crate::options::OpenOptions;
use crate::read::{self, RowRef};
use crate::span::{Span, condition};
use crate::sqlite::Param;
use crate::statistics::{self, Statistics};
use crate::stream::{self, Stream, StreamPatch};
use crate::sync::{Streams, SyncReport};
use crate::table::Table;
use crate::time::Timestamp;
use crate::uuid::StreamUuid;
use crate::verify::{Verification, Verifier};

/// A store: one `engine.db`, open.
///
/// # Threads and processes
/// A store may be shared between threads, and cloning it is cheap: the clones
/// are one handle. Calls take their turn on its one connection; open the file
/// again for reads that must not wait for writes. Any number of processes may
/// have the file open, installed engines among them.
///
/// After `fork`, the child's use of a store opened by the parent is
/// [`Error::Forked`].
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

/// What [`Store::remove`] removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remove {
    /// The row in `streams`; the observations stay.
    Metadata,
    /// The observations, table and all; the metadata stays.
    Data,
    /// Both.
    Both,
}

/// What [`Store::remove`] has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Removed {
    /// Whether there was metadata, and it is gone.
    pub metadata: bool,
    /// How many observations went with their table; `None` where no table did.
    pub rows: Option<u64>,
}

/// A limit that no stream reaches in one go.
const ALL_ROWS: usize = u32::MAX as usize;

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
        Connection::open(path, options).map(Self::new)
    }

    pub(crate) fn open_memory(options: &OpenOptions) -> Result<Self> {
        Connection::open_in_memory(options).map(Self::new)
    }

    fn new(connection: Connection) -> Self {
        Self {
            shared: Arc::new(Shared {
                connection: Mutex::new(Some(connection)),
                process: std::process::id(),
            }),
        }
    }

    /// Runs `work` on the connection, alone.
    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        if self.shared.process != std::process::id() {
            return Err(Error::Forked);
        }
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

    // Streams

    /// Writes a stream's metadata and sets its `last_synced` to now, making the
    /// row where there is none. What the patch does not set stays as it is; `id`
    /// and `created_at` never change.
    ///
    /// # Errors
    /// [`Error::NotObservationTable`] where the uuid is the name of a table that
    /// holds no observations, or differs from another stream's in case only.
    pub fn upsert_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write(|connection| {
            if connection
                .metadata(|metadata| stream::by_uuid(metadata, uuid))?
                .is_none()
            {
                connection.check_name(uuid)?;
            }
            let now = Timestamp::now();
            connection.metadata(|metadata| stream::upsert(metadata, uuid, patch, now))?;
            find(connection, uuid)
        })
    }

    /// Changes the metadata that a stream has; `last_synced` stays as it is.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`] where the stream has no metadata.
    pub fn update_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write(|connection| {
            connection.metadata(|metadata| stream::update(metadata, uuid, patch))?;
            find(connection, uuid)
        })
    }

    /// The metadata of the stream of this uuid.
    ///
    /// # Errors
    /// None of its own: a stream without metadata is `None`.
    pub fn stream(&self, uuid: &StreamUuid) -> Result<Option<Stream>> {
        self.run(|connection| connection.metadata(|metadata| stream::by_uuid(metadata, uuid)))
    }

    /// The stream of this name: of several the most recently synced, then the
    /// one with the lowest id. Names are not unique.
    ///
    /// # Errors
    /// None of its own.
    pub fn stream_by_name(&self, name: &str) -> Result<Option<Stream>> {
        Ok(self.streams_by_name(name)?.into_iter().next())
    }

    /// All streams of this name, in the order that
    /// [`stream_by_name`](Self::stream_by_name) chooses by.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_by_name(&self, name: &str) -> Result<Vec<Stream>> {
        self.run(|connection| connection.metadata(|metadata| stream::by_name(metadata, name)))
    }

    /// All streams to which the server gives this number, the most recently
    /// synced first. One, unless the server has used a number again.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_by_server_id(&self, server_stream_id: i64) -> Result<Vec<Stream>> {
        self.run(|connection| {
            connection.metadata(|metadata| stream::by_server_id(metadata, server_stream_id))
        })
    }

    /// All streams that have metadata, by id.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams(&self) -> Result<Vec<Stream>> {
        self.run(|connection| connection.metadata(stream::all))
    }

    /// The streams whose name or description has `part` in it; ASCII letters
    /// match in either case.
    ///
    /// # Errors
    /// None of its own.
    pub fn search_streams(&self, part: &str) -> Result<Vec<Stream>> {
        self.run(|connection| connection.metadata(|metadata| stream::search(metadata, part)))
    }

    /// The streams not synced since `since`, the longest unsynced first; those
    /// never synced are among them.
    ///
    /// ```
    /// # use satori_store::{Store, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// let an_hour_ago = Timestamp::now().before(std::time::Duration::from_secs(3600));
    /// let stale = store.stale_streams(an_hour_ago)?;
    /// # assert!(stale.is_empty());
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub fn stale_streams(&self, since: Timestamp) -> Result<Vec<Stream>> {
        self.run(|connection| connection.metadata(|metadata| stream::stale(metadata, since)))
    }

    /// Tables that hold observations of a stream without metadata, in the order
    /// of their making. They get it with their next payload.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_without_metadata(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| {
            connection.read(|connection| {
                let known = connection.metadata(stream::all)?;
                let known: std::collections::HashSet<_> =
                    known.into_iter().map(|stream| stream.uuid).collect();
                let mut tables = connection.tables().list()?;
                tables.retain(|table| !known.contains(table));
                Ok(tables)
            })
        })
    }

    /// Writes the metadata of many streams in one transaction: a JSON array of
    /// stream objects, as a sync of every stream answers, or one object a line.
    /// Of each field, absent keeps what is stored and null clears it; every
    /// `last_synced` becomes now.
    ///
    /// # Errors
    /// [`Error::InvalidJson`] where the array is malformed or cut short. An
    /// object that can't be stored is in the report's `rejected`; the others are
    /// stored.
    pub fn sync_streams(&self, json: &[u8]) -> Result<SyncReport> {
        let streams = Streams::read(json)?;
        self.write(|connection| streams.write(connection, Timestamp::now()))
    }

    /// Removes a stream's metadata, its data, or both. What is not there is no
    /// error: the answer says what was.
    ///
    /// # Errors
    /// [`Error::NotObservationTable`] where the data to be removed is none.
    pub fn remove(&self, uuid: &StreamUuid, what: Remove) -> Result<Removed> {
        self.write(|connection| {
            let mut removed = Removed::default();
            if what != Remove::Data {
                removed.metadata =
                    connection.metadata(|metadata| stream::delete(metadata, uuid))?;
            }
            if what != Remove::Metadata {
                removed.rows = connection.tables().drop(uuid)?;
            }
            Ok(removed)
        })
    }

    // Observations

    /// Inserts one observation, making the stream's table where there is none.
    /// A row that is there is never overwritten.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where the value is not finite,
    /// [`Error::InvalidTimestamp`] where the instant can't be stored,
    /// [`Error::NotObservationTable`] where the uuid is taken.
    pub fn insert(&self, uuid: &StreamUuid, observation: &NewObservation<'_>) -> Result<Insertion> {
        self.run(|connection| {
            let settled = connection.write_one(|connection| {
                observation::insert_new(connection.tables(), uuid, observation)
            })?;
            if settled {
                return Ok(Insertion::Inserted);
            }
            connection.write(|connection| {
                connection.check_name(uuid)?;
                observation::insert(connection.tables(), uuid, observation)
            })
        })
    }

    /// Inserts observations in their order, in one transaction: all that are new
    /// are stored, or, on an error, none.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_many(
        &self,
        uuid: &StreamUuid,
        observations: &[NewObservation<'_>],
    ) -> Result<InsertReport> {
        self.write(|connection| {
            connection.check_name(uuid)?;
            observation::insert_many(connection.tables(), uuid, observations)
        })
    }

    /// The observations in `range`, in order of time, read a batch at a time.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// # store.insert(&uuid, &NewObservation::new("2024-01-03".parse()?, 45000.5))?;
    /// let from: Timestamp = "2024-01-01".parse()?;
    /// for observation in store.observations(&uuid, from..)? {
    ///     let observation = observation?;
    ///     println!("{} {}", observation.ts, observation.value);
    /// }
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StreamNotFound`] where there is neither metadata nor a table,
    /// [`Error::NotObservationTable`]. The iterator itself ends with
    /// [`Error::UnreadableRow`] at a row that can't be read.
    pub fn observations(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<Observations> {
        self.on_table(uuid, |_| Ok(()))?;
        let cursor = Cursor::new(Span::new(&range));
        Ok(Observations::new(self.clone(), uuid.clone(), cursor))
    }

    /// The observations in `range` as columns: the fastest way to read many.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`], [`Error::NotObservationTable`],
    /// [`Error::UnreadableRow`].
    pub fn columns(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<Columns> {
        let Some(span) = Span::new(&range) else {
            return self.on_table(uuid, |_| Ok(Columns::default()));
        };
        self.run(|connection| {
            connection.read(|connection| {
                on_table(connection, uuid, |table| {
                    // No count first: that would read the whole table once more.
                    let mut columns = Columns::default();
                    let mut cursor = Cursor::new(Some(span));
                    while !cursor.is_done() {
                        cursor.read(table, uuid, ALL_ROWS, |row| columns.push(row))?;
                    }
                    Ok(columns)
                })
            })
        })
    }

    /// Hands the next rows of a cursor to `sink`.
    pub(crate) fn read_batch(
        &self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        mut sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        self.on_table(uuid, |table| cursor.read(table, uuid, limit, &mut sink))
    }

    /// The last `count` observations, in order of time.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn last(&self, uuid: &StreamUuid, count: usize) -> Result<Vec<Observation>> {
        self.on_table(uuid, |table| read::last(table, uuid, count))
    }

    /// The observation that lies latest in time, whichever way the rows are
    /// spelled.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn latest(&self, uuid: &StreamUuid) -> Result<Option<Observation>> {
        self.on_table(uuid, |table| read::latest(table, uuid))
    }

    /// The observation of this instant, whichever way the row is spelled; of two
    /// spellings the number.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn observation(&self, uuid: &StreamUuid, ts: Timestamp) -> Result<Option<Observation>> {
        self.on_table(uuid, |table| read::at(table, uuid, ts))
    }

    /// The number of observations in `range`. For `..` every row counts, also
    /// one whose timestamp can't be read.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`], [`Error::NotObservationTable`].
    pub fn count(&self, uuid: &StreamUuid, range: impl RangeBounds<Timestamp>) -> Result<u64> {
        let span = Span::new(&range);
        self.on_table(uuid, |table| match span {
            Some(span) => statistics::count(table, span),
            None => Ok(0),
        })
    }

    /// Rows, first and last instant, values, spacing, gaps and providers.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`], [`Error::NotObservationTable`].
    pub fn statistics(&self, uuid: &StreamUuid) -> Result<Statistics> {
        self.run(|connection| {
            connection.read(|connection| {
                on_table(connection, uuid, |table| statistics::statistics(table))
            })
        })
    }

    /// Deletes the observations in `range`; how many there were. For `..` every
    /// row goes, also one whose timestamp can't be read; the table stays.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`], [`Error::NotObservationTable`].
    pub fn delete(&self, uuid: &StreamUuid, range: impl RangeBounds<Timestamp>) -> Result<u64> {
        let span = Span::new(&range);
        self.write(|connection| {
            on_table(connection, uuid, |table| match span {
                Some(span) => delete(table, span),
                None => Ok(0),
            })
        })
    }

    /// Rewrites the stream's timestamps into Unix seconds, in one transaction:
    /// text, and numbers of milli-, micro- or nanoseconds. Values, hashes and
    /// providers stay; where two rows have the same instant, both do.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`], [`Error::NotObservationTable`].
    pub fn normalize(&self, uuid: &StreamUuid) -> Result<Normalization> {
        self.write(|connection| on_table(connection, uuid, normalize::normalize))
    }

    /// What [`normalize`](Self::normalize) would do; it is done and taken back,
    /// so it waits for the write lock too.
    ///
    /// # Errors
    /// As [`normalize`](Self::normalize).
    pub fn normalize_dry_run(&self, uuid: &StreamUuid) -> Result<Normalization> {
        self.run(|connection| {
            connection.try_out(|connection| on_table(connection, uuid, normalize::normalize))
        })
    }

    // The server's JSON

    /// Takes in the server's answers, metadata and observation together: one
    /// payload, a JSON array of them, or one a line; `null` where the server had
    /// nothing new. All that can be stored is stored in one transaction.
    ///
    /// ```
    /// use satori_store::{IngestOptions, Store};
    ///
    /// let answer = br#"{"id": 123, "value": "45000.50", "observed_at": "1704283200", "hash": "abc123",
    ///     "stream_id": 1, "stream": {"id": 1, "uuid": "d39cd529-5dd4-5e4b-abc9-90b3751e71f1", "name": "bitcoin"}}"#;
    /// let store = Store::open_in_memory()?;
    /// let report = store.ingest(answer, &IngestOptions::new())?;
    /// assert_eq!(report.inserted, 1);
    ///
    /// let bitcoin = store.stream_by_name("bitcoin")?.expect("it came with the observation");
    /// assert_eq!(store.latest(&bitcoin.uuid)?.expect("one row").value, 45000.5);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidJson`] where an array is malformed or cut short;
    /// [`Error::Refused`] in strict mode. Else a payload that can't be stored is
    /// in the report, with its position and the reason.
    pub fn ingest(&self, json: &[u8], options: &IngestOptions) -> Result<IngestReport> {
        let batch = Batch::read(json, options)?;
        self.write(|connection| batch.write(connection, Timestamp::now()))
    }

    /// Walks the stream's hash chain in order of time, a batch at a time.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn verify(&self, uuid: &StreamUuid) -> Result<Verification> {
        let mut verifier = Verifier::default();
        let mut cursor = Cursor::new(Some(Span::ALL));
        while !cursor.is_done() {
            let read = self.read_batch(uuid, &mut cursor, 4_096, |row| verifier.push(row))?;
            if read == 0 {
                break;
            }
        }
        Ok(verifier.finish())
    }

    /// Closes this handle. The file itself closes with its last clone.
    pub fn close(self) {}
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
        .metadata(|metadata| stream::by_uuid(metadata, uuid))?
        .ok_or_else(|| Error::StreamNotFound {
            stream: uuid.to_string(),
        })
}

fn delete(table: &mut Table, span: Span) -> Result<u64> {
    let mut params = Vec::new();
    let groups = span.groups();
    let mut statement = table.prepare(|t| {
        if span == Span::ALL {
            return format!("DELETE FROM {t}");
        }
        let groups = condition(&groups, &mut params);
        params.extend([Param::Integer(span.first), Param::Integer(span.last)]);
        let next = params.len();
        format!(
            "DELETE FROM {t} WHERE {groups} AND satori_instant(ts) BETWEEN ?{} AND ?{next}",
            next - 1
        )
    })?;
    Ok(statement.execute(&params)? as u64)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // In a forked child the connection is the parent's still: closing it
        // there could checkpoint and unlink the WAL under the parent's feet.
        if self.process != std::process::id()
            && let Ok(connection) = self.connection.get_mut()
        {
            std::mem::forget(connection.take());
        }
    }
}
