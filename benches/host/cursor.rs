//! A cursor, and the arrays that it fills.

use std::ptr;

use super::exports::{Handle, NO_TEXT, Text, call, satori_cursor_free, satori_cursor_next};

/// `satori_cursor`.
pub(crate) struct Cursor(pub(super) Handle);

impl Drop for Cursor {
    fn drop(&mut self) {
        // SAFETY: the handle is open.
        call(|error| unsafe { satori_cursor_free(self.0, error) });
    }
}

/// Arrays for a cursor's rows.
pub(crate) struct Arrays {
    ts: Vec<i64>,
    pub(super) values: Vec<f64>,
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

    /// Reads the next rows; returns how many there are.
    pub(crate) fn fill(&mut self, cursor: &Cursor) -> usize {
        let (spellings, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the arrays have room for as many rows.
        call(|error| unsafe {
            satori_cursor_next(
                cursor.0,
                self.ts.len(),
                self.ts.as_mut_ptr(),
                spellings,
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
