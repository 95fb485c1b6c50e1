//! The observation tables of a connection: finding, making and dropping them.

use std::collections::{HashMap, HashSet};

use libsqlite3_sys as ffi;
use lru::LruCache;

use super::raw::{Cell, Handle, Param, Statement, prepared};
use super::shape::{columns_sql, fault_of_observations, read_columns, schema_version, triggered};
use super::table::{Table, quote};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result, excerpt};
use crate::model::options::OpenOptions;
use crate::model::uuid::{self, StreamUuid};

/// How many tables keep their prepared statements. These take 5 to 10 KB for each table in
/// use (measured); the limit bounds that if 10,000 streams are written to in turn.
const CACHED_TABLES: usize = 4_096;
/// How many tables are remembered, at 80 bytes each, to have the right shape. Inspecting one
/// again takes several times as long as preparing a statement.
const KNOWN_TABLES: usize = 65_536;
/// How often a call outside a transaction looks at a table again because other programs
/// change the schema. SQLite itself prepares a statement anew as often.
const ATTEMPTS: usize = 50;
/// How many spellings of a table's columns are remembered.
const SHAPES: usize = 64;

/// The observation tables of one connection.
pub(super) struct Tables {
    db: Handle,
    /// The tables with prepared statements.
    prepared: LruCache<String, Table>,
    /// The names of tables that have the right shape.
    known: HashSet<String>,
    /// The names, in lower case, of tables that have triggers.
    triggered: HashSet<String>,
    /// The number of the schema in which `known` and `triggered` are true; `None` before the
    /// first look.
    schema: Option<i64>,
    /// The present transaction has seen that this still is the number.
    is_checked: bool,
    /// The present transaction has changed the schema.
    is_changed: bool,
    /// The name of the table used last, the only one that may keep an INSERT of many rows.
    last: String,
    key: Option<Statement>,
    find: Option<Statement>,
    columns: Option<Statement>,
    listed: Option<Statement>,
    /// Whether tables of these columns, as SQL spells them behind the name, have the right
    /// shape. A store's tables are nearly all spelled alike.
    shapes: HashMap<String, bool>,
    /// See [`OpenOptions::keep_spelling`](crate::OpenOptions::keep_spelling).
    pub(super) keep_spelling: bool,
    /// See [`OpenOptions::skip_unreadable`](crate::OpenOptions::skip_unreadable).
    pub(super) skip_unreadable: bool,
}

impl Tables {
    pub(super) fn new(db: Handle, options: &OpenOptions) -> Self {
        // `LruCache::new(CACHED_TABLES)` would reserve the whole map at once.
        Self {
            db,
            prepared: LruCache::unbounded(),
            known: HashSet::new(),
            triggered: HashSet::new(),
            schema: None,
            is_checked: false,
            is_changed: false,
            last: String::new(),
            key: None,
            find: None,
            columns: None,
            listed: None,
            shapes: HashMap::new(),
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
    pub(super) fn with<T>(
        &mut self,
        stream: &StreamUuid,
        mut work: impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<Option<T>> {
        for attempt in 0.. {
            let Some(table) = self.table(stream)? else {
                return Ok(None);
            };
            match work(table) {
                Err(Error::Database {
                    code: DatabaseCode::Number(code),
                    ..
                }) if attempt == 0 && code == ffi::SQLITE_ERROR
                    || attempt < ATTEMPTS && code == ffi::SQLITE_SCHEMA =>
                {
                    self.forget(stream);
                    self.is_checked = false;
                    self.check()?;
                }
                done => return done.map(Some),
            }
        }
        Ok(None)
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
                match self.kind_of(stream.as_str())? {
                    Some(kind) => Err(not_a_stream(
                        stream.as_str(),
                        format!("the name is taken: it is that of the {kind}"),
                    )),
                    None => Err(Error::Database { code, message }),
                }
            }
            created => created,
        }
    }

    /// Runs a statement that makes or drops a table, after which the other tables are as
    /// they were. Only in a transaction.
    pub(super) fn change_schema(&mut self, sql: &str) -> Result<()> {
        self.check()?;
        self.is_changed = true;
        Statement::prepare(self.db, sql)?.execute(&[])?;
        self.schema = Some(schema_version(self.db)?);
        Ok(())
    }

    /// Begins a transaction, which looks at the schema's number anew.
    pub(super) fn begin(&mut self) {
        self.is_checked = false;
        self.is_changed = false;
    }

    /// Forgets what a transaction that was rolled back has made of the schema: another
    /// program may give the same number to a schema of its own.
    pub(super) fn rolled_back(&mut self) {
        if self.is_changed {
            self.is_changed = false;
            self.forget_all();
        }
    }

    /// Forgets all tables if anybody else has changed the schema.
    pub(super) fn check(&mut self) -> Result<()> {
        let is_in_transaction = !self.db.is_autocommit();
        if is_in_transaction && self.is_checked {
            return Ok(());
        }
        let schema = schema_version(self.db)?;
        if self.schema != Some(schema) {
            self.forget_all();
            self.triggered = triggered(self.db)?;
            self.schema = Some(schema);
        }
        self.is_checked = is_in_transaction;
        Ok(())
    }

    fn forget_all(&mut self) {
        self.known.clear();
        self.prepared.clear();
        self.schema = None;
    }

    /// Returns `true` if the stream has a table.
    pub(super) fn has(&mut self, stream: &StreamUuid) -> Result<bool> {
        self.check()?;
        Ok(self.table(stream)?.is_some())
    }

    /// Returns what has this name (`table`, `view`, `index`); `None` if nothing has.
    fn kind_of(&self, name: &str) -> Result<Option<String>> {
        let mut find = Statement::prepare(
            self.db,
            "SELECT type FROM sqlite_schema \
             WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'",
        )?;
        Ok(find.first(&[Param::Text(name)], |row| row.text(0))?)
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
        }
        Ok(rows)
    }

