//! Calls that another thread ends.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::*;
use libsqlite3_sys as ffi;
use satori_store::{
    Error, Fill, IngestOptions, NewObservation, OpenOptions, Step, Store, StreamUuid, Timestamp,
    sqlite_info,
};

/// Rows that take a while to read.
const ROWS: i64 = 100_000;

fn rows(from: i64, count: i64) -> Vec<NewObservation<'static>> {
    let row = |number| NewObservation::new(Timestamp::from_integer(number), number as f64);
    (from..from + count).map(row).collect()
}

fn filled() -> (tempfile::TempDir, std::path::PathBuf, Store, StreamUuid) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    store.insert_many(&s, &rows(0, ROWS)).unwrap();
    (folder, path, store, s)
}

/// Is set when it is dropped, also by a panic, so that no thread goes on for ever.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a call, which another thread ends again and again until it has ended.
fn interrupted<T: Send>(store: &Store, call: impl FnOnce() -> satori_store::Result<T> + Send) {
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(200));
                store.interrupt();
            }
        });
        let done = {
            let _ended = Ended(&ended);
            call()
        };
        assert!(matches!(done.err(), Some(Error::Interrupted)));
    });
}

#[test]
fn each_long_call_ends_and_nothing_is_half_done() {
    let (folder, _path, store, s) = filled();
    let new = uuid("new");
    let more = rows(0, 2 * ROWS);
    let step = "1s".parse().unwrap();
    interrupted(&store, || store.insert_many(&new, &more));
    assert!(!store.contains(&new).unwrap());
    interrupted(&store, || store.verify(&s));
    interrupted(&store, || store.columns(&s, ..));
    interrupted(&store, || store.statistics(&s));
    let read = || {
        store
            .resample(&s, .., &step)?
            .collect::<Result<Vec<_>, _>>()
    };
    interrupted(&store, read);
    let aligned = || {
        let rows = store.align(&[&s, &s], .., &step, Fill::Exact)?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    interrupted(&store, aligned);
    let hour = Timestamp::from_integer(0)..Timestamp::from_integer(3_600);
    let instant: Step = "1us".parse().unwrap();
    interrupted(&store, || {
        let mut steps = store.resample(&s, hour, &instant)?.with_empty();
        steps.try_for_each(|step| step.map(drop))
    });
    // One that is at its end stays there.
    let mut over = store.resample(&s, .., &"1d".parse().unwrap()).unwrap();
    assert!(over.by_ref().all(|day| day.is_ok()));
    store.interrupt();
    assert!(over.next().is_none());
    // What is read before the store is asked counts too.
    let payloads: String = (0..40_000)
        .map(|second| format!("{{\"value\":1,\"observed_at\":{second}}}\n"))
        .collect();
    let options = IngestOptions::new().uuid(new.clone());
    interrupted(&store, || store.ingest(payloads.as_bytes(), &options));
    assert!(!store.contains(&new).unwrap());
    interrupted(&store, || store.compact());
    let to = folder.path().join("backup.db");
    interrupted(&store, || store.backup(&to));
    // Neither the copy nor its hidden file is left.
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|file| file.unwrap().file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().contains("backup")),
        "{names:?}"
    );
    // The handle goes on, and a later call is not affected.
    store.interrupt();
    assert_eq!(store.count(&s, ..).unwrap(), ROWS as u64);
    assert_eq!(store.verify(&s).unwrap().rows, ROWS as u64);
    store.backup(&to).unwrap();
}

