//! Inserting observations, however their timestamps are spelled.

use crate::support::*;
use satori_store::{ErrorCode, Insertion, NewObservation, Store, Timestamp};

/// Makes `count` rows an hour apart from 2024 on, their values counting.
fn hourly(count: usize) -> Vec<NewObservation<'static>> {
    (0..count)
        .map(|n| {
            let ts = Timestamp::from_integer(1_704_067_200 + 3_600 * n as i64);
            NewObservation::new(ts, n as f64).hash("h")
        })
        .collect()
}

#[test]
fn spellings_of_one_instant_are_one_row_and_another_value_is_a_conflict() {
    let store = memory();
    let s = uuid("s");
    let noon = [
        "2024-01-03 12:00",
        "2024-01-03T12:00:00Z",
        "1704283200",
        "1704283200.0",
        "1704283200000",
    ];
    for (number, text) in noon.into_iter().enumerate() {
        let wanted = if number == 0 {
            Insertion::Inserted
        } else {
            Insertion::AlreadyThere
        };
        assert_eq!(
            store
                .insert(&s, &NewObservation::new(at(text), 45000.5))
                .unwrap(),
            wanted
        );
    }
    let before = all(&store, &s).unwrap();
    match store
        .insert(&s, &row("2024-01-03T13:00+01:00", 1.0))
        .unwrap()
    {
        Insertion::Conflict(conflict) => {
            assert_eq!(conflict.ts, at("1704283200"));
            assert_eq!((conflict.stored, conflict.offered), (Some(45000.5), 1.0));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(all(&store, &s).unwrap(), before);
    assert_eq!(before.len(), 1);
}

#[test]
fn the_spelling_of_a_stored_row_does_not_matter_to_an_insert() {
    for stored in [
        "'2024-01-03 12:00'",
        "'2024-01-03T14:00:00+02:00'",
        "1704283200",
        "1704283200000",
        "1704283200000000",
        "1704283200000000000",
        "'1704283200'",
        "1704283200.0000002",
    ] {
        let (_folder, path, store, s) = store_with(&[stored]);
        assert_eq!(
            store.insert(&s, &row("1704283200", 0.0)).unwrap(),
            Insertion::AlreadyThere,
            "{stored}"
        );
        let report = store.insert_many(&s, &[row("1704283200", 5.0)]).unwrap();
        assert_eq!(
            (report.inserted, report.conflicts.len()),
            (0, 1),
            "{stored}"
        );
        // The control: plain SQL keeps both, for it compares the spellings.
        if stored != "1704283200" && stored != "'1704283200'" {
            sql(&path, "INSERT INTO s VALUES (1704283200, 5, 'h', 'engine')");
            assert_eq!(store.count(&s, ..).unwrap(), 2, "{stored}");
        }
    }
}

#[test]
fn what_cannot_be_stored_is_refused_before_anything_is() {
    let store = memory();
    let s = uuid("s");
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = store.insert(&s, &row("2024-01-03", value)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue);
    }
    for ts in [
        Timestamp::MIN,
        Timestamp::MAX,
        Timestamp::from_micros(100_000_000_000_000_000),
    ] {
        let error = store.insert(&s, &NewObservation::new(ts, 1.0)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidTimestamp);
        assert_eq!(
            store.observation(&s, ts).unwrap_err().code(),
            ErrorCode::StreamNotFound
        );
    }
    let mut rows = hourly(300);
    rows[299].value = f64::NAN;
    assert!(store.insert_many(&s, &rows).is_err());
    assert_eq!(
        store.count(&s, ..).unwrap_err().code(),
        ErrorCode::StreamNotFound
    );
    assert_eq!(store.insert_many(&s, &[]).unwrap().inserted, 0);
}

#[test]
fn extreme_values_and_instants_come_back_as_they_went_in() {
    let store = memory();
    let s = uuid("s");
    let values = [
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        0.1 + 0.2,
        1e16,
        9007199254740993.0,
        -0.0,
        1e18,
    ];
    for (number, value) in values.into_iter().enumerate() {
        let ts = Timestamp::from_micros((number as i64 - 4) * 999_999);
        store.insert(&s, &NewObservation::new(ts, value)).unwrap();
    }
    let rows = all(&store, &s).unwrap();
    for (number, value) in values.into_iter().enumerate() {
        assert_eq!(rows[number].value, value);
        assert_eq!(rows[number].ts.as_micros(), (number as i64 - 4) * 999_999);
    }
    // SQLite keeps no negative zero: the hash must not be that of one.
    assert_eq!(store.verify(&s).unwrap().verified, values.len() as u64);
}

#[test]
fn insert_many_counts_each_row_once_whatever_the_order() {
    let store = memory();
    let s = uuid("s");
    let mut rows = hourly(1_000);
    rows.swap(3, 997);
    rows.push(rows[10]);
    rows.push(NewObservation::new(rows[20].ts, -1.0).hash("h"));
    let report = store.insert_many(&s, &rows).unwrap();
    assert_eq!((report.inserted, report.already_there), (1_000, 1));
    assert_eq!(report.conflicts.len(), 1);
    assert_eq!(
        (report.conflicts[0].0, report.conflicts[0].1.stored),
        (1_001, Some(20.0))
    );
    let again = store.insert_many(&s, &rows).unwrap();
    assert_eq!(
        (again.inserted, again.already_there, again.conflicts.len()),
        (0, 1_001, 1)
    );
    let read = all(&store, &s).unwrap();
    assert!(read.windows(2).all(|pair| pair[0].ts < pair[1].ts) && read.len() == 1_000);
}

#[test]
fn of_rows_of_one_instant_each_is_compared_with_what_is_stored() {
    for rows in [
        [row(1, 1.0), row(1, 2.0)],
        [1.0, 2.0].map(|value| NewObservation::new(at(1), value)),
    ] {
        let store = memory();
        let s = uuid("s");
        store.insert(&s, &row(1, 2.0)).unwrap();
        let report = store.insert_many(&s, &rows).unwrap();
        assert_eq!((report.inserted, report.already_there), (0, 1));
        let conflicts = report.conflicts.iter();
        let conflicts: Vec<_> = conflicts
            .map(|(index, found)| (*index, found.stored))
            .collect();
        assert_eq!(conflicts, [(0, Some(2.0))]);
    }
}

#[test]
fn a_backfill_goes_between_the_rows_that_are_there() {
    let store = memory();
    let s = uuid("s");
    let rows = hourly(2_000);
    let (even, odd): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.value % 2.0 == 0.0);
    let blocks = [&rows[500..800], &rows[1_900..]].concat();
    assert_eq!(store.insert_many(&s, &blocks).unwrap().inserted, 400);
    let report = store.insert_many(&s, &even).unwrap();
    assert_eq!((report.inserted, report.already_there), (800, 200));
    assert_eq!(store.insert_many(&s, &odd).unwrap().inserted, 800);
    let wanted: Vec<_> = rows.iter().map(|row| row.value).collect();
    assert_eq!(values(&all(&store, &s).unwrap()), wanted);
}

