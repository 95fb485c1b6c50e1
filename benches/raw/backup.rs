//! Copying a database page by page, as the `.backup` of SQLite's shell does.

use std::ffi::{CString, c_int};
use std::fs::File;
use std::path::Path;
use std::ptr;

use libsqlite3_sys as ffi;

use super::connection::Connection;
use super::statement::Statement;

/// How many pages the shell copies at a time.
const PAGES: c_int = 100;

/// Copies the database to a new file.
pub(crate) fn back_up(from: &Connection, to: &Path) {
    let name = CString::new(to.as_os_str().as_encoded_bytes()).expect("no NUL in a path");
    let main = c"main".as_ptr();
    let mut db = ptr::null_mut();
    // SAFETY: the names end with NUL, and both connections are open until the copy is made.
    unsafe {
        assert_eq!(ffi::sqlite3_open(name.as_ptr(), &mut db), ffi::SQLITE_OK);
        let backup = ffi::sqlite3_backup_init(db, main, from.db, main);
        assert!(!backup.is_null());
        while ffi::sqlite3_backup_step(backup, PAGES) == ffi::SQLITE_OK {}
        assert_eq!(ffi::sqlite3_backup_finish(backup), ffi::SQLITE_OK);
        assert_eq!(ffi::sqlite3_close(db), ffi::SQLITE_OK);
    }
}

/// Checks a copy, and waits until it and its name are on the disk, as the store does.
pub(crate) fn check_and_sync(copy: &Path) {
    // Nobody else uses it, so it needs no WAL to be read.
    let uri = format!("file:{}?immutable=1", copy.display());
    let uri = CString::new(uri).expect("no NUL in a path");
    let flags = ffi::SQLITE_OPEN_READONLY | ffi::SQLITE_OPEN_URI;
    let mut db = ptr::null_mut();
    // SAFETY: the URI ends with NUL; the connection is closed after its statement is finalised.
    unsafe {
        let status = ffi::sqlite3_open_v2(uri.as_ptr(), &mut db, flags, ptr::null());
        assert_eq!(status, ffi::SQLITE_OK);
        let check = Statement::prepare(db, "PRAGMA quick_check");
        assert!(check.step());
        assert_eq!(check.string(0), "ok");
        drop(check);
        assert_eq!(ffi::sqlite3_close(db), ffi::SQLITE_OK);
    }
    let sync = |path: &Path| File::open(path).expect("opens").sync_all().expect("synced");
    sync(copy);
    sync(copy.parent().expect("a folder"));
}
