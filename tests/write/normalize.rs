//! Normalisation of old spellings.

use crate::support::*;
use satori_store::{Observation, Timestamp};

#[test]
fn normalising_rewrites_every_readable_spelling_and_nothing_else() {
    let literals = [
        "'2024-01-03 12:00'",
        "1704283260",
        "1704283320000",
        "'2024-01-03T13:03:00.5+01:00'",
        "-1704283200000",
        "1704283440000000",
        "1704283500000000000",
        "1704283560.25",
    ];
    let (_folder, path, store, s) = store_with(&literals);
    let (before, file) = (all(&store, &s).unwrap(), dump(&path));
    let dry = store.normalize_dry_run(&s).unwrap();
    assert_eq!(dump(&path), file);
    let report = store.normalize(&s).unwrap();
    assert_eq!(report, dry);
    assert_eq!(
        (report.rewritten, report.kept.len(), report.unreadable.len()),
        (6, 0, 0)
    );
    let after = all(&store, &s).unwrap();
    let content = |row: &Observation| {
        let (hash, provider) = (row.hash.clone(), row.provider.clone());
        (row.ts, row.value, hash, provider)
    };
    assert!(after.iter().map(content).eq(before.iter().map(content)));
    let stored = query(&path, "SELECT ts FROM s ORDER BY ts").to_string();
    assert_eq!(
        stored,
        "[[-1704283200],[1704283200],[1704283260],[1704283320],[1704283380.5],[1704283440],[1704283500],[1704283560.25]]"
    );
    assert_eq!(
        store.normalize(&s).unwrap(),
        satori_store::Normalization::default()
    );
    // Now plain SQL finds the latest row, too.
    assert_eq!(
        query(&path, "SELECT value FROM s ORDER BY ts DESC LIMIT 1")[0][0],
        7
    );
}

#[test]
fn normalizing_keeps_both_rows_if_two_spellings_meet_and_reports_what_it_cannot_read() {
    let literals = [
        "1704283200",
        "'2024-01-03 12:00'",
        "'2024-01-03T12:01:00'",
        "'2024-01-03T13:01:00+01:00'",
        "'yesterday'",
        "x'00'",
        "9e999",
        "'6000-01-01'",
    ];
    let (_folder, path, store, s) = store_with(&literals);
    let report = store.normalize(&s).unwrap();
    assert_eq!(report.rewritten, 1);
    assert_eq!(
        report.kept,
        ["2024-01-03 12:00", "2024-01-03T13:01:00+01:00"]
    );
    assert_eq!(report.unreadable.len(), 4);
    for unreadable in ["yesterday", "6000-01-01"] {
        assert!(
            report.unreadable.iter().any(|text| text == unreadable),
            "{:?}",
            report.unreadable
        );
    }
    assert_eq!(
        query(
            &path,
            "SELECT group_concat(value) FROM (SELECT value FROM s ORDER BY value)"
        )[0][0],
        "0,1,2,3,4,5,6,7"
    );
    assert_eq!(store.normalize(&s).unwrap().rewritten, 0);
}

#[test]
fn normalising_many_rows_loses_none() {
    // More than it reads at a time, and as many that it must leave.
    let literals: Vec<_> = (0..2_500)
        .flat_map(|n| {
            let ts = Timestamp::from_integer(1_704_067_200 + n);
            let text = ts.to_string();
            [
                format!("'{text}'"),
                format!("'{}+00:00'", text.trim_end_matches('Z')),
            ]
        })
        .collect();
    let literals: Vec<_> = literals.iter().map(String::as_str).collect();
    let (_folder, _path, store, s) = store_with(&literals);
    let report = store.normalize(&s).unwrap();
    assert_eq!((report.rewritten, report.kept.len()), (2_500, 2_500));
    assert_eq!(store.count(&s, ..).unwrap(), 5_000);
    let mut values = values(&all(&store, &s).unwrap());
    values.sort_by(f64::total_cmp);
    assert!(
        values
            .iter()
            .enumerate()
            .all(|(n, value)| *value == n as f64)
    );
}
