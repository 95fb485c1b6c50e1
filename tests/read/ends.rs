//! The first and the last rows of a stream, those as of an instant, and the latest of many
//! streams.

use crate::support::*;
use satori_store::{Error, NewObservation, OpenOptions, Store, Timestamp};

/// Five rows in five spellings, an hour apart; the key of the table sorts otherwise.
const MIXED: [&str; 5] = [
    "'2024-01-03 12:00:00'",
    "1704286800",
    "'2024-01-03T09:00:00-05:00'",
    "1704294000000",
    "1704297600000000",
];

#[test]
fn a_row_is_known_from_its_instant_on_until_the_next_one() {
    let (_folder, _path, store, s) = store_with(&MIXED);
    let first = at("2024-01-03 12:00").as_micros();
    for hour in 0..5 {
        let begun = first + hour * 3_600_000_000;
        for ts in [begun, begun + 1, begun + 3_599_999_999] {
            let known = store.as_of(&s, Timestamp::from_micros(ts)).unwrap();
            assert_eq!(known.map(|row| row.value), Some(hour as f64), "{ts}");
        }
        let before = store
            .last_before(&s, Timestamp::from_micros(begun), 2)
            .unwrap();
        let wanted: Vec<_> = ((hour - 2).max(0)..hour).map(|hour| hour as f64).collect();
        assert_eq!(values(&before), wanted);
    }
    let before = Timestamp::from_micros(first - 1);
    assert_eq!(store.as_of(&s, before).unwrap(), None);
    assert_eq!(store.as_of(&s, Timestamp::MIN).unwrap(), None);
    assert_eq!(store.last_before(&s, Timestamp::MIN, 9).unwrap(), []);
    let latest = store.as_of(&s, Timestamp::MAX).unwrap();
    assert_eq!(latest, store.latest(&s).unwrap());
    assert_eq!(values(&store.first(&s, 2).unwrap()), [0.0, 1.0]);
    assert_eq!(values(&store.first(&s, 9).unwrap()).len(), 5);
    assert_eq!(store.first(&s, 0).unwrap(), []);
}

#[test]
fn a_stream_without_rows_has_no_ends_and_an_unknown_one_is_an_error() {
    let store = memory();
    let (empty, unknown) = (uuid("empty"), uuid("unknown"));
    store.insert_many(&empty, &[]).unwrap();
    let now = Timestamp::now();
    assert_eq!(store.first(&empty, 3).unwrap(), []);
    assert_eq!(store.last_before(&empty, now, 3).unwrap(), []);
    assert_eq!(store.as_of(&empty, now).unwrap(), None);
    for refused in [
        store.first(&unknown, 0).err(),
        store.first(&unknown, 3).err(),
        store.last_before(&unknown, now, 3).err(),
        store.last_before(&unknown, Timestamp::MIN, 3).err(),
        store.as_of(&unknown, now).err(),
    ] {
        assert!(
            matches!(refused, Some(Error::StreamNotFound { .. })),
            "{refused:?}"
        );
    }
}

/// A row that can't be read is reported if it sorts near those that are looked for.
#[test]
fn rows_that_cannot_be_read_are_passed_over_by_those_who_ask_for_it() {
    let rows = ["10", "20", "'None'", "'2024-01-02 noon'", "'2024-01-03'"];
    let (_folder, path, store, s) = store_with(&rows);
    let latest = at("2024-01-03");
    let refused = store.as_of(&s, latest).unwrap_err();
    assert!(
        matches!(&refused, Error::UnreadableRow { row, .. } if row.contains("noon")),
        "{refused:?}"
    );
    assert_eq!(store.as_of(&s, at(15)).unwrap().unwrap().ts, at(10));
    let store = OpenOptions::new()
        .skip_unreadable(true)
        .open(&path)
        .unwrap();
    assert_eq!(store.as_of(&s, at(15)).unwrap().unwrap().ts, at(10));
    assert_eq!(store.as_of(&s, latest).unwrap().unwrap().ts, latest);
    assert_eq!(store.last_before(&s, latest, 9).unwrap().len(), 2);
    assert_eq!(store.first(&s, 1).unwrap()[0].ts, at(10));
    assert_eq!(
        store.latest_of(&[&s]).unwrap()[0].as_ref().unwrap().ts,
        latest
    );
}

#[test]
fn the_latest_of_many_streams_are_those_of_each() {
    let (_folder, path) = fixture("before_streams.db");
    let store = Store::open(&path).unwrap();
    let uuids = store.streams_with_data().unwrap();
    let mut asked: Vec<_> = uuids.iter().rev().collect();
    let unknown = uuid("unknown");
    asked.insert(1, &unknown);
    asked.push(asked[0]);
    let latest = store.latest_of(&asked).unwrap();
    assert_eq!(latest.len(), asked.len());
    for (uuid, latest) in asked.iter().zip(latest) {
        let alone = store.latest(uuid);
        match **uuid == unknown {
            true => assert!(latest.is_none() && alone.is_err()),
            false => assert_eq!(latest, alone.unwrap()),
        }
    }
    let all = store.latest_of_all().unwrap();
    let wanted: Vec<_> = uuids
        .iter()
        .filter_map(|uuid| Some((uuid.clone(), store.latest(uuid).unwrap()?)))
        .collect();
    assert_eq!(all, wanted);
    assert_eq!(store.latest_of(&[]).unwrap(), []);
}

