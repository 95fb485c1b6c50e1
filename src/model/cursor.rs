//! A place in a stream, from which rows are read a batch at a time.

use crate::model::error::Result;
use crate::model::span::{self, Pivot, Span, is_plain};
use crate::model::spelling::StoredTimestamp;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::raw::{Param, Statement};
use crate::sqlite::read::RowRef;
use crate::sqlite::table::Table;

/// Where the next batch begins. Holds no statement and no transaction, so that
/// nothing stays open between batches; rows that others insert ahead of it are
/// seen, rows behind it are not.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    span: Span,
    /// The last row handed out: rows of its instant follow by their stored ts.
    after: Option<(Timestamp, StoredTimestamp)>,
    done: bool,
}

impl Cursor {
    /// Over `span`; over nothing where it is `None`.
    pub(crate) fn new(span: Option<Span>) -> Self {
        Self {
            span: span.unwrap_or(Span::ALL),
            after: None,
            done: span.is_none(),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Hands the next `limit` rows, or what is left, to `sink`. Only in a
    /// transaction: nobody must make a plain table another meanwhile.
    pub(crate) fn read(
        &mut self,
        table: &mut Table,
        stream: &StreamUuid,
        limit: usize,
        mut sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        let mut given = 0;
        while given == 0 && !self.done {
            given = if is_plain(table)? {
                self.read_plain(table, stream, limit, &mut sink)?
            } else {
                self.read_window(table, stream, limit, &mut sink)?
            };
        }
        Ok(given)
    }

    /// Where the key sorts by time. A bound of the span that no row can lie
    /// beyond is left out: each row would be compared with it.
    fn read_plain(
        &mut self,
        table: &Table,
        stream: &StreamUuid,
        limit: usize,
        sink: &mut impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        let mut after = self.after.clone();
        // The table was not plain when this row was read, and has been
        // normalised since: its ts would stand behind all there are now.
        if let Some((instant, stored)) = &after
            && !stored.borrowed().is_plain()
        {
            self.span.first = instant.as_micros().saturating_add(1);
            after = None;
        }
        let (low, high) = self.span.seconds();
        let low = match &after {
            Some((_, stored)) => Some((stored.borrowed().param(), "ts > ?1")),
            None if self.span.first == i64::MIN => None,
            None => Some((Param::Real(low), "ts >= ?1")),
        };
        let high = (self.span.last != i64::MAX).then_some((Param::Real(high), "ts <= ?2"));
        let statement = table.prepare(|t| {
            let (after, before) = (
                low.map_or("1", |low| low.1),
                high.map_or("1", |high| high.1),
            );
            format!(
                "SELECT ts, value, hash, provider FROM {t} WHERE {after} AND {before} \
                 ORDER BY ts LIMIT ?3"
            )
        })?;
        let params = [
            low.map_or(Param::Null, |low| low.0),
            high.map_or(Param::Null, |high| high.0),
            Param::Integer(to_i64(limit)),
        ];
        let (scanned, given) = self.hand_out(statement, &params, limit, stream, sink)?;
        self.done = scanned < limit;
        Ok(given)
    }

    /// Where it doesn't: sorts the rows of a window that holds about as many as
    /// are asked for.
    fn read_window(
        &mut self,
        table: &Table,
        stream: &StreamUuid,
        limit: usize,
        sink: &mut impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        let window = Span {
            last: self.horizon(table, limit)?,
            ..self.span
        };
        let groups = window.groups();
        let after = self.after.clone();
        let mut params = Vec::new();
        let statement = table.prepare(|t| {
            let source = span::source(t, &groups, &mut params);
            let next = params.len() + 1;
            params.push(Param::Integer(window.first));
            params.push(Param::Integer(window.last));
            params.push(Param::Integer(to_i64(limit)));
            let mut resume = String::new();
            if let Some((instant, stored)) = &after {
                params.push(Param::Integer(instant.as_micros()));
                params.push(stored.borrowed().param());
                resume = format!("AND (instant, ts) > (?{}, ?{})", next + 3, next + 4);
            }
            // Rows that can't be read come first, so that they are told.
            format!(
                "SELECT * FROM ({source}) \
                 WHERE instant IS NULL OR (instant BETWEEN ?{next} AND ?{} {resume}) \
                 ORDER BY instant, ts LIMIT ?{}",
                next + 1,
                next + 2
            )
        })?;
        let (scanned, given) = self.hand_out(statement, &params, limit, stream, sink)?;
        if scanned < limit {
            // The window is spent.
            self.done = window.last == self.span.last;
            self.after = None;
            self.span.first = window.last.saturating_add(1);
        }
        Ok(given)
    }

    /// An instant up to which each group has about twice `limit` rows at most.
    /// Any instant would be right; this one keeps the sorting small.
    fn horizon(&self, table: &Table, limit: usize) -> Result<i64> {
        let mut offset = limit.saturating_mul(2);
        loop {
            let mut last = self.span.last;
            let mut found = false;
            for group in self.span.groups() {
                if let Some(Pivot::Instant(pivot)) = group.pivot(table, offset, false)? {
                    last = last.min(pivot.as_micros());
                    found = true;
                }
            }
            if !found || last > self.span.first {
                return Ok(last);
            }
            // That many rows within the slack around the span's first instant.
            offset = offset.saturating_mul(4);
        }
    }

    /// Hands the statement's rows that lie in the span to `sink`. The number of
    /// rows seen, and of those handed out. Where they are `limit`, notes the
    /// last one: fewer are all there are, and nothing goes on behind them.
    fn hand_out(
        &mut self,
        mut statement: Statement,
        params: &[Param<'_>],
        limit: usize,
        stream: &StreamUuid,
        sink: &mut impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<(usize, usize)> {
        let (mut scanned, mut given) = (0, 0);
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let row = RowRef::new(&row, stream)?;
            scanned += 1;
            if scanned == limit {
                self.span.first = self.span.first.max(row.ts.as_micros());
                self.after = Some((row.ts, row.stored.to_owned()));
            }
            if self.span.contains(row.ts) {
                sink(&row)?;
                given += 1;
            }
        }
        Ok((scanned, given))
    }
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
