//! Counting the statements that read the list of all tables.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use libsqlite3_sys as ffi;

static SCHEMA_QUERIES: AtomicUsize = AtomicUsize::new(0);

/// Returns how many statements have read the list of all tables, on connections
/// that this process has opened since [`count_schema_queries`].
pub(crate) fn schema_queries() -> usize {
    SCHEMA_QUERIES.load(Ordering::Relaxed)
}

/// Counts such statements from now on.
pub(crate) fn count_schema_queries() {
    unsafe extern "C" fn opened(
        db: *mut ffi::sqlite3,
        _message: *mut *mut c_char,
        _api: *const ffi::sqlite3_api_routines,
    ) -> c_int {
        // SAFETY: the connection is open and the callback of the right type.
        unsafe { ffi::sqlite3_trace_v2(db, ffi::SQLITE_TRACE_STMT, Some(traced), ptr::null_mut()) }
    }

    unsafe extern "C" fn traced(
        _kind: c_uint,
        _context: *mut c_void,
        _statement: *mut c_void,
        sql: *mut c_void,
    ) -> c_int {
        // SAFETY: when a statement starts, SQLite passes its text.
        let sql = unsafe { CStr::from_ptr(sql.cast()) }.to_string_lossy();
        if ["sqlite_schema", "sqlite_master", "pragma_table_list"]
            .iter()
            .any(|list| sql.contains(list))
        {
            SCHEMA_QUERIES.fetch_add(1, Ordering::Relaxed);
        }
        0
    }

    // SAFETY: the callback has the type that SQLite calls extensions with.
    unsafe { ffi::sqlite3_auto_extension(Some(opened)) };
}
