//! The latest rows of tables that mix spellings of the timestamp.

use crate::support::*;
use satori_store::{Insertion, NewObservation, Store, Timestamp};

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
