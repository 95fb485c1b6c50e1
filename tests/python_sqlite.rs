//! Python's sqlite3, as installed engines use it, and the store: both have the
//! file open, in two processes, and each reads what the other writes.

mod support;

use satori_store::{Error, Insertion, NewObservation, Store, StreamPatch, Timestamp};
use serde_json::json;
use support::{Python, at, row, rows, seconds, uuid};

const STREAM: &str = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1";

/// How an installed engine makes a stream's table.
fn create(stream: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS \"{stream}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, \
         value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)"
    )
}

/// How it inserts a row.
fn insert(stream: &str) -> String {
    format!("INSERT OR IGNORE INTO \"{stream}\" (ts, value, hash, provider) VALUES (?, ?, ?, ?)")
}

/// How it upserts metadata.
const UPSERT: &str = "INSERT INTO streams (server_stream_id, uuid, name, author, secondary, \
     target, meta, description, last_synced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT(uuid) DO UPDATE SET server_stream_id = excluded.server_stream_id, \
     name = excluded.name, author = excluded.author, secondary = excluded.secondary, \
     target = excluded.target, meta = excluded.meta, description = excluded.description, \
     last_synced = excluded.last_synced";

#[test]
fn rows_that_python_inserts_are_read_in_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let mut python = Python::open_as_engine(&path);
    python.run(&create(STREAM));
    python.run_with(
        &insert(STREAM),
        json!([1704283200, 45000.5, "a", "central"]),
    );
    python.commit();

    let stream = uuid(STREAM);
    let store = Store::open(&path).unwrap();
    let bare = store.streams_without_metadata().unwrap();
    assert_eq!(bare, std::slice::from_ref(&stream));
    assert_eq!(store.latest(&stream).unwrap().unwrap().value, 45000.5);

    // The store has looked already: what follows comes in under its eyes.
    for (ts, value) in [
        (json!(1704283260.25), json!("45001.50")),
        (json!("1704283320"), json!(45002)),
        (json!("1704283380.5"), json!("45003")),
        (json!("2024-01-03 12:04:00"), json!("4.5004e4")),
        (json!("2024-01-03T14:05:00+02:00"), json!(45005.0)),
        (json!("2024-01-03 12:06:00.123456"), json!(45006)),
    ] {
        python.run_with(&insert(STREAM), json!([ts, value, "b", "engine"]));
        python.commit();
        let found = store.latest(&stream).unwrap().unwrap();
        assert_eq!(found.hash, "b");
        assert_eq!(found.provider, "engine");
    }
    // Ignored by SQLite: the key is there.
    python.run_with(&insert(STREAM), json!([1704283200, 1, "c", "engine"]));
    python.commit();

    let found = rows(&store, &stream);
    let instants: Vec<_> = found.iter().map(|row| row.ts.to_string()).collect();
    assert_eq!(
        instants,
        [
            "2024-01-03T12:00:00Z",
            "2024-01-03T12:01:00.250000Z",
            "2024-01-03T12:02:00Z",
            "2024-01-03T12:03:00.500000Z",
            "2024-01-03T12:04:00Z",
            "2024-01-03T12:05:00Z",
            "2024-01-03T12:06:00.123456Z",
        ]
    );
    let values: Vec<_> = found.iter().map(|row| row.value).collect();
    assert_eq!(
        values,
        [
            45000.5, 45001.5, 45002.0, 45003.0, 45004.0, 45005.0, 45006.0
        ]
    );

    // Python's text stands for an instant that the store will not store twice.
    let again = NewObservation::new("2024-01-03T12:04:00Z".parse().unwrap(), 45004.0);
    let again = store.insert(&stream, &again.hash("d")).unwrap();
    assert_eq!(again, Insertion::AlreadyThere);
    python.close();
}

#[test]
fn rows_that_the_store_inserts_are_numbers_and_texts_to_python() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open_as_engine(&path);
    let stream = uuid(STREAM);
    let select =
        format!("SELECT ts, value, hash, provider, typeof(ts) FROM \"{STREAM}\" ORDER BY ts");

    let whole = NewObservation::new(at(1_704_283_200), 45000.5).hash("a");
    store.insert(&stream, &whole).unwrap();
    assert_eq!(
        python.run(&select),
        json!([[1704283200, 45000.5, "a", "central", "integer"]])
    );

    let fraction: Timestamp = "2024-01-03T12:01:00.25Z".parse().unwrap();
    let fraction = NewObservation::new(fraction, 7.0)
        .provider("engine")
        .hash("b");
    store.insert(&stream, &fraction).unwrap();
    assert_eq!(
        python.run(&select)[1],
        json!([1704283260.25, 7, "b", "engine", "real"])
    );

    // The engine's own statements work on a table that the store made.
    python.run(&create(STREAM));
    python.run_with(&insert(STREAM), json!([1704283320, 45002, "c", "engine"]));
    python.commit();
    assert_eq!(store.count(&stream, ..).unwrap(), 3);
    python.close();
}

#[test]
fn a_row_by_python_and_a_row_by_the_store_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open_as_engine(&path);
    let stream = uuid(STREAM);
    python.run(&create(STREAM));
    python.commit();
    for second in 0..200 {
        if second % 2 == 0 {
            python.run_with(&insert(STREAM), json!([second, second, "p", "engine"]));
            python.commit();
            let found = store.latest(&stream).unwrap().unwrap();
            assert_eq!((found.ts, found.value), (at(second), second as f64));
        } else {
            store.insert(&stream, &row(second)).unwrap();
            let found = python.run(&format!(
                "SELECT ts, value FROM \"{STREAM}\" ORDER BY ts DESC LIMIT 1"
            ));
            assert_eq!(found, json!([[second, second]]));
        }
    }
    assert_eq!(seconds(&store, &stream), (0..200).collect::<Vec<_>>());
    python.close();
    support::assert_sound(&path);
}

