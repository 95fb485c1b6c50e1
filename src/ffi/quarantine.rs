//! Rows that can't be read: listing them, moving them out, putting them back.

use std::ffi::c_char;

use super::error::{Failure, satori_error};
use super::guard::Guard;
use super::list::{self, satori_stream_list};
use super::output::{self, optional, required};
use super::status::satori_status;
use super::store::satori_store;
use super::string::{self, satori_string};
use crate::StoredRow;

/// Writes how many rows there are, and the rows as JSON.
///
/// # Safety
/// Each is NULL or may be written.
unsafe fn write_rows(
    found: &[StoredRow],
    count: *mut u64,
    rows: *mut *mut satori_string,
) -> Result<(), Failure> {
    // SAFETY: by the caller's word.
    unsafe {
        output::write(count, found.len() as u64);
        string::write_json(rows, &found)
    }
}

/// Lists a stream's rows that can't be read, as they are stored: installed engines have
/// stored `None` for a timestamp, and infinities, text and blobs for values. Reading the
/// stream ends at such a row with SATORI_UNREADABLE_ROW; satori_quarantine moves them out
/// of the way.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        receives how many there are; may be NULL.
/// @param rows         receives them as JSON: an array of {ts, value, hash, provider,
///                     reason}, the first four as SQL literals such as "'None'". May be
///                     NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND,
///         SATORI_NOT_A_STREAM, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_unreadable(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: *mut u64,
    rows: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let outputs = [optional(count, "count"), optional(rows, "rows")];
    let guard = Guard::new("satori_unreadable", error, outputs);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            write_rows(&store.unreadable(uuid)?, count, rows)
        })
    }
}

/// Moves a stream's rows that can't be read out of its table, as they are stored and with
/// the reason, in one transaction. They are kept in the table `__satori_quarantine` of
/// the same file, which any SQL program can read, until satori_restore puts them back.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param dry_run      not 0: nothing is moved; the rows that would be are listed.
/// @param moved        receives how many rows were moved; may be NULL.
/// @param rows         receives them as JSON, as satori_unreadable gives them. May be
///                     NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_unreadable, or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_quarantine(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    dry_run: i32,
    moved: *mut u64,
    rows: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let outputs = [optional(moved, "moved"), optional(rows, "rows")];
    let guard = Guard::new("satori_quarantine", error, outputs);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let found = match dry_run {
                0 => store.quarantine(uuid)?,
                _ => store.unreadable(uuid)?,
            };
            write_rows(&found, moved, rows)
        })
    }
}

/// Lists a stream's rows that satori_quarantine has moved, in the order in which it did. A
/// stream without such rows, or unknown, has none.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        receives how many there are; may be NULL.
/// @param rows         receives them as JSON, as satori_unreadable gives them. May be
///                     NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM (something else has the
///         name `__satori_quarantine`), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_quarantined(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: *mut u64,
    rows: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let outputs = [optional(count, "count"), optional(rows, "rows")];
    let guard = Guard::new("satori_quarantined", error, outputs);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            write_rows(&store.quarantined(uuid)?, count, rows)
        })
    }
}

/// Lists the streams of which satori_quarantine has moved rows that are still where it put
/// them, in the order in which their first was moved: of each, `uuid` alone is set. They need
/// not have metadata or data, as satori_remove leaves the rows in the quarantine.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NOT_A_STREAM (something else has the name
///         `__satori_quarantine`), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_quarantined_streams(
    store: *const satori_store,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_quarantined_streams",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            list::write(streams, store.quarantined_streams()?)
        })
    }
}

/// Puts a stream's rows that satori_quarantine has moved back where they were, in one
/// transaction. A row stays in the quarantine if its key is taken by now, or its instant is
/// by a row that came meanwhile, or if the stream has no table, or one that doesn't take it.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param restored     receives how many rows are back; may be NULL.
/// @param kept         receives how many stay in the quarantine; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_unreadable, or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_restore(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    restored: *mut u64,
    kept: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let outputs = [optional(restored, "restored"), optional(kept, "kept")];
    let guard = Guard::new("satori_restore", error, outputs);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let done = store.restore(uuid)?;
            output::write(restored, done.restored);
            output::write(kept, done.kept);
            Ok(())
        })
    }
}
