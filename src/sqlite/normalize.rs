//! Normalisation: rewriting other spellings of timestamps into Unix seconds.

use super::digest;
use super::order::disorder;
use super::query::Query;
use super::raw::{Cell, Param};
use super::row;
use super::table::Table;
use crate::model::error::{Error, Result};
use crate::model::report::Normalization;
use crate::model::spelling::StoredTimestamp;
use crate::model::time::{SECONDS_LIMIT, Timestamp};
use crate::model::uuid::StreamUuid;

/// How many keys are read, and then rewritten, at a time.
const BATCH: i64 = 1_000;

/// Rewrites every timestamp of the table that is text, or a number of milli-, micro- or
/// nanoseconds, and reports those that it keeps. Only in a transaction.
pub(super) fn normalize(table: &mut Table, stream: &StreamUuid) -> Result<Normalization> {
    let mut report = untouched(table)?;
    let limit = SECONDS_LIMIT as f64;
    // First finer units below zero; then those above it, and text, which sorts last.
    rewrite(table, stream, &mut report, "ts <= ?1", -limit)?;
    rewrite(table, stream, &mut report, "ts >= ?1", limit)?;
    Ok(report)
}

/// Returns the report of [`normalize`] if there is nothing to rewrite, otherwise `None`.
pub(super) fn normalized(table: &mut Table) -> Result<Option<Normalization>> {
    let limit = SECONDS_LIMIT as f64;
    let mut other = table.prepare(|t| {
        format!(
            "SELECT 1 FROM {t} WHERE (ts <= ?1 OR ts >= ?2) AND satori_instant(ts) IS NOT NULL \
             LIMIT 1"
        )
    })?;
    let bounds = [Param::Real(-limit), Param::Real(limit)];
    match other.first(&bounds, |_| ())? {
        Some(()) => Ok(None),
        None => untouched(table).map(Some),
    }
}

/// Returns a report of the timestamps that can't be read, and of no other.
fn untouched(table: &Table) -> Result<Normalization> {
    let mut unreadable = table
        .prepare(|t| format!("SELECT ts FROM {t} WHERE satori_instant(ts) IS NULL ORDER BY ts"))?;
    Ok(Normalization {
        unreadable: unreadable.all(&[], |row| row.text(0))?,
        ..Normalization::default()
    })
}

/// Rewrites the timestamps that meet `condition`, a comparison of `ts` with ?1, the bound.
fn rewrite(
    table: &mut Table,
    stream: &StreamUuid,
    report: &mut Normalization,
    condition: &str,
    bound: f64,
) -> Result<()> {
    let mut select = table.prepare(|t| {
        format!(
            "SELECT ts, satori_instant(ts) FROM {t} WHERE {condition} AND (?2 IS NULL OR ts > ?2) \
             AND satori_instant(ts) IS NOT NULL ORDER BY ts LIMIT ?3"
        )
    })?;
    let mut update = table.prepare(|t| format!("UPDATE {t} SET ts = ?1 WHERE ts = ?2"))?;
    let mut last: Option<StoredTimestamp> = None;
    loop {
        let after = last
            .as_ref()
            .map_or(Param::Null, |last| row::param(last.borrowed()));
        let params = [Param::Real(bound), after, Param::Integer(BATCH)];
        let keys = select.all(&params, |row| {
            let key = match row.cell(0) {
                Cell::Integer(number) => StoredTimestamp::Integer(number),
                Cell::Real(number) => StoredTimestamp::Real(number),
                _ => StoredTimestamp::Text(row.text(0)),
            };
            (key, Timestamp::from_micros(row.integer(1)))
        })?;
        let Some((newest, _)) = keys.last().cloned() else {
            return Ok(());
        };
        let seen = last.iter().chain(keys.iter().map(|(key, _)| key));
        if !seen.is_sorted_by(|one, next| one.borrowed().may_precede(next.borrowed())) {
            return Err(disorder(stream));
        }
        for (key, instant) in keys {
            let Ok(seconds) = instant.to_seconds() else {
                report.unreadable.push(key.to_string());
                continue;
            };
            let other = table
                .cached(Query::At)?
                .first(&[row::param(seconds)], |_| ())?;
            if other.is_some() {
                report.kept.push(key.to_string());
            } else {
                let params = [row::param(seconds), row::param(key.borrowed())];
                digest::subtract(table, "ts = ?1", &params[1..])?;
                if update.execute(&params)? != 1 {
                    return Err(match table.has_triggers {
                        true => Error::NotAStream {
                            name: stream.shown(),
                            reason: "its triggers keep timestamps from being rewritten".to_owned(),
                        },
                        // The scan has found a row that the key doesn't lead to.
                        false => disorder(stream),
                    });
                }
                digest::add(table, "ts = ?1", &params[..1])?;
                report.rewritten += 1;
            }
        }
        last = Some(newest);
    }
}
