//! What SQLite says of the file's tables: which there are, and of which shape.

use std::collections::HashMap;

use super::raw::{Cell, Handle, Param, Statement, prepared_for_schema};
use super::shape::{columns_sql, fault_of_inserts, fault_of_observations, read_columns};
use crate::model::error::{Error, Result, excerpt};
use crate::model::uuid::{self, StreamUuid};

/// How many spellings of a table's columns are remembered.
const SHAPES: usize = 64;

/// The questions to SQLite, prepared for one schema, and its answers that are kept.
pub(super) struct Catalog {
    db: Handle,
    key: Option<Statement>,
    find: Option<Statement>,
    columns: Option<Statement>,
    listed: Option<Statement>,
    /// The observation tables, once they were listed.
    tables: Option<Vec<StreamUuid>>,
    /// Whether tables of these columns, as SQL spells them behind the name, have the right
    /// shape. A store's tables are nearly all spelled alike.
    shapes: HashMap<String, bool>,
}

/// A table that has the right shape.
pub(super) struct Inspected {
    /// Why it can be read but takes no rows, if so.
    pub(super) takes_no_rows: Option<String>,
}

impl Catalog {
    pub(super) fn new(db: Handle) -> Self {
        Self {
            db,
            key: None,
            find: None,
            columns: None,
            listed: None,
            tables: None,
            shapes: HashMap::new(),
        }
    }

    /// Drops the prepared questions and what they found, because the schema has changed.
    pub(super) fn forget(&mut self) {
        self.key = None;
        self.find = None;
        self.columns = None;
        self.listed = None;
        self.tables = None;
    }

    /// Returns what has this name (`table`, `view`, `index`); `None` if nothing has.
    pub(super) fn kind_of(&self, name: &str) -> Result<Option<String>> {
        let mut find = Statement::prepare(
            self.db,
            "SELECT type FROM sqlite_schema \
             WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'",
        )?;
        Ok(find.first(&[Param::Text(name)], |row| row.text(0))?)
    }

    /// Returns the observation tables, in the order in which they were made.
    pub(super) fn list(&mut self) -> Result<&[StreamUuid]> {
        let tables = match self.tables.take() {
            Some(tables) => tables,
            None => self.look()?,
        };
        Ok(self.tables.insert(tables))
    }

    /// Looks for them in the schema.
    fn look(&mut self) -> Result<Vec<StreamUuid>> {
        // Virtual tables, which have no root page, are left out: SQLite can't list the
        // columns of one if its module is missing.
        let statement = prepared_for_schema(
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
                    let columns = prepared_for_schema(&mut self.columns, self.db, &columns_sql())?;
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

    /// Looks at the table with exactly this name; `None` if there is none. It asks SQLite's
    /// parsed schema, as `sqlite_schema` would be scanned.
    ///
    /// # Errors
    /// `NotAStream` if it has another shape.
    pub(super) fn inspect(&mut self, name: &str) -> Result<Option<Inspected>> {
        if !self.has_key(name)? && !self.has_table(name)? {
            return Ok(None);
        }
        let statement = prepared_for_schema(&mut self.columns, self.db, &columns_sql())?;
        let columns = read_columns(statement, name)?;
        match fault_of_observations(&columns) {
            None => Ok(Some(Inspected {
                takes_no_rows: fault_of_inserts(&columns),
            })),
            Some(fault) => Err(not_a_stream(name, fault)),
        }
    }

    /// Returns `true` if SQLite has made an index for the primary key of a table with
    /// exactly this name. If so the name is a table's, and spelled like this. This look-up
    /// is direct; that of [`has_table`](Self::has_table) goes through all tables.
    fn has_key(&mut self, name: &str) -> Result<bool> {
        let key = prepared_for_schema(
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
        let find = prepared_for_schema(
            &mut self.find,
            self.db,
            "SELECT name, type FROM pragma_table_list(?1) WHERE schema = 'main'",
        )?;
        let found = find.first(&[Param::Text(name)], |row| (row.text(0), row.text(1)))?;
        let Some((found, kind)) = found else {
            return Ok(false);
        };
        if kind != "table" {
            let kind = match kind.as_str() {
                "virtual" => "virtual table",
                "shadow" => "virtual table's shadow",
                other => other,
            };
            return Err(not_a_stream(
                name,
                format!("it is a {kind}, not an ordinary table"),
            ));
        }
        if found != name {
            return Err(not_a_stream(
                name,
                format!(
                    "SQLite takes it for the table {:?}, which is spelled in another case",
                    excerpt(&found)
                ),
            ));
        }
        Ok(true)
    }
}

/// Returns the error for a name that stands for something else.
pub(super) fn not_a_stream(name: &str, reason: String) -> Error {
    Error::NotAStream {
        name: excerpt(name),
        reason,
    }
}
