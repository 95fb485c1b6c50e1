//! The store inserts in shorter ways if it can: one statement for a row, one for many. They
//! must do what the long way does, which is one row after another, without a hash.

use crate::support::*;
use satori_store::{ErrorCode, Insertion, NewObservation, Store, Timestamp};

/// Rows a minute apart, enough for several statements of many.
fn rows(count: i64) -> Vec<NewObservation<'static>> {
    (0..count).map(|n| numbered(n * 60)).collect()
}

/// Asserts that rows inserted together are stored, and hashed, as one by one.
fn assert_as_one_by_one(rows: &[NewObservation<'_>]) {
    let (together, singly, s) = (memory(), memory(), uuid("s"));
    let report = together.insert_many(&s, rows).unwrap();
    assert_eq!(report.inserted, rows.len() as u64);
    for row in rows {
        assert_eq!(singly.insert(&s, row).unwrap(), Insertion::Inserted);
    }
    assert_eq!(all(&together, &s).unwrap(), all(&singly, &s).unwrap());
}

#[test]
fn rows_of_several_providers_keep_theirs() {
    let mut several = rows(600);
    for (row, provider) in several.iter_mut().zip(["one", "two"].iter().cycle()) {
        *row = row.provider(provider);
    }
    assert_as_one_by_one(&several);
}

#[test]
fn rows_in_any_order_are_chained_in_the_order_given() {
    let mut backwards = rows(600);
    backwards.reverse();
    assert_as_one_by_one(&backwards);
    let mut halves = rows(600);
    halves.rotate_left(100);
    assert_as_one_by_one(&halves);
}

#[test]
fn given_hashes_between_computed_ones_are_chained_on() {
    for (first, last) in [(250, 500), (0, 250), (500, 750), (251, 252)] {
        let mut some = rows(1_000);
        for row in &mut some[first..last] {
            *row = row.hash("given");
        }
        assert_as_one_by_one(&some);
    }
}

/// A number of seconds between two microseconds is the nearer one's instant.
#[test]
fn a_stored_number_a_fraction_from_an_instant_is_in_the_way() {
    for fraction in ["-4e-7", "-2.4e-7", "2.4e-7", "4e-7"] {
        // In the middle of the rows, and at their ends.
        for second in [0, 20, 39] {
            let stored = format!("1000000 + {second} + {fraction}");
            let (_folder, _path, store, s) = store_with(&[&stored]);
            let ts = at(1_000_000 + second);
            assert_eq!(store.count(&s, ts..=ts).unwrap(), 1);
            assert!(store.observation(&s, ts).unwrap().is_some());

            let given = NewObservation::new(ts, 0.0).hash("given");
            assert_eq!(store.insert(&s, &given).unwrap(), Insertion::AlreadyThere);
            let computed = NewObservation::new(ts, 0.0);
            assert_eq!(
                store.insert(&s, &computed).unwrap(),
                Insertion::AlreadyThere
            );
            let many: Vec<_> = (0..40).map(|n| row(1_000_000 + n, 0.0)).collect();
            let report = store.insert_many(&s, &many).unwrap();
            assert_eq!((report.inserted, report.already_there), (39, 1), "{stored}");
        }
    }
}

/// The rows at first are text, and then come the same instants as numbers.
#[test]
fn a_spelling_that_is_inserted_first_is_seen_by_what_follows() {
    let (store, s) = (memory(), uuid("s"));
    let texts: Vec<_> = (0..250).map(|n| at(n * 60).to_string()).collect();
    let spelled = texts
        .iter()
        .map(|text| NewObservation::spelled(text, 1.0).unwrap().hash("h"));
    let numbers = (0..250).map(|n| row(n * 60, 1.0));
    let both: Vec<_> = spelled.chain(numbers).collect();
    store.insert_many(&s, &[row(-60, 1.0)]).unwrap();
    let report = store.insert_many(&s, &both).unwrap();
    assert_eq!((report.inserted, report.already_there), (250, 250));
}

#[test]
fn a_row_in_a_finer_unit_is_in_the_way_before_1970_too() {
    for unit in ["000", "000000", "000000000"] {
        for second in ["-200000000", "-2000000000", "2000000000"] {
            let (_folder, _path, store, s) = store_with(&[&format!("{second}{unit}")]);
            let row = row(second.parse::<i64>().unwrap(), 0.0);
            assert_eq!(store.insert(&s, &row).unwrap(), Insertion::AlreadyThere);
        }
    }
}

/// Numbers of seconds sort by time. Other units do not beside them, nor does where one ends.
#[test]
fn the_order_of_the_key_is_not_taken_for_that_of_time() {
    // Each is in 1973; the other row in 2001.
    for finer in [
        "100000000000",
        "-100000000000",
        "100000000000.5",
        "-100000000000.5",
    ] {
        for column in ["ts TIMESTAMP", "ts REAL"] {
            let (_folder, path) = place();
            let store = Store::open(&path).unwrap();
            let table = table_sql("s", &[finer, "1000000000"]);
            sql(&path, &table.replace("ts TIMESTAMP", column));
            let s = uuid("s");
            let found = all(&store, &s).unwrap();
            assert!(found.is_sorted_by_key(|row| row.ts), "{finer} {column}");
            assert_eq!(found[1].ts, at(1_000_000_000), "{finer} {column}");
            assert_eq!(store.latest(&s).unwrap().unwrap().ts, at(1_000_000_000));
            // Numbers that are inserted as one chunk would not see it.
            let first = found[0].ts;
            let many: Vec<_> = (0..40)
                .map(|n| {
                    NewObservation::new(
                        Timestamp::from_micros(first.as_micros() + n * 1_000_000),
                        0.0,
                    )
                    .hash("h")
                })
                .collect();
            let report = store.insert_many(&s, &many).unwrap();
            assert_eq!((report.inserted, report.already_there), (39, 1), "{finer}");
        }
    }
}

/// Another program's rule refuses the row in the shortest way as in the others.
#[test]
fn a_rule_of_the_table_is_its_own_error_in_every_way() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let table = table_sql("s", &["0"]);
    sql(
        &path,
        &table.replace(
            "value NUMERIC(20, 10) NOT NULL",
            "value NUMERIC(20, 10) NOT NULL CHECK (value < 9)",
        ),
    );
    let s = uuid("s");
    let given = row(60, 10.0);
    let computed = NewObservation::new(at(60), 10.0);
    for row in [given, computed] {
        let error = store.insert(&s, &row).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
    }
    assert_eq!(
        store.insert(&s, &row(60, 8.0)).unwrap(),
        Insertion::Inserted
    );
}
