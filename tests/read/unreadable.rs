//! Rows that cannot be read: an error each, and none is dropped.

use crate::support::*;
use satori_store::{Error, ErrorCode, Insertion, NewObservation, OpenOptions, Store};

#[test]
fn rows_that_cannot_be_read_are_reported_and_never_dropped() {
    for bad in [
        "'yesterday'",
        "'2024-01-01 25:00'",
        "''",
        "x'00ff'",
        "'2024-13-01'",
        "9e999",
        "-9e999",
        "1e19",
        "1e300",
        "-1e22",
        "CAST(x'ff' AS TEXT)",
        "'2024-01-01 12:00 '",
        "'2024-01-01T00:00:00[Europe/Paris]'",
    ] {
        let (_folder, _path, store, s) = store_with(&["1704067200", "'2024-01-02'", bad]);
        for error in [
            all(&store, &s).unwrap_err(),
            store.columns(&s, ..).unwrap_err(),
            store.verify(&s).unwrap_err(),
        ] {
            assert!(
                matches!(error, Error::UnreadableRow { .. }),
                "{bad}: {error}"
            );
            assert!(error.to_string().contains("not a "), "{bad}: {error}");
        }
        assert_eq!(store.count(&s, ..).unwrap(), 3, "{bad}");
        let statistics = store.statistics(&s).unwrap();
        assert_eq!((statistics.count, statistics.unreadable), (3, 1), "{bad}");
        assert_eq!(
            (statistics.sum, statistics.maximum),
            (1.0, Some(1.0)),
            "{bad}"
        );
        assert_eq!(
            (statistics.first, statistics.last),
            (Some(at("2024-01-01")), Some(at("2024-01-02")))
        );
        // What lies elsewhere can be read still, and added to.
        assert_eq!(
            store
                .observation(&s, at("2024-01-02"))
                .unwrap()
                .unwrap()
                .value,
            1.0
        );
        assert_eq!(
            store.insert(&s, &row("2030-01-01", 9.0)).unwrap(),
            Insertion::Inserted,
            "{bad}"
        );
        assert_eq!(store.delete(&s, ..).unwrap(), 4, "{bad}");
    }
}

/// Whatever is wrong with a row, it counts as unreadable, and is named by its column.
#[test]
fn one_rule_says_which_rows_cannot_be_read() {
    for (spoilt, reason) in [
        (
            "hash = CAST(x'61ff' AS TEXT)",
            "the hash \"a\u{fffd}\" is not UTF-8",
        ),
        ("hash = x'ff'", "the hash \"\u{fffd}\" is not UTF-8"),
        (
            "provider = CAST(x'c3' AS TEXT)",
            "the provider \"\u{fffd}\" is not UTF-8",
        ),
        (
            "value = CAST(x'31ff' AS TEXT)",
            "\"1\u{fffd}\" is not a value: it is not UTF-8",
        ),
        (
            "ts = CAST(x'32ff' AS TEXT)",
            "\"2\u{fffd}\" is not a timestamp: it is not UTF-8",
        ),
    ] {
        let (_folder, path, store, s) = store_with(&["1704067200", "1704070800", "1704074400"]);
        sql(
            &path,
            &format!("UPDATE s SET {spoilt} WHERE ts = 1704074400"),
        );
        let error = all(&store, &s).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnreadableRow);
        assert!(error.to_string().ends_with(reason), "{error}");
        assert!(store.latest(&s).is_err(), "{spoilt}");
        let statistics = store.statistics(&s).unwrap();
        let unreadable = store.unreadable(&s).unwrap();
        assert_eq!(
            (statistics.unreadable, unreadable.len()),
            (1, 1),
            "{spoilt}"
        );
        // It counts nowhere else.
        assert_eq!(statistics.last, Some(at("1704070800")), "{spoilt}");
        assert_eq!((statistics.sum, statistics.count), (1.0, 3), "{spoilt}");
        assert_eq!(
            statistics.spacing,
            Some(std::time::Duration::from_secs(3600))
        );
        let column = spoilt.split(' ').next().unwrap();
        assert!(
            unreadable[0].reason.starts_with(column),
            "{}",
            unreadable[0].reason
        );
    }
}

