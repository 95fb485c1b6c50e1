//! Writing and removing streams.

use std::ffi::c_char;

use super::error::{Failure, satori_error};
use super::guard::Guard;
use super::list::{self, satori_stream_list};
use super::output::{self, optional};
use super::status::satori_status;
use super::store::satori_store;
use super::stream::satori_stream_patch;
use super::stream_fields::read_patch;
use crate::Remove;

/// Writes a stream's metadata and sets its `last_synced` to now. A stream that has
/// none gets it; `id` and `created_at` never change.
///
/// @param store        the store.
/// @param uuid         the stream's uuid: 1 to 255 bytes without control characters.
/// @param uuid_length  its length in bytes.
/// @param patch        what to write; NULL writes `last_synced` alone.
/// @param streams      receives a list of the one stream, with what is stored now; may
///                     be NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, or what any call that
///         writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_upsert_stream(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    patch: *const satori_stream_patch,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_upsert_stream",
        error,
        [optional(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let stream = store.upsert_stream(uuid, &read_patch(patch)?)?;
            list::write(streams, [stream])
        })
    }
}

/// Changes the metadata that a stream has; `last_synced` stays.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param patch        what to write; NULL changes nothing.
/// @param streams      receives a list of the one stream, with what is stored now; may
///                     be NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND (it has no
///         metadata), or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_update_stream(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    patch: *const satori_stream_patch,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_update_stream",
        error,
        [optional(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let stream = store.update_stream(uuid, &read_patch(patch)?)?;
            list::write(streams, [stream])
        })
    }
}

/// What `satori_remove` removes.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_remove_what {
    /// The metadata; the observations stay.
    SATORI_REMOVE_METADATA = 1,
    /// The data: the observations and their place; the metadata stays.
    SATORI_REMOVE_DATA = 2,
    /// Both.
    SATORI_REMOVE_BOTH = 3,
}

/// Removes a stream's metadata, its data, or both. It is no error if there is none.
///
/// @param store             the store.
/// @param uuid              the stream's uuid.
/// @param uuid_length       its length in bytes.
/// @param what              a satori_remove_what.
/// @param removed_metadata  receives 1 if there was metadata, else 0; may be NULL.
/// @param removed_rows      receives how many observations were removed; may be NULL.
/// @param error             see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_INVALID_ARGUMENT (no such choice),
///         SATORI_NOT_A_STREAM, or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_remove(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    what: i32,
    removed_metadata: *mut i32,
    removed_rows: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_remove",
        error,
        [
            optional(removed_metadata, "removed_metadata"),
            optional(removed_rows, "removed_rows"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let what = match what {
                1 => Remove::Metadata,
                2 => Remove::Data,
                3 => Remove::Both,
                other => {
                    return Err(Failure::argument(format!(
                        "what is {other}: no such choice"
                    )));
                }
            };
            let removed = store.remove(uuid, what)?;
            output::write(removed_metadata, i32::from(removed.metadata));
            output::write(removed_rows, removed.rows.unwrap_or(0));
            Ok(())
        })
    }
}
