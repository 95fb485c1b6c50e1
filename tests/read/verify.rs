//! Verification of the hash chain.

use crate::support::*;
use satori_store::{NewObservation, Store, Timestamp};

/// Makes ten rows whose hashes the store has computed, 60 seconds apart.
fn chained() -> (tempfile::TempDir, std::path::PathBuf, Store) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    for n in 0..10 {
        let ts = Timestamp::from_integer(1_704_283_200 + 60 * n);
        store
            .insert(&uuid("s"), &NewObservation::new(ts, n as f64 + 0.5))
            .unwrap();
    }
    (folder, path, store)
}

fn nth(n: i64) -> Timestamp {
    Timestamp::from_integer(1_704_283_200 + 60 * n)
}

#[test]
fn a_chain_that_is_whole_verifies() {
    let (_folder, path, store) = chained();
    let report = store.verify(&uuid("s")).unwrap();
    assert_eq!((report.rows, report.verified), (10, 10));
    // As the engine computes it, by Python's own BLAKE2s and repr.
    let last = python(
        "import sqlite3,sys,hashlib\nh=''\n\
         for ts,v,was in sqlite3.connect(sys.argv[1]).execute('SELECT ts,value,hash FROM s ORDER BY ts'):\n\
         \x20h=hashlib.blake2s((h+str(ts)+repr(float(v))).encode(),digest_size=8).hexdigest()\n assert h==was\n\
         print(h)",
        &[text(&path)],
    );
    assert_eq!(store.latest(&uuid("s")).unwrap().unwrap().hash, last.trim());
}

#[test]
fn a_row_that_was_changed_is_suspect_and_it_alone() {
    for change in ["value = value + 1e-9", "ts = ts + 1", "value = -value"] {
        for n in [1, 5, 8] {
            let (_folder, path, store) = chained();
            sql(
                &path,
                &format!(
                    "UPDATE s SET {change} WHERE ts = {}",
                    1_704_283_200 + 60 * n
                ),
            );
            let report = store.verify(&uuid("s")).unwrap();
            assert_eq!(
                (report.verified, report.foreign.len(), report.suspect.len()),
                (9, 0, 1),
                "{change} {n}"
            );
            let moved = if change.starts_with("ts") {
                1_000_000
            } else {
                0
            };
            assert_eq!(report.suspect[0].as_micros(), nth(n).as_micros() + moved);
        }
    }
}

#[test]
fn a_change_at_either_end_is_foreign_for_nobody_vouches_for_it() {
    for n in [0, 9] {
        let (_folder, path, store) = chained();
        sql(
            &path,
            &format!(
                "UPDATE s SET value = 7 WHERE ts = {}",
                1_704_283_200 + 60 * n
            ),
        );
        let report = store.verify(&uuid("s")).unwrap();
        assert_eq!((report.verified, report.suspect.len()), (9, 0));
        assert_eq!(report.foreign_between, 0);
        assert_eq!(report.foreign, [nth(n)]);
    }
}

#[test]
fn a_changed_hash_is_never_taken_for_verified() {
    for n in 0..10 {
        let (_folder, path, store) = chained();
        sql(
            &path,
            &format!(
                "UPDATE s SET hash = 'changed' WHERE ts = {}",
                1_704_283_200 + 60 * n
            ),
        );
        let report = store.verify(&uuid("s")).unwrap();
        let found = [report.foreign.clone(), report.suspect.clone()].concat();
        assert!(found.contains(&nth(n)), "{n}");
        // Between verified rows the row and the one after it count; at an end nobody
        // vouches for them.
        let between = if (1..8).contains(&n) { 2 } else { 0 };
        assert_eq!(report.foreign_between, between, "{n}");
        assert_eq!(report.verified + found.len() as u64, 10);
    }
}

#[test]
fn rows_that_arrive_late_are_foreign_and_the_chain_goes_on_past_them() {
    let (_folder, _path, store) = chained();
    let late = at("1704283230");
    store
        .insert(&uuid("s"), &NewObservation::new(late, 99.0))
        .unwrap();
    store
        .insert(
            &uuid("s"),
            &NewObservation::new(nth(20), 1.0).hash("from a server"),
        )
        .unwrap();
    store
        .insert(&uuid("s"), &NewObservation::new(nth(21), 1.0))
        .unwrap();
    let report = store.verify(&uuid("s")).unwrap();
    assert_eq!((report.rows, report.verified), (13, 11));
    assert_eq!(report.foreign, [late]);
    assert_eq!(report.foreign_between, 1);
    // The server's hash reads like a changed one: the next row is chained to it.
    assert_eq!(report.suspect, [nth(20)]);
}

