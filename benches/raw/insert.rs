//! Inserting rows into one table: one at a time, or many with one statement.

use satori_store::StreamUuid;

use super::connection::Connection;
use super::statement::Statement;
use crate::feed::Row;

/// Inserts single rows.
pub(crate) struct Insert(Statement);

impl Insert {
    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        Self(connection.prepare(&format!(
            "INSERT INTO \"{table}\" (ts, value, hash, provider) VALUES (?1, ?2, ?3, ?4)"
        )))
    }

    pub(crate) fn row(&self, row: &Row) {
        self.values(row.seconds, row.value, &row.hash, row.provider);
    }

    pub(crate) fn values(&self, seconds: i64, value: f64, hash: &str, provider: &str) {
        // SAFETY: the texts outlive the step; the next call binds them anew.
        unsafe {
            self.0.bind_integer(1, seconds);
            self.0.bind_real(2, value);
            self.0.bind_text(3, hash);
            self.0.bind_text(4, provider);
            self.0.step();
            self.0.reset();
        }
    }
}

/// Inserts 250 rows of one provider with one statement.
pub(crate) struct InsertChunk(Statement);

impl InsertChunk {
    pub(crate) const ROWS: usize = 250;

    pub(crate) fn new(connection: &Connection, table: &StreamUuid) -> Self {
        let rows: Vec<_> = (0..Self::ROWS)
            .map(|row| 2 + 3 * row)
            .map(|ts| format!("(?{ts}, ?{}, ?{}, ?1)", ts + 1, ts + 2))
            .collect();
        Self(connection.prepare(&format!(
            "INSERT INTO \"{table}\" (ts, value, hash, provider) VALUES {}",
            rows.join(", ")
        )))
    }

    pub(crate) fn rows(&self, rows: &[Row]) {
        assert_eq!(rows.len(), Self::ROWS);
        // SAFETY: as for `Insert`.
        unsafe {
            self.0.bind_text(1, rows[0].provider);
            for (row, first) in rows.iter().zip((2..).step_by(3)) {
                self.0.bind_integer(first, row.seconds);
                self.0.bind_real(first + 1, row.value);
                self.0.bind_text(first + 2, &row.hash);
            }
            self.0.step();
            self.0.reset();
        }
    }
}
