//! Texts into instants and uuids. No store is needed.

use std::ffi::c_char;

use super::error::{satori_error, satori_status};
use super::guard::Guard;
use super::input;
use super::input::satori_text;
use super::output::{self, required};
use crate::{StreamUuid, Timestamp};

/// Reads a timestamp in any spelling that the store reads: Unix seconds, finer
/// units by magnitude, ISO 8601.
///
/// @param text    the text.
/// @param length  its length in bytes.
/// @param ts      receives the instant, in microseconds UTC.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_TIMESTAMP, SATORI_INVALID_UTF8,
///         SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_parse_timestamp(
    text: *const c_char,
    length: usize,
    ts: *mut i64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_parse_timestamp", error, [required(ts, "ts")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.run(|| {
            let parsed: Timestamp = input::text(text, length, "text")?.parse()?;
            output::write(ts, parsed.as_micros());
            Ok(())
        })
    }
}

/// Bytes of a UUID's text, the closing NUL included.
pub const SATORI_UUID_SIZE: usize = 37;

/// Returns the UUID that Satori gives a stream: version 5, in the DNS namespace, of
/// "source:author:stream:target".
///
/// @param source  who delivers it, such as "central".
/// @param author  who may publish.
/// @param stream  its name.
/// @param target  its field; often empty.
/// @param uuid    receives SATORI_UUID_SIZE bytes: the text and a NUL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_NULL_POINTER,
///         SATORI_INVALID_ARGUMENT.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_stream_uuid(
    source: satori_text,
    author: satori_text,
    stream: satori_text,
    target: satori_text,
    uuid: *mut c_char,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_stream_uuid", error, [required(uuid, "uuid")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.run(|| {
            let part = |text: satori_text, name| text.get(name).map(Option::unwrap_or_default);
            let made = StreamUuid::from_parts(
                part(source, "source")?,
                part(author, "author")?,
                part(stream, "stream")?,
                part(target, "target")?,
            );
            let room = input::array_mut(uuid.cast::<u8>(), SATORI_UUID_SIZE, "uuid")?;
            room.fill(0);
            room[..SATORI_UUID_SIZE - 1].copy_from_slice(made.as_str().as_bytes());
            Ok(())
        })
    }
}
