//! Rows and metadata as a file stores them, for a copy of the store: see
//! [`Copying`](crate::backend::copying::Copying).

mod aside;
mod fit;
mod literal;
mod rows;
mod streams;

use super::connection::Connection;
use super::key::key;
use super::raw::Params;
use crate::backend::Found;
use crate::backend::copying::Copying;
use crate::model::error::Result;
use crate::model::raw_row::{Put, RawPosition, RawQuarantined, RawRow, RawStream};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Copying for Connection {
    fn raw_streams(&mut self) -> Result<Vec<RawStream>> {
        self.raw_streams()
    }

    fn last_id(&mut self) -> Result<i64> {
        let select = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM streams_id";
        let answer = self.ask(select, Params::new())?;
        Ok(answer.first().and_then(|row| row.int8(0)).unwrap_or(0))
    }

    fn raw_rows(
        &mut self,
        uuid: &StreamUuid,
        position: &mut RawPosition,
        limit: usize,
    ) -> Found<Vec<RawRow>> {
        self.raw_rows(uuid, position, limit)
    }

    fn count_raw_rows(&mut self, uuid: &StreamUuid) -> Found<u64> {
        let select = "SELECT (SELECT count(*) FROM observations WHERE stream = $1) + \
                      (SELECT count(*) FROM quarantine WHERE uuid = $2 AND id < 0)";
        let params = Params::new().int8(key(uuid)).text(uuid.as_str());
        self.on_rows(uuid, select, params, |answer| Ok(answer.number()))
    }

    fn lacking<'a>(&mut self, uuid: &StreamUuid, rows: &'a [RawRow]) -> Result<Option<&'a RawRow>> {
        self.lacking(uuid, rows)
    }

    fn raw_quarantined(&mut self, after: i64, limit: usize) -> Result<Vec<RawQuarantined>> {
        self.raw_quarantined(after, limit)
    }

    fn check_raw_streams(&mut self, streams: &[RawStream]) -> Result<()> {
        self.check_raw_streams(streams)
    }

    fn put_rows(&mut self, uuid: &StreamUuid, rows: &[RawRow], now: Timestamp) -> Result<Put> {
        self.put_rows(uuid, rows, now)
    }

    fn put_quarantined(&mut self, rows: &[RawQuarantined]) -> Result<()> {
        self.put_quarantined(rows)
    }

    fn put_streams(&mut self, streams: &[RawStream], last_id: i64) -> Result<()> {
        self.put_streams(streams, last_id)
    }
}
