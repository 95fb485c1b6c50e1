//! The observations of a stream: cursors over them, counting, deleting.

use std::ffi::c_char;

use super::cursor::{OpenCursor, Source, satori_cursor};
use super::error::satori_error;
use super::guard::Guard;
use super::input;
use super::output::{self, optional, required};
use super::status::satori_status;
use super::store::satori_store;
use crate::Timestamp;

/// Opens a cursor over the observations from `from`, included, to `to`, excluded, in
/// order of time.
///
/// @param store        the store; the cursor keeps it open until it is freed.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param cursor       receives the handle.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND,
///         SATORI_NOT_A_STREAM, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_observations(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    from: i64,
    to: i64,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_observations", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let rows = store.cursor(uuid, input::range(from, to))?;
            let source = Source::Range(uuid.clone(), rows);
            output::write_handle(cursor, OpenCursor::new(store, source))
        })
    }
}

/// Opens a cursor over the observation of one instant, in whichever spelling the row
/// stores it.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param ts           the instant, in microseconds UTC.
/// @param cursor       receives the handle; it gives one row or none.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations, or SATORI_UNREADABLE_ROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_observation(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    ts: i64,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_observation", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let row = store.observation(uuid, Timestamp::from_micros(ts))?;
            output::write_handle(cursor, OpenCursor::of_stream(store, uuid, row))
        })
    }
}

/// Counts the observations from `from`, included, to `to`, excluded. Without bounds
/// every row counts, also one whose timestamp can't be read.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param count        receives the number.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_count(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    from: i64,
    to: i64,
    count: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_count", error, [required(count, "count")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            output::write(count, store.count(uuid, input::range(from, to))?);
            Ok(())
        })
    }
}

/// Deletes the observations from `from`, included, to `to`, excluded. Without bounds
/// every row is deleted, also one whose timestamp can't be read; the stream's place
/// stays.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param deleted      receives how many there were; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations, or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_delete(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    from: i64,
    to: i64,
    deleted: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_delete", error, [optional(deleted, "deleted")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            output::write(deleted, store.delete(uuid, input::range(from, to))?);
            Ok(())
        })
    }
}
