//! The C API as a host declares it. Handles and outputs are plain pointers, so that every
//! misuse can be said.
#![allow(unsafe_code)]
#![allow(dead_code, reason = "each target uses its part")]

use std::ffi::{c_char, c_void};

// So that its symbols are linked.
use satori_store as _;

pub(crate) type Pointer = *mut c_void;

pub(crate) const OK: i32 = 0;
pub(crate) const REFUSED: i32 = 21;
pub(crate) const INVALID_ARROW: i32 = 22;
pub(crate) const NULL_POINTER: i32 = 101;
pub(crate) const INVALID_HANDLE: i32 = 102;
pub(crate) const INVALID_ARGUMENT: i32 = 103;
pub(crate) const INVALID_UTF8: i32 = 104;
pub(crate) const BUFFER_TOO_SMALL: i32 = 106;

/// `satori_text`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    pub(crate) data: *const u8,
    pub(crate) length: usize,
}

/// `satori_error`.
#[repr(C)]
pub(crate) struct Error {
    pub(crate) code: i32,
    pub(crate) database_code: i32,
    pub(crate) sqlstate: [u8; 6],
    pub(crate) message: [u8; 498],
}

/// On a handle alone.
pub(crate) type OnHandle = unsafe extern "C" fn(Pointer, Pointer) -> i32;
/// Of a store into a list.
pub(crate) type Lists = unsafe extern "C" fn(Pointer, Pointer, Pointer) -> i32;
/// Of a store and a number into a list.
pub(crate) type ListsOf = unsafe extern "C" fn(Pointer, i64, Pointer, Pointer) -> i32;
/// Of a store and a text into one output.
pub(crate) type Finds = unsafe extern "C" fn(Pointer, *const u8, usize, Pointer, Pointer) -> i32;
/// Of a store and a text into two outputs.
pub(crate) type FindsTwo =
    unsafe extern "C" fn(Pointer, *const u8, usize, Pointer, Pointer, Pointer) -> i32;
/// Of a stream, with a switch, into two outputs.
pub(crate) type Switched =
    unsafe extern "C" fn(Pointer, *const u8, usize, i32, Pointer, Pointer, Pointer) -> i32;
/// Of a stream from one instant to another, into one output.
pub(crate) type Ranges =
    unsafe extern "C" fn(Pointer, *const u8, usize, i64, i64, Pointer, Pointer) -> i32;
/// A stream's metadata into the caller's memory.
pub(crate) type Copies = unsafe extern "C" fn(
    Pointer,
    *const u8,
    usize,
    Pointer,
    *mut u8,
    usize,
    Pointer,
    Pointer,
) -> i32;

/// A stream's metadata as JSON into the caller's memory.
pub(crate) type CopiesJson =
    unsafe extern "C" fn(Pointer, *const u8, usize, *mut u8, usize, Pointer, Pointer) -> i32;

