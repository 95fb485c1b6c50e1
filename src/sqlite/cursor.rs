//! Reading the next batch of rows from the place that a cursor has reached.

use super::key::{self, Pivot};
use super::order::Order;
use super::raw::{Param, Statement};
use super::row;
use super::table::Table;
use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::row::RowRef;
use crate::model::span::Span;
use crate::model::uuid::StreamUuid;

/// A cursor and the table that it reads.
pub(super) struct Reader<'a> {
    cursor: &'a mut Cursor,
    table: &'a mut Table,
    stream: &'a StreamUuid,
    limit: usize,
    skip_unreadable: bool,
}

impl<'a> Reader<'a> {
    /// Returns a reader of `limit` rows at a time. Only in a transaction, so that nobody
    /// changes meanwhile how the table's key sorts.
    pub(super) fn new(
        cursor: &'a mut Cursor,
        table: &'a mut Table,
        stream: &'a StreamUuid,
        limit: usize,
        skip_unreadable: bool,
    ) -> Self {
        Self {
            cursor,
            table,
            stream,
            limit,
            skip_unreadable,
        }
    }

    /// Hands the next rows to `sink` and returns their number: 0 if none are left.
    pub(super) fn read(
        &mut self,
        mut sink: impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<usize> {
        let mut given = 0;
        while given == 0 && !self.cursor.done {
            given = if key::sorts_by_time(self.table)? {
                self.read_by_key(&mut sink)?
            } else {
                self.read_window(&mut sink)?
            };
        }
        Ok(given)
    }

    /// Reads a batch from a table whose key sorts by time. An open end of the span makes no
    /// condition, as SQLite would check that for each row.
    fn read_by_key(&mut self, sink: &mut impl FnMut(&RowRef<'_>) -> Result<()>) -> Result<usize> {
        let mut after = self.cursor.after.clone();
        // The last row read was not in seconds, and the table has been normalised since.
        // Every row now sorts before that row's old ts, so go on at the next instant.
        if let Some((instant, stored)) = &after
            && !stored.borrowed().is_seconds()
        {
            self.cursor.span.first = instant.as_micros().saturating_add(1);
            after = None;
        }
        let (first, last) = (self.cursor.span.first, self.cursor.span.last);
        let (low, high) = key::seconds(self.cursor.span);
        let low = match &after {
            Some((_, stored)) => Some((row::param(stored.borrowed()), "ts > ?1")),
            None if first == i64::MIN => None,
            None => Some((Param::Real(low), "ts >= ?1")),
        };
        let high = (last != i64::MAX).then_some((Param::Real(high), "ts <= ?2"));
        let statement = self.table.prepare(|t| {
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
            Param::Integer(to_i64(self.limit)),
        ];
        let order = Order::ascending(after.as_ref().map(|(_, stored)| stored.borrowed()));
        let (scanned, given) = self.hand_out(statement, &params, order, sink)?;
        self.cursor.done = scanned < self.limit;
        Ok(given)
    }

    /// Reads a batch from a table whose key doesn't sort by time: sorts the rows of a
    /// window that holds about as many rows as are asked for.
    fn read_window(&mut self, sink: &mut impl FnMut(&RowRef<'_>) -> Result<()>) -> Result<usize> {
        let window = Span {
            last: self.horizon()?,
            ..self.cursor.span
        };
        let ranges = key::ranges(window);
        let after = self.cursor.after.clone();
        let mut params = Vec::new();
        let statement = self.table.prepare(|t| {
            let source = key::source(t, &ranges, &mut params);
            let next = params.len() + 1;
            params.push(Param::Integer(window.first));
            params.push(Param::Integer(window.last));
            params.push(Param::Integer(to_i64(self.limit)));
            let mut resume = String::new();
            if let Some((instant, stored)) = &after {
                params.push(Param::Integer(instant.as_micros()));
                params.push(row::param(stored.borrowed()));
                resume = format!("AND (instant, ts) > (?{}, ?{})", next + 3, next + 4);
            }
            // Rows without an instant come first, so that an error reports them.
            let or_unreadable = match self.skip_unreadable {
                true => "",
                false => "instant IS NULL OR ",
            };
            format!(
                "SELECT * FROM ({source}) \
                 WHERE {or_unreadable}(instant BETWEEN ?{next} AND ?{} {resume}) \
                 ORDER BY instant, ts LIMIT ?{}",
                next + 1,
                next + 2
            )
        })?;
        let order = Order::Sorted(after.clone());
        let (scanned, given) = self.hand_out(statement, &params, order, sink)?;
        if scanned < self.limit {
            // Nothing is left in the window.
            self.cursor.done = window.last == self.cursor.span.last;
            self.cursor.after = None;
            self.cursor.span.first = window.last.saturating_add(1);
        }
        Ok(given)
    }

    /// Returns an instant up to which each range has about twice `limit` rows at most. Any
    /// instant would be correct; this one keeps the number of rows to sort small.
    fn horizon(&self) -> Result<i64> {
        let span = self.cursor.span;
        let mut offset = self.limit.saturating_mul(2);
        loop {
            let mut last = span.last;
            let mut found = false;
            for range in key::ranges(span) {
                if let Some(Pivot::Instant(pivot)) = key::pivot(self.table, &range, offset, false)?
                {
                    last = last.min(pivot.as_micros());
                    found = true;
                }
            }
            if !found || last > span.first {
                return Ok(last);
            }
            // All these rows lie within the slack around the span's first instant.
            offset = offset.saturating_mul(4);
        }
    }

    /// Hands the statement's rows that lie in the span to `sink`. Returns how many rows it
    /// has seen and how many it has handed out. If it has seen as many as were asked for,
    /// the cursor notes the last one, at which the next batch goes on; if fewer, none
    /// follow.
    ///
    /// A row that can't be read ends a batch of others, as if no more were asked for. The
    /// next batch begins with it, so that its error comes behind the rows before it.
    ///
    /// # Errors
    /// `UnreadableRow` if the batch begins with it, what `sink` returns, and `Corrupt` if the
    /// rows don't come in this order, without repeating.
    fn hand_out(
        &mut self,
        mut statement: Statement,
        params: &[Param<'_>],
        mut order: Order,
        sink: &mut impl FnMut(&RowRef<'_>) -> Result<()>,
    ) -> Result<(usize, usize)> {
        let cursor = &mut *self.cursor;
        let (mut scanned, mut given) = (0, 0);
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let found = match row::read_or_skip(&row, self.stream, self.skip_unreadable) {
                Err(Error::UnreadableRow { .. }) if given > 0 => {
                    cursor.after = order.reached();
                    let reached = cursor.after.as_ref().map(|(ts, _)| ts.as_micros());
                    cursor.span.first = cursor.span.first.max(reached.unwrap_or(i64::MIN));
                    return Ok((self.limit, given));
                }
                found => found?,
            };
            if let Some(found) = &found {
                order.advance(found, self.stream)?;
            }
            scanned += 1;
            if scanned == self.limit {
                let (ts, stored) = row::timestamp(row.cell(0))?;
                cursor.span.first = cursor.span.first.max(ts.as_micros());
                cursor.after = Some((ts, stored.to_owned()));
            }
            if let Some(found) = found
                && cursor.span.contains(found.ts)
            {
                sink(&found)?;
                given += 1;
            }
        }
        Ok((scanned, given))
    }
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
