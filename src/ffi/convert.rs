//! Texts into instants and uuids. No store is needed.

use std::ffi::c_char;

use super::error::{Failure, satori_error};
use super::guard::Guard;
use super::input;
use super::input::satori_text;
use super::output::{self, required};
use super::status::satori_status;
use crate::{StreamUuid, TimeUnit, Timestamp};

/// The unit in which a number counts the time since 1970-01-01 UTC, also if it is given
/// as text. Text of a date and a time has no unit.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_time_unit {
    /// Recognised by the number's magnitude: milli-, micro- and nanoseconds begin at 1e11,
    /// 1e14 and 1e17, either way. Milliseconds of the years 1967 to 1973 look like seconds:
    /// name the unit of a feed that has such instants.
    SATORI_TIME_UNIT_AUTO = 0,
    /// Seconds.
    SATORI_TIME_UNIT_SECONDS = 1,
    /// Milliseconds.
    SATORI_TIME_UNIT_MILLISECONDS = 2,
    /// Microseconds.
    SATORI_TIME_UNIT_MICROSECONDS = 3,
    /// Nanoseconds.
    SATORI_TIME_UNIT_NANOSECONDS = 4,
}

/// Returns the unit that has this number; `name` names it in the error.
pub(super) fn time_unit(unit: i32, name: &str) -> Result<TimeUnit, Failure> {
    Ok(match unit {
        0 => TimeUnit::Auto,
        1 => TimeUnit::Seconds,
        2 => TimeUnit::Milliseconds,
        3 => TimeUnit::Microseconds,
        4 => TimeUnit::Nanoseconds,
        other => {
            let message = format!("{name} is {other}: no such unit of time");
            return Err(Failure::argument(message));
        }
    })
}

/// Reads a timestamp in any spelling that the store reads: Unix seconds or a finer
/// unit, ISO 8601. What is finer than a microsecond is rounded to the nearest one, a half
/// to the later.
///
/// @param text    the text.
/// @param length  its length in bytes.
/// @param unit    a `satori_time_unit`, for text that is a number.
/// @param ts      receives the instant, in microseconds UTC.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_TIMESTAMP, SATORI_INVALID_UTF8,
///         SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_parse_timestamp(
    text: *const c_char,
    length: usize,
    unit: i32,
    ts: *mut i64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_parse_timestamp", error, [required(ts, "ts")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.run(|| {
            let unit = time_unit(unit, "unit")?;
            let parsed = Timestamp::parse_in(input::text(text, length, "text")?, unit)?;
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
