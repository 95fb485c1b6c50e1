//! Reading observations in order of time, however their timestamps are spelled.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use crate::support::*;
use satori_store::{ErrorCode, NewObservation, Observation, Timestamp};

#[test]
fn every_kind_of_range_reads_counts_and_deletes_the_same_rows() {
    let literals = [
        "1704067200",
        "'2024-01-01T01:00:00'",
        "1704074400000",
        "1704078000.5",
        "'2024-01-01 06:00+02:00'",
    ];
    let instants: Vec<_> = [
        0,
        3_600_000_000,
        7_200_000_000,
        10_800_500_000,
        14_400_000_000i64,
    ]
    .map(|d| d + 1_704_067_200_000_000)
    .into();
    let bounds = |micros: i64| {
        let ts = Timestamp::from_micros(micros);
        [Bound::Included(ts), Bound::Excluded(ts), Bound::Unbounded]
    };
    let edges: Vec<_> = instants.iter().flat_map(|i| [i - 1, *i, i + 1]).collect();
    let (_folder, path, store, s) = store_with(&literals);
    for from in edges.iter().step_by(2) {
        for to in edges.iter().step_by(2) {
            for range in bounds(*from)
                .into_iter()
                .flat_map(|a| bounds(*to).map(|b| (a, b)))
            {
                let wanted: Vec<_> = (0..5)
                    .filter(|n| range.contains(&Timestamp::from_micros(instants[*n])))
                    .map(|n| n as f64)
                    .collect();
                let read: Vec<_> = store
                    .observations(&s, range)
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                assert_eq!(values(&read), wanted, "{range:?}");
                assert_eq!(store.columns(&s, range).unwrap().value, wanted);
                assert_eq!(store.count(&s, range).unwrap(), wanted.len() as u64);
            }
        }
    }
    for (n, instant) in instants.iter().enumerate() {
        let ts = Timestamp::from_micros(*instant);
        assert_eq!(store.observation(&s, ts).unwrap().unwrap().value, n as f64);
        assert_eq!(
            store
                .observation(&s, Timestamp::from_micros(instant + 1))
                .unwrap(),
            None
        );
    }
    let ts = |n: usize| Timestamp::from_micros(instants[n]);
    assert_eq!(store.delete(&s, ts(4)..ts(0)).unwrap(), 0);
    assert_eq!(store.delete(&s, ts(1)..ts(1)).unwrap(), 0);
    assert_eq!(store.delete(&s, ts(1)..=ts(2)).unwrap(), 2);
    assert_eq!(
        query(&path, "SELECT value FROM s ORDER BY value").to_string(),
        "[[0],[3],[4]]"
    );
    assert_eq!(store.delete(&s, ts(3)..).unwrap(), 2);
    assert_eq!(store.delete(&s, ..).unwrap(), 1);
    assert_eq!(
        (store.count(&s, ..).unwrap(), store.latest(&s).unwrap()),
        (0, None)
    );
}

#[test]
fn the_latest_row_is_the_latest_in_time_where_plain_sql_sticks_on_a_text() {
    let (_folder, path, store, s) = store_with(&[
        "'2017-04-19 09:00'",
        "1704283200",
        "1704283200001",
        "'2019-01-01T00:00:00Z'",
    ]);
    // The control: all text sorts after all numbers.
    let plain = query(&path, "SELECT value FROM s ORDER BY ts DESC LIMIT 1");
    assert_eq!(plain.to_string(), "[[3]]");
    assert_eq!(store.latest(&s).unwrap().unwrap().value, 2.0);
    for count in 0..6 {
        let wanted = &[0.0, 3.0, 1.0, 2.0][4 - count.min(4)..];
        assert_eq!(values(&store.last(&s, count).unwrap()), wanted);
    }
    assert_eq!(
        values(&store.last(&s, usize::MAX).unwrap()),
        [0.0, 3.0, 1.0, 2.0]
    );
    // The next row is chained to the latest in time.
    store
        .insert(&s, &NewObservation::new(at("1704290000"), 1.0))
        .unwrap();
    let rows = store.last(&s, 1).unwrap();
    assert_ne!(rows[0].hash, "h3");
}

#[test]
fn text_with_offsets_dense_rows_and_twin_spellings_read_in_order() {
    let texts = [
        "'2024-01-01T00:30:00+14:00'",
        "'2023-12-31 12:00:00.5-12:00'",
        "1704067200.5",
        "1704067200.5000003",
        "-1704067200123",
        "-1704067200",
        "-1704067200123456",
        "-1704067200123456789",
        "'0000-01-01'",
        "'9999-12-31T23:59:59Z'",
        "'2024-01-01'",
        "'2024-01-01 00:00'",
        "0",
        "1e11",
        "-1e11",
        "99999999999",
        "100000000000000",
        "99999999999999",
    ];
    let mut instants: Vec<i64> = texts
        .iter()
        .map(|text| at(text.trim_matches('\'')).as_micros())
        .collect();
    let (_folder, _path, store, s) = store_with(&texts);
    instants.sort_unstable();
    let read: Vec<_> = all(&store, &s)
        .unwrap()
        .iter()
        .map(|row| row.ts.as_micros())
        .collect();
    assert_eq!(read, instants);
    assert_eq!(store.columns(&s, ..).unwrap().ts, instants);
    for count in 0..=texts.len() {
        let last: Vec<_> = store
            .last(&s, count)
            .unwrap()
            .iter()
            .map(|row| row.ts.as_micros())
            .collect();
        assert_eq!(last, instants[texts.len() - count..], "last {count}");
    }
}

