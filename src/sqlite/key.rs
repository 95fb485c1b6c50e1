//! How each spelling of a timestamp is found in a table's key.
//!
//! A column of timestamps may mix numbers (of seconds, and of milli-, micro- or
//! nanoseconds) and text. SQLite sorts numbers before text, and each of these kinds by
//! itself in order of time: numbers of one unit exactly, text by its date (ISO 8601; an
//! offset moves it by a day at most). So a span of instants is a range of the primary key
//! for each kind, which the index serves, and `satori_instant(ts)` decides exactly within
//! those.

use super::query::Query;
use super::raw::{Cell, Param, Row};
use super::table::Table;
use crate::model::error::Result;
use crate::model::span::Span;
use crate::model::time::{SECONDS_LIMIT, Timestamp};

/// A unit of numeric timestamps, which the magnitude of a number gives away.
struct Unit {
    /// Numbers of this unit lie above `-limit` and below `limit`, and beyond the
    /// limit of the unit before.
    limit: f64,
    /// How many microseconds one is.
    micros: f64,
    /// How far from a bound rounding may carry a number.
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

/// How much of a number of microseconds its way through `f64`s may cost.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// How many ranges of the key a span has at most.
const RANGES: usize = 8;

/// A number, and how a column compares with it.
type Limit = (f64, &'static str);

/// A range of the key that holds timestamps of one kind.
pub(super) enum KeyRange {
    /// Numbers between two limits.
    Numbers { low: Limit, high: Limit },
    /// From the first text, included, to the second, excluded, or to the end
    /// of all text (and blobs, which sort last and are no timestamps).
    Text(String, Option<String>),
    /// Rows without a timestamp, which SQLite lets into a primary key that is not
    /// declared NOT NULL: they sort first, and are to be reported.
    Null,
}

/// Returns the numbers of seconds between which all lie that round to an instant of the
/// span. Far from 1970 other numbers lie there too.
pub(super) fn seconds(span: Span) -> (f64, f64) {
    let limit = SECONDS_LIMIT as f64;
    let (first, last) = (span.first as f64, span.last as f64);
    let first = (first - 0.5 - ROUNDING * first.abs()) / 1e6;
    let last = (last + 0.5 + ROUNDING * last.abs()) / 1e6;
    (first.max(-limit), last.min(limit))
}

/// Returns the ranges of the key in which the span's rows lie: none that belongs is
/// outside, some that don't may be inside.
pub(super) fn ranges(span: Span) -> Vec<KeyRange> {
    let mut ranges = all_ranges(span);
    ranges.retain(|range| !matches!(range, KeyRange::Numbers { low, high } if low.0 > high.0));
    if span.first == i64::MIN {
        ranges.push(KeyRange::Null);
    }
    ranges
}

/// Returns [`RANGES`] ranges; those of numbers may be empty, their bounds the wrong way
/// round.
fn all_ranges(span: Span) -> Vec<KeyRange> {
    let seconds = ((-SECONDS.limit, ">"), (SECONDS.limit, "<"));
    let mut ranges = vec![numbers(span, &SECONDS, seconds.0, seconds.1)];
    let mut least = SECONDS.limit;
    for unit in &FINER {
        // Infinities are no timestamps, but they are rows, to be reported.
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
        // An offset reaches 26 hours; and the last date is included.
        first.date_text(-27).unwrap_or_default(),
        last.date_text(27 + 24),
    ));
    ranges
}

fn numbers(span: Span, unit: &Unit, low: Limit, high: Limit) -> KeyRange {
    let (first, last) = (span.first as f64, span.last as f64);
    let first = (first - ROUNDING * first.abs()) / unit.micros - unit.slack;
    let last = (last + ROUNDING * last.abs()) / unit.micros + unit.slack;
    // An open end holds numbers that are no timestamps, too.
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
    /// Returns a condition on `ts` and adds its parameters, from `?next` on.
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

/// Returns the ranges' rows as one SQL source of `ts, value, hash, provider, instant`.
/// Rows with an instant outside the span are still in it.
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

/// Returns the ranges as one condition on `ts`, for DELETE.
pub(super) fn condition<'a>(ranges: &'a [KeyRange], params: &mut Vec<Param<'a>>) -> String {
    let conditions: Vec<_> = ranges
        .iter()
        .map(|range| format!("({})", range.condition(params)))
        .collect();
    format!("({})", conditions.join(" OR "))
}

/// Returns the SQL of [`Query::Within`], whose parameters are those of [`rows_within`].
/// The ranges are a table to join with: as one SELECT for each, the prepared statement
/// would take 30 KB, not 7 (measured).
pub(super) fn within_sql(table: &str) -> String {
    let ranges: Vec<_> = (0..RANGES)
        .map(|range| format!("(?{}, ?{})", 4 + 2 * range, 5 + 2 * range))
        .collect();
    format!(
        "SELECT ts, value, hash, provider, satori_instant(ts) AS instant \
         FROM (VALUES {}) AS span CROSS JOIN {table} ON ts BETWEEN span.column1 AND span.column2 \
         WHERE instant BETWEEN ?1 AND ?2 ORDER BY ts LIMIT ?3",
        ranges.join(", ")
    )
}

/// Hands the first `limit` rows of the span to `sink`, with the instant behind their other
/// columns. It runs [`Query::Within`], which is prepared once for all spans. A row on the
/// bound between two units may come twice.
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
                // What can be read begins with a digit, and `:` is the next.
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

/// The instant of a row that was looked for by its place in a range.
pub(super) enum Pivot {
    Instant(Timestamp),
    Unreadable,
}

/// Returns the instant of the row that stands `offset` rows into the range, of text the
/// midnight of its date; `None` if the range is shorter.
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

/// Returns `true` if the table holds nothing but numbers of seconds, so that its key sorts
/// by time. It takes two steps down the index.
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