/// However the rows are spelled, whatever can't be read, and however many are read at a time.
#[test]
fn rows_before_one_that_cannot_be_read_come_first() {
    let seconds: Vec<_> = (0..9)
        .map(|n| (1_704_067_200 + n * 3600).to_string())
        .collect();
    let texts: Vec<_> = (0..9).map(|n| format!("'2024-01-01 {n:02}:00'")).collect();
    let mixed: Vec<_> = (seconds[..4].iter().chain(&texts[4..])).cloned().collect();
    for spellings in [&seconds, &texts, &mixed] {
        for bad in [
            "value = 'abc'",
            "hash = CAST(x'ff' AS TEXT)",
            "provider = CAST(x'c3' AS TEXT)",
        ] {
            let rows: Vec<_> = spellings.iter().map(String::as_str).collect();
            let (_folder, path, store, s) = store_with(&rows);
            let whole = all(&store, &s).unwrap();
            sql(&path, &format!("UPDATE s SET {bad} WHERE ts = {}", rows[5]));
            let mut found = store.observations(&s, ..).unwrap();
            let before: Vec<_> = found.by_ref().take(5).map(Result::unwrap).collect();
            assert_eq!(before, whole[..5], "{bad}");
            let error = found.next().unwrap().unwrap_err();
            assert!(matches!(error, Error::UnreadableRow { .. }), "{error}");
            assert!(found.next().is_none());
            // From another start, and when it is mended.
            let mut found = store.observations(&s, whole[4].ts..).unwrap();
            assert_eq!(found.next().unwrap().unwrap(), whole[4]);
            assert!(found.next().unwrap().is_err());
            assert!(store.columns(&s, ..).is_err());
            #[cfg(feature = "arrow")]
            {
                let mut batches = store.record_batches(&s, ..).unwrap();
                assert_eq!(batches.next().unwrap().unwrap().num_rows(), 5, "{bad}");
                assert!(batches.next().unwrap().is_err() && batches.next().is_none());
            }
            store.quarantine(&s).unwrap();
            assert_eq!(all(&store, &s).unwrap().len(), 8);
        }
    }
}

/// Reads texts as columns, where they stand side by side: a character that two rows cut in
/// two is none, though the bytes of both together are UTF-8.
#[test]
fn texts_that_are_no_utf8_are_reported_also_if_the_next_one_completes_them() {
    for column in ["hash", "provider"] {
        let (_folder, path, store, s) = store_with(&["1704067200", "1704070800"]);
        for (bytes, ts) in [("61c3", 1_704_067_200), ("a962", 1_704_070_800)] {
            sql(
                &path,
                &format!("UPDATE s SET {column} = CAST(x'{bytes}' AS TEXT) WHERE ts = {ts}"),
            );
        }
        for error in [
            all(&store, &s).unwrap_err(),
            store.columns(&s, ..).unwrap_err(),
            store.latest(&s).unwrap_err(),
        ] {
            assert!(matches!(error, Error::UnreadableRow { .. }), "{error}");
            assert!(error.to_string().contains("UTF-8"), "{error}");
        }
        let columns = store.columns(&s, at("2024-01-01 01:00")..);
        assert!(columns.unwrap_err().to_string().contains("\u{fffd}b"));
        sql(&path, &format!("UPDATE s SET {column} = 'é'"));
        let columns = store.columns(&s, ..).unwrap();
        let texts = match column {
            "hash" => columns.hash,
            _ => columns.provider,
        };
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["é", "é"]);
    }
}

#[test]
fn values_that_cannot_be_read_are_reported_and_counted_nowhere() {
    for bad in ["'abc'", "x'00'", "9e999", "'nan'"] {
        let (_folder, path, store, s) = store_with(&["1704067200", "1704070800"]);
        sql(
            &path,
            &format!("UPDATE s SET value = {bad} WHERE ts = 1704067200"),
        );
        let error = all(&store, &s).unwrap_err();
        assert!(
            matches!(error, Error::UnreadableRow { .. }),
            "{bad}: {error}"
        );
        assert!(store.observation(&s, at("1704067200")).is_err(), "{bad}");
        let statistics = store.statistics(&s).unwrap();
        assert_eq!((statistics.count, statistics.unreadable), (2, 1), "{bad}");
        assert_eq!(
            (statistics.sum, statistics.minimum),
            (1.0, Some(1.0)),
            "{bad}"
        );
        // Offered a value, the row is an error, not taken for another's.
        assert!(store.insert(&s, &row("1704067200", 0.0)).is_err(), "{bad}");
    }
}

