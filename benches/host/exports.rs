//! What `satori_store.h` declares, as far as it is measured.

use std::ffi::{c_char, c_void};
use std::ptr;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Text {
    data: *const c_char,
    length: usize,
}

pub(super) const NO_TEXT: Text = Text {
    data: ptr::null(),
    length: 0,
};

impl Text {
    pub(super) fn of(text: &str) -> Self {
        Self {
            data: text.as_ptr().cast(),
            length: text.len(),
        }
    }
}

#[repr(C)]
pub(super) struct Error {
    code: i32,
    database_code: i32,
    sqlstate: [c_char; 6],
    message: [c_char; 498],
}

/// `satori_stream`.
#[repr(C)]
pub(crate) struct Stream {
    pub(super) size: usize,
    pub(crate) id: i64,
    pub(crate) server_stream_id: i64,
    pub(super) has_server_stream_id: i32,
    pub(super) reserved: i32,
    pub(super) texts: [Text; 7],
    pub(super) last_synced: i64,
    pub(super) created_at: i64,
}

/// `satori_library_info`.
#[repr(C)]
pub(super) struct LibraryInfo {
    pub(super) size: usize,
    pub(super) version: u32,
    pub(super) sqlite_version: u32,
    pub(super) texts: [*const c_char; 3],
    pub(super) sqlite_bundled: u32,
    pub(super) reserved: u32,
}

/// Handles are not pointers, but look like them.
pub(super) type Handle = *mut c_void;

unsafe extern "C" {
    pub(super) fn satori_store_open(
        path: *const c_char,
        path_length: usize,
        options: *const c_void,
        store: *mut Handle,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_store_close(store: Handle, error: *mut Error) -> i32;
    pub(super) fn satori_get_library_info(info: *mut LibraryInfo, error: *mut Error) -> i32;
    pub(super) fn satori_stream_by_uuid(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        streams: *mut Handle,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_stream_list_get(
        streams: Handle,
        index: usize,
        stream: *mut Stream,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_stream_list_free(streams: Handle, error: *mut Error) -> i32;
    pub(super) fn satori_insert(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        ts: i64,
        value: f64,
        hash: *const Text,
        provider: *const Text,
        insertion: *mut i32,
        stored: *mut f64,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_observations(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        from: i64,
        to: i64,
        cursor: *mut Handle,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_last(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        count: usize,
        cursor: *mut Handle,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_cursor_next(
        cursor: Handle,
        capacity: usize,
        ts: *mut i64,
        spellings: *mut Text,
        values: *mut f64,
        hashes: *mut Text,
        providers: *mut Text,
        count: *mut usize,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_cursor_free(cursor: Handle, error: *mut Error) -> i32;
    pub(super) fn satori_export_arrow(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        from: i64,
        to: i64,
        stream: *mut FFI_ArrowArrayStream,
        error: *mut Error,
    ) -> i32;
    pub(super) fn satori_import_arrow(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        stream: *mut FFI_ArrowArrayStream,
        provider: *const Text,
        unit: i32,
        report: *mut c_void,
        conflicts: *mut Handle,
        error: *mut Error,
    ) -> i32;
}

/// Calls an exported function with an error of the caller's, as a host does.
pub(super) fn call(function: impl FnOnce(*mut Error) -> i32) {
    let mut error = std::mem::MaybeUninit::<Error>::uninit();
    let status = function(error.as_mut_ptr());
    assert_eq!(status, 0, "the call succeeds");
}
