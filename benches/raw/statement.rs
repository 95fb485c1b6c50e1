//! A prepared statement: what is bound to it, and the row that it stands on.

use std::ffi::c_int;
use std::ptr;

use libsqlite3_sys as ffi;

pub(super) struct Statement {
    raw: *mut ffi::sqlite3_stmt,
}

/// The caller sees to it that a text that is bound outlives the next reset or bind,
/// and that a column is read only while the statement stands on a row.
impl Statement {
    /// Prepares a statement on an open connection, to be run many times.
    pub(super) unsafe fn prepare(db: *mut ffi::sqlite3, sql: &str) -> Self {
        let mut raw = ptr::null_mut();
        // SAFETY: `sql` is valid for its length.
        let status = unsafe {
            ffi::sqlite3_prepare_v3(
                db,
                sql.as_ptr().cast(),
                sql.len() as c_int,
                ffi::SQLITE_PREPARE_PERSISTENT,
                &mut raw,
                ptr::null_mut(),
            )
        };
        assert_eq!(status, ffi::SQLITE_OK, "{sql}");
        Self { raw }
    }

    #[inline]
    pub(super) unsafe fn bind_integer(&self, index: c_int, value: i64) {
        unsafe { ffi::sqlite3_bind_int64(self.raw, index, value) };
    }

    #[inline]
    pub(super) unsafe fn bind_real(&self, index: c_int, value: f64) {
        unsafe { ffi::sqlite3_bind_double(self.raw, index, value) };
    }

    #[inline]
    pub(super) unsafe fn bind_text(&self, index: c_int, text: &str) {
        let (start, length) = (text.as_ptr().cast(), text.len() as c_int);
        unsafe { ffi::sqlite3_bind_text(self.raw, index, start, length, ffi::SQLITE_STATIC()) };
    }

    #[inline]
    pub(super) unsafe fn bind_null(&self, index: c_int) {
        unsafe { ffi::sqlite3_bind_null(self.raw, index) };
    }

    /// Steps on; returns `true` if the statement then stands on a row.
    #[inline]
    pub(super) unsafe fn step(&self) -> bool {
        match unsafe { ffi::sqlite3_step(self.raw) } {
            ffi::SQLITE_ROW => true,
            ffi::SQLITE_DONE => false,
            status => panic!("SQLite answered {status}"),
        }
    }

    #[inline]
    pub(super) unsafe fn reset(&self) {
        unsafe { ffi::sqlite3_reset(self.raw) };
    }

    #[inline]
    pub(super) unsafe fn is_null(&self, column: c_int) -> bool {
        unsafe { ffi::sqlite3_column_type(self.raw, column) == ffi::SQLITE_NULL }
    }

    #[inline]
    pub(super) unsafe fn integer(&self, column: c_int) -> i64 {
        unsafe { ffi::sqlite3_column_int64(self.raw, column) }
    }

    #[inline]
    pub(super) unsafe fn real(&self, column: c_int) -> f64 {
        unsafe { ffi::sqlite3_column_double(self.raw, column) }
    }

    /// Reads a column's bytes, which are valid until the next step.
    #[inline]
    pub(super) unsafe fn bytes(&self, column: c_int) -> &[u8] {
        unsafe {
            let start = ffi::sqlite3_column_text(self.raw, column);
            let length = ffi::sqlite3_column_bytes(self.raw, column);
            if start.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(start, length as usize)
        }
    }

    #[inline]
    pub(super) unsafe fn string(&self, column: c_int) -> String {
        // As C would, the text is taken for what the schema says it is.
        unsafe { String::from_utf8_unchecked(self.bytes(column).to_vec()) }
    }

    /// Reads a column of seconds, whole or not, as microseconds.
    #[inline]
    pub(super) unsafe fn micros(&self, column: c_int) -> i64 {
        unsafe {
            if ffi::sqlite3_column_type(self.raw, column) == ffi::SQLITE_INTEGER {
                self.integer(column) * 1_000_000
            } else {
                (self.real(column) * 1e6).round() as i64
            }
        }
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the statement is live.
        unsafe { ffi::sqlite3_finalize(self.raw) };
    }
}
