//! Spans of time, and how each spelling of a timestamp is found in one.
//!
//! A column of timestamps may mix numbers (of seconds, and of milli-, micro- or
//! nanoseconds) and text. SQLite sorts numbers before text, and each of these
//! groups by itself in order of time: numbers of one unit exactly, text by its
//! date (ISO 8601; an offset moves it by a day at most). So a span of instants
//! is a range of the primary key in each group, which the index serves, and
//! `satori_instant(ts)` decides exactly within those.

use std::ops::{Bound, RangeBounds};

use crate::model::error::Result;
use crate::model::time::{SECONDS_LIMIT, Timestamp};
use crate::sqlite::raw::{Cell, Param, Row};
use crate::sqlite::table::{Query, Table};

/// Instants from `first` to `last`, both included, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// A unit of numeric timestamps, told by magnitude.
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

impl Span {
    pub(crate) const ALL: Span = Span {
        first: i64::MIN,
        last: i64::MAX,
    };

    pub(crate) fn at(instant: Timestamp) -> Self {
        Self {
            first: instant.as_micros(),
            last: instant.as_micros(),
        }
    }

    /// The instants in `range`; `None` where it is empty.
    pub(crate) fn new(range: &impl RangeBounds<Timestamp>) -> Option<Self> {
        let first = match range.start_bound() {
            Bound::Included(start) => start.as_micros(),
            Bound::Excluded(start) => start.as_micros().checked_add(1)?,
            Bound::Unbounded => i64::MIN,
        };
        let last = match range.end_bound() {
            Bound::Included(end) => end.as_micros(),
            Bound::Excluded(end) => end.as_micros().checked_sub(1)?,
            Bound::Unbounded => i64::MAX,
        };
        (first <= last).then_some(Self { first, last })
    }

    pub(crate) fn contains(self, instant: Timestamp) -> bool {
        (self.first..=self.last).contains(&instant.as_micros())
    }

    /// The numbers of seconds between which all lie that round to an instant of
    /// the span; far from 1970 others do too.
    pub(crate) fn seconds(self) -> (f64, f64) {
        let limit = SECONDS_LIMIT as f64;
        let (first, last) = (self.first as f64, self.last as f64);
        let first = (first - 0.5 - ROUNDING * first.abs()) / 1e6;
        let last = (last + 0.5 + ROUNDING * last.abs()) / 1e6;
        (first.max(-limit), last.min(limit))
    }

    /// The ranges of the key in which the span's rows lie: none that belongs is
    /// outside, some that don't may be inside.
    pub(crate) fn groups(self) -> Vec<Group> {
        let mut groups = self.ranges();
        groups.retain(|group| !matches!(group, Group::Numbers { low, high } if low.0 > high.0));
        if self.first == i64::MIN {
            groups.push(Group::Null);
        }
        groups
    }

    /// [`RANGES`] groups, of which those of numbers may be empty, their bounds the
    /// wrong way round.
    fn ranges(self) -> Vec<Group> {
        let mut groups = vec![self.numbers(&SECONDS, (-SECONDS.limit, ">"), (SECONDS.limit, "<"))];
        let mut least = SECONDS.limit;
        for unit in &FINER {
            // Infinities are no timestamps, but they are rows, to be told of.
            let (below, above) = match unit.limit.is_finite() {
                true => ("<", ">"),
                false => ("<=", ">="),
            };
            groups.push(self.numbers(unit, (least, ">="), (unit.limit, below)));
            groups.push(self.numbers(unit, (-unit.limit, above), (-least, "<=")));
            least = unit.limit;
        }
        let (first, last) = (
            Timestamp::from_micros(self.first),
            Timestamp::from_micros(self.last),
        );
        groups.push(Group::Text(
            // An offset reaches 26 hours; and the last date is included.
            first.date_text(-27).unwrap_or_default(),
            last.date_text(27 + 24),
        ));
        groups
    }

    /// Runs [`Query::Within`], which is prepared once for all spans, and hands its
    /// first `limit` rows to `sink`, with the instant behind their other columns. A
    /// row on the bound between two units may come twice.
    pub(crate) fn within(
        self,
        table: &mut Table,
        limit: i64,
        mut sink: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let ranges = self.ranges();
        let mut params = vec![
            Param::Integer(self.first),
            Param::Integer(self.last),
            Param::Integer(limit),
        ];
        for range in &ranges {
            match range {
                Group::Numbers { low, high } => {
                    params.extend([Param::Real(low.0), Param::Real(high.0)]);
                }
                Group::Text(first, limit) => {
                    // What can be read begins with a digit, and `:` is the next.
                    let limit = limit.as_deref().unwrap_or(":");
                    params.extend([Param::Text(first), Param::Text(limit)]);
                }
                Group::Null => {}
            }
        }
        let mut rows = table.cached(Query::Within)?.query(&params)?;
        while let Some(row) = rows.next()? {
            sink(&row)?;
        }
        Ok(())
    }

