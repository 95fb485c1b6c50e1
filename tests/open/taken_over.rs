//! Files of installed engines, and stores, as they are taken over.

use std::fs;

use crate::support::*;
use crate::{names_in, read_only};
use satori_store::{ErrorCode, NewObservation, Store, StreamPatch, Timestamp};

const TAKEN_OVER: [&str; 3] = ["before_streams.db", "nine_columns.db", "eleven_columns.db"];

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

/// Asserts that the store holds what the manifest says, no more and no less.
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
fn migrations_applied_by_hand_give_the_same_schema() {
    let schema = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' \
                  AND tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY type, name";
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    let (_by_hand, hand) = place();
    let mut folders: Vec<_> = fs::read_dir(crate_file("migrations/sqlite"))
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
