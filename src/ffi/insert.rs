//! Inserting observations.

use std::ffi::c_char;
use std::mem;

use super::arrays::InputArrays;
use super::error::{Failure, satori_error};
use super::growable::{self, Growable};
use super::guard::Guard;
use super::input::{self, optional_text, satori_text};
use super::output::{self, optional, optional_struct};
use super::status::satori_status;
use super::store::satori_store;
use super::string::{self, satori_string};
use crate::{InsertReport, Insertion, NewObservation, Timestamp};

/// What came of inserting one observation.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_insertion {
    /// The row is stored.
    SATORI_INSERTED = 0,
    /// A row of the same instant and value already exists; nothing changed.
    SATORI_ALREADY_THERE = 1,
    /// A row of the same instant and another value already exists; it stays.
    SATORI_CONFLICT = 2,
}

/// What came of inserting many.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_insert_report {
    /// sizeof(satori_insert_report); see "Structs that may grow".
    pub size: usize,
    /// Rows stored.
    pub inserted: u64,
    /// Rows that already exist with the same value.
    pub already_there: u64,
    /// Rows whose instant has another value, or a row that can't be read; the stored ones
    /// stay.
    pub conflicts: u64,
}

// SAFETY: plain data.
unsafe impl Growable for satori_insert_report {}

/// Inserts one observation. A stored row is never overwritten. A stream that has no
/// data yet gets a place for it.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param ts           the instant, in microseconds UTC.
/// @param value        the value: finite.
/// @param hash         the hash; NULL computes it from the latest row's.
/// @param provider     who delivers the row; NULL is "central".
/// @param insertion    receives a satori_insertion; may be NULL.
/// @param stored       receives the value that is stored; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK (for all three insertions), SATORI_INVALID_UUID,
///         SATORI_INVALID_VALUE, SATORI_INVALID_TIMESTAMP, SATORI_NOT_A_STREAM (the
///         name is taken, or a rule that another program has set keeps the row out),
///         SATORI_UNREADABLE_ROW (a stored row that it must be compared with, or
///         chained to), or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_insert(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    ts: i64,
    value: f64,
    hash: *const satori_text,
    provider: *const satori_text,
    insertion: *mut i32,
    stored: *mut f64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_insert",
        error,
        [optional(insertion, "insertion"), optional(stored, "stored")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let mut row = NewObservation::new(Timestamp::from_micros(ts), value);
            row.hash = optional_text(hash, "hash")?;
            row.provider = optional_text(provider, "provider")?.unwrap_or(row.provider);
            let (outcome, kept) = match store.insert(uuid, &row)? {
                Insertion::Inserted => (satori_insertion::SATORI_INSERTED, value),
                Insertion::AlreadyThere => (satori_insertion::SATORI_ALREADY_THERE, value),
                Insertion::Conflict(found) => (
                    satori_insertion::SATORI_CONFLICT,
                    found.stored.unwrap_or(f64::NAN),
                ),
            };
            output::write(insertion, outcome as i32);
            output::write(stored, kept);
            Ok(())
        })
    }
}

/// Inserts observations in their order, in one transaction: all that are new are
/// stored, or, on an error, none. A stream that has no data yet gets a place for it,
/// also if `count` is 0.
///
/// A row is given its timestamp as an instant, or as text that is stored as that text:
/// for hosts that look their rows up by it, and for streams whose timestamps are text
/// already. SQLite makes a number of text that is one, and blanks around it are left
/// out; else it is stored as it is, and a hash that is computed is one of that text.
/// The key is the instant nevertheless: a stored row of the same instant, in whichever
/// spelling, stays. satori_cursor_next returns the text.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        the number of observations.
/// @param ts           `count` instants, in microseconds UTC. NULL if all are spelled.
/// @param spellings    `count` timestamps as text, in any spelling that
///                     satori_parse_timestamp reads; the instant of one whose data is
///                     NULL is in `ts`. If both are given they must agree, or it is
///                     SATORI_INVALID_TIMESTAMP; a row with neither is
///                     SATORI_NULL_POINTER. NULL if none is spelled.
/// @param values       `count` values: finite.
/// @param hashes       `count` hashes; one whose data is NULL is computed. NULL
///                     computes all.
/// @param providers    `count` providers; one whose data is NULL is "central". NULL is
///                     "central" for all.
/// @param report       receives the counts; set its size first. May be NULL.
/// @param conflicts    receives the conflicts as JSON: an array of [index, {ts,
///                     stored, offered}]; stored is null if that row can't be read.
///                     May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_insert, but for SATORI_UNREADABLE_ROW: a row whose instant has a
///         row that can't be read is a conflict.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_insert_many(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: usize,
    ts: *const i64,
    spellings: *const satori_text,
    values: *const f64,
    hashes: *const satori_text,
    providers: *const satori_text,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_insert_many",
        error,
        report_outputs(report, conflicts),
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let rows = InputArrays::new(count, ts, spellings, values, hashes, providers)?.rows()?;
            write_report(&store.insert_many(uuid, &rows)?, report, conflicts)
        })
    }
}

/// Inserts observations, each into its stream, in one transaction: all that are new are
/// stored, or, on an error, none. It costs a small part of a call for each stream.
///
/// The arrays are those of satori_insert_many, and so are the timestamps that are given as
/// text; the rows of a stream are inserted in their order.
///
/// @param store        the store.
/// @param count        the number of observations.
/// @param uuids        `count` uuids: that of each row's stream.
/// @param ts           `count` instants, in microseconds UTC. NULL if all are spelled.
/// @param spellings    `count` timestamps as text. NULL if none is spelled.
/// @param values       `count` values: finite.
/// @param hashes       `count` hashes; one whose data is NULL is computed. NULL
///                     computes all.
/// @param providers    `count` providers; one whose data is NULL is "central". NULL is
///                     "central" for all.
/// @param report       receives the counts; set its size first. May be NULL.
/// @param conflicts    receives the conflicts, as satori_insert_many gives them.
///                     May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_insert_many.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_insert_across(
    store: *const satori_store,
    count: usize,
    uuids: *const satori_text,
    ts: *const i64,
    spellings: *const satori_text,
    values: *const f64,
    hashes: *const satori_text,
    providers: *const satori_text,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_insert_across",
        error,
        report_outputs(report, conflicts),
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let uuids = input::uuids(uuids, count)?;
            let rows = InputArrays::new(count, ts, spellings, values, hashes, providers)?.rows()?;
            let rows: Vec<_> = uuids.iter().zip(rows).collect();
            write_report(&store.insert_across(&rows)?, report, conflicts)
        })
    }
}

/// Returns the outputs that [`write_report`] writes.
pub(super) fn report_outputs(
    report: *const satori_insert_report,
    conflicts: *const *mut satori_string,
) -> [output::Output<'static>; 2] {
    [
        optional_struct(report, "report"),
        optional(conflicts, "conflicts"),
    ]
}

/// Writes what came of inserting many, as far as the caller wants it.
///
/// # Safety
/// Each is NULL or may be written.
pub(super) unsafe fn write_report(
    answer: &InsertReport,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
) -> Result<(), Failure> {
    let counts = satori_insert_report {
        size: mem::size_of::<satori_insert_report>(),
        inserted: answer.inserted,
        already_there: answer.already_there,
        conflicts: answer.conflicts.len() as u64,
    };
    // SAFETY: by the caller's word.
    unsafe {
        growable::write(report, &counts, "report")?;
        string::write_json(conflicts, &answer.conflicts)
    }
}