#[test]
fn a_row_without_a_timestamp_is_reported_if_the_table_lets_it_in() {
    let (_folder, path) = place();
    sql(
        &path,
        "CREATE TABLE loose (ts TIMESTAMP PRIMARY KEY, value NUMERIC, hash TEXT, provider TEXT);
         INSERT INTO loose VALUES (1704283200, 1, 'a', 'central'), (NULL, 2, 'b', 'central');",
    );
    let store = Store::open(&path).unwrap();
    let s = satori_store::StreamUuid::new("loose").unwrap();
    assert_eq!(store.count(&s, ..).unwrap(), 2);
    assert_eq!(store.statistics(&s).unwrap().unreadable, 1);
    let unreadable = |error: Error| assert_eq!(error.code(), ErrorCode::UnreadableRow, "{error}");
    unreadable(store.columns(&s, ..).unwrap_err());
    unreadable(
        store
            .observations(&s, ..)
            .unwrap()
            .next()
            .unwrap()
            .unwrap_err(),
    );
    unreadable(store.verify(&s).unwrap_err());
    // What can be read can be used.
    assert_eq!(store.latest(&s).unwrap().unwrap().value, 1.0);
    let later = NewObservation::new("2024-01-04".parse().unwrap(), 3.0);
    assert_eq!(store.insert(&s, &later).unwrap(), Insertion::Inserted);
}

/// A store that skips rows that can't be read gives what a store without them gives, whether
/// its table sorts by time or mixes spellings, and however few rows are read at a time.
#[test]
fn rows_that_cannot_be_read_are_skipped_if_that_is_asked_for() {
    let seconds: Vec<_> = (0..9)
        .map(|n| (1_704_067_200 + n * 3600).to_string())
        .collect();
    let texts: Vec<_> = (0..9).map(|n| format!("'2024-01-01 {n:02}:00'")).collect();
    let mixed: Vec<_> = (seconds[..4].iter().chain(&texts[4..])).cloned().collect();
    let spoil_values =
        "UPDATE s SET value = 9e999 WHERE ts IN (SELECT ts FROM s ORDER BY ts LIMIT 3)";
    let spoil_last = "UPDATE s SET hash = CAST(x'ff' AS TEXT) WHERE ts = (SELECT max(ts) FROM s)";
    let texts_that_are_none = "INSERT INTO s VALUES ('None', 1, 'h', 'p'), \
         ('2024-01-01 05:61', 1, 'h', 'p'), ('2024-13-45', 1, 'h', 'p'), (x'00', 1, 'h', 'p')";
    for spellings in [&seconds, &texts, &mixed] {
        for spoil in [
            vec![spoil_values],
            vec![spoil_last],
            vec![texts_that_are_none],
            vec![spoil_values, spoil_last, texts_that_are_none],
        ] {
            let rows: Vec<_> = spellings.iter().map(String::as_str).collect();
            let (_folder, path, strict, s) = store_with(&rows);
            spoil.iter().for_each(|statement| sql(&path, statement));
            assert!(all(&strict, &s).is_err());
            let bad = strict.unreadable(&s).unwrap();
            let options = OpenOptions::new().skip_unreadable(true);
            let store = options.open(&path).unwrap();
            let found = all(&store, &s).unwrap();
            let count = store.count(&s, ..).unwrap();
            assert_eq!(found.len(), usize::try_from(count).unwrap() - bad.len());
            assert_eq!(store.unreadable(&s).unwrap(), bad);
            assert_eq!(store.columns(&s, ..).unwrap().ts.len(), found.len());
            assert_eq!(store.latest(&s).unwrap().as_ref(), found.last());
            assert_eq!(store.last(&s, 1).unwrap().last(), found.last());
            assert_eq!(store.last(&s, 100).unwrap(), found);
            assert_eq!(store.last(&s, 4).unwrap(), found[found.len() - 4..]);
            let first = found[0].ts;
            assert_eq!(store.observation(&s, first).unwrap().unwrap(), found[0]);
            store.verify(&s).unwrap();
            // The control: the rows are gone.
            strict.quarantine(&s).unwrap();
            assert_eq!(all(&strict, &s).unwrap(), found);
        }
    }
    // One row in the way is none; nobody knows whether a new one is the same.
    let (_folder, path, _strict, s) = store_with(&["1704067200"]);
    sql(&path, "UPDATE s SET value = 'abc'");
    let store = OpenOptions::new()
        .skip_unreadable(true)
        .open(&path)
        .unwrap();
    assert_eq!(store.latest(&s).unwrap(), None);
    assert_eq!(store.observation(&s, at("1704067200")).unwrap(), None);
    assert!(store.insert(&s, &row("1704067200", 0.0)).is_err());
}

