//! Finding streams by anything else, and listing them.

use std::ffi::c_char;

use super::error::satori_error;
use super::guard::Guard;
use super::input::{self, satori_text};
use super::list::{self, satori_stream_list};
use super::output::required;
use super::status::satori_status;
use super::store::satori_store;
use super::stream_fields::OwnedStream;
use crate::Timestamp;

/// Finds all streams of this name: the most recently synced first, then the lowest
/// id. Names are not unique; if one stream is wanted, take the first.
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
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_streams_by_name",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let name = input::text(name, name_length, "name")?;
            list::write(streams, store.streams_by_name(name)?)
        })
    }
}

/// Finds the streams of these uuids, in their order, all of one state of the store. One that
/// has no metadata gives no item.
///
/// @param store    the store.
/// @param count    how many uuids.
/// @param uuids    the uuids.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_of(
    store: *const satori_store,
    count: usize,
    uuids: *const satori_text,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_streams_of", error, [required(streams, "streams")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let uuids = input::uuids(uuids, count)?;
            let found = store.streams_of(&uuids.iter().collect::<Vec<_>>())?;
            list::write(streams, found.into_iter().flatten())
        })
    }
}

/// Finds the stream of each of these names, in their order, all of one state of the store, as
/// satori_get_stream_by_name chooses it. A name that no stream has gives no item.
///
/// @param store    the store.
/// @param count    how many names.
/// @param names    the names, exactly.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UTF8, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_named(
    store: *const satori_store,
    count: usize,
    names: *const satori_text,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_streams_named",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let names = input::texts(names, count, "names")?;
            list::write(streams, store.streams_named(&names)?.into_iter().flatten())
        })
    }
}

/// Finds all streams to which the server gives this number, the most recently synced
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
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_streams_by_server_id",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            list::write(streams, store.streams_by_server_id(server_stream_id)?)
        })
    }
}

/// Lists all streams that have metadata, by id.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams(
    store: *const satori_store,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_streams", error, [required(streams, "streams")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            list::write(streams, store.streams_as::<OwnedStream>()?)
        })
    }
}

/// Finds the streams whose name or description contains `part`; ASCII letters match
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
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_search_streams",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let part = input::text(part, part_length, "part")?;
            list::write(streams, store.search_streams(part)?)
        })
    }
}

/// Finds the streams not synced since `since`, the longest unsynced first. Those
/// never synced are among them.
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
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_stale_streams",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            list::write(streams, store.stale_streams(Timestamp::from_micros(since))?)
        })
    }
}

/// Lists the streams that have data and no metadata: of each, `uuid` alone is set.
/// They get metadata with their next payload.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_without_metadata(
    store: *const satori_store,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_streams_without_metadata",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            list::write(streams, store.streams_without_metadata()?)
        })
    }
}

/// Lists the streams that have data, with metadata or without, in the order in which
/// they got it: of each, `uuid` alone is set. A stream whose rows were all deleted
/// still is among them.
///
/// @param store    the store.
/// @param streams  receives the list.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_streams_with_data(
    store: *const satori_store,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_streams_with_data",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            list::write(streams, store.streams_with_data()?)
        })
    }
}
