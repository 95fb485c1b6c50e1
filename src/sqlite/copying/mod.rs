//! Rows and metadata as they are stored, for a copy of the store: see
//! [`Copying`](crate::backend::copying::Copying).

mod there;

use self::there::{Aside, There};
use super::connection::Connection;
use super::datum::{as_stored, cells, param, params, raw_row};
use super::quarantine;
use super::raw::{Handle, Param, Statement};
use super::streams;
use super::table::Table;
use crate::backend::Found;
use crate::backend::copying::Copying;
use crate::model::datum::Datum;
use crate::model::error::Result;
use crate::model::raw_row::{Put, RawPosition, RawQuarantined, RawRow, RawStream};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Copying for Connection {
    fn raw_streams(&mut self) -> Result<Vec<RawStream>> {
        let mut select = Statement::prepare(self.db, streams::ALL)?;
        Ok(select.all(&[], |row| {
            let [synced, created] = streams::TIMES.map(|column| row.cell(column).to_text());
            RawStream::new(
                streams::read(row).into(),
                synced.as_deref(),
                created.as_deref(),
            )
        })?)
    }

    fn last_id(&mut self) -> Result<i64> {
        let select = match has_sequence(self.db)? {
            true => "SELECT max(seq) FROM main.sqlite_sequence WHERE name = 'streams'",
            false => "SELECT max(id) FROM streams",
        };
        let last = Statement::prepare(self.db, select)?.first(&[], |row| row.integer(0))?;
        Ok(last.unwrap_or(0))
    }

    fn raw_rows(
        &mut self,
        uuid: &StreamUuid,
        position: &mut RawPosition,
        limit: usize,
    ) -> Found<Vec<RawRow>> {
        let db = self.db;
        self.tables.with(uuid, |table| {
            let mut rows = Vec::new();
            if matches!(position, RawPosition::Start | RawPosition::Key(_)) {
                rows = rows_by_key(table, position, limit)?;
                *position = match rows.last() {
                    Some(RawRow { ts, .. }) => RawPosition::Key(ts.clone()),
                    None => RawPosition::Rest(0),
                };
            }
            if let RawPosition::Rest(offset) = position
                && rows.is_empty()
            {
                rows = rows_without_key(db, table, uuid, *offset, limit)?;
                *position = match rows.len() {
                    0 => RawPosition::End,
                    read => RawPosition::Rest(*offset + read as i64),
                };
            }
            Ok(rows)
        })
    }

    fn count_raw_rows(&mut self, uuid: &StreamUuid) -> Found<u64> {
        let db = self.db;
        self.tables.with(uuid, |table| {
            let mut count = table.prepare(|t| format!("SELECT count(*) FROM {t}"))?;
            let rows = count.first(&[], |row| row.integer(0))?.unwrap_or(0);
            let aside = match quarantine::exists(db)? {
                true => {
                    let select = "SELECT count(*) FROM main.__satori_quarantine \
                                  WHERE stream = ?1 AND id < 0";
                    let params = [Param::Text(uuid.as_str())];
                    Statement::prepare(db, select)?.first(&params, |row| row.integer(0))?
                }
                false => None,
            };
            Ok((rows + aside.unwrap_or(0)).unsigned_abs())
        })
    }

    fn lacking<'a>(&mut self, uuid: &StreamUuid, rows: &'a [RawRow]) -> Result<Option<&'a RawRow>> {
        let db = self.db;
        let lacking = self.tables.with(uuid, |table| {
            let mut there = There::of(table)?;
            let mut aside = Aside::of(db, uuid)?;
            for row in rows {
                let there = there.count_same(row)?;
                if there <= row.before && there + aside.count_same(row)? <= row.before {
                    return Ok(Some(row));
                }
            }
            Ok(None)
        })?;
        Ok(lacking.unwrap_or_else(|| rows.first()))
    }

    fn raw_quarantined(&mut self, after: i64, limit: usize) -> Result<Vec<RawQuarantined>> {
        if !quarantine::exists(self.db)? {
            return Ok(Vec::new());
        }
        let mut select = Statement::prepare(
            self.db,
            "SELECT ts, value, hash, provider, id, stream, reason, moved_at, shares_instant \
             FROM main.__satori_quarantine WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let params = [Param::Integer(after.max(0)), Param::Integer(limit as i64)];
        Ok(select.all(&params, |row| RawQuarantined {
            id: row.integer(4),
            stream: StreamUuid::stored(row.text(5)),
            row: as_stored(row),
            reason: row.text(6),
            moved_at: row.text(7).parse().unwrap_or(Timestamp::from_micros(0)),
            shares_instant: row.integer(8) != 0,
        })?)
    }

    fn check_raw_streams(&mut self, _: &[RawStream]) -> Result<()> {
        Ok(())
    }

    fn put_rows(&mut self, uuid: &StreamUuid, rows: &[RawRow], now: Timestamp) -> Result<Put> {
        let put = self
            .tables
            .with(uuid, |table| put_rows(table, uuid, rows))?;
        let (mut put, aside) = put.unwrap_or_default();
        if !aside.is_empty() {
            self.make_quarantine()?;
            put.set_aside = set_aside(self.db, uuid, &aside, now)?;
            put.already_there += aside.len() as u64 - put.set_aside;
        }
        Ok(put)
    }

    fn put_quarantined(&mut self, rows: &[RawQuarantined]) -> Result<()> {
        self.make_quarantine()?;
        let mut insert = Statement::prepare(self.db, &insert_quarantined("?9"))?;
        for given in rows {
            let moved_at = given.moved_at.to_string();
            let more = [
                Param::Text(given.stream.as_str()),
                Param::Text(&given.reason),
                Param::Text(&moved_at),
                Param::Integer(given.shares_instant.into()),
                Param::Integer(given.id),
            ];
            insert.execute(&[&params(&given.row)[..], &more].concat())?;
        }
        Ok(())
    }

    fn put_streams(&mut self, streams: &[RawStream], last_id: i64) -> Result<()> {
        let mut insert = Statement::prepare(self.db, &streams::insert_raw())?;
        for raw in streams {
            insert.execute(&streams::raw_params(raw))?;
        }
        if last_id > 0 && has_sequence(self.db)? {
            for sql in [
                "UPDATE main.sqlite_sequence SET seq = ?1 WHERE name = 'streams' AND seq < ?1",
                "INSERT INTO main.sqlite_sequence (name, seq) SELECT 'streams', ?1 WHERE NOT EXISTS \
                 (SELECT 1 FROM main.sqlite_sequence WHERE name = 'streams')",
            ] {
                Statement::prepare(self.db, sql)?.execute(&[Param::Integer(last_id)])?;
            }
        }
        Ok(())
    }
}

