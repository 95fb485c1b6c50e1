//! The locks of several connections in one process, beside those of others: in a
//! bundled build on Linux the library takes them in its own way.

use std::path::Path;
use std::time::Duration;

use crate::support::*;
use satori_store::{BesideOtherSqlite, Error, OpenOptions, Store, sqlite_info};
use serde_json::json;

/// Makes a file in rollback mode, as SQLite does, with the table of stream `s`.
/// The library comes before any other use of its SQLite.
fn rollback_file(path: &Path) {
    #[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
    assert_eq!(sqlite_info().beside_other_sqlite, BesideOtherSqlite::Safe);
    run(
        &mut plain(path),
        "CREATE TABLE s (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL, \
         hash TEXT NOT NULL, provider TEXT NOT NULL)",
    );
}

#[test]
fn the_library_reports_which_sqlite_it_is() {
    let info = sqlite_info();
    assert!(info.version_number >= 3_037_000 && info.source_id.len() > 60);
    assert_eq!(info.version.split('.').count(), 3);
    assert_eq!(info.bundled, cfg!(feature = "bundled"));
    if !info.bundled {
        assert_eq!(info.beside_other_sqlite, BesideOtherSqlite::SafeIfSame);
    }
}

#[test]
fn connections_of_two_processes_share_a_file_in_rollback_mode() {
    const WRITERS: i64 = 3;
    const ROWS: i64 = 100;
    let (_folder, path) = place();
    rollback_file(&path);
    let write = |first: i64| {
        for begin in (first..first + ROWS).step_by(5) {
            let mut connection = plain(&path);
            run(&mut connection, "PRAGMA busy_timeout = 60000");
            for ts in begin..begin + 5 {
                run(
                    &mut connection,
                    &format!("BEGIN IMMEDIATE; INSERT INTO s VALUES ({ts}, 1, 'h', 'p'); COMMIT"),
                );
            }
        }
    };
    let look = || {
        for _ in 0..ROWS {
            let store = OpenOptions::new().read_only(true).open(&path).unwrap();
            match store.count(&uuid("s"), ..) {
                // A reader is refused while a journal is written back.
                Ok(_) | Err(Error::Busy { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || write(writer * ROWS));
        }
        scope.spawn(look);
        let mut python = Python::open_with(&path, 60.0, "none");
        for ts in WRITERS * ROWS..(WRITERS + 1) * ROWS {
            python.run_with("INSERT INTO s VALUES (?, 1, 'h', 'p')", json!([ts]));
        }
        python.close();
    });
    assert_sound(&path);
    let rows = number(&mut plain(&path), "SELECT count(*) FROM s");
    assert_eq!(rows, (WRITERS + 1) * ROWS);
}

#[test]
fn a_store_waits_for_a_reader_of_the_process_before_it_takes_a_file_over() {
    let (_folder, path) = place();
    rollback_file(&path);
    let mut reader = plain(&path);
    run(&mut reader, "BEGIN; SELECT count(*) FROM s");
    let opened = OpenOptions::new()
        .busy_timeout(Duration::from_millis(100))
        .open(&path);
    assert!(matches!(opened, Err(Error::Busy { .. })), "{opened:?}");
    run(&mut reader, "COMMIT");

    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    drop(reader);
    // The reader's closing gave none of the store's locks back.
    let mut python = Python::open(&path);
    assert_eq!(python.run("SELECT ts FROM s"), json!([[1]]));
    python.close();
    store.insert(&uuid("s"), &numbered(2)).unwrap();
    assert_eq!(seconds(&store, &uuid("s")), [1, 2]);
}

#[test]
fn a_store_writes_that_is_opened_after_one_for_reading_only() {
    let (_folder, path) = place();
    rollback_file(&path);
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    assert_eq!(seconds(&reader, &uuid("s")), [0; 0]);
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    assert_eq!(seconds(&reader, &uuid("s")), [1]);
    drop(store);
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(2)).unwrap();
    drop(reader);
    store.insert(&uuid("s"), &numbered(3)).unwrap();
    let mut python = Python::open(&path);
    assert_eq!(python.run("SELECT ts FROM s"), json!([[1], [2], [3]]));
    python.run("INSERT INTO s VALUES (4, 1, 'h', 'p')");
    python.close();
    assert_eq!(seconds(&store, &uuid("s")), [1, 2, 3, 4]);
    // Who closes last takes the WAL along.
    drop(store);
    assert!(!path.with_extension("db-wal").exists());
}
