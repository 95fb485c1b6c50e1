//! Rows that can't be read: listing them, moving them out, putting them back.

use super::raw::{Handle, Param, Row, Statement};
use super::table::Table;
use crate::model::error::Result;
use crate::model::report::{Restored, StoredRow};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// Where rows are moved to. Its columns have no type, so that a value keeps its own.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS main.__satori_quarantine (\
     id INTEGER PRIMARY KEY, stream TEXT NOT NULL, ts, value, hash, provider, \
     reason TEXT NOT NULL, moved_at TEXT NOT NULL)";

/// The reason why a row can't be read; NULL if it can.
const FAULT: &str = "satori_fault(ts, value, hash, provider)";

/// Lists the rows that can't be read, as stored, in the order of the table's key.
pub(super) fn unreadable(table: &Table) -> Result<Vec<StoredRow>> {
    let statement = table.prepare(|t| {
        format!(
            "SELECT quote(ts), quote(value), quote(hash), quote(provider), {FAULT} AS fault \
             FROM {t} WHERE fault IS NOT NULL ORDER BY ts"
        )
    })?;
    rows(statement, &[])
}

/// Moves the rows that can't be read into the quarantine; returns them. Only in a
/// transaction.
pub(super) fn quarantine(
    db: Handle,
    table: &Table,
    stream: &StreamUuid,
    now: Timestamp,
) -> Result<Vec<StoredRow>> {
    let moved = unreadable(table)?;
    if moved.is_empty() {
        return Ok(moved);
    }
    Statement::prepare(db, CREATE)?.execute(&[])?;
    let now = now.to_string();
    let params = [Param::Text(stream.as_str()), Param::Text(&now)];
    table
        .prepare(|t| {
            format!(
                "INSERT INTO main.__satori_quarantine \
                 (stream, ts, value, hash, provider, reason, moved_at) \
                 SELECT ?1, ts, value, hash, provider, {FAULT} AS fault, ?2 \
                 FROM {t} WHERE fault IS NOT NULL ORDER BY ts"
            )
        })?
        .execute(&params)?;
    table
        .prepare(|t| format!("DELETE FROM {t} WHERE {FAULT} IS NOT NULL"))?
        .execute(&[])?;
    Ok(moved)
}

/// Lists the rows of the stream that are in the quarantine, in the order in which they
/// were moved.
pub(super) fn quarantined(db: Handle, stream: &StreamUuid) -> Result<Vec<StoredRow>> {
    if !exists(db)? {
        return Ok(Vec::new());
    }
    let statement = Statement::prepare(
        db,
        "SELECT quote(ts), quote(value), quote(hash), quote(provider), reason \
         FROM main.__satori_quarantine WHERE stream = ?1 ORDER BY id",
    )?;
    rows(statement, &[Param::Text(stream.as_str())])
}

/// Puts the rows of the stream back into its table, as they were; a row whose key is
/// taken by now stays where it is. Only in a transaction.
pub(super) fn restore(db: Handle, table: &Table, stream: &StreamUuid) -> Result<Restored> {
    let mut restored = Restored::default();
    if !exists(db)? {
        return Ok(restored);
    }
    let mut ids = Vec::new();
    {
        let mut select = Statement::prepare(
            db,
            "SELECT id FROM main.__satori_quarantine WHERE stream = ?1 ORDER BY id",
        )?;
        let params = [Param::Text(stream.as_str())];
        let mut found = select.query(&params)?;
        while let Some(row) = found.next()? {
            ids.push(row.integer(0));
        }
    }
    let mut insert = table.prepare(|t| {
        format!(
            "INSERT OR IGNORE INTO {t} (ts, value, hash, provider) \
             SELECT ts, value, hash, provider FROM main.__satori_quarantine WHERE id = ?1"
        )
    })?;
    let mut delete = Statement::prepare(db, "DELETE FROM main.__satori_quarantine WHERE id = ?1")?;
    for id in ids {
        let params = [Param::Integer(id)];
        if insert.execute(&params)? == 1 {
            delete.execute(&params)?;
            restored.restored += 1;
        } else {
            restored.kept += 1;
        }
    }
    Ok(restored)
}

/// Returns `true` if any row was ever moved.
fn exists(db: Handle) -> Result<bool> {
    let mut find = Statement::prepare(
        db,
        "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '__satori_quarantine'",
    )?;
    Ok(find.first(&[], |_| ())?.is_some())
}

fn rows(mut statement: Statement, params: &[Param<'_>]) -> Result<Vec<StoredRow>> {
    let mut found = Vec::new();
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        found.push(read(&row));
    }
    Ok(found)
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
