//! Reading single rows in order of time, however their timestamps are spelled.

use std::time::Duration;

use super::key::{self, Pivot};
use super::order::Order;
use super::query::Query;
use super::raw::{Cell, Param, Row, Rows};
use super::row;
use super::table::Table;
use crate::model::error::{Error, Result};
use crate::model::observation::Observation;
use crate::model::span::Span;
use crate::model::spelling::{StoredRef, StoredTimestamp};
use crate::model::time::{SECONDS_LIMIT, Timestamp};
use crate::model::uuid::StreamUuid;

/// Reads the row that is latest in time; `None` if there is none.
pub(super) fn latest(
    table: &mut Table,
    stream: &StreamUuid,
    skip_unreadable: bool,
) -> Result<Option<Observation>> {
    let mut rows = table.cached(Query::Last)?.query(&[])?;
    let Some(found) = rows.next()? else {
        return Ok(None);
    };
    if latest_seconds(&found).is_some()
        && let Some(latest) = row::read_or_skip(&found, stream, skip_unreadable)?
    {
        return latest.to_observation(stream).map(Some);
    }
    let by_text = match found.cell(0) {
        Cell::Text(_) => row::read_or_skip(&found, stream, skip_unreadable)
            .ok()
            .flatten()
            .map(|latest| latest.to_observation(stream)),
        _ => None,
    };
    drop(rows);
    if let Some(Ok(latest)) = by_text
        && let StoredTimestamp::Text(text) = &latest.stored_ts
        && last_is_latest(table, latest.ts, text)?
    {
        return Ok(Some(latest));
    }
    Ok(last(table, stream, Span::ALL, 1, skip_unreadable)?.pop())
}

/// Reads the instant and the hash of the row that lies latest in time, for the chain to go
/// on from; whether its value can be read doesn't matter. If no timestamp can be read, the
/// row is the one that plain SQL takes for the last.
pub(super) fn chain_end(table: &mut Table) -> Result<Option<(Timestamp, String)>> {
    let mut rows = table.cached(Query::Last)?.query(&[])?;
    let Some(found) = rows.next()? else {
        return Ok(None);
    };
    if let Some(ts) = latest_seconds(&found) {
        return Ok(Some((ts, found.text(2))));
    }
    let last = (Timestamp::MIN, found.text(2));
    drop(rows);
    if let Some((ts, text)) = last_text(table)?
        && last_is_latest(table, ts, &text)?
    {
        return Ok(Some((ts, last.1)));
    }
    let ranges = key::ranges(end_of(table, Span::ALL, 1)?);
    let mut params = Vec::new();
    let mut statement = table.prepare(|t| {
        let source = key::source(t, &ranges, &mut params);
        format!(
            "SELECT instant, hash FROM ({source}) WHERE instant IS NOT NULL \
             ORDER BY instant DESC, ts DESC LIMIT 1"
        )
    })?;
    let latest = statement.first(&params, |row| {
        (Timestamp::from_micros(row.integer(0)), row.text(1))
    })?;
    Ok(Some(latest.unwrap_or(last)))
}

/// Reads the timestamp of the row that sorts last, if it is text that can be read.
pub(super) fn last_text(table: &mut Table) -> Result<Option<(Timestamp, String)>> {
    let last = table.cached(Query::Last)?.first(&[], |row| {
        let (ts, stored) = row::timestamp(row.cell(0)).ok()?;
        match stored {
            StoredRef::Text(text) => Some((ts, text.to_owned())),
            _ => None,
        }
    })?;
    Ok(last.flatten())
}

/// Returns `true` if a row that sorts last, by this text, is the latest of all: there are no
/// numbers, and no text that sorts before it stands for a later instant, as one with an
/// offset may. This is looked up once, and again when the table may have changed.
pub(super) fn last_is_latest(table: &mut Table, last: Timestamp, text: &str) -> Result<bool> {
    let version = data_version(table)?;
    if version.is_some() && table.last_is_latest.get() == version {
        return Ok(true);
    }
    // An offset is 26 hours at most.
    let Some(first) = last.date_text(-27) else {
        return Ok(false);
    };
    let params = [
        Param::Text(&first),
        Param::Text(text),
        Param::Integer(last.as_micros()),
    ];
    let later = table
        .cached(Query::Later)?
        .first(&params, |row| row.integer(0) != 0)?;
    let is_latest = later == Some(false);
    if is_latest {
        table.last_is_latest.set(version);
    }
    Ok(is_latest)
}

/// Returns a number that changes whenever another connection has changed the file.
fn data_version(table: &mut Table) -> Result<Option<i64>> {
    Ok(table
        .cached(Query::DataVersion)?
        .first(&[], |row| row.integer(0))?)
}

/// Returns the instant of the row that sorts last if it is the latest: text and finer
/// units sort after the seconds, so if a number of seconds comes last there are none.
/// Below zero a finer unit might hide.
fn latest_seconds(last: &Row<'_>) -> Option<Timestamp> {
    match last.cell(0) {
        Cell::Integer(number) if (0..SECONDS_LIMIT).contains(&number) => {
            Some(Timestamp::from_integer(number))
        }
        Cell::Real(number) if (0.0..SECONDS_LIMIT as f64).contains(&number) => {
            Timestamp::from_real(number).ok()
        }
        _ => None,
    }
}

