//! The shape of tables: which columns they have, and what is wrong with them.

use std::collections::HashSet;

use super::raw::{Handle, Param, Row, Statement, prepared};
use crate::model::error::{Error, Result};

/// The columns that every `streams` table has.
pub(super) const COLUMNS: [&str; 9] = [
    "id",
    "server_stream_id",
    "uuid",
    "name",
    "secondary",
    "meta",
    "description",
    "last_synced",
    "created_at",
];
/// The columns of `streams` that a migration adds if they are missing.
pub(super) const ADDED: [&str; 2] = ["author", "target"];

/// The five columns of `pragma_table_xinfo(…) AS x` that [`Column::read`] reads.
const COLUMN_SQL: &str =
    "lower(x.name), upper(x.type), x.\"notnull\", x.dflt_value IS NOT NULL, x.pk";

/// A column of a table, as `PRAGMA table_xinfo` describes it.
pub(super) struct Column {
    /// In lower case.
    pub(super) name: String,
    /// The declared type, in upper case.
    declared: String,
    not_null: bool,
    has_default: bool,
    /// Its place in the primary key, from 1; 0 if it is not part of it.
    key: i64,
}

impl Column {
    /// Reads a column of a table from the cells of [`COLUMN_SQL`].
    fn read(row: &Row<'_>) -> Self {
        Self {
            name: row.text(0),
            declared: row.text(1),
            not_null: row.integer(2) != 0,
            has_default: row.integer(3) != 0,
            key: row.integer(4),
        }
    }
}

/// Returns the columns of a table; none if there is no such table.
pub(super) fn columns(db: Handle, table: &str) -> Result<Vec<Column>> {
    read_columns(&mut Statement::prepare(db, &columns_sql())?, table)
}

/// Returns the SQL of the statement that [`read_columns`] runs.
pub(super) fn columns_sql() -> String {
    format!("SELECT {COLUMN_SQL} FROM pragma_table_xinfo(?1, 'main') AS x")
}

/// Reads the columns of a table; none if there is no such table.
pub(super) fn read_columns(statement: &mut Statement, table: &str) -> Result<Vec<Column>> {
    Ok(statement.all(&[Param::Text(table)], Column::read)?)
}

/// Returns the number that SQLite raises whenever anybody changes the schema. The statement
/// that asks for it is kept in `slot`.
pub(super) fn schema_version(slot: &mut Option<Statement>, db: Handle) -> Result<i64> {
    let ask = prepared(slot, db, "PRAGMA schema_version")?;
    Ok(ask.first(&[], |row| row.integer(0))?.unwrap_or(0))
}

/// Returns the first column of a query's rows as text.
pub(super) fn texts(db: Handle, sql: &str) -> Result<Vec<String>> {
    Ok(Statement::prepare(db, sql)?.all(&[], |row| row.text(0))?)
}

/// Returns the number that a query gives; 0 if it gives none.
pub(super) fn number(db: Handle, sql: &str) -> Result<u64> {
    let found = Statement::prepare(db, sql)?.first(&[], |row| row.integer(0))?;
    Ok(found.unwrap_or(0).unsigned_abs())
}

/// Returns the size of the database in bytes, and that of a page.
pub(super) fn sizes(db: Handle) -> Result<(u64, u64)> {
    let page = number(db, "PRAGMA main.page_size")?;
    let pages = number(db, "PRAGMA main.page_count")?;
    Ok((pages.saturating_mul(page), page))
}

