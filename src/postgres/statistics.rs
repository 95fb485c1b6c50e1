//! Counting and summing up rows, and how their timestamps are spelled.

use std::time::Duration;

use super::connection::Connection;
use super::key::key;
use super::observations::stored;
use super::raw::{Params, Statement};
use super::streams::{PLACE, place};
use crate::backend::Found;
use crate::model::report::{Normalization, Spellings, Statistics};
use crate::model::spelling::StoredRef;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// A sum that leaves the range of a double would be an error: values that could have it leave are
/// summed up as a `LARGE`th of them, which is exact.
const TOTALS: &str = "SELECT count(*), min(ts), max(ts), min(value), max(value), \
                      sum(value) FILTER (WHERE abs(value) <= 1e280), \
                      sum(value / 18446744073709551616) FILTER (WHERE abs(value) > 1e280) \
                      FROM observations WHERE stream = $1";
const LARGE: f64 = 18_446_744_073_709_551_616.0;
const PROVIDERS: &str = "SELECT provider, count(*) FROM observations WHERE stream = $1 \
                         GROUP BY provider ORDER BY 2 DESC, provider COLLATE \"C\"";
/// The median of the steps between two rows, the lower one of two, and the number of steps
/// more than 1.5 times as long.
const SPACING: &str = "WITH steps AS MATERIALIZED (\
     SELECT step, count(*) AS times FROM (\
       SELECT ts - lag(ts) OVER (ORDER BY ts) AS step FROM observations WHERE stream = $1\
     ) AS s WHERE step IS NOT NULL GROUP BY step\
   ), ranked AS (\
     SELECT step, sum(times) OVER (ORDER BY step) AS up_to, sum(times) OVER () AS steps FROM steps\
   ), spacing AS (SELECT step FROM ranked WHERE 2 * up_to >= steps ORDER BY step LIMIT 1) \
   SELECT step, (SELECT coalesce(sum(times), 0)::bigint FROM steps \
     WHERE steps.step > 1.5 * spacing.step) FROM spacing";
const SPELLED: &str =
    "SELECT ts, spelling FROM observations WHERE stream = $1 AND spelling IS NOT NULL ORDER BY ts";

impl Connection {
    pub(super) fn statistics(&mut self, uuid: &StreamUuid) -> Found<Statistics> {
        let one = || Params::new().int8(key(uuid));
        let selects = [PLACE, TOTALS, PROVIDERS, SPACING];
        let answers = self.run(selects.map(|sql| Statement::new(sql, one())).into())?;
        if !place(uuid, &answers[0])? {
            return Ok(None);
        }
        let mut statistics = Statistics::default();
        if let Some(row) = answers[1].first() {
            statistics.count = row.count(0);
            statistics.first = row.int8(1).map(Timestamp::from_micros);
            statistics.last = row.int8(2).map(Timestamp::from_micros);
            statistics.minimum = row.float8(3);
            statistics.maximum = row.float8(4);
            statistics.sum = row.float8(5).unwrap_or(0.0) + row.float8(6).unwrap_or(0.0) * LARGE;
        }
        for row in answers[2].rows() {
            let provider = row.text(0).unwrap_or_default().to_owned();
            statistics.providers.push((provider, row.count(1)));
        }
        if let Some(row) = answers[3].first() {
            statistics.spacing = Some(Duration::from_micros(row.count(0)));
            statistics.gaps = row.count(1);
        }
        Ok(Some(statistics))
    }

    pub(super) fn spellings(&mut self, uuid: &StreamUuid) -> Found<Spellings> {
        // A spelling that begins with a digit and has no other signs than a number's is one.
        let select = "SELECT count(*) FILTER (WHERE spelling IS NULL), \
                      count(*) FILTER (WHERE spelling ~ '^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$'), \
                      count(*) FROM observations WHERE stream = $1";
        self.on_rows(uuid, select, Params::new().int8(key(uuid)), |answer| {
            let Some(row) = answer.first() else {
                return Ok(Spellings::default());
            };
            let (seconds, finer) = (row.count(0), row.count(1));
            Ok(Spellings {
                seconds,
                finer,
                text: row.count(2) - seconds - finer,
            })
        })
    }

    /// Has the rows whose timestamps are spelled in another way spell them in Unix seconds.
    pub(super) fn normalize(&mut self, uuid: &StreamUuid) -> Found<Normalization> {
        if !self.claims_data(uuid)? {
            return Ok(None);
        }
        let Some((mut report, instants)) = self.other_spellings(uuid)? else {
            return Ok(None);
        };
        let update = "UPDATE observations SET spelling = NULL WHERE stream = $1 AND ts = ANY ($2)";
        report.rewritten = instants.len() as u64;
        self.ask(update, Params::new().int8(key(uuid)).int8s(instants))?;
        Ok(Some(report))
    }

    /// Returns the report of [`normalize`](Self::normalize) if there is nothing to rewrite.
    pub(super) fn normalized(&mut self, uuid: &StreamUuid) -> Found<Option<Normalization>> {
        let found = self.other_spellings(uuid)?;
        Ok(found.map(|(report, instants)| instants.is_empty().then_some(report)))
    }

    /// Returns the instants of the rows that can be spelled in seconds and aren't, and reports
    /// those that can't.
    fn other_spellings(&mut self, uuid: &StreamUuid) -> Found<(Normalization, Vec<i64>)> {
        self.on_rows(uuid, SPELLED, Params::new().int8(key(uuid)), |answer| {
            let mut report = Normalization::default();
            let mut instants = Vec::new();
            for row in answer.rows() {
                let ts = Timestamp::from_micros(row.int8(0).unwrap_or(0));
                let spelled: StoredRef<'_> = stored(ts, row.text(1));
                match ts.to_seconds() {
                    Ok(_) => instants.push(ts.as_micros()),
                    Err(_) => report.unreadable.push(spelled.to_string()),
                }
            }
            Ok((report, instants))
        })
    }
}
