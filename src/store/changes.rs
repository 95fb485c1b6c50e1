//! Waiting for what others commit, and following streams.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::Store;
use super::connection::Connection;
use crate::backend::Backend;
use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::observation::Observation;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// How long [`Store::wait`] sleeps before it looks again. To look takes microseconds.
const PAUSE: Duration = Duration::from_millis(20);
/// How many rows [`Follow`] reads at a time.
const ROWS: usize = 10_000;

impl Store {
    /// Returns a number that is another once anybody has committed to the store: this handle,
    /// another one, another process. It means nothing else, and nothing on another handle.
    ///
    /// # Errors
    /// [`Error::FileReplaced`].
    pub fn data_version(&self) -> Result<u64> {
        self.run(Backend::data_version)
    }

    /// Waits until somebody has committed since [`data_version`](Self::data_version) was `seen`,
    /// and returns the number as it is then. After `timeout` it returns `seen`.
    ///
    /// Take the number before you read: what is committed while you read then ends the next
    /// wait at once. The commit may be of any stream, or of the metadata, and may have changed
    /// nothing. It is noticed within 50 ms; while it waits, it looks every 20 ms, which takes
    /// less than 0.5 % of a core (measured), and holds no lock in between. Like every call it
    /// takes turns with other threads on this store, also if that takes longer than `timeout`:
    /// wait on a store of its own beside long calls. On a server it asks the server each time,
    /// which counts the commits of all its databases. A process that forks while a thread looks
    /// has the trouble that [`Store`] names under "Threads and processes".
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use satori_store::{NewObservation, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// let seen = store.data_version()?;
    /// // Read what is there; then, when there is more:
    /// # store.insert(&uuid, &NewObservation::new(Timestamp::now(), 1.5))?;
    /// let now = store.wait(seen, Duration::from_secs(10))?;
    /// assert_ne!(now, seen);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Interrupted`] if another thread calls [`interrupt`](Self::interrupt),
    /// [`Error::FileReplaced`].
    pub fn wait(&self, seen: u64, timeout: Duration) -> Result<u64> {
        let call = self.as_one_call();
        // A time that no clock reaches is none.
        let end = Instant::now().checked_add(timeout);
        loop {
            if self.shared.is_closing.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            match call.data_version() {
                Ok(now) if now != seen => return Ok(now),
                // Where a file system has no WAL, a writer keeps readers out for a while.
                Ok(_) | Err(Error::Busy { .. }) => {}
                Err(error) => return Err(error),
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(seen);
            }
            thread::sleep(left.map_or(PAUSE, |left| left.min(PAUSE)));
        }
    }

    /// Ends the waits that are under way, and each later one.
    #[cfg(feature = "capi")]
    pub(crate) fn end_waits(&self) {
        self.shared.is_closing.store(true, Ordering::Relaxed);
    }

    /// Reads the rows of each stream that lie after an instant, stream by stream in the order of
    /// `after`, and each in order of time; all of one state of the store. It stops after `limit`
    /// rows, but never between two rows of one instant; call it again with the last instants
    /// that it has given. A stream that is not in the store has none.
    ///
    /// # Errors
    /// [`Error::NotAStream`], [`Error::UnreadableRow`].
    pub fn newer(
        &self,
        after: &[(&StreamUuid, Timestamp)],
        limit: usize,
    ) -> Result<Vec<(StreamUuid, Observation)>> {
        self.run(|connection| {
            connection.read(|connection| {
                let mut found = Vec::new();
                for (uuid, after) in after {
                    if found.len() >= limit {
                        break;
                    }
                    connection.check_call()?;
                    let rows = rows_after(connection, uuid, *after, limit - found.len())?;
                    found.extend(rows.into_iter().map(|row| ((*uuid).clone(), row)));
                }
                Ok(found)
            })
        })
    }

    /// Follows streams: gives each row that lies after `after`, and later those that are
    /// inserted. Without `after`, it begins behind the rows that are there. A stream that is not
    /// in the store yet may come; one that is named twice is followed once.
    ///
    /// # Errors
    /// [`Error::NotAStream`], [`Error::UnreadableRow`], [`Error::FileReplaced`].
    pub fn follow(&self, uuids: &[&StreamUuid], after: Option<Timestamp>) -> Result<Follow> {
        let call = self.as_one_call();
        let mut known = HashSet::new();
        let uuids = uuids.iter().copied().filter(|uuid| known.insert(*uuid));
        let uuids: Vec<&StreamUuid> = uuids.collect();
        let seen = call.data_version()?;
        let after = match after {
            Some(after) => vec![after; uuids.len()],
            None => {
                let latest = call.latest_of(&uuids)?.into_iter();
                let ts = latest.map(|row| row.map_or(Timestamp::MIN, |row| row.ts));
                ts.collect()
            }
        };
        let streams = uuids.into_iter().cloned().zip(after);
        Ok(Follow {
            store: self.clone(),
            streams: streams.collect(),
            seen,
            may_have_more: true,
        })
    }
}

/// Streams that are followed; see [`Store::follow`].
///
/// A row is given if its instant lies after the last one given of its stream. One that arrives
/// late, so that its instant lies before it, is not; [`Store::observations`] has it.
/// [`Store::interrupt`] ends a [`wait`](Self::wait) that is under way; a later one goes on.
pub struct Follow {
    store: Store,
    /// Each stream, and the last instant that was given.
    streams: Vec<(StreamUuid, Timestamp)>,
    /// The store's data version before it was last read.
    seen: u64,
    /// Not all that was there has been read.
    may_have_more: bool,
}

impl Follow {
    /// Waits until there are rows, and returns them: stream by stream, each in order of time.
    /// After `timeout` there are none.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::NotAStream`], [`Error::UnreadableRow`],
    /// [`Error::FileReplaced`]. A later call tries again.
    pub fn wait(&mut self, timeout: Duration) -> Result<Vec<(StreamUuid, Observation)>> {
        let call = self.store.as_one_call();
        let end = Instant::now().checked_add(timeout);
        loop {
            if self.may_have_more {
                let rows = self.read(&call)?;
                if !rows.is_empty() {
                    return Ok(rows);
                }
                self.may_have_more = false;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let now = call.wait(self.seen, left.unwrap_or(Duration::MAX))?;
            if now == self.seen {
                return Ok(Vec::new());
            }
            // Before it is read, so that what comes meanwhile is seen the next time.
            (self.seen, self.may_have_more) = (now, true);
        }
    }

    fn read(&mut self, call: &Store) -> Result<Vec<(StreamUuid, Observation)>> {
        let after: Vec<_> = self.streams.iter().map(|(uuid, ts)| (uuid, *ts)).collect();
        let rows = call.newer(&after, ROWS)?;
        let mut streams = self.streams.iter_mut();
        let mut stream = streams.next();
        for (uuid, row) in &rows {
            // They come in the order of the streams.
            while stream.as_ref().is_some_and(|(of, _)| of != uuid) {
                stream = streams.next();
            }
            if let Some((_, last)) = &mut stream {
                *last = row.ts;
            }
        }
        Ok(rows)
    }
}

/// Reads the rows of a stream after an instant: `limit`, and those of the same instant as the
/// last of them.
fn rows_after(
    connection: &mut Connection,
    uuid: &StreamUuid,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<Observation>> {
    let mut found: Vec<Observation> = Vec::new();
    let Some(first) = after.as_micros().checked_add(1) else {
        return Ok(found);
    };
    // Most streams have none, and this look is the quickest.
    match connection.latest(uuid)?.flatten() {
        Some(latest) if latest.ts > after => {}
        _ => return Ok(found),
    }
    let mut cursor = Cursor::new(Some(Span {
        first,
        last: i64::MAX,
    }));
    loop {
        let wanted = limit.saturating_sub(found.len()).max(1);
        let (last, is_full) = (found.last().map(|row| row.ts), found.len() >= limit);
        let before = found.len();
        connection.read_rows(uuid, &mut cursor, wanted, |row| {
            if !is_full || Some(row.ts) == last {
                found.push(row.to_observation(uuid)?);
            }
            Ok(())
        })?;
        if found.len() == before || cursor.is_done() {
            return Ok(found);
        }
    }
}
