//! Rows that can't be read: listing them, moving them out, putting them back.

use super::key;
use super::raw::{Handle, Param, Row, Statement};
use super::row::{FAULT, instant};
use super::table::Table;
use super::tables::Tables;
use crate::backend::Found;
use crate::model::error::{Error, Result};
use crate::model::report::{Restored, StoredRow};
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The table that rows are moved to.
const NAME: &str = "__satori_quarantine";

/// Makes the table. Its columns have no type, so that a value keeps its own.
const CREATE: &str = "CREATE TABLE main.__satori_quarantine (\
     id INTEGER PRIMARY KEY, stream TEXT NOT NULL, ts, value, hash, provider, \
     reason TEXT NOT NULL, moved_at TEXT NOT NULL)";

/// Names the four columns as SQL literals. The `quote` of SQLite 3.40 (measured) writes
/// infinity as `Inf`, which is not a literal.
fn literals() -> String {
    let literal = |column| {
        format!(
            "CASE typeof({column}) WHEN 'real' \
             THEN replace(quote({column}), 'Inf', '9.0e+999') ELSE quote({column}) END"
        )
    };
    ["ts", "value", "hash", "provider"].map(literal).join(", ")
}

/// Lists the rows that can't be read, as stored, in the order of the table's key.
pub(super) fn unreadable(table: &Table) -> Result<Vec<StoredRow>> {
    let mut select = table.prepare(|t| {
        format!(
            "SELECT {}, {FAULT} AS fault FROM {t} WHERE fault IS NOT NULL ORDER BY ts",
            literals()
        )
    })?;
    Ok(select.all(&[], read)?)
}

/// Moves the rows that can't be read into the quarantine; returns them. Only in a
/// transaction.
pub(super) fn quarantine(
    db: Handle,
    tables: &mut Tables,
    stream: &StreamUuid,
    now: Timestamp,
) -> Found<Vec<StoredRow>> {
    let moved = match tables.with(stream, |table| unreadable(table))? {
        Some(moved) if !moved.is_empty() => moved,
        nothing => return Ok(nothing),
    };
    if !exists(db)? {
        tables.change_schema(CREATE)?;
    }
    tables.with(stream, |table| move_out(table, stream, now, &moved))?;
    Ok(Some(moved))
}

/// Moves the rows that can't be read, which `moved` lists.
fn move_out(table: &Table, stream: &StreamUuid, now: Timestamp, moved: &[StoredRow]) -> Result<()> {
    let now = now.to_string();
    let params = [Param::Text(stream.as_str()), Param::Text(&now)];
    let copied = table
        .prepare(|t| {
            format!(
                "INSERT INTO main.__satori_quarantine \
                 (stream, ts, value, hash, provider, reason, moved_at) \
                 SELECT ?1, ts, value, hash, provider, {FAULT} AS fault, ?2 \
                 FROM {t} WHERE fault IS NOT NULL ORDER BY ts"
            )
        })?
        .execute(&params)?;
    let deleted = table
        .prepare(|t| format!("DELETE FROM {t} WHERE {FAULT} IS NOT NULL"))?
        .execute(&[])?;
    match copied == moved.len() && deleted == moved.len() {
        true => Ok(()),
        false => Err(interfered(stream)),
    }
}

/// Lists the rows of the stream that are in the quarantine, in the order in which they
/// were moved.
pub(super) fn quarantined(db: Handle, stream: &StreamUuid) -> Result<Vec<StoredRow>> {
    if !exists(db)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {}, reason FROM main.__satori_quarantine WHERE stream = ?1 ORDER BY id",
        literals()
    );
    Ok(Statement::prepare(db, &sql)?.all(&[Param::Text(stream.as_str())], read)?)
}

/// Lists the streams that have rows in the quarantine, in the order in which the first of
/// each was moved.
pub(super) fn streams(db: Handle) -> Result<Vec<StreamUuid>> {
    if !exists(db)? {
        return Ok(Vec::new());
    }
    let mut select = Statement::prepare(
        db,
        "SELECT stream FROM main.__satori_quarantine GROUP BY stream ORDER BY min(id)",
    )?;
    Ok(select.all(&[], |row| StreamUuid::stored(row.text(0)))?)
}

