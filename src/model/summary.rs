//! What the rows of a step come to.

use super::time::Timestamp;

/// What the observations of one step of time come to.
///
/// A step without rows has `count` 0 and `sum` 0; the others are NaN then. A stored value
/// never is NaN.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Where the step begins, included.
    pub start: Timestamp,
    /// Where the next step begins.
    pub end: Timestamp,
    /// The number of rows.
    pub count: u64,
    /// The value of the earliest row.
    pub first: f64,
    /// The value of the latest row.
    pub last: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The arithmetic mean. It is finite, also if the sum isn't.
    pub mean: f64,
    /// The sum, compensated as Neumaier does it: what single additions round away is added in
    /// the end. It is infinite if it is too large for an `f64`.
    pub sum: f64,
}

impl Summary {
    /// Returns the summary of a step without rows.
    pub(crate) fn empty((start, end): (Timestamp, Timestamp)) -> Self {
        Self {
            start,
            end,
            count: 0,
            first: f64::NAN,
            last: f64::NAN,
            min: f64::NAN,
            max: f64::NAN,
            mean: f64::NAN,
            sum: 0.0,
        }
    }
}

/// A [`Summary`] while rows are added to it.
#[derive(Debug)]
pub(crate) struct Summing {
    summary: Summary,
    sum: f64,
    /// What adding to `sum` has rounded away.
    lost: f64,
    /// By what the two are multiplied, so that they are finite.
    scale: f64,
}

/// 2^-64. A stream has fewer rows than 2^64, so that no sum of values times this is infinite.
const SMALL: f64 = 1.0 / 18_446_744_073_709_551_616.0;

impl Summing {
    /// Returns the summary of a step whose first row has this value.
    pub(crate) fn new((start, end): (Timestamp, Timestamp), value: f64) -> Self {
        Self {
            summary: Summary {
                start,
                end,
                count: 1,
                first: value,
                last: value,
                min: value,
                max: value,
                mean: value,
                sum: value,
            },
            sum: value,
            lost: 0.0,
            scale: 1.0,
        }
    }

    /// Returns where the next step begins.
    #[inline]
    pub(crate) fn end(&self) -> Timestamp {
        self.summary.end
    }

    /// Adds the value of the next row.
    #[inline]
    pub(crate) fn push(&mut self, value: f64) {
        let summary = &mut self.summary;
        summary.count += 1;
        summary.last = value;
        summary.min = summary.min.min(value);
        summary.max = summary.max.max(value);
        if !(self.sum + value * self.scale).is_finite() {
            self.scale *= SMALL;
            self.sum *= SMALL;
            self.lost *= SMALL;
        }
        let value = value * self.scale;
        let sum = self.sum + value;
        self.lost += match self.sum.abs() >= value.abs() {
            true => (self.sum - sum) + value,
            false => (value - sum) + self.sum,
        };
        self.sum = sum;
    }

    pub(crate) fn finish(self) -> Summary {
        let sum = self.sum + self.lost;
        let Summary {
            count, min, max, ..
        } = self.summary;
        // Rounded, it might lie a bit outside of the values.
        let mean = (sum / count as f64 / self.scale).clamp(min, max);
        Summary {
            mean,
            sum: sum / self.scale,
            ..self.summary
        }
    }
}
