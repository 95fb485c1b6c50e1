//! The file under an open handle is replaced or removed: no write is acknowledged.

use std::path::{Path, PathBuf};

use crate::support::*;
use satori_store::{Error, IngestOptions, Store, StreamPatch};
use serde_json::json;

pub(crate) type Write = fn(&Store) -> satori_store::Result<()>;

/// Every way to write.
pub(crate) const WRITES: [(&str, Write); 7] = [
    ("insert", |store| {
        store.insert(&uuid("s"), &numbered(2)).map(drop)
    }),
    ("insert with a hash", |store| {
        store.insert(&uuid("s"), &numbered(3).hash("h")).map(drop)
    }),
    ("insert_many", |store| {
        store.insert_many(&uuid("s"), &[numbered(4)]).map(drop)
    }),
    ("ingest", |store| {
        let payload = br#"{"value": 1, "observed_at": 5, "stream": {"uuid": "s", "name": "n"}}"#;
        store.ingest(payload, &IngestOptions::new()).map(drop)
    }),
    ("upsert_stream", |store| {
        store
            .upsert_stream(&uuid("s"), &StreamPatch::new())
            .map(drop)
    }),
    ("sync_streams", |store| {
        store
            .sync_streams(br#"[{"uuid": "s", "name": "m"}]"#)
            .map(drop)
    }),
    ("delete", |store| store.delete(&uuid("s"), ..).map(drop)),
];

pub(crate) fn opened() -> (tempfile::TempDir, PathBuf, Store) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    (folder, path, store)
}

/// Asserts that no write is acknowledged after `change` to the file.
fn assert_refused_after(change: &str, apply: impl Fn(&Path)) {
    for (name, write) in WRITES {
        let (_folder, path, store) = opened();
        apply(&path);
        let done = write(&store);
        assert!(
            matches!(done, Err(Error::FileReplaced { .. })),
            "{change}, {name}: {done:?}"
        );
        let done = write(&store);
        assert!(
            matches!(done, Err(Error::FileReplaced { .. })),
            "{change}, {name}, again: {done:?}"
        );
    }
}

/// Has plain SQLite write in the same case. Returns what another process then finds.
fn control(apply: impl Fn(&Path)) -> serde_json::Value {
    let (_folder, path, store) = opened();
    drop(store);
    let mut connection = plain(&path);
    run(&mut connection, "UPDATE s SET value = 1");
    apply(&path);
    run(&mut connection, "INSERT INTO s VALUES (2, 2, 'h', 'p')");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM s"), 2);
    let mut python = Python::open(&path);
    let found = python.try_run("SELECT count(*) FROM s", json!([]));
    python.close();
    found.map_or_else(|error| json!(error), |rows| rows[0][0].clone())
}

