//! Finding timestamps in a table's key, however they are spelled.
//!
//! A column of timestamps may mix numbers (of seconds, and of milli-, micro- or
//! nanoseconds) and text. SQLite sorts numbers before text. Each kind by itself sorts in
//! order of time: numbers of one unit exactly, ISO 8601 text by its date, as an offset moves
//! it little more than a day. So a span of instants is one range of the primary key for
//! each kind. The index finds the rows of the ranges, and `satori_instant(ts)` decides which
//! of them lie in the span.

use super::query::Query;
use super::raw::{Cell, Param, Row};
use super::table::Table;
use crate::model::error::Result;
use crate::model::span::Span;
use crate::model::time::{SECONDS_LIMIT, Timestamp};

/// A unit of numeric timestamps, recognised by the magnitude of the number.
struct Unit {
    /// Numbers of this unit lie between `-limit` and `limit`, and outside the limits of
    /// the unit before.
    limit: f64,
    /// The unit in microseconds.
    micros: f64,
    /// How far rounding may move a number from its bound, in this unit.
    slack: f64,
}

const SECONDS: Unit = Unit {
    limit: 1e11,
    micros: 1e6,
    slack: 1e-3,
};
const FINER: [Unit; 3] = [
    Unit {
        limit: 1e14,
        micros: 1e3,
        slack: 1.0,
    },
    Unit {
        limit: 1e17,
        micros: 1.0,
        slack: 1.0,
    },
    Unit {
        limit: f64::INFINITY,
        micros: 1e-3,
        slack: 4096.0,
    },
];

/// The relative error of a number of microseconds that was computed in `f64`.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A number, and the operator that compares a column with it.
type Limit = (f64, &'static str);

/// A range of the key that holds timestamps of one kind.
pub(super) enum KeyRange {
    /// Numbers between two limits.
    Numbers { low: Limit, high: Limit },
    /// From the first text, included, to the second, excluded. Without a second one: to
    /// the end of the key, which has blobs, which are no timestamps, after all text.
    Text(String, Option<String>),
    /// Rows without a timestamp. SQLite allows NULL in a primary key that is not declared
    /// NOT NULL. They sort first, and must be reported.
    Null,
}

/// Returns two numbers of seconds. All numbers that round to an instant of the span lie
/// between them; far from 1970 others do too.
pub(super) fn seconds(span: Span) -> (f64, f64) {
    let limit = SECONDS_LIMIT as f64;
    let (first, last) = (span.first as f64, span.last as f64);
    let first = (first - 0.5 - ROUNDING * first.abs()) / 1e6;
    let last = (last + 0.5 + ROUNDING * last.abs()) / 1e6;
    (first.max(-limit), last.min(limit))
}

/// Returns the ranges of the key that hold all rows of the span; they may hold others too.
pub(super) fn ranges(span: Span) -> Vec<KeyRange> {
    let mut ranges = all_ranges(span);
    ranges.retain(|range| !matches!(range, KeyRange::Numbers { low, high } if low.0 > high.0));
    if span.first == i64::MIN {
        ranges.push(KeyRange::Null);
    }
    ranges
}

/// Returns [`RANGES`](super::query::RANGES) ranges. A range of numbers is empty if its low
/// bound is the greater.
fn all_ranges(span: Span) -> Vec<KeyRange> {
    let seconds = ((-SECONDS.limit, ">"), (SECONDS.limit, "<"));
    let mut ranges = vec![numbers(span, &SECONDS, seconds.0, seconds.1)];
    let mut least = SECONDS.limit;
    for unit in &FINER {
        // Infinities are no timestamps, but their rows must be reported.
        let (below, above) = match unit.limit.is_finite() {
            true => ("<", ">"),
            false => ("<=", ">="),
        };
        ranges.push(numbers(span, unit, (least, ">="), (unit.limit, below)));
        ranges.push(numbers(span, unit, (-unit.limit, above), (-least, "<=")));
        least = unit.limit;
    }
    let (first, last) = (
        Timestamp::from_micros(span.first),
        Timestamp::from_micros(span.last),
    );
    ranges.push(KeyRange::Text(
        // An offset is 26 hours at most, and the last date is included.
        first.date_text(-27).unwrap_or_default(),
        last.date_text(27 + 24),
    ));
    ranges
}

/// Returns the range of the unit's numbers between `low` and `high` that lie in the span.
fn numbers(span: Span, unit: &Unit, low: Limit, high: Limit) -> KeyRange {
    let (first, last) = (span.first as f64, span.last as f64);
    let first = (first - ROUNDING * first.abs()) / unit.micros - unit.slack;
    let last = (last + ROUNDING * last.abs()) / unit.micros + unit.slack;
    // An open end also includes numbers that are no timestamps.
    let (open, endless) = (span.first == i64::MIN, span.last == i64::MAX);
    KeyRange::Numbers {
        low: match first > low.0 && !open {
            true => (first, ">="),
            false => low,
        },
        high: match last < high.0 && !endless {
            true => (last, "<="),
            false => high,
        },
    }
}

impl KeyRange {
    /// Returns a condition on `ts`, and adds its parameters behind those in `params`.
    pub(super) fn condition<'a>(&'a self, params: &mut Vec<Param<'a>>) -> String {
        let next = params.len() + 1;
        match self {
            KeyRange::Numbers { low, high } => {
                params.extend([Param::Real(low.0), Param::Real(high.0)]);
                format!("ts {} ?{next} AND ts {} ?{}", low.1, high.1, next + 1)
            }
            KeyRange::Text(first, Some(limit)) => {
                params.extend([Param::Text(first), Param::Text(limit)]);
                format!("ts >= ?{next} AND ts < ?{}", next + 1)
            }
            KeyRange::Text(first, None) => {
                params.push(Param::Text(first));
                format!("ts >= ?{next}")
            }
            KeyRange::Null => "ts IS NULL".to_owned(),
        }
    }
}

