//! Digests of streams: kept by every write, and compared by `verify`.

use std::path::{Path, PathBuf};

use crate::support::*;
use satori_store::{Digest, IngestOptions, OpenOptions, Remove, Store};
use tempfile::TempDir;

/// Makes a store that keeps digests, with the stream `s` of ten rows. It reads past rows that
/// can't be read, which the digest covers too.
fn kept() -> (TempDir, PathBuf, Store) {
    let (folder, path) = place();
    let options = OpenOptions::new().digest(true).skip_unreadable(true);
    let store = options.open(&path).unwrap();
    store.insert_many(&uuid("s"), &rows(0..10)).unwrap();
    (folder, path, store)
}

fn rows(seconds: std::ops::Range<i64>) -> Vec<satori_store::NewObservation<'static>> {
    seconds.map(numbered).collect()
}

fn digest(store: &Store) -> Digest {
    store.verify(&uuid("s")).unwrap().digest
}

/// Runs a statement of another program, and returns what the digest then says.
fn after(path: &Path, store: &Store, statement: &str) -> Digest {
    assert_eq!(digest(store), Digest::Matches, "before {statement}");
    sql(path, statement);
    digest(store)
}

#[test]
fn every_write_keeps_it() {
    about_files();
    let (_folder, path, store) = kept();
    let check = |what: &str| assert_eq!(digest(&store), Digest::Matches, "{what}");
    check("few rows");
    store.insert_many(&uuid("s"), &rows(100..500)).unwrap();
    check("chunks");
    store.insert_many(&uuid("s"), &rows(5..150)).unwrap();
    check("rows between others, and some that exist");
    store.insert(&uuid("s"), &numbered(50)).unwrap();
    check("one row");
    store
        .insert(&uuid("s"), &numbered(600).hash("aa").provider("p"))
        .unwrap();
    check("one row with its hash");
    store
        .insert(&uuid("s"), &row("1970-01-01T00:11:40.25", 5.5))
        .unwrap();
    check("a fraction");
    let payload = br#"{"value": 1.5, "ts": 700, "stream": {"uuid": "s", "name": "n"}}"#;
    store.ingest(payload, &IngestOptions::new()).unwrap();
    check("a payload");
    let strict = IngestOptions::new().uuid(uuid("s")).strict(true);
    let refused = br#"[{"value": 1, "ts": 800}, {"value": "x", "ts": 801}]"#;
    store.ingest(refused, &strict).unwrap_err();
    check("a batch that is refused");
    assert!(store.delete(&uuid("s"), at(3)..=at(120)).unwrap() > 0);
    check("a span deleted");
    assert!(store.delete(&uuid("s"), ..).unwrap() > 0);
    check("all deleted");
    store.insert_many(&uuid("s"), &rows(0..40)).unwrap();
    store.remove(&uuid("s"), Remove::Data).unwrap();
    store.insert_many(&uuid("s"), &rows(3..9)).unwrap();
    check("removed, and made anew");
    drop(store);
    assert_sound(&path);
}

#[test]
fn rows_that_are_rewritten_or_moved_keep_it() {
    about_files();
    let (_folder, path, store) = kept();
    let bad = "INSERT INTO s VALUES ('None', 1, 'h', 'p'), (70, 9e999, 'h', 'p'), \
               ('2024-01-03 12:00', 1, 'h', 'p'), (1704283200000, 2, 'h', 'p'), \
               ('2024-01-03T12:00:07Z', 3, 'h', 'p')";
    assert_eq!(after(&path, &store, bad), Digest::Differs);
    store.restate_digest(&uuid("s")).unwrap();
    let check = |what: &str| assert_eq!(digest(&store), Digest::Matches, "{what}");
    check("restated");
    assert_eq!(store.normalize(&uuid("s")).unwrap().rewritten, 2);
    check("normalized");
    assert_eq!(store.quarantine(&uuid("s")).unwrap().len(), 2);
    check("moved out");
    store.insert(&uuid("s"), &numbered(70)).unwrap();
    let restored = store.restore(&uuid("s")).unwrap();
    assert_eq!((restored.restored, restored.kept), (1, 1));
    check("put back");
}

#[test]
fn what_the_chain_cannot_see_differs() {
    about_files();
    for change in [
        "UPDATE s SET provider = 'other' WHERE ts = 4",
        "DELETE FROM s WHERE ts = (SELECT max(ts) FROM s)",
        "DELETE FROM s WHERE ts = (SELECT min(ts) FROM s)",
        "UPDATE s SET hash = 'h' WHERE ts = 4",
        "UPDATE s SET value = value + 1 WHERE ts = 4",
        "UPDATE s SET ts = 400 WHERE ts = 4",
        "INSERT INTO s VALUES (90, 1, 'h', 'p')",
        "UPDATE s SET provider = hash, hash = provider",
    ] {
        let (_folder, path, store) = kept();
        assert_eq!(after(&path, &store, change), Digest::Differs, "{change}");
        store.insert(&uuid("s"), &numbered(95)).unwrap();
        assert_eq!(digest(&store), Digest::Differs, "{change}, and a row");
        store.restate_digest(&uuid("s")).unwrap();
        assert_eq!(digest(&store), Digest::Matches, "{change}, restated");
        store.insert(&uuid("s"), &numbered(96)).unwrap();
        assert_eq!(digest(&store), Digest::Matches, "{change}, and one more");
    }
}

