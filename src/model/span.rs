//! Spans of time.

use std::ops::{Bound, RangeBounds};

use super::time::Timestamp;

/// Instants from `first` to `last`, both included, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Span {
    /// All of time.
    pub(crate) const ALL: Span = Span {
        first: i64::MIN,
        last: i64::MAX,
    };

    /// Returns the span of one instant.
    pub(crate) fn at(instant: Timestamp) -> Self {
        Self {
            first: instant.as_micros(),
            last: instant.as_micros(),
        }
    }

    /// Returns the instants in `range`; `None` if it is empty.
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

    /// Returns `true` if the instant lies in the span.
    pub(crate) fn contains(self, instant: Timestamp) -> bool {
        (self.first..=self.last).contains(&instant.as_micros())
    }
}
