//! Paths: of no file, of an empty one, of something else, with odd characters.

use std::ffi::OsString;
use std::fs;

use crate::support::*;
use crate::{names_in, read_only};
use satori_store::{ErrorCode, OpenOptions, Store};

#[test]
fn no_file_and_an_empty_file_become_a_private_store_in_wal_mode() {
    for empty in [false, true] {
        let (_folder, path) = if empty {
            fixture("zero_bytes.db")
        } else {
            place()
        };
        let store = Store::open(&path).unwrap();
        assert_eq!(store.streams().unwrap(), []);
        #[cfg(unix)]
        for file in ["engine.db", "engine.db-wal", "engine.db-shm"] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path.with_file_name(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{file}, empty: {empty}");
        }
        drop(store);
        assert_eq!(query(&path, "PRAGMA journal_mode")[0][0], "wal");
        assert_eq!(names_in(path.parent().unwrap()), ["engine.db"]);
    }
}

#[test]
fn what_is_no_file_cannot_be_opened() {
    let (folder, path) = place();
    let missing = folder.path().join("missing").join("engine.db");
    let without_creating = OpenOptions::new().create(false).open(&path);
    for error in [
        Store::open(folder.path()).unwrap_err(),
        Store::open(&missing).unwrap_err(),
        Store::open("").unwrap_err(),
        Store::open("nul\0byte").unwrap_err(),
        without_creating.unwrap_err(),
        read_only().open(&path).unwrap_err(),
        OpenOptions::new().preview(&missing).unwrap_err(),
        OpenOptions::new().create(false).preview(&path).unwrap_err(),
    ] {
        assert_eq!(error.code(), ErrorCode::CannotOpen, "{error}");
    }
    // What it is, before SQLite is asked to open it.
    let error = Store::open(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("it is not a file"), "{error}");
    assert!(!missing.parent().unwrap().exists());
    assert_eq!(names_in(folder.path()), Vec::<OsString>::new());
}

#[test]
fn a_preview_of_a_store_that_is_yet_to_be_made_is_empty() {
    let (folder, path) = place();
    let preview = || OpenOptions::new().preview(&path).unwrap();
    assert_eq!(preview().streams_with_data().unwrap(), []);
    assert_eq!(names_in(folder.path()), Vec::<OsString>::new());
    fs::write(&path, "").unwrap();
    let s = uuid("s");
    for create in [true, false] {
        let preview = OpenOptions::new().create(create).preview(&path).unwrap();
        assert_eq!(preview.streams_with_data().unwrap(), []);
    }
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    let store = Store::open(&path).unwrap();
    store.insert(&s, &row("2024-01-03", 1.0)).unwrap();
    let preview = preview();
    assert_eq!(preview.count(&s, ..).unwrap(), 1);
    let error = preview.insert(&s, &row("2024-01-04", 1.0)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadOnly);
}

#[test]
fn a_path_is_never_taken_for_anything_but_a_path() {
    for name in [
        ":memory:",
        "file:x?mode=memory",
        "a?b=c&mode=ro",
        "100%41.db",
        "a#b.db",
        "with space \"and\" 'quotes'.db",
        "grüße-☃.db",
        "line\nbreak.db",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let store = Store::open(&path).unwrap();
        store.insert(&uuid("s"), &row("2024-01-03", 1.0)).unwrap();
        drop(store);
        assert_eq!(
            names_in(folder.path()),
            [name],
            "not in a file of that name"
        );
        assert_eq!(
            Store::open(&path).unwrap().count(&uuid("s"), ..).unwrap(),
            1
        );
        assert_eq!(
            read_only()
                .open(&path)
                .unwrap()
                .count(&uuid("s"), ..)
                .unwrap(),
            1
        );
    }
}

#[test]
#[cfg(unix)]
fn odd_paths_to_a_file_are_paths_too() {
    use std::os::unix::ffi::OsStringExt;
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    // A second slash in front is the same folder on Unix, and no host name.
    let doubled = format!("/{}", text(&path));
    Store::open(&doubled)
        .unwrap()
        .insert(&uuid("s"), &row("2024-01-03", 1.0))
        .unwrap();
    let linked = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &linked).unwrap();
    assert_eq!(
        Store::open(&linked).unwrap().count(&uuid("s"), ..).unwrap(),
        1
    );
    let bytes = folder
        .path()
        .join(OsString::from_vec(b"not-utf8-\xff.db".to_vec()));
    Store::open(&bytes)
        .unwrap()
        .insert(&uuid("s"), &row("2024-01-03", 1.0))
        .unwrap();
    assert!(bytes.exists());
}
