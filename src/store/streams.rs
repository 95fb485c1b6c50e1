//! Stream metadata: look-ups, writes, listings.

use std::collections::HashSet;

use super::{Store, metadata_of};
use crate::backend::{Backend, StreamQuery};
use crate::model::error::Result;
use crate::model::report::{Remove, Removed};
use crate::model::stream::{Stream, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Store {
    /// Writes a stream's metadata and sets its `last_synced` to now, making the
    /// row where there is none. What the patch does not set stays as it is; `id`
    /// and `created_at` never change.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) where the uuid is the name of a table that
    /// holds no observations, or differs from another stream's in case only.
    pub fn upsert_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write(|connection| {
            if connection.stream::<Stream>(uuid)?.is_none() {
                connection
                    .check_names(&[uuid])?
                    .into_iter()
                    .collect::<Result<()>>()?;
            }
            connection.upsert_streams(&[(uuid, patch.clone())], Timestamp::now())?;
            metadata_of(connection, uuid)
        })
    }

    /// Changes the metadata that a stream has; `last_synced` stays as it is.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound) where the stream has no metadata.
    pub fn update_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write(|connection| {
            connection.update_stream(uuid, patch)?;
            metadata_of(connection, uuid)
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
        self.run(|connection| connection.find_streams(StreamQuery::Named(name)))
    }

    /// All streams to which the server gives this number, the most recently
    /// synced first. One, unless the server has used a number again.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_by_server_id(&self, server_stream_id: i64) -> Result<Vec<Stream>> {
        self.run(|connection| connection.find_streams(StreamQuery::Numbered(server_stream_id)))
    }

    /// All streams that have metadata, by id.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams(&self) -> Result<Vec<Stream>> {
        self.run(|connection| connection.find_streams(StreamQuery::All))
    }

    /// The streams whose name or description has `part` in it; ASCII letters
    /// match in either case.
    ///
    /// # Errors
    /// None of its own.
    pub fn search_streams(&self, part: &str) -> Result<Vec<Stream>> {
        self.run(|connection| connection.find_streams(StreamQuery::Containing(part)))
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
        self.run(|connection| connection.find_streams(StreamQuery::NotSyncedSince(since)))
    }

    /// Tables that hold observations of a stream without metadata, in the order
    /// of their making. They get it with their next payload.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_without_metadata(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| {
            connection.read(|connection| {
                let known = connection.find_streams(StreamQuery::All)?;
                let known: HashSet<_> = known.into_iter().map(|stream| stream.uuid).collect();
                let mut streams = connection.streams_with_data()?;
                streams.retain(|uuid| !known.contains(uuid));
                Ok(streams)
            })
        })
    }

    /// Lists the streams that have data, with metadata or without, in the order in which
    /// they got it. A stream whose rows were all deleted still is among them; tables of
    /// another shape are not.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_with_data(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| connection.read(|connection| connection.streams_with_data()))
    }

    /// Returns `true` if the store has the stream: its metadata, or data.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) if the uuid is the name of
    /// something that holds no observations.
    pub fn contains(&self, uuid: &StreamUuid) -> Result<bool> {
        self.run(|connection| {
            Ok(connection.has_data(uuid)? || connection.stream::<Stream>(uuid)?.is_some())
        })
    }

    /// Removes a stream's metadata, its data, or both. What is not there is no
    /// error: the answer says what was.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) where the data to be removed is none.
    pub fn remove(&self, uuid: &StreamUuid, what: Remove) -> Result<Removed> {
        self.write(|connection| {
            let mut removed = Removed::default();
            if what != Remove::Data {
                removed.metadata = connection.delete_stream(uuid)?;
            }
            if what != Remove::Metadata {
                removed.rows = connection.remove_data(uuid)?;
            }
            Ok(removed)
        })
    }
}
