//! Tables that Python makes, drops and alters while the store has the file open.

use crate::python::{STREAM, create};
use crate::support::*;
use satori_store::{Error, Remove, Store, StreamPatch};
use serde_json::json;

#[test]
fn tables_that_python_makes_are_found_and_those_of_another_kind_are_not_touched() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    // The store knows that there is no such stream, and no such table.
    assert!(matches!(
        store.count(&stream, ..),
        Err(Error::StreamNotFound { .. })
    ));
    python.run(&create(STREAM));
    python.run("CREATE TABLE notes (ts TIMESTAMP PRIMARY KEY, note TEXT)");
    python.run("INSERT INTO notes VALUES (1, 'mine')");
    assert_eq!(store.count(&stream, ..).unwrap(), 0);
    assert_eq!(store.streams_without_metadata().unwrap(), [stream]);
    assert!(matches!(
        store.insert(&uuid("notes"), &numbered(2)),
        Err(Error::NotAStream { .. })
    ));
    assert_eq!(python.run("SELECT * FROM notes"), json!([[1, "mine"]]));
    python.close();
}

/// Each way in, on a table that Python has dropped since the store last used it.
/// A store remembers which names no table has, and the list of all tables.
#[test]
fn what_is_remembered_of_tables_follows_what_python_does() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let (a, b) = (uuid("a"), uuid("b"));
    let names = || -> Vec<String> {
        let found = store.streams_with_data().unwrap();
        found.iter().map(|uuid| uuid.to_string()).collect()
    };
    for _ in 0..2 {
        for _ in 0..2 {
            let missing = store.latest(&a).unwrap_err();
            assert!(matches!(missing, Error::StreamNotFound { .. }), "{missing}");
            assert_eq!(names(), [""; 0]);
        }
        python.run(&create("a"));
        python.run("INSERT INTO a VALUES (1704067200, 1, 'h', 'p')");
        python.commit();
        assert!(store.latest(&a).unwrap().is_some());
        assert_eq!(names(), ["a"]);
        // What this store makes and takes back in a transaction is remembered as little.
        assert!(store.count(&b, ..).is_err());
        store.insert(&b, &numbered(1)).unwrap();
        assert_eq!(
            (store.count(&b, ..).unwrap(), names()),
            (1, vec!["a".to_owned(), "b".to_owned()])
        );
        store.remove(&b, Remove::Data).unwrap();
        assert!(store.count(&b, ..).is_err());
        assert_eq!(names(), ["a"]);
        python.run("ALTER TABLE a RENAME TO c");
        python.commit();
        assert!(store.latest(&a).is_err());
        assert_eq!(names(), ["c"]);
        python.run("DROP TABLE c");
        python.commit();
    }
    python.close();
}

#[test]
fn a_table_that_python_drops_is_made_anew_by_every_insert() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    let payload = format!(
        r#"{{"value": "4", "observed_at": "4", "stream": {{"uuid": "{STREAM}", "name": "n"}}}}"#
    );
    let many: Vec<_> = (0..600).map(numbered).collect();
    type Way<'a> = &'a dyn Fn(&Store) -> satori_store::Result<()>;
    let ways: [(&str, Way<'_>, i64); 4] = [
        (
            "insert with a hash",
            &|store| store.insert(&stream, &numbered(4).hash("h")).map(drop),
            1,
        ),
        (
            "insert",
            &|store| store.insert(&stream, &numbered(4)).map(drop),
            1,
        ),
        (
            "insert_many",
            &|store| store.insert_many(&stream, &many).map(drop),
            600,
        ),
        (
            "ingest",
            &|store| {
                store
                    .ingest(payload.as_bytes(), &satori_store::IngestOptions::new())
                    .map(drop)
            },
            1,
        ),
    ];
    for (name, way, stored) in ways {
        store.insert_many(&stream, &many).unwrap();
        store.insert(&stream, &numbered(1_000).hash("h")).unwrap();
        store.latest(&stream).unwrap();
        python.run(&format!("DROP TABLE \"{STREAM}\""));
        way(&store).unwrap_or_else(|error| panic!("{name}: {error}"));
        let count = python.run(&format!("SELECT count(*) FROM \"{STREAM}\""));
        assert_eq!(count, json!([[stored]]), "{name}");
    }
    python.close();
}

#[test]
fn a_table_that_python_drops_has_no_rows_for_every_read() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    store.upsert_stream(&stream, &StreamPatch::new()).unwrap();
    let mut fill_and_drop = || {
        store.insert(&stream, &numbered(4).hash("h")).unwrap();
        store.latest(&stream).unwrap();
        store.observation(&stream, at(4)).unwrap();
        python.run(&format!("DROP TABLE \"{STREAM}\""));
    };
    fill_and_drop();
    assert_eq!(store.latest(&stream).unwrap(), None);
    fill_and_drop();
    assert_eq!(store.observation(&stream, at(4)).unwrap(), None);
    fill_and_drop();
    assert_eq!(store.count(&stream, ..).unwrap(), 0);
    fill_and_drop();
    assert_eq!(store.columns(&stream, ..).unwrap().len(), 0);
    fill_and_drop();
    assert_eq!(all(&store, &stream).unwrap(), []);
    fill_and_drop();
    assert_eq!(store.statistics(&stream).unwrap().count, 0);
    fill_and_drop();
    assert_eq!(store.delete(&stream, ..).unwrap(), 0);
    fill_and_drop();
    assert_eq!(store.normalize(&stream).unwrap().rewritten, 0);
    fill_and_drop();
    let removed = store.remove(&stream, satori_store::Remove::Both).unwrap();
    assert_eq!((removed.metadata, removed.rows), (true, None));
    python.close();
}

#[test]
fn a_table_that_python_makes_another_kind_of_is_refused_from_then_on() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let others = [
        "CREATE TABLE \"{}\" (a, b)",
        "CREATE TABLE \"{}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL)",
        "CREATE VIEW \"{}\" AS SELECT 1 AS ts, 2 AS value, '' AS hash, '' AS provider",
    ];
    for (number, other) in others.iter().enumerate() {
        let stream = uuid(&format!("stream {number}"));
        store.insert(&stream, &numbered(4).hash("h")).unwrap();
        store.insert(&stream, &numbered(5)).unwrap();
        python.run(&format!("DROP TABLE \"{stream}\""));
        python.run(&other.replace("{}", stream.as_str()));
        for done in [
            store.insert(&stream, &numbered(6).hash("h")).map(drop),
            store.insert(&stream, &numbered(7)).map(drop),
            store.insert_many(&stream, &[numbered(8)]).map(drop),
        ] {
            let refused = matches!(done, Err(Error::NotAStream { .. }));
            assert!(refused, "{other}: {done:?}");
        }
    }
    python.close();
}

#[test]
fn a_column_that_python_adds_keeps_no_row_from_being_read_or_written() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    store.upsert_stream(&stream, &StreamPatch::new()).unwrap();
    python.run("ALTER TABLE streams ADD COLUMN colour TEXT");
    let patch = StreamPatch::new().name("bitcoin".to_owned());
    store.upsert_stream(&stream, &patch).unwrap();
    python.run("UPDATE streams SET colour = 'orange'");
    assert_eq!(store.streams().unwrap().len(), 1);
    // And for a store that is opened now.
    let other = Store::open(&path).unwrap();
    assert_eq!(
        other.stream_by_name("bitcoin").unwrap().unwrap().uuid,
        stream
    );
    python.close();
}
