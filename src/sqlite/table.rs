//! The observation tables: their names, their shape, their SQL.
//!
//! The one place where SQL for a table that only its uuid names is written, and
//! where a name becomes an identifier.

use std::collections::HashSet;

use libsqlite3_sys as ffi;
use lru::LruCache;

use crate::model::error::{Error, Result, excerpt};
use crate::model::span;
use crate::model::uuid::{self, StreamUuid};
use crate::sqlite::raw::{Cell, Handle, Param, Row, Statement};

/// How many tables keep their prepared statements. A table in use costs 5 to
/// 10 KB here (measured), so this bounds the cache where every one of 10,000
/// streams is written to in turn.
const CACHED_TABLES: usize = 4_096;
/// How many tables are known to have the right shape, at 80 bytes each: to look
/// at one again costs several times what it does to prepare a statement.
const KNOWN_TABLES: usize = 65_536;

/// The statements that are kept prepared, because single rows go through them.
#[derive(Clone, Copy)]
pub(crate) enum Query {
    /// ?1 ts, from 1970 on, ?2 value ?3 hash ?4 provider, ?5 just below ts:
    /// inserts where no row sorts at ?5 or behind it, as neither text nor a finer
    /// unit then does. One step to the end of the key settles what is most common
    /// by far, the row that comes last.
    InsertLast,
    /// ?1 ts ?2 value ?3 hash ?4 provider, ?5 and ?6 around ts: inserts where the
    /// table holds plain seconds only and no row between ?5 and ?6, so that one
    /// statement, its own transaction, settles the common case.
    InsertNew,
    /// ?1 ts ?2 value ?3 hash ?4 provider.
    Insert,
    /// The row that sorts last.
    Last,
    /// The row stored under exactly ?1.
    At,
    /// The least and the greatest ts, and whether one is NULL.
    Bounds,
    /// The rows of a span of instants, in whichever spelling: see
    /// [`Span::within`](crate::model::span::Span::within).
    Within,
    /// Whether there is a row from ?1 to ?2.
    Between,
}

const QUERIES: usize = 8;

impl Query {
    fn sql(self, table: &str) -> String {
        match self {
            Query::InsertLast => format!(
                "INSERT OR IGNORE INTO {table} (ts, value, hash, provider) VALUES (coalesce(\
                 (SELECT ts FROM {table} WHERE ts >= ?5), ?1), ?2, ?3, ?4)"
            ),
            // A row in the way lends its own ts, which OR IGNORE then finds taken.
            // Unlike INSERT … SELECT … WHERE, this copies nothing through a
            // temporary table (measured: 36,000 instructions an insert, not
            // 51,000; a bare INSERT has 26,000).
            Query::InsertNew => format!(
                "INSERT OR IGNORE INTO {table} (ts, value, hash, provider) VALUES (coalesce(\
                 (SELECT ts FROM {table} WHERE ts BETWEEN ?5 AND ?6), \
                 (SELECT ts FROM {table} WHERE ts >= 1e11), \
                 (SELECT ts FROM {table} WHERE ts <= -1e11), ?1), ?2, ?3, ?4)"
            ),
            Query::Insert => {
                format!(
                    "INSERT OR ABORT INTO {table} (ts, value, hash, provider) VALUES (?1, ?2, ?3, ?4)"
                )
            }
            Query::Last => {
                format!("SELECT ts, value, hash, provider FROM {table} ORDER BY ts DESC LIMIT 1")
            }
            Query::At => format!("SELECT ts, value, hash, provider FROM {table} WHERE ts = ?1"),
            Query::Within => span::within_sql(table),
            Query::Bounds => {
                format!(
                    "SELECT (SELECT min(ts) FROM {table}), (SELECT max(ts) FROM {table}), \
                     EXISTS (SELECT 1 FROM {table} WHERE ts IS NULL)"
                )
            }
            Query::Between => {
                format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE ts BETWEEN ?1 AND ?2)")
            }
        }
    }
}

/// `name` as an SQL identifier: in double quotes, those within doubled.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One observation table, known to exist and to have the right shape.
pub(crate) struct Table {
    db: Handle,
    quoted: String,
    cached: [Option<Statement>; QUERIES],
    /// An INSERT of many rows, and of how many.
    chunk: Option<(usize, Statement)>,
}

impl Table {
    /// A statement that is kept prepared.
    pub(crate) fn cached(&mut self, query: Query) -> Result<&mut Statement> {
        let slot = &mut self.cached[query as usize];
        match slot {
            Some(statement) => Ok(statement),
            None => Ok(slot.insert(Statement::prepare(self.db, &query.sql(&self.quoted))?)),
        }
    }

    /// An INSERT of so many rows at once: ?1 is the provider of all; then come ts,
    /// value and hash of each. It is kept until another number of rows, or another
    /// table, is asked for: it costs a hundred times what the others do.
    pub(crate) fn chunk(&mut self, rows: usize) -> Result<&mut Statement> {
        let kept = self.chunk.take().filter(|(count, _)| *count == rows);
        let chunk = match kept {
            Some(chunk) => chunk,
            None => (rows, self.prepare(|table| chunk_sql(table, rows))?),
        };
        Ok(&mut self.chunk.insert(chunk).1)
    }

