//! Observations: counts, whole-stream operations.

use std::ffi::c_char;
use std::mem;

use super::error::{Failure, satori_error, satori_status};
use super::input::{Growable, check_optional, check_pointer, satori_text};
use super::store::satori_store;
use super::stream::SATORI_NO_INSTANT;
use super::string::satori_string;
use super::{guard, input, output, registry};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::store::Store;

/// What a stream holds, in numbers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_statistics {
    /// sizeof(satori_statistics); see "Structs that may grow".
    pub size: usize,
    /// Rows.
    pub count: u64,
    /// Rows whose timestamp can't be read; they count in `count` alone.
    pub unreadable: u64,
    /// The earliest instant in microseconds UTC, or SATORI_NO_INSTANT.
    pub first: i64,
    /// The latest instant in microseconds UTC, or SATORI_NO_INSTANT.
    pub last: i64,
    /// The least value; 0 where there are no rows.
    pub minimum: f64,
    /// The greatest value; 0 where there are no rows.
    pub maximum: f64,
    /// The sum of the values.
    pub sum: f64,
    /// The most frequent time between one row and the next, in microseconds; 0
    /// below two rows.
    pub spacing: i64,
    /// How many times the next row came later than one and a half spacings.
    pub gaps: u64,
}

// SAFETY: plain data.
unsafe impl Growable for satori_statistics {}

/// What a walk along a hash chain found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_verification {
    /// sizeof(satori_verification); see "Structs that may grow".
    pub size: usize,
    /// Rows walked.
    pub rows: u64,
    /// Rows whose hash is the rule's.
    pub verified: u64,
    /// Rows whose hash is not made by the rule, as a server may send, or that
    /// arrived late.
    pub foreign: u64,
    /// Rows that fail although their neighbours hold: changed since.
    pub suspect: u64,
}

// SAFETY: plain data.
unsafe impl Growable for satori_verification {}

/// Runs `work` on one stream of the store.
///
/// # Safety
/// As the exported functions that call it.
unsafe fn on_stream(
    name: &str,
    store: *const satori_store,
    (uuid, uuid_length): (*const c_char, usize),
    error: *mut satori_error,
    work: impl FnOnce(&Store, &StreamUuid) -> Result<(), Failure>,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        // SAFETY: by the caller's word.
        let uuid = unsafe { input::uuid(uuid, uuid_length) }?;
        work(&opened, &uuid)
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call(name, store.addr(), error, body) }
}

/// The number of observations from `from`, included, to `to`, excluded.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param count        receives the number.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND,
///         SATORI_NOT_OBSERVATION_TABLE, or what any call returns.
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
    // SAFETY: by the caller's word.
    unsafe {
        on_stream(
            "satori_count",
            store,
            (uuid, uuid_length),
            error,
            |store, uuid| {
                check_pointer(count, "count")?;
                let rows = store.count(uuid, input::range(from, to))?;
                output::write(count, rows);
                Ok(())
            },
        )
    }
}

/// Rows, first and last instant, values, spacing and gaps of a stream.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param statistics   receives the numbers; set its size first.
/// @param providers    receives the providers as JSON: an array of [name, rows],
///                     the most first. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_count.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_get_statistics(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    statistics: *mut satori_statistics,
    providers: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        on_stream(
            "satori_get_statistics",
            store,
            (uuid, uuid_length),
            error,
            |store, uuid| {
                input::check_growable(statistics, "statistics")?;
                check_optional(providers, "providers")?;
                let found = store.statistics(uuid)?;
                let instant =
                    |ts: Option<Timestamp>| ts.map_or(SATORI_NO_INSTANT, Timestamp::as_micros);
                let spacing = found.spacing.unwrap_or_default().as_micros();
                let answer = satori_statistics {
                    size: mem::size_of::<satori_statistics>(),
                    count: found.count,
                    unreadable: found.unreadable,
                    first: instant(found.first),
                    last: instant(found.last),
                    minimum: found.minimum.unwrap_or(0.0),
                    maximum: found.maximum.unwrap_or(0.0),
                    sum: found.sum,
                    spacing: i64::try_from(spacing).unwrap_or(i64::MAX),
                    gaps: found.gaps,
                };
                output::write_growable(statistics, &answer, "statistics")?;
                output::write_string(providers, || output::json(&found.providers))
            },
        )
    }
}

