//! Observations by their place in time: the first and the last of a stream, those at or
//! before an instant, and the latest of many streams.

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

/// Opens a cursor over the first `count` observations, in order of time.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        how many; they are held in memory.
/// @param cursor       receives the handle.
/// @param error        see satori_error; may be NULL.
/// @return as satori_last.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_first(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: usize,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_first", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let rows = store.first(uuid, count)?;
            output::write_handle(cursor, OpenCursor::of_stream(store, uuid, rows))
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
            output::write_handle(cursor, OpenCursor::of_stream(store, uuid, rows))
        })
    }
}

/// Opens a cursor over the last `count` observations before an instant, in order of time.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param before       the instant, in microseconds UTC; it is excluded.
/// @param count        how many; they are held in memory.
/// @param cursor       receives the handle.
/// @param error        see satori_error; may be NULL.
/// @return as satori_last.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_last_before(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    before: i64,
    count: usize,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_last_before", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let rows = store.last_before(uuid, Timestamp::from_micros(before), count)?;
            output::write_handle(cursor, OpenCursor::of_stream(store, uuid, rows))
        })
    }
}

/// Opens a cursor over the observation as of an instant: the one that lies latest in time
/// among those at the instant and before it.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param ts           the instant, in microseconds UTC.
/// @param cursor       receives the handle; it gives one row or none.
/// @param error        see satori_error; may be NULL.
/// @return as satori_last.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_as_of(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    ts: i64,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_as_of", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let row = store.as_of(uuid, Timestamp::from_micros(ts))?;
            output::write_handle(cursor, OpenCursor::of_stream(store, uuid, row))
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

/// Opens a cursor over the latest observation of each of several streams, in the order of
/// `uuids`, all of one state of the store. A stream without a row, be it in the store or not,
/// gives none: satori_cursor_streams says of which streams the rows are.
///
/// The store keeps what it has prepared for each stream, 2.4 KB or, if it stores text, 12, so that
/// the next call takes a tenth of the time of the first. All that a store keeps prepared takes
/// 42 MB at most: room for 10,000 streams of Unix seconds or 2,600 of text.
///
/// @param store   the store.
/// @param count   how many streams.
/// @param uuids   their uuids.
/// @param cursor  receives the handle; the rows are held in memory.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, SATORI_UNREADABLE_ROW (for
///         the first stream whose latest row can't be read; with skip_unreadable it is
///         passed over), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_latest_of(
    store: *const satori_store,
    count: usize,
    uuids: *const satori_text,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_latest_of", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let uuids = input::uuids(uuids, count)?;
            let latest = store.latest_of(&uuids.iter().collect::<Vec<_>>())?;
            let rows = uuids.into_iter().zip(latest);
            let rows = rows.filter_map(|(uuid, row)| Some((uuid, row?))).collect();
            output::write_handle(cursor, OpenCursor::new(store, Source::Streams(rows)))
        })
    }
}

/// Opens a cursor over the latest observation of every stream that has one, all of one state
/// of the store, in the order of satori_streams_with_data. satori_cursor_streams says of
/// which streams the rows are.
///
/// @param store   the store.
/// @param cursor  receives the handle; the rows are held in memory.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_UNREADABLE_ROW (as satori_latest_of), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_latest_of_all(
    store: *const satori_store,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_latest_of_all", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let source = Source::Streams(store.latest_of_all()?);
            output::write_handle(cursor, OpenCursor::new(store, source))
        })
    }
}
