//! What a file holds, read by plain SQLite behind the store, and what the store's own
//! connection is set to.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr;

use libsqlite3_sys as ffi;
use satori_store::sqlite_info;

/// A plain connection.
struct Plain(*mut ffi::sqlite3);

impl Plain {
    fn open(path: &Path) -> Result<Self, String> {
        // The library first, as it decides how SQLite works in this process.
        let _ = sqlite_info();
        let name = CString::new(path.to_str().expect("a path of the test's")).expect("no NUL");
        let mut db = ptr::null_mut();
        // SAFETY: the name ends with a NUL, and `db` has room for the handle.
        let code = unsafe {
            ffi::sqlite3_open_v2(
                name.as_ptr(),
                &raw mut db,
                ffi::SQLITE_OPEN_READWRITE,
                ptr::null(),
            )
        };
        let plain = Self(db);
        match code {
            ffi::SQLITE_OK => Ok(plain),
            code => Err(format!("{path:?} does not open: {code}")),
        }
    }

    /// Runs SQL. Returns the first column of its rows, without NULLs.
    fn texts(&self, sql: &str) -> Result<Vec<String>, String> {
        let mut texts: Vec<String> = Vec::new();
        let text = CString::new(sql).expect("no NUL");
        // SAFETY: the connection is open, and `note_text` gets the vector that it expects.
        let code = unsafe {
            ffi::sqlite3_exec(
                self.0,
                text.as_ptr(),
                Some(note_text),
                (&raw mut texts).cast::<c_void>(),
                ptr::null_mut(),
            )
        };
        match code {
            ffi::SQLITE_OK => Ok(texts),
            // SAFETY: the connection is open.
            code => Err(format!("{sql}: {code} {:?}", unsafe {
                CStr::from_ptr(ffi::sqlite3_errmsg(self.0))
            })),
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        // SAFETY: nothing else has the handle.
        unsafe { ffi::sqlite3_close(self.0) };
    }
}

unsafe extern "C" fn note_text(
    texts: *mut c_void,
    _count: c_int,
    values: *mut *mut c_char,
    _names: *mut *mut c_char,
) -> c_int {
    // SAFETY: `texts` is the vector that the caller passes; the first value is a text that
    // ends with a NUL, or is NULL.
    unsafe {
        let texts = &mut *texts.cast::<Vec<String>>();
        if let Some(text) = (*values).as_ref() {
            texts.push(CStr::from_ptr(text).to_string_lossy().into_owned());
        }
    }
    0
}

/// Runs SQL on a file.
pub(crate) fn run(path: &Path, sql: &str) {
    Plain::open(path)
        .and_then(|plain| plain.texts(sql))
        .expect("plain SQL runs");
}

/// Reads all that a file holds, but for the time of day and for how many numbers AUTOINCREMENT
/// has given: an upsert that is repeated takes one more, and changes no row. Says what is wrong
/// if the file doesn't open or isn't sound, or if a number could be given twice.
pub(crate) fn state(path: &Path) -> Result<String, String> {
    let plain = Plain::open(path)?;
    let check = plain.texts("PRAGMA integrity_check")?;
    if check != ["ok"] {
        return Err(format!("it is not sound: {check:?}"));
    }
    let tables = plain.texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")?;
    for table in plain.texts(NUMBERED)? {
        let largest = plain.texts(&format!("SELECT coalesce(max(id), 0) FROM \"{table}\""))?;
        if number(&largest) > numbers(&plain, &table)? {
            return Err(format!("{table} can give a number twice"));
        }
    }
    let mut state = plain.texts(
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1",
    )?;
    for table in tables {
        if table == "sqlite_sequence" {
            continue;
        }
        let name = table.replace('"', "\"\"");
        let columns = plain.texts(&format!("SELECT name FROM pragma_table_info(\"{name}\")"))?;
        let columns: Vec<_> = columns.iter().map(|column| shown(column)).collect();
        state.push(table);
        // SQLite joins the texts, as it is not built for debugging.
        state.extend(plain.texts(&format!(
            "SELECT group_concat({}, char(10)) FROM (SELECT * FROM \"{name}\" ORDER BY 1, 2)",
            columns.join(" || '|' || ")
        ))?);
    }
    Ok(state.join("\n"))
}

/// SQL for the tables whose rows AUTOINCREMENT numbers.
const NUMBERED: &str = "SELECT name FROM sqlite_schema
    WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' ORDER BY 1";

/// Returns how many numbers AUTOINCREMENT has given in a file.
pub(crate) fn given_numbers(path: &Path) -> Result<i64, String> {
    let plain = Plain::open(path)?;
    let tables = plain.texts(NUMBERED)?;
    tables.iter().map(|table| numbers(&plain, table)).sum()
}

/// Returns the last number that AUTOINCREMENT has given in a table.
fn numbers(plain: &Plain, table: &str) -> Result<i64, String> {
    let sql = format!("SELECT seq FROM sqlite_sequence WHERE name = '{table}'");
    Ok(number(&plain.texts(&sql)?))
}

/// Reads an answer that is a number, or that has no row.
fn number(texts: &[String]) -> i64 {
    let text = texts.first().map_or("0", String::as_str);
    text.parse().expect("a number")
}

/// Returns SQL for a column's text, without the time of day.
fn shown(column: &str) -> String {
    match column {
        "last_synced" | "moved_at" | "run_on" => format!("{column} IS NULL"),
        // An engine's file keeps its own.
        "created_at" => format!("iif({column} < '2026-02', {column}, 'now')"),
        _ => format!("quote(\"{column}\")"),
    }
}

thread_local! {
    /// The connection that this thread has opened last.
    static OPENED: Cell<*mut ffi::sqlite3> = const { Cell::new(ptr::null_mut()) };
}

unsafe extern "C" fn note(
    db: *mut ffi::sqlite3,
    _message: *mut *mut c_char,
    _api: *const ffi::sqlite3_api_routines,
) -> c_int {
    OPENED.set(db);
    ffi::SQLITE_OK
}

/// Lets this process note its connections.
pub(crate) fn note_connections() {
    let _ = sqlite_info();
    // SAFETY: `note` has the signature that SQLite calls automatic extensions with.
    unsafe { ffi::sqlite3_auto_extension(Some(note)) };
}

/// Lets the store that this thread has just opened checkpoint its WAL after so many pages,
/// as it does by itself only after 40 MB.
pub(crate) fn checkpoint_after(pages: i32) {
    // SAFETY: the store is open, and no other thread uses it.
    unsafe { ffi::sqlite3_wal_autocheckpoint(OPENED.get(), pages) };
}

/// Lets the store that this thread has just opened keep so many pages in memory, and write what
/// a transaction changes beyond them before it is committed.
pub(crate) fn spill_after(pages: i32) {
    // The store closes its connection.
    let opened = ManuallyDrop::new(Plain(OPENED.get()));
    let set = opened.texts(&format!("PRAGMA cache_size = {pages}"));
    set.expect("the store is open");
}