/// Reads the `count` rows of the span that are latest in time, in order of time.
pub(super) fn last(
    table: &mut Table,
    stream: &StreamUuid,
    span: Span,
    count: usize,
    skip_unreadable: bool,
) -> Result<Vec<Observation>> {
    let take = |span| Take {
        stream,
        span,
        count,
        skip_unreadable,
    };
    if key::sorts_by_time(table)? {
        let (first, last) = key::seconds(span);
        let params = [Param::Real(first), Param::Real(last)];
        let rows = table.cached(Query::Backwards)?.query(&params)?;
        return take(span).reversed(rows, Order::descending());
    }
    let end = end_of(table, span, count)?;
    let found = take(end).by_instant(table)?;
    if found.len() == count || end == span {
        return Ok(found);
    }
    // Not all of the rows by which the end was found lie in the span, or can be read.
    take(span).by_instant(table)
}

/// Which rows [`last`] takes.
struct Take<'a> {
    stream: &'a StreamUuid,
    span: Span,
    count: usize,
    skip_unreadable: bool,
}

impl Take<'_> {
    /// Reads the rows from a table whose key doesn't sort by time, in order of time.
    fn by_instant(&self, table: &Table) -> Result<Vec<Observation>> {
        let ranges = key::ranges(self.span);
        let mut params = Vec::new();
        let mut statement = table.prepare(|t| {
            let source = key::source(t, &ranges, &mut params);
            let next = params.len() + 1;
            params.push(Param::Integer(self.span.first));
            params.push(Param::Integer(self.span.last));
            // Rows without an instant come first, so that an error reports them.
            format!(
                "SELECT * FROM ({source}) WHERE instant IS NULL OR instant BETWEEN ?{next} AND ?{} \
                 ORDER BY instant IS NOT NULL, instant DESC, ts DESC",
                next + 1
            )
        })?;
        self.reversed(statement.query(&params)?, Order::Sorted(None))
    }

    /// Reads the first of the rows that lie in the span, the last of them first.
    fn reversed(&self, mut rows: Rows<'_>, mut order: Order) -> Result<Vec<Observation>> {
        let mut found = Vec::new();
        while found.len() < self.count
            && let Some(row) = rows.next()?
        {
            if let Some(row) = row::read_or_skip(&row, self.stream, self.skip_unreadable)? {
                order.advance(&row, self.stream)?;
                if self.span.contains(row.ts) {
                    found.push(row.to_observation(self.stream)?);
                }
            }
        }
        found.reverse();
        Ok(found)
    }
}

/// Returns the end of a span that holds its latest `count` rows, in a table whose key doesn't
/// sort by time. If one kind of timestamps has that many rows by itself, it begins two days
/// before the first of these; if none has, it is the whole span. If the span doesn't reach
/// to the end of time, some of these rows may lie outside it.
fn end_of(table: &Table, span: Span, count: usize) -> Result<Span> {
    let mut first = span.first;
    for range in key::ranges(span) {
        let pivot = key::pivot(table, &range, count.saturating_sub(1), true)?;
        if let Some(Pivot::Instant(pivot)) = pivot {
            // Only the date of text is known here, and its offset is 26 hours at most.
            first = first.max(pivot.before(Duration::from_secs(172_800)).as_micros());
        }
    }
    Ok(Span {
        first: first.min(span.last),
        ..span
    })
}

/// Reads the row of this instant, however it is spelled; a number if there are several. One
/// that can't be read is passed over if another can.
///
/// # Errors
/// `UnreadableRow` if none of them can be read.
pub(super) fn at(
    table: &mut Table,
    stream: &StreamUuid,
    instant: Timestamp,
) -> Result<Option<Observation>> {
    let mut best = at_seconds(table, stream, instant);
    if !matches!(best, Ok(None) | Err(Error::UnreadableRow { .. })) {
        return best;
    }
    key::rows_within(table, Span::at(instant), -1, |row| {
        if !matches!(best, Ok(Some(_))) {
            let found = row::observation(row, stream);
            if found.is_ok() || best.is_ok() {
                best = found.map(Some);
            }
        }
        Ok(())
    })?;
    best
}

/// Reads the row of this instant that [`at`] reads, if it is looked for by a timestamp as a
/// row may store it, which finds most rows by the index alone.
pub(super) fn at_stored(
    table: &mut Table,
    stream: &StreamUuid,
    instant: Timestamp,
    stored: StoredRef<'_>,
) -> Result<Option<Observation>> {
    match at_key(table, stream, instant, stored)? {
        Some(found) => Ok(Some(found)),
        None => at(table, stream, instant),
    }
}

/// Reads the row of this instant if it stores Unix seconds, or else this timestamp; `None`
/// also if it can't be read.
pub(super) fn at_key(
    table: &mut Table,
    stream: &StreamUuid,
    instant: Timestamp,
    stored: StoredRef<'_>,
) -> Result<Option<Observation>> {
    let stored = row::param(stored);
    let seconds = instant.to_seconds().map_or(stored, row::param);
    let params = [seconds, stored];
    let mut rows = match seconds == stored {
        true => table.cached(Query::At)?.query(&params[..1])?,
        false => table.cached(Query::AtEither)?.query(&params)?,
    };
    match rows.next()? {
        Some(row) => Ok(row::observation(&row, stream).ok()),
        None => Ok(None),
    }
}

/// Reads the row that stores this instant as Unix seconds.
fn at_seconds(
    table: &mut Table,
    stream: &StreamUuid,
    instant: Timestamp,
) -> Result<Option<Observation>> {
    if let Ok(seconds) = instant.to_seconds() {
        let params = [row::param(seconds)];
        let mut rows = table.cached(Query::At)?.query(&params)?;
        if let Some(row) = rows.next()? {
            return row::observation(&row, stream).map(Some);
        }
    }
    Ok(None)
}
