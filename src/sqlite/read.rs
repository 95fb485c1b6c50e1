//! Reading observations in order of time, however they are spelled.

use std::time::Duration;

use crate::model::error::{Error, Result, excerpt};
use crate::model::observation::Observation;
use crate::model::span::{self, Group, Pivot, Span, is_plain};
use crate::model::spelling::StoredRef;
use crate::model::time::{SECONDS_LIMIT, Timestamp};
use crate::model::uuid::StreamUuid;
use crate::model::value;
use crate::sqlite::raw::{Cell, Param, Row};
use crate::sqlite::table::{Query, Table};

/// A row, borrowed from SQLite until the next one.
pub(crate) struct RowRef<'a> {
    pub(crate) ts: Timestamp,
    pub(crate) stored: StoredRef<'a>,
    pub(crate) value: f64,
    /// Text, as is the provider: UTF-8, unless another program has written it.
    /// Those who read many rows check them all at once.
    pub(crate) hash: &'a [u8],
    pub(crate) provider: &'a [u8],
}

impl<'a> RowRef<'a> {
    /// Reads columns `ts, value, hash, provider`.
    #[inline]
    pub(crate) fn new(row: &'a Row<'_>, stream: &StreamUuid) -> Result<Self> {
        let unreadable = |source| unreadable(stream, source);
        let (ts, stored) = timestamp(row.cell(0)).map_err(unreadable)?;
        Ok(Self {
            ts,
            stored,
            value: number(row.cell(1)).map_err(unreadable)?,
            hash: text(row.cell(2)).map_err(unreadable)?,
            provider: text(row.cell(3)).map_err(unreadable)?,
        })
    }

    pub(crate) fn to_observation(&self, stream: &StreamUuid) -> Result<Observation> {
        Ok(Observation {
            ts: self.ts,
            stored_ts: self.stored.to_owned(),
            value: self.value,
            hash: text_of(stream, self.hash)?.to_owned(),
            provider: text_of(stream, self.provider)?.to_owned(),
        })
    }
}

#[cold]
fn unreadable(stream: &StreamUuid, source: Error) -> Error {
    Error::UnreadableRow {
        stream: stream.to_string(),
        source: Box::new(source),
    }
}

/// A text of a row of `stream`.
pub(crate) fn text_of<'a>(stream: &StreamUuid, bytes: &'a [u8]) -> Result<&'a str> {
    utf8(bytes).map_err(|error| unreadable(stream, error))
}

/// The error of the first of `texts`, of rows of `stream`, that is not UTF-8.
#[cold]
pub(crate) fn not_utf8<'a>(
    stream: &StreamUuid,
    mut texts: impl Iterator<Item = &'a [u8]>,
) -> Error {
    let text = texts.find(|text| std::str::from_utf8(text).is_err());
    unreadable(stream, no_text(text.unwrap_or_default()))
}

#[inline]
fn timestamp(cell: Cell<'_>) -> Result<(Timestamp, StoredRef<'_>)> {
    match cell {
        Cell::Integer(number) => Ok((Timestamp::from_integer(number), StoredRef::Integer(number))),
        Cell::Real(number) => Ok((Timestamp::from_real(number)?, StoredRef::Real(number))),
        Cell::Text(bytes) => {
            let text = utf8(bytes)?;
            Ok((Timestamp::from_stored_text(text)?, StoredRef::Text(text)))
        }
        Cell::Blob(_) | Cell::Null => Err(Error::InvalidTimestamp {
            text: format!("{cell:?}"),
            reason: "it is neither a number nor text",
        }),
    }
}

#[inline]
fn number(cell: Cell<'_>) -> Result<f64> {
    match cell {
        Cell::Integer(number) => Ok(number as f64),
        Cell::Real(number) => value::finite(number),
        Cell::Text(bytes) => value::parse(utf8(bytes)?),
        Cell::Blob(_) | Cell::Null => Err(Error::InvalidValue {
            text: format!("{cell:?}"),
            reason: "it is neither a number nor text",
        }),
    }
}