unsafe extern "C" {
    pub(crate) fn satori_get_library_info(info: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_store_open(
        path: *const u8,
        length: usize,
        options: Pointer,
        store: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_store_close(store: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_stream_list_count(list: Pointer, count: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_stream_list_get(
        list: Pointer,
        index: usize,
        stream: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_stream_list_columns(list: Pointer, json: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_stream_list_free(list: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_contains(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        contains: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_stream_by_uuid(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_streams_by_name(
        store: Pointer,
        name: *const u8,
        length: usize,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_search_streams(
        store: Pointer,
        part: *const u8,
        length: usize,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_sync_streams(
        store: Pointer,
        json: *const u8,
        length: usize,
        report: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_get_stream(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        stream: Pointer,
        texts: *mut u8,
        capacity: usize,
        needed: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_get_stream_by_name(
        store: Pointer,
        name: *const u8,
        length: usize,
        stream: Pointer,
        texts: *mut u8,
        capacity: usize,
        needed: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_get_stream_json(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        json: *mut u8,
        capacity: usize,
        needed: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_get_stream_by_name_json(
        store: Pointer,
        name: *const u8,
        length: usize,
        json: *mut u8,
        capacity: usize,
        needed: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_streams_by_server_id(
        store: Pointer,
        id: i64,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_stale_streams(
        store: Pointer,
        since: i64,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_streams(store: Pointer, list: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_streams_without_metadata(
        store: Pointer,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_streams_with_data(store: Pointer, list: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_upsert_stream(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        patch: Pointer,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_update_stream(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        patch: Pointer,
        list: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_remove(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        what: i32,
        metadata: Pointer,
        rows: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_insert(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        ts: i64,
        value: f64,
        hash: Pointer,
        provider: Pointer,
        insertion: Pointer,
        stored: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_insert_many(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        count: usize,
        ts: *const i64,
        spellings: *const Text,
        values: *const f64,
        hashes: *const Text,
        providers: *const Text,
        report: Pointer,
        conflicts: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_insert_across(
        store: Pointer,
        count: usize,
        uuids: *const Text,
        ts: *const i64,
        spellings: *const Text,
        values: *const f64,
        hashes: *const Text,
        providers: *const Text,
        report: Pointer,
        conflicts: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_observations(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        from: i64,
        to: i64,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_last(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        count: usize,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_first(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        count: usize,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_last_before(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        before: i64,
        count: usize,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_as_of(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        ts: i64,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_latest_of(
        store: Pointer,
        count: usize,
        uuids: *const Text,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_data_version(store: Pointer, version: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_wait(
        store: Pointer,
        seen: u64,
        timeout: i64,
        version: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_newer(
        store: Pointer,
        count: usize,
        uuids: *const Text,
        after: *const i64,
        limit: usize,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_interrupt(store: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_resample(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        from: i64,
        to: i64,
        step: *const u8,
        step_length: usize,
        with_empty: i32,
        capacity: usize,
        summaries: *mut [u64; 9],
        count: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_align(
        store: Pointer,
        count: usize,
        uuids: *const Text,
        from: i64,
        to: i64,
        step: *const u8,
        step_length: usize,
        fill: i32,
        max_age: i64,
        capacity: usize,
        ts: *mut i64,
        values: *mut f64,
        rows: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_align_to(
        store: Pointer,
        count: usize,
        uuids: *const Text,
        rows: usize,
        instants: *const i64,
        fill: i32,
        max_age: i64,
        values: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_latest_of_all(store: Pointer, cursor: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_streams_of(
        store: Pointer,
        count: usize,
        uuids: *const Text,
        streams: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_streams_named(
        store: Pointer,
        count: usize,
        names: *const Text,
        streams: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_retain(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        since: i64,
        last: u64,
        dry_run: i32,
        deleted: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_check(
        store: Pointer,
        synced_since: i64,
        problems: Pointer,
        findings: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_check_file(
        store: Pointer,
        synced_since: i64,
        problems: Pointer,
        findings: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_check_stream(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        problems: Pointer,
        findings: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_compact(
        store: Pointer,
        before: Pointer,
        after: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_backup(
        store: Pointer,
        path: *const u8,
        length: usize,
        size: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_cursor_streams(
        cursor: Pointer,
        capacity: usize,
        uuids: *mut Text,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_observation(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        ts: i64,
        cursor: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_get_latest(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        ts: Pointer,
        spelling: Pointer,
        value: Pointer,
        hash: Pointer,
        provider: Pointer,
        texts: *mut u8,
        capacity: usize,
        needed: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_count(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        from: i64,
        to: i64,
        count: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_delete(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        from: i64,
        to: i64,
        deleted: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_cursor_next(
        cursor: Pointer,
        capacity: usize,
        ts: *mut i64,
        spellings: *mut Text,
        values: *mut f64,
        hashes: *mut Text,
        providers: *mut Text,
        count: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_cursor_free(cursor: Pointer, error: Pointer) -> i32;
    pub(crate) fn satori_get_statistics(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        statistics: Pointer,
        providers: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_verify(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        verification: Pointer,
        report: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_normalize(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        dry_run: i32,
        rewritten: Pointer,
        report: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_unreadable(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        count: Pointer,
        rows: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_quarantine(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        dry_run: i32,
        moved: Pointer,
        rows: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_quarantined(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        count: Pointer,
        rows: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_restore(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        restored: Pointer,
        kept: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_quarantined_streams(store: Pointer, uuids: Pointer, error: Pointer)
    -> i32;
    pub(crate) fn satori_status_name(status: i32) -> *const c_char;
    pub(crate) fn satori_restate_digest(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_ingest(
        store: Pointer,
        json: *const u8,
        length: usize,
        options: Pointer,
        report: Pointer,
        details: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_export_arrow(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        from: i64,
        to: i64,
        stream: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_import_arrow(
        store: Pointer,
        uuid: *const u8,
        length: usize,
        stream: Pointer,
        provider: Pointer,
        unit: i32,
        report: Pointer,
        conflicts: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_parse_timestamp(
        text: *const u8,
        length: usize,
        unit: i32,
        ts: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_stream_uuid(
        source: Text,
        author: Text,
        stream: Text,
        target: Text,
        uuid: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_string_get(
        string: Pointer,
        data: Pointer,
        length: Pointer,
        error: Pointer,
    ) -> i32;
    pub(crate) fn satori_string_free(string: Pointer, error: Pointer) -> i32;
}
