//! A store that is called through C.
#![allow(unsafe_code)]

use std::ptr;

use super::super::c_api::*;
use super::stream::Stream;

/// A store in memory, which is empty.
#[derive(Clone, Copy)]
pub(super) struct Store(pub(super) Pointer);

thread_local! {
    /// Opening one takes longer than what is done with it.
    static STORE: Store = Store::new();
}

impl Store {
    fn new() -> Self {
        let mut store: Pointer = ptr::null_mut();
        // In memory.
        let mut options = [40_u64, 0, 1 << 32, 0, 0];
        let options = options.as_mut_ptr().cast();
        // SAFETY: as the header has it.
        let status = unsafe {
            let place = (&raw mut store).cast();
            satori_store_open(ptr::null(), 0, options, place, ptr::null_mut())
        };
        assert_eq!(status, OK);
        Self(store)
    }

    pub(super) fn get() -> Self {
        STORE.with(|store| *store)
    }

    /// Removes the streams.
    pub(super) fn clear(self) {
        for name in [c"s", c"t"] {
            let (name, null) = (name.as_ptr().cast(), ptr::null_mut);
            // SAFETY: as the header has it.
            let status = unsafe { satori_remove(self.0, name, 1, 3, null(), null(), null()) };
            assert_eq!(status, OK);
        }
    }

    /// Returns the rows of the stream `s`.
    pub(super) fn rows(self) -> Vec<(i64, f64)> {
        let (mut ts, mut values) = ([0; 128], [0.0; 128]);
        let mut count = 0_usize;
        let mut cursor: Pointer = ptr::null_mut();
        let null = ptr::null_mut;
        // SAFETY: as the header has it.
        unsafe {
            let place = (&raw mut cursor).cast();
            let (name, from, to) = (c"s".as_ptr().cast(), i64::MIN, i64::MAX);
            if satori_observations(self.0, name, 1, from, to, place, null()) != OK {
                return Vec::new(); // there is no such stream
            }
            let place = (&raw mut count).cast();
            let (ts, values) = (ts.as_mut_ptr(), values.as_mut_ptr());
            let (texts, error) = (ptr::null_mut(), null());
            let read =
                satori_cursor_next(cursor, 128, ts, texts, values, texts, texts, place, error);
            assert_eq!(read, OK);
            assert_eq!(satori_cursor_free(cursor, null()), OK);
        }
        ts.into_iter().zip(values).take(count).collect()
    }

    /// Exports the stream `s`, and imports it as `t`. Returns how many rows it has.
    pub(super) fn copy(self) -> u64 {
        let mut stream = std::mem::MaybeUninit::<Stream>::uninit();
        let mut report = [32_u64, 0, 0, 0];
        let (stream, report_place) = (stream.as_mut_ptr().cast(), report.as_mut_ptr().cast());
        let null = ptr::null_mut;
        // SAFETY: as the header has it.
        unsafe {
            let (s, t) = (c"s".as_ptr().cast(), c"t".as_ptr().cast());
            let (from, to) = (i64::MIN, i64::MAX);
            assert_eq!(
                satori_export_arrow(self.0, s, 1, from, to, stream, null()),
                OK
            );
            let copied = satori_import_arrow(
                self.0,
                t,
                1,
                stream,
                null(),
                0,
                report_place,
                null(),
                null(),
            );
            assert_eq!(copied, OK);
        }
        report[1]
    }
}
