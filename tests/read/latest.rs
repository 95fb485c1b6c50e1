//! The latest rows of tables that mix spellings of the timestamp.

use crate::support::*;
use satori_store::{ErrorCode, Insertion, NewObservation, Store, StreamUuid, Timestamp};

#[test]
fn the_latest_row_is_found_in_every_spelling() {
    let (_folder, path) = fixture("before_streams.db");
    let store = Store::open(&path).unwrap();
    for (name, last, rows) in [
        ("d39cd529-5dd4-5e4b-abc9-90b3751e71f1", 1_735_603_200.0, 156),
        (
            "4ef72331-486a-523a-b67a-4c3a62090db9",
            1_518_015_600.0,
            5_000,
        ),
        ("abc123-def456-streamuuid", 1_492_761_600.0, 48),
        ("iso-zulu", 1_493_121_600.25, 100),
        ("mixed", 1_493_654_400.0, 200),
    ] {
        let uuid = uuid(name);
        let last = Timestamp::from_real(last).unwrap();
        let latest = store.latest(&uuid).unwrap().expect(name);
        assert_eq!(latest.ts, last, "{name}");

        let all = all(&store, &uuid).unwrap();
        assert_eq!(all.len(), rows, "{name}");
        for count in [1, 7, rows, rows + 1] {
            let from = rows.saturating_sub(count);
            assert_eq!(
                store.last(&uuid, count).unwrap(),
                all[from..],
                "{name}, last {count}"
            );
        }
    }
}

#[test]
fn a_hash_is_chained_to_the_latest_row_of_a_mixed_table() {
    let (_folder, path) = fixture("before_streams.db");
    let store = Store::open(&path).unwrap();
    let uuid = uuid("mixed");
    let before = store.verify(&uuid).unwrap().verified;
    let later = Timestamp::from_integer(1_493_658_000);
    let insertion = store
        .insert(&uuid, &NewObservation::new(later, 1.5))
        .unwrap();
    assert_eq!(insertion, Insertion::Inserted);
    assert_eq!(store.latest(&uuid).unwrap().unwrap().ts, later);
    assert_eq!(store.verify(&uuid).unwrap().verified, before + 1);
}

/// A text with an offset may be later than one that sorts after it. Whoever wrote it, and
/// whenever, it is the latest row, and no row is inserted beside it at its instant.
#[test]
fn a_row_that_sorts_last_is_the_latest_only_as_long_as_no_other_is_later() {
    let texts = ["'2024-01-03 14:00:00'", "'2024-01-03 15:00:00'"];
    let hidden = "2024-01-03 11:00:00-05:00"; // 16:00 in UTC
    let spelled = |text: &'static str| NewObservation::spelled(text, 1.0).unwrap().hash("h");
    let latest = |store: &Store, s: &StreamUuid| store.latest(s).unwrap().unwrap().ts;
    for other_program in [true, false] {
        let (_folder, path, store, s) = store_with(&texts);
        for _ in 0..2 {
            assert_eq!(latest(&store, &s), at("2024-01-03 15:00"));
        }
        if other_program {
            sql(
                &path,
                &format!("INSERT INTO s VALUES ('{hidden}', 1, 'h', 'p')"),
            );
        } else {
            store.insert(&s, &spelled(hidden)).unwrap();
        }
        assert_eq!(latest(&store, &s), at("2024-01-03 16:00"));
        let report = store
            .insert_many(&s, &[spelled("2024-01-03 16:00:00")])
            .unwrap();
        assert_eq!((report.inserted, report.already_there), (0, 1));
        // A number hides behind all text.
        store.delete(&s, ..).unwrap();
        store.insert(&s, &spelled("2024-01-03 15:00:00")).unwrap();
        store.insert(&s, &spelled("2024-01-03 17:00:00")).unwrap();
        assert_eq!(latest(&store, &s), at("2024-01-03 17:00"));
        sql(&path, "INSERT INTO s VALUES (1704308400, 1, 'h', 'p')"); // 19:00
        assert_eq!(latest(&store, &s), at("2024-01-03 19:00"));
        let report = store
            .insert_many(&s, &[spelled("2024-01-03 19:00:00")])
            .unwrap();
        assert_eq!((report.inserted, report.already_there), (0, 1));
    }
    // What a call has found before it is rolled back holds no longer.
    let (_folder, path, store, s) = store_with(&texts);
    sql(
        &path,
        &format!("INSERT INTO s VALUES ('{hidden}', 1, 'h', 'p')"),
    );
    let refused = [
        spelled("2024-01-03 17:00:00"),
        spelled("2024-01-03 18:00:00"),
        NewObservation::new(at("2024-01-04"), f64::NAN),
    ];
    assert!(store.insert_many(&s, &refused).is_err());
    assert_eq!(latest(&store, &s), at("2024-01-03 16:00"));
    let report = store
        .insert_many(&s, &[spelled("2024-01-03 16:00:00")])
        .unwrap();
    assert_eq!((report.inserted, report.already_there), (0, 1));
}

