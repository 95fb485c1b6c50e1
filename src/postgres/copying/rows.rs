//! Observations, as a file stores them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::super::connection::Connection;
use super::super::key::key;
use super::super::observations::observation_row;
use super::super::raw::{Params, Row};
use super::fit::Fit;
use crate::backend::Found;
use crate::model::datum::Datum;
use crate::model::error::Result;
use crate::model::raw_row::{Put, RawPosition, RawRow};
use crate::model::spelling::StoredRef;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

const BEHIND: &str = "SELECT ts, value, hash, provider, spelling FROM observations \
                      WHERE stream = $1 AND ts > $2 ORDER BY ts LIMIT $3";
const AT: &str = "SELECT ts, value, hash, provider, spelling FROM observations \
                  WHERE stream = $1 AND ts = ANY ($2)";
const INSERT: &str = "INSERT INTO observations (stream, ts, value, hash, provider, spelling) \
                      SELECT $1, u.* FROM unnest($2::bigint[], $3::float8[], $4::text[], \
                        $5::text[], $6::text[]) AS u \
                      ON CONFLICT (stream, ts) DO NOTHING RETURNING ts";

impl Connection {
    pub(super) fn raw_rows(
        &mut self,
        uuid: &StreamUuid,
        position: &mut RawPosition,
        limit: usize,
    ) -> Found<Vec<RawRow>> {
        let mut rows = Vec::new();
        let after = match position {
            RawPosition::Start => Some(i64::MIN),
            RawPosition::Key(Datum::Integer(ts)) => Some(*ts),
            _ => None,
        };
        if let Some(after) = after {
            let params = Params::new().int8(key(uuid)).int8(after).int8(limit as i64);
            let found = self.on_rows(uuid, BEHIND, params, |answer| {
                let last = answer.rows().last().and_then(|row| row.int8(0));
                Ok((answer.rows().map(raw_row).collect(), last))
            })?;
            let Some((found, last)) = found else {
                return Ok(None);
            };
            rows = found;
            *position = match last {
                Some(ts) => RawPosition::Key(Datum::Integer(ts)),
                None => RawPosition::Rest(0),
            };
        }
        if let RawPosition::Rest(after) = position
            && rows.is_empty()
        {
            let last;
            (rows, last) = self.rows_aside(uuid, *after, limit)?;
            *position = last.map_or(RawPosition::End, RawPosition::Rest);
        }
        Ok(Some(rows))
    }

    pub(super) fn lacking<'a>(
        &mut self,
        uuid: &StreamUuid,
        rows: &'a [RawRow],
    ) -> Result<Option<&'a RawRow>> {
        if !self.has_data(uuid)? {
            return Ok(rows.first());
        }
        let fits: Vec<_> = rows.iter().map(|row| Fit::new(row).ok()).collect();
        let found = self.rows_at(uuid, fits.iter().flatten().map(|fit| fit.ts))?;
        let is_there = |(row, fit): (&'a RawRow, &Option<Fit<'_>>)| match fit {
            Some(fit) if found.get(&fit.ts) == Some(row) => None,
            _ => Some(row),
        };
        let others: Vec<_> = rows.iter().zip(&fits).filter_map(is_there).collect();
        let aside = self.are_aside(uuid, &others)?;
        let lacking = others.into_iter().zip(aside).find(|(_, aside)| !aside);
        Ok(lacking.map(|(row, _)| row))
    }

    pub(super) fn put_rows(
        &mut self,
        uuid: &StreamUuid,
        rows: &[RawRow],
        now: Timestamp,
    ) -> Result<Put> {
        let mut aside: Vec<(&RawRow, String)> = Vec::new();
        let mut fits: HashMap<i64, Fit<'_>> = HashMap::new();
        for row in rows {
            match Fit::new(row) {
                Err(reason) => aside.push((row, reason)),
                Ok(fit) => match fits.entry(fit.ts) {
                    Entry::Vacant(place) => {
                        place.insert(fit);
                    }
                    Entry::Occupied(first) => aside.push((row, shared(first.get().row))),
                },
            }
        }
        let mut fits: Vec<_> = fits.into_values().collect();
        // Writers wait for each other in one direction.
        fits.sort_by_key(|fit| fit.ts);
        let params = Params::new()
            .int8(key(uuid))
            .int8s(fits.iter().map(|fit| fit.ts))
            .float8s(fits.iter().map(|fit| fit.value))
            .texts(fits.iter().map(|fit| fit.hash))
            .texts(fits.iter().map(|fit| fit.provider))
            .some_texts(fits.iter().map(|fit| fit.spelling.as_deref()));
        let answer = self.ask(INSERT, params)?;
        let mut put = Put {
            rows: answer.len() as u64,
            ..Put::default()
        };
        if answer.len() < fits.len() {
            let inserted: HashSet<_> = answer.rows().filter_map(|row| row.int8(0)).collect();
            fits.retain(|fit| !inserted.contains(&fit.ts));
            let found = self.rows_at(uuid, fits.iter().map(|fit| fit.ts))?;
            for fit in fits {
                match found.get(&fit.ts) {
                    Some(found) if found == fit.row => put.already_there += 1,
                    Some(found) => aside.push((fit.row, shared(found))),
                    None => aside.push((fit.row, "a rule keeps it out".to_owned())),
                }
            }
        }
        put.set_aside = self.set_aside(uuid, &aside, now)?;
        put.already_there += aside.len() as u64 - put.set_aside;
        Ok(put)
    }

    /// Reads the rows of these instants.
    fn rows_at(
        &mut self,
        uuid: &StreamUuid,
        instants: impl Iterator<Item = i64>,
    ) -> Result<HashMap<i64, RawRow>> {
        let params = Params::new().int8(key(uuid)).int8s(instants);
        let answer = self.ask(AT, params)?;
        let rows = answer.rows();
        Ok(rows
            .filter_map(|row| Some((row.int8(0)?, raw_row(row))))
            .collect())
    }
}

/// Returns why a row is set aside whose instant another row has.
fn shared(other: &RawRow) -> String {
    format!("its instant has another row, whose ts is {}", other.ts)
}

/// Returns a row as a file stores it.
fn raw_row(row: Row<'_>) -> RawRow {
    let read = observation_row(row, 0);
    let text = |bytes: &[u8]| Datum::Text(bytes.to_owned());
    RawRow {
        ts: match read.stored {
            StoredRef::Integer(number) => Datum::Integer(number),
            StoredRef::Real(number) => Datum::Real(number),
            StoredRef::Text(spelling) => text(spelling.as_bytes()),
        },
        value: Datum::number(read.value),
        hash: text(read.hash),
        provider: text(read.provider),
        before: 0,
    }
}