#[test]
fn metadata_is_upserted_by_either_and_read_by_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open_as_engine(&path);
    let stream = uuid(STREAM);
    let values = |name: &str, synced: &str| {
        json!([
            1, STREAM, name, "satori", "usd", "close", "{}", null, synced
        ])
    };

    python.run_with(
        UPSERT,
        values("bitcoin", "2024-01-03T12:00:00.123456+00:00"),
    );
    python.commit();
    let first = store.stream_by_name("bitcoin").unwrap().unwrap();
    assert_eq!(first.uuid, stream);
    assert_eq!(first.server_stream_id, Some(1));
    assert_eq!(first.author.as_deref(), Some("satori"));
    assert_eq!(first.target.as_deref(), Some("close"));
    assert_eq!(first.description, None);
    assert_eq!(
        first.last_synced.unwrap().to_string(),
        "2024-01-03T12:00:00.123456Z"
    );
    assert!(first.created_at.is_some());

    let patch = StreamPatch::new().description("the price".to_owned());
    let second = store.upsert_stream(&stream, &patch).unwrap();
    assert_eq!((second.id, second.created_at), (first.id, first.created_at));
    let found = &python.objects("SELECT * FROM streams")[0];
    assert_eq!(found["id"], json!(first.id));
    assert_eq!(found["uuid"], json!(STREAM));
    assert_eq!(found["name"], json!("bitcoin"));
    assert_eq!(found["author"], json!("satori"));
    assert_eq!(found["description"], json!("the price"));
    assert_eq!(
        found["last_synced"]
            .as_str()
            .unwrap()
            .parse::<Timestamp>()
            .unwrap(),
        second.last_synced.unwrap()
    );
    assert_eq!(found.as_object().unwrap().len(), 11);

    python.run_with(UPSERT, values("Bitcoin", "2999-01-01T00:00:00"));
    python.commit();
    let third = store.stream(&stream).unwrap().unwrap();
    assert_eq!((third.id, third.created_at), (first.id, first.created_at));
    assert_eq!(third.name.as_deref(), Some("Bitcoin"));
    assert_eq!(third.description, None);
    assert!(store.stale_streams(Timestamp::now()).unwrap().is_empty());
    python.close();
}

#[test]
fn tables_that_python_makes_are_found_and_those_of_another_kind_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
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
        store.insert(&uuid("notes"), &row(2)),
        Err(Error::NotAStream { .. })
    ));
    assert_eq!(python.run("SELECT * FROM notes"), json!([[1, "mine"]]));
    python.close();
}

/// Each way in, on a table that Python has dropped since the store last used it.
#[test]
fn a_table_that_python_drops_is_made_anew_by_every_insert() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    let payload = format!(
        r#"{{"value": "4", "observed_at": "4", "stream": {{"uuid": "{STREAM}", "name": "n"}}}}"#
    );
    let many: Vec<_> = (0..600).map(row).collect();
    type Way<'a> = &'a dyn Fn(&Store) -> satori_store::Result<()>;
    let ways: [(&str, Way<'_>, i64); 4] = [
        (
            "insert with a hash",
            &|store| store.insert(&stream, &row(4).hash("h")).map(drop),
            1,
        ),
        (
            "insert",
            &|store| store.insert(&stream, &row(4)).map(drop),
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
        store.insert(&stream, &row(1_000).hash("h")).unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    store.upsert_stream(&stream, &StreamPatch::new()).unwrap();
    let mut fill_and_drop = || {
        store.insert(&stream, &row(4).hash("h")).unwrap();
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
    assert!(rows(&store, &stream).is_empty());
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let others = [
        "CREATE TABLE \"{}\" (a, b)",
        "CREATE TABLE \"{}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL)",
        "CREATE VIEW \"{}\" AS SELECT 1 AS ts, 2 AS value, '' AS hash, '' AS provider",
    ];
    for (number, other) in others.iter().enumerate() {
        let stream = uuid(&format!("stream {number}"));
        store.insert(&stream, &row(4).hash("h")).unwrap();
        store.insert(&stream, &row(5)).unwrap();
        python.run(&format!("DROP TABLE \"{stream}\""));
        python.run(&other.replace("{}", stream.as_str()));
        for done in [
            store.insert(&stream, &row(6).hash("h")).map(drop),
            store.insert(&stream, &row(7)).map(drop),
            store.insert_many(&stream, &[row(8)]).map(drop),
        ] {
            let refused = matches!(done, Err(Error::NotAStream { .. }));
            assert!(refused, "{other}: {done:?}");
        }
    }
    python.close();
}

#[test]
fn a_column_that_python_adds_keeps_no_row_from_being_read_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    let stream = uuid(STREAM);
    store.upsert_stream(&stream, &StreamPatch::new()).unwrap();
    python.run("ALTER TABLE streams ADD COLUMN colour TEXT");
    let patch = StreamPatch::new().name("bitcoin".to_owned());
    store.upsert_stream(&stream, &patch).unwrap();
    python.run("UPDATE streams SET colour = 'orange'");
    assert_eq!(store.streams().unwrap().len(), 1);
    // And for one who opens the file now.
    let other = Store::open(&path).unwrap();
    assert_eq!(
        other.stream_by_name("bitcoin").unwrap().unwrap().uuid,
        stream
    );
    python.close();
}
