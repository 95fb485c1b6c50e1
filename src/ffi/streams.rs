//! Stream metadata.

use std::ffi::c_char;
use std::sync::Arc;

use super::error::{Failure, satori_error, satori_status};
use super::input::{check_optional, check_pointer};
use super::store::satori_store;
use super::stream::{OwnedStream, satori_stream, satori_stream_patch};
use super::string::satori_string;
use super::{guard, input, output, registry};
use crate::model::stream::{Stream, StreamPatch};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::store::{Remove, Store};

/// Streams that a call found: a list, often of one. Free it with
/// `satori_streams_free`.
pub struct satori_streams {
    _opaque: [u8; 0],
}

/// Runs `find` on the store and hands out what it found as a list.
///
/// # Safety
/// As the exported functions that call it.
unsafe fn list<T: Into<OwnedStream>, Found: IntoIterator<Item = T>>(
    name: &str,
    store: *const satori_store,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
    find: impl FnOnce(&Store) -> Result<Found, Failure>,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_pointer(streams, "streams")?;
        let found: Arc<[OwnedStream]> = find(&opened)?.into_iter().map(Into::into).collect();
        // SAFETY: by the caller's word.
        unsafe { output::write_handle(streams, found) }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call(name, store.addr(), error, body) }
}

/// Writes a stream's metadata and sets its `last_synced` to now, making the row
/// where there is none. `id` and `created_at` never change.
///
/// @param store        the store.
/// @param uuid         the stream's uuid: 1 to 255 bytes without control characters.
/// @param uuid_length  its length in bytes.
/// @param patch        what to write; NULL writes `last_synced` alone.
/// @param streams      receives a list of the one stream as it stands now; may be
///                     NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_OBSERVATION_TABLE (the uuid
///         is the name of a table of another shape, or another stream's in other
///         case), or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_upsert_stream(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    patch: *const satori_stream_patch,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    let write =
        |store: &Store, uuid: &StreamUuid, patch: &StreamPatch| store.upsert_stream(uuid, patch);
    // SAFETY: by the caller's word.
    unsafe {
        patched(
            "satori_upsert_stream",
            store,
            (uuid, uuid_length),
            patch,
            streams,
            error,
            write,
        )
    }
}

/// Changes the metadata that a stream has; `last_synced` stays as it is.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param patch        what to write.
/// @param streams      receives a list of the one stream as it stands now; may be
///                     NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND, or what any
///         call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_update_stream(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    patch: *const satori_stream_patch,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    let write =
        |store: &Store, uuid: &StreamUuid, patch: &StreamPatch| store.update_stream(uuid, patch);
    // SAFETY: by the caller's word.
    unsafe {
        patched(
            "satori_update_stream",
            store,
            (uuid, uuid_length),
            patch,
            streams,
            error,
            write,
        )
    }
}

/// # Safety
/// As the exported functions that call it.
unsafe fn patched(
    name: &str,
    store: *const satori_store,
    (uuid, uuid_length): (*const c_char, usize),
    patch: *const satori_stream_patch,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
    write: impl FnOnce(&Store, &StreamUuid, &StreamPatch) -> crate::Result<Stream>,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_optional(streams, "streams")?;
        // SAFETY: by the caller's word.
        let (uuid, patch) = unsafe {
            let patch = match input::growable(patch, "patch")? {
                Some(patch) => patch.to_patch()?,
                None => StreamPatch::new(),
            };
            (input::uuid(uuid, uuid_length)?, patch)
        };
        let stream = write(&opened, &uuid, &patch)?;
        if streams.is_null() {
            return Ok(());
        }
        let found: Arc<[OwnedStream]> = Arc::new([stream.into()]);
        // SAFETY: by the caller's word.
        unsafe { output::write_handle(streams, found) }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call(name, store.addr(), error, body) }
}

/// The stream of this uuid.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param streams      receives a list of one stream, or of none.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_by_uuid(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list("satori_stream_by_uuid", store, streams, error, |store| {
            let uuid = input::uuid(uuid, uuid_length)?;
            Ok(store.stream_as::<OwnedStream>(&uuid)?)
        })
    }
}

