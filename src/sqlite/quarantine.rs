//! Rows that can't be read: listing them, moving them out, putting them back.

use super::digest;
use super::key;
use super::raw::{Handle, Param, Row, Statement};
use super::row::{FAULT, instant};
use super::sum::stored;
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
/// `shares_instant` is 1 if a row that stayed in the stream has the same instant.
pub(super) const CREATE: &str = "CREATE TABLE main.__satori_quarantine (\
     id INTEGER PRIMARY KEY, stream TEXT NOT NULL, ts, value, hash, provider, \
     reason TEXT NOT NULL, moved_at TEXT NOT NULL, \
     shares_instant INTEGER NOT NULL DEFAULT 0)";

/// Names the four columns as SQL literals. The `quote` of SQLite 3.40 (measured) writes
/// infinity as `Inf`, which is not a literal; and `quote` ends a text at a NUL.
fn literals() -> String {
    let literal = |column| {
        format!(
            "CASE typeof({column}) \
             WHEN 'real' THEN replace(quote({column}), 'Inf', '9.0e+999') \
             WHEN 'text' THEN satori_literal({column}, CAST({column} AS BLOB)) \
             ELSE quote({column}) END"
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
    tables.with(stream, |table| move_out(db, table, stream, now, &moved))?;
    Ok(Some(moved))
}

/// Moves the rows that can't be read, which `moved` lists.
fn move_out(
    db: Handle,
    table: &mut Table,
    stream: &StreamUuid,
    now: Timestamp,
    moved: &[StoredRow],
) -> Result<()> {
    let now = now.to_string();
    let before = count(db, stream)?;
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
    digest::subtract(table, &format!("{FAULT} IS NOT NULL"), &[])?;
    let deleted = table
        .prepare(|t| format!("DELETE FROM {t} WHERE {FAULT} IS NOT NULL"))?
        .execute(&[])?;
    if copied != moved.len() || deleted != moved.len() {
        return Err(interfered(stream));
    }
    let mut share = Statement::prepare(
        db,
        "UPDATE main.__satori_quarantine SET shares_instant = 1 WHERE id = ?1",
    )?;
    for row in waiting(db, stream)?.into_iter().skip(before as usize) {
        if row.is_taken(table)? {
            share.execute(&[Param::Integer(row.id)])?;
        }
    }
    Ok(())
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
    if !exists(db)? {
        return Ok(0);
    }
    let sql = "SELECT count(*) FROM main.__satori_quarantine WHERE stream = ?1";
    let params = [Param::Text(stream.as_str())];
    let count = Statement::prepare(db, sql)?.first(&params, |row| row.integer(0))?;
    Ok(count.unwrap_or(0) as u64)
}

/// Puts the rows of the stream back into its table, as they were. A row stays where it is
/// if its key is taken by now, or its instant is and was not when it was moved, or a rule of
/// the table keeps it out. Only in a transaction.
pub(super) fn restore(db: Handle, table: &mut Table, stream: &StreamUuid) -> Result<Restored> {
    let mut restored = Restored::default();
    // All are looked at before the first is put back: two of them may share an instant.
    let mut waiting_and_taken = Vec::new();
    for row in waiting(db, stream)? {
        let is_taken = !row.shares_instant && row.is_taken(table)?;
        waiting_and_taken.push((row.id, is_taken));
    }
    if waiting_and_taken.is_empty() {
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
            "SELECT t.ts, t.value, t.hash, t.provider FROM main.__satori_quarantine AS q \
             JOIN {t} AS t ON t.ts IS q.ts AND t.value IS q.value AND t.hash IS q.hash \
             AND t.provider IS q.provider WHERE q.id = ?1"
        )
    })?;
    let mut delete = Statement::prepare(db, "DELETE FROM main.__satori_quarantine WHERE id = ?1")?;
    for (id, is_taken) in waiting_and_taken {
        let params = [Param::Integer(id)];
        if is_taken || insert.execute(&params)? == 0 {
            restored.kept += 1;
            continue;
        }
        // A trigger may have taken it away again.
        let rows = &mut table.delta;
        if is_back
            .first(&params, |row| rows.add(stored(row)))?
            .is_none()
        {
            return Err(interfered(stream));
        }
        delete.execute(&params)?;
        restored.restored += 1;
    }
    Ok(restored)
}

/// Has the rows that a copy has set aside, because the stream's table can't hold them, count as
/// rows of no stream: see [`copying`](crate::backend::copying). Only in a transaction.
pub(super) fn leave(db: Handle, stream: &StreamUuid) -> Result<()> {
    if !exists(db)? {
        return Ok(());
    }
    let mut leave = Statement::prepare(
        db,
        "UPDATE main.__satori_quarantine \
         SET id = (SELECT max(max(id), 0) + 1 FROM main.__satori_quarantine) \
         WHERE id = (SELECT max(id) FROM main.__satori_quarantine WHERE stream = ?1 AND id < 0)",
    )?;
    while leave.execute(&[Param::Text(stream.as_str())])? > 0 {}
    Ok(())
}

/// A row in the quarantine.
struct Waiting {
    id: i64,
    /// `None` if its timestamp can't be read.
    instant: Option<Timestamp>,
    shares_instant: bool,
}

impl Waiting {
    /// Returns `true` if a row of the table has its instant.
    fn is_taken(&self, table: &mut Table) -> Result<bool> {
        let Some(instant) = self.instant else {
            return Ok(false);
        };
        let mut found = false;
        key::rows_within(table, Span::at(instant), 1, |_| {
            found = true;
            Ok(())
        })?;
        Ok(found)
    }
}

/// Returns the rows of the stream that are in the quarantine, in the order in which they
/// were moved.
fn waiting(db: Handle, stream: &StreamUuid) -> Result<Vec<Waiting>> {
    if !exists(db)? {
        return Ok(Vec::new());
    }
    let mut select = Statement::prepare(
        db,
        "SELECT id, satori_instant(ts), shares_instant FROM main.__satori_quarantine \
         WHERE stream = ?1 ORDER BY id",
    )?;
    let params = [Param::Text(stream.as_str())];
    Ok(select.all(&params, |row| Waiting {
        id: row.integer(0),
        instant: instant(row, 1),
        shares_instant: row.integer(2) != 0,
    })?)
}

/// Returns `true` if there is a quarantine.
///
/// # Errors
/// `NotAStream` if something else has its name.
pub(super) fn exists(db: Handle) -> Result<bool> {
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
        name: stream.shown(),
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
