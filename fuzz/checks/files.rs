//! Files that are damaged at a few places: every call answers, or returns an error, within
//! a limit of SQLite's steps; and a file that can't be opened stays as it is.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::{LazyLock, Once};

use arbitrary::{Arbitrary, Unstructured};
use libsqlite3_sys as ffi;
use satori_store::{
    IngestOptions, NewObservation, OpenOptions, StreamUuid, Timestamp, sqlite_info,
};

/// Which file it is, and what is done to it.
#[derive(Arbitrary, Debug)]
struct Damaged {
    is_engines: bool,
    cut: Option<u32>,
    bytes: Vec<(u32, u8)>,
}

/// An engine's file of one stream, without metadata, that holds rows that can't be read.
/// The larger fixtures take a second each.
const UNREADABLE: &[u8] = include_bytes!("../../tests/fixtures/unreadable_rows.db");

/// A store of a few pages, with metadata and two streams, one of them spelled as text.
static STORE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("engine.db");
    let store = OpenOptions::new().open(&path).expect("a new store");
    for number in 0..100 {
        let text = format!("2024-01-03 12:{:02}:{:02}", number / 60, number % 60);
        let payload = format!(
            r#"{{"value": {number}, "ts": {number}, "stream": {{"uuid": "s", "name": "n"}}}}"#
        );
        store
            .ingest(payload.as_bytes(), &IngestOptions::new())
            .expect("a payload");
        let row = NewObservation::spelled(&text, f64::from(number)).expect("a timestamp");
        let stream = StreamUuid::new("t").expect("a name");
        store.insert(&stream, &row).expect("a row");
    }
    drop(store);
    std::fs::read(&path).expect("the store")
});

/// Opens, lists, reads, verifies, and inserts.
pub(crate) fn check(data: &[u8]) {
    let Ok(damaged) = Damaged::arbitrary(&mut Unstructured::new(data)) else {
        return;
    };
    let mut file = match damaged.is_engines {
        true => UNREADABLE.to_vec(),
        false => STORE.clone(),
    };
    for (place, byte) in &damaged.bytes {
        let place = *place as usize % file.len();
        file[place] = *byte;
    }
    if let Some(cut) = damaged.cut {
        file.truncate((cut as usize).max(100));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("engine.db");
    for read_only in [true, false] {
        std::fs::write(&path, &file).expect("room");
        limited(|| use_all(&path, read_only, &file));
        for beside in ["engine.db-wal", "engine.db-shm", "engine.db-journal"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
    }
}

fn use_all(path: &std::path::Path, read_only: bool, file: &[u8]) {
    let store = match OpenOptions::new().read_only(read_only).open(path) {
        Ok(store) => store,
        Err(error) => {
            let now = std::fs::read(path).expect("it is still there");
            assert!(now == file, "it was refused ({error}), and yet it changed");
            return;
        }
    };
    let _ = store.streams();
    let _ = store.streams_without_metadata();
    for stream in store.streams_with_data().unwrap_or_default().iter().take(4) {
        let rows = store.columns(stream, ..);
        if let (Ok(columns), Ok(rows)) = (&rows, store.observations(stream, ..)) {
            let rows: Result<Vec<_>, _> = rows.collect();
            let rows = rows.map(|rows| rows.iter().map(|row| row.ts.as_micros()).collect());
            if let Ok::<Vec<_>, _>(instants) = rows {
                assert_eq!(columns.ts, instants, "two readings of {stream}");
            }
        }
        let _ = store.count(stream, ..);
        let _ = store.latest(stream);
        let _ = store.last(stream, 3);
        let _ = store.statistics(stream);
        let _ = store.verify(stream);
        let _ = store.unreadable(stream);
        let _ = store.normalize_dry_run(stream);
        let row = NewObservation::new(Timestamp::from_micros(1), 1.0);
        let _ = store.insert(stream, &row);
        let _ = store.insert_many(stream, &[row; 20]);
    }
}

thread_local! {
    /// How often SQLite may still go on, a thousand steps each time; `None` without a limit.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Runs `work`. After some million steps SQLite interrupts every statement of this thread:
/// a damaged file may lead in a circle.
fn limited(work: impl FnOnce()) {
    static EXTENDED: Once = Once::new();
    EXTENDED.call_once(|| {
        // The library first: it configures SQLite, which an extension starts.
        let _ = sqlite_info();
        // SAFETY: the function has the signature of an extension's entry.
        unsafe {
            ffi::sqlite3_auto_extension(Some(set_limit));
        }
    });
    LEFT.set(Some(20_000));
    work();
    LEFT.set(None);
}

unsafe extern "C" fn set_limit(
    db: *mut ffi::sqlite3,
    _message: *mut *mut c_char,
    _api: *const ffi::sqlite3_api_routines,
) -> c_int {
    // SAFETY: SQLite has just opened the connection, and the handler needs no data.
    unsafe {
        ffi::sqlite3_progress_handler(db, 1_000, Some(go_on), ptr::null_mut());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn go_on(_: *mut c_void) -> c_int {
    LEFT.with(|left| match left.get() {
        Some(0) => 1,
        some => {
            left.set(some.map(|left| left - 1));
            0
        }
    })
}
