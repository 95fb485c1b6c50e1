//! Tables to which other programs have given rules of their own.

use crate::support::*;
use satori_store::{
    Error, ErrorCode, IngestOptions, Insertion, NewObservation, Store, StreamUuid, Timestamp,
};

/// Makes a table whose own rules would replace rows, or leave them out without a word.
fn ruled(rule: &str) -> (tempfile::TempDir, Store, StreamUuid) {
    let (folder, path) = place();
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
    (folder, store, uuid("odd"))
}

#[test]
fn a_table_that_would_replace_or_ignore_rows_refuses_them() {
    for clause in ["REPLACE", "IGNORE", "FAIL", "ROLLBACK"] {
        let (_folder, store, odd) = ruled(&format!("ON CONFLICT {clause}"));
        let row = |second| numbered(second).hash("x");
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
    assert_eq!(
        store.insert(&odd, &numbered(1)).unwrap(),
        Insertion::Inserted
    );
    for many in [vec![numbered(2)], (3..100).map(numbered).collect()] {
        let error = store.insert_many(&odd, &many).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
    }
    assert!(store.insert(&odd, &numbered(2).hash("h")).is_err());
    assert_eq!(store.count(&odd, ..).unwrap(), 1);
}

#[test]
fn a_table_with_a_constraint_of_its_own_refuses_its_own_rows_alone() {
    let (_folder, path) = place();
    sql(
        &path,
        "CREATE TABLE once (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC NOT NULL, \
         hash TEXT NOT NULL UNIQUE, provider TEXT NOT NULL)",
    );
    let store = Store::open(&path).unwrap();
    let line = |uuid: &str, ts: i64| {
        format!(r#"{{"value":1,"hash":"same","observed_at":{ts},"stream":{{"uuid":"{uuid}"}}}}"#)
    };
    let batch: Vec<_> = (0..100)
        .flat_map(|n| [line("once", n), line("other", n)])
        .collect();
    let report = store
        .ingest(batch.join("\n").as_bytes(), &IngestOptions::new())
        .unwrap();
    assert_eq!((report.inserted, report.rejected.len()), (101, 99));
    assert_eq!(report.rejected[0].position.index, 2);
    let said = report.rejected[0].error.to_string();
    assert!(said.contains("once") && said.contains("UNIQUE"), "{said}");
}

#[test]
fn hashes_are_chained_past_a_row_that_the_table_refuses() {
    let (_folder, path) = place();
    sql(
        &path,
        "CREATE TABLE odd (ts TIMESTAMP PRIMARY KEY NOT NULL, \
         value NUMERIC NOT NULL CHECK (value <> 50), hash TEXT NOT NULL, provider TEXT NOT NULL)",
    );
    let store = Store::open(&path).unwrap();
    let batch: Vec<_> = (0..100)
        .map(|n| format!(r#"{{"value":{n},"observed_at":{n}}}"#))
        .collect();
    let odd = uuid("odd");
    let options = IngestOptions::new().uuid(odd.clone());
    let report = store.ingest(batch.join("\n").as_bytes(), &options).unwrap();
    assert_eq!((report.inserted, report.rejected.len()), (99, 1));
    assert_eq!(store.verify(&odd).unwrap().verified, 99);
}

/// A trigger that fires before it is known whether a row is in the way must see the row that
/// is given, and what it has done goes with a row that is refused.
#[test]
fn a_trigger_overwrites_no_row_and_leaves_none_that_is_refused() {
    for (trigger, outcome) in [
        (
            "BEFORE INSERT ON s BEGIN DELETE FROM s WHERE ts = NEW.ts; END",
            Ok(()),
        ),
        (
            "BEFORE INSERT ON s BEGIN INSERT INTO log VALUES (NEW.ts); END",
            Ok(()),
        ),
        (
            "AFTER INSERT ON s BEGIN INSERT INTO log VALUES (NEW.ts); END",
            Ok(()),
        ),
        (
            "AFTER INSERT ON s BEGIN SELECT RAISE(FAIL, 'no'); END",
            Err(()),
        ),
        (
            "AFTER INSERT ON s BEGIN SELECT RAISE(ABORT, 'no'); END",
            Err(()),
        ),
        (
            "AFTER INSERT ON s BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
            Err(()),
        ),
        (
            "AFTER INSERT ON s BEGIN DELETE FROM s WHERE ts = NEW.ts; END",
            Err(()),
        ),
        (
            "AFTER INSERT ON s BEGIN UPDATE s SET value = 1 WHERE ts = NEW.ts; END",
            Err(()),
        ),
        (
            "BEFORE INSERT ON s BEGIN SELECT RAISE(IGNORE); END",
            Err(()),
        ),
    ] {
        let (_folder, path, store, s) = store_with(&["10", "30"]);
        let old = store.insert(&s, &numbered(20).hash("h")).unwrap();
        assert_eq!(old, Insertion::Inserted);
        sql(
            &path,
            &format!("CREATE TABLE log (ts); CREATE TRIGGER t {trigger}"),
        );
        let before = query(&path, "SELECT * FROM s ORDER BY ts");
        let many: Vec<_> = (40..90).map(|second| numbered(second).hash("h")).collect();
        let report = |done: satori_store::Result<u64>| done.map(drop).map_err(drop);
        let one = store.insert(&s, &numbered(25).hash("h"));
        assert_eq!(report(one.map(|_| 1)), outcome, "{trigger}");
        // Rows that exist stay as they are.
        for second in [10, 30] {
            let again = store.insert(&s, &numbered(second).hash("h"));
            assert!(!matches!(again, Ok(Insertion::Inserted)), "{trigger}");
        }
        let all = store.insert_many(&s, &many);
        assert_eq!(
            report(all.map(|report| report.inserted)),
            outcome,
            "{trigger}"
        );
        let options = IngestOptions::new().uuid(s.clone());
        let line =
            |second| format!(r#"{{"value": {second}, "observed_at": {second}, "hash": "h"}}"#);
        let lines: Vec<_> = (95..98).map(line).collect();
        let report = store.ingest(lines.join("\n").as_bytes(), &options);
        let stored = query(
            &path,
            "SELECT * FROM s WHERE ts IN (10, 20, 30) ORDER BY ts",
        );
        assert_eq!(stored, before, "{trigger}");
        let rows = store.count(&s, ..).unwrap();
        match outcome {
            Ok(()) => {
                assert_eq!(report.unwrap().inserted, 3, "{trigger}");
                assert_eq!(rows, 3 + 1 + 50 + 3, "{trigger}");
            }
            Err(()) => {
                assert!(
                    report.is_err() || report.unwrap().inserted == 0,
                    "{trigger}"
                );
                assert_eq!(rows, 3, "{trigger}");
            }
        }
    }
}

#[test]
fn a_table_that_would_change_what_it_stores_takes_no_rows() {
    for (column, declared) in [
        ("hash", "NUMERIC"),
        ("hash", "INTEGER"),
        ("provider", "REAL"),
        ("provider", "DECIMAL(5)"),
        ("value", "TEXT"),
        ("value", "VARCHAR(20)"),
    ] {
        let (_folder, path) = place();
        let kind = |name, right| if name == column { declared } else { right };
        sql(
            &path,
            &format!(
                "CREATE TABLE odd (ts TIMESTAMP PRIMARY KEY NOT NULL, value {} NOT NULL, \
                 hash {} NOT NULL, provider {} NOT NULL); \
                 INSERT INTO odd VALUES (1, 2.5, 'h', 'p')",
                kind("value", "NUMERIC"),
                kind("hash", "TEXT"),
                kind("provider", "TEXT"),
            ),
        );
        let store = Store::open(&path).unwrap();
        let odd = uuid("odd");
        let row = numbered(2).provider("1e3");
        let many: Vec<_> = (3..100).map(|n| numbered(n).hash("00123")).collect();
        for error in [
            store.insert(&odd, &row.hash("00123")).unwrap_err(),
            store.insert(&odd, &row).unwrap_err(),
            store.insert_many(&odd, &many).unwrap_err(),
        ] {
            assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
            let said = error.to_string();
            assert!(said.contains(column) && said.contains(declared), "{said}");
        }
        let json = [
            r#"{"value": 0.30000000000000004, "hash": "1", "observed_at": 5, "stream": {"uuid": "odd"}}"#,
            r#"{"value": 1, "hash": "1", "observed_at": 5, "stream": {"uuid": "other"}}"#,
        ];
        let report = store
            .ingest(json.join("\n").as_bytes(), &IngestOptions::new())
            .unwrap();
        assert_eq!((report.inserted, report.rejected.len()), (1, 1));
        // What it holds is read as ever, and can be removed.
        let stored = store.latest(&odd).unwrap().unwrap();
        assert_eq!((stored.value, &*stored.hash), (2.5, "h"));
        assert_eq!(store.delete(&odd, ..).unwrap(), 1);
    }
    // Columns without a type keep what they are given.
    let (_folder, path) = place();
    sql(
        &path,
        "CREATE TABLE plain (ts TIMESTAMP PRIMARY KEY NOT NULL, value, hash, provider)",
    );
    let store = Store::open(&path).unwrap();
    let row = numbered(1).hash("00123").provider("1e3");
    store.insert(&uuid("plain"), &row).unwrap();
    let stored = store.latest(&uuid("plain")).unwrap().unwrap();
    assert_eq!((&*stored.hash, &*stored.provider), ("00123", "1e3"));
}

/// A key of whole numbers takes no fraction of a second, whichever way the row comes.
#[test]
fn a_key_that_takes_whole_seconds_alone_is_named() {
    let (_folder, _path, store, s) = store_with_table(
        "CREATE TABLE s (ts INTEGER PRIMARY KEY, value NUMERIC NOT NULL, hash TEXT NOT NULL, \
         provider TEXT NOT NULL)",
    );
    store.insert(&s, &row(1, 1.0)).unwrap();
    let half = NewObservation::new(Timestamp::from_micros(1_500_000), 1.0);
    for row in [half, half.hash("h")] {
        for refused in [
            store.insert(&s, &row).err(),
            store.insert_many(&s, &[row, row]).err(),
            store.insert_across(&[(&s, row)]).err(),
        ] {
            let Some(Error::NotAStream { name, reason }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!((name.as_str(), reason.as_str()), ("s", "datatype mismatch"));
        }
    }
    assert_eq!(seconds(&store, &s), [1]);
}
