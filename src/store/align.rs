//! Several streams on one clock: a column a stream.

use std::borrow::Borrow;
use std::ops::RangeBounds;
use std::time::Duration;

use super::Store;
use super::connection::Connection;
use crate::backend::Backend;
use crate::model::aligned::{Aligned, Fill, check_ascending, no_steps};
use crate::model::cursor::Cursor;
use crate::model::error::Result;
use crate::model::span::Span;
use crate::model::step::Step;
use crate::model::summary::Summing;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// Up to how many instants each is looked up by itself: between few of them there may be many
/// rows, all of which would be read.
const LOOKED_UP: usize = 256;
/// How many rows of a stream are read at a time.
const ROWS: usize = 65_536;
/// How many values a batch has at most, unless one row has more.
const BATCH: usize = 1 << 20;

impl Store {
    /// Puts streams side by side on the clock of a step: one row for each step that begins in
    /// `range`, one column for each stream. Where the range is open, it begins with the step
    /// of the streams' first row, and ends with that of their last one.
    ///
    /// ```
    /// # use satori_store::{Fill, NewObservation, Step, Store, StreamUuid, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// let bitcoin = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// let ether = StreamUuid::from_parts("central", "satori", "ether", "");
    /// let at = |text: &str| text.parse::<Timestamp>();
    /// store.insert(&bitcoin, &NewObservation::new(at("2024-01-03 12:00")?, 45000.0))?;
    /// store.insert(&bitcoin, &NewObservation::new(at("2024-01-03 12:50")?, 45100.0))?;
    /// store.insert(&ether, &NewObservation::new(at("2024-01-03 13:00")?, 2200.0))?;
    ///
    /// let hour: Step = "1h".parse()?;
    /// let fill = Fill::AsOf { max_age: None };
    /// let batches = store.align(&[&bitcoin, &ether], .., &hour, fill)?;
    /// let rows = batches.collect::<Result<Vec<_>, _>>()?.remove(0);
    /// assert_eq!(rows.ts, [at("2024-01-03 12:00")?, at("2024-01-03 13:00")?].map(Timestamp::as_micros));
    /// assert_eq!(rows.values[0], [45000.0, 45100.0]);
    /// assert!(rows.values[1][0].is_nan() && rows.values[1][1] == 2200.0);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream), and [`Error::UnreadableRow`](crate::Error::UnreadableRow) if the
    /// streams' first or last row can't be read. The batches end with `UnreadableRow`, and
    /// with [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp) where the calendar of the steps ends.
    pub fn align(
        &self,
        uuids: &[&StreamUuid],
        range: impl RangeBounds<Timestamp>,
        step: &Step,
        fill: Fill,
    ) -> Result<AlignedBatches> {
        let uuids: Vec<StreamUuid> = uuids.iter().map(|&uuid| uuid.clone()).collect();
        let call = self.as_one_call();
        let ends = call.ends_of(&uuids)?;
        let span = Span::new(&range).and_then(|span| clock_span(span, ends, step).transpose());
        let span = span.transpose()?;
        Ok(AlignedBatches {
            store: call,
            uuids,
            step: step.clone(),
            fill,
            next: span.map(|span| Timestamp::from_micros(span.first)),
            last: Timestamp::from_micros(span.map_or(i64::MIN, |span| span.last)),
        })
    }