/// More rows that can't be read than one batch holds.
#[test]
fn a_batch_of_nothing_but_rows_that_cannot_be_read_is_not_the_end() {
    let (_folder, path, _strict, s) = store_with(&["1704067200"]);
    sql(
        &path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
         INSERT INTO s SELECT 1704067200 + i, iif(i < 9000, 9e999, 1), 'h', 'p' FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
         INSERT INTO s SELECT 'None ' || i, 1, 'h', 'p' FROM n;",
    );
    let store = OpenOptions::new()
        .skip_unreadable(true)
        .open(&path)
        .unwrap();
    let found = all(&store, &s).unwrap();
    let seconds: Vec<_> = found
        .iter()
        .map(|row| row.ts.as_micros() / 1_000_000)
        .collect();
    assert_eq!(seconds, [1_704_067_200, 1_704_076_200]);
}

#[test]
fn a_row_that_cannot_be_read_keeps_out_its_own_instant_alone() {
    for ts in ["1704067260", "'2024-01-01 00:01:00'"] {
        let (_folder, path, store, s) = store_with(&["1704067200"]);
        sql(
            &path,
            &format!("INSERT INTO s VALUES ({ts}, 9e999, 'h', 'p')"),
        );
        let rows: Vec<_> = (0..41)
            .map(|n| NewObservation::new(at(1_704_067_200 + 60 * n), 0.0))
            .collect();
        for count in [4, 41] {
            let report = store.insert_many(&s, &rows[..count]).unwrap();
            assert_eq!(
                report.inserted + report.already_there,
                count as u64 - 1,
                "{ts}"
            );
            let [(1, conflict)] = report.conflicts[..] else {
                panic!("{report:?}");
            };
            assert_eq!(
                (conflict.ts, conflict.stored, conflict.offered),
                (rows[1].ts, None, 0.0)
            );
        }
        // Of a single row the error says what is in its way.
        let error = store.insert(&s, &rows[1]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnreadableRow, "{error}");
        assert_eq!(store.unreadable(&s).unwrap().len(), 1);
        assert_eq!(store.count(&s, ..).unwrap(), 42 - 1);
    }
}

#[test]
fn of_several_rows_of_an_instant_one_that_can_be_read_counts() {
    for (good, bad) in [
        ("'2024-01-01T00:00:00Z'", "'2024-01-01 00:00:00'"),
        ("'2024-01-01 00:00:00'", "'2024-01-01T00:00:00Z'"),
        ("'2024-01-01 00:00:00'", "1704067200"),
        ("1704067200", "'2024-01-01 00:00:00'"),
        ("1704067200000", "1704067200"),
    ] {
        let (_folder, path, strict, s) = store_with(&[good]);
        sql(
            &path,
            &format!("INSERT INTO s VALUES ({bad}, 'abc', 'h', 'p')"),
        );
        let options = OpenOptions::new().skip_unreadable(true);
        let skipping = options.open(&path).unwrap();
        let listed = skipping.observations(&s, ..).unwrap();
        let listed: Vec<_> = listed.map(|row| row.unwrap()).collect();
        assert_eq!(listed.len(), 1);
        let value = listed[0].value;
        for store in [&skipping, &strict] {
            let found = store.observation(&s, at("2024-01-01")).unwrap();
            assert_eq!(found.as_ref(), listed.first(), "{good} {bad}");
            let row = row("2024-01-01", value);
            assert_eq!(store.insert(&s, &row).unwrap(), Insertion::AlreadyThere);
            let spelled = NewObservation::spelled(bad.trim_matches('\''), value).unwrap();
            assert_eq!(store.insert(&s, &spelled).unwrap(), Insertion::AlreadyThere);
            let other = NewObservation::new(at("2024-01-01"), value + 1.0);
            let many = [row, other];
            let report = store.insert_many(&s, &many).unwrap();
            assert_eq!(report.already_there, 1);
            assert_eq!(report.conflicts[0].1.stored, Some(value));
        }
    }
}
