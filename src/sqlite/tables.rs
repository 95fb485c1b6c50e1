//! The observation tables of a connection: finding, making and dropping them.

use std::collections::{HashMap, HashSet};

use libsqlite3_sys as ffi;

use super::catalog::{Catalog, not_a_stream};
use super::prepared::{CROWDED_CACHE_KIB, Prepared};
use super::raw::{Handle, Statement, is_schema_changed, schema_changed};
use super::shape::{DIGESTS, schema_version, triggered};
use super::sum::{Change, Sum};
use super::table::{Table, quote};
use crate::backend::Access;
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result, excerpt};
use crate::model::options::OpenOptions;
use crate::model::uuid::{self, StreamUuid};

/// How many tables are remembered, at 80 bytes each, to have the right shape, and how many
/// not to exist. Inspecting one again takes several times as long as preparing a statement.
const KNOWN_TABLES: usize = 65_536;

/// The observation tables of one connection.
pub(super) struct Tables {
    db: Handle,
    /// The tables with prepared statements.
    prepared: Prepared,
    /// The names of tables that have the right shape.
    known: HashSet<String>,
    /// Those of them that take no rows, and why.
    read_only: HashMap<String, String>,
    /// Names that no table has.
    absent: HashSet<String>,
    /// The names, in lower case, of tables that have triggers.
    triggered: HashSet<String>,
    /// The store keeps digests of streams.
    pub(super) keeps_digests: bool,
    /// What the present transaction has done to the rows of streams, if digests are kept.
    pub(super) changes: HashMap<String, Change>,
    /// The number of the schema in which `known`, `read_only`, `absent`, `catalog`,
    /// `triggered` and `keeps_digests` are true; `None` before the first look.
    schema: Option<i64>,
    /// The present transaction has seen that this still is the number.
    is_checked: bool,
    /// The present transaction has changed the schema.
    is_changed: bool,
    /// The present transaction may write.
    may_write: bool,
    version: Option<Statement>,
    catalog: Catalog,
    /// See [`OpenOptions::keep_spelling`](crate::OpenOptions::keep_spelling).
    pub(super) keep_spelling: bool,
    /// See [`OpenOptions::skip_unreadable`](crate::OpenOptions::skip_unreadable).
    pub(super) skip_unreadable: bool,
}

impl Tables {
    pub(super) fn new(db: Handle, options: &OpenOptions) -> Self {
        Self {
            db,
            prepared: Prepared::default(),
            known: HashSet::new(),
            read_only: HashMap::new(),
            absent: HashSet::new(),
            triggered: HashSet::new(),
            keeps_digests: false,
            changes: HashMap::new(),
            schema: None,
            is_checked: false,
            is_changed: false,
            may_write: false,
            version: None,
            catalog: Catalog::new(db),
            keep_spelling: options.keep_spelling,
            skip_unreadable: options.skip_unreadable,
        }
    }

    /// Runs `work` on the stream's table; returns `None` if there is no table.
    ///
    /// A known table may have gone or changed its shape since: another process did it, or
    /// the transaction that made it was rolled back. The statements fail then, before the
    /// first of them has done anything, so the table is inspected again and `work` runs a
    /// second time.
    ///
    /// # Errors
    /// That of [`check`](Self::check), outside a transaction.
    pub(super) fn with<T>(
        &mut self,
        stream: &StreamUuid,
        mut work: impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.run(stream, &mut work)? {
            Some(Err(error))
                if is_schema_changed(&error)
                    || error.database_code() == Some(ffi::SQLITE_ERROR) =>
            {
                self.forget(stream);
                self.is_checked = false;
                self.check()?;
            }
            Some(done) => return self.noted(stream, done).map(Some),
            None => return Ok(None),
        }
        match self.run(stream, &mut work)? {
            Some(done) => self.noted(stream, done).map(Some),
            None => Ok(None),
        }
    }

