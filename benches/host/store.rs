//! The store as a host in C uses it.

use std::ffi::{c_char, c_int};
use std::path::Path;
use std::ptr;

use arrow_array::RecordBatchReader;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use satori_store::StreamUuid;

use super::cursor::{Arrays, Cursor};
use super::exports::{
    Handle, LibraryInfo, NO_TEXT, Stream, Text, call, satori_export_arrow, satori_get_library_info,
    satori_import_arrow, satori_insert, satori_last, satori_observations, satori_store_close,
    satori_store_open, satori_stream_by_uuid, satori_stream_list_free, satori_stream_list_get,
};

/// Calls the function that does next to nothing.
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

    /// Looks up a stream, reads it and frees it: three calls.
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
            call(|error| satori_stream_list_get(streams, 0, &mut stream, error));
            call(|error| satori_stream_list_free(streams, error));
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

    /// Reads the latest observation's value, by a cursor of one row.
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

    /// Reads all observations as an Arrow stream; returns how many there were.
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
                0,
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

fn text(uuid: &StreamUuid) -> (*const c_char, usize) {
    let uuid = uuid.as_str();
    (uuid.as_ptr().cast(), uuid.len())
}
