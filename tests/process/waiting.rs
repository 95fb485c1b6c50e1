//! Waiting for the lock that another process has, and no longer than the limit.

use std::time::{Duration, Instant};

use crate::support::*;
use satori_store::{
    Error, IngestOptions, NewObservation, Normalization, OpenOptions, Remove, Removed, Restored,
    Retain, Store, StreamPatch,
};

#[test]
fn a_write_is_busy_after_its_limit_and_not_before() {
    let (_folder, path) = place();
    let limit = Duration::from_millis(300);
    let store = OpenOptions::new().busy_timeout(limit).open(&path).unwrap();
    let stream = uuid("s");
    store.insert(&stream, &numbered(1)).unwrap();
    let spelled = uuid("spelled");
    sql(&path, &table_sql("spelled", &["'2024-01-03'", "'None'"]));
    let mut python = Python::open(&path);
    python.run("BEGIN IMMEDIATE");
    for _ in 0..2 {
        for write in [
            &|| store.insert(&stream, &numbered(2)).map(drop),
            &|| store.insert(&stream, &numbered(2).hash("h")).map(drop),
            &|| store.upsert_stream(&stream, &StreamPatch::new()).map(drop),
            &|| store.normalize_dry_run(&spelled).map(drop),
            &|| store.normalize(&spelled).map(drop),
            &|| store.quarantine(&spelled).map(drop),
            &|| store.delete(&stream, ..).map(drop),
            &|| store.retain(&stream, Retain::Last(0)).map(drop),
            &|| store.remove(&stream, Remove::Both).map(drop),
        ] as [&dyn Fn() -> satori_store::Result<()>; 9]
        {
            let begun = Instant::now();
            let Err(Error::Busy {
                waited,
                code: satori_store::DatabaseCode::Number(code),
            }) = write()
            else {
                panic!("the lock is Python's");
            };
            let whole = begun.elapsed();
            assert!(
                waited >= limit && whole >= waited,
                "{waited:?} of {whole:?}"
            );
            assert_eq!(code & 0xff, 5);
            println!("limit {limit:?}, reported {waited:?}, took {whole:?}");
        }
        // Reading waits for nobody, and one can open the file.
        assert_eq!(seconds(&store, &stream), [1]);
        assert_eq!(seconds(&Store::open(&path).unwrap(), &stream), [1]);
    }
    python.run("ROLLBACK");
    store.insert(&stream, &numbered(2)).unwrap();
    python.close();
}

#[test]
fn taking_a_file_over_is_busy_after_the_limit_while_another_writes() {
    let _turn = turn();
    let (_folder, path) = place();
    let mut python = Python::open(&path);
    python.run("CREATE TABLE t (a)");
    let limit = Duration::from_millis(300);
    let options = OpenOptions::new().busy_timeout(limit);
    for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        python.run(begin);
        python.run("INSERT INTO t VALUES (1)");
        let begun = Instant::now();
        let refused = options.open(&path).expect_err("the lock is Python's");
        let whole = begun.elapsed();
        let Error::Busy { waited, .. } = refused else {
            panic!("{begin}: {refused}");
        };
        println!("{begin}: limit {limit:?}, reported {waited:?}, took {whole:?}");
        assert!(
            waited >= limit && whole >= waited,
            "{waited:?} of {whole:?}"
        );
        assert!(whole < limit * 8, "not the limit but {whole:?}");
        python.run("ROLLBACK");
    }
    options.open(&path).unwrap();
    python.close();
}

#[test]
fn a_writer_waits_and_succeeds_once_the_lock_is_released() {
    let (_folder, path) = place();
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.open(&path).unwrap();
    let mut python = Python::open(&path);
    for second in 0..4 {
        python.run("BEGIN IMMEDIATE");
        let writer = std::thread::spawn({
            let store = store.clone();
            move || match second % 2 {
                0 => store.insert(&uuid("s"), &numbered(second)),
                _ => store.insert(&uuid("s"), &numbered(second).hash("h")),
            }
        });
        pause(100);
        assert!(!writer.is_finished(), "it wrote through Python's lock");
        python.run("COMMIT");
        writer.join().unwrap().unwrap();
    }
    assert_eq!(seconds(&store, &uuid("s")), [0, 1, 2, 3]);
    python.close();
}

/// A file in rollback mode, which one that only reads keeps from being switched.
#[test]
fn taking_over_a_file_waits_no_longer_than_its_limit() {
    let _turn = turn();
    let (_folder, path) = place();
    let mut engine = plain(&path);
    run(&mut engine, "CREATE TABLE notes (text); BEGIN");
    number(&mut engine, "SELECT count(*) FROM notes");
    let limit = Duration::from_millis(500);
    let began = Instant::now();
    let error = OpenOptions::new()
        .busy_timeout(limit)
        .open(&path)
        .unwrap_err();
    let whole = began.elapsed();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(whole >= limit && whole < limit * 2, "{whole:?}");
    run(&mut engine, "COMMIT");
    OpenOptions::new().busy_timeout(limit).open(&path).unwrap();
}

