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
    /// Writes a stream's metadata and sets its `last_synced` to now, making the row if
    /// there is none; returns the metadata as it is now. What the patch does not set
    /// stays; `id` and `created_at` never change.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) if the uuid is the name of something that
    /// holds no observations, or differs from another stream's in case only.
    pub fn upsert_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write(|connection| {
            if connection.stream::<Stream>(uuid)?.is_none() {
                connection
                    .check_names(&[uuid])?
                    .into_iter()
                    .collect::<Result<()>>()?;
            }
            connection.upsert_streams([(uuid, patch)], Timestamp::now())?;
            metadata_of(connection, uuid)
        })
    }

    /// Changes the metadata that a stream has; returns it as it is now. `last_synced`
    /// stays.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound) if the stream has no metadata.
    pub fn update_stream(&self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<Stream> {
        self.write_unless(
            |connection| {
                let stored = metadata_of(connection, uuid)?;
                Ok(patch.is_in(&stored).then_some(stored))
            },
            |connection| {
                connection.update_stream(uuid, patch)?;
                metadata_of(connection, uuid)
            },
        )
    }

    /// Returns the metadata of the stream of this uuid; `None` if it has none.
    ///
    /// # Errors
    /// None of its own.
    pub fn stream(&self, uuid: &StreamUuid) -> Result<Option<Stream>> {
        self.stream_as(uuid)
    }

    /// Returns the metadata as [`stream`](Self::stream) does, as the type that the caller
    /// needs, without a copy in between.
    pub(crate) fn stream_as<T>(&self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        self.run(|connection| connection.stream(uuid))
    }

    /// Returns the stream of this name. Names are not unique: of several it is the most
    /// recently synced, then the one with the lowest id.
    ///
    /// # Errors
    /// None of its own.
    pub fn stream_by_name(&self, name: &str) -> Result<Option<Stream>> {
        self.stream_by_name_as(name)
    }

    /// Returns the stream as [`stream_by_name`](Self::stream_by_name) does, as
    /// [`stream_as`](Self::stream_as) does.
    pub(crate) fn stream_by_name_as<T>(&self, name: &str) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let found = self.run(|connection| connection.find_streams(StreamQuery::Named(name)))?;
        Ok(found.into_iter().next())
    }

    /// Returns the metadata of each stream, in the order of `uuids`, all of one state of the
    /// store; `None` stands for a stream that has none.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_of(&self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Stream>>> {
        self.run(|connection| connection.read(|connection| connection.streams_of(uuids)))
    }

    /// Returns the stream of each name, in the order of `names`, all of one state of the
    /// store, as [`stream_by_name`](Self::stream_by_name) chooses it; `None` stands for a
    /// name that no stream has.
    ///
    /// ```
    /// # use satori_store::{Store, StreamPatch, StreamUuid};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// # store.upsert_stream(&uuid, &StreamPatch::new().name(Some("bitcoin".to_owned())))?;
    /// let streams = store.streams_named(&["bitcoin", "unknown"])?;
    /// assert_eq!(streams[0].as_ref().map(|stream| &stream.uuid), Some(&uuid));
    /// assert_eq!(streams[1], None);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_named(&self, names: &[&str]) -> Result<Vec<Option<Stream>>> {
        self.run(|connection| connection.read(|connection| connection.streams_named(names)))
    }

    /// Returns all streams of this name, in the order by which
    /// [`stream_by_name`](Self::stream_by_name) chooses.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_by_name(&self, name: &str) -> Result<Vec<Stream>> {
        self.run(|connection| connection.find_streams(StreamQuery::Named(name)))
    }

    /// Returns all streams to which the server gives this number, the most recently
    /// synced first. There is one at most, unless the server has used a number again.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_by_server_id(&self, server_stream_id: i64) -> Result<Vec<Stream>> {
        self.run(|connection| connection.find_streams(StreamQuery::Numbered(server_stream_id)))
    }

    /// Returns all streams that have metadata, by id.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams(&self) -> Result<Vec<Stream>> {
        self.streams_as()
    }

    /// Returns all streams, as [`stream_as`](Self::stream_as) does.
    pub(crate) fn streams_as<T>(&self) -> Result<Vec<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        self.run(|connection| connection.find_streams(StreamQuery::All))
    }

    /// Returns the streams whose name or description contains `part`, by id; ASCII
    /// letters match in either case.
    ///
    /// # Errors
    /// None of its own.
    pub fn search_streams(&self, part: &str) -> Result<Vec<Stream>> {
        self.run(|connection| connection.find_streams(StreamQuery::Containing(part)))
    }

    /// Returns the streams not synced since `since`: the never synced first, then the
    /// longest unsynced.
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

    /// Returns the streams that have data but no metadata, in the order in which they got
    /// the data. They get metadata with the next payload that has a stream object.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_without_metadata(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| {
            connection.read(|connection| {
                let known = connection.find_streams::<Stream>(StreamQuery::All)?;
                let known: HashSet<_> = known.into_iter().map(|stream| stream.uuid).collect();
                let mut streams = connection.streams_with_data()?;
                streams.retain(|uuid| !known.contains(uuid));
                Ok(streams)
            })
        })
    }

    /// Returns the streams that have data, with metadata or without, in the order in which
    /// they got the data. A stream whose rows were all deleted still is among them; tables
    /// of another shape are not.
    ///
    /// # Errors
    /// None of its own.
    pub fn streams_with_data(&self) -> Result<Vec<StreamUuid>> {
        self.run(|connection| connection.read(|connection| connection.streams_with_data()))
    }

    /// Returns `true` if the store has metadata or data of the stream.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) if the uuid is the name of
    /// something that holds no observations.
    pub fn contains(&self, uuid: &StreamUuid) -> Result<bool> {
        self.run(|connection| {
            connection.read(|connection| {
                Ok(connection.has_data(uuid)? || connection.stream::<Stream>(uuid)?.is_some())
            })
        })
    }

    /// Removes a stream's metadata, its data, or both; returns what was removed. It is no
    /// error if there is nothing to remove. Rows in the [quarantine](Self::quarantine) stay
    /// there.
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream) if what would be removed as data is
    /// no stream's.
    pub fn remove(&self, uuid: &StreamUuid, what: Remove) -> Result<Removed> {
        let (metadata, data) = (what != Remove::Data, what != Remove::Metadata);
        self.write_unless(
            |connection| {
                let is_there = metadata && connection.stream::<Stream>(uuid)?.is_some()
                    || data && connection.has_data(uuid)?;
                Ok((!is_there).then(Removed::default))
            },
            |connection| {
                let mut removed = Removed::default();
                if metadata {
                    removed.metadata = connection.delete_stream(uuid)?;
                }
                if data {
                    removed.rows = connection.remove_data(uuid)?;
                }
                Ok(removed)
            },
        )
    }
}
