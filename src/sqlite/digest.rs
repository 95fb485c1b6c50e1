//! The digests of streams: for each the sum over its rows, written by the transaction that
//! writes the rows.

use std::collections::HashSet;
use std::mem;

use super::raw::{Handle, Param, Statement, prepared};
use super::shape::texts;
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

/// The statements on the table of the digests.
pub(super) struct Digests {
    db: Handle,
    select: Option<Statement>,
    replace: Option<Statement>,
}

impl Digests {
    pub(super) fn new(db: Handle) -> Self {
        Self {
            db,
            select: None,
            replace: None,
        }
    }

    /// Reads the digest that the stream should have; `None` if none is kept. One that is no
    /// number is another program's, and no rows have it.
    fn read(&mut self, stream: &str) -> Result<Option<Sum>> {
        let select = prepared(&mut self.select, self.db, SELECT)?;
        Ok(select.first(&[Param::Text(stream)], |row| Sum {
            rows: row.integer(0),
            sum: u128::from_str_radix(&row.text(1), 16).unwrap_or(1),
        })?)
    }

    fn write(&mut self, stream: &str, sum: Sum) -> Result<()> {
        let text = format!("{:032x}", sum.sum);
        let params = [
            Param::Text(stream),
            Param::Integer(sum.rows),
            Param::Text(&text),
        ];
        prepared(&mut self.replace, self.db, REPLACE)?.execute(&params)?;
        Ok(())
    }

    /// Writes what the transaction has done to the digests of streams. Only in a
    /// transaction.
    pub(super) fn write_changes(&mut self, tables: &mut Tables) -> Result<()> {
        if tables.changes.is_empty() {
            return Ok(());
        }
        for (stream, change) in mem::take(&mut tables.changes) {
            match change {
                Change::New(sum) => self.write(&stream, sum)?,
                Change::Gone => {
                    let params = [Param::Text(&stream)];
                    Statement::prepare(self.db, DELETE)?.execute(&params)?;
                }
                Change::Rows(rows) => {
                    if let Some(mut sum) = self.read(&stream)? {
                        sum.add_all(rows);
                        self.write(&stream, sum)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Compares the stream's rows with its digest. Only in a transaction.
    pub(super) fn check(&mut self, tables: &mut Tables, stream: &StreamUuid) -> Found<Digest> {
        tables.check()?;
        let kept = match tables.keeps_digests {
            true => self.read(stream.as_str())?,
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

    /// Lists the streams with data that have no digest. Only in a transaction.
    pub(super) fn missing(&self, tables: &mut Tables) -> Result<Vec<StreamUuid>> {
        let mut streams = tables.list()?;
        if tables.keeps_digests {
            let kept = texts(self.db, "SELECT stream FROM main.__satori_digest")?;
            let kept: HashSet<_> = kept.into_iter().collect();
            streams.retain(|stream| !kept.contains(stream.as_str()));
        }
        Ok(streams)
    }
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
    if !tables.has(stream)? {
        return Ok(None);
    }
    keep(tables)?;
    let Some(sum) = tables.with(stream, |table| sum(table, "TRUE", &[]))? else {
        return Ok(None);
    };
    tables.changes.insert(stream.to_string(), Change::New(sum));
    Ok(Some(()))
}