/// Deletes the observations from `from`, included, to `to`, excluded.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param deleted      receives how many there were; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_count, or what any call that writes returns.
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
    // SAFETY: by the caller's word.
    unsafe {
        on_stream(
            "satori_delete",
            store,
            (uuid, uuid_length),
            error,
            |store, uuid| {
                check_optional(deleted, "deleted")?;
                let rows = store.delete(uuid, input::range(from, to))?;
                output::write(deleted, rows);
                Ok(())
            },
        )
    }
}

/// Rewrites a stream's timestamps into Unix seconds, in one transaction: text, and
/// numbers of milli-, micro- or nanoseconds. Where two rows have the same instant
/// both stay.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param dry_run      not 0: it is done and taken back.
/// @param rewritten    receives how many rows were rewritten; may be NULL.
/// @param report       receives the report as JSON: `rewritten`, `kept` and
///                     `unreadable` timestamps. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_count, or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_normalize(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    dry_run: i32,
    rewritten: *mut u64,
    report: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        on_stream(
            "satori_normalize",
            store,
            (uuid, uuid_length),
            error,
            |store, uuid| {
                check_optional(rewritten, "rewritten")?;
                check_optional(report, "report")?;
                let done = match dry_run {
                    0 => store.normalize(uuid)?,
                    _ => store.normalize_dry_run(uuid)?,
                };
                output::write(rewritten, done.rewritten);
                output::write_string(report, || output::json(&done))
            },
        )
    }
}

/// Walks a stream's hash chain in order of time.
///
/// @param store         the store.
/// @param uuid          the stream's uuid.
/// @param uuid_length   its length in bytes.
/// @param verification  receives the counts; set its size first.
/// @param report        receives the report as JSON, with the instants of foreign
///                      and suspect rows. May be NULL.
/// @param error         see satori_error; may be NULL.
/// @return as satori_count, or SATORI_UNREADABLE_ROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_verify(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    verification: *mut satori_verification,
    report: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe {
        on_stream(
            "satori_verify",
            store,
            (uuid, uuid_length),
            error,
            |store, uuid| {
                input::check_growable(verification, "verification")?;
                check_optional(report, "report")?;
                let found = store.verify(uuid)?;
                let answer = satori_verification {
                    size: mem::size_of::<satori_verification>(),
                    rows: found.rows,
                    verified: found.verified,
                    foreign: found.foreign.len() as u64,
                    suspect: found.suspect.len() as u64,
                };
                output::write_growable(verification, &answer, "verification")?;
                output::write_string(report, || output::json(&found))
            },
        )
    }
}

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
    let body = || {
        check_pointer(ts, "ts")?;
        // SAFETY: by the caller's word.
        let parsed: Timestamp = unsafe { input::text(text, length, "text") }?.parse()?;
        // SAFETY: by the caller's word.
        unsafe { output::write(ts, parsed.as_micros()) };
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_parse_timestamp", 0, error, body) }
}

/// Bytes of a UUID's text, the closing NUL included.
pub const SATORI_UUID_SIZE: usize = 37;

/// The UUID that Satori gives a stream: version 5, in the DNS namespace, of
/// "source:author:stream:target".
///
/// @param source  where it comes from, such as "central".
/// @param author  who may publish.
/// @param stream  its name.
/// @param target  its field; often empty.
/// @param uuid    receives SATORI_UUID_SIZE bytes: the text and a NUL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UTF8, SATORI_NULL_POINTER.
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
    let body = || {
        // SAFETY: by the caller's word.
        unsafe {
            let part = |text: satori_text, what| text.get(what).map(Option::unwrap_or_default);
            let made = StreamUuid::from_parts(
                part(source, "source")?,
                part(author, "author")?,
                part(stream, "stream")?,
                part(target, "target")?,
            );
            let out = input::array_mut(uuid.cast::<u8>(), SATORI_UUID_SIZE, "uuid")?;
            out.fill(0);
            out[..SATORI_UUID_SIZE - 1].copy_from_slice(made.as_str().as_bytes());
        }
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_stream_uuid", 0, error, body) }
}