#[test]
fn a_call_that_waits_ends() {
    let (_folder, path) = place();
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(600));
    let store = options.open(&path).unwrap();
    let s = uuid("s");
    // For the lock.
    let mut other = plain(&path);
    run(&mut other, "BEGIN IMMEDIATE");
    interrupted(&store, || store.insert_many(&s, &rows(0, 1)));
    interrupted(&store, || store.insert(&s, &rows(0, 1)[0].hash("h")));
    run(&mut other, "ROLLBACK");
    store.insert(&s, &rows(0, 1)[0]).unwrap();
    // For a change.
    let seen = store.data_version().unwrap();
    interrupted(&store, || store.wait(seen, Duration::from_secs(600)));
    let mut follow = store.follow(&[&s], None).unwrap();
    interrupted(&store, || follow.wait(Duration::from_secs(600)));
    assert_eq!(follow.wait(Duration::ZERO).unwrap(), []);
    // For its turn: one call waits for the lock, the other one for the first.
    run(&mut other, "BEGIN IMMEDIATE");
    interrupted(&store, || {
        thread::scope(|scope| {
            let first = scope.spawn(|| store.insert_many(&s, &rows(5, 1)));
            let second = store.insert_many(&s, &rows(6, 1));
            assert!(matches!(first.join().unwrap(), Err(Error::Interrupted)));
            second
        })
    });
    run(&mut other, "ROLLBACK");
    assert_eq!(store.count(&s, ..).unwrap(), 1);
}

/// SQLite looks whether to stop once more when a commit is made.
#[test]
fn what_is_stored_is_what_was_not_interrupted() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let ended = AtomicBool::new(false);
    let s = uuid("s");
    let mut wanted = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                store.interrupt();
                thread::yield_now();
            }
        });
        let _ended = Ended(&ended);
        for number in 0..3_000 {
            let done = match number % 3 {
                0 => store.insert(&s, &rows(number, 1)[0].hash("h")).map(drop),
                1 => store.insert(&s, &rows(number, 1)[0]).map(drop),
                _ => store.insert_many(&s, &rows(number, 1)).map(drop),
            };
            match done {
                Ok(()) => wanted.push(number),
                Err(Error::Interrupted) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    let count = wanted.len();
    assert!(count > 0 && count < 3_000, "{count}");
    if wanted.is_empty() {
        return;
    }
    assert_eq!(seconds(&store, &s), wanted);
}

/// How many times SQLite is yet to go on.
static LEFT: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);

unsafe extern "C" fn stop(_: *mut c_void) -> c_int {
    c_int::from(LEFT.fetch_sub(1, Ordering::Relaxed) <= 0)
}

#[test]
fn control_plain_sqlite_reports_a_commit_that_it_has_made_as_interrupted() {
    let _ = sqlite_info();
    let mut db = ptr::null_mut();
    let exec = |db, sql: &std::ffi::CStr| {
        let none = ptr::null_mut();
        // SAFETY: the connection is open, and the text ends with a NUL.
        unsafe { ffi::sqlite3_exec(db, sql.as_ptr(), None, none, ptr::null_mut()) }
    };
    // SAFETY: the name ends with a NUL; `stop` has the signature of a progress handler.
    let code = unsafe { ffi::sqlite3_open(c":memory:".as_ptr(), &raw mut db) };
    assert_eq!(code, ffi::SQLITE_OK);
    assert_eq!(exec(db, c"CREATE TABLE t (x)"), ffi::SQLITE_OK);
    let mut wrong = 0;
    for after in 0..40 {
        // SAFETY: as above.
        let before = unsafe { ffi::sqlite3_total_changes64(db) };
        LEFT.store(after, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { ffi::sqlite3_progress_handler(db, 1, Some(stop), ptr::null_mut()) };
        let code = exec(db, c"INSERT INTO t VALUES (1)");
        // SAFETY: as above.
        unsafe { ffi::sqlite3_progress_handler(db, 0, None, ptr::null_mut()) };
        let marker = exec(db, c"SELECT 1 / (SELECT count(*) FROM t)");
        assert_eq!(marker, ffi::SQLITE_OK);
        // SAFETY: as above.
        let stored = unsafe { ffi::sqlite3_total_changes64(db) } > before;
        wrong += i32::from(code == ffi::SQLITE_INTERRUPT && stored);
    }
    // SAFETY: nothing else has the connection.
    unsafe { ffi::sqlite3_close(db) };
    assert!(wrong > 0);
}
