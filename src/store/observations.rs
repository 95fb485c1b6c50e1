//! Observations: inserts, reads, and what is done to a whole stream.

use std::ops::RangeBounds;

use super::{Store, on_table};
use crate::model::columns::{Columns, ColumnsBuilder};
use crate::model::cursor::Cursor;
use crate::model::error::Result;
use crate::model::observation::{InsertReport, Insertion, NewObservation, Observation};
use crate::model::span::{Span, condition};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::model::verify::{Verification, Verifier};
use crate::sqlite::insert;
use crate::sqlite::normalize::{self, Normalization};
use crate::sqlite::raw::Param;
use crate::sqlite::read::{self, RowRef};
use crate::sqlite::statistics::{self, Statistics};
use crate::sqlite::table::Table;
use crate::store::iter::Observations;

/// A limit that no stream reaches in one go.
const ALL_ROWS: usize = u32::MAX as usize;

impl Store {
    /// Inserts one observation, making the stream's table where there is none.
    /// A row that is there is never overwritten.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) where the value is not finite,
    /// [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp) where the instant can't be stored,
    /// [`Error::NotObservationTable`](crate::Error::NotObservationTable) where the uuid is taken.
    pub fn insert(&self, uuid: &StreamUuid, observation: &NewObservation<'_>) -> Result<Insertion> {
        self.run(|connection| {
            let settled = connection.write_one(|connection| {
                insert::insert_new(connection.tables(), uuid, observation)
            })?;
            if settled {
                return Ok(Insertion::Inserted);
            }
            connection.write(|connection| {
                connection.check_name(uuid)?;
                insert::insert(connection.tables(), uuid, observation)
            })
        })
    }

    /// Inserts observations in their order, in one transaction: all that are new
    /// are stored, or, on an error, none. To insert none makes the table.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_many(
        &self,
        uuid: &StreamUuid,
        observations: &[NewObservation<'_>],
    ) -> Result<InsertReport> {
        self.insert_all(uuid, observations.iter().copied())
    }

    /// As [`insert_many`](Self::insert_many), wherever the observations stand.
    pub(crate) fn insert_all<'a>(
        &self,
        uuid: &StreamUuid,
        observations: impl Iterator<Item = NewObservation<'a>> + Clone,
    ) -> Result<InsertReport> {
        self.write(|connection| {
            connection.check_name(uuid)?;
            insert::insert_many(connection.tables(), uuid, observations)
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound) where there is neither metadata nor a table,
    /// [`Error::NotObservationTable`](crate::Error::NotObservationTable). The iterator itself ends with
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow) at a row that can't be read.
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotObservationTable`](crate::Error::NotObservationTable),
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow).
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
                    // No count first: it reads the whole table once more, which
                    // costs more than letting the vectors grow.
                    let mut columns = ColumnsBuilder::default();
                    let mut cursor = Cursor::new(Some(span));
                    while !cursor.is_done() {
                        cursor.read(table, uuid, ALL_ROWS, |row| {
                            columns.push(row);
                            Ok(())
                        })?;
                    }
                    columns.finish(uuid)
                })
            })
        })
    }

    /// The observations in `range` as Arrow record batches: `ts` (timestamp,
    /// microseconds, UTC), `value` (float64), `hash` and `provider` (utf8).
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotObservationTable`](crate::Error::NotObservationTable); the batches
    /// end with an external error, one of this crate's, at a row that can't be read.
    #[cfg(feature = "arrow")]
    pub fn record_batches(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<crate::RecordBatches> {
        self.on_table(uuid, |_| Ok(()))?;
        let cursor = Cursor::new(Span::new(&range));
        Ok(crate::RecordBatches::new(
            self.clone(),
            uuid.clone(),
            cursor,
        ))
    }

    /// Inserts Arrow record batches in one transaction, as
    /// [`insert_many`](Self::insert_many) does rows. They need columns `ts`
    /// (timestamps of any unit, or what [`Timestamp`] reads: numbers or text) and
    /// `value` (numbers, or text that is one), both without nulls; `hash` and
    /// `provider` are optional, as is each item: a missing hash is computed, a
    /// missing provider is `provider`, or `central`. Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidArrow`](crate::Error::InvalidArrow) where a column is missing
    /// or can't be read so; else as [`insert`](Self::insert).
    #[cfg(feature = "arrow")]
    pub fn insert_record_batches(
        &self,
        uuid: &StreamUuid,
        batches: impl arrow_array::RecordBatchReader,
        provider: Option<&str>,
    ) -> Result<InsertReport> {
        crate::arrow::insert(self, uuid, batches, provider)
    }

    /// Hands the next rows of a cursor to `sink`, all of one state of the file.
    pub(crate) fn read_batch(
        &self,
        uuid: &StreamUuid,
        cursor: &mut Cursor,
        limit: usize,
        mut sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        self.run(|connection| {
            connection.read(|connection| {
                on_table(connection, uuid, |table| {
                    cursor.read(table, uuid, limit, &mut sink)
                })
            })
        })
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotObservationTable`](crate::Error::NotObservationTable).
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotObservationTable`](crate::Error::NotObservationTable).
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotObservationTable`](crate::Error::NotObservationTable).
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
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotObservationTable`](crate::Error::NotObservationTable).
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

    /// Walks the stream's hash chain in order of time, a batch at a time.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub fn verify(&self, uuid: &StreamUuid) -> Result<Verification> {
        let mut verifier = Verifier::default();
        let mut cursor = Cursor::new(Some(Span::ALL));
        while !cursor.is_done() {
            let read = self.read_batch(uuid, &mut cursor, 4_096, |row| {
                verifier.push(row, read::text_of(uuid, row.hash)?);
                Ok(())
            })?;
            if read == 0 {
                break;
            }
        }
        Ok(verifier.finish())
    }
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