impl Connection {
    fn make_quarantine(&mut self) -> Result<()> {
        match quarantine::exists(self.db)? {
            true => Ok(()),
            false => self.tables.change_schema(quarantine::CREATE),
        }
    }
}

/// Returns `true` if the file counts ids, as one of the store does.
fn has_sequence(db: Handle) -> Result<bool> {
    let find = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
    Ok(Statement::prepare(db, find)?.first(&[], |_| ())?.is_some())
}

/// Reads the next rows that have a key, in its order.
fn rows_by_key(table: &Table, position: &RawPosition, limit: usize) -> Result<Vec<RawRow>> {
    let (after, condition) = match position {
        RawPosition::Key(key) => (param(key), "ts > ?2"),
        _ => (Param::Null, "ts IS NOT NULL AND ?2 IS NULL"),
    };
    let mut select = table.prepare(|t| {
        format!("SELECT ts, value, hash, provider FROM {t} WHERE {condition} ORDER BY ts LIMIT ?1")
    })?;
    Ok(select.all(&[Param::Integer(limit as i64), after], raw_row)?)
}

/// Reads the next rows that have none, or are in the quarantine: there are few.
fn rows_without_key(
    db: Handle,
    table: &Table,
    uuid: &StreamUuid,
    offset: i64,
    limit: usize,
) -> Result<Vec<RawRow>> {
    let aside = match quarantine::exists(db)? {
        true => {
            "UNION ALL SELECT ts, value, hash, provider FROM main.__satori_quarantine \
             WHERE stream = ?1 AND id < 0"
        }
        false => "",
    };
    let mut select = table.prepare(|t| {
        format!(
            "SELECT ts, value, hash, provider FROM {t} WHERE ts IS NULL AND ?1 IS NOT NULL {aside} \
             ORDER BY 1, 2, 3, 4 LIMIT ?2 OFFSET ?3"
        )
    })?;
    let page = [Param::Integer(limit as i64), Param::Integer(offset)];
    Ok(select.all(
        &[&[Param::Text(uuid.as_str())][..], &page].concat(),
        raw_row,
    )?)
}

