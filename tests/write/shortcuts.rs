//! The store inserts in shorter ways if it can: one statement for a row, one for many. Whatever
//! way it takes, the rows are the same, and a stored row is never passed by.

use crate::support::*;
use satori_store::{ErrorCode, Insertion, NewObservation, Timestamp};

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

/// Far from 1970 numbers are further apart than microseconds, and are rounded on the way.
#[test]
fn a_stored_number_in_any_unit_is_in_the_way_of_its_instant() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut stored: Vec<String> = Vec::new();
    for _ in 0..400 {
        let seconds = random.i64(-20_000_000_000..20_000_000_000) as f64 + random.f64();
        stored.push(format!("{seconds:?}"));
        // After 2286 and before 1654, where microseconds have 17 digits.
        let micros = random.i64(10_000_000_000_000_000..90_000_000_000_000_000);
        stored.push(micros.to_string());
        stored.push((-micros).to_string());
        stored.push(format!("{:?}", random.f64() * 1e14));
    }
    let stored: Vec<_> = stored.iter().map(String::as_str).collect();
    let (_folder, _path, store, s) = store_with(&stored);
    let rows = all(&store, &s).unwrap();
    assert_eq!(rows.len(), stored.len());
    for row in &rows {
        let span = row.ts..=row.ts;
        assert_eq!(store.count(&s, span).unwrap(), 1, "{}", row.stored_ts);
        assert!(
            store.observation(&s, row.ts).unwrap().is_some(),
            "{}",
            row.stored_ts
        );
    }
    let again: Vec<_> = rows
        .iter()
        .map(|row| NewObservation::new(row.ts, row.value).hash("h"))
        .collect();
    // Not every microsecond that is stored as such could be stored as a number of seconds.
    let (fit, unfit): (Vec<_>, Vec<_>) = again
        .into_iter()
        .partition(|row| matches!(store.insert(&s, row), Ok(Insertion::AlreadyThere)));
    for row in &unfit {
        let error = store.insert(&s, row).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidTimestamp, "{error}");
    }
    assert!(fit.len() > 600);
    let report = store.insert_many(&s, &fit).unwrap();
    assert_eq!(report.already_there, fit.len() as u64);
}

/// Both numbers are stored as they are spelled, and stand for one microsecond.
#[test]
fn two_spellings_of_an_instant_in_one_chunk_are_one_row() {
    let (store, s) = (memory(), uuid("s"));
    let mut many: Vec<_> = (0..40).map(|n| row(n, 1.0)).collect();
    for (place, text) in [(20, "19.1"), (21, "19.1000000004")] {
        let spelled = NewObservation::spelled(text, 1.0).unwrap();
        many.insert(place, spelled.hash("h"));
    }
    let report = store.insert_many(&s, &many).unwrap();
    assert_eq!((report.inserted, report.already_there), (41, 1));
}

/// The rows at first are text, and then come the same instants as numbers, or as other text.
#[test]
fn a_spelling_that_is_inserted_first_is_seen_by_what_follows() {
    let texts: Vec<_> = (0..250).map(|n| at(n * 60).to_string()).collect();
    let others: Vec<_> = texts
        .iter()
        .map(|text| text.trim_end_matches('Z').replace('T', " "))
        .collect();
    fn spelled(texts: &[String]) -> Vec<NewObservation<'_>> {
        let row = |text| NewObservation::spelled(text, 1.0).unwrap().hash("h");
        texts.iter().map(|text| row(text.as_str())).collect()
    }
    let numbers: Vec<_> = (0..250).map(|n| row(n * 60, 1.0)).collect();
    for later in [numbers, spelled(&others)] {
        let (store, s) = (memory(), uuid("s"));
        let both = [spelled(&texts), later].concat();
        store.insert_many(&s, &[row(-60, 1.0)]).unwrap();
        let report = store.insert_many(&s, &both).unwrap();
        assert_eq!((report.inserted, report.already_there), (250, 250));
    }
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

/// Numbers of seconds sort by time. Mixed with other units they don't, nor where one unit ends
/// and the next begins.
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
            let table = table_sql("s", &[finer, "1000000000"]);
            let (_folder, _path, store, s) =
                store_with_table(&table.replace("ts TIMESTAMP", column));
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

/// The first number of milliseconds is alone in its table.
#[test]
fn where_seconds_end_milliseconds_begin() {
    for column in ["ts TIMESTAMP", "ts REAL"] {
        let table = table_sql("s", &["100000000000"]);
        let (_folder, _path, store, s) = store_with_table(&table.replace("ts TIMESTAMP", column));
        let many: Vec<_> = (0..40).map(|n| row(100_000_000 - 20 + n, 0.0)).collect();
        let report = store.insert_many(&s, &many).unwrap();
        assert_eq!((report.inserted, report.already_there), (39, 1), "{column}");
    }
}

/// Another program's rule refuses the row in the shortest way as in the others.
#[test]
fn a_rule_of_the_table_is_its_own_error_in_every_way() {
    let (column, checked) = (
        "value NUMERIC(20, 10) NOT NULL",
        "value NUMERIC(20, 10) NOT NULL CHECK (value < 9)",
    );
    let table = table_sql("s", &["0"]).replace(column, checked);
    let (_folder, _path, store, s) = store_with_table(&table);
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
