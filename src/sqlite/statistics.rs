//! What a stream holds, in numbers.

use std::time::Duration;

use crate::model::error::Result;
use crate::model::span::{self, Span};
use crate::model::time::Timestamp;
use crate::sqlite::raw::{Cell, Param, Row};
use crate::sqlite::table::Table;

/// What a stream holds, in numbers.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Rows.
    pub count: u64,
    /// The earliest instant.
    pub first: Option<Timestamp>,
    /// The latest instant.
    pub last: Option<Timestamp>,
    /// The least value.
    pub minimum: Option<f64>,
    /// The greatest value.
    pub maximum: Option<f64>,
    /// The sum of the values.
    pub sum: f64,
    /// The most frequent time between one row and the next; of several the
    /// shortest. `None` below two rows.
    pub spacing: Option<Duration>,
    /// How many times the next row came later than one and a half spacings.
    pub gaps: u64,
    /// Providers and how many rows each delivered, the most first.
    pub providers: Vec<(String, u64)>,
    /// Rows whose timestamp or value can't be read; they count in `count` and
    /// `providers` alone.
    pub unreadable: u64,
}

pub(crate) fn statistics(table: &Table) -> Result<Statistics> {
    let mut statistics = Statistics::default();
    query(table, &totals, |row| {
        statistics.count = row.integer(0).unsigned_abs();
        statistics.first = instant(row, 1);
        statistics.last = instant(row, 2);
        statistics.minimum = real(row, 3);
        statistics.maximum = real(row, 4);
        statistics.sum = real(row, 5).unwrap_or(0.0);
        statistics.unreadable = row.integer(6).unsigned_abs();
    })?;
    query(table, &providers, |row| {
        statistics
            .providers
            .push((row.text(0), row.integer(1).unsigned_abs()));
    })?;
    query(table, &spacing, |row| {
        statistics.spacing = Some(Duration::from_micros(row.integer(0).unsigned_abs()));
        statistics.gaps = row.integer(1).unsigned_abs();
    })?;
    Ok(statistics)
}

/// The number of rows in `span`; those that can't be read count where it is all
/// of time.
pub(crate) fn count(table: &Table, span: Span) -> Result<u64> {
    let mut params = Vec::new();
    let groups = span.groups();
    let mut statement = table.prepare(|t| {
        if span == Span::ALL {
            return format!("SELECT count(*) FROM {t}");
        }
        let source = span::source(t, &groups, &mut params);
        params.extend([Param::Integer(span.first), Param::Integer(span.last)]);
        let next = params.len();
        format!(
            "SELECT count(*) FROM ({source}) WHERE instant BETWEEN ?{} AND ?{next}",
            next - 1
        )
    })?;
    let rows = statement.first(&params, |row| row.integer(0))?;
    Ok(rows.unwrap_or(0).unsigned_abs())
}

fn totals(table: &str) -> String {
    format!(
        "SELECT (SELECT count(*) FROM {table}), min(instant), max(instant), \
         min(number), max(number), sum(number), (SELECT count(*) FROM {table}) - count(*) \
         FROM (SELECT satori_instant(ts) AS instant, satori_value(value) AS number FROM {table}) \
         WHERE instant IS NOT NULL AND number IS NOT NULL"
    )
}

fn providers(table: &str) -> String {
    format!("SELECT provider, count(*) FROM {table} GROUP BY provider ORDER BY 2 DESC, 1")
}

/// Sorts and groups within SQLite, which goes to a temporary file where the
/// stream is large.
fn spacing(table: &str) -> String {
    format!(
        "WITH steps AS MATERIALIZED (\
           SELECT step, count(*) AS times FROM (\
             SELECT instant - lag(instant) OVER (ORDER BY instant) AS step \
             FROM (SELECT satori_instant(ts) AS instant FROM {table} \
                   WHERE satori_value(value) IS NOT NULL) WHERE instant IS NOT NULL\
           ) WHERE step IS NOT NULL GROUP BY step\
         ), spacing AS (SELECT step FROM steps ORDER BY times DESC, step LIMIT 1) \
         SELECT step, (SELECT coalesce(sum(times), 0) FROM steps WHERE steps.step > 1.5 * spacing.step) \
         FROM spacing"
    )
}

fn query(
    table: &Table,
    sql: &dyn Fn(&str) -> String,
    mut each: impl FnMut(&Row<'_>),
) -> Result<()> {
    let mut statement = table.prepare(sql)?;
    let mut rows = statement.query(&[])?;
    while let Some(row) = rows.next()? {
        each(&row);
    }
    Ok(())
}

fn instant(row: &Row<'_>, column: i32) -> Option<Timestamp> {
    match row.cell(column) {
        Cell::Integer(micros) => Some(Timestamp::from_micros(micros)),
        _ => None,
    }
}

fn real(row: &Row<'_>, column: i32) -> Option<f64> {
    match row.cell(column) {
        Cell::Integer(number) => Some(number as f64),
        Cell::Real(number) => Some(number),
        _ => None,
    }
}