    /// Puts streams side by side on a clock whose instants are given, and ascend: the values
    /// of each stream, in the order of `uuids`, NaN where there is none.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp) if the instants don't ascend, [`Error::InvalidStep`](crate::Error::InvalidStep) for
    /// [`Fill::Mean`], which needs steps, [`Error::StreamNotFound`](crate::Error::StreamNotFound), [`Error::NotAStream`](crate::Error::NotAStream),
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow).
    pub fn align_to(
        &self,
        uuids: &[&StreamUuid],
        instants: &[Timestamp],
        fill: Fill,
    ) -> Result<Vec<Vec<f64>>> {
        check_ascending(instants)?;
        if fill == Fill::Mean {
            return Err(no_steps());
        }
        let ts: Vec<i64> = instants.iter().map(|ts| ts.as_micros()).collect();
        let mut values = vec![Vec::new(); uuids.len()];
        let call = self.as_one_call();
        call.ends_of(uuids)?;
        // So many instants at a time, so that nobody waits long for this store's connection.
        for ts in ts.chunks(rows_of_batch(uuids.len())) {
            let batch = call.columns_on(uuids, ts, None, fill)?;
            for (column, part) in values.iter_mut().zip(batch) {
                column.extend(part);
            }
        }
        Ok(values)
    }

    /// Returns the instants of the first and of the last row of the streams; `None` if they
    /// have no rows.
    fn ends_of<U: Borrow<StreamUuid>>(&self, uuids: &[U]) -> Result<Option<Span>> {
        let mut ends: Option<Span> = None;
        for uuid in uuids {
            let (first, last) = (self.first(uuid.borrow(), 1)?, self.latest(uuid.borrow())?);
            let (Some(first), Some(last)) = (first.first(), last) else {
                continue;
            };
            let (first, last) = (first.ts.as_micros(), last.ts.as_micros());
            let so_far = ends.unwrap_or(Span { first, last });
            ends = Some(Span {
                first: so_far.first.min(first),
                last: so_far.last.max(last),
            });
        }
        Ok(ends)
    }

    /// Reads the values of each stream at the instants, all of one state of the store. `end`
    /// is where the step of the last instant ends.
    fn columns_on<U: Borrow<StreamUuid>>(
        &self,
        uuids: &[U],
        ts: &[i64],
        end: Option<Timestamp>,
        fill: Fill,
    ) -> Result<Vec<Vec<f64>>> {
        self.run(|connection| {
            connection.read(|connection| {
                let column = |uuid: &U| {
                    connection.check_call()?;
                    match fill {
                        Fill::AsOf { max_age } => as_of(connection, uuid.borrow(), ts, max_age),
                        Fill::Exact => exact(connection, uuid.borrow(), ts),
                        Fill::Mean => mean(connection, uuid.borrow(), ts, end),
                    }
                };
                uuids.iter().map(column).collect()
            })
        })
    }
}

/// Streams on the clock of a step, some ten thousand rows at a time, in order of time; see
/// [`Store::align`]. The rows of a batch are of one state of the store; between batches
/// nothing is locked. It ends after the first error.
#[derive(Debug)]
pub struct AlignedBatches {
    store: Store,
    uuids: Vec<StreamUuid>,
    step: Step,
    fill: Fill,
    /// The instant of the next row; `None` at the end.
    next: Option<Timestamp>,
    /// The last instant at which there may be a row.
    last: Timestamp,
}

impl AlignedBatches {
    /// Returns the streams, in the order of the columns.
    #[cfg(feature = "arrow")]
    pub(crate) fn uuids(&self) -> &[StreamUuid] {
        &self.uuids
    }

    /// Reads the next batch of `limit` rows at most; `None` at the end.
    #[cfg(feature = "capi")]
    pub(crate) fn read_at_most(&mut self, limit: usize) -> Result<Option<Aligned>> {
        self.read(rows_of_batch(self.uuids.len()).min(limit))
    }

    fn read(&mut self, limit: usize) -> Result<Option<Aligned>> {
        let mut ts = Vec::new();
        let mut end = None;
        while let Some(next) = self.next
            && ts.len() < limit
            && next <= self.last
        {
            let (_, after) = self.step.around(next)?;
            ts.push(next.as_micros());
            end = Some(after);
            self.next = (after > next && after < Timestamp::MAX).then_some(after);
        }
        if ts.is_empty() {
            self.next = None;
            return Ok(None);
        }
        let values = self.store.columns_on(&self.uuids, &ts, end, self.fill)?;
        Ok(Some(Aligned { ts, values }))
    }
}

impl Iterator for AlignedBatches {
    type Item = Result<Aligned>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read(rows_of_batch(self.uuids.len()));
        if read.is_err() {
            self.next = None;
        }
        read.transpose()
    }
}

impl std::iter::FusedIterator for AlignedBatches {}

fn rows_of_batch(streams: usize) -> usize {
    (BATCH / streams.max(1)).clamp(1, ROWS)
}

/// Returns the first instant of the clock in the span, and the last instant that there may be;
/// `None` if the streams have no rows and the span is open.
fn clock_span(span: Span, ends: Option<Span>, step: &Step) -> Result<Option<Span>> {
    let first = match (span.first, ends) {
        (i64::MIN, None) => return Ok(None),
        (i64::MIN, Some(ends)) => {
            // The step of the first row, although it may begin before it.
            let first = Timestamp::from_micros(ends.first);
            step.around(first)?.0
        }
        (first, _) => {
            let first = Timestamp::from_micros(first);
            let (start, end) = step.around(first)?;
            if start == first { start } else { end }
        }
    };
    let last = match (span.last, ends) {
        (i64::MAX, None) => return Ok(None),
        (i64::MAX, Some(ends)) => ends.last,
        (last, _) => last,
    };
    let first = first.as_micros();
    Ok((first <= last).then_some(Span { first, last }))
}