/// A trigger on another table, or on the metadata, may write a row that is later than the one
/// that sorts last.
#[test]
fn a_row_that_a_trigger_of_another_table_writes_is_the_latest() {
    for (on, rows) in [("b", 1), ("streams", 0)] {
        let (_folder, path, store, a) = store_with(&["'2024-01-05 00:00:00'"]);
        let b = uuid("b");
        store.insert_many(&b, &[]).unwrap();
        sql(
            &path,
            &format!(
                "CREATE TRIGGER t AFTER INSERT ON {on} BEGIN \
                 INSERT INTO s VALUES ('2024-01-04T23:30:00-05:00', 7, 'h', 'p'); END"
            ),
        );
        assert_eq!(store.latest(&a).unwrap().unwrap().value, 0.0);
        match rows {
            1 => drop(store.insert(&b, &row(1, 1.0)).unwrap()),
            _ => drop(
                store
                    .upsert_stream(&b, &satori_store::StreamPatch::new())
                    .unwrap(),
            ),
        }
        assert_eq!(store.latest(&a).unwrap().unwrap().value, 7.0, "{on}");
        assert_eq!(
            store.latest_of(&[&a]).unwrap()[0].as_ref().unwrap().value,
            7.0
        );
    }
}

/// The same within one transaction: the chain goes on from the trigger's row.
#[test]
fn rows_of_one_call_are_chained_past_what_a_trigger_writes() {
    let (_folder, path, store, a) = store_with(&["'2024-01-05 00:00:00'"]);
    let b = uuid("b");
    store.insert_many(&b, &[]).unwrap();
    sql(
        &path,
        "CREATE TRIGGER t AFTER INSERT ON b BEGIN \
         INSERT INTO s VALUES ('2024-01-04T23:30:00-05:00', 7, 'trigger', 'p'); END",
    );
    let next = NewObservation::new(at("2024-01-06"), 8.0);
    store.latest(&a).unwrap();
    store
        .insert_across(&[(&b, row(1, 1.0)), (&a, next)])
        .unwrap();
    let alone = memory();
    let last = NewObservation::spelled("2024-01-04T23:30:00-05:00", 7.0).unwrap();
    alone
        .insert_many(&a, &[last.hash("trigger"), next])
        .unwrap();
    let hash = |store: &Store| store.latest(&a).unwrap().unwrap().hash;
    assert_eq!(hash(&store), hash(&alone));
}

#[test]
fn the_name_of_a_stream_without_rows_is_taken_too() {
    let store = memory();
    let (one, other) = (uuid("a"), uuid("A"));
    store.insert_many(&one, &[]).unwrap();
    assert_eq!(store.latest_of(&[&one]).unwrap(), [None]);
    let error = store.latest_of(&[&one, &other]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotAStream);
    assert!(error.to_string().contains("another case"), "{error}");
}
