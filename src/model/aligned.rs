//! Streams side by side on one clock.

use std::time::Duration;

use super::error::{Error, Result};
use super::time::{self, Timestamp};

/// Which value of a stream stands at an instant of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fill {
    /// That of the row as of the instant: the one that lies latest in time among those at the
    /// instant and before it, if it is no older than `max_age`. What a model would have known
    /// then.
    AsOf {
        /// How old the row may be; `None` if it may be of any age.
        max_age: Option<Duration>,
    },
    /// That of the row of just this instant.
    Exact,
    /// The mean of the rows from the instant, included, to the clock's next one, excluded. It
    /// looks ahead: at the instant itself nobody knows it.
    Mean,
}

/// Values of several streams on one clock: row `i` is made of the `i`-th item of each vector.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Aligned {
    /// The instants of the clock, in microseconds since 1970-01-01 UTC, each after the other.
    pub ts: Vec<i64>,
    /// The values of each stream, in the order in which the streams were given. NaN stands for
    /// no value: a stored value never is NaN.
    pub values: Vec<Vec<f64>>,
}

impl Aligned {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Returns `true` if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ts.is_empty()
    }
}

/// Checks that each instant comes after the one before it.
pub(crate) fn check_ascending(instants: &[Timestamp]) -> Result<()> {
    match instants.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(time::invalid(
            &pair[1].to_string(),
            "the instants of a clock must ascend, and it does not lie after the one before it",
        )),
        None => Ok(()),
    }
}

/// Returns the error for a mean without steps.
pub(crate) fn no_steps() -> Error {
    Error::InvalidStep {
        text: "mean".to_owned(),
        reason: "instants that are given have no length of which there could be a mean: give a \
                 step, or take the value as of each instant",
    }
}
