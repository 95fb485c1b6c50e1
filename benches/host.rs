//! A host in C: what `satori_store.h` declares of the functions that are measured.
//! The linker takes them from the library, so a call crosses the same border as
//! one from C.
#![allow(unsafe_code, reason = "this is the C API as a host calls it")]

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

use arrow_array::RecordBatchReader;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use satori_store::StreamUuid;

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    data: *const c_char,
    length: usize,
}

const NO_TEXT: Text = Text {
    data: ptr::null(),
    length: 0,
};

impl Text {
    fn of(text: &str) -> Self {
        Self {
            data: text.as_ptr().cast(),
            length: text.len(),
        }
    }
}

#[repr(C)]
struct Error {
    code: i32,
    sqlite_code: i32,
    message: [c_char; 504],
}

/// `satori_stream`.
#[repr(C)]
pub(crate) struct Stream {
    size: usize,
    pub(crate) id: i64,
    pub(crate) server_stream_id: i64,
    has_server_stream_id: i32,
    reserved: i32,
    texts: [Text; 7],
    last_synced: i64,
    created_at: i64,
}

/// `satori_library_info`.
#[repr(C)]
struct LibraryInfo {
    size: usize,
    version: u32,
    sqlite_version: u32,
    texts: [*const c_char; 3],
    sqlite_bundled: u32,
    reserved: u32,
}

/// Handles are not pointers, but look like them.
type Handle = *mut c_void;

