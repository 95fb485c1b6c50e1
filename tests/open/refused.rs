//! Files that are refused, and left as they are.

use std::fs;
use std::path::Path;

use crate::support::*;
use crate::{names_in, read_only};
use satori_store::{Error, ErrorCode, Store};

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

/// SQLite takes a file of one byte for an empty one, and makes a database of it.
/// Damages a file that has no WAL: whoever switches it to one writes its first page.
fn without_wal(path: &Path, damage: impl FnOnce(&mut [u8])) {
    sql(path, "PRAGMA journal_mode = DELETE");
    let mut bytes = fs::read(path).unwrap();
    damage(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Found by fuzzing: a file whose damage hides its tables was switched to WAL, and then refused.
#[test]
fn a_file_that_seems_to_be_empty_for_its_damage_is_refused_and_left_as_it_is() {
    let (_folder, path) = fixture("nine_columns.db");
    // The number of cells on the first page, which holds the schema.
    without_wal(&path, |bytes| bytes[103..105].fill(0));
    let schema = query(&path, "SELECT count(*) FROM sqlite_schema");
    assert_eq!(schema[0][0], 0);
    assert_eq!(refused(&path).code(), ErrorCode::Corrupt);
    // The control: plain SQL changes the file before it notices.
    let before = fs::read(&path).unwrap();
    sql(&path, "PRAGMA journal_mode = WAL");
    assert!(fs::read(&path).unwrap() != before);
}

#[test]
fn a_damaged_file_that_is_yet_to_be_migrated_is_left_as_it_is() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let rows: Vec<_> = (0..2_000).map(numbered).collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
    drop(store);
    sql(
        &path,
        "DELETE FROM __diesel_schema_migrations \
         WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)",
    );
    let whole = fs::read(&path).unwrap();
    without_wal(&path, |bytes| {
        let last = bytes.len() - 4_096;
        bytes[last..].fill(0xff);
    });
    assert_eq!(refused(&path).code(), ErrorCode::Corrupt);
    // Sound, it is migrated.
    fs::write(&path, whole).unwrap();
    Store::open(&path).unwrap();
}

#[test]
fn a_file_too_short_for_a_header_is_no_empty_one() {
    for length in [1, 2, 99] {
        let (_folder, path) = place();
        fs::write(&path, vec![b'S'; length]).unwrap();
        assert_eq!(refused(&path).code(), ErrorCode::NotAStore, "{length}");
    }
    let (_folder, path) = place();
    fs::write(&path, "S").unwrap();
    sql(&path, "CREATE TABLE control (x)");
    assert!(fs::read(&path).unwrap().starts_with(b"SQLite format 3"));
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

/// Leaves a journal as a crash does: nobody that only reads may take it back.
#[test]
fn an_interrupted_write_is_reported_to_those_that_only_read() {
    let (_folder, path) = place();
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
