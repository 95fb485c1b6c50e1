//! Opening: every kind of file that a store may find at its path.

mod common;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use common::*;
use satori_store::{Error, ErrorCode, NewObservation, OpenOptions, Store, StreamPatch, Timestamp};

const TAKEN_OVER: [&str; 3] = ["before_streams.db", "nine_columns.db", "eleven_columns.db"];

fn names_in(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    names
}

fn read_only() -> OpenOptions {
    OpenOptions::new().read_only(true)
}

/// Runs every reading operation on every stream.
fn read_everything(store: &Store) {
    store.search_streams("bit").unwrap();
    store.stale_streams(Timestamp::now()).unwrap();
    store.stream_by_name("bitcoin").unwrap();
    store.streams_by_server_id(1).unwrap();
    let mut uuids = store.streams_without_metadata().unwrap();
    uuids.extend(
        store
            .streams()
            .unwrap()
            .into_iter()
            .map(|stream| stream.uuid),
    );
    for uuid in &uuids {
        store.stream(uuid).unwrap();
        let rows = all(store, uuid).unwrap();
        assert_eq!(store.columns(uuid, ..).unwrap().len(), rows.len());
        assert_eq!(store.count(uuid, ..).unwrap(), rows.len() as u64);
        assert_eq!(
            store.last(uuid, 3).unwrap(),
            rows[rows.len().saturating_sub(3)..]
        );
        assert_eq!(store.latest(uuid).unwrap().as_ref(), rows.last());
        for row in rows.iter().step_by(97) {
            assert_eq!(store.observation(uuid, row.ts).unwrap().as_ref(), Some(row));
            store
                .observations(uuid, row.ts..)
                .unwrap()
                .next()
                .unwrap()
                .unwrap();
        }
        store.statistics(uuid).unwrap();
        store.verify(uuid).unwrap();
    }
}

/// Whether the store holds what the manifest says, no more and no less.
fn assert_as_expected(store: &Store, name: &str) {
    let expected = manifest(name);
    let tables = expected["tables"].as_object().unwrap();
    for (table, expected) in tables {
        let uuid = uuid(table);
        let micros = |field: &str| {
            expected[field]
                .as_f64()
                .map(|seconds| Timestamp::from_micros((seconds * 1e6) as i64))
        };
        let statistics = store.statistics(&uuid).unwrap();
        assert_eq!(statistics.count, expected["rows"], "{name} {table}");
        assert_eq!(statistics.first, micros("first"), "{name} {table}");
        assert_eq!(statistics.last, micros("last"), "{name} {table}");
        let sum: f64 = values(&all(store, &uuid).unwrap()).iter().sum();
        let wanted = expected["sum"].as_f64().unwrap_or(0.0);
        assert!(
            (sum - wanted).abs() < 1e-6 && (statistics.sum - wanted).abs() < 1e-6,
            "{name} {table}"
        );
    }
    let none = serde_json::Map::new();
    let streams = expected["streams"].as_object().unwrap_or(&none);
    let found = store.streams().unwrap();
    assert_eq!(found.len(), streams.len());
    for stream in found {
        let expected = &streams[stream.uuid.as_str()];
        assert_eq!(stream.id, expected["id"]);
        assert_eq!(
            stream.server_stream_id,
            expected["server_stream_id"].as_i64()
        );
        assert_eq!(stream.name.as_deref(), expected["name"].as_str());
        assert_eq!(stream.author.as_deref(), expected["author"].as_str());
        assert_eq!(
            stream.created_at,
            Some(at(expected["created_at"].as_str().unwrap()))
        );
    }
    let mut without = store.streams_without_metadata().unwrap();
    without.sort();
    let mut wanted: Vec<_> = tables
        .keys()
        .filter(|t| !streams.contains_key(*t))
        .map(|t| uuid(t))
        .collect();
    wanted.sort();
    assert_eq!(without, wanted);
}

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
fn files_of_installed_engines_are_taken_over_without_changing_one_observation() {
    for name in TAKEN_OVER {
        let (_folder, path) = fixture(name);
        let before = dump(&path);
        let store = Store::open(&path).unwrap();
        assert_as_expected(&store, name);
        read_everything(&store);
        assert_eq!(dump(&path), before, "{name}");
        drop(store);
        let again = Store::open(&path).unwrap();
        assert_as_expected(&again, name);
        drop(again);
        assert_eq!(dump(&path), before, "{name}");
        assert_eq!(query(&path, "PRAGMA integrity_check")[0][0], "ok");
    }
}