    /// Drops the table's statements; it is inspected again before the next use.
    fn forget(&mut self, stream: &StreamUuid) {
        self.prepared.pop(stream.as_str());
        self.known.remove(stream.as_str());
    }

    /// Forgets which tables' last row is the latest, because it may be gone.
    pub(super) fn forget_last(&self) {
        for (_, table) in &self.prepared {
            table.last_is_latest.set(None);
        }
    }

    /// Lists the observation tables, in the order in which they were made.
    pub(super) fn list(&mut self) -> Result<Vec<StreamUuid>> {
        // Virtual tables, which have no root page, are left out: SQLite can't list the
        // columns of one if its module is missing.
        let statement = prepared(
            &mut self.listed,
            self.db,
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 \
             ORDER BY rowid",
        )?;
        let mut tables = Vec::new();
        let mut rows = statement.query(&[])?;
        while let Some(row) = rows.next()? {
            let (Cell::Text(name), Cell::Text(sql)) = (row.cell(0), row.cell(1)) else {
                continue;
            };
            let (Ok(name), Ok(sql)) = (str::from_utf8(name), str::from_utf8(sql)) else {
                continue;
            };
            if uuid::fault(name).is_some() {
                continue;
            }
            // Two tables whose SQL is the same behind the name have the same columns.
            let shape = sql
                .strip_prefix("CREATE TABLE \"")
                .and_then(|sql| sql.strip_prefix(name)?.strip_prefix('"'));
            let known = match shape.and_then(|shape| self.shapes.get(shape)) {
                Some(&right) => right,
                None => {
                    let columns = prepared(&mut self.columns, self.db, &columns_sql())?;
                    let right = fault_of_observations(&read_columns(columns, name)?).is_none();
                    if let Some(shape) = shape {
                        if self.shapes.len() >= SHAPES {
                            self.shapes.clear();
                        }
                        self.shapes.insert(shape.to_owned(), right);
                    }
                    right
                }
            };
            if known {
                tables.push(StreamUuid::new(name)?);
            }
        }
        Ok(tables)
    }

    fn table(&mut self, stream: &StreamUuid) -> Result<Option<&mut Table>> {
        let name = stream.as_str();
        if self.last != name {
            if let Some(last) = self.prepared.peek_mut(&self.last) {
                last.forget_chunk();
            }
            name.clone_into(&mut self.last);
        }
        // The name is looked up twice, because a borrow that one branch returns counts as
        // held in the other. The second look-up takes 20 ns.
        let prepared = self.prepared.peek(name).map(|table| table.schema);
        if prepared.is_none() || prepared != self.schema {
            if !self.known.contains(name) {
                self.check()?;
                if !self.inspect(name)? {
                    return Ok(None);
                }
                if self.known.len() >= KNOWN_TABLES {
                    self.known.clear();
                }
                self.known.insert(name.to_owned());
            }
            let has_triggers =
                !self.triggered.is_empty() && self.triggered.contains(&name.to_ascii_lowercase());
            let schema = self.schema.unwrap_or_default();
            let table = Table::new(self.db, name, schema, has_triggers);
            self.prepared.put(name.to_owned(), table);
            while self.prepared.len() > CACHED_TABLES {
                self.prepared.pop_lru();
            }
        }
        Ok(self.prepared.get_mut(name))
    }

    /// Returns `true` if a table with exactly this name and the right shape exists. It asks
    /// SQLite's parsed schema, as `sqlite_schema` would be scanned.
    fn inspect(&mut self, name: &str) -> Result<bool> {
        if !self.has_key(name)? && !self.has_table(name)? {
            return Ok(false);
        }
        let statement = prepared(&mut self.columns, self.db, &columns_sql())?;
        match fault_of_observations(&read_columns(statement, name)?) {
            None => Ok(true),
            Some(fault) => Err(not_a_stream(name, fault)),
        }
    }

    /// Returns `true` if SQLite has made an index for the primary key of a table with
    /// exactly this name. If so the name is a table's, and spelled like this. This look-up
    /// is direct; that of [`has_table`](Self::has_table) goes through all tables.
    fn has_key(&mut self, name: &str) -> Result<bool> {
        let key = prepared(
            &mut self.key,
            self.db,
            "SELECT name FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'",
        )?;
        let index = key.first(&[Param::Text(name)], |row| row.text(0))?;
        let table = index.as_deref().and_then(|index| {
            let (table, _number) = index.strip_prefix("sqlite_autoindex_")?.rsplit_once('_')?;
            Some(table)
        });
        Ok(table == Some(name))
    }

    /// Returns `true` if there is a table with exactly this name.
    fn has_table(&mut self, name: &str) -> Result<bool> {
        let find = prepared(
            &mut self.find,
            self.db,
            "SELECT name, type FROM pragma_table_list(?1) WHERE schema = 'main'",
        )?;
        let found = find.first(&[Param::Text(name)], |row| (row.text(0), row.text(1)))?;
        let Some((found, kind)) = found else {
            return Ok(false);
        };
        if kind != "table" {
            return Err(not_a_stream(name, format!("it is a {kind}, not a table")));
        }
        if found != name {
            return Err(not_a_stream(
                name,
                format!(
                    "SQLite takes it for the table {found:?}, which is spelled in another case"
                ),
            ));
        }
        Ok(true)
    }
}

fn not_a_stream(name: &str, reason: String) -> Error {
    Error::NotAStream {
        name: excerpt(name),
        reason,
    }
}
