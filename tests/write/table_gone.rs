//! A table that the store knows, and that is gone.

use crate::support::*;
use satori_store::{Error, IngestOptions, Store};

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
