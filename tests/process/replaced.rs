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
    assert_eq!(seconds(&again, &uuid("s")), [2]);
    drop(again);
    assert_sound(&path);
}