#[test]
fn the_dump_sees_a_change_of_one_digit_or_of_a_type() {
    // The control: else the test above would prove nothing.
    let (_folder, path) = fixture("before_streams.db");
    let before = dump(&path);
    sql(
        &path,
        "UPDATE \"iso-zulu\" SET value = value + 1e-9 WHERE rowid = 50",
    );
    let changed = dump(&path);
    assert_ne!(changed, before);
    sql(
        &path,
        "UPDATE mixed SET ts = 1492592400 WHERE ts = '2017-04-19T09:00:00'",
    );
    assert_ne!(dump(&path), changed);
}

#[test]
fn an_engine_still_reads_and_writes_a_file_that_was_taken_over() {
    for name in TAKEN_OVER {
        let (_folder, path) = fixture(name);
        let store = Store::open(&path).unwrap();
        sql(
            &path,
            "INSERT INTO streams (uuid, name, author, target) VALUES ('new', 'n', 'a', 't');
             INSERT INTO \"mixed\" VALUES ('2030-01-01 00:00', 7, 'h', 'engine');",
        );
        let stream = store.stream(&uuid("new")).unwrap().unwrap();
        assert_eq!(stream.author.as_deref(), Some("a"));
        assert!(stream.created_at.is_some() && stream.last_synced.is_none());
        assert_eq!(store.latest(&uuid("mixed")).unwrap().unwrap().value, 7.0);
        store
            .insert(&uuid("ours"), &NewObservation::new(at("2024-01-03"), 1.5))
            .unwrap();
        assert_eq!(
            query(&path, "SELECT ts, value FROM ours").to_string(),
            "[[1704240000,1.5]]"
        );
    }
}

#[test]
fn reading_alone_changes_no_byte_and_leaves_no_file() {
    for name in TAKEN_OVER
        .into_iter()
        .chain(["later_release.db", "zero_bytes.db"])
    {
        let (folder, path) = fixture(name);
        let before = fs::read(&path).unwrap();
        let store = read_only().open(&path).unwrap();
        if name != "zero_bytes.db" {
            if name != "later_release.db" {
                assert_as_expected(&store, name);
            }
            read_everything(&store);
        }
        let refused = store
            .upsert_stream(&uuid("x"), &StreamPatch::new())
            .unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ReadOnly);
        let refused = store
            .insert(&uuid("mixed"), &row("2024-01-03", 1.0))
            .unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ReadOnly);
        assert_eq!(
            store.normalize(&uuid("mixed")).unwrap_err().code(),
            ErrorCode::ReadOnly
        );
        assert_eq!(
            store.delete(&uuid("mixed"), ..).unwrap_err().code(),
            ErrorCode::ReadOnly
        );
        drop(store);
        assert!(fs::read(&path).unwrap() == before, "{name}");
        assert_eq!(names_in(folder.path()), ["engine.db"], "{name}");
    }
}

/// Opens for writing, which must fail, and leave the file as it is.
fn refused(path: &Path) -> Error {
    let folder = path.parent().unwrap();
    let (before, names) = (fs::read(path).unwrap(), names_in(folder));
    let error = Store::open(path).unwrap_err();
    assert!(fs::read(path).unwrap() == before, "{error}");
    assert_eq!(names_in(folder), names, "{error}");
    error
}

#[test]
fn a_later_release_is_refused_by_name_and_left_as_it_is() {
    let (_folder, path) = fixture("later_release.db");
    match refused(&path) {
        Error::LaterRelease {
            version,
            location: named,
        } => {
            assert_eq!(version, "99991231000000");
            assert!(named.path().is_some_and(|path| path.ends_with("engine.db")));
        }
        other => panic!("{other}"),
    }
    // Also where it has changed `streams` beyond recognition.
    sql(&path, "ALTER TABLE streams DROP COLUMN meta");
    assert_eq!(refused(&path).code(), ErrorCode::LaterRelease);
}

