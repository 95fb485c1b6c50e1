//! Observations as Arrow record batches, out and in (feature `arrow`).

mod clocks;
mod export;
mod import;
mod items;

use std::ops::RangeBounds;

use arrow_array::RecordBatchReader;

pub use self::export::RecordBatches;
use crate::model::error::Result;
use crate::model::observation::InsertReport;
use crate::model::time::Timestamp;
use crate::model::time_unit::TimeUnit;
use crate::model::uuid::StreamUuid;
use crate::store::Store;

impl Store {
    /// Reads the observations in `range` as Arrow record batches: `ts` (timestamp,
    /// microseconds, UTC), `value` (float64), `hash` and `provider` (utf8).
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotAStream`](crate::Error::NotAStream). The batches themselves end with an
    /// external error that holds one of this crate's:
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow) at a row that can't be read,
    /// [`Error::InvalidArrow`](crate::Error::InvalidArrow) at one with more than 2 GiB of text.
    pub fn record_batches(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<RecordBatches> {
        let cursor = self.cursor(uuid, range)?;
        Ok(RecordBatches::new(self.clone(), uuid.clone(), cursor))
    }

    /// Inserts Arrow record batches in one transaction, as
    /// [`insert_many`](Self::insert_many) does rows. They need columns `ts`
    /// (timestamps of any unit, or what [`Timestamp`] reads: numbers of `unit` or text) and
    /// `value` (numbers, or text that is one), both without nulls. `hash` and
    /// `provider` are optional, as is each item: a missing hash is computed, a
    /// missing provider is `provider`, or `central`. Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidArrow`](crate::Error::InvalidArrow) if a column is missing, has
    /// nulls or can't be converted, or if the reader of the batches fails; else as
    /// [`insert`](Self::insert).
    pub fn insert_record_batches(
        &self,
        uuid: &StreamUuid,
        batches: impl RecordBatchReader,
        provider: Option<&str>,
        unit: TimeUnit,
    ) -> Result<InsertReport> {
        import::insert(self, uuid, batches, provider, unit)
    }
}
