//! Reading a whole table: into vectors, into Arrow's builders, row by row.

use satori_store::StreamUuid;

use super::connection::Connection;
use super::observation::Observation;
use super::statement::Statement;
use crate::builders::Builders;

/// A table as columns.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) ts: Vec<i64>,
    pub(crate) value: Vec<f64>,
    pub(crate) hash: Texts,
    pub(crate) provider: Texts,
}

/// A column of texts: all their bytes, and where each text begins and ends.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) bytes: Vec<u8>,
    pub(crate) offsets: Vec<i64>,
}

impl Texts {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.offsets.push(self.bytes.len() as i64);
    }
}

/// Reads a table into columns.
pub(crate) fn columns(connection: &Connection, table: &StreamUuid) -> Columns {
    let statement = select(connection, table);
    // No count(*) first: that would read the whole table once more.
    let mut columns = Columns::default();
    columns.hash.offsets.push(0);
    columns.provider.offsets.push(0);
    // SAFETY: the statement is live.
    unsafe {
        while statement.step() {
            columns.ts.push(statement.micros(0));
            columns.value.push(statement.real(1));
            columns.hash.push(statement.bytes(2));
            columns.provider.push(statement.bytes(3));
        }
    }
    columns
}

/// Fills Arrow's builders with a table.
pub(crate) fn fill(connection: &Connection, table: &StreamUuid, builders: &mut Builders) {
    let statement = select(connection, table);
    // SAFETY: the statement is live, and texts are what the schema says they are.
    unsafe {
        let text = |column| std::str::from_utf8_unchecked(statement.bytes(column));
        while statement.step() {
            builders.ts.append_value(statement.micros(0));
            builders.values.append_value(statement.real(1));
            builders.hashes.append_value(text(2));
            builders.providers.append_value(text(3));
        }
    }
}

/// Hands each row of a table to `sink`.
pub(crate) fn each(connection: &Connection, table: &StreamUuid, mut sink: impl FnMut(Observation)) {
    let statement = select(connection, table);
    // SAFETY: the statement is live and stands on a row.
    unsafe {
        while statement.step() {
            sink(Observation::read(&statement));
        }
    }
}

/// Sums a table up in hours, by SQL: the hour, the number of rows, and the first, last, least,
/// greatest, mean value and the sum.
pub(crate) fn hours(connection: &Connection, table: &StreamUuid) -> Vec<(i64, i64, [f64; 6])> {
    let statement = connection.prepare(&format!(
        "SELECT hour * 3600, rows, \
           (SELECT value FROM \"{table}\" WHERE ts = earliest), \
           (SELECT value FROM \"{table}\" WHERE ts = latest), least, greatest, mean, total \
         FROM (SELECT ts / 3600 AS hour, count(*) AS rows, min(ts) AS earliest, \
             max(ts) AS latest, min(value) AS least, max(value) AS greatest, avg(value) AS mean, \
             sum(value) AS total FROM \"{table}\" GROUP BY hour)"
    ));
    let mut hours = Vec::new();
    // SAFETY: the statement is live and stands on a row.
    unsafe {
        while statement.step() {
            let numbers = [2, 3, 4, 5, 6, 7].map(|column| statement.real(column));
            hours.push((statement.integer(0), statement.integer(1), numbers));
        }
    }
    hours
}

fn select(connection: &Connection, table: &StreamUuid) -> Statement {
    connection.prepare(&format!(
        "SELECT ts, value, hash, provider FROM \"{table}\" ORDER BY ts"
    ))
}
