//! One observation table: its quoted name and the statements on it.

use std::cell::Cell;

use super::query::{QUERIES, Query};
use super::raw::{Handle, Statement};
use crate::model::error::Result;

/// Returns `name` as an SQL identifier: in double quotes, with those inside it doubled.
/// Every stream's name that becomes part of SQL goes through here.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One observation table, known to exist and to have the right shape.
pub(super) struct Table {
    db: Handle,
    quoted: String,
    cached: [Option<Statement>; QUERIES],
    /// An INSERT of many rows, and their number.
    chunk: Option<(usize, Statement)>,
    /// The file's version at which the row that sorts last was text and the latest of all,
    /// if nothing else can have been written through this connection since. See
    /// [`read::last_text`](super::read::last_text).
    pub(super) last_is_latest: Cell<Option<i64>>,
}

impl Table {
    /// Returns the table with this name, which must exist and have the right shape.
    pub(super) fn new(db: Handle, name: &str) -> Self {
        Self {
            db,
            quoted: quote(name),
            cached: [const { None }; QUERIES],
            chunk: None,
            last_is_latest: Cell::new(None),
        }
    }

    /// Returns a statement that stays prepared.
    pub(super) fn cached(&mut self, query: Query) -> Result<&mut Statement> {
        if query.writes() {
            self.last_is_latest.set(None);
        }
        let slot = &mut self.cached[query as usize];
        match slot {
            Some(statement) => Ok(statement),
            None => Ok(slot.insert(Statement::prepare(self.db, &query.sql(&self.quoted))?)),
        }
    }

    /// Returns an INSERT of `rows` rows: ?1 is the provider of all; ts, value and hash of
    /// each row follow. It stays prepared until one for another number of rows is asked for
    /// or [`forget_chunk`](Self::forget_chunk) is called: it takes a hundred times the
    /// memory of the other statements.
    pub(super) fn chunk(&mut self, rows: usize) -> Result<&mut Statement> {
        self.last_is_latest.set(None);
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

    /// Prepares a statement for one call, which may write. `sql` makes its text from the
    /// quoted name.
    pub(super) fn prepare(&self, sql: impl FnOnce(&str) -> String) -> Result<Statement> {
        self.last_is_latest.set(None);
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
