//! Looking up single rows of one table.

use satori_store::StreamUuid;

use super::connection::Connection;
use super::observation::Observation;
use super::statement::Statement;

/// Looks up the row of an instant, or the latest.
pub(crate) struct Lookup {
    at: Statement,
    latest: LatestLookup,
}

/// Looks up the latest row.
pub(crate) struct LatestLookup(Statement);

impl Lookup {
    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        Self {
            at: connection.prepare(&format!(
                "SELECT ts, value, hash, provider FROM \"{table}\" WHERE ts = ?1"
            )),
            latest: LatestLookup::new(connection, table),
        }
    }

    pub(crate) fn at(&self, seconds: i64) -> Option<Observation> {
        // SAFETY: the statement is live.
        unsafe {
            self.at.bind_integer(1, seconds);
            let row = self.at.step().then(|| Observation::read(&self.at));
            self.at.reset();
            row
        }
    }

    pub(crate) fn latest(&self) -> Option<Observation> {
        self.latest.latest()
    }
}

impl LatestLookup {
    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        Self(connection.prepare(&format!(
            "SELECT ts, value, hash, provider FROM \"{table}\" ORDER BY ts DESC LIMIT 1"
        )))
    }

    pub(crate) fn latest(&self) -> Option<Observation> {
        // SAFETY: the statement is live.
        unsafe {
            let row = self.0.step().then(|| Observation::read(&self.0));
            self.0.reset();
            row
        }
    }
}
