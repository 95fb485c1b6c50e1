//! Rows that can't be read. The table of observations takes none, so there are only those
//! that were copied from a file.

use super::connection::Connection;
use super::raw::Params;
use crate::backend::Found;
use crate::model::error::Result;
use crate::model::report::{Restored, StoredRow};
use crate::model::uuid::StreamUuid;

/// Has the rows that a copy has set aside, because `observations` can't hold them, count as
/// rows of no stream.
pub(super) const LEFT: &str = "UPDATE quarantine SET id = DEFAULT WHERE uuid = $1 AND id < 0";

impl Connection {
    pub(super) fn unreadable(&mut self, uuid: &StreamUuid) -> Found<Vec<StoredRow>> {
        Ok(self.has_data(uuid)?.then(Vec::new))
    }

    pub(super) fn quarantined(&mut self, uuid: &StreamUuid) -> Result<Vec<StoredRow>> {
        let select = "SELECT ts, value, hash, provider, reason FROM quarantine \
                      WHERE uuid = $1 ORDER BY id";
        let answer = self.ask(select, Params::new().text(uuid.as_str()))?;
        let rows = answer.rows().map(|row| {
            let text = |column| row.text(column).unwrap_or_default().to_owned();
            StoredRow {
                ts: text(0),
                value: text(1),
                hash: text(2),
                provider: text(3),
                reason: text(4),
            }
        });
        Ok(rows.collect())
    }

    pub(super) fn quarantined_streams(&mut self) -> Result<Vec<StreamUuid>> {
        let select = "SELECT uuid FROM quarantine GROUP BY uuid ORDER BY min(id)";
        let answer = self.ask(select, Params::new())?;
        let uuids = answer.rows().filter_map(|row| row.text(0));
        Ok(uuids
            .map(|uuid| StreamUuid::stored(uuid.to_owned()))
            .collect())
    }

    /// Puts nothing back: the table of observations takes no row that can't be read.
    pub(super) fn restore(&mut self, uuid: &StreamUuid) -> Found<Restored> {
        let kept = self.quarantined(uuid)?.len() as u64;
        let is_there = self.has_data(uuid)? || kept > 0;
        Ok(is_there.then_some(Restored { restored: 0, kept }))
    }
}