    /// Whether the transaction is still open.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.db.is_autocommit()
    }

    /// A statement for one call, its text made from the quoted name.
    pub(crate) fn prepare(&self, sql: impl FnOnce(&str) -> String) -> Result<Statement> {
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

/// The observation tables of one connection.
pub(crate) struct Tables {
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
    pub(crate) keep_spelling: bool,
}

impl Tables {
    pub(crate) fn new(db: Handle, keep_spelling: bool) -> Self {
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
    pub(crate) fn with<T>(
        &mut self,
        stream: &StreamUuid,
        mut work: impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<Option<T>> {
        for attempt in 0.. {
            let Some(table) = self.table(stream)? else {
                return Ok(None);
            };
            match work(table) {
                Err(Error::Sqlite { sqlite_code, .. })
                    if attempt == 0 && sqlite_code == ffi::SQLITE_ERROR =>
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
    pub(crate) fn with_created<T>(
        &mut self,
        stream: &StreamUuid,
        mut work: impl FnMut(&mut Table) -> Result<T>,
    ) -> Result<T> {
        if let Some(done) = self.with(stream, &mut work)? {
            return Ok(done);
        }
        self.create(stream)?;
        let done = self.with(stream, work)?;
        done.ok_or_else(|| not_observations(stream.as_str(), "it could not be made".to_owned()))
    }

    fn create(&mut self, stream: &StreamUuid) -> Result<()> {
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
            Err(error) if error.message.starts_with("there is already") => {
                Err(not_observations(stream.as_str(), error.message))
            }
            created => Ok(created.map(drop)?),
        }
    }

    /// Drops the stream's table; the number of rows it held, `None` where there
    /// was none. Only in a transaction.
    pub(crate) fn drop(&mut self, stream: &StreamUuid) -> Result<Option<u64>> {
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
    pub(crate) fn list(&self) -> Result<Vec<StreamUuid>> {
        // Virtual tables have no root page, and asking for the columns of one
        // whose module is missing is an error.
        let mut statement = Statement::prepare(
            self.db,
            "SELECT m.name, x.name, x.type, x.pk FROM sqlite_schema AS m \
             JOIN pragma_table_xinfo(m.name) AS x \
             WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY m.rowid, x.cid",
        )?;
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
                columns.push(Column::from_row(&row, 1));
            }
        }
        tables
            .into_iter()
            .filter(|(_, columns)| shape_fault(columns).is_none())
            .map(|(name, _)| StreamUuid::new(name))
            .collect()
    }

    fn table(&mut self, stream: &StreamUuid) -> Result<Option<&mut Table>> {
        let name = stream.as_str();
        if self.last != name {
            if let Some(last) = self.prepared.peek_mut(&self.last) {
                last.chunk = None;
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
            let table = Table {
                db: self.db,
                quoted: quote(name),
                cached: [const { None }; QUERIES],
                chunk: None,
            };
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
            "SELECT name, type, pk FROM pragma_table_xinfo(?1, 'main')",
        )?;
        let params = [Param::Text(name)];
        let mut rows = columns.query(&params)?;
        let mut columns = Vec::new();
        while let Some(row) = rows.next()? {
            columns.push(Column::from_row(&row, 0));
        }
        match shape_fault(&columns) {
            None => Ok(true),
            Some(fault) => Err(not_observations(name, fault)),
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
            return Err(not_observations(
                name,
                format!("it is a {kind}, not a table"),
            ));
        }
        if found != name {
            return Err(not_observations(
                name,
                format!(
                    "SQLite takes it for the table {found:?}, which is spelled in another case"
                ),
            ));
        }
        Ok(true)
    }
}

/// The statement in `slot`, prepared when it is first asked for.
pub(crate) fn prepared<'a>(
    slot: &'a mut Option<Statement>,
    db: Handle,
    sql: &str,
) -> Result<&'a mut Statement> {
    match slot {
        Some(statement) => Ok(statement),
        None => Ok(slot.insert(Statement::prepare(db, sql)?)),
    }
}

fn not_observations(name: &str, reason: String) -> Error {
    Error::NotObservationTable {
        name: excerpt(name),
        reason,
    }
}

struct Column {
    name: String,
    declared: String,
    key: i64,
}

impl Column {
    fn from_row(row: &Row<'_>, at: i32) -> Self {
        Self {
            name: row.text(at).to_ascii_lowercase(),
            declared: row.text(at + 1).to_ascii_uppercase(),
            key: row.integer(at + 2),
        }
    }
}

/// What keeps a table of these columns from being an observation table.
fn shape_fault(columns: &[Column]) -> Option<String> {
    for wanted in ["ts", "value", "hash", "provider"] {
        if !columns.iter().any(|column| column.name == wanted) {
            return Some(format!("it has no column {wanted}"));
        }
    }
    for column in columns {
        match column.name.as_str() {
            "ts" if column.key != 1 => return Some("ts is not its primary key".to_owned()),
            // With TEXT or BLOB affinity numbers would not sort as numbers.
            "ts" if ["CHAR", "CLOB", "TEXT", "BLOB"]
                .iter()
                .any(|t| column.declared.contains(t))
                || column.declared.is_empty() =>
            {
                return Some(format!(
                    "ts is declared {:?}, not TIMESTAMP",
                    column.declared
                ));
            }
            "ts" => {}
            "value" | "hash" | "provider" if column.key == 0 => {}
            "value" | "hash" | "provider" => {
                return Some(format!("{} is part of its primary key", column.name));
            }
            other => return Some(format!("it has a column {other}")),
        }
    }
    None
}
