//! Rows that cannot be read: an error each, and none is dropped.

use crate::support::*;
use satori_store::{Error, ErrorCode, Insertion, NewObservation, Store};

#[test]
fn rows_that_cannot_be_read_are_told_and_never_dropped() {
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

/// Reads texts as columns, where they stand side by side: a character that two rows cut in
/// two is none, though the bytes of both together are UTF-8.
#[test]
fn texts_that_are_no_utf8_are_told_also_where_the_next_one_completes_them() {
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
fn values_that_cannot_be_read_are_told_and_counted_nowhere() {
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
fn a_row_without_a_timestamp_is_told_of_where_the_table_lets_it_in() {
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