/// What SQLite makes of the values that a column is given.
#[derive(PartialEq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Column {
    /// Returns the affinity, by SQLite's rule:
    /// <https://sqlite.org/datatype3.html#determination_of_column_affinity>.
    fn affinity(&self) -> Affinity {
        let names = |types: &[&str]| types.iter().any(|name| self.declared.contains(name));
        match () {
            () if names(&["INT"]) => Affinity::Integer,
            () if names(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
            () if names(&["BLOB"]) || self.declared.is_empty() => Affinity::Blob,
            () if names(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
            () => Affinity::Numeric,
        }
    }
}

/// Returns why an observation table of these columns would store other values than those it
/// is given; `None` if it stores them as they are. What it holds can be read all the same.
pub(super) fn fault_of_inserts(columns: &[Column]) -> Option<String> {
    let fault = |column: &Column, effect, right| {
        let Column { name, declared, .. } = column;
        Some(format!(
            "{name} is declared {declared:?}, not {right}, so SQLite would {effect}"
        ))
    };
    columns
        .iter()
        .find_map(|column| match (column.name.as_str(), column.affinity()) {
            ("value", Affinity::Text) => fault(column, "round its numbers to 15 digits", "NUMERIC"),
            ("hash" | "provider", Affinity::Integer | Affinity::Real | Affinity::Numeric) => {
                fault(column, "make numbers of its texts", "TEXT")
            }
            _ => None,
        })
}

/// Returns why a table of these columns is no observation table; `None` if it is one.
pub(super) fn fault_of_observations(columns: &[Column]) -> Option<String> {
    for wanted in ["ts", "value", "hash", "provider"] {
        if !columns.iter().any(|column| column.name == wanted) {
            return Some(format!("it has no column {wanted}"));
        }
    }
    for column in columns {
        match column.name.as_str() {
            "ts" if column.key != 1 => return Some("ts is not its primary key".to_owned()),
            // With TEXT or BLOB affinity numbers would not sort as numbers.
            "ts" if matches!(column.affinity(), Affinity::Text | Affinity::Blob) => {
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

/// Refuses a `streams` table that the store could not read and write: one that
/// lacks a column, has another key, or demands a value for a column that the store doesn't
/// know. A further column that may stay empty, as another release may add, is no fault.
pub(super) fn check_streams(db: Handle, found: &[Column]) -> Result<()> {
    let mismatch = |column: &str, problem: &str| {
        Err(Error::SchemaMismatch {
            column: column.to_owned(),
            problem: problem.to_owned(),
        })
    };
    let kind = texts(
        db,
        "SELECT type FROM pragma_table_list('streams') WHERE schema = 'main'",
    )?;
    if kind.first().is_some_and(|kind| kind != "table") {
        return mismatch("(all)", "it is a view or a virtual table");
    }
    for wanted in COLUMNS {
        let Some(column) = found.iter().find(|column| column.name == wanted) else {
            return mismatch(wanted, "it is missing");
        };
        if (wanted == "id") != (column.key != 0) {
            return mismatch(wanted, "the primary key should be id, and id alone");
        }
    }
    for column in found {
        let known =
            COLUMNS.contains(&column.name.as_str()) || ADDED.contains(&column.name.as_str());
        let filled = column.has_default || matches!(column.name.as_str(), "id" | "uuid");
        if column.not_null && !filled {
            return mismatch(&column.name, "it is NOT NULL without a default");
        }
        let affinity = column.affinity();
        match column.name.as_str() {
            "id" if column.declared != "INTEGER" => return mismatch("id", "it is not an INTEGER"),
            "server_stream_id" if affinity != Affinity::Integer => {
                return mismatch("server_stream_id", "it is not an INTEGER");
            }
            "id" | "server_stream_id" | "last_synced" | "created_at" => {}
            name if known && affinity != Affinity::Text => return mismatch(name, "it is not TEXT"),
            _ => {}
        }
    }
    let unique = texts(
        db,
        "SELECT l.name FROM pragma_index_list('streams', 'main') AS l \
         WHERE l.\"unique\" AND NOT l.partial \
         AND (SELECT group_concat(lower(name)) FROM pragma_index_info(l.name, 'main')) = 'uuid'",
    )?;
    if unique.is_empty() {
        return mismatch("uuid", "it is not UNIQUE");
    }
    Ok(())
}

/// The table that has the digests of streams.
pub(super) const DIGESTS: &str = "__satori_digest";

/// Returns the names, in lower case, of all tables that have triggers, and [`DIGESTS`] if
/// there is such a table. It scans
/// `sqlite_schema`, as SQLite just has, too, to read the schema.
pub(super) fn triggered(db: Handle) -> Result<HashSet<String>> {
    let names = texts(
        db,
        "SELECT lower(tbl_name) FROM main.sqlite_schema \
         WHERE type = 'trigger' OR type = 'table' AND name = '__satori_digest'",
    )?;
    Ok(names.into_iter().collect())
}
