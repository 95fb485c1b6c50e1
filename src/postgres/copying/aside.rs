//! The quarantine: rows of a stream that the table of observations can't hold, under negative
//! ids, and those that were in a quarantine before they were copied, under their own.

use std::collections::HashMap;

use super::super::connection::Connection;
use super::super::raw::{Params, Row, Statement};
use super::literal;
use crate::model::error::Result;
use crate::model::raw_row::{RawQuarantined, RawRow};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

const OF_STREAM: &str = "SELECT ts, value, hash, provider, id FROM quarantine \
                         WHERE uuid = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const SAME_TS: &str = "SELECT ts, value, hash, provider FROM quarantine \
                       WHERE uuid = $1 AND id < 0 AND ts = ANY ($2)";
const SET_ASIDE: &str = "INSERT INTO quarantine \
       (id, uuid, ts, value, hash, provider, reason, moved_at) \
     SELECT (SELECT least(min(id), 0) FROM quarantine) - u.place, $1, \
       u.ts, u.value, u.hash, u.provider, u.reason, $2 \
     FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY \
       AS u (ts, value, hash, provider, reason, place)";
const OTHERS: &str = "SELECT ts, value, hash, provider, id, uuid, reason, moved_at, shares_instant \
                      FROM quarantine WHERE id > $1 ORDER BY id LIMIT $2";
const PUT: &str = "INSERT INTO quarantine \
       (id, shares_instant, moved_at, uuid, reason, ts, value, hash, provider) \
     VALUES ($1, $2 <> 0, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
const SET_NEXT: &str = "SELECT setval(pg_get_serial_sequence('quarantine', 'id'), max(id)) \
                        FROM quarantine HAVING max(id) > 0";

impl Connection {
    /// Reads the next rows of the stream that are in the quarantine, behind the one with this
    /// id, and returns the id of the last.
    pub(super) fn rows_aside(
        &mut self,
        uuid: &StreamUuid,
        after: i64,
        limit: usize,
    ) -> Result<(Vec<RawRow>, Option<i64>)> {
        let params = Params::new()
            .text(uuid.as_str())
            .int8(after)
            .int8(limit as i64);
        let answer = self.ask(OF_STREAM, params)?;
        let last = answer.rows().last().and_then(|row| row.int8(4));
        let rows = answer.rows().map(raw_row).collect::<Result<_>>()?;
        Ok((rows, last))
    }

    /// Returns for each of these rows of the stream whether it is in the quarantine.
    pub(super) fn are_aside(&mut self, uuid: &StreamUuid, rows: &[&RawRow]) -> Result<Vec<bool>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let spelled: Vec<_> = rows.iter().map(|row| row.ts.to_string()).collect();
        let params = Params::new()
            .text(uuid.as_str())
            .texts(spelled.iter().map(String::as_str));
        let answer = self.ask(SAME_TS, params)?;
        let mut found: HashMap<_, u64> = HashMap::new();
        for row in answer.rows() {
            *found.entry(columns(row)).or_default() += 1;
        }
        let is_there = |row: &&RawRow| {
            let literals = row.literals();
            let same = found.get(&literals.each_ref().map(String::as_str));
            same.is_some_and(|same| *same > row.before)
        };
        Ok(rows.iter().map(is_there).collect())
    }

    /// Puts rows of the stream into the quarantine, unless they are there; returns how many.
    pub(super) fn set_aside(
        &mut self,
        uuid: &StreamUuid,
        rows: &[(&RawRow, String)],
        now: Timestamp,
    ) -> Result<u64> {
        let only: Vec<_> = rows.iter().map(|(row, _)| *row).collect();
        let are_there = self.are_aside(uuid, &only)?;
        let new: Vec<_> = rows.iter().zip(are_there).collect();
        let new: Vec<_> = new
            .into_iter()
            .filter(|(_, is_there)| !is_there)
            .map(|((row, reason), _)| (row.literals(), without_nul(reason)))
            .collect();
        if new.is_empty() {
            return Ok(0);
        }
        let column = |at: usize| new.iter().map(move |(row, _)| row[at].as_str());
        let params = Params::new()
            .text(uuid.as_str())
            .instant(now.as_micros())
            .texts(column(0))
            .texts(column(1))
            .texts(column(2))
            .texts(column(3))
            .texts(new.iter().map(|(_, reason)| reason.as_str()));
        self.ask(SET_ASIDE, params)?;
        Ok(new.len() as u64)
    }

    pub(super) fn raw_quarantined(
        &mut self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<RawQuarantined>> {
        let params = Params::new().int8(after.max(0)).int8(limit as i64);
        let answer = self.ask(OTHERS, params)?;
        let read = |row: Row<'_>| {
            let text = |column| row.text(column).unwrap_or_default().to_owned();
            Ok(RawQuarantined {
                id: row.int8(4).unwrap_or(0),
                stream: StreamUuid::stored(text(5)),
                row: raw_row(row)?,
                reason: text(6),
                moved_at: Timestamp::from_micros(row.instant(7).unwrap_or(0)),
                shares_instant: row.bool(8),
            })
        };
        answer.rows().map(read).collect()
    }

    pub(super) fn put_quarantined(&mut self, rows: &[RawQuarantined]) -> Result<()> {
        let put = |given: &RawQuarantined| {
            let params = Params::new()
                .int8(given.id)
                .int8(i64::from(given.shares_instant))
                .instant(given.moved_at.as_micros())
                .text(given.stream.as_str())
                .text(without_nul(&given.reason).as_str());
            let columns = given.row.literals();
            let params = columns
                .iter()
                .fold(params, |params, text| params.text(text.as_str()));
            Statement::new(PUT, params)
        };
        let mut statements: Vec<_> = rows.iter().map(put).collect();
        statements.push(Statement::plain(SET_NEXT));
        self.run(statements)?;
        Ok(())
    }
}

/// Returns the literals of a row.
fn columns(row: Row<'_>) -> [&str; 4] {
    [0, 1, 2, 3].map(|column| row.text(column).unwrap_or_default())
}

fn raw_row(row: Row<'_>) -> Result<RawRow> {
    literal::row(columns(row))
}

/// A reason may show a text that has a NUL, which PostgreSQL can't store.
fn without_nul(reason: &str) -> String {
    reason.replace('\0', "\u{fffd}")
}