    /// Runs `work`, which reads many tables in turn. What stays prepared of them has a limit,
    /// and serves the next sweep even if there are more.
    pub(super) fn sweep<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.prepared.begin_sweep();
        let done = work(self);
        self.prepared.end_sweep();
        done
    }

    /// Runs `work` on the stream's table as it is known; returns `None` if there is no table.
    fn run<T>(
        &mut self,
        stream: &StreamUuid,
        work: &mut impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<Option<Result<T>>> {
        let Some(table) = self.table(stream)? else {
            return Ok(None);
        };
        let done = work(table);
        let (has_triggers, has_chunk) = (table.has_triggers, table.has_chunk());
        if has_chunk {
            self.prepared.note_chunk(stream.as_str());
        }
        if has_triggers {
            // They may have written into any table.
            self.forget_last();
        }
        Ok(Some(done))
    }

    /// Notes by how much the work on the stream's table has changed its digest.
    fn noted<T>(&mut self, stream: &StreamUuid, done: Result<T>) -> Result<T> {
        if !self.keeps_digests {
            return done;
        }
        let table = self.prepared.peek_mut(stream.as_str());
        let rows = table.map(|table| std::mem::take(&mut table.delta));
        if let (Some(rows), Ok(_)) = (rows, &done) {
            self.change_rows(stream, rows);
        }
        done
    }

    fn change_rows(&mut self, stream: &StreamUuid, rows: Sum) {
        if rows == Sum::default() {
            return;
        }
        match self.changes.get_mut(stream.as_str()) {
            Some(change) => change.add_all(rows),
            None => {
                let change = Change::Rows(rows);
                self.changes.insert(stream.to_string(), change);
            }
        }
    }

    /// Runs `work` on the stream's table, and makes it if there is none. Only in a
    /// transaction.
    pub(super) fn with_created<T>(
        &mut self,
        stream: &StreamUuid,
        mut work: impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<T> {
        if let Some(done) = self.with(stream, &mut work)? {
            return Ok(done);
        }
        self.create(stream)?;
        let done = self.with(stream, work)?;
        done.ok_or_else(|| not_a_stream(stream.as_str(), "it could not be made".to_owned()))
    }

    /// Makes the stream's table. Only in a transaction.
    pub(super) fn create(&mut self, stream: &StreamUuid) -> Result<()> {
        // Other programs write the metadata too, so a uuid from there may be any text.
        if let Some(reason) = uuid::fault(stream.as_str()) {
            return Err(Error::InvalidUuid {
                uuid: excerpt(stream.as_str()),
                reason,
            });
        }
        // WITHOUT ROWID makes the file a fifth smaller, and plain SQL sees no difference.
        let sql = format!(
            "CREATE TABLE {} (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL, \
             hash TEXT NOT NULL, provider TEXT NOT NULL) WITHOUT ROWID",
            quote(stream.as_str())
        );
        match self.change_schema(&sql) {
            Err(Error::Database { code, message })
                if code == DatabaseCode::Number(ffi::SQLITE_ERROR) =>
            {
                match self.catalog.kind_of(stream.as_str())? {
                    Some(kind) => Err(not_a_stream(
                        stream.as_str(),
                        format!("the name is taken: it is that of the {kind}"),
                    )),
                    None => Err(Error::Database { code, message }),
                }
            }
            created => {
                if self.keeps_digests {
                    let change = Change::New(Sum::default());
                    self.changes.insert(stream.to_string(), change);
                }
                created
            }
        }
    }

    /// Runs a statement that makes or drops a table, after which the other tables are as
    /// they were. Only in a transaction.
    pub(super) fn change_schema(&mut self, sql: &str) -> Result<()> {
        self.check()?;
        self.is_changed = true;
        self.absent.clear();
        Statement::prepare(self.db, sql)?.execute(&[])?;
        self.schema = Some(schema_version(&mut self.version, self.db)?);
        self.catalog.forget();
        Ok(())
    }

    /// Begins a transaction, which looks at the schema's number anew.
    pub(super) fn begin(&mut self, access: Access) {
        self.is_checked = false;
        self.is_changed = false;
        self.may_write = access == Access::Write;
    }

    /// Forgets what a transaction that was rolled back has made of the schema: another
    /// program may give the same number to a schema of its own.
    pub(super) fn rolled_back(&mut self) {
        self.changes.clear();
        if self.is_changed {
            self.is_changed = false;
            self.forget_all();
        }
    }

    /// Forgets all tables if anybody else has changed the schema.
    ///
    /// # Errors
    /// SQLITE_SCHEMA if somebody has, outside a transaction. There others could change it
    /// again and again while it is read, which takes SQLite a tenth of a second if there are
    /// 10,000 tables (measured).
    pub(super) fn check(&mut self) -> Result<()> {
        let is_in_transaction = !self.db.is_autocommit();
        if is_in_transaction && self.is_checked {
            return Ok(());
        }
        let schema = schema_version(&mut self.version, self.db)?;
        if self.schema != Some(schema) {
            if !is_in_transaction {
                return Err(schema_changed());
            }
            self.forget_all();
            self.triggered = triggered(self.db)?;
            self.keeps_digests = self.triggered.contains(DIGESTS);
            self.schema = Some(schema);
        }
        self.is_checked = is_in_transaction;
        Ok(())
    }

    /// Forgets all that is known of the tables.
    pub(super) fn forget_all(&mut self) {
        self.known.clear();
        self.read_only.clear();
        self.absent.clear();
        self.prepared.clear();
        self.schema = None;
        self.catalog.forget();
    }

    /// Returns `true` if the stream has a table.
    pub(super) fn has(&mut self, stream: &StreamUuid) -> Result<bool> {
        self.check()?;
        Ok(self.table(stream)?.is_some())
    }

    /// Drops the stream's table and returns the number of rows it held; `None` if there was
    /// none. Only in a transaction.
    pub(super) fn drop(&mut self, stream: &StreamUuid) -> Result<Option<u64>> {
        let rows = self.with(stream, |table| {
            let rows = table
                .prepare(|t| format!("SELECT count(*) FROM {t}"))?
                .first(&[], |row| row.integer(0))?;
            Ok(rows.unwrap_or(0).unsigned_abs())
        })?;
        if rows.is_some() {
            // Statements on the table would keep it locked.
            self.forget(stream);
            let sql = format!("DROP TABLE {}", quote(stream.as_str()));
            self.change_schema(&sql)?;
            if self.keeps_digests {
                self.changes.insert(stream.to_string(), Change::Gone);
            }
        }
        Ok(rows)
    }

    /// Drops the table's statements; it is inspected again before the next use.
    fn forget(&mut self, stream: &StreamUuid) {
        self.prepared.pop(stream.as_str());
        self.known.remove(stream.as_str());
        self.read_only.remove(stream.as_str());
    }

    /// Ends a transaction that was committed. A trigger on table `streams` may have written
    /// into any table.
    pub(super) fn committed(&mut self) {
        if !self.triggered.is_empty() {
            self.forget_last();
        }
        self.begin(Access::Read);
    }

    /// Forgets which tables' last row is the latest if the present transaction may have
    /// written it, because it may be gone.
    pub(super) fn forget_last(&self) {
        if !self.may_write {
            return;
        }
        self.prepared.forget_last();
    }

    /// Lists the observation tables, in the order in which they were made. Only in a
    /// transaction.
    pub(super) fn list(&mut self) -> Result<Vec<StreamUuid>> {
        self.check()?;
        Ok(self.catalog.list()?.to_vec())
    }

    fn table(&mut self, stream: &StreamUuid) -> Result<Option<&mut Table>> {
        let name = stream.as_str();
        self.prepared.turn_to(name);
        if self.prepared.needs_room() {
            let pragma = format!("PRAGMA cache_size = -{CROWDED_CACHE_KIB}");
            let done = Statement::prepare(self.db, &pragma).and_then(|mut run| run.execute(&[]));
            // If not, the next call tries it again.
            if done.is_ok() {
                self.prepared.note_room();
            }
        }
        // The name is looked up twice, because a borrow that one branch returns counts as
        // held in the other. The second look-up takes 20 ns.
        let prepared = self.prepared.get_mut(name).map(|table| table.schema);
        if prepared.is_none() || prepared != self.schema {
            if !self.known.contains(name) {
                self.check()?;
                if self.absent.contains(name) {
                    return Ok(None);
                }
                let found = self.catalog.inspect(name)?;
                let names = match found {
                    Some(_) => &mut self.known,
                    None => &mut self.absent,
                };
                if names.len() >= KNOWN_TABLES {
                    names.clear();
                }
                names.insert(name.to_owned());
                let Some(found) = found else {
                    return Ok(None);
                };
                if let Some(reason) = found.takes_no_rows {
                    self.read_only.insert(name.to_owned(), reason);
                }
            }
            let has_triggers =
                !self.triggered.is_empty() && self.triggered.contains(&name.to_ascii_lowercase());
            let schema = self.schema.unwrap_or_default();
            let takes_no_rows = self.read_only.get(name).cloned();
            let memory = self.prepared.memory();
            let mut table = Table::new(self.db, name, schema, memory, has_triggers, takes_no_rows);
            table.keeps_digest = self.keeps_digests;
            return Ok(self.prepared.put(name, table));
        }
        self.prepared.trim();
        let keeps_digest = self.keeps_digests;
        let mut table = self.prepared.peek_mut(name);
        if let Some(table) = &mut table {
            table.keeps_digest = keeps_digest;
        }
        Ok(table)
    }
}
