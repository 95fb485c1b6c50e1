//! A WAL that has lost its database: it may hold the only copy of the newest rows.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::*;
use crate::{names_in, read_only};
use satori_store::{Error, Store};
use tempfile::TempDir;

/// Leaves a WAL with rows, and no database, or an empty one.
fn leftover(is_empty: bool) -> (TempDir, PathBuf) {
    let (_source, original) = place();
    let store = Store::open(&original).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    let (folder, path) = place();
    fs::copy(original.with_extension("db-wal"), wal(&path)).unwrap();
    if is_empty {
        fs::write(&path, "").unwrap();
    }
    (folder, path)
}

fn wal(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

#[test]
fn no_new_store_is_made_beside_a_wal_with_content() {
    for is_empty in [false, true] {
        let (folder, path) = leftover(is_empty);
        let before = (names_in(folder.path()), fs::read(wal(&path)).unwrap());
        let mut opened = vec![Store::open(&path)];
        if is_empty {
            opened.push(read_only().open(&path));
        }
        for opened in opened {
            match opened {
                Err(Error::CannotOpen { reason, .. }) => {
                    assert!(reason.contains("engine.db-wal"), "{reason}");
                    assert!(reason.contains("move this file away"), "{reason}");
                }
                other => panic!("{is_empty}: {other:?}"),
            }
            let after = (names_in(folder.path()), fs::read(wal(&path)).unwrap());
            assert!(after == before, "{is_empty}");
        }
        fs::rename(wal(&path), path.with_extension("kept")).unwrap();
        Store::open(&path).unwrap();
    }
}

#[test]
fn an_empty_wal_is_in_nobodys_way() {
    let (_folder, path) = place();
    fs::write(wal(&path), "").unwrap();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
}

/// A power cut while a new store is made can leave it: SQLite makes the database durable
/// before it writes the WAL's first frame.
#[test]
fn a_wal_without_a_frame_is_in_nobodys_way() {
    for is_empty in [false, true] {
        let (_folder, path) = leftover(is_empty);
        let header = &fs::read(wal(&path)).unwrap()[..32];
        fs::write(wal(&path), header).unwrap();
        fs::write(path.with_extension("db-journal"), [0; 512]).unwrap();
        let store = Store::open(&path).unwrap();
        store.insert(&uuid("s"), &numbered(1)).unwrap();
    }
}

#[test]
fn control_plain_sqlite_deletes_it() {
    for is_empty in [false, true] {
        let (_folder, path) = leftover(is_empty);
        let before = fs::read(wal(&path)).unwrap();
        let mut connection = plain(&path);
        run(&mut connection, "CREATE TABLE t (x)");
        drop(connection);
        assert!(!fs::read(wal(&path)).is_ok_and(|after| after == before));
    }
}