#[test]
fn a_later_release_that_crashed_keeps_its_wal_when_refused() {
    let (_source, original) = fixture("later_release.db");
    let (_folder, path) = place();
    // Copied while open: as a crash leaves it, with commits in the WAL only.
    python(
        "import sqlite3,sys,shutil\nc=sqlite3.connect(sys.argv[1])\n\
         c.execute('PRAGMA journal_mode=WAL')\nc.execute(\"INSERT INTO notes (body) VALUES ('late')\")\n\
         c.commit()\n[shutil.copy(sys.argv[1]+s, sys.argv[2]+s) for s in ('', '-wal')]",
        &[text(&original), text(&path)],
    );
    let wal = path.with_file_name("engine.db-wal");
    let (main_before, wal_before) = (fs::read(&path).unwrap(), fs::read(&wal).unwrap());
    assert!(!wal_before.is_empty());
    assert_eq!(
        Store::open(&path).unwrap_err().code(),
        ErrorCode::LaterRelease
    );
    assert!(fs::read(&path).unwrap() == main_before);
    assert!(fs::read(&wal).unwrap() == wal_before);
    assert_eq!(query(&path, "SELECT count(*) FROM notes")[0][0], 2);
}

#[test]
fn damaged_files_are_refused_and_left_as_they_are() {
    for (name, code) in [
        ("bad_page.db", ErrorCode::Corrupt),
        ("truncated.db", ErrorCode::Corrupt),
        ("not_a_database.db", ErrorCode::NotAStore),
    ] {
        let (_folder, path) = fixture(name);
        let error = refused(&path);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains("engine.db"), "{error}");
    }
}

#[test]
fn a_streams_table_of_another_shape_is_refused_by_column() {
    let columns = "server_stream_id INTEGER, uuid TEXT UNIQUE NOT NULL, name TEXT, secondary TEXT, \
                   meta TEXT, description TEXT, last_synced TIMESTAMP, created_at TIMESTAMP";
    let with_id = format!("id INTEGER PRIMARY KEY AUTOINCREMENT, {columns}");
    let table = |columns: &str| format!("CREATE TABLE streams ({columns})");
    for (made, column) in [
        (
            table("id INTEGER PRIMARY KEY, uuid TEXT UNIQUE NOT NULL"),
            "server_stream_id",
        ),
        (
            table(&with_id.replace("meta TEXT", "metadata TEXT")),
            "meta",
        ),
        (
            table(&with_id.replace("uuid TEXT UNIQUE", "uuid TEXT")),
            "uuid",
        ),
        (table(&with_id.replace("uuid TEXT", "uuid BLOB")), "uuid"),
        (table(&with_id.replace("name TEXT", "name INTEGER")), "name"),
        (
            table(&with_id.replace("name TEXT", "name TEXT NOT NULL")),
            "name",
        ),
        (table(&format!("id TEXT PRIMARY KEY, {columns}")), "id"),
        (
            table(&format!(
                "id INTEGER, {}",
                columns.replace("uuid TEXT", "uuid TEXT PRIMARY KEY")
            )),
            "id",
        ),
        (table(&format!("{with_id}, region TEXT NOT NULL")), "region"),
        (
            format!("CREATE TABLE other ({with_id}); CREATE VIEW streams AS SELECT * FROM other"),
            "(all)",
        ),
    ] {
        let (_folder, path) = place();
        sql(&path, &made);
        for error in [refused(&path), read_only().open(&path).unwrap_err()] {
            match error {
                Error::SchemaMismatch { column: named, .. } => assert_eq!(named, column, "{made}"),
                other => panic!("{made}: {other}"),
            }
        }
    }
}