/// The stream of this uuid, in memory of the caller's: the fastest way to look one up,
/// with nothing to free.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param stream       receives it; set its size first (satori_stream_init does).
/// @param texts        receives its texts, NUL-terminated, to which `stream` points.
/// @param capacity     how many bytes `texts` has room for.
/// @param needed       receives how many bytes of `texts` the stream takes, also where
///                     they are more than `capacity`. 0: there is no such stream, and
///                     `stream` is left as it is.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_INVALID_ARGUMENT (`capacity` is less
///         than `needed`, or there is no such size), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_stream(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    stream: *mut satori_stream,
    texts: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_pointer(stream, "stream")?;
        check_pointer(needed, "needed")?;
        // SAFETY: by the caller's word; each pointer is checked before it is used.
        unsafe {
            input::check_growable(stream, "stream")?;
            let room = input::array_mut(texts, capacity, "texts")?;
            let uuid = input::uuid(uuid, uuid_length)?;
            let Some(found) = opened.stream_as::<OwnedStream>(&uuid)? else {
                output::write(needed, 0);
                return Ok(());
            };
            output::write(needed, found.buffer.len());
            let room = room.get_mut(..found.buffer.len()).ok_or_else(|| {
                let needed = found.buffer.len();
                Failure::argument(format!(
                    "capacity is {capacity}: the stream's texts need {needed} bytes"
                ))
            })?;
            for (to, from) in room.iter_mut().zip(&found.buffer) {
                *to = c_char::from_ne_bytes([*from]);
            }
            output::write_growable(stream, &found.view(room.as_ptr()), "stream")
        }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_get_stream", store.addr(), error, body) }
}

/// All streams of this name: the most recently synced first, then the lowest id.
/// Names are not unique; the first is the one to take where one is wanted.
///
/// @param store        the store.
/// @param name         the name, exactly.
/// @param name_length  its length in bytes.
/// @param streams      receives the list.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_by_name(
    store: *const satori_store,
    name: *const c_char,
    name_length: usize,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list("satori_streams_by_name", store, streams, error, |store| {
            Ok(store.streams_by_name(input::text(name, name_length, "name")?)?)
        })
    }
}

/// All streams to which the server gives this number, the most recently synced
/// first.
///
/// @param store             the store.
/// @param server_stream_id  the server's number.
/// @param streams           receives the list.
/// @param error             see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_by_server_id(
    store: *const satori_store,
    server_stream_id: i64,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list(
            "satori_streams_by_server_id",
            store,
            streams,
            error,
            |store| Ok(store.streams_by_server_id(server_stream_id)?),
        )
    }
}

/// All streams that have metadata, by id.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_all(
    store: *const satori_store,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list("satori_streams_all", store, streams, error, |store| {
            Ok(store.streams()?)
        })
    }
}

/// The streams whose name or description has `part` in it; ASCII letters match
/// in either case.
///
/// @param store        the store.
/// @param part         the part.
/// @param part_length  its length in bytes.
/// @param streams      receives the list.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_search_streams(
    store: *const satori_store,
    part: *const c_char,
    part_length: usize,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list("satori_search_streams", store, streams, error, |store| {
            Ok(store.search_streams(input::text(part, part_length, "part")?)?)
        })
    }
}

/// The streams not synced since `since`, those never synced among them, the
/// longest unsynced first.
///
/// @param store    the store.
/// @param since    an instant, in microseconds UTC.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stale_streams(
    store: *const satori_store,
    since: i64,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list("satori_stale_streams", store, streams, error, |store| {
            Ok(store.stale_streams(Timestamp::from_micros(since))?)
        })
    }
}

/// Tables that hold observations of a stream without metadata: in each, `uuid`
/// alone is set.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_without_metadata(
    store: *const satori_store,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list(
            "satori_streams_without_metadata",
            store,
            streams,
            error,
            |store| Ok(store.streams_without_metadata()?),
        )
    }
}