fn unlink(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

fn replace(path: &Path) {
    let other = path.with_extension("other");
    drop(Store::open(&other).unwrap());
    std::fs::rename(&other, path).unwrap();
}

fn unlink_wal(path: &Path) {
    std::fs::remove_file(path.with_extension("db-wal")).unwrap();
}

fn unlink_shm(path: &Path) {
    std::fs::remove_file(path.with_extension("db-shm")).unwrap();
}

/// Puts a copy in the place of a file.
fn copy_over(path: &Path) {
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    std::fs::rename(&copy, path).unwrap();
}

/// What another program does next: it makes the memory beside the file anew, and writes.
fn write_100_rows(path: &Path) -> Python {
    let mut python = Python::open(path);
    python.run("PRAGMA synchronous = FULL");
    for second in 1_000..1_100 {
        python.run(&format!(
            "INSERT INTO s VALUES ({second}, 1, 'h', 'python')"
        ));
    }
    python
}

#[test]
fn no_write_is_acknowledged_after_the_file_was_removed() {
    assert_refused_after("removed", unlink);
}

#[test]
fn no_write_is_acknowledged_after_the_file_was_replaced() {
    assert_refused_after("replaced", replace);
}

#[test]
fn no_write_is_acknowledged_after_the_wal_was_removed() {
    assert_refused_after("WAL removed", unlink_wal);
    assert_refused_after("WAL replaced", |path| {
        copy_over(&path.with_extension("db-wal"));
    });
}

#[test]
fn no_write_is_acknowledged_after_the_shared_memory_was_removed() {
    assert_refused_after("memory removed", unlink_shm);
    assert_refused_after("memory replaced", |path| {
        copy_over(&path.with_extension("db-shm"));
    });
    assert_refused_after("memory moved", |path| {
        std::fs::rename(path.with_extension("db-shm"), path.with_extension("moved")).unwrap();
    });
}

/// A folder that has been at rest is not looked into again until it changes.
#[test]
fn no_write_is_acknowledged_after_a_removal_that_follows_many_writes() {
    for remove in [unlink, unlink_wal, unlink_shm] {
        let (_folder, path, store) = opened();
        std::thread::sleep(std::time::Duration::from_millis(150));
        for second in 10..20 {
            store.insert(&uuid("s"), &numbered(second)).unwrap();
        }
        remove(&path);
        for _ in 0..2 {
            let done = store.insert(&uuid("s"), &numbered(21));
            assert!(matches!(done, Err(Error::FileReplaced { .. })), "{done:?}");
        }
    }
}

#[test]
fn rows_that_others_have_stored_since_the_shared_memory_was_removed_stay() {
    for (number, (name, write)) in WRITES.into_iter().enumerate() {
        let (_folder, path, store) = opened();
        unlink_shm(&path);
        let python = write_100_rows(&path);
        for _ in 0..100 {
            let done = write(&store);
            assert!(
                matches!(done, Err(Error::FileReplaced { .. })),
                "{name}: {done:?}"
            );
        }
        // SQLite has one such memory for all connections of a process.
        let second = Store::open(&path);
        assert!(
            matches!(second, Err(Error::FileReplaced { .. })),
            "{second:?}"
        );
        // Whoever closes last must not take the rows away either.
        if number % 2 == 0 {
            drop(store);
            python.close();
        } else {
            python.close();
            drop(store);
        }
        let store = Store::open(&path).unwrap();
        assert_eq!(store.count(&uuid("s"), ..).unwrap(), 101, "{name}");
        store.insert(&uuid("s"), &numbered(2)).unwrap();
        drop(store);
        assert_sound(&path);
    }
}

#[test]
fn control_plain_sqlite_loses_rows_after_the_shared_memory_was_removed() {
    let (_folder, path, store) = opened();
    drop(store);
    let mut connection = plain(&path);
    run(
        &mut connection,
        "PRAGMA synchronous = FULL; UPDATE s SET value = 1",
    );
    unlink_shm(&path);
    let python = write_100_rows(&path);
    for second in 2_000..2_100 {
        let insert = format!("INSERT INTO s VALUES ({second}, 1, 'h', 'plain')");
        run(&mut connection, &insert);
    }
    python.close();
    drop(connection);
    let mut left = Python::open(&path);
    let found = left.try_run("SELECT count(*) FROM s", json!([]));
    left.close();
    // Fewer than were acknowledged, or a file that is malformed by now.
    assert_ne!(found, Ok(json!([[201]])));
}

#[test]
fn no_write_is_acknowledged_after_the_folder_was_moved() {
    let (folder, path, store) = opened();
    let moved = folder.path().with_extension("moved");
    std::fs::rename(folder.path(), &moved).unwrap();
    let done = store.insert(&uuid("s"), &numbered(2));
    assert!(matches!(done, Err(Error::FileReplaced { .. })), "{done:?}");
    // Back in its place it is the file that was opened.
    std::fs::rename(&moved, folder.path()).unwrap();
    store.insert(&uuid("s"), &numbered(3)).unwrap();
    let stored = seconds(&Store::open(path).unwrap(), &uuid("s"));
    assert!(
        stored.starts_with(&[1]) && stored.ends_with(&[3]),
        "{stored:?}"
    );
}

#[test]
fn control_plain_sqlite_acknowledges_rows_that_nobody_else_will_find() {
    assert_eq!(control(|_| {}), json!(2));
    assert_eq!(control(unlink), json!("no such table: s"));
    assert_eq!(control(replace), json!("no such table: s"));
    // A row fewer, or an error, as the memory beside it stands for another WAL.
    assert_ne!(control(unlink_wal), json!(2));
}

#[test]
fn after_the_file_was_replaced_opening_again_works() {
    let (_folder, path, store) = opened();
    replace(&path);
    // Who puts another file in its place takes away what belongs to the old one:
    // SQLite would take the old WAL for the new file's.
    for beside in ["db-wal", "db-shm"] {
        std::fs::remove_file(path.with_extension(beside)).unwrap();
    }
    store.insert(&uuid("s"), &numbered(2)).unwrap_err();
    let again = Store::open(&path).unwrap();
    again.insert(&uuid("s"), &numbered(2)).unwrap();
    drop(store);
    assert!(
        path.with_extension("db-wal").exists(),
        "the old handle has removed the new WAL"
    );
    assert_eq!(seconds(&again, &uuid("s")), [2]);
    drop(again);
    assert_sound(&path);
}
