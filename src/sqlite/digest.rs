//! The digests of streams: for each the sum over its rows, written by the transaction that
//! writes the rows.

use super::raw::{Handle, Param, Statement};
use super::sum::{Change, Sum, stored};
use super::table::Table;
use super::tables::Tables;
use crate::backend::Found;
use crate::model::digest::Digest;
use crate::model::error::Result;
use crate::model::uuid::StreamUuid;

/// Makes the table that has them. Its name begins as no stream's does.
const CREATE: &str = "CREATE TABLE main.__satori_digest (\
     stream TEXT PRIMARY KEY NOT NULL, rows INTEGER NOT NULL, sum TEXT NOT NULL) WITHOUT ROWID";
const SELECT: &str = "SELECT rows, sum FROM main.__satori_digest WHERE stream = ?1";
const REPLACE: &str =
    "INSERT OR REPLACE INTO main.__satori_digest (stream, rows, sum) VALUES (?1, ?2, ?3)";
const DELETE: &str = "DELETE FROM main.__satori_digest WHERE stream = ?1";

/// Subtracts the rows that meet a condition, which are about to be deleted or rewritten, from
/// the table's digest, if one is kept.
pub(super) fn subtract(table: &mut Table, condition: &str, params: &[Param<'_>]) -> Result<()> {
    let rows = sum(table, condition, params)?;
    table.delta.subtract_all(rows);
    Ok(())
}

/// Adds the rows that meet a condition, which were written, to the table's digest, if one is
/// kept.
pub(super) fn add(table: &mut Table, condition: &str, params: &[Param<'_>]) -> Result<()> {
    let rows = sum(table, condition, params)?;
    table.delta.add_all(rows);
    Ok(())
}

/// Sums the rows that meet a condition; 0 if no digest is kept.
fn sum(table: &Table, condition: &str, params: &[Param<'_>]) -> Result<Sum> {
    let mut sum = Sum::default();
    if !table.keeps_digest {
        return Ok(sum);
    }
    let mut select = table
        .prepare(|t| format!("SELECT ts, value, hash, provider FROM {t} WHERE {condition}"))?;
    let mut rows = select.query(params)?;
    while let Some(row) = rows.next()? {
        sum.add(stored(&row));
    }
    Ok(sum)
}

/// Reads the digest that the stream should have; `None` if none is kept. One that is no
/// number is another program's, and no rows have it.
fn read(db: Handle, stream: &str) -> Result<Option<Sum>> {
    let mut select = Statement::prepare(db, SELECT)?;
    Ok(select.first(&[Param::Text(stream)], |row| Sum {
        rows: row.integer(0),
        sum: u128::from_str_radix(&row.text(1), 16).unwrap_or(1),
    })?)
}

fn write(db: Handle, stream: &str, sum: Sum) -> Result<()> {
    let text = format!("{:032x}", sum.sum);
    let params = [
        Param::Text(stream),
        Param::Integer(sum.rows),
        Param::Text(&text),
    ];
    Statement::prepare(db, REPLACE)?.execute(&params)?;
    Ok(())
}

/// Writes what the transaction has done to the digests of streams. Only in a transaction.
pub(super) fn write_changes(db: Handle, tables: &mut Tables) -> Result<()> {
    for (stream, change) in std::mem::take(&mut tables.changes) {
        match change {
            Change::New(sum) => write(db, &stream, sum)?,
            Change::Gone => {
                Statement::prepare(db, DELETE)?.execute(&[Param::Text(&stream)])?;
            }
            Change::Rows(rows) => {
                if let Some(mut sum) = read(db, &stream)? {
                    sum.add_all(rows);
                    write(db, &stream, sum)?;
                }
            }
        }
    }
    Ok(())
}

/// Makes the table of the digests, if there is none. Only in a transaction.
pub(super) fn keep(tables: &mut Tables) -> Result<()> {
    tables.check()?;
    if !tables.keeps_digests {
        tables.change_schema(CREATE)?;
        tables.keeps_digests = true;
    }
    Ok(())
}

/// Makes the stream's digest that of the rows as they are. Only in a transaction.
pub(super) fn restate(tables: &mut Tables, stream: &StreamUuid) -> Found<()> {
    keep(tables)?;
    let Some(sum) = tables.with(stream, |table| sum(table, "TRUE", &[]))? else {
        return Ok(None);
    };
    tables.changes.insert(stream.to_string(), Change::New(sum));
    Ok(Some(()))
}

/// Compares the stream's rows with its digest. Only in a transaction.
pub(super) fn check(db: Handle, tables: &mut Tables, stream: &StreamUuid) -> Found<Digest> {
    tables.check()?;
    let kept = match tables.keeps_digests {
        true => read(db, stream.as_str())?,
        false => None,
    };
    let Some(kept) = kept else {
        return Ok(tables.has(stream)?.then_some(Digest::NotKept));
    };
    let found = tables.with(stream, |table| sum(table, "TRUE", &[]))?;
    Ok(found.map(|found| match found == kept {
        true => Digest::Matches,
        false => Digest::Differs,
    }))
}

/// Lists the streams with data that have no digest.
pub(super) fn missing(db: Handle, tables: &mut Tables) -> Result<Vec<StreamUuid>> {
    tables.check()?;
    let mut streams = tables.list()?;
    if !tables.keeps_digests {
        return Ok(streams);
    }
    let mut kept = Ok(());
    streams.retain(|stream| match read(db, stream.as_str()) {
        Ok(sum) => sum.is_none(),
        Err(error) => {
            kept = Err(error);
            false
        }
    });
    kept.map(|()| streams)
}
