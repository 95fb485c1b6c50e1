//! What a stream's observations are, in numbers.

use std::ffi::c_char;
use std::mem;

use super::error::satori_error;
use super::growable::{self, Growable};
use super::guard::Guard;
use super::output::{optional, required_struct};
use super::status::satori_status;
use super::store::satori_store;
use super::stream::micros_of;
use super::string::{self, satori_string};

/// What a stream's observations are, in numbers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_statistics {
    /// sizeof(satori_statistics); see "Structs that may grow".
    pub size: usize,
    /// Rows.
    pub count: u64,
    /// Rows that can't be read, as satori_unreadable lists them; they count in `count` and among
    /// the providers alone.
    pub unreadable: u64,
    /// The earliest instant in microseconds UTC, or SATORI_NO_INSTANT.
    pub first: i64,
    /// The latest instant in microseconds UTC, or SATORI_NO_INSTANT.
    pub last: i64,
    /// The least value; 0 if there is no row that can be read.
    pub minimum: f64,
    /// The greatest value; 0 if there is no row that can be read.
    pub maximum: f64,
    /// The sum of the values.
    pub sum: f64,
    /// The median of the times between one row and the next, in microseconds, the lower one of
    /// two; 0 if there are fewer than two rows.
    pub spacing: i64,
    /// How many times the next row came later than one and a half spacings.
    pub gaps: u64,
}

// SAFETY: plain data.
unsafe impl Growable for satori_statistics {}

/// Returns a stream's rows, first and last instant, values, spacing and gaps.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param statistics   receives the numbers; set its size first.
/// @param providers    receives the providers as JSON: an array of [name, rows],
///                     the most first. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_statistics(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    statistics: *mut satori_statistics,
    providers: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_get_statistics",
        error,
        [
            required_struct(statistics, "statistics"),
            optional(providers, "providers"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let found = store.statistics(uuid)?;
            let spacing = found.spacing.unwrap_or_default().as_micros();
            let answer = satori_statistics {
                size: mem::size_of::<satori_statistics>(),
                count: found.count,
                unreadable: found.unreadable,
                first: micros_of(found.first),
                last: micros_of(found.last),
                minimum: found.minimum.unwrap_or(0.0),
                maximum: found.maximum.unwrap_or(0.0),
                sum: found.sum,
                spacing: i64::try_from(spacing).unwrap_or(i64::MAX),
                gaps: found.gaps,
            };
            growable::write(statistics, &answer, "statistics")?;
            string::write_json(providers, &found.providers)
        })
    }
}
