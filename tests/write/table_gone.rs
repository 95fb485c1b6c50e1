//! A table that the store knows, and that is gone.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use satori_store::{Error, IngestOptions, NewObservation, Store, StreamUuid, Timestamp};

const GOOD: &str = r#"{"value": 1, "observed_at": 1704283200, "stream": {"uuid": "s"}}"#;

#[test]
fn a_table_whose_making_was_rolled_back_is_made_again() {
    let store = Store::open_in_memory().unwrap();
    let bad = format!("{GOOD}\nnot json");
    let strict = IngestOptions::new().strict(true);
    let refused = store.ingest(bad.as_bytes(), &strict).unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
    let uuid = StreamUuid::new("s").unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    let uuid = StreamUuid::new("s").unwrap();
    let rows = [NewObservation::new(Timestamp::from_integer(1), 1.0)];
    assert_eq!(store.insert_many(&uuid, &rows).unwrap().inserted, 1);

    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("DROP TABLE s").unwrap();
    assert_eq!(store.insert_many(&uuid, &rows).unwrap().inserted, 1);

    other.batch_execute("DROP TABLE s").unwrap();
    let report = store
        .ingest(GOOD.as_bytes(), &IngestOptions::new())
        .unwrap();
    assert_eq!(report.inserted, 1);
    assert_eq!(store.count(&uuid, ..).unwrap(), 1);
}
