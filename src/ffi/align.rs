//! Several streams on one clock.

use std::ffi::c_char;
use std::time::Duration;

use super::error::{Failure, satori_error};
use super::guard::Guard;
use super::input::{self, satori_text};
use super::output::{self, required};
use super::status::satori_status;
use super::store::satori_store;
use crate::{Fill, Step, Timestamp};

/// Which value of a stream stands at an instant of the clock.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_fill {
    /// That of the row as of the instant: the one that lies latest in time among those at the
    /// instant and before it, if it is no older than `max_age`.
    SATORI_FILL_AS_OF = 0,
    /// That of the row of just this instant.
    SATORI_FILL_EXACT = 1,
    /// The mean of the rows from the instant, included, to the clock's next one, excluded. It
    /// looks ahead: at the instant itself nobody knows it.
    SATORI_FILL_MEAN = 2,
}

fn fill_of(fill: i32, max_age: i64) -> Result<Fill, Failure> {
    if matches!(fill, 1 | 2) && max_age > 0 {
        return Err(Failure::argument(format!(
            "max_age is {max_age}, which SATORI_FILL_AS_OF alone takes: expected 0 or less"
        )));
    }
    Ok(match fill {
        0 => Fill::AsOf {
            max_age: u64::try_from(max_age).ok().map(Duration::from_micros),
        },
        1 => Fill::Exact,
        2 => Fill::Mean,
        other => return Err(Failure::argument(format!("fill is {other}: no such fill"))),
    })
}

/// Puts streams side by side on the clock of a step, into memory of the caller: a row for each
/// step that begins from `from`, included, to `to`, excluded, in order of time, and a column
/// for each stream. Where the range is open, it begins with the step of the streams' first row
/// and ends with that of their last one. If it fills all of the memory, there may be more: call
/// it again with the last instant and 1 as `from`. The rows of a call are of one state of the
/// store, or of a few if there are tens of thousands.
///
/// @param store        the store.
/// @param count        how many streams.
/// @param uuids        their uuids.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param step         the step as text, as satori_resample has it; no NUL needed.
/// @param step_length  its length in bytes.
/// @param fill         a `satori_fill`.
/// @param max_age      for SATORI_FILL_AS_OF, how old a row may be, in microseconds; less than
///                     0 if it may be of any age. The other fills take none: 0 or less.
/// @param capacity     how many rows there is room for; not 0.
/// @param ts           receives the instants, in microseconds UTC.
/// @param values       receives the values, of `count` times `capacity` items: row `r` of
///                     stream `s` is item `s * capacity + r`. NaN stands for none, since a
///                     stored value never is NaN.
/// @param rows         receives how many rows there are; 0 at the end.
/// @param error        see satori_error; may be NULL. On an error the arrays hold nothing of
///                     use.
/// @return as satori_resample.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_align(
    store: *const satori_store,
    count: usize,
    uuids: *const satori_text,
    from: i64,
    to: i64,
    step: *const c_char,
    step_length: usize,
    fill: i32,
    max_age: i64,
    capacity: usize,
    ts: *mut i64,
    values: *mut f64,
    rows: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_align", error, [required(rows, "rows")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let uuids = input::uuids(uuids, count)?;
            let step: Step = input::text(step, step_length, "step")?.parse()?;
            let fill = fill_of(fill, max_age)?;
            let ts = input::room(ts, capacity, "ts")?;
            let values = input::array_mut(values, items(count, capacity)?, "values")?;
            let uuids: Vec<_> = uuids.iter().collect();
            let mut batches = store.align(&uuids, input::range(from, to), &step, fill)?;
            let mut written = 0;
            while written < capacity
                && let Some(batch) = batches.read_at_most(capacity - written)?
            {
                let next = written + batch.ts.len();
                ts[written..next].copy_from_slice(&batch.ts);
                for (column, read) in values.chunks_exact_mut(capacity).zip(&batch.values) {
                    column[written..next].copy_from_slice(read);
                }
                written = next;
            }
            output::write(rows, written);
            Ok(())
        })
    }
}

/// Puts streams side by side on a clock whose instants are given: a column for each stream.
///
/// @param store     the store.
/// @param count     how many streams.
/// @param uuids     their uuids.
/// @param rows      how many instants.
/// @param instants  the instants, in microseconds UTC, each later than the one before it.
/// @param fill      SATORI_FILL_AS_OF or SATORI_FILL_EXACT.
/// @param max_age   as in satori_align.
/// @param values    receives the values, of `count` times `rows` items: row `r` of stream `s`
///                  is item `s * rows + r`. NaN stands for none.
/// @param error     see satori_error; may be NULL. On an error the array holds nothing of use.
/// @return as satori_resample; SATORI_INVALID_TIMESTAMP also if the instants don't ascend,
///         SATORI_INVALID_STEP if a mean is asked for, which needs steps.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_align_to(
    store: *const satori_store,
    count: usize,
    uuids: *const satori_text,
    rows: usize,
    instants: *const i64,
    fill: i32,
    max_age: i64,
    values: *mut f64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_align_to", error, []);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let uuids = input::uuids(uuids, count)?;
            let instants = input::array(instants, rows, "instants")?;
            let fill = fill_of(fill, max_age)?;
            let values = input::array_mut(values, items(count, rows)?, "values")?;
            let uuids: Vec<_> = uuids.iter().collect();
            let instants: Vec<_> = instants
                .iter()
                .map(|ts| Timestamp::from_micros(*ts))
                .collect();
            let columns = store.align_to(&uuids, &instants, fill)?;
            for (place, value) in values.iter_mut().zip(columns.iter().flatten()) {
                *place = *value;
            }
            Ok(())
        })
    }
}

/// Returns the number of items of a table.
fn items(columns: usize, rows: usize) -> Result<usize, Failure> {
    columns.checked_mul(rows).ok_or_else(|| {
        Failure::argument(format!(
            "{columns} streams of {rows} rows fit into no memory"
        ))
    })
}
