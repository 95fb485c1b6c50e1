//! Single rows by their place in time: the first and the last of a stream, those at or
//! before an instant, and the latest of many streams.

use super::Store;
use crate::backend::Backend;
use crate::model::cursor::Cursor;
use crate::model::error::Result;
use crate::model::observation::Observation;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Store {
    /// Reads the first `count` observations, in order of time.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn first(&self, uuid: &StreamUuid, count: usize) -> Result<Vec<Observation>> {
        self.find(uuid, |connection| {
            connection.read(|connection| {
                if !connection.has_data(uuid)? {
                    return Ok(None);
                }
                let mut cursor = Cursor::new(Some(Span::ALL));
                let mut found = Vec::new();
                while found.len() < count && !cursor.is_done() {
                    let limit = count - found.len();
                    connection.read_rows(uuid, &mut cursor, limit, |row| {
                        found.push(row.to_observation(uuid)?);
                        Ok(())
                    })?;
                }
                Ok(Some(found))
            })
        })
    }

    /// Reads the last `count` observations, in order of time.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn last(&self, uuid: &StreamUuid, count: usize) -> Result<Vec<Observation>> {
        self.find(uuid, |connection| connection.last(uuid, Span::ALL, count))
    }

    /// Reads the last `count` observations before the instant `before`, which is excluded,
    /// in order of time.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn last_before(
        &self,
        uuid: &StreamUuid,
        before: Timestamp,
        count: usize,
    ) -> Result<Vec<Observation>> {
        let span = Span::new(&..before);
        self.find(uuid, |connection| match span {
            Some(span) => connection.last(uuid, span, count),
            None => Ok(connection.has_data(uuid)?.then(Vec::new)),
        })
    }

    /// Reads the observation as of an instant: the one that lies latest in time among those
    /// at `ts` and before it.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// let at = |text: &str| text.parse::<Timestamp>();
    /// store.insert(&uuid, &NewObservation::new(at("2024-01-03 12:00")?, 45000.5))?;
    /// store.insert(&uuid, &NewObservation::new(at("2024-01-03 13:00")?, 45100.25))?;
    ///
    /// let known = store.as_of(&uuid, at("2024-01-03 12:30")?)?;
    /// assert_eq!(known.map(|row| row.value), Some(45000.5));
    /// assert_eq!(store.as_of(&uuid, at("2024-01-03 11:59")?)?, None);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn as_of(&self, uuid: &StreamUuid, ts: Timestamp) -> Result<Option<Observation>> {
        let span = Span {
            first: i64::MIN,
            last: ts.as_micros(),
        };
        let mut rows = self.find(uuid, |connection| connection.last(uuid, span, 1))?;
        Ok(rows.pop())
    }

    /// Reads the observation that lies latest in time, however the rows are spelled.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn latest(&self, uuid: &StreamUuid) -> Result<Option<Observation>> {
        self.find(uuid, |connection| connection.latest(uuid))
    }

    /// Reads the observation of this instant, however the row is spelled; if there are
    /// several, one that stores Unix seconds wins.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn observation(&self, uuid: &StreamUuid, ts: Timestamp) -> Result<Option<Observation>> {
        self.find(uuid, |connection| connection.observation(uuid, ts))
    }

    /// Reads the observation that lies latest in time of each stream, in the order of
    /// `uuids`, all of one state of the store. `None` stands for a stream without a row,
    /// be it in the store or not.
    ///
    /// The store keeps what it has prepared for each stream, 2.4 KB or, if it stores text, 12,
    /// so that the next call takes a tenth of the time of the first. All that a store keeps
    /// prepared takes 42 MB at most: room for 10,000 streams of Unix seconds or 2,600 of text.
    /// If there are more, the others are prepared in each call.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// let bitcoin = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// let unknown = StreamUuid::from_parts("central", "satori", "unknown", "");
    /// store.insert(&bitcoin, &NewObservation::new(Timestamp::now(), 45000.5))?;
    /// let latest = store.latest_of(&[&bitcoin, &unknown])?;
    /// assert_eq!(latest[0].as_ref().map(|row| row.value), Some(45000.5));
    /// assert_eq!(latest[1], None);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotAStream`](crate::Error::NotAStream), and
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow) for the first stream whose latest
    /// row can't be read; a store opened with
    /// [`skip_unreadable`](crate::OpenOptions::skip_unreadable) passes over such rows.
    pub fn latest_of(&self, uuids: &[&StreamUuid]) -> Result<Vec<Option<Observation>>> {
        self.run(|connection| connection.read(|connection| connection.latest_of(uuids)))
    }

    /// Reads the observation that lies latest in time of every stream that has one, all of
    /// one state of the store, in the order of
    /// [`streams_with_data`](Self::streams_with_data).
    ///
    /// # Errors
    /// `UnreadableRow`, as [`latest_of`](Self::latest_of).
    pub fn latest_of_all(&self) -> Result<Vec<(StreamUuid, Observation)>> {
        self.run(|connection| connection.read(Backend::latest_of_all))
    }
}