/// Hands the instant and the value of each row of the span to `sink`.
fn rows(
    connection: &mut Connection,
    uuid: &StreamUuid,
    span: Span,
    mut sink: impl FnMut(i64, f64) -> Result<()>,
) -> Result<()> {
    let mut cursor = Cursor::new((span.first <= span.last).then_some(span));
    while !cursor.is_done() {
        let read = connection.read_rows(uuid, &mut cursor, ROWS, |row| {
            sink(row.ts.as_micros(), row.value)
        })?;
        if read.unwrap_or(0) == 0 {
            break;
        }
    }
    Ok(())
}

fn as_of(
    connection: &mut Connection,
    uuid: &StreamUuid,
    ts: &[i64],
    max_age: Option<Duration>,
) -> Result<Vec<f64>> {
    let (Some(&first), Some(&last)) = (ts.first(), ts.last()) else {
        return Ok(Vec::new());
    };
    let max_age = max_age.map_or(u64::MAX, |age| {
        u64::try_from(age.as_micros()).unwrap_or(u64::MAX)
    });
    let value_at = |known: Option<(i64, f64)>, ts: i64| match known {
        Some((of, value)) if ts.abs_diff(of) <= max_age => value,
        _ => f64::NAN,
    };
    if ts.len() <= LOOKED_UP {
        let look_up = |&at: &i64| Ok(value_at(known_at(connection, uuid, at)?, at));
        return ts.iter().map(look_up).collect();
    }
    let mut known = known_at(connection, uuid, first)?;
    let mut column = Vec::with_capacity(ts.len());
    let after = Span {
        first: first.saturating_add(1),
        last,
    };
    rows(connection, uuid, after, |of, value| {
        while let Some(&at) = ts.get(column.len())
            && at < of
        {
            column.push(value_at(known, at));
        }
        known = Some((of, value));
        Ok(())
    })?;
    while let Some(&at) = ts.get(column.len()) {
        column.push(value_at(known, at));
    }
    Ok(column)
}

/// Returns the instant and the value of the row as of an instant.
fn known_at(connection: &mut Connection, uuid: &StreamUuid, at: i64) -> Result<Option<(i64, f64)>> {
    let before = Span {
        first: i64::MIN,
        last: at,
    };
    let row = connection
        .last(uuid, before, 1)?
        .and_then(|mut rows| rows.pop());
    Ok(row.map(|row| (row.ts.as_micros(), row.value)))
}

fn exact(connection: &mut Connection, uuid: &StreamUuid, ts: &[i64]) -> Result<Vec<f64>> {
    if ts.len() <= LOOKED_UP {
        let look_up = |&at: &i64| {
            let row = connection.observation(uuid, Timestamp::from_micros(at))?;
            Ok(row.flatten().map_or(f64::NAN, |row| row.value))
        };
        return ts.iter().map(look_up).collect();
    }
    let mut column = Vec::with_capacity(ts.len());
    let (Some(&first), Some(&last)) = (ts.first(), ts.last()) else {
        return Ok(column);
    };
    rows(connection, uuid, Span { first, last }, |of, value| {
        while let Some(&at) = ts.get(column.len())
            && at < of
        {
            column.push(f64::NAN);
        }
        // Of several rows of an instant the first, as `Store::observation` has it.
        if ts.get(column.len()) == Some(&of) {
            column.push(value);
        }
        Ok(())
    })?;
    column.resize(ts.len(), f64::NAN);
    Ok(column)
}

fn mean(
    connection: &mut Connection,
    uuid: &StreamUuid,
    ts: &[i64],
    end: Option<Timestamp>,
) -> Result<Vec<f64>> {
    let mut column = vec![f64::NAN; ts.len()];
    let (Some(&first), Some(end)) = (ts.first(), end) else {
        return Ok(column);
    };
    // The last instant of all belongs to the last step.
    let last = match end {
        Timestamp::MAX => i64::MAX,
        end => end.as_micros() - 1,
    };
    let (mut row, mut open) = (0, None::<Summing>);
    rows(connection, uuid, Span { first, last }, |of, value| {
        while let Some(&next) = ts.get(row + 1)
            && next <= of
        {
            column[row] = open.take().map_or(f64::NAN, |open| open.finish().mean);
            row += 1;
        }
        match &mut open {
            Some(open) => open.push(value),
            None => open = Some(Summing::new((Timestamp::MIN, Timestamp::MAX), value)),
        }
        Ok(())
    })?;
    if let Some(open) = open {
        column[row] = open.finish().mean;
    }
    Ok(column)
}
