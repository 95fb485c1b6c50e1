//! One observation table: its name as an identifier, the statements on it.

use super::query::{QUERIES, Query};
use super::raw::{Handle, Statement};
use crate::model::error::Result;

/// Returns `name` as an SQL identifier: in double quotes, those within doubled. No other
/// place makes an identifier of a name.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One observation table, known to exist and to have the right shape.
pub(super) struct Table {
    db: Handle,
    quoted: String,
    cached: [Option<Statement>; QUERIES],
    /// An INSERT of many rows, and of how many.
    chunk: Option<(usize, Statement)>,
}

impl Table {
    /// Returns the table of this name, which exists and has the right shape.
    pub(super) fn new(db: Handle, name: &str) -> Self {
        Self {
            db,
            quoted: quote(name),
            cached: [const { None }; QUERIES],
            chunk: None,
        }
    }

    /// Returns a statement that is kept prepared.
    pub(super) fn cached(&mut self, query: Query) -> Result<&mut Statement> {
        let slot = &mut self.cached[query as usize];
        match slot {
            Some(statement) => Ok(statement),
            None => Ok(slot.insert(Statement::prepare(self.db, &query.sql(&self.quoted))?)),
        }
    }

    /// Returns an INSERT of so many rows at once: ?1 is the provider of all; then come ts,
    /// value and hash of each. It is kept until another number of rows, or another
    /// table, is asked for: it costs a hundred times what the others do.
    pub(super) fn chunk(&mut self, rows: usize) -> Result<&mut Statement> {
        let kept = self.chunk.take().filter(|(count, _)| *count == rows);
        let chunk = match kept {
            Some(chunk) => chunk,
            None => (rows, self.prepare(|table| chunk_sql(table, rows))?),
        };
        Ok(&mut self.chunk.insert(chunk).1)
    }

    /// Drops the INSERT of many rows.
    pub(super) fn forget_chunk(&mut self) {
        self.chunk = None;
    }

    /// Returns `true` if the transaction is still open.
    pub(super) fn in_transaction(&self) -> bool {
        !self.db.is_autocommit()
    }

    /// Prepares a statement for one call, its text made from the quoted name.
    pub(super) fn prepare(&self, sql: impl FnOnce(&str) -> String) -> Result<Statement> {
        Ok(Statement::prepare(self.db, &sql(&self.quoted))?)
    }
}

fn chunk_sql(table: &str, rows: usize) -> String {
    let rows: Vec<_> = (0..rows)
        .map(|row| {
            let first = 2 + 3 * row;
            format!("(?{}, ?{}, ?{}, ?1)", first, first + 1, first + 2)
        })
        .collect();
    format!(
        "INSERT OR ABORT INTO {table} (ts, value, hash, provider) VALUES {}",
        rows.join(", ")
    )
}
