//! Lists of streams, which most look-ups give.

use super::error::{Failure, satori_error};
use super::growable;
use super::guard::{self, Guard};
use super::output::{self, required, required_struct};
use super::registry::Handle;
use super::status::satori_status;
use super::stream::satori_stream;
use super::stream_fields::{Columns, OwnedStream};
use super::string::{self, satori_string};

/// Streams that a call found: often one. Free the list with `satori_stream_list_free`.
pub struct satori_stream_list {
    _opaque: [u8; 0],
}

impl Handle for satori_stream_list {
    type Object = Box<[OwnedStream]>;
    const NAME: &'static str = "satori_stream_list";
}

/// Gives the streams as a list, unless the caller doesn't want it.
///
/// # Safety
/// `place` is NULL or may be written.
pub(super) unsafe fn write<T: Into<OwnedStream>>(
    place: *mut *mut satori_stream_list,
    streams: impl IntoIterator<Item = T>,
) -> Result<(), Failure> {
    if place.is_null() {
        return Ok(());
    }
    let streams = streams.into_iter().map(Into::into).collect();
    // SAFETY: by the caller's word.
    unsafe { output::write_handle(place, streams) }
}

/// Returns the number of streams in a list.
///
/// @param streams  the list.
/// @param count    receives the number.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
///         SATORI_POISONED.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_list_count(
    streams: *const satori_stream_list,
    count: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_stream_list_count",
        error,
        [required(count, "count")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(streams, |streams| {
            output::write(count, streams.len());
            Ok(())
        })
    }
}

/// Reads one stream of a list.
///
/// @param streams  the list.
/// @param index    which, from 0.
/// @param stream   receives it; set its size first (satori_stream_init does). Its
///                 texts live until the list is freed.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
///         SATORI_POISONED, SATORI_INVALID_ARGUMENT (no such index, or no such size).
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_list_get(
    streams: *const satori_stream_list,
    index: usize,
    stream: *mut satori_stream,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_stream_list_get",
        error,
        [required_struct(stream, "stream")],
    );
    // SAFETY: by the caller's word. The registry keeps the texts.
    unsafe {
        guard.with(streams, |streams| {
            let owned = streams.get(index).ok_or_else(|| {
                let count = streams.len();
                Failure::argument(format!("index is {index}, but there are {count} streams"))
            })?;
            growable::write(stream, &owned.view(owned.texts().as_ptr().cast()), "stream")
        })
    }
}

/// Returns the streams of a list all at once, as JSON: an object with an array for each
/// member of satori_stream that is set in one of them, by its name. Item by item the arrays
/// hold the streams in order; null is not set. Times are text, as table `streams` holds
/// those that the store writes.
///
/// @param streams  the list.
/// @param json     receives the text.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
///         SATORI_POISONED.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_list_columns(
    streams: *const satori_stream_list,
    json: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_stream_list_columns",
        error,
        [required(json, "json")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(streams, |streams| {
            string::write_json(json, &Columns(streams))
        })
    }
}

/// Frees a list, and with it the texts of its streams.
///
/// @param streams  the list; NULL is fine.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
///         "Processes").
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_list_free(
    streams: *mut satori_stream_list,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { guard::free("satori_stream_list_free", streams, error) }
}
