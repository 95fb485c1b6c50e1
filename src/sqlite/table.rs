//! One observation table: its quoted name and the statements on it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::query::Query;
use super::raw::{Handle, Statement, schema_changed};
use super::shape::schema_version;
use super::sum::Sum;
use crate::model::error::{Error, Result};
use crate::model::uuid::StreamUuid;

/// Returns `name` as an SQL identifier: in double quotes, with those inside it doubled.
/// Every stream's name that becomes part of SQL goes through here.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One observation table, known to exist and to have the right shape.
///
/// This was true when the schema had the number `schema`. A statement on the table runs
/// while the schema still has it; otherwise it fails with SQLITE_SCHEMA, and
/// [`Tables::with`](super::tables::Tables::with) looks at the table again.
pub(super) struct Table {
    db: Handle,
    quoted: String,
    pub(super) schema: i64,
    /// Another program has given the table triggers.
    pub(super) has_triggers: bool,
    /// Why the table takes no rows, if so: another program has declared it otherwise.
    takes_no_rows: Option<String>,
    /// The statements that stay prepared: seldom more than two.
    cached: Vec<(Query, Statement)>,
    /// The bytes that these statements take.
    memory: usize,
    /// The bytes that those of all tables of the connection take.
    total: Arc<AtomicUsize>,
    /// An INSERT of many rows, and their number.
    chunk: Option<(usize, Statement)>,
    /// The file's version at which the row that sorts last was text and the latest of all,
    /// if nothing else can have been written through this connection since. See
    /// [`read::last_text`](super::read::last_text).
    pub(super) last_is_latest: Cell<Option<i64>>,
    /// A digest of the rows is kept.
    pub(super) keeps_digest: bool,
    /// By how much the present work changes it.
    pub(super) delta: Sum,
    /// The sweep that has used it last. See [`Prepared`](super::prepared::Prepared).
    pub(super) sweep: u64,
}

impl Table {
    /// Returns the table with this name, which exists and has the right shape in `schema`.
    pub(super) fn new(
        db: Handle,
        name: &str,
        schema: i64,
        total: Arc<AtomicUsize>,
        has_triggers: bool,
        takes_no_rows: Option<String>,
    ) -> Self {
        Self {
            db,
            quoted: quote(name),
            schema,
            has_triggers,
            takes_no_rows,
            cached: Vec::new(),
            memory: 0,
            total,
            chunk: None,
            last_is_latest: Cell::new(None),
            keeps_digest: false,
            delta: Sum::default(),
            sweep: 0,
        }
    }

    /// Checks that the table stores rows as they are given.
    ///
    /// # Errors
    /// `NotAStream`, which names the column that changes them.
    pub(super) fn check_takes_rows(&self, stream: &StreamUuid) -> Result<()> {
        match &self.takes_no_rows {
            None => Ok(()),
            Some(reason) => Err(Error::NotAStream {
                name: stream.shown(),
                reason: reason.clone(),
            }),
        }
    }

    /// Returns a statement that stays prepared.
    pub(super) fn cached(&mut self, query: Query) -> Result<&mut Statement> {
        if query.writes() {
            self.last_is_latest.set(None);
        }
        let kept = self.cached.iter().position(|(kept, _)| *kept == query);
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let statement = self.prepare(|table| query.sql(table))?;
                let memory = statement.memory();
                self.memory += memory;
                self.total.fetch_add(memory, Ordering::Relaxed);
                // There may be one of each of 10,000 tables.
                self.cached.reserve_exact(1);
                self.cached.push((query, statement));
                self.cached.len() - 1
            }
        };
        Ok(&mut self.cached[kept].1)
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

    /// Returns `true` if an INSERT of many rows stays prepared.
    pub(super) fn has_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// Drops the INSERT of many rows.
    pub(super) fn forget_chunk(&mut self) {
        self.chunk = None;
    }

    /// Returns `true` if the transaction is still open.
    pub(super) fn in_transaction(&self) -> bool {
        !self.db.is_autocommit()
    }

    /// Runs `work`; if it fails, undoes what it has done. Only in a transaction, which a
    /// trigger may end.
    pub(super) fn all_or_nothing<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.run("SAVEPOINT satori_row")?;
        let done = work(self);
        if done.is_err() && self.in_transaction() {
            self.run("ROLLBACK TO satori_row")?;
        }
        if self.in_transaction() {
            self.run("RELEASE satori_row")?;
        }
        done
    }

    fn run(&self, sql: &str) -> Result<()> {
        Statement::prepare(self.db, sql)?.execute(&[])?;
        Ok(())
    }

    /// Prepares a statement for one call, which may write. `sql` makes its text from the
    /// quoted name.
    pub(super) fn prepare(&self, sql: impl FnOnce(&str) -> String) -> Result<Statement> {
        self.last_is_latest.set(None);
        let statement = Statement::prepare_for_schema(self.db, &sql(&self.quoted))?;
        // Asked after preparing, which may have read a newer schema.
        match schema_version(&mut None, self.db)? == self.schema {
            true => Ok(statement),
            false => Err(schema_changed()),
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.total.fetch_sub(self.memory, Ordering::Relaxed);
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