    fn numbers(self, unit: &Unit, low: Limit, high: Limit) -> Group {
        let (first, last) = (self.first as f64, self.last as f64);
        let first = (first - ROUNDING * first.abs()) / unit.micros - unit.slack;
        let last = (last + ROUNDING * last.abs()) / unit.micros + unit.slack;
        // An open end holds numbers that are no timestamps, too.
        let (open, endless) = (self.first == i64::MIN, self.last == i64::MAX);
        Group::Numbers {
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
}

/// How many ranges of the key a span is at most.
const RANGES: usize = 8;

/// [`Query::Within`]: the parameters are those of [`Span::within`]. The ranges as a
/// table to join with: as one SELECT for each the prepared statement would take 30
/// KB, not 7 (measured).
pub(crate) fn within_sql(table: &str) -> String {
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

/// A number, and how a column compares with it.
type Limit = (f64, &'static str);

/// A range of the key that holds timestamps of one kind.
pub(crate) enum Group {
    /// Numbers between two limits.
    Numbers { low: Limit, high: Limit },
    /// From the first text, included, to the second, excluded, or to the end
    /// of all text (and blobs, which sort last and are no timestamps).
    Text(String, Option<String>),
    /// Rows without a timestamp, which SQLite lets into a primary key that is not
    /// declared NOT NULL: they sort first, and are to be told of.
    Null,
}

impl Group {
    /// A condition on `ts` with parameters from `?next`.
    fn condition<'a>(&'a self, params: &mut Vec<Param<'a>>) -> String {
        let next = params.len() + 1;
        match self {
            Group::Numbers { low, high } => {
                params.extend([Param::Real(low.0), Param::Real(high.0)]);
                format!("ts {} ?{next} AND ts {} ?{}", low.1, high.1, next + 1)
            }
            Group::Text(first, Some(limit)) => {
                params.extend([Param::Text(first), Param::Text(limit)]);
                format!("ts >= ?{next} AND ts < ?{}", next + 1)
            }
            Group::Text(first, None) => {
                params.push(Param::Text(first));
                format!("ts >= ?{next}")
            }
            Group::Null => "ts IS NULL".to_owned(),
        }
    }

    /// The instant of the row `offset` rows into the group; `None` where the
    /// group is shorter. Of text, the midnight of its date.
    pub(crate) fn pivot(
        &self,
        table: &Table,
        offset: usize,
        reverse: bool,
    ) -> Result<Option<Pivot>> {
        let mut params = Vec::new();
        let condition = self.condition(&mut params);
        let order = if reverse { "DESC" } else { "ASC" };
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let mut statement = table.prepare(|t| {
            format!(
                "SELECT ts FROM {t} WHERE {condition} ORDER BY ts {order} LIMIT 1 OFFSET {offset}"
            )
        })?;
        Ok(statement.first(&params, |row| match row.cell(0) {
            Cell::Integer(number) => Pivot::Instant(Timestamp::from_integer(number)),
            Cell::Real(number) => {
                Timestamp::from_real(number).map_or(Pivot::Unreadable, Pivot::Instant)
            }
            Cell::Text(text) => {
                let date = text
                    .get(..10)
                    .and_then(|date| std::str::from_utf8(date).ok());
                match date.map(Timestamp::from_stored_text) {
                    Some(Ok(midnight)) => Pivot::Instant(midnight),
                    _ => Pivot::Unreadable,
                }
            }
            _ => Pivot::Unreadable,
        })?)
    }
}

/// See [`Group::pivot`].
pub(crate) enum Pivot {
    Instant(Timestamp),
    Unreadable,
}

/// The groups' rows as one SQL source of `ts, value, hash, provider, instant`.
/// Rows with an instant outside the span are in it still.
pub(crate) fn source<'a>(table: &str, groups: &'a [Group], params: &mut Vec<Param<'a>>) -> String {
    groups
        .iter()
        .map(|group| {
            let condition = group.condition(params);
            format!(
                "SELECT ts, value, hash, provider, satori_instant(ts) AS instant FROM {table} \
                 WHERE {condition}"
            )
        })
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}

/// The groups as one condition on `ts`, for DELETE.
pub(crate) fn condition<'a>(groups: &'a [Group], params: &mut Vec<Param<'a>>) -> String {
    let conditions: Vec<_> = groups
        .iter()
        .map(|group| format!("({})", group.condition(params)))
        .collect();
    format!("({})", conditions.join(" OR "))
}

/// Whether the table holds nothing but numbers of seconds, so that its key
/// sorts by time. Two steps down the index.
pub(crate) fn is_plain(table: &mut Table) -> Result<bool> {
    let plain = table.cached(Query::Bounds)?.first(&[], |row: &Row<'_>| {
        let within = |cell| match cell {
            Cell::Null => true, // no rows
            Cell::Integer(number) => number.unsigned_abs() < SECONDS_LIMIT.unsigned_abs(),
            Cell::Real(number) => number.abs() < SECONDS_LIMIT as f64,
            Cell::Text(_) | Cell::Blob(_) => false,
        };
        within(row.cell(0)) && within(row.cell(1)) && row.integer(2) == 0
    })?;
    Ok(plain.unwrap_or(true))
}