/// Returns a SELECT of the ranges' rows with columns `ts, value, hash, provider, instant`.
/// It may give rows outside the span.
pub(super) fn source<'a>(
    table: &str,
    ranges: &'a [KeyRange],
    params: &mut Vec<Param<'a>>,
) -> String {
    ranges
        .iter()
        .map(|range| {
            let condition = range.condition(params);
            format!(
                "SELECT ts, value, hash, provider, satori_instant(ts) AS instant FROM {table} \
                 WHERE {condition}"
            )
        })
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}

/// Hands the first `limit` rows of the span to `sink`, all if it is negative. Each has its
/// instant as the fifth column. A row on the bound between two units may come twice. The
/// statement, [`Query::Within`], is prepared once for all spans.
pub(super) fn rows_within(
    table: &mut Table,
    span: Span,
    limit: i64,
    mut sink: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let ranges = all_ranges(span);
    let mut params = vec![
        Param::Integer(span.first),
        Param::Integer(span.last),
        Param::Integer(limit),
    ];
    for range in &ranges {
        match range {
            KeyRange::Numbers { low, high } => {
                params.extend([Param::Real(low.0), Param::Real(high.0)]);
            }
            KeyRange::Text(first, limit) => {
                // Readable text begins with a digit, and `:` follows `9`.
                let limit = limit.as_deref().unwrap_or(":");
                params.extend([Param::Text(first), Param::Text(limit)]);
            }
            KeyRange::Null => {}
        }
    }
    let mut rows = table.cached(Query::Within)?.query(&params)?;
    while let Some(row) = rows.next()? {
        sink(&row)?;
    }
    Ok(())
}

/// The instant of the row at a given place in a range.
pub(super) enum Pivot {
    Instant(Timestamp),
    Unreadable,
}

/// Returns the instant of the row that is `offset` rows from the start of the range, or
/// from its end if `reverse`; `None` if the range is shorter. For text it is the midnight
/// of its date.
pub(super) fn pivot(
    table: &Table,
    range: &KeyRange,
    offset: usize,
    reverse: bool,
) -> Result<Option<Pivot>> {
    let mut params = Vec::new();
    let condition = range.condition(&mut params);
    let order = if reverse { "DESC" } else { "ASC" };
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let mut statement = table.prepare(|t| {
        format!("SELECT ts FROM {t} WHERE {condition} ORDER BY ts {order} LIMIT 1 OFFSET {offset}")
    })?;
    Ok(statement.first(&params, |row| match row.cell(0) {
        Cell::Integer(number) => Pivot::Instant(Timestamp::from_integer(number)),
        Cell::Real(number) => {
            Timestamp::from_real(number).map_or(Pivot::Unreadable, Pivot::Instant)
        }
        Cell::Text(text) => {
            let date = text.get(..10).and_then(|date| str::from_utf8(date).ok());
            match date.map(Timestamp::from_stored_text) {
                Some(Ok(midnight)) => Pivot::Instant(midnight),
                _ => Pivot::Unreadable,
            }
        }
        _ => Pivot::Unreadable,
    })?)
}

/// Returns `true` if the table holds only numbers of seconds, so that its key sorts by
/// time. It searches the index for its two ends and for NULL.
pub(super) fn sorts_by_time(table: &mut Table) -> Result<bool> {
    let sorts = table.cached(Query::Bounds)?.first(&[], |row: &Row<'_>| {
        let within = |cell| match cell {
            Cell::Null => true, // no rows
            Cell::Integer(number) => number.unsigned_abs() < SECONDS_LIMIT.unsigned_abs(),
            Cell::Real(number) => number.abs() < SECONDS_LIMIT as f64,
            Cell::Text(_) | Cell::Blob(_) => false,
        };
        within(row.cell(0)) && within(row.cell(1)) && row.integer(2) == 0
    })?;
    Ok(sorts.unwrap_or(true))
}
