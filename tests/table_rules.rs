//! Tables to which other programs have given rules of their own.

mod common;

use common::sql;
use satori_store::{ErrorCode, Insertion, NewObservation, Store, StreamUuid, Timestamp};

/// A table whose own rules would replace rows, or leave them out without a word.
fn ruled(rule: &str) -> (tempfile::TempDir, Store, StreamUuid) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let unique = if rule.starts_with("ON") { rule } else { "" };
    sql(
        &path,
        &format!(
            "CREATE TABLE odd (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC NOT NULL, \
             hash TEXT NOT NULL UNIQUE {unique}, provider TEXT NOT NULL)"
        ),
    );
    if !rule.starts_with("ON") {
        sql(&path, rule);
    }
    let store = Store::open(&path).unwrap();
    (folder, store, StreamUuid::new("odd").unwrap())
}

#[test]
fn a_table_that_would_replace_or_ignore_rows_refuses_them() {
    for clause in ["REPLACE", "IGNORE", "FAIL", "ROLLBACK"] {
        let (_folder, store, odd) = ruled(&format!("ON CONFLICT {clause}"));
        let row = |second: i64| {
            NewObservation::new(Timestamp::from_micros(second * 1_000_000), second as f64).hash("x")
        };
        assert_eq!(store.insert(&odd, &row(1)).unwrap(), Insertion::Inserted);
        let code = |error: satori_store::Error| error.code();
        let refused = ErrorCode::NotAStream;
        assert_eq!(store.insert(&odd, &row(2)).map_err(code), Err(refused));
        let many: Vec<_> = (3..100).map(row).collect();
        assert_eq!(store.insert_many(&odd, &many).map_err(code), Err(refused));
        let stored: Vec<_> = store.last(&odd, 10).unwrap();
        assert_eq!(stored.len(), 1, "{clause}");
        assert_eq!(stored[0].value, 1.0, "{clause}");
    }
}

#[test]
fn rows_that_a_trigger_keeps_out_are_not_reported_as_inserted() {
    let (_folder, store, odd) = ruled(
        "CREATE TRIGGER some BEFORE INSERT ON odd WHEN NEW.value % 2 = 0 \
         BEGIN SELECT RAISE(IGNORE); END",
    );
    let row = |second: i64| {
        NewObservation::new(Timestamp::from_micros(second * 1_000_000), second as f64)
    };
    assert_eq!(store.insert(&odd, &row(1)).unwrap(), Insertion::Inserted);
    for many in [vec![row(2)], (3..100).map(row).collect()] {
        let error = store.insert_many(&odd, &many).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
    }
    assert!(store.insert(&odd, &row(2).hash("h")).is_err());
    assert_eq!(store.count(&odd, ..).unwrap(), 1);
}
