//! `export` and `import`, there and back: each row as it was, to the bit.

use std::fs;

use crate::common::{BITCOIN, Folder};
use proptest::prelude::*;
use satori_store::{Error, NewObservation, Store, StreamPatch, StreamUuid, Timestamp};

const FORMATS: [&str; 4] = ["csv", "ndjson", "parquet", "arrow"];

/// A row: its instant, the bits of its value, its hash and its provider.
type Row = (i64, u64, String, String);

/// Returns the rows of a stream; none if there is no such stream.
fn rows(folder: &Folder, db: &str, uuid: &str) -> Vec<Row> {
    let store = Store::open(folder.path(db)).unwrap();
    let rows = match store.observations(&StreamUuid::new(uuid).unwrap(), ..) {
        Err(Error::StreamNotFound { .. }) => return Vec::new(),
        rows => rows.unwrap(),
    };
    let row = |row: satori_store::Result<satori_store::Observation>| {
        let row = row.unwrap();
        (
            row.ts.as_micros(),
            row.value.to_bits(),
            row.hash,
            row.provider,
        )
    };
    rows.map(row).collect()
}

/// Returns what the server knows of each stream.
fn metadata(folder: &Folder, db: &str) -> Vec<serde_json::Value> {
    let store = Store::open(folder.path(db)).unwrap();
    let streams = store.streams().unwrap().into_iter().map(|stream| {
        let mut stream = serde_json::to_value(stream).unwrap();
        let fields = stream.as_object_mut().unwrap();
        for own in ["id", "last_synced", "created_at"] {
            fields.remove(own).unwrap();
        }
        stream
    });
    let mut streams: Vec<_> = streams.collect();
    streams.sort_by_key(|stream| stream["uuid"].as_str().unwrap().to_owned());
    streams
}

fn done(folder: &Folder, args: &[&str]) {
    let ran = folder.run(args);
    assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
}

/// Any instant that a store can hold in seconds.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        -4_000_000_000_000_000..4_000_000_000_000_000i64,
        -1_000_000..1_000_000i64,
        (-99_999_999_999..99_999_999_999i64).prop_map(|seconds| seconds * 1_000_000),
    ]
}

/// Any finite number, small and large, and those whose text is hard to get right.
fn value() -> impl Strategy<Value = f64> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO,
        Just(-0.0),
        Just(f64::MIN_POSITIVE),
        Just(5e-324),
        Just(f64::MAX),
        Just(0.1 + 0.2),
        (-1_000_000..1_000_000i64).prop_map(|whole| whole as f64),
    ]
}

/// Text that a format may take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-f0-9]{16}",
        "[\\PC\"',;\n\r\t ]{1,12}",
        Just("null".to_owned()),
        Just("1e5".to_owned()),
        Just(" a\r\n\"b\" ".to_owned()),
        Just("東京, \u{202e}\u{feff}x".to_owned()),
    ]
}

proptest! {
    // Each runs a dozen processes.
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_row_comes_back_to_the_bit(
        given in prop::collection::btree_map(instant(), (value(), text(), text()), 0..40),
        uuid in "[a-z/%äß][a-z/%.\"' äß,;-]{0,19}",
        name in prop::option::of(text()),
        author in prop::option::of(text()),
        meta in prop::option::of(text()),
        id in prop::option::of(any::<i64>()),
    ) {
        let folder = Folder::new();
        let store = Store::open(folder.path("engine.db")).unwrap();
        let stream = StreamUuid::new(uuid.as_str()).unwrap();
        let rows_given: Vec<_> = given
            .iter()
            .map(|(ts, (value, hash, provider))| {
                NewObservation::new(Timestamp::from_micros(*ts), *value).hash(hash).provider(provider)
            })
            .collect();
        store.insert_many(&stream, &rows_given).unwrap();
        let patch = StreamPatch::new()
            .name(name).author(author).meta(meta).server_stream_id(id);
        store.upsert_stream(&stream, &patch).unwrap();
        drop(store);
        let before = rows(&folder, "engine.db", &uuid);
        prop_assert_eq!(before.len(), given.len());
        for format in FORMATS {
            let (db, all) = (format!("{format}.db"), format!("all-{format}.db"));
            let one = format!("one.{format}");
            done(&folder, &["export", "engine.db", &uuid, "--output", &one]);
            done(&folder, &["import", &db, &one]);
            if !before.is_empty() {
                prop_assert_eq!(&rows(&folder, &db, &uuid), &before, "{}", format);
            }
            done(&folder, &["export", "engine.db", "-o", format, "--format", format]);
            done(&folder, &["import", &all, format]);
            prop_assert_eq!(&rows(&folder, &all, &uuid), &before, "{}", format);
            prop_assert_eq!(metadata(&folder, &all), metadata(&folder, "engine.db"));
        }
        // As any program takes the server's payloads.
        if !before.is_empty() {
            done(&folder, &["ingest", "ingested.db", "one.ndjson", "--provider", "p"]);
            let ingested = rows(&folder, "ingested.db", &uuid);
            let expected: Vec<Row> = before
                .into_iter()
                .map(|(ts, value, hash, _)| (ts, value, hash, "p".to_owned()))
                .collect();
            prop_assert_eq!(ingested, expected);
            prop_assert_eq!(metadata(&folder, "ingested.db"), metadata(&folder, "engine.db"));
        }
    }
}