#[test]
fn thousands_of_rows_at_one_microsecond_are_all_read() {
    // Sub-microsecond reals around 0, and text among them so that no key sorts.
    let mut literals: Vec<String> = (1..3_000).map(|n| format!("{n}e-11")).collect();
    literals.push("'1970-01-01'".to_owned());
    let literals: Vec<_> = literals.iter().map(String::as_str).collect();
    let (_folder, path, store, s) = store_with(&literals);
    assert_eq!(all(&store, &s).unwrap().len(), 3_000);
    sql(&path, "DELETE FROM s WHERE typeof(ts) = 'text'");
    assert_eq!(all(&store, &s).unwrap().len(), 2_999);
}

#[test]
fn statistics_say_what_is_there() {
    let mut literals: Vec<_> = (0..100)
        .map(|n| (1_704_067_200 + n * 60).to_string())
        .collect();
    literals.remove(50);
    literals.remove(20);
    literals[0] = "'2024-01-01'".to_owned();
    let literals: Vec<_> = literals.iter().map(String::as_str).collect();
    let (_folder, path, store, s) = store_with(&literals);
    sql(&path, "UPDATE s SET provider = 'central' WHERE value < 10");
    let statistics = store.statistics(&s).unwrap();
    assert_eq!(
        (statistics.count, statistics.unreadable, statistics.gaps),
        (98, 0, 2)
    );
    assert_eq!(
        (statistics.first, statistics.last),
        (Some(at("2024-01-01")), Some(at("2024-01-01 01:39")))
    );
    assert_eq!(
        (statistics.minimum, statistics.maximum),
        (Some(0.0), Some(97.0))
    );
    assert_eq!(statistics.sum, f64::from((0..98).sum::<i32>()));
    assert_eq!(statistics.spacing, Some(Duration::from_secs(60)));
    assert_eq!(
        statistics.providers,
        [("engine".to_owned(), 88), ("central".to_owned(), 10)]
    );
    store.delete(&s, ..).unwrap();
    assert_eq!(
        store.statistics(&s).unwrap(),
        satori_store::Statistics::default()
    );
}

#[test]
fn a_sum_may_be_larger_than_any_number() {
    let s = uuid("s");
    for (values, sum) in [
        (vec![1e308, 1e308], f64::INFINITY),
        (vec![-1.7e308, -1.7e308, 1.0], f64::NEG_INFINITY),
        (vec![1e308, -1e308, 0.5], 0.5),
        (vec![f64::MAX, -1e281, 5e-324], f64::MAX),
        (vec![5e-324, 5e-324], 1e-323),
    ] {
        let store = memory();
        let rows: Vec<_> = (0..).zip(&values).map(|(n, v)| row(n, *v)).collect();
        store.insert_many(&s, &rows).unwrap();
        assert_eq!(store.statistics(&s).unwrap().sum, sum, "{values:?}");
    }
}

#[test]
fn iteration_goes_on_where_it_stood_when_the_table_changes_under_it() {
    // 1,500 text rows; between the batches they become numbers.
    let literals: Vec<_> = (0..1_500)
        .map(|n| format!("'{}'", Timestamp::from_integer(1_704_067_200 + n * 60)))
        .collect();
    let literals: Vec<_> = literals.iter().map(String::as_str).collect();
    let (_folder, path, store, s) = store_with(&literals);
    let wanted: Vec<_> = (0..1_500).map(f64::from).collect();
    let mut rows = store.observations(&s, ..).unwrap();
    let mut read: Vec<Observation> = rows.by_ref().take(10).map(Result::unwrap).collect();
    assert_eq!(store.normalize(&s).unwrap().rewritten, 1_500);
    read.extend(rows.map(Result::unwrap));
    assert_eq!(values(&read), wanted);
    // And the other way round: a text comes in behind, another ahead.
    let mut rows = store.observations(&s, ..).unwrap();
    let mut read: Vec<Observation> = rows.by_ref().take(1_000).map(Result::unwrap).collect();
    sql(&path, &table_sql("s", &["'2023-01-01'", "'2030-01-01'"]));
    read.extend(rows.map(Result::unwrap));
    assert_eq!(read.len(), 1_501);
    assert_eq!(values(&read)[..1_500], wanted);
}

#[test]
fn a_stream_with_metadata_alone_has_no_rows_and_an_unknown_one_is_an_error() {
    let store = memory();
    store
        .upsert_stream(&uuid("s"), &satori_store::StreamPatch::new())
        .unwrap();
    let s = uuid("s");
    assert_eq!(all(&store, &s).unwrap(), []);
    assert_eq!(
        (store.count(&s, ..).unwrap(), store.delete(&s, ..).unwrap()),
        (0, 0)
    );
    assert_eq!(
        (store.latest(&s).unwrap(), store.last(&s, 3).unwrap()),
        (None, vec![])
    );
    assert_eq!(store.columns(&s, ..).unwrap().len(), 0);
    assert_eq!(
        store.verify(&s).unwrap().rows + store.normalize(&s).unwrap().rewritten,
        0
    );
    let x = uuid("x");
    for error in [
        all(&store, &x).unwrap_err(),
        store.count(&x, at("1")..at("0")).unwrap_err(),
        store.columns(&x, at("1")..at("0")).unwrap_err(),
        store.latest(&x).unwrap_err(),
        store.delete(&x, ..).unwrap_err(),
        store.statistics(&x).unwrap_err(),
        store.normalize_dry_run(&x).unwrap_err(),
        store.verify(&x).unwrap_err(),
    ] {
        assert_eq!(error.code(), ErrorCode::StreamNotFound);
    }
}