/// More streams than what is prepared for them has room for: 3,000 that store text.
#[test]
fn the_latest_of_more_streams_than_stay_prepared_are_right_in_any_order() {
    const STREAMS: usize = 3_000;
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut other = plain(&path);
    let text = |day: usize| format!("2024-01-{:02} 12:00:00", 1 + day);
    let mut made = "BEGIN;".to_owned();
    for number in 0..STREAMS {
        // The row with an offset sorts before the other, and is the later one of every third.
        let hour = if number.is_multiple_of(3) {
            "-05:00"
        } else {
            "+05:00"
        };
        made.push_str(&format!(
            "CREATE TABLE s{number} (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL, \
             hash TEXT NOT NULL, provider TEXT NOT NULL) WITHOUT ROWID; \
             INSERT INTO s{number} VALUES ('{}', 1, 'h', 'p'), ('2024-01-02T11:00:00{hour}', 2, 'h', 'p');",
            text(1)
        ));
    }
    run(&mut other, &(made + "COMMIT"));
    let uuids: Vec<_> = (0..STREAMS).map(|n| uuid(&format!("s{n}"))).collect();
    let value = |number: usize| if number.is_multiple_of(3) { 2.0 } else { 1.0 };
    let check = |order: &[usize], changed: &dyn Fn(usize) -> Option<f64>| {
        let asked: Vec<_> = order.iter().map(|n| &uuids[*n]).collect();
        let latest = store.latest_of(&asked).unwrap();
        for (number, latest) in order.iter().zip(latest) {
            assert_eq!(latest.map(|row| row.value), changed(*number), "{number}");
        }
    };
    let forwards: Vec<_> = (0..STREAMS).collect();
    let backwards: Vec<_> = (0..STREAMS).rev().collect();
    for order in [&forwards, &backwards, &forwards] {
        check(order, &|number| Some(value(number)));
    }
    // The first stays prepared, the last doesn't.
    let ends = [0, STREAMS - 1];
    for number in ends {
        let later = format!("INSERT INTO s{number} VALUES ('{}', 3, 'h', 'p')", text(2));
        run(&mut other, &later);
    }
    let later = |number| match ends.contains(&number) {
        true => Some(3.0),
        false => Some(value(number)),
    };
    check(&forwards, &later);
    // As another program drops one and makes the other anew, all are prepared once more.
    run(&mut other, "DROP TABLE s0; DROP TABLE s2999");
    run(&mut other, &table_sql("s2999", &["5", "7"]));
    check(&forwards, &|number| match number {
        0 => None,
        2_999 => Some(1.0),
        _ => Some(value(number)),
    });
}

/// A reader that looks the streams up one by one sees a state that never was; the control
/// shows it.
#[test]
fn the_latest_of_many_streams_are_of_one_state() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let uuids: Vec<_> = (0..20).map(|number| uuid(&format!("s{number}"))).collect();
    let asked: Vec<_> = uuids.iter().collect();
    let write = |second: i64| {
        let row = row(second, second as f64);
        let rows: Vec<_> = uuids.iter().map(|uuid| (uuid, row)).collect();
        Store::open(&path).unwrap().insert_across(&rows).unwrap();
    };
    write(0);
    let is_one_state = |latest: &[Option<satori_store::Observation>]| {
        let first = latest[0].as_ref().map(|row| row.ts);
        latest
            .iter()
            .all(|row| row.as_ref().map(|row| row.ts) == first)
    };
    let (mut torn, mut second) = (0, 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (1..300).for_each(write));
        while !writer.is_finished() {
            let latest = store.latest_of(&asked).unwrap();
            assert!(is_one_state(&latest), "{latest:?}");
            let all = store.latest_of_all().unwrap();
            let all: Vec<_> = all.into_iter().map(|(_, row)| Some(row)).collect();
            assert!(is_one_state(&all), "{all:?}");
            // The control.
            let mut alone = Vec::new();
            for uuid in &uuids {
                alone.push(store.latest(uuid).unwrap());
                if torn == 0 {
                    std::thread::yield_now();
                }
            }
            torn += usize::from(!is_one_state(&alone));
            second += 1;
        }
    });
    assert!(torn > 0, "none of {second} readings one by one was torn");
}

#[test]
fn the_name_of_something_else_is_no_stream_without_a_row() {
    let (_folder, _path, store, s) = store_with_table(&format!(
        "{}CREATE VIEW v AS SELECT 1;",
        table_sql("s", &["1"])
    ));
    let refused = store.latest_of(&[&s, &uuid("v")]).unwrap_err();
    assert!(matches!(refused, Error::NotAStream { .. }), "{refused:?}");
    assert_eq!(store.latest_of_all().unwrap().len(), 1);
}

#[test]
fn a_row_that_cannot_be_read_names_its_stream() {
    let (_folder, _path, store, s) = store_with(&["1", "'None'"]);
    store
        .insert(&uuid("t"), &NewObservation::new(at(1), 1.0))
        .unwrap();
    let refused = store.latest_of(&[&uuid("t"), &s]).unwrap_err();
    assert!(
        matches!(&refused, Error::UnreadableRow { stream, .. } if stream == "s"),
        "{refused:?}"
    );
}
