//! The observations of a stream: cursors over them, counting, deleting.

use std::ffi::c_char;
use std::ptr;

use super::arrays::{OutputArrays, Texts};
use super::cursor::{OpenCursor, Source, satori_cursor};
use super::error::satori_error;
use super::guard::Guard;
use super::input::{self, satori_text};
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
            let source = Source::Range(store.cursor(uuid, input::range(from, to))?);
            output::write_handle(cursor, OpenCursor::new(store, uuid, source))
        })
    }
}

/// Opens a cursor over the last `count` observations, in order of time. The latest is
/// `count` 1.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        how many; they are held in memory.
/// @param cursor       receives the handle.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations, or SATORI_UNREADABLE_ROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_last(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: usize,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_last", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let rows = match count {
                1 => store.latest(uuid)?.into_iter().collect(),
                count => store.last(uuid, count)?,
            };
            output::write_handle(cursor, OpenCursor::new(store, uuid, Source::Rows(rows)))
        })
    }
}

/// Finds the observation that lies latest in time, and writes it into memory of the
/// caller's: the fastest way to look it up, with nothing to free.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param ts           receives the instant, in microseconds UTC; NULL skips it.
/// @param spelling     receives the timestamp as the row stores it, as
///                     satori_cursor_next gives it; NULL skips it.
/// @param value        receives the value; NULL skips it.
/// @param hash         receives the hash; NULL skips it.
/// @param provider     receives the provider; NULL skips it.
/// @param texts        receives the texts, NUL-terminated, to which the outputs point.
/// @param capacity     how many bytes `texts` has room for.
/// @param needed       receives how many bytes of `texts` the row takes, also if they are
///                     more than `capacity`. 0: there is no row, and all else is left as
///                     it is.
/// @param error        see satori_error; may be NULL.
/// @return as satori_last, or SATORI_BUFFER_TOO_SMALL (`capacity` is less than `needed`).
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_latest(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    ts: *mut i64,
    spelling: *mut satori_text,
    value: *mut f64,
    hash: *mut satori_text,
    provider: *mut satori_text,
    texts: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_get_latest",
        error,
        [
            optional(ts, "ts"),
            optional(spelling, "spelling"),
            optional(value, "value"),
            optional(hash, "hash"),
            optional(provider, "provider"),
            required(needed, "needed"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let room = input::array_mut(texts.cast::<u8>(), capacity, "texts")?;
            let Some(latest) = store.latest(uuid)? else {
                output::write(needed, 0);
                return Ok(());
            };
            let mut kept = Texts::new();
            let [mut stored, mut text, mut from] = [output::NO_TEXT; 3];
            let mut row = OutputArrays::new(
                1,
                ptr::null_mut(),
                &raw mut stored,
                ptr::null_mut(),
                &raw mut text,
                &raw mut from,
            )?;
            row.put(0, &latest.as_row(), &mut kept);
            output::write_texts(kept.bytes(), room, needed)?;
            row.place(1, texts.cast());
            output::write(ts, latest.ts.as_micros());
            output::write(spelling, stored);
            output::write(value, latest.value);
            output::write(hash, text);
            output::write(provider, from);
            Ok(())
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
            let rows = row.into_iter().collect();
            output::write_handle(cursor, OpenCursor::new(store, uuid, Source::Rows(rows)))
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
