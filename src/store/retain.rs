//! Deleting what a stream holds beyond what is to be kept.

use super::Store;
use super::connection::Connection;
use crate::backend::Backend;
use crate::model::cursor::Cursor;
use crate::model::error::Result;
use crate::model::report::Retain;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The number of rows that are deleted in one transaction: a few milliseconds.
const DELETE_BATCH: usize = 1_000;
/// The number of rows that are read at a time to find the earliest one that is kept.
const LOOK_BATCH: u64 = 4_096;

impl Store {
    /// Deletes the stream's observations but for those that `keep` names; returns how many
    /// were deleted. The earliest go first.
    ///
    /// It deletes a thousand rows in a transaction, so that others can write in between. If
    /// it ends with an error, [`Interrupted`](crate::Error::Interrupted) among them, what it
    /// has deleted by then stays deleted, and the next call goes on from there;
    /// [`retain_with`](Self::retain_with) says how much that is. The room in the file is used for new rows; [`compact`](Self::compact) makes the file smaller.
    ///
    /// Rows without a timestamp that can be read are no older than others, and stay. The
    /// first row that is left is *foreign* to [`verify`](Self::verify), as the row that its
    /// hash follows from is gone. The digest, if one is kept, is that of the rows that are
    /// left.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Retain, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// for day in ["2024-01-03", "2024-01-04", "2024-01-05"] {
    ///     store.insert(&uuid, &NewObservation::new(day.parse()?, 45000.5))?;
    /// }
    /// assert_eq!(store.retain(&uuid, Retain::Since("2024-01-04".parse()?))?, 1);
    /// assert_eq!(store.retain(&uuid, Retain::Last(1))?, 1);
    /// assert_eq!(store.count(&uuid, ..)?, 1);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotAStream`](crate::Error::NotAStream), and
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow) at a row that can't be read: if it is one
    /// of those that would be deleted, those before it are; [`quarantine`](Self::quarantine) moves
    /// it out of the way.
    pub fn retain(&self, uuid: &StreamUuid, keep: Retain) -> Result<u64> {
        self.retain_with(uuid, keep, |_| ())
    }

    /// Deletes as [`retain`](Self::retain) does, and hands the number of observations that are
    /// deleted so far to `progress` after each transaction: they are gone, however the call
    /// ends.
    ///
    /// # Errors
    /// As [`retain`](Self::retain).
    pub fn retain_with(
        &self,
        uuid: &StreamUuid,
        keep: Retain,
        mut progress: impl FnMut(u64),
    ) -> Result<u64> {
        let call = self.as_one_call();
        call.run(|connection| connection.check_writable())?;
        let Some(span) = call.beyond(uuid, keep)? else {
            return Ok(0);
        };
        let mut cursor = Cursor::new(Some(span));
        // If there is nothing to delete, it waits for nobody.
        if call.read_batch(uuid, &mut cursor.clone(), 1, |_| Ok(()))? == 0 {
            return Ok(0);
        }
        let mut deleted = 0;
        while let Some(batch) =
            call.write(|connection| delete_batch(connection, uuid, span, &mut cursor))?
        {
            deleted += batch;
            progress(deleted);
        }
        Ok(deleted)
    }

    /// Returns how many observations [`retain`](Self::retain) would delete, if it met none that
    /// can't be read. It writes nothing, so the store may be read-only, and waits for nobody.
    ///
    /// # Errors
    /// As [`retain`](Self::retain).
    pub fn retain_dry_run(&self, uuid: &StreamUuid, keep: Retain) -> Result<u64> {
        let call = self.as_one_call();
        match call.beyond(uuid, keep)? {
            Some(span) => call.find(uuid, |connection| connection.count(uuid, span)),
            None => Ok(0),
        }
    }

    /// Returns the span of the rows that `keep` doesn't name; `None` if there is none.
    fn beyond(&self, uuid: &StreamUuid, keep: Retain) -> Result<Option<Span>> {
        let first_kept = match keep {
            Retain::Since(since) => Some(since),
            // The latest row goes too, but not those that have no instant.
            Retain::Last(0) => self.latest(uuid)?.map(|latest| after(latest.ts)),
            Retain::Last(count) => self.nth_last(uuid, count)?,
        };
        // Also if all is kept, the stream must exist.
        self.find(uuid, |connection| {
            Ok(connection.has_data(uuid)?.then_some(()))
        })?;
        Ok(first_kept.and_then(|first| Span::new(&..first)))
    }

    /// Returns the instant of the row that is `count` rows from the stream's end, the last one
    /// being 1; `None` if there are fewer.
    fn nth_last(&self, uuid: &StreamUuid, count: u64) -> Result<Option<Timestamp>> {
        self.find(uuid, |connection| {
            connection.read(|connection| {
                let mut left = count;
                let mut span = Some(Span::ALL);
                while let Some(within) = span {
                    let wanted = left.min(LOOK_BATCH);
                    let Some(rows) = connection.last(uuid, within, wanted as usize)? else {
                        return Ok(None);
                    };
                    let found = rows.len() as u64;
                    let first = rows.first().map(|row| row.ts);
                    left -= found;
                    if left == 0 || found < wanted {
                        return Ok(Some(first.filter(|_| left == 0)));
                    }
                    connection.check_call()?;
                    // Another row of that instant isn't counted, so one more is kept.
                    span = first.and_then(|first| Span::new(&..first));
                }
                Ok(Some(None))
            })
        })
    }
}

/// Deletes the next rows of the cursor, and those that have come before them since; returns
/// how many there were, or `None` at the end.
fn delete_batch(
    connection: &mut Connection,
    uuid: &StreamUuid,
    span: Span,
    cursor: &mut Cursor,
) -> Result<Option<u64>> {
    let mut last = None;
    connection.read_rows(uuid, cursor, DELETE_BATCH, |row| {
        last = Some(row.ts);
        Ok(())
    })?;
    let Some(last) = last else {
        return Ok(None);
    };
    let batch = Span {
        last: last.as_micros(),
        ..span
    };
    connection.delete(uuid, batch)
}

/// Returns the instant after this one, or this one if it is the last of all.
fn after(ts: Timestamp) -> Timestamp {
    Timestamp::from_micros(ts.as_micros().saturating_add(1))
}
