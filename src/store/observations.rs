//! Observations: reading spans of them, and what is done to a whole stream.

use std::ops::RangeBounds;

use super::connection::Connection;
use super::iter::Observations;
use super::{Store, or_default};
use crate::backend::Backend;
use crate::model::columns::{Columns, ColumnsBuilder};
use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::report::{Normalization, Statistics};
use crate::model::row::{NOT_UTF8, RowRef, no_text, unreadable};
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::model::verify::{Verification, Verifier};

/// A limit that no stream reaches in one go.
const ALL_ROWS: usize = u32::MAX as usize;
/// The number of rows that are verified at a time.
const VERIFY_BATCH: usize = 4_096;

impl Store {
    /// Iterates over the observations in `range`, in order of time, reading a batch at a
    /// time.
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound) if there is neither metadata nor data,
    /// [`Error::NotAStream`](crate::Error::NotAStream). The iterator itself ends with
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow) at a row that can't be read.
    pub fn observations(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<Observations> {
        let cursor = self.cursor(uuid, range)?;
        Ok(Observations::new(self.clone(), uuid.clone(), cursor))
    }

    /// Reads the observations in `range` as columns: the fastest way to read many.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream),
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow).
    pub fn columns(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<Columns> {
        let mut cursor = self.cursor(uuid, range)?;
        let start = cursor.clone();
        // The rows are not counted first: that reads them all once more, which costs more
        // than letting the vectors grow.
        let mut columns = ColumnsBuilder::default();
        self.run(|connection| {
            connection.read(|connection| {
                while !cursor.is_done() {
                    let read = connection.read_rows(uuid, &mut cursor, ALL_ROWS, |row| {
                        columns.push(row);
                        Ok(())
                    })?;
                    if or_default(connection, uuid, read)? == 0 {
                        break;
                    }
                }
                Ok(())
            })
        })?;
        columns
            .finish()
            .ok_or_else(|| self.unreadable_text(uuid, start).1)
    }

    /// Returns a cursor over `range`, for [`read_batch`](Self::read_batch).
    ///
    /// # Errors
    /// `StreamNotFound` if there is neither metadata nor data, `NotAStream`.
    pub(crate) fn cursor(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<Cursor> {
        self.find(uuid, |connection| {
            Ok(connection.has_data(uuid)?.then_some(()))
        })?;
        Ok(Cursor::new(Span::new(&range)))
    }

    /// Hands the next `limit` rows of a cursor, or what is left, to `sink`, all of one
    /// state of the store; returns their number, which is 0 at the end. If what was read is
    /// not of one state, the cursor stays where it was.
    ///
    /// # Errors
    /// `StreamNotFound`, `NotAStream`, `UnreadableRow`, and what `sink` returns.
    pub(crate) fn read_batch(
        &self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        let start = cursor.clone();
        let read = self.find(uuid, |connection| {
            connection.read(|connection| connection.read_rows(uuid, cursor, limit, sink))
        });
        if read.as_ref().is_err_and(Connection::is_torn) {
            *cursor = start;
        }
        read
    }

    /// Returns the number of rows from `cursor` on that come before the first one whose text is
    /// not UTF-8, and the error for that one. For readers that check many texts at once, and
    /// read them again to name the row.
    #[cold]
    pub(crate) fn unreadable_text(&self, uuid: &StreamUuid, mut cursor: Cursor) -> (usize, Error) {
        let mut before = 0;
        loop {
            let read = self.read_batch(uuid, &mut cursor, VERIFY_BATCH, |row| {
                row.to_observation(uuid)?;
                before += 1;
                Ok(())
            });
            match read {
                Err(error) => return (before, error),
                // Another program has mended it meanwhile.
                Ok(0) => {
                    let source = no_text("hash", "", NOT_UTF8);
                    return (0, unreadable(uuid, "NULL".to_owned(), source));
                }
                Ok(_) => {}
            }
        }
    }

    /// Counts the observations in `range`. With `..` every row counts, also one whose
    /// timestamp can't be read.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream).
    pub fn count(&self, uuid: &StreamUuid, range: impl RangeBounds<Timestamp>) -> Result<u64> {
        let span = Span::new(&range);
        self.find(uuid, |connection| match span {
            Some(span) => connection.count(uuid, span),
            None => Ok(connection.has_data(uuid)?.then_some(0)),
        })
    }

    /// Computes the stream's statistics: rows, first and last instant, values, spacing,
    /// gaps and providers.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream).
    pub fn statistics(&self, uuid: &StreamUuid) -> Result<Statistics> {
        self.find(uuid, |connection| {
            connection.read(|connection| connection.statistics(uuid))
        })
    }

    /// Deletes the observations in `range`; returns their number. With `..` every row
    /// goes, also one whose timestamp can't be read; the table stays.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream).
    pub fn delete(&self, uuid: &StreamUuid, range: impl RangeBounds<Timestamp>) -> Result<u64> {
        let Some(span) = Span::new(&range) else {
            return self.write_nothing(|connection| {
                let nothing = connection.has_data(uuid)?.then_some(0);
                or_default(connection, uuid, nothing)
            });
        };
        self.write_unless(
            |connection| {
                let found = connection.count(uuid, span)?;
                let rows = or_default(connection, uuid, found)?;
                Ok((rows == 0).then_some(0))
            },
            |connection| {
                let deleted = connection.delete(uuid, span)?;
                or_default(connection, uuid, deleted)
            },
        )
    }

    /// Rewrites the stream's timestamps into Unix seconds, in one transaction:
    /// text, and numbers of milli-, micro- or nanoseconds. Values, hashes and
    /// providers stay. If two rows have the same instant, both stay.
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream).
    pub fn normalize(&self, uuid: &StreamUuid) -> Result<Normalization> {
        self.write_unless(
            |connection| nothing_to_normalize(connection, uuid),
            |connection| {
                let done = connection.normalize(uuid)?;
                or_default(connection, uuid, done)
            },
        )
    }

    /// Returns what [`normalize`](Self::normalize) would do. If there is something to do, it
    /// does it and rolls it back, so it waits for the write lock too.
    ///
    /// # Errors
    /// As [`normalize`](Self::normalize).
    pub fn normalize_dry_run(&self, uuid: &StreamUuid) -> Result<Normalization> {
        self.find(uuid, |connection| {
            connection.check_writable()?;
            match connection.read(|connection| nothing_to_normalize(connection, uuid))? {
                Some(nothing) => Ok(Some(nothing)),
                None => connection.try_out(|connection| connection.normalize(uuid)),
            }
        })
    }

    /// Verifies the stream's hash chain in order of time, reading a batch at a time. Before
    /// that the database checks its own structures: that no page repeats, and that index
    /// and rows agree. [`Verification`] says what neither can see.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn verify(&self, uuid: &StreamUuid) -> Result<Verification> {
        let call = self.as_one_call();
        let digest = call.find(uuid, |connection| {
            connection.read(|connection| {
                if !self.is_data_checked {
                    connection.check_data(Some(uuid))?;
                }
                connection.check_digest(uuid)
            })
        })?;
        let mut verifier = Verifier::new(digest);
        let mut cursor = Cursor::new(Some(Span::ALL));
        while !cursor.is_done() {
            let read = call.read_batch(uuid, &mut cursor, VERIFY_BATCH, |row| {
                verifier.push(row, row.hash_text(uuid)?);
                Ok(())
            })?;
            if read == 0 {
                break;
            }
        }
        Ok(verifier.finish())
    }
}

/// Returns the report of normalizing a stream if there is nothing to rewrite.
fn nothing_to_normalize(
    connection: &mut Connection,
    uuid: &StreamUuid,
) -> Result<Option<Normalization>> {
    match connection.normalized(uuid)? {
        Some(report) => Ok(report),
        None => or_default(connection, uuid, None).map(Some),
    }
}
