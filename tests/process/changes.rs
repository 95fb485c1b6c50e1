//! Waiting for what others commit, and following streams.

use std::thread;
use std::time::Duration;

use crate::support::*;
use satori_store::{Error, NewObservation, Observation, OpenOptions, Store, StreamUuid, Timestamp};

const LONG: Duration = Duration::from_secs(600);
const NONE: Duration = Duration::ZERO;

fn row(second: i64) -> NewObservation<'static> {
    NewObservation::new(Timestamp::from_integer(second), second as f64)
}

fn given(rows: &[(StreamUuid, Observation)]) -> Vec<(&str, f64)> {
    rows.iter()
        .map(|(uuid, row)| (uuid.as_str(), row.value))
        .collect()
}

#[test]
fn a_commit_of_anybody_ends_the_wait() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    let mut seen = store.data_version().unwrap();
    let other = Store::open(&path).unwrap();
    let commits: [&(dyn Fn() + Sync); 5] = [
        &|| _ = other.insert(&s, &row(1)).unwrap(),
        &|| _ = store.insert(&s, &row(2).hash("h")).unwrap(),
        &|| _ = store.insert(&s, &row(3)).unwrap(),
        &|| _ = other.upsert_stream(&s, &Default::default()).unwrap(),
        &|| sql(&path, "INSERT INTO s VALUES (9, 9, 'h', 'p')"),
    ];
    for (number, commit) in commits.iter().enumerate() {
        // Before it, during it: both end it.
        let now = thread::scope(|scope| {
            let waiting = scope.spawn(|| store.wait(seen, LONG).unwrap());
            commit();
            waiting.join().unwrap()
        });
        assert_ne!(now, seen, "{number}");
        assert_eq!(store.wait(now, NONE).unwrap(), now, "{number}");
        seen = now;
    }
    // Reading, and a transaction that is rolled back, are none.
    store.statistics(&s).unwrap();
    other.normalize_dry_run(&s).unwrap();
    assert!(
        other
            .insert_many(
                &s,
                &[row(20), NewObservation::new(Timestamp::MIN, f64::NAN)]
            )
            .is_err()
    );
    assert_eq!(store.wait(seen, Duration::from_millis(60)).unwrap(), seen);
}

#[test]
fn a_store_that_only_reads_and_one_in_memory_wait_too() {
    let (_folder, path) = place();
    let writer = Store::open(&path).unwrap();
    let s = uuid("s");
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    let seen = reader.data_version().unwrap();
    writer.insert(&s, &row(1)).unwrap();
    assert_ne!(reader.wait(seen, LONG).unwrap(), seen);

    let store = memory();
    let seen = store.data_version().unwrap();
    assert_eq!(store.wait(seen, NONE).unwrap(), seen);
    store.insert(&s, &row(1)).unwrap();
    assert_ne!(store.wait(seen, LONG).unwrap(), seen);
}

#[test]
fn a_file_that_was_replaced_is_not_waited_for() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let seen = store.data_version().unwrap();
    std::fs::rename(&path, path.with_extension("old")).unwrap();
    assert!(matches!(
        store.wait(seen, LONG),
        Err(Error::FileReplaced { .. })
    ));
}

#[test]
fn rows_are_followed_as_they_come() {
    let (_folder, path) = place();
    let (store, other) = (Store::open(&path).unwrap(), Store::open(&path).unwrap());
    let [a, b, none] = ["a", "b", "none"].map(uuid);
    store.insert_many(&a, &[row(10), row(20)]).unwrap();
    let mut follow = store.follow(&[&b, &a, &none], None).unwrap();
    assert_eq!(follow.wait(NONE).unwrap(), []);
    let all = Some(Timestamp::from_integer(10));
    let mut from = store.follow(&[&a, &b], all).unwrap();
    assert_eq!(given(&from.wait(LONG).unwrap()), [("a", 20.0)]);

    other.insert_many(&a, &[row(30), row(31)]).unwrap();
    assert_eq!(
        given(&follow.wait(LONG).unwrap()),
        [("a", 30.0), ("a", 31.0)]
    );
    assert_eq!(follow.wait(NONE).unwrap(), []);
    // Late ones, and those that are there already, are not given.
    other.insert_many(&a, &[row(25), row(31), row(40)]).unwrap();
    other.insert(&b, &row(5)).unwrap();
    assert_eq!(
        given(&follow.wait(LONG).unwrap()),
        [("b", 5.0), ("a", 40.0)]
    );
    other.insert(&none, &row(1)).unwrap();
    assert_eq!(given(&follow.wait(LONG).unwrap()), [("none", 1.0)]);
    // What was committed between two waits is not lost.
    other.insert(&a, &row(41)).unwrap();
    other.insert(&a, &row(42)).unwrap();
    assert_eq!(
        given(&follow.wait(LONG).unwrap()),
        [("a", 41.0), ("a", 42.0)]
    );
    assert_eq!(
        given(&from.wait(NONE).unwrap()),
        [
            ("a", 25.0),
            ("a", 30.0),
            ("a", 31.0),
            ("a", 40.0),
            ("a", 41.0),
            ("a", 42.0)
        ]
    );
    let after = Some(Timestamp::from_integer(41));
    let mut twice = store.follow(&[&a, &a], after).unwrap();
    assert_eq!(given(&twice.wait(NONE).unwrap()), [("a", 42.0)]);
    assert_eq!(twice.wait(NONE).unwrap(), []);
}

#[test]
fn a_limit_does_not_part_the_rows_of_an_instant() {
    let (_folder, path, store, s) = store_with(&[
        "1704283200",
        "'2024-01-03 12:00:00'",
        "'2024-01-03T13:00:00Z'",
        "1704294000000",
    ]);
    let mut after = at("2024-01-03 11:00");
    let mut read = Vec::new();
    loop {
        let rows = store.newer(&[(&s, after)], 1).unwrap();
        let Some((_, last)) = rows.last() else {
            break;
        };
        after = last.ts;
        read.push(rows.len());
    }
    assert_eq!(read, [2, 1, 1]);
    assert_eq!(store.newer(&[(&s, Timestamp::MIN)], 3).unwrap().len(), 3);
    assert_eq!(store.newer(&[(&s, Timestamp::MIN)], 0).unwrap(), []);
    assert_eq!(store.newer(&[(&s, Timestamp::MAX)], 9).unwrap(), []);
    let notes = uuid("notes");
    sql(&path, "CREATE TABLE notes (x)");
    let refused = store.newer(&[(&notes, Timestamp::MIN)], 9);
    assert!(matches!(refused, Err(Error::NotAStream { .. })));
}

/// Whoever writes, and however often, each row is given once, in order.
#[test]
fn nothing_that_is_inserted_in_order_is_missed() {
    const ROWS: i64 = 2_000;
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let uuids = ["a", "b", "c"].map(uuid);
    let mut follow = store
        .follow(&uuids.iter().collect::<Vec<_>>(), None)
        .unwrap();
    let mut read = [Vec::new(), Vec::new(), Vec::new()];
    thread::scope(|scope| {
        for uuid in &uuids {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                for second in 0..ROWS {
                    store.insert(uuid, &row(second).hash("h")).unwrap();
                }
            });
        }
        while read.iter().map(Vec::len).sum::<usize>() < 3 * ROWS as usize {
            for (uuid, row) in follow.wait(LONG).unwrap() {
                let stream = uuids.iter().position(|one| *one == uuid).unwrap();
                read[stream].push(row.value);
            }
        }
    });
    let wanted: Vec<f64> = (0..ROWS).map(|second| second as f64).collect();
    assert!(read.iter().all(|read| *read == wanted));
}