#[test]
fn missing_hashes_are_chained_and_given_ones_kept_in_bulk_as_one_by_one() {
    let mut rows = hourly(600);
    for (number, row) in rows.iter_mut().enumerate() {
        row.provider = if number < 300 { "central" } else { "engine" };
        row.hash = (number % 7 == 0).then_some("given");
    }
    let (bulk, single) = (memory(), memory());
    bulk.insert_many(&uuid("s"), &rows).unwrap();
    for row in &rows {
        single.insert(&uuid("s"), row).unwrap();
    }
    let read = all(&bulk, &uuid("s")).unwrap();
    assert_eq!(read, all(&single, &uuid("s")).unwrap());
    assert!(
        read.iter()
            .enumerate()
            .all(|(n, row)| (n % 7 == 0) == (row.hash == "given"))
    );
    assert_eq!(bulk.statistics(&uuid("s")).unwrap().providers.len(), 2);
}

#[test]
fn a_table_that_is_gone_since_is_made_again() {
    let (_folder, path, store, s) = store_with(&["1704283200"]);
    for hash in [None, Some("h")] {
        let mut observation = row("2024-01-03", 1.0);
        observation.hash = hash;
        store.insert(&s, &observation).unwrap();
        sql(&path, "DROP TABLE s");
        assert_eq!(store.insert(&s, &observation).unwrap(), Insertion::Inserted);
        sql(&path, "DROP TABLE s");
        assert_eq!(store.insert_many(&s, &[observation]).unwrap().inserted, 1);
        sql(&path, "DROP TABLE s");
        assert_eq!(
            all(&store, &s).unwrap_err().code(),
            ErrorCode::StreamNotFound
        );
    }
}

#[test]
fn values_are_hashed_as_python_writes_them() {
    // Bit patterns from a fixed sequence, and the edges of each notation.
    let mut values = vec![
        0.1,
        1e16,
        9_999_999_999_999_998.0,
        1e-4,
        9.999e-5,
        1e22,
        1e23,
        5e-324,
        f64::MAX,
        0.0,
        100.0,
        123_456_789_012_345_680.0,
    ];
    let mut bits = 0x9E37_79B9_7F4A_7C15u64;
    for _ in 0..4_000 {
        bits = bits
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        values.push(f64::from_bits(bits ^ (bits >> 29)));
        values.push((bits >> 20) as f64 / 1e6);
    }
    values.retain(|value| value.is_finite());
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let rows: Vec<_> = (0..)
        .zip(&values)
        .map(|(n, v)| NewObservation::new(Timestamp::from_integer(n), *v))
        .collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
    // Python makes the chain anew from what is stored.
    let wrong = python(
        "import sqlite3,sys,hashlib\nh='';wrong=[]\n\
         for ts,v,was in sqlite3.connect(sys.argv[1]).execute('SELECT ts,value,hash FROM s ORDER BY ts'):\n\
         \x20h=hashlib.blake2s((h+str(ts)+repr(float(v))).encode(),digest_size=8).hexdigest()\n wrong+=[(ts,v)]*(h!=was)\n h=was\n\
         print(wrong)",
        &[text(&path)],
    );
    assert_eq!(wrong.trim(), "[]");
    for (row, value) in all(&store, &uuid("s")).unwrap().iter().zip(&values) {
        assert_eq!(row.value, *value);
    }
}