#[test]
fn a_store_of_many_streams_comes_back_from_each_format() {
    let folder = Folder::with("eleven_columns.db");
    let store = Store::open(folder.path("engine.db")).unwrap();
    let long = "ü/".repeat(80);
    for (number, uuid) in ["../up", ".hidden", "a b;'\"", "%41", "con", &long]
        .iter()
        .enumerate()
    {
        let ts = Timestamp::from_micros(number as i64);
        let row = NewObservation::new(ts, 0.1);
        store
            .insert(&StreamUuid::new(*uuid).unwrap(), &row)
            .unwrap();
    }
    let streams = store.streams_with_data().unwrap();
    drop(store);
    assert!(streams.len() > 8, "{streams:?}");
    for format in FORMATS {
        let db = format!("{format}.db");
        let ran = folder.run(&[
            "export",
            "engine.db",
            "-o",
            format,
            "--format",
            format,
            "--json",
        ]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let files = fs::read_dir(folder.path(format)).unwrap();
        assert_eq!(files.count(), streams.len() + 1, "{ran:?}");
        done(&folder, &["import", &db, format]);
        for uuid in &streams {
            let before = rows(&folder, "engine.db", uuid.as_str());
            assert_eq!(
                rows(&folder, &db, uuid.as_str()),
                before,
                "{format}: {uuid}"
            );
        }
        // A stream of neither rows nor metadata is in no row of text.
        let streams = Store::open(folder.path(&db)).unwrap().streams_with_data();
        let is_columnar = ["parquet", "arrow"].contains(&format);
        let empty = StreamUuid::new("empty-stream").unwrap();
        assert_eq!(streams.unwrap().contains(&empty), is_columnar, "{format}");
        // The second time there is nothing new.
        let again = folder.run(&["import", &db, format, "--json"]);
        let report = again.json();
        assert_eq!(again.code, 0, "{again:?}");
        assert_eq!(report["inserted"], 0, "{report}");
        assert_eq!(report["already_there"], report["rows"]);
    }
}

#[test]
fn a_file_can_be_one_of_another_stream() {
    let folder = Folder::with_bitcoin();
    for format in FORMATS {
        let file = format!("one.{format}");
        done(&folder, &["export", "engine.db", "bitcoin", "-o", &file]);
        done(&folder, &["import", "engine.db", &file, "--stream", format]);
        let same = rows(&folder, "engine.db", format);
        assert_eq!(same, rows(&folder, "engine.db", BITCOIN), "{format}");
    }
}

#[test]
fn a_range_is_what_it_says() {
    let folder = Folder::with_bitcoin();
    let range = ["--from", "2024-01-01", "--to", "2024-03-31"];
    for format in FORMATS {
        let (file, db) = (format!("one.{format}"), format!("{format}.db"));
        done(
            &folder,
            &[&["export", "engine.db", "bitcoin", "-o", &file], &range[..]].concat(),
        );
        done(&folder, &["import", &db, &file]);
        assert_eq!(rows(&folder, &db, BITCOIN).len(), 2);
    }
}
