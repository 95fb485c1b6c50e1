//! The observation tables of a connection: finding, making and dropping them.

use std::collections::HashSet;

use libsqlite3_sys as ffi;
use lru::LruCache;

use super::raw::{Cell, Handle, Param, Statement, prepared};
use super::shape::{COLUMN_SQL, Column, fault_of_observations};
use super::table::{Table, quote};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result, excerpt};
use crate::model::uuid::{self, StreamUuid};

/// How many tables keep their prepared statements. A table in use costs 5 to
/// 10 KB here (measured), so this bounds the cache where every one of 10,000
/// streams is written to in turn.
const CACHED_TABLES: usize = 4_096;
/// How many tables are known to have the right shape, at 80 bytes each: to look
/// at one again costs several times what it does to prepare a statement.
const KNOWN_TABLES: usize = 65_536;

/// The observation tables of one connection.
pub(super) struct Tables {
    db: Handle,
    /// Those with prepared statements.
    prepared: LruCache<String, Table>,
    /// Those that were looked at.
    known: HashSet<String>,
    /// The one that was used last: no other keeps an INSERT of many rows.
    last: String,
    key: Option<Statement>,
    find: Option<Statement>,
    columns: Option<Statement>,
    /// See [`OpenOptions::keep_spelling`](crate::OpenOptions::keep_spelling).
    pub(super) keep_spelling: bool,
}

impl Tables {
    pub(super) fn new(db: Handle, keep_spelling: bool) -> Self {
        // Not `new(CAPACITY)`: that would reserve the whole map at once.
        Self {
            db,
            prepared: LruCache::unbounded(),
            known: HashSet::new(),
            last: String::new(),
            key: None,
            find: None,
            columns: None,
            keep_spelling,
        }
    }

    /// Runs `work` on the stream's table; `None` where there is no table.
    ///
    /// A table that is gone since, dropped by another process or with the
    /// transaction that made it, or made another kind of, is noticed here: SQLite
    /// can't prepare the statements for it any more.
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
                Err(Error::Database { code, .. })
                    if attempt == 0 && code == DatabaseCode::Number(ffi::SQLITE_ERROR) =>
                {
                    self.forget(stream);
                }
                done => return done.map(Some),
            }
        }
        Ok(None)
    }

    /// Runs `work` on the stream's table, made where there is none. Only in a
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
        // The metadata, where other programs write too, may hold any text.
        if let Some(reason) = uuid::fault(stream.as_str()) {
            return Err(Error::InvalidUuid {
                uuid: excerpt(stream.as_str()),
                reason,
            });
        }
        // WITHOUT ROWID: a fifth smaller, and plain SQL sees no difference.
        let sql = format!(
            "CREATE TABLE {} (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL, \
             hash TEXT NOT NULL, provider TEXT NOT NULL) WITHOUT ROWID",
            quote(stream.as_str())
        );
        let created = Statement::prepare(self.db, &sql).and_then(|mut create| create.execute(&[]));
        match created {
            Err(error) if error.code == ffi::SQLITE_ERROR => {
                match self.kind_of(stream.as_str())? {
                    Some(kind) => Err(not_a_stream(
                        stream.as_str(),
                        format!("a {kind} of this name already exists"),
                    )),
                    None => Err(error.into()),
                }
            }
            created => Ok(created.map(drop)?),
        }
    }

    /// Returns what has this name: a table, a view, an index; `None` if nothing has.
    fn kind_of(&self, name: &str) -> Result<Option<String>> {
        let mut find = Statement::prepare(
            self.db,
            "SELECT type FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
        )?;
        Ok(find.first(&[Param::Text(name)], |row| row.text(0))?)
    }

    /// Drops the stream's table; the number of rows it held, `None` where there
    /// was none. Only in a transaction.
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
            Statement::prepare(self.db, &sql)?.execute(&[])?;
        }
        Ok(rows)
    }

    fn forget(&mut self, stream: &StreamUuid) {
        self.prepared.pop(stream.as_str());
        self.known.remove(stream.as_str());
    }

    /// Every observation table, in the order of their making.
    pub(super) fn list(&self) -> Result<Vec<StreamUuid>> {
        // Virtual tables have no root page, and asking for the columns of one
        // whose module is missing is an error.
        let sql = format!(
            "SELECT m.name, {COLUMN_SQL} FROM sqlite_schema AS m \
             JOIN pragma_table_xinfo(m.name) AS x \
             WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY m.rowid, x.cid"
        );
        let mut statement = Statement::prepare(self.db, &sql)?;
        let mut tables: Vec<(String, Vec<Column>)> = Vec::new();
        let mut rows = statement.query(&[])?;
        while let Some(row) = rows.next()? {
            let Cell::Text(name) = row.cell(0) else {
                continue;
            };
            let Ok(name) = std::str::from_utf8(name) else {
                continue;
            };
            if uuid::fault(name).is_some() {
                continue;
            }
            if tables.last().is_none_or(|(last, _)| last != name) {
                tables.push((name.to_owned(), Vec::new()));
            }
            if let Some((_, columns)) = tables.last_mut() {
                columns.push(Column::read(&row, 1));
            }
        }
        tables
            .into_iter()
            .filter(|(_, columns)| fault_of_observations(columns).is_none())
            .map(|(name, _)| StreamUuid::new(name))
            .collect()
    }

    fn table(&mut self, stream: &StreamUuid) -> Result<Option<&mut Table>> {
        let name = stream.as_str();
        if self.last != name {
            if let Some(last) = self.prepared.peek_mut(&self.last) {
                last.forget_chunk();
            }
            name.clone_into(&mut self.last);
        }
        // Twice, because a borrow that is returned in one branch only is still
        // held in the other; the second look-up of a known name is 20 ns.
        if !self.prepared.contains(name) {
            if !self.known.contains(name) {
                if !self.inspect(name)? {
                    return Ok(None);
                }
                if self.known.len() >= KNOWN_TABLES {
                    self.known.clear();
                }
                self.known.insert(name.to_owned());
            }
            let table = Table::new(self.db, name);
            self.prepared.put(name.to_owned(), table);
            while self.prepared.len() > CACHED_TABLES {
                self.prepared.pop_lru();
            }
        }
        Ok(self.prepared.get_mut(name))
    }

    /// Whether a table of exactly this name and of the right shape exists.
    /// Reads SQLite's parsed schema, not `sqlite_schema`, which it would scan.
    fn inspect(&mut self, name: &str) -> Result<bool> {
        if !self.has_key(name)? && !self.has_table(name)? {
            return Ok(false);
        }
        let columns = prepared(
            &mut self.columns,
            self.db,
            &format!("SELECT {COLUMN_SQL} FROM pragma_table_xinfo(?1, 'main') AS x"),
        )?;
        let params = [Param::Text(name)];
        let mut rows = columns.query(&params)?;
        let mut columns = Vec::new();
        while let Some(row) = rows.next()? {
            columns.push(Column::read(&row, 0));
        }
        match fault_of_observations(&columns) {
            None => Ok(true),
            Some(fault) => Err(not_a_stream(name, fault)),
        }
    }

    /// Whether SQLite has made an index for the key of a table of exactly this
    /// name: then it is a table, spelled like this. SQLite goes straight to it,
    /// where the list of tables is gone through from end to end.
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

    /// Whether there is a table of exactly this name.
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