#[test]
fn control_without_it_a_changed_provider_is_not_noticed() {
    about_files();
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert_many(&uuid("s"), &rows(0..10)).unwrap();
    let before = store.verify(&uuid("s")).unwrap();
    assert_eq!(before.digest, Digest::NotKept);
    sql(&path, "UPDATE s SET provider = 'other' WHERE ts = 4");
    assert_eq!(store.verify(&uuid("s")).unwrap(), before);
    let tables = query(
        &path,
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%digest%'",
    );
    assert_eq!(tables[0][0], 0);
}

#[test]
fn a_store_that_exists_gets_it_and_every_store_keeps_it() {
    about_files();
    let (_folder, path, store, stream) = store_with(&["1", "'2024-01-03 12:00'", "3.5"]);
    assert_eq!(digest(&store), Digest::NotKept);
    let asked = OpenOptions::new().digest(true).open(&path).unwrap();
    assert_eq!(digest(&asked), Digest::Matches);
    // It is open since before, and didn't ask.
    assert_eq!(digest(&store), Digest::Matches);
    store.insert(&stream, &numbered(9).hash("aa")).unwrap();
    store.insert_many(&uuid("t"), &rows(0..50)).unwrap();
    asked.insert_many(&uuid("t"), &rows(40..60)).unwrap();
    for store in [&store, &asked] {
        assert_eq!(digest(store), Digest::Matches);
        assert_eq!(store.verify(&uuid("t")).unwrap().digest, Digest::Matches);
    }
    // A table that another program has made has none before it is asked for.
    sql(&path, &table_sql("u", &["1"]));
    assert_eq!(store.verify(&uuid("u")).unwrap().digest, Digest::NotKept);
    let asked = OpenOptions::new().digest(true).open(&path).unwrap();
    assert_eq!(asked.verify(&uuid("u")).unwrap().digest, Digest::Matches);
    let reader = OpenOptions::new()
        .read_only(true)
        .digest(true)
        .open(&path)
        .unwrap();
    assert_eq!(digest(&reader), Digest::Matches);
}

#[test]
fn a_stream_that_is_unknown_has_none() {
    about_files();
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert_many(&uuid("s"), &rows(0..10)).unwrap();
    let error = store.restate_digest(&uuid("x")).unwrap_err();
    assert_eq!(error.code(), satori_store::ErrorCode::StreamNotFound);
    assert_eq!(store.streams_with_data().unwrap(), [uuid("s")]);
    // What failed has begun no digests.
    assert_eq!(digest(&store), Digest::NotKept);
    store.insert_many(&uuid("t"), &rows(0..10)).unwrap();
    assert_eq!(store.verify(&uuid("t")).unwrap().digest, Digest::NotKept);
}

/// More streams than what is prepared for them has room for: 3,000 that store text.
#[test]
fn streams_without_room_for_their_statements_keep_it() {
    about_files();
    const STREAMS: usize = 3_000;
    let (_folder, path) = place();
    let uuids: Vec<_> = (0..STREAMS)
        .map(|stream| uuid(&format!("s{stream}")))
        .collect();
    let tables = uuids.iter().map(|uuid| {
        format!(
            "CREATE TABLE {uuid} (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL, \
             hash TEXT NOT NULL, provider TEXT NOT NULL); \
             INSERT INTO {uuid} VALUES ('2024-01-01 00:00:00', 1, 'h', 'p');"
        )
    });
    let tables = tables.collect::<String>();
    run(&mut plain(&path), &format!("BEGIN; {tables} COMMIT"));
    let store = OpenOptions::new().digest(true).open(&path).unwrap();
    for day in 2..4 {
        for (uuid, number) in uuids.iter().zip(0..) {
            let ts = format!("2024-01-0{day} 00:00:00");
            store
                .insert(uuid, &row(&*ts, f64::from(number + day)))
                .unwrap();
            if number % 100 == 0 {
                // As long as it is the same stream, what has no room stays too.
                let before = row(&*ts.replace("00:00:00", "00:00:01"), 0.5);
                store.insert(uuid, &before).unwrap();
            }
        }
    }
    for (uuid, number) in uuids.iter().zip(0..).step_by(7) {
        let verified = store.verify(uuid).unwrap();
        let rows = if number % 100 == 0 { 5 } else { 3 };
        assert_eq!((verified.rows, verified.digest), (rows, Digest::Matches));
    }
}