/// The streams that have a table, with metadata or without, in the order of the
/// tables' making: in each, `uuid` alone is set.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_with_table(
    store: *const satori_store,
    streams: *mut *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        list(
            "satori_streams_with_table",
            store,
            streams,
            error,
            |store| Ok(store.streams_with_table()?),
        )
    }
}

/// The number of streams in a list.
///
/// @param streams  the list.
/// @param count    receives the number.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_count(
    streams: *const satori_streams,
    count: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let found: Arc<[OwnedStream]> = registry::get(streams.addr())?;
        check_pointer(count, "count")?;
        // SAFETY: by the caller's word.
        unsafe { output::write(count, found.len()) };
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_streams_count", streams.addr(), error, body) }
}

/// One stream of a list.
///
/// @param streams  the list.
/// @param index    which, from 0.
/// @param stream   receives it; set its size first (satori_stream_init does). Its
///                 texts live until the list is freed.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE,
///         SATORI_INVALID_ARGUMENT (no such index, or no such size).
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_get(
    streams: *const satori_streams,
    index: usize,
    stream: *mut satori_stream,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let found: Arc<[OwnedStream]> = registry::get(streams.addr())?;
        let owned = found.get(index).ok_or_else(|| {
            Failure::argument(format!(
                "index is {index}, but there are {} streams",
                found.len()
            ))
        })?;
        // SAFETY: by the caller's word.
        unsafe {
            output::write_growable(stream, &owned.view(owned.buffer.as_ptr().cast()), "stream")
        }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_streams_get", streams.addr(), error, body) }
}

/// Frees a list, and with it the texts of its streams.
///
/// @param streams  the list; NULL is fine.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_free(
    streams: *mut satori_streams,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { registry::free::<Arc<[OwnedStream]>>("satori_streams_free", streams.addr(), error) }
}

/// Writes the metadata of many streams in one transaction: a JSON array of stream
/// objects, as a sync of every stream answers, or one object a line. Of each
/// field, absent keeps what is stored and null clears it.
///
/// @param store   the store.
/// @param json    the JSON.
/// @param length  its length in bytes.
/// @param report  receives the report as JSON: `new`, `changed`, `unchanged` (uuids)
///                and `rejected` (index, line, error). May be NULL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK (also where objects were rejected), SATORI_INVALID_JSON, or
///         what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_sync_streams(
    store: *const satori_store,
    json: *const c_char,
    length: usize,
    report: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_optional(report, "report")?;
        // SAFETY: by the caller's word.
        let answer = opened.sync_streams(unsafe { input::bytes(json, length, "json") }?)?;
        // SAFETY: by the caller's word.
        unsafe { output::write_string(report, || output::json(&answer)) }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_sync_streams", store.addr(), error, body) }
}

/// What `satori_remove` removes.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_remove_what {
    /// The row in `streams`; the observations stay.
    SATORI_REMOVE_METADATA = 1,
    /// The observations, table and all; the metadata stays.
    SATORI_REMOVE_DATA = 2,
    /// Both.
    SATORI_REMOVE_BOTH = 3,
}

/// Removes a stream's metadata, its data, or both. What is not there is no error.
///
/// @param store             the store.
/// @param uuid              the stream's uuid.
/// @param uuid_length       its length in bytes.
/// @param what              a satori_remove_what.
/// @param removed_metadata  receives 1 where there was metadata, else 0; may be NULL.
/// @param removed_rows      receives how many observations went; may be NULL.
/// @param error             see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_INVALID_ARGUMENT,
///         SATORI_NOT_OBSERVATION_TABLE, or what any call that writes returns.
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
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_optional(removed_metadata, "removed_metadata")?;
        check_optional(removed_rows, "removed_rows")?;
        // SAFETY: by the caller's word.
        let uuid = unsafe { input::uuid(uuid, uuid_length) }?;
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
        let removed = opened.remove(&uuid, what)?;
        // SAFETY: by the caller's word.
        unsafe {
            output::write(removed_metadata, i32::from(removed.metadata));
            output::write(removed_rows, removed.rows.unwrap_or(0));
        }
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_remove", store.addr(), error, body) }
}
