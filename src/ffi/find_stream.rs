//! Finding one stream by its uuid.

use std::ffi::c_char;

use super::error::{Failure, satori_error};
use super::growable;
use super::guard::Guard;
use super::input;
use super::list::{self, satori_stream_list};
use super::output::{self, required, required_struct};
use super::status::satori_status;
use super::store::satori_store;
use super::stream::satori_stream;
use super::stream_fields::OwnedStream;
use super::string;

/// Reports whether the store has a stream: its metadata, or data.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param contains     receives 1 if it has, else 0.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, or what any call
///         returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_contains(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    contains: *mut i32,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_contains", error, [required(contains, "contains")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            output::write(contains, i32::from(store.contains(uuid)?));
            Ok(())
        })
    }
}

/// Finds the stream of this uuid.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param streams      receives a list of one stream, or of none if the stream has no
///                     metadata.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_by_uuid(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    streams: *mut *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_stream_by_uuid",
        error,
        [required(streams, "streams")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            list::write(streams, store.stream_as::<OwnedStream>(uuid)?)
        })
    }
}

/// Finds the stream of this uuid, and writes it into memory of the caller's: the
/// fastest way to look one up, with nothing to free.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param stream       receives it; set its size first (satori_stream_init does).
/// @param texts        receives its texts, NUL-terminated, to which `stream` points.
/// @param capacity     how many bytes `texts` has room for.
/// @param needed       receives how many bytes of `texts` the stream takes, also if
///                     they are more than `capacity`. 0: the stream has no metadata,
///                     and `stream` is left as it is.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_BUFFER_TOO_SMALL (`capacity` is less
///         than `needed`), SATORI_INVALID_ARGUMENT (there is no such size), or what any
///         call returns.
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
    let guard = Guard::new(
        "satori_get_stream",
        error,
        [
            required_struct(stream, "stream"),
            required(needed, "needed"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let found = || Ok(store.stream_as::<OwnedStream>(uuid)?);
            write_stream(found, stream, texts, capacity, needed)
        })
    }
}

/// Finds the stream of this name, and writes it into memory of the caller's, as
/// satori_get_stream does. Of several it is the most recently synced, then the one with
/// the lowest id.
///
/// @param store        the store.
/// @param name         the name.
/// @param name_length  its length in bytes.
/// @param stream       receives it; set its size first (satori_stream_init does).
/// @param texts        receives its texts, NUL-terminated, to which `stream` points.
/// @param capacity     how many bytes `texts` has room for.
/// @param needed       receives how many bytes of `texts` the stream takes, also if
///                     they are more than `capacity`. 0: no stream has the name, and
///                     `stream` is left as it is.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_BUFFER_TOO_SMALL (`capacity` is less
///         than `needed`), SATORI_INVALID_ARGUMENT (there is no such size), or what any
///         call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_stream_by_name(
    store: *const satori_store,
    name: *const c_char,
    name_length: usize,
    stream: *mut satori_stream,
    texts: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_get_stream_by_name",
        error,
        [
            required_struct(stream, "stream"),
            required(needed, "needed"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let name = input::text(name, name_length, "name")?;
            let found = || Ok(store.stream_by_name_as::<OwnedStream>(name)?);
            write_stream(found, stream, texts, capacity, needed)
        })
    }
}

/// Finds the stream of this uuid, and writes its row of table `streams` as JSON into memory
/// of the caller's: for hosts that make an object of it.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param json         receives an object with all columns by their names, NUL-terminated.
///                     Times are text, as the store writes them into the columns.
/// @param capacity     how many bytes `json` has room for.
/// @param needed       receives how many bytes of `json` the object takes with its NUL,
///                     also if they are more than `capacity`. 0: the stream has no
///                     metadata, and `json` is left as it is.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_BUFFER_TOO_SMALL (`capacity` is less
///         than `needed`), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_stream_json(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    json: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_get_stream_json",
        error,
        [required(needed, "needed")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let found = || Ok(store.stream_as::<OwnedStream>(uuid)?);
            write_stream_json(found, json, capacity, needed)
        })
    }
}

/// Finds the stream of this name, as satori_get_stream_by_name does, and writes it as
/// satori_get_stream_json does.
///
/// @param store        the store.
/// @param name         the name.
/// @param name_length  its length in bytes.
/// @param json         receives an object with all columns by their names, NUL-terminated.
///                     Times are text, as the store writes them into the columns.
/// @param capacity     how many bytes `json` has room for.
/// @param needed       receives how many bytes of `json` the object takes with its NUL,
///                     also if they are more than `capacity`. 0: no stream has the name,
///                     and `json` is left as it is.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_BUFFER_TOO_SMALL (`capacity` is less
///         than `needed`), or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_stream_by_name_json(
    store: *const satori_store,
    name: *const c_char,
    name_length: usize,
    json: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_get_stream_by_name_json",
        error,
        [required(needed, "needed")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let name = input::text(name, name_length, "name")?;
            let found = || Ok(store.stream_by_name_as::<OwnedStream>(name)?);
            write_stream_json(found, json, capacity, needed)
        })
    }
}

/// Writes what is found into the caller's memory, as JSON.
///
/// # Safety
/// `needed` may be written; `json` has room for `capacity` bytes.
unsafe fn write_stream_json(
    found: impl FnOnce() -> Result<Option<OwnedStream>, Failure>,
    json: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> Result<(), Failure> {
    // SAFETY: by the caller's word.
    unsafe {
        let room = input::array_mut(json.cast::<u8>(), capacity, "json")?;
        match found()? {
            Some(found) => output::write_texts(&string::json_of(&found), room, needed),
            None => {
                output::write(needed, 0);
                Ok(())
            }
        }
    }
}

/// Writes what is found into the caller's memory.
///
/// # Safety
/// `stream` and `needed` may be written; `texts` has room for `capacity` bytes.
unsafe fn write_stream(
    found: impl FnOnce() -> Result<Option<OwnedStream>, Failure>,
    stream: *mut satori_stream,
    texts: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> Result<(), Failure> {
    // SAFETY: by the caller's word.
    unsafe {
        let room = input::array_mut(texts.cast::<u8>(), capacity, "texts")?;
        let Some(found) = found()? else {
            output::write(needed, 0);
            return Ok(());
        };
        output::write_texts(found.texts(), room, needed)?;
        growable::write(stream, &found.view(texts), "stream")
    }
}
