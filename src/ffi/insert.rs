//! Inserting observations.

use std::ffi::c_char;
use std::mem;

use super::error::{Failure, satori_error, satori_status};
use super::input::{Growable, check_optional, optional, satori_text};
use super::store::satori_store;
use super::string::satori_string;
use super::{guard, input, output, registry};
use crate::model::observation::{InsertReport, Insertion, NewObservation};
use crate::model::time::Timestamp;
use crate::store::Store;

/// What came of inserting one observation.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_insertion {
    /// The row is stored.
    SATORI_INSERTED = 0,
    /// A row of the same instant and value was there; nothing changed.
    SATORI_ALREADY_THERE = 1,
    /// A row of the same instant and another value was there; it stays.
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
    /// Rows that were there with the same value.
    pub already_there: u64,
    /// Rows whose instant has another value; the stored ones stay.
    pub conflicts: u64,
}

// SAFETY: plain data.
unsafe impl Growable for satori_insert_report {}

impl satori_insert_report {
    pub(super) fn new(report: &InsertReport) -> Self {
        Self {
            size: mem::size_of::<Self>(),
            inserted: report.inserted,
            already_there: report.already_there,
            conflicts: report.conflicts.len() as u64,
        }
    }
}

/// Inserts one observation, making the stream's table where there is none. A row
/// that is there is never overwritten.
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
///         SATORI_INVALID_VALUE, SATORI_INVALID_TIMESTAMP,
///         SATORI_NOT_OBSERVATION_TABLE (the name is taken, or the table has rules of
///         its own that keep the row out), SATORI_UNREADABLE_ROW (a stored row that it
///         must be compared with, or chained to), or what any call that writes returns.
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
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_optional(insertion, "insertion")?;
        check_optional(stored, "stored")?;
        // SAFETY: by the caller's word.
        let (uuid, hash, provider) = unsafe {
            (
                input::uuid(uuid, uuid_length)?,
                optional(hash, "hash")?,
                optional(provider, "provider")?,
            )
        };
        let mut observation = NewObservation::new(Timestamp::from_micros(ts), value);
        observation.hash = hash;
        observation.provider = provider.unwrap_or(observation.provider);
        let (outcome, kept) = match opened.insert(&uuid, &observation)? {
            Insertion::Inserted => (satori_insertion::SATORI_INSERTED, value),
            Insertion::AlreadyThere => (satori_insertion::SATORI_ALREADY_THERE, value),
            Insertion::Conflict(conflict) => (satori_insertion::SATORI_CONFLICT, conflict.stored),
        };
        // SAFETY: by the caller's word.
        unsafe {
            output::write(insertion, outcome as i32);
            output::write(stored, kept);
        }
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_insert", store.addr(), error, body) }
}

/// Inserts observations in their order, in one transaction: all that are new are
/// stored, or, on an error, none. The stream's table is made where there is none, also
/// where `count` is 0.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        the number of observations.
/// @param ts           `count` instants, in microseconds UTC.
/// @param values       `count` values: finite.
/// @param hashes       `count` hashes; one whose data is NULL is computed. NULL
///                     computes all.
/// @param providers    `count` providers; one whose data is NULL is "central". NULL is
///                     "central" for all.
/// @param report       receives the counts; set its size first. May be NULL.
/// @param conflicts    receives the conflicts as JSON: an array of [index, {ts,
///                     stored, offered}]. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_insert.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_insert_many(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: usize,
    ts: *const i64,
    values: *const f64,
    hashes: *const satori_text,
    providers: *const satori_text,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        // SAFETY: by the caller's word.
        unsafe {
            check_outputs(report, conflicts)?;
            let uuid = input::uuid(uuid, uuid_length)?;
            let ts = input::array(ts, count, "ts")?;
            let columns = Columns::new(count, values, hashes, providers)?;
            let rows = columns.rows(ts, |ts, value| {
                Ok(NewObservation::new(Timestamp::from_micros(*ts), value))
            })?;
            tell(&opened.insert_many(&uuid, &rows)?, report, conflicts)
        }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_insert_many", store.addr(), error, body) }
}