/// Counts the rows of the stream that are in the quarantine.
pub(super) fn count(db: Handle, stream: &StreamUuid) -> Result<u64> {
    Ok(waiting(db, stream)?.len() as u64)
}

/// Puts the rows of the stream back into its table, as they were. A row stays where it is
/// if its key or its instant is taken by now, or a rule of the table keeps it out. Only in
/// a transaction.
pub(super) fn restore(db: Handle, table: &mut Table, stream: &StreamUuid) -> Result<Restored> {
    let mut restored = Restored::default();
    let waiting = waiting(db, stream)?;
    if waiting.is_empty() {
        return Ok(restored);
    }
    let mut insert = table.prepare(|t| {
        format!(
            "INSERT OR IGNORE INTO {t} (ts, value, hash, provider) \
             SELECT ts, value, hash, provider FROM main.__satori_quarantine WHERE id = ?1"
        )
    })?;
    let mut is_back = table.prepare(|t| {
        format!(
            "SELECT 1 FROM main.__satori_quarantine AS q JOIN {t} AS t ON t.ts IS q.ts \
             AND t.value IS q.value AND t.hash IS q.hash AND t.provider IS q.provider \
             WHERE q.id = ?1"
        )
    })?;
    let mut delete = Statement::prepare(db, "DELETE FROM main.__satori_quarantine WHERE id = ?1")?;
    for (id, instant) in waiting {
        let params = [Param::Integer(id)];
        let is_taken = match instant {
            Some(instant) => has_row_at(table, instant)?,
            None => false,
        };
        if is_taken || insert.execute(&params)? == 0 {
            restored.kept += 1;
            continue;
        }
        // A trigger may have taken it away again.
        if is_back.first(&params, |_| ())?.is_none() {
            return Err(interfered(stream));
        }
        delete.execute(&params)?;
        restored.restored += 1;
    }
    Ok(restored)
}

/// Returns the rows of the stream that are in the quarantine, by id, and the instant of
/// each if its timestamp can be read.
fn waiting(db: Handle, stream: &StreamUuid) -> Result<Vec<(i64, Option<Timestamp>)>> {
    if !exists(db)? {
        return Ok(Vec::new());
    }
    let mut select = Statement::prepare(
        db,
        "SELECT id, satori_instant(ts) FROM main.__satori_quarantine WHERE stream = ?1 \
         ORDER BY id",
    )?;
    let params = [Param::Text(stream.as_str())];
    Ok(select.all(&params, |row| (row.integer(0), instant(row, 1)))?)
}

fn has_row_at(table: &mut Table, instant: Timestamp) -> Result<bool> {
    let mut found = false;
    key::rows_within(table, Span::at(instant), 1, |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

/// Returns `true` if there is a quarantine.
///
/// # Errors
/// `NotAStream` if something else has its name.
fn exists(db: Handle) -> Result<bool> {
    let mut find = Statement::prepare(
        db,
        "SELECT type, name FROM main.sqlite_schema \
         WHERE name = '__satori_quarantine' COLLATE NOCASE",
    )?;
    match find.first(&[], |row| (row.text(0), row.text(1)))? {
        None => Ok(false),
        Some((kind, name)) if kind == "table" && name == NAME => Ok(true),
        Some((kind, name)) => Err(Error::NotAStream {
            name: NAME.to_owned(),
            reason: format!("a {kind} {name} stands where unreadable rows are kept"),
        }),
    }
}

/// Returns the error for a table whose triggers undo what is done to it.
fn interfered(stream: &StreamUuid) -> Error {
    Error::NotAStream {
        name: stream.to_string(),
        reason: "its triggers keep rows from being moved".to_owned(),
    }
}

fn read(row: &Row<'_>) -> StoredRow {
    StoredRow {
        ts: row.text(0),
        value: row.text(1),
        hash: row.text(2),
        provider: row.text(3),
        reason: row.text(4),
    }
}
