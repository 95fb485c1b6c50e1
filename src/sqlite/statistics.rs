//! Counting and summing up rows.

use std::time::Duration;

use super::key;
use super::raw::{Cell, Param, Row};
use super::row::{FAULT, instant};
use super::table::Table;
use crate::model::error::Result;
use crate::model::report::{Spellings, Statistics};
use crate::model::span::Span;
use crate::model::time::SECONDS_LIMIT;

/// Returns the statistics of the table's rows. Only in a transaction.
pub(super) fn statistics(table: &Table) -> Result<Statistics> {
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

/// Counts the kinds of timestamps. Only in a transaction.
pub(super) fn spellings(table: &Table) -> Result<Spellings> {
    let mut spellings = Spellings::default();
    query(table, &kinds, |row| {
        spellings = Spellings {
            seconds: row.integer(0).unsigned_abs(),
            finer: row.integer(1).unsigned_abs(),
            text: row.integer(2).unsigned_abs(),
        };
    })?;
    Ok(spellings)
}

/// Counts the rows of the span. If it is all of time, rows that can't be read count too.
pub(super) fn count(table: &Table, span: Span) -> Result<u64> {
    let mut params = Vec::new();
    let ranges = key::ranges(span);
    let mut statement = table.prepare(|t| {
        if span == Span::ALL {
            return format!("SELECT count(*) FROM {t}");
        }
        let source = key::source(t, &ranges, &mut params);
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
         FROM (SELECT satori_instant(ts) AS instant, satori_value(value) AS number \
               FROM {table} WHERE {FAULT} IS NULL)"
    )
}

fn providers(table: &str) -> String {
    format!("SELECT provider, count(*) FROM {table} GROUP BY provider ORDER BY 2 DESC, 1")
}

fn kinds(table: &str) -> String {
    format!(
        "SELECT count(*) FILTER (WHERE is_number AND abs(ts) < {SECONDS_LIMIT}), \
         count(*) FILTER (WHERE is_number AND abs(ts) >= {SECONDS_LIMIT}), \
         count(*) FILTER (WHERE NOT is_number) \
         FROM (SELECT ts, typeof(ts) IN ('integer', 'real') AS is_number FROM {table} \
         WHERE {FAULT} IS NULL)"
    )
}

/// Returns the SQL of the median of the steps between two rows, the lower one of two, and of
/// the number of steps more than 1.5 times as long. SQLite does the sorting, in a temporary
/// file if the stream is large.
fn spacing(table: &str) -> String {
    format!(
        "WITH steps AS MATERIALIZED (\
           SELECT step, count(*) AS times FROM (\
             SELECT instant - lag(instant) OVER (ORDER BY instant) AS step \
             FROM (SELECT satori_instant(ts) AS instant FROM {table} WHERE {FAULT} IS NULL)\
           ) WHERE step IS NOT NULL GROUP BY step\
         ), ranked AS (\
           SELECT step, sum(times) OVER (ORDER BY step) AS up_to, sum(times) OVER () AS steps \
           FROM steps\
         ), spacing AS (SELECT step FROM ranked WHERE 2 * up_to >= steps ORDER BY step LIMIT 1) \
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

fn real(row: &Row<'_>, column: i32) -> Option<f64> {
    match row.cell(column) {
        Cell::Integer(number) => Some(number as f64),
        Cell::Real(number) => Some(number),
        _ => None,
    }
}