#[test]
fn a_streams_table_that_is_spelled_otherwise_is_adopted() {
    let (_folder, path) = place();
    sql(
        &path,
        "CREATE TABLE Streams (ID integer primary key, Server_Stream_Id BIGINT, UUID varchar(36) NOT NULL UNIQUE,
         Name TEXT, Secondary TEXT, Meta TEXT, Description TEXT, Last_Synced DATETIME, Created_At DATETIME,
         region TEXT DEFAULT 'eu' NOT NULL);
         INSERT INTO Streams (uuid, name) VALUES ('a', 'b')",
    );
    let store = Store::open(&path).unwrap();
    let stream = store
        .upsert_stream(&uuid("a"), &StreamPatch::new().target("t".to_owned()))
        .unwrap();
    assert_eq!(
        (stream.id, stream.name.as_deref(), stream.target.as_deref()),
        (1, Some("b"), Some("t"))
    );
    assert_eq!(query(&path, "SELECT region FROM streams")[0][0], "eu");
}

#[test]
fn a_ledger_that_promises_columns_that_are_gone_is_refused() {
    for broken in [
        "DROP TABLE streams",
        "ALTER TABLE streams DROP COLUMN author",
    ] {
        let (_folder, path) = place();
        drop(Store::open(&path).unwrap());
        sql(&path, broken);
        assert_eq!(refused(&path).code(), ErrorCode::SchemaMismatch, "{broken}");
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
    ] {
        assert_eq!(error.code(), ErrorCode::CannotOpen, "{error}");
    }
    assert!(!missing.parent().unwrap().exists());
    assert_eq!(names_in(folder.path()), Vec::<OsString>::new());
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

#[test]
fn migrations_applied_by_hand_give_the_same_schema() {
    let schema = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' \
                  AND tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY type, name";
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    let (_by_hand, hand) = place();
    let mut folders: Vec<_> = fs::read_dir(crate_file("migrations"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    folders.sort();
    for folder in &folders {
        sql(&hand, &fs::read_to_string(folder.join("up.sql")).unwrap());
    }
    assert_eq!(query(&hand, schema), query(&path, schema));
    // And the file migrated by hand is adopted, ids and all.
    sql(&hand, "INSERT INTO streams (id, uuid) VALUES (41, 'a')");
    assert_eq!(Store::open(&hand).unwrap().streams().unwrap()[0].id, 41);
    assert_eq!(query(&hand, schema), query(&path, schema));
    for folder in folders.iter().rev() {
        sql(&hand, &fs::read_to_string(folder.join("down.sql")).unwrap());
    }
    let left = "SELECT name FROM sqlite_schema WHERE name LIKE '%streams%'";
    assert_eq!(query(&hand, left).to_string(), "[]");
}

#[test]
fn a_file_is_adopted_once_and_then_opened_without_writing_again() {
    let (_folder, path) = fixture("nine_columns.db");
    drop(Store::open(&path).unwrap());
    let before = fs::read(&path).unwrap();
    drop(Store::open(&path).unwrap());
    assert!(fs::read(&path).unwrap() == before);
}

/// A journal that a crash has left: nobody that only reads may take it back.
#[test]
fn an_interrupted_write_is_told_to_those_that_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let script = "import os,sqlite3,sys\n\
        c=sqlite3.connect(sys.argv[1])\n\
        c.execute('CREATE TABLE s (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC NOT NULL, \
                                   hash TEXT NOT NULL, provider TEXT NOT NULL)')\n\
        c.executemany('INSERT INTO s VALUES (?,1,?,?)',[(i,'h'*200,'p') for i in range(2000)])\n\
        c.commit()\n\
        c.execute('PRAGMA cache_size=2')\n\
        c.execute('UPDATE s SET value = 2')\n\
        os._exit(0)";
    python(script, &[path.to_str().unwrap()]);
    let before = fs::read(&path).unwrap();
    let error = read_only().open(&path).unwrap_err();
    assert!(
        error.to_string().contains("open the file once for writing"),
        "{error}"
    );
    assert_eq!(error.code(), ErrorCode::ReadOnly);
    assert!(fs::read(&path).unwrap() == before);
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    assert_eq!(store.statistics(&s).unwrap().sum, 2000.0);
}
