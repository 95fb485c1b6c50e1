//! A stream's rows summed up in steps of time.

use std::collections::VecDeque;
use std::ops::RangeBounds;

use super::Store;
use super::connection::Connection;
use crate::backend::Backend;
use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::span::Span;
use crate::model::step::Step;
use crate::model::summary::{Summary, Summing};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The number of rows that are read at a time, each time of one state of the store.
const BATCH: usize = 65_536;

impl Store {
    /// Sums the observations in `range` up in steps of time: the count, the first, the last,
    /// the smallest, the largest and the mean value, and the sum of each step, in order of
    /// time. Rows outside of the range count in no step, also if the step begins before it.
    ///
    /// Steps without rows are left out, unless [`Summaries::with_empty`] asks for them.
    ///
    /// ```
    /// # use satori_store::{NewObservation, Step, Store, StreamUuid, Summary, Timestamp};
    /// # let store = Store::open_in_memory()?;
    /// # let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    /// let at = |text: &str| text.parse::<Timestamp>();
    /// store.insert(&uuid, &NewObservation::new(at("2024-01-03 12:10")?, 45000.0))?;
    /// store.insert(&uuid, &NewObservation::new(at("2024-01-03 12:50")?, 45100.0))?;
    /// store.insert(&uuid, &NewObservation::new(at("2024-01-03 14:00")?, 45300.0))?;
    ///
    /// let hour: Step = "1h".parse()?;
    /// let hours: Vec<Summary> = store.resample(&uuid, .., &hour)?.collect::<Result<_, _>>()?;
    /// assert_eq!(hours[0].start, at("2024-01-03 12:00")?);
    /// assert_eq!((hours[0].count, hours[0].mean), (2, 45050.0));
    /// assert_eq!(hours[1].start, at("2024-01-03 14:00")?);
    /// assert_eq!(store.resample(&uuid, .., &hour)?.with_empty().count(), 3);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StreamNotFound`], [`Error::NotAStream`]. The summaries end with
    /// [`Error::UnreadableRow`] at a row that can't be read, and with
    /// [`Error::InvalidTimestamp`] at one to which the calendar of the steps doesn't reach.
    pub fn resample(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
        step: &Step,
    ) -> Result<Summaries> {
        let span = Span::new(&range);
        Ok(Summaries {
            cursor: self.cursor(uuid, range)?,
            store: self.as_one_call(),
            uuid: uuid.clone(),
            step: step.clone(),
            span,
            empty: None,
            open: None,
            ready: VecDeque::new(),
            error: None,
            is_over: false,
            batch: BATCH,
            ended: false,
        })
    }
}

/// The summaries of a stream's steps, in order of time; see [`Store::resample`]. Some tens of
/// thousands of rows are read at a time, of one state of the store; between that nothing is
/// locked, and the iteration sees rows that others insert ahead of it.
///
/// It ends after the first error, which comes behind the steps that were complete before it.
#[derive(Debug)]
pub struct Summaries {
    store: Store,
    uuid: StreamUuid,
    cursor: Cursor,
    step: Step,
    /// What is summed up; `None` if it is empty.
    span: Option<Span>,
    /// Whether empty steps are given too, and which.
    empty: Option<Empty>,
    /// The step to which the row that was read last belongs.
    open: Option<Summing>,
    /// Steps that are complete.
    ready: VecDeque<Summary>,
    error: Option<Error>,
    /// Whether the store is not asked any more: after an error, and at the end.
    is_over: bool,
    /// How many rows are read at a time.
    batch: usize,
    /// Whether all rows are read.
    ended: bool,
}

/// Which empty steps are still to be given.
#[derive(Clone, Copy, Debug)]
struct Empty {
    /// Where the next step begins, if one was given before, or if the range begins anywhere.
    next: Option<Timestamp>,
    /// The last instant of the range, if it ends anywhere.
    last: Option<Timestamp>,
}

impl Summaries {
    /// Includes steps without rows: from the one in which the range begins to the one in which
    /// it ends. Where the range is open, it ends with the steps that have rows.
    pub fn with_empty(self) -> Self {
        let bound = |micros| match micros {
            i64::MIN | i64::MAX => None,
            micros => Some(Timestamp::from_micros(micros)),
        };
        Self {
            empty: self.span.map(|span| Empty {
                next: bound(span.first),
                last: bound(span.last),
            }),
            ..self
        }
    }

    /// Reads about as many rows at a time as there are summaries to be given.
    #[cfg(feature = "capi")]
    pub(crate) fn at_most(self, count: usize) -> Self {
        Self {
            batch: count.clamp(256, BATCH),
            ..self
        }
    }

    /// Reads until a step is complete, or to the end.
    fn read(&mut self) -> Result<()> {
        while self.ready.is_empty() && !self.ended {
            let (step, open, ready) = (&self.step, &mut self.open, &mut self.ready);
            let read = self
                .store
                .read_batch(&self.uuid, &mut self.cursor, self.batch, |row| {
                    match open {
                        Some(open) if row.ts < open.end() => open.push(row.value),
                        _ => {
                            let next = Summing::new(step.around(row.ts)?, row.value);
                            ready.extend(open.replace(next).map(Summing::finish));
                        }
                    }
                    Ok(())
                })?;
            self.ended = read == 0 || self.cursor.is_done();
            if self.ended {
                ready.extend(open.take().map(Summing::finish));
            }
        }
        Ok(())
    }

    /// Returns the empty step that comes before the next one with rows, if it is asked for.
    fn next_empty(&mut self) -> Option<Result<Summary>> {
        let empty = self.empty.as_mut()?;
        let next = empty.next?;
        let before = match self.ready.front() {
            Some(summary) => next < summary.start,
            None => empty.last.is_some_and(|last| next <= last),
        };
        if !before {
            return None;
        }
        let bounds = match self.step.around(next) {
            Ok(bounds) => bounds,
            Err(error) => return Some(Err(error)),
        };
        empty.next = (bounds.1 < Timestamp::MAX).then_some(bounds.1);
        Some(Ok(Summary::empty(bounds)))
    }
}

impl Iterator for Summaries {
    type Item = Result<Summary>;

    fn next(&mut self) -> Option<Self::Item> {
        // Empty steps are made without a look at the store.
        if !self.is_over
            && let Err(error) = self.store.check_ongoing().and_then(|()| self.read())
        {
            self.is_over = true;
            if Connection::is_torn(&error) {
                self.ready.clear();
            }
            self.empty = None;
            self.open = None;
            self.error = Some(error);
        }
        if let Some(empty) = self.next_empty() {
            if empty.is_err() {
                self.is_over = true;
                self.empty = None;
                self.ready.clear();
            }
            return Some(empty);
        }
        match self.ready.pop_front() {
            Some(summary) => {
                if let Some(empty) = &mut self.empty {
                    empty.next = Some(summary.end);
                }
                Some(Ok(summary))
            }
            None => {
                self.is_over = true;
                self.error.take().map(Err)
            }
        }
    }
}

impl std::iter::FusedIterator for Summaries {}
