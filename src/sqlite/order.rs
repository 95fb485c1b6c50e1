//! The order in which a scan of a table gives its rows. In a damaged file pages may repeat:
//! a scan would pass the same rows again, and a cursor that goes on behind the last one would
//! never end.

use super::raw;
use crate::model::error::{Error, Result};
use crate::model::row::RowRef;
use crate::model::spelling::{StoredRef, StoredTimestamp};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// The row that a scan has reached, beyond which the next one must lie.
pub(super) enum Order {
    /// By a key of seconds. No two rows have the same.
    Ascending(f64),
    /// The same, backwards.
    Descending(f64),
    /// By instant, as SQLite has sorted the rows; rows of one instant differ in spelling.
    Sorted(Option<(Timestamp, StoredTimestamp)>),
}

impl Order {
    /// Returns the order of a scan by key that begins behind the row stored as `after`.
    pub(super) fn ascending(after: Option<StoredRef<'_>>) -> Self {
        Order::Ascending(after.map_or(f64::NEG_INFINITY, number))
    }

    /// Returns the order of a scan by key that begins at its end.
    pub(super) fn descending() -> Self {
        Order::Descending(f64::INFINITY)
    }

    /// Goes on to the next row.
    ///
    /// # Errors
    /// `Corrupt` if it doesn't lie beyond the row before.
    #[inline]
    pub(super) fn advance(&mut self, row: &RowRef<'_>, stream: &StreamUuid) -> Result<()> {
        let advances = match self {
            Order::Ascending(last) => {
                let before = std::mem::replace(last, number(row.stored));
                *last > before
            }
            Order::Descending(last) => {
                let before = std::mem::replace(last, number(row.stored));
                *last < before
            }
            Order::Sorted(last) => {
                let repeats = last
                    .as_ref()
                    .is_some_and(|(ts, stored)| *ts == row.ts && stored.borrowed() == row.stored);
                *last = Some((row.ts, row.stored.to_owned()));
                !repeats
            }
        };
        match advances {
            true => Ok(()),
            false => Err(disorder(stream)),
        }
    }
}

impl Order {
    /// Returns the row that the scan has reached; `None` if there is none.
    pub(super) fn reached(&self) -> Option<(Timestamp, StoredTimestamp)> {
        match self {
            Order::Ascending(last) | Order::Descending(last) => {
                let ts = Timestamp::from_real(*last).ok()?;
                Some((ts, StoredTimestamp::Real(*last)))
            }
            Order::Sorted(last) => last.clone(),
        }
    }
}

/// Returns a key of seconds as a number; NaN, which lies beyond nothing, if it is text.
#[inline]
fn number(stored: StoredRef<'_>) -> f64 {
    match stored {
        StoredRef::Integer(number) => number as f64,
        StoredRef::Real(number) => number,
        StoredRef::Text(_) => f64::NAN,
    }
}

/// Returns the error for rows that repeat or come out of order.
#[cold]
pub(super) fn disorder(stream: &StreamUuid) -> Error {
    raw::corrupt(
        &format!(
            "the rows of stream {:?} repeat, or are out of order",
            stream.shown()
        ),
        None,
    )
}