unsafe extern "C" {
    fn satori_store_open(
        path: *const c_char,
        path_length: usize,
        options: *const c_void,
        store: *mut Handle,
        error: *mut Error,
    ) -> i32;
    fn satori_store_close(store: Handle, error: *mut Error) -> i32;
    fn satori_get_library_info(info: *mut LibraryInfo, error: *mut Error) -> i32;
    fn satori_stream_by_uuid(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        streams: *mut Handle,
        error: *mut Error,
    ) -> i32;
    fn satori_streams_get(
        streams: Handle,
        index: usize,
        stream: *mut Stream,
        error: *mut Error,
    ) -> i32;
    fn satori_streams_free(streams: Handle, error: *mut Error) -> i32;
    fn satori_insert(
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
    fn satori_observations(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        from: i64,
        to: i64,
        cursor: *mut Handle,
        error: *mut Error,
    ) -> i32;
    fn satori_last(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        count: usize,
        cursor: *mut Handle,
        error: *mut Error,
    ) -> i32;
    fn satori_cursor_next(
        cursor: Handle,
        capacity: usize,
        ts: *mut i64,
        values: *mut f64,
        hashes: *mut Text,
        providers: *mut Text,
        count: *mut usize,
        error: *mut Error,
    ) -> i32;
    fn satori_cursor_free(cursor: Handle, error: *mut Error) -> i32;
    fn satori_export_arrow(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        from: i64,
        to: i64,
        stream: *mut FFI_ArrowArrayStream,
        error: *mut Error,
    ) -> i32;
    fn satori_import_arrow(
        store: Handle,
        uuid: *const c_char,
        uuid_length: usize,
        stream: *mut FFI_ArrowArrayStream,
        provider: *const Text,
        report: *mut c_void,
        conflicts: *mut Handle,
        error: *mut Error,
    ) -> i32;
}

/// Calls an exported function with an error of the caller's, as a host does.
fn call(function: impl FnOnce(*mut Error) -> i32) {
    let mut error = std::mem::MaybeUninit::<Error>::uninit();
    let status = function(error.as_mut_ptr());
    assert_eq!(status, 0, "the call succeeds");
}

/// A call that does next to nothing.
pub(crate) fn library_info() -> u32 {
    let mut info = LibraryInfo {
        size: size_of::<LibraryInfo>(),
        version: 0,
        sqlite_version: 0,
        texts: [ptr::null(); 3],
        sqlite_bundled: 0,
        reserved: 0,
    };
    // SAFETY: the struct is as the header declares it.
    call(|error| unsafe { satori_get_library_info(&mut info, error) });
    info.version
}

/// `satori_store`.
pub(crate) struct Store(Handle);

impl Store {
    pub(crate) fn open(path: &Path) -> Self {
        let path = path.to_str().expect("a path in UTF-8");
        let mut store = ptr::null_mut();
        // SAFETY: the arguments live through the call.
        call(|error| unsafe {
            let (path, length) = (path.as_ptr().cast(), path.len());
            satori_store_open(path, length, ptr::null(), &mut store, error)
        });
        Self(store)
    }

    /// Looks a stream up, reads it and lets go of it: three calls.
    pub(crate) fn stream(&self, uuid: &StreamUuid) -> Stream {
        let (data, length) = text(uuid);
        let mut streams = ptr::null_mut();
        let mut stream = Stream {
            size: size_of::<Stream>(),
            id: 0,
            server_stream_id: 0,
            has_server_stream_id: 0,
            reserved: 0,
            texts: [NO_TEXT; 7],
            last_synced: 0,
            created_at: 0,
        };
        // SAFETY: the structs are as the header declares them.
        unsafe {
            call(|error| satori_stream_by_uuid(self.0, data, length, &mut streams, error));
            call(|error| satori_streams_get(streams, 0, &mut stream, error));
            call(|error| satori_streams_free(streams, error));
        }
        stream
    }

    /// Inserts a row.
    pub(crate) fn insert(&self, uuid: &StreamUuid, micros: i64, value: f64, hash: &str) {
        let (data, length) = text(uuid);
        let hash = Text::of(hash);
        let mut insertion = -1;
        // SAFETY: the arguments live through the call.
        call(|error| unsafe {
            let (provider, stored) = (ptr::null(), ptr::null_mut());
            satori_insert(
                self.0,
                data,
                length,
                micros,
                value,
                &hash,
                provider,
                &mut insertion,
                stored,
                error,
            )
        });
        assert_eq!(insertion, 0, "it is new");
    }

    /// The latest observation's value: by a cursor of one row.
    pub(crate) fn latest(&self, uuid: &StreamUuid) -> f64 {
        let (data, length) = text(uuid);
        let mut cursor = ptr::null_mut();
        // SAFETY: the arguments live through the call.
        call(|error| unsafe { satori_last(self.0, data, length, 1, &mut cursor, error) });
        let mut arrays = Arrays::new(1);
        assert_eq!(arrays.fill(&Cursor(cursor)), 1);
        arrays.values[0]
    }

    pub(crate) fn observations(&self, uuid: &StreamUuid) -> Cursor {
        let (data, length) = text(uuid);
        let mut cursor = ptr::null_mut();
        // SAFETY: the arguments live through the call.
        call(|error| unsafe {
            satori_observations(self.0, data, length, i64::MIN, i64::MAX, &mut cursor, error)
        });
        Cursor(cursor)
    }

    /// Reads all observations as an Arrow stream; how many there were.
    pub(crate) fn export_arrow(&self, uuid: &StreamUuid) -> usize {
        let (data, length) = text(uuid);
        let mut stream = FFI_ArrowArrayStream::empty();
        // SAFETY: the arguments live through the call; the stream's functions are
        // called as Arrow's specification says.
        unsafe {
            call(|error| {
                let (from, to) = (i64::MIN, i64::MAX);
                satori_export_arrow(self.0, data, length, from, to, &mut stream, error)
            });
            let mut schema = FFI_ArrowSchema::empty();
            let get_schema = stream.get_schema().expect("a stream");
            assert_eq!(get_schema(&mut stream, &mut schema), 0);
            let get_next = stream.get_next().expect("a stream");
            let mut rows = 0;
            loop {
                let mut array = FFI_ArrowArray::empty();
                let status: c_int = get_next(&mut stream, &mut array);
                assert_eq!(status, 0);
                if array.is_released() {
                    return rows;
                }
                rows += array.len();
                std::hint::black_box(&array);
            }
        }
    }

    /// Inserts an Arrow stream.
    pub(crate) fn import_arrow(
        &self,
        uuid: &StreamUuid,
        batches: Box<dyn RecordBatchReader + Send>,
    ) {
        let (data, length) = text(uuid);
        let mut stream = FFI_ArrowArrayStream::new(batches);
        // SAFETY: the arguments live through the call, which takes the stream over.
        call(|error| unsafe {
            let (provider, report) = (ptr::null(), ptr::null_mut());
            let conflicts = ptr::null_mut();
            satori_import_arrow(
                self.0,
                data,
                length,
                &mut stream,
                provider,
                report,
                conflicts,
                error,
            )
        });
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: the handle is open.
        call(|error| unsafe { satori_store_close(self.0, error) });
    }
}

/// `satori_cursor`.
pub(crate) struct Cursor(Handle);

impl Drop for Cursor {
    fn drop(&mut self) {
        // SAFETY: the handle is open.
        call(|error| unsafe { satori_cursor_free(self.0, error) });
    }
}

/// Arrays for a cursor's rows.
pub(crate) struct Arrays {
    ts: Vec<i64>,
    values: Vec<f64>,
    hashes: Vec<Text>,
    providers: Vec<Text>,
}

impl Arrays {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            ts: vec![0; capacity],
            values: vec![0.0; capacity],
            hashes: vec![NO_TEXT; capacity],
            providers: vec![NO_TEXT; capacity],
        }
    }

    /// Reads the next rows; how many there are.
    pub(crate) fn fill(&mut self, cursor: &Cursor) -> usize {
        let mut count = 0;
        // SAFETY: the arrays have room for as many rows.
        call(|error| unsafe {
            satori_cursor_next(
                cursor.0,
                self.ts.len(),
                self.ts.as_mut_ptr(),
                self.values.as_mut_ptr(),
                self.hashes.as_mut_ptr(),
                self.providers.as_mut_ptr(),
                &mut count,
                error,
            )
        });
        count
    }
}

fn text(uuid: &StreamUuid) -> (*const c_char, usize) {
    let uuid = uuid.as_str();
    (uuid.as_ptr().cast(), uuid.len())
}