#[test]
fn a_missing_row_makes_the_next_one_suspect() {
    let (_folder, _path, store) = chained();
    store.delete(&uuid("s"), nth(4)..=nth(4)).unwrap();
    let report = store.verify(&uuid("s")).unwrap();
    assert_eq!((report.verified, report.suspect), (8, vec![nth(5)]));
}

#[test]
fn each_spelling_that_engines_have_hashed_verifies() {
    for (literal, hashed) in [
        ("'2024-01-03 12:00'", "2024-01-03 12:00"),
        ("'2024-01-03T12:00:00Z'", "2024-01-03T12:00:00Z"),
        ("1704283200", "2024-01-03 12:00:00"),
        ("1704283200", "2024-01-03T12:00:00+00:00"),
        ("1704283200", "2024-01-03T12:00Z"),
        ("1704283200", "2024-01-03T12:00:00.000000"),
        ("1704283200", "2024-01-03T12:00:00.000Z"),
        ("'2024-01-03 12:00'", "1704283200"),
        ("1704283200", "1704283200.0"),
        ("1704283200000", "1704283200"),
        ("1704283200", "1704283200000"),
        ("1704283200.25", "1704283200.25"),
        ("1704283200.25", "2024-01-03T12:00:00.250000Z"),
    ] {
        let (_folder, path, store, s) = store_with(&[literal]);
        let hash = python(
            "import sys,hashlib\nprint(hashlib.blake2s((sys.argv[1]+'0.0').encode(),digest_size=8).hexdigest(),end='')",
            &[hashed],
        );
        sql(&path, &format!("UPDATE s SET hash = '{hash}'"));
        assert_eq!(
            store.verify(&s).unwrap().verified,
            1,
            "{literal} hashed as {hashed}"
        );
    }
}

/// One row of eight is changed, each in turn: what is found is what the table in the
/// documentation of `Verification` says.
#[test]
fn what_is_seen_of_a_change_is_what_the_documentation_says() {
    let documented = documented();
    let mut checked = 0;
    for n in 0..8 {
        let place = match n {
            0 => 0,
            6 => 2,
            7 => 3,
            _ => 1,
        };
        for (column, expected) in &documented {
            let (_folder, path, store) = chained();
            store.delete(&uuid("s"), nth(8)..).unwrap();
            let change = match column.as_str() {
                "ts" => "ts = ts + 1",
                "value" => "value = value + 1",
                "hash" => "hash = '0123456789abcdef'",
                "provider" => "provider = 'changed'",
                other => panic!("{other}?"),
            };
            let ts = 1_704_283_200 + 60 * n;
            sql(&path, &format!("UPDATE s SET {change} WHERE ts = {ts}"));
            let report = store.verify(&uuid("s")).unwrap();
            let found = match (report.foreign.len(), report.suspect.len()) {
                (0, 0) => "nothing".to_owned(),
                (0, suspect) => format!("{suspect} suspect"),
                (foreign, 0) if report.foreign_between as usize == foreign => {
                    format!("{foreign} foreign between")
                }
                (foreign, 0) if report.foreign_between == 0 => format!("{foreign} foreign"),
                _ => panic!("{report:?}"),
            };
            assert_eq!(found, expected[place], "{column} of row {n}: {report:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 32);
}

/// Reads the table in the documentation of `Verification`: of each column, what a change of
/// it looks like in the first row, in between, in the last but one, and in the last.
fn documented() -> Vec<(String, Vec<String>)> {
    let source = std::fs::read_to_string(crate_file("src/model/verify.rs")).unwrap();
    let lines = source
        .lines()
        .filter_map(|line| line.strip_prefix("/// | `"));
    let row = |line: &str| {
        let mut cells = line.trim_end_matches(" |").split(" | ");
        let column = cells.next().unwrap().trim_end_matches('`').to_owned();
        (column, cells.map(str::to_owned).collect())
    };
    lines.map(row).collect()
}

#[test]
fn first_rows_that_were_removed_make_the_next_one_foreign() {
    let (_folder, _path, store) = chained();
    store.delete(&uuid("s"), ..nth(3)).unwrap();
    let report = store.verify(&uuid("s")).unwrap();
    assert_eq!((report.verified, report.foreign), (6, vec![nth(3)]));
    assert_eq!((report.foreign_between, report.suspect.len()), (0, 0));
}

/// The documentation says so.
#[test]
fn a_changed_provider_and_missing_last_rows_are_not_seen() {
    for change in [
        "UPDATE s SET provider = 'changed'",
        "DELETE FROM s WHERE ts > (SELECT ts FROM s LIMIT 1 OFFSET 6)",
    ] {
        let (_folder, path, store) = chained();
        sql(&path, change);
        let report = store.verify(&uuid("s")).unwrap();
        assert_eq!(report.verified, report.rows, "{change}");
    }
}
