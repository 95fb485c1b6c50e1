//! A connection, and transactions on it.

use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr;

use libsqlite3_sys as ffi;
use satori_store::StreamUuid;

use super::statement::Statement;

/// Returns the version of the SQLite that both sides use.
pub(crate) fn version() -> String {
    // SAFETY: SQLite's version is a static text.
    unsafe { CStr::from_ptr(ffi::sqlite3_libversion()) }
        .to_string_lossy()
        .into_owned()
}

/// A connection set up as the store sets up its own.
pub(crate) struct Connection {
    pub(super) db: *mut ffi::sqlite3,
}

impl Connection {
    /// Opens a file that the store has made.
    pub(crate) fn open(path: &Path) -> Self {
        let name = CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL in a path");
        let mut db = ptr::null_mut();
        // SAFETY: the name ends with NUL; the options take an int and a pointer.
        unsafe {
            let flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_NOMUTEX;
            let status = ffi::sqlite3_open_v2(name.as_ptr(), &mut db, flags, ptr::null());
            assert_eq!(status, ffi::SQLITE_OK);
            for (option, value) in [
                (ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
                (ffi::SQLITE_DBCONFIG_DEFENSIVE, 1),
                (ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
            ] {
                ffi::sqlite3_db_config(db, option, value as c_int, ptr::null_mut::<c_int>());
            }
        }
        let connection = Self { db };
        for pragma in [
            "mmap_size = 0",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "wal_autocheckpoint = 10000",
            "journal_size_limit = 67108864",
            "cache_size = -16384",
        ] {
            connection.run(&format!("PRAGMA {pragma}"));
        }
        connection
    }

    fn run(&self, sql: &str) {
        let statement = self.prepare(sql);
        // SAFETY: the statement is live.
        unsafe { while statement.step() {} }
    }

    pub(crate) fn create_table(&self, uuid: &StreamUuid) {
        self.run(&format!(
            "CREATE TABLE IF NOT EXISTS \"{uuid}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, \
             value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL) \
             WITHOUT ROWID"
        ));
    }

    pub(super) fn prepare(&self, sql: &str) -> Statement {
        // SAFETY: the connection is open.
        unsafe { Statement::prepare(self.db, sql) }
    }
}

unsafe extern "C" {
    // libsqlite3-sys leaves it out.
    fn sqlite3_close_v2(db: *mut ffi::sqlite3) -> c_int;
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: `open` opened it; the second form waits for open statements.
        unsafe { sqlite3_close_v2(self.db) };
    }
}

/// The statements that begin and end a transaction.
pub(crate) struct Transaction {
    begin: Statement,
    commit: Statement,
}

impl Transaction {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self {
            begin: connection.prepare("BEGIN IMMEDIATE"),
            commit: connection.prepare("COMMIT"),
        }
    }

    /// Runs `work` in a transaction of its own.
    pub(crate) fn run(&self, work: impl FnOnce()) {
        // SAFETY: both statements are live.
        unsafe {
            self.begin.step();
            self.begin.reset();
            work();
            self.commit.step();
            self.commit.reset();
        }
    }
}