/// The columns `hash` and `provider` have TEXT affinity: all but blobs is text.
#[inline]
fn text(cell: Cell<'_>) -> Result<&[u8]> {
    match cell {
        Cell::Text(bytes) | Cell::Blob(bytes) => Ok(bytes),
        _ => Err(Error::InvalidValue {
            text: format!("{cell:?}"),
            reason: "it is not text",
        }),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| no_text(bytes))
}

#[cold]
fn no_text(bytes: &[u8]) -> Error {
    Error::InvalidValue {
        text: excerpt(&String::from_utf8_lossy(bytes)),
        reason: "it is not UTF-8",
    }
}

fn observation(row: &Row<'_>, stream: &StreamUuid) -> Result<Observation> {
    RowRef::new(row, stream)?.to_observation(stream)
}

/// The row that lies latest in time.
pub(crate) fn latest(table: &mut Table, stream: &StreamUuid) -> Result<Option<Observation>> {
    let mut rows = table.cached(Query::Last)?.query(&[])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    // Text and finer units sort after the seconds, so where a plain number of
    // seconds comes last there are none; below zero a finer unit might hide.
    let plain = match row.cell(0) {
        Cell::Integer(number) => (0..SECONDS_LIMIT).contains(&number),
        Cell::Real(number) => (0.0..SECONDS_LIMIT as f64).contains(&number),
        _ => false,
    };
    if plain {
        return observation(&row, stream).map(Some);
    }
    drop(rows);
    Ok(last(table, stream, 1)?.pop())
}

/// The `count` rows that lie latest in time, in its order.
pub(crate) fn last(
    table: &mut Table,
    stream: &StreamUuid,
    count: usize,
) -> Result<Vec<Observation>> {
    let plain = is_plain(table)?;
    let groups = if plain {
        Vec::new()
    } else {
        latest_groups(table, count)?
    };
    let mut params = Vec::new();
    let mut statement = table.prepare(|t| {
        let select = if plain {
            format!("SELECT ts, value, hash, provider FROM {t} ORDER BY ts DESC")
        } else {
            // Rows that can't be read come first, so that they are told.
            let source = span::source(t, &groups, &mut params);
            format!("SELECT * FROM ({source}) ORDER BY instant IS NOT NULL, instant DESC, ts DESC")
        };
        params.push(Param::Integer(i64::try_from(count).unwrap_or(i64::MAX)));
        format!("{select} LIMIT ?{}", params.len())
    })?;
    let mut rows = statement.query(&params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(observation(&row, stream)?);
    }
    found.reverse();
    Ok(found)
}

/// The groups of a table that isn't plain, cut down to where its latest `count`
/// rows must lie: where one group alone has that many.
fn latest_groups(table: &Table, count: usize) -> Result<Vec<Group>> {
    let mut first = i64::MIN;
    for group in Span::ALL.groups() {
        if let Some(Pivot::Instant(pivot)) = group.pivot(table, count.saturating_sub(1), true)? {
            // Text is known by its date only, and its offset may reach 26 hours.
            first = first.max(pivot.before(Duration::from_secs(172_800)).as_micros());
        }
    }
    Ok(Span { first, ..Span::ALL }.groups())
}

/// The row of this instant, in whichever spelling; a number before text.
pub(crate) fn at(
    table: &mut Table,
    stream: &StreamUuid,
    instant: Timestamp,
) -> Result<Option<Observation>> {
    if let Ok(seconds) = instant.to_seconds() {
        let params = [seconds.param()];
        let mut rows = table.cached(Query::At)?.query(&params)?;
        if let Some(row) = rows.next()? {
            return observation(&row, stream).map(Some);
        }
    }
    let mut found = None;
    Span::at(instant).within(table, 1, |row| {
        found = Some(observation(row, stream));
        Ok(())
    })?;
    found.transpose()
}