/// As satori_insert_many, each timestamp given as text and stored as that text, for
/// hosts that look their rows up by it and for tables whose timestamps are text
/// already. SQLite makes a number of text that is one, and blanks around it are left
/// out; else it is stored as it stands, and a hash that is computed is one of that
/// text. The key is the instant still: where a row of the same instant is there, in
/// whichever spelling, it stays. satori_cursor_next_spelled gives the text back.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param count        the number of observations.
/// @param ts           `count` timestamps, in any spelling that satori_parse_timestamp
///                     reads.
/// @param values       `count` values: finite.
/// @param hashes       `count` hashes; one whose data is NULL is computed. NULL
///                     computes all.
/// @param providers    `count` providers; one whose data is NULL is "central". NULL is
///                     "central" for all.
/// @param report       receives the counts; set its size first. May be NULL.
/// @param conflicts    receives the conflicts as JSON: an array of [index, {ts,
///                     stored, offered}]. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_insert.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_insert_spelled(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    count: usize,
    ts: *const satori_text,
    values: *const f64,
    hashes: *const satori_text,
    providers: *const satori_text,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        // SAFETY: by the caller's word.
        unsafe {
            check_outputs(report, conflicts)?;
            let uuid = input::uuid(uuid, uuid_length)?;
            let ts = input::array(ts, count, "ts")?;
            let columns = Columns::new(count, values, hashes, providers)?;
            let rows = columns.rows(ts, |ts, value| {
                let ts = ts.get("ts")?.ok_or_else(|| Failure::null("ts"))?;
                Ok(NewObservation::spelled(ts, value)?)
            })?;
            tell(&opened.insert_many(&uuid, &rows)?, report, conflicts)
        }
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_insert_spelled", store.addr(), error, body) }
}

/// The arrays that every insert of many takes. Hashes and providers may be none.
struct Columns<'a> {
    values: &'a [f64],
    hashes: &'a [satori_text],
    providers: &'a [satori_text],
}

impl<'a> Columns<'a> {
    /// # Safety
    /// Each is NULL or points to `count` items that live through the call.
    unsafe fn new(
        count: usize,
        values: *const f64,
        hashes: *const satori_text,
        providers: *const satori_text,
    ) -> Result<Self, Failure> {
        let texts = |texts: *const satori_text, what| match texts.is_null() {
            true => Ok(&[][..]),
            // SAFETY: by the caller's word.
            false => unsafe { input::array(texts, count, what) },
        };
        Ok(Self {
            // SAFETY: by the caller's word.
            values: unsafe { input::array(values, count, "values") }?,
            hashes: texts(hashes, "hashes")?,
            providers: texts(providers, "providers")?,
        })
    }

    /// The rows, each made of its timestamp and its value by `row`.
    ///
    /// # Safety
    /// The texts live through the call.
    unsafe fn rows<T>(
        &self,
        ts: &'a [T],
        row: impl Fn(&'a T, f64) -> Result<NewObservation<'a>, Failure>,
    ) -> Result<Vec<NewObservation<'a>>, Failure> {
        let mut rows = Vec::new();
        rows.try_reserve_exact(ts.len())
            .map_err(|_| Failure::argument(format!("no memory for {} observations", ts.len())))?;
        for (index, (ts, value)) in ts.iter().zip(self.values).enumerate() {
            let mut observation = row(ts, *value)?;
            // SAFETY: by the caller's word.
            unsafe {
                if let Some(hash) = self.hashes.get(index) {
                    observation.hash = hash.get("hash")?;
                }
                if let Some(provider) = self.providers.get(index) {
                    observation.provider =
                        provider.get("provider")?.unwrap_or(observation.provider);
                }
            }
            rows.push(observation);
        }
        Ok(rows)
    }
}

/// Refuses, before anything is stored, what the report can't be written to.
///
/// # Safety
/// As [`check_report`].
pub(super) unsafe fn check_outputs(
    report: *const satori_insert_report,
    conflicts: *const *mut satori_string,
) -> Result<(), Failure> {
    check_optional(conflicts, "conflicts")?;
    // SAFETY: by the caller's word.
    unsafe { check_report(report) }
}

/// Writes what came of inserting many.
///
/// # Safety
/// Each is NULL or may be written.
pub(super) unsafe fn tell(
    answer: &InsertReport,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
) -> Result<(), Failure> {
    // SAFETY: by the caller's word.
    unsafe {
        if !report.is_null() {
            output::write_growable(report, &satori_insert_report::new(answer), "report")?;
        }
        output::write_string(conflicts, || output::json(&answer.conflicts))
    }
}

/// Refuses a report with no size before anything is stored.
///
/// # Safety
/// `report` is NULL or points to a struct whose first member is its size.
pub(super) unsafe fn check_report<T: Growable>(report: *const T) -> Result<(), Failure> {
    if report.is_null() {
        return Ok(());
    }
    // SAFETY: by the caller's word.
    unsafe { input::check_growable(report, "report") }
}
