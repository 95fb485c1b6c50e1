//! Checking a store: what is wrong with it, or worth knowing, and what to do.

use std::ffi::c_char;

use super::error::{Failure, satori_error};
use super::guard::Guard;
use super::output::{self, optional};
use super::status::satori_status;
use super::store::satori_store;
use super::stream;
use super::string::{self, satori_string};
use crate::{Finding, Severity, Store};

/// Writes how many findings need something to be done, and the findings as JSON.
///
/// # Safety
/// Each is NULL or may be written.
unsafe fn write_findings(
    found: &[Finding],
    problems: *mut u64,
    findings: *mut *mut satori_string,
) -> Result<(), Failure> {
    let is_problem = |found: &&Finding| found.kind.severity() > Severity::Note;
    // SAFETY: by the caller's word.
    unsafe {
        output::write(problems, found.iter().filter(is_problem).count() as u64);
        string::write_json(findings, &found)
    }
}

/// Runs a check of the store as the function `name`.
///
/// # Safety
/// As the functions that call it.
unsafe fn run(
    name: &'static str,
    store: *const satori_store,
    check: impl FnOnce(&Store) -> crate::Result<Vec<Finding>>,
    problems: *mut u64,
    findings: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let outputs = [
        optional(problems, "problems"),
        optional(findings, "findings"),
    ];
    let guard = Guard::new(name, error, outputs);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            write_findings(&check(store)?, problems, findings)
        })
    }
}

/// Checks the whole store: the file as satori_check_file does, then each stream as
/// satori_check_stream does. It reads every row, and writes nothing.
///
/// @param store         the store.
/// @param synced_since  microseconds UTC: streams that were not synced since then are stale;
///                      SATORI_NO_INSTANT to look for none.
/// @param problems      receives how many findings need something to be done: those that are
///                      no note; may be NULL.
/// @param findings      receives all of them as JSON: an array of {kind, severity, stream,
///                      count, message, advice}. The severity is "note", "warning" or
///                      "damage"; the stream is null if it is about the file; the kinds are
///                      "damage", "other_table", "takes_no_rows", "mixed_spellings",
///                      "unreadable_rows", "quarantined_rows", "suspect_rows",
///                      "foreign_between", "digest_differs", "no_data", "no_metadata",
///                      "stale", "gaps", "large_wal", "free_room", "old_library",
///                      "shared_locks", "network_file_system", "no_wal"; later releases may
///                      have more. May be NULL.
/// @param error         see satori_error; may be NULL.
/// @return SATORI_OK (also if the file is damaged, which is a finding), or what any call
///         returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_check(
    store: *const satori_store,
    synced_since: i64,
    problems: *mut u64,
    findings: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let check = |store: &Store| store.check(stream::instant(synced_since));
    // SAFETY: by the caller's word.
    unsafe { run("satori_check", store, check, problems, findings, error) }
}

/// Checks the file, without reading all rows one by one: its structure (SQLite's
/// quick_check), tables that are no streams', free room, the size of the -wal, the version of
/// SQLite, locks; rows in the quarantine; and streams that were not synced.
///
/// @param store         the store.
/// @param synced_since  as for satori_check.
/// @param problems      as for satori_check; may be NULL.
/// @param findings      as for satori_check; may be NULL.
/// @param error         see satori_error; may be NULL.
/// @return as satori_check.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_check_file(
    store: *const satori_store,
    synced_since: i64,
    problems: *mut u64,
    findings: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let check = |store: &Store| store.check_file(stream::instant(synced_since));
    // SAFETY: by the caller's word.
    unsafe { run("satori_check_file", store, check, problems, findings, error) }
}

/// Checks one stream: its table (SQLite's integrity_check), how its timestamps are spelled,
/// rows that can't be read, its hash chain and digest as satori_verify does, gaps, and whether
/// it has both rows and metadata.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param problems     as for satori_check; may be NULL.
/// @param findings     as for satori_check; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK (also if the table is damaged, which is a finding), SATORI_INVALID_UUID,
///         SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_check_stream(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    problems: *mut u64,
    findings: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let outputs = [
        optional(problems, "problems"),
        optional(findings, "findings"),
    ];
    let guard = Guard::new("satori_check_stream", error, outputs);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            write_findings(&store.check_stream(uuid)?, problems, findings)
        })
    }
}