#[test]
fn nothing_to_write_waits_for_no_lock() {
    let (_folder, path) = place();
    let limit = Duration::from_secs(20);
    let store = OpenOptions::new().busy_timeout(limit).open(&path).unwrap();
    let stream = uuid("s");
    store.insert(&stream, &numbered(1)).unwrap();
    let texts = uuid("texts");
    let text = NewObservation::spelled("2024-01-03 12:00", 1.0).unwrap();
    store.insert_many(&texts, &[text]).unwrap();
    store
        .upsert_stream(
            &uuid("named"),
            &StreamPatch::new().name(Some("n".to_owned())),
        )
        .unwrap();
    let mut python = Python::open(&path);
    python.run("BEGIN IMMEDIATE");
    let begun = Instant::now();
    let (options, strict) = (IngestOptions::new(), IngestOptions::new().strict(true));
    for json in ["", "[]", "null", "[null]", "null\nnull", "{}", "no JSON"] {
        let report = store.ingest(json.as_bytes(), &options).unwrap();
        assert_eq!((report.inserted, report.streams.len()), (0, 0), "{json}");
    }
    assert!(matches!(
        store.ingest(b"{}", &strict),
        Err(Error::Refused(_))
    ));
    assert!(store.ingest(b"[{", &options).is_err());
    assert_eq!(store.sync_streams(b"[]").unwrap().new, []);
    assert_eq!(store.sync_streams(b"[{}]").unwrap().rejected.len(), 1);
    assert_eq!(store.insert_many(&stream, &[]).unwrap().inserted, 0);
    // One row that exists, as hosts offer it again and again.
    for (stream, row) in [
        (&stream, numbered(1)),
        (&stream, numbered(1).hash("h")),
        (&texts, text),
    ] {
        let report = store.insert_many(stream, &[row]).unwrap();
        assert_eq!((report.inserted, report.already_there), (0, 1));
        let mut other = row;
        other.value = 7.5;
        let report = store.insert_many(stream, &[other]).unwrap();
        assert_eq!(report.conflicts[0].1.stored, Some(row.value));
    }
    let report = store
        .insert_across(&[(&stream, numbered(1)), (&texts, text)])
        .unwrap();
    assert_eq!((report.inserted, report.already_there), (0, 2));
    for wrong in [f64::NAN, f64::INFINITY] {
        let row = NewObservation::new(numbered(1).ts, wrong);
        let refused = store.insert_many(&stream, &[row]).unwrap_err();
        assert!(matches!(refused, Error::InvalidValue { .. }), "{refused}");
    }
    // An empty range, one without rows, and before and after all rows.
    for (from, to) in [(5, 5), (1, 1), (7, 3), (2, 9), (-9, 1)] {
        assert_eq!(store.delete(&stream, at(from)..at(to)).unwrap(), 0);
    }
    for keep in [Retain::Last(9), Retain::Since(at(-9))] {
        assert_eq!(store.retain(&stream, keep).unwrap(), 0);
    }
    for what in [Remove::Both, Remove::Data, Remove::Metadata] {
        assert_eq!(
            store.remove(&uuid("unknown"), what).unwrap(),
            Removed::default()
        );
    }
    let removed = store.remove(&stream, Remove::Metadata).unwrap();
    assert_eq!(removed, Removed::default());
    assert_eq!(store.quarantine(&stream).unwrap(), []);
    assert_eq!(store.restore(&stream).unwrap(), Restored::default());
    assert_eq!(store.normalize(&stream).unwrap(), Normalization::default());
    let dry = store.normalize_dry_run(&stream).unwrap();
    assert_eq!(dry, Normalization::default());
    let named = StreamPatch::new().name(Some("n".to_owned()));
    assert_eq!(
        store
            .update_stream(&uuid("named"), &named)
            .unwrap()
            .name
            .as_deref(),
        Some("n")
    );
    let same = StreamPatch::new();
    assert_eq!(
        store
            .update_stream(&uuid("named"), &same)
            .unwrap()
            .name
            .as_deref(),
        Some("n")
    );
    for unknown in [
        store.delete(&uuid("unknown"), ..).map(drop),
        store.retain(&uuid("unknown"), Retain::Last(9)).map(drop),
        store.quarantine(&uuid("unknown")).map(drop),
        store.restore(&uuid("unknown")).map(drop),
        store.normalize(&uuid("unknown")).map(drop),
        store.update_stream(&uuid("unknown"), &named).map(drop),
    ] {
        assert!(
            matches!(unknown, Err(Error::StreamNotFound { .. })),
            "{unknown:?}"
        );
    }
    assert!(begun.elapsed() < limit / 2, "{:?}", begun.elapsed());
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    for refused in [
        reader.ingest(b"null", &options).map(drop),
        reader.sync_streams(b"[]").map(drop),
        reader.insert_many(&stream, &[]).map(drop),
        reader.insert_many(&stream, &[numbered(1)]).map(drop),
        reader.delete(&stream, at(5)..at(5)).map(drop),
        reader.retain(&stream, Retain::Last(9)).map(drop),
        reader.remove(&uuid("unknown"), Remove::Both).map(drop),
        reader.quarantine(&stream).map(drop),
        reader.restore(&stream).map(drop),
        reader.normalize(&stream).map(drop),
        reader.update_stream(&uuid("named"), &same).map(drop),
    ] {
        assert!(matches!(refused, Err(Error::ReadOnly { .. })));
    }
    python.run("ROLLBACK");
    // An empty list still makes the table.
    store.insert_many(&uuid("t"), &[]).unwrap();
    assert_eq!(store.streams_with_data().unwrap().len(), 3);
    python.close();
}
