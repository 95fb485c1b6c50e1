//! What a copy of a store asks of a database: rows and metadata as they are stored.
//!
//! A stream's table may not be able to hold a row that another database's can. Such a row is
//! put into the quarantine, with a negative number: the next copy finds it there, and takes it
//! for a row of the stream, as it was. Rows that were in the quarantine have positive ones.

use super::{Backend, Found};
use crate::model::error::Result;
use crate::model::raw_row::{Put, RawPosition, RawQuarantined, RawRow, RawStream};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// A database from which, and into which, a store can be copied. What writes needs a
/// transaction.
pub(crate) trait Copying: Backend {
    /// Returns the metadata of all streams, by id.
    fn raw_streams(&mut self) -> Result<Vec<RawStream>>;

    /// Returns the highest id that a stream ever had; 0 if none had one.
    fn last_id(&mut self) -> Result<i64>;

    /// Returns the next rows of the stream, at most `limit`, in an order that stays, and moves
    /// the position behind them; none only at the end.
    fn raw_rows(
        &mut self,
        uuid: &StreamUuid,
        position: &mut RawPosition,
        limit: usize,
    ) -> Found<Vec<RawRow>>;

    /// Counts the rows that [`raw_rows`](Self::raw_rows) returns.
    fn count_raw_rows(&mut self, uuid: &StreamUuid) -> Found<u64>;

    /// Returns the first of these rows that the stream doesn't have just so; `None` if it has
    /// all.
    fn lacking<'a>(&mut self, uuid: &StreamUuid, rows: &'a [RawRow]) -> Result<Option<&'a RawRow>>;

    /// Returns the rows in the quarantine that are of no stream, by id, at most `limit`, from
    /// the one behind `after`.
    fn raw_quarantined(&mut self, after: i64, limit: usize) -> Result<Vec<RawQuarantined>>;

    /// Refuses metadata that the database can't hold.
    ///
    /// # Errors
    /// `InvalidText`, `NotAStream`.
    fn check_raw_streams(&mut self, streams: &[RawStream]) -> Result<()>;

    /// Puts rows into the stream, which has a place, or into the quarantine, unless they are
    /// there.
    fn put_rows(&mut self, uuid: &StreamUuid, rows: &[RawRow], now: Timestamp) -> Result<Put>;

    /// Puts rows into the quarantine under their ids, unless these are taken.
    fn put_quarantined(&mut self, rows: &[RawQuarantined]) -> Result<()>;

    /// Writes the metadata of streams that have none, and sees to it that ids which are given
    /// later are greater than `last_id`.
    fn put_streams(&mut self, streams: &[RawStream], last_id: i64) -> Result<()>;
}