/// A row that a table can't hold.
struct Misfit<'a> {
    row: &'a RawRow,
    reason: String,
    /// How many rows of the table are the same: one that another program has made may hold it.
    there: u64,
}

/// Puts rows into the table; returns those that it can't hold.
fn put_rows<'a>(
    table: &mut Table,
    uuid: &StreamUuid,
    rows: &'a [RawRow],
) -> Result<(Put, Vec<Misfit<'a>>)> {
    table.check_takes_rows(uuid)?;
    let mut insert = table.prepare(|t| {
        format!("INSERT OR IGNORE INTO {t} (ts, value, hash, provider) VALUES (?1, ?2, ?3, ?4)")
    })?;
    let mut there = There::of(table)?;
    let (mut put, mut aside) = (Put::default(), Vec::new());
    for row in rows {
        if let Some(reason) = misfit(row) {
            let there = there.count_same(row)?;
            aside.push(Misfit { row, reason, there });
        } else if insert.execute(&params(row))? == 1 {
            put.rows += 1;
            if table.keeps_digest {
                table.delta.add(cells(row));
            }
        } else if there.count_same(row)? > row.before {
            put.already_there += 1;
        } else {
            let reason = "another row has its key".to_owned();
            aside.push(Misfit {
                row,
                reason,
                there: 0,
            });
        }
    }
    Ok((put, aside))
}

/// Returns why a table of the store's can't hold the row as it is; `None` if it can.
fn misfit(row: &RawRow) -> Option<String> {
    let null = [("ts", &row.ts), ("value", &row.value)];
    let null = null.into_iter().find(|(_, datum)| **datum == Datum::Null);
    let text = [("hash", &row.hash), ("provider", &row.provider)];
    let mut text = text.into_iter();
    let number = text.find(|(_, datum)| !matches!(datum, Datum::Text(_) | Datum::Blob(_)));
    null.map(|(column, _)| format!("{column} is NULL"))
        .or_else(|| number.map(|(column, _)| format!("{column} is not text")))
}

/// Puts rows of the stream into the quarantine, unless they are there; returns their number.
fn set_aside(db: Handle, uuid: &StreamUuid, rows: &[Misfit<'_>], now: Timestamp) -> Result<u64> {
    let moved_at = now.to_string();
    let mut aside = Aside::of(db, uuid)?;
    let next = "(SELECT min(coalesce(min(id), 0), 0) - 1 FROM main.__satori_quarantine)";
    let mut insert = Statement::prepare(db, &insert_quarantined(next))?;
    let mut put = 0;
    for Misfit { row, reason, there } in rows {
        if *there > row.before || there + aside.count_same(row)? > row.before {
            continue;
        }
        let more = [
            Param::Text(uuid.as_str()),
            Param::Text(reason),
            Param::Text(&moved_at),
            Param::Integer(0),
        ];
        put += insert.execute(&[&params(row)[..], &more].concat())? as u64;
    }
    Ok(put)
}

/// Returns the SQL that puts a row into the quarantine under this id, unless it is taken.
fn insert_quarantined(id: &str) -> String {
    format!(
        "INSERT OR IGNORE INTO main.__satori_quarantine \
         (ts, value, hash, provider, stream, reason, moved_at, shares_instant, id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {id})"
    )
}
