//! A table that the store knows, and that is gone.

use super::ingest;
use crate::support::*;
use satori_store::{Error, ErrorCode, Format, IngestOptions, Store};

const GOOD: &str = r#"{"value": 1, "observed_at": 1704283200, "stream": {"uuid": "s"}}"#;

#[test]
fn a_table_whose_making_was_rolled_back_is_made_again() {
    let store = memory();
    let bad = format!("{GOOD}\nnot json");
    let strict = IngestOptions::new().strict(true);
    let refused = store.ingest(bad.as_bytes(), &strict).unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
    let uuid = uuid("s");
    assert!(matches!(
        store.count(&uuid, ..),
        Err(Error::StreamNotFound { .. })
    ));

    let refused = store.ingest(bad.as_bytes(), &strict).unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
    assert_eq!(store.ingest(GOOD.as_bytes(), &strict).unwrap().inserted, 1);
    assert_eq!(store.count(&uuid, ..).unwrap(), 1);
}

#[test]
fn a_table_that_another_program_dropped_is_made_again() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let uuid = uuid("s");
    let rows = [numbered(1)];
    assert_eq!(store.insert_many(&uuid, &rows).unwrap().inserted, 1);

    let mut other = plain(&path);
    run(&mut other, "DROP TABLE s");
    assert_eq!(store.insert_many(&uuid, &rows).unwrap().inserted, 1);

    run(&mut other, "DROP TABLE s");
    let report = store
        .ingest(GOOD.as_bytes(), &IngestOptions::new())
        .unwrap();
    assert_eq!(report.inserted, 1);
    assert_eq!(store.count(&uuid, ..).unwrap(), 1);
}

/// One stream's fault is not the others': of a batch, what can be stored is.
#[test]
fn a_stream_that_cannot_hold_rows_any_more_leaves_the_rest_of_its_batch() {
    let payload = |stream: &str, ts: u32| {
        format!(
            r#"{{"value": 1, "observed_at": {ts}, "hash": "h", "stream": {{"uuid": "{stream}", "name": "{stream}{ts}"}}}}"#
        )
    };
    for made in [
        "DROP TABLE b; CREATE VIEW b AS SELECT 1 AS one",
        "CREATE TRIGGER t BEFORE INSERT ON b BEGIN SELECT RAISE(IGNORE); END",
    ] {
        let (_folder, path) = place();
        let store = Store::open(&path).unwrap();
        let lines = |ts| [payload("b", ts), payload("a", ts)].join("\n");
        assert_eq!(ingest(&store, lines(1)).inserted, 2);
        sql(&path, made);
        let report = ingest(&store, lines(2));
        assert_eq!((report.inserted, report.rejected.len()), (1, 1), "{made}");
        assert_eq!(report.rejected[0].position.index, 0);
        assert_eq!(report.rejected[0].error.code(), ErrorCode::NotAStream);
        let name = |stream| store.stream(&uuid(stream)).unwrap().unwrap().name;
        assert_eq!(name("a").as_deref(), Some("a2"));
        assert_eq!(
            name("b").as_deref(),
            Some("b1"),
            "nor is its metadata stored"
        );
        let strict = IngestOptions::new().strict(true);
        let error = store.ingest(lines(3).as_bytes(), &strict).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Refused);
        assert_eq!(store.count(&uuid("a"), ..).unwrap(), 2);
    }
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_beginning_of_a_piece_too() {
    let json = "\u{feff}{\"value\": 1, \"observed_at\": 1, \"stream\": {\"uuid\": \"s\"}}";
    let store = Store::open_in_memory().unwrap();
    for (first_line, inserted) in [(2, 1), (1, 0)] {
        let options = IngestOptions::new().format(Format::NdJson);
        let options = options.first_line(first_line);
        let report = store.ingest(json.as_bytes(), &options).unwrap();
        assert_eq!(report.inserted, inserted, "{first_line}");
    }
}
