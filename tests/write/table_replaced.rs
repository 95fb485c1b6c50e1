//! A table that the store knows, and that another program replaces by one of another shape,
//! as pandas does with `to_sql(if_exists="replace")`.

use crate::support::*;
use satori_store::{Error, IngestOptions, Insertion, Result, Store, StreamUuid};

type Write = fn(&Store, &StreamUuid) -> Result<u64>;

/// Every way to insert a row at second 25. Each returns how many rows it says it inserted.
const INSERTS: [(&str, Write); 6] = [
    ("insert with a hash", |store, s| {
        let done = store.insert(s, &numbered(25).hash("h"))?;
        Ok(u64::from(done == Insertion::Inserted))
    }),
    ("insert", |store, s| {
        let done = store.insert(s, &numbered(25))?;
        Ok(u64::from(done == Insertion::Inserted))
    }),
    ("insert_many, one row", |store, s| {
        Ok(store.insert_many(s, &[numbered(25)])?.inserted)
    }),
    ("insert_many, one statement", |store, s| {
        // Those at 10, 20 and 30 stand in the first table.
        let rows: Vec<_> = (31..100).chain([25]).map(numbered).collect();
        Ok(store.insert_many(s, &rows)?.inserted)
    }),
    ("ingest", |store, s| {
        let options = IngestOptions::new().uuid(s.clone());
        let report = store.ingest(br#"{"value": 25, "observed_at": 25}"#, &options)?;
        match report.rejected.into_iter().next() {
            Some(rejected) => Err(rejected.error),
            None => Ok(report.inserted),
        }
    }),
    ("ingest with metadata", |store, s| {
        let payload = format!(
            r#"{{"value": 25, "observed_at": 25, "hash": "h", "stream": {{"uuid": "{s}", "name": "n"}}}}"#
        );
        let report = store.ingest(payload.as_bytes(), &IngestOptions::new())?;
        match report.rejected.into_iter().next() {
            Some(rejected) => Err(rejected.error),
            None => Ok(report.inserted),
        }
    }),
];

/// What else is done to a stream's table.
const OTHERS: [(&str, Write); 9] = [
    ("normalize", |store, s| Ok(store.normalize(s)?.rewritten)),
    ("quarantine", |store, s| {
        Ok(store.quarantine(s)?.len() as u64)
    }),
    ("delete", |store, s| store.delete(s, ..)),
    ("latest", |store, s| {
        Ok(store.latest(s)?.into_iter().count() as u64)
    }),
    ("latest_of", |store, s| {
        let latest = store.latest_of(&[s])?;
        Ok(latest.into_iter().flatten().count() as u64)
    }),
    ("last", |store, s| Ok(store.last(s, 2)?.len() as u64)),
    ("observation", |store, s| {
        Ok(store.observation(s, at(20))?.into_iter().count() as u64)
    }),
    ("count", |store, s| store.count(s, ..)),
    ("columns", |store, s| Ok(store.columns(s, ..)?.len() as u64)),
];

/// Shapes that pandas, or a program of another kind, leaves in the table's place.
const REPLACED: [&str; 4] = [
    "DROP TABLE s; CREATE TABLE s (ts INTEGER, value REAL, hash TEXT, provider TEXT)",
    "DROP TABLE s; CREATE TABLE s (ts TEXT PRIMARY KEY NOT NULL, value REAL NOT NULL, \
     hash TEXT NOT NULL, provider TEXT NOT NULL)",
    "DROP TABLE s; CREATE TABLE s (\"index\" INTEGER, ts TIMESTAMP PRIMARY KEY NOT NULL, \
     value REAL, hash TEXT, provider TEXT)",
    "ALTER TABLE s RENAME TO gone; CREATE VIEW s AS SELECT ts, value, hash, provider FROM gone; \
     CREATE TRIGGER t INSTEAD OF INSERT ON s BEGIN SELECT 1; END",
];

/// Opens a store and uses every statement on the table once. Returns it beside another
/// program.
fn used() -> (tempfile::TempDir, std::path::PathBuf, Store, StreamUuid) {
    let (folder, path, store, s) = store_with(&["10", "20", "'1970-01-01 00:00:30'"]);
    for (_, other) in OTHERS.iter().filter(|(name, _)| *name != "delete") {
        other(&store, &s).unwrap();
    }
    for (name, insert) in INSERTS {
        assert!(insert(&store, &s).unwrap() > 0, "{name}");
        store.delete(&s, at(21)..at(30)).unwrap();
        store.delete(&s, at(31)..).unwrap();
    }
    (folder, path, store, s)
}

#[test]
fn a_table_that_another_program_has_replaced_is_looked_at_again() {
    for replaced in REPLACED {
        for (name, call) in INSERTS.into_iter().chain(OTHERS) {
            let (_folder, path, store, s) = used();
            sql(&path, replaced);
            if !replaced.contains("VIEW") {
                sql(
                    &path,
                    "INSERT INTO s (ts, value, hash, provider) VALUES (10, 1, 'h', 'p'), \
                     (30, 3, 'h', 'p')",
                );
            }
            let rows = "SELECT ts, value FROM s ORDER BY ts";
            let before = query(&path, rows);
            for _ in 0..2 {
                let done = call(&store, &s);
                assert!(
                    matches!(done, Err(Error::NotAStream { .. })),
                    "{replaced}, {name}: {done:?}"
                );
            }
            assert_eq!(query(&path, rows), before, "{replaced}, {name}");
        }
    }
}

#[test]
fn a_table_that_another_program_has_made_anew_is_used_as_it_is_now() {
    for (name, insert) in INSERTS {
        let (_folder, path, store, s) = used();
        sql(&path, "DROP TABLE s");
        sql(&path, &table_sql("s", &["10", "30"]));
        assert!(insert(&store, &s).unwrap() > 0, "{name}");
        let stored = query(&path, "SELECT value FROM s WHERE ts = 25");
        assert_eq!(stored, serde_json::json!([[25]]), "{name}");
        let kept = query(&path, "SELECT value FROM s WHERE ts IN (10, 30)");
        assert_eq!(kept, serde_json::json!([[0], [1]]), "{name}");
        assert_eq!(store.latest(&s).unwrap(), store.last(&s, 1).unwrap().pop());
    }
}

/// The number of a schema that was rolled back is given again, to another one.
#[test]
fn a_schema_that_was_rolled_back_is_not_taken_for_the_one_that_came_after() {
    let (_folder, path, store, s) = used();
    let strict = IngestOptions::new().strict(true);
    let payload = r#"{"value": 25, "observed_at": 25, "hash": "h", "stream": {"uuid": "s"}}"#;
    let batch = format!(
        "{}\n{payload}\nnot json",
        r#"{"value": 1, "observed_at": 1, "stream": {"uuid": "new"}}"#
    );
    store.ingest(batch.as_bytes(), &strict).unwrap_err();
    sql(&path, "ALTER TABLE s ADD COLUMN more TEXT");
    for (name, insert) in INSERTS {
        let done = insert(&store, &s);
        assert!(
            matches!(done, Err(Error::NotAStream { .. })),
            "{name}: {done:?}"
        );
    }
}
