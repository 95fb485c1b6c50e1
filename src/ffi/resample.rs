//! A stream's rows summed up in steps of time.

use std::ffi::c_char;
use std::ops::Bound;

use super::error::satori_error;
use super::guard::Guard;
use super::input;
use super::output::{self, required};
use super::status::satori_status;
use super::store::satori_store;
use crate::{Step, Summary, Timestamp};

/// What the observations of one step of time come to. It never grows. If `count` is 0, the
/// doubles but for `sum` are NaN; else `sum` alone may be infinite.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_summary {
    /// Where the step begins, included, in microseconds UTC.
    pub start: i64,
    /// Where the next step begins; INT64_MAX if it lies beyond.
    pub end: i64,
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
    /// The arithmetic mean.
    pub mean: f64,
    /// The sum; infinite if it is too large for a double.
    pub sum: f64,
}

impl From<Summary> for satori_summary {
    fn from(summary: Summary) -> Self {
        Self {
            start: summary.start.as_micros(),
            end: summary.end.as_micros(),
            count: summary.count,
            first: summary.first,
            last: summary.last,
            min: summary.min,
            max: summary.max,
            mean: summary.mean,
            sum: summary.sum,
        }
    }
}

/// Sums the observations from `from`, included, to `to`, excluded, up in steps of time, in
/// order of time, into memory of the caller. If it fills all of the memory, there may be more:
/// call it again with the `end` of the last summary as `from`. Rows outside of the range count
/// in no step, also if the step begins before it.
///
/// A step is text: a number and a unit, such as "15m", "1 hour", "1d", "1w", "1mo" (a month;
/// "m" is a minute), "1y", or a duration of ISO 8601. Steps of hours and shorter begin at
/// multiples of their length since 1970-01-01 UTC. Days begin at midnight, weeks on Monday,
/// months on the first, in UTC, or in the IANA time zone that stands behind in brackets:
/// "1d[Europe/Berlin]".
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on. INT64_MAX, the
///                     `end` of the last step there can be, gives none.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param step         the step; no NUL needed.
/// @param step_length  its length in bytes.
/// @param with_empty   1 for steps without rows too: from the one in which `from` lies to that
///                     of `to`, and where the range is open, between those with rows. Else 0.
/// @param capacity     how many summaries there is room for; not 0.
/// @param summaries    receives them.
/// @param count        receives how many there are; 0 at the end.
/// @param error        see satori_error; may be NULL. On an error `summaries` holds nothing of
///                     use.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_INVALID_ARGUMENT,
///         SATORI_INVALID_UTF8, SATORI_INVALID_UUID, SATORI_INVALID_STEP,
///         SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM, SATORI_UNREADABLE_ROW,
///         SATORI_INVALID_TIMESTAMP (the calendar of days and months doesn't reach so far), or
///         what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_resample(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    from: i64,
    to: i64,
    step: *const c_char,
    step_length: usize,
    with_empty: i32,
    capacity: usize,
    summaries: *mut satori_summary,
    count: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_resample", error, [required(count, "count")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let step: Step = input::text(step, step_length, "step")?.parse()?;
            let places = input::room(summaries, capacity, "summaries")?;
            let mut range = input::range(from, to);
            if from == i64::MAX {
                range.1 = Bound::Excluded(Timestamp::MAX);
            }
            let found = store.resample(uuid, range, &step)?.at_most(capacity);
            let mut found = match with_empty {
                0 => found,
                _ => found.with_empty(),
            };
            let mut written = 0;
            for place in places {
                match found.next() {
                    Some(summary) => *place = summary?.into(),
                    None => break,
                }
                written += 1;
            }
            output::write(count, written);
            Ok(())
        })
    }
}
