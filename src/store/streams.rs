//! Stream metadata: look-ups, writes, listings.

use super::{Store, find};
use crate::model::error::Result;
use crate::model::stream::{self, Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

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

impl Store {
    /// Writes a stream's metadata and sets its `last_synced` to now, making the
    /// row where there is none. What the patch does not set stays as it is; `id`
    /// and `created_at` never change.
    ///
    /// # Errors
    /// [`Error::NotObservationTable`](crate::Error::NotObservationTable) where the uuid is the name of a table that
    /// holds no observations, or differs from another stream's in case only.
    pub fn upsert_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write(|connection| {
            if connection.stream::<Stream>(uuid)?.is_none() {
                connection.check_name(uuid)?;
            }
            let now = Timestamp::now();
            connection.upsert(uuid, patch, now)?;
            find(connection, uuid)
        })
    }

    /// Changes the metadata that a stream has; `last_synced` stays as it is.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound) where the stream has no metadata.
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
        self.stream_as(uuid)
    }

    /// As [`stream`](Self::stream), made into what the caller needs without a copy
    /// in between.
    pub(crate) fn stream_as<T>(&self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        self.run(|connection| connection.stream(uuid))
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

    /// The streams that have a table, with metadata or without, in the order of
    /// the tables' making. Tables of another shape are not among them.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_with_table(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| connection.read(|connection| connection.tables().list()))
    }

    /// Removes a stream's metadata, its data, or both. What is not there is no
    /// error: the answer says what was.
    ///
    /// # Errors
    /// [`Error::NotObservationTable`](crate::Error::NotObservationTable) where the data to be removed is none.
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
}
