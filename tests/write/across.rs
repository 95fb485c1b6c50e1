//! Inserting rows of many streams in one call.

use crate::support::*;
use satori_store::{Error, InsertReport, Store};

#[test]
fn each_row_goes_into_its_stream() {
    let store = memory();
    let (a, b) = (uuid("a"), uuid("b"));
    store.insert(&a, &row(1, 1.0)).unwrap();
    let report = store
        .insert_across(&[
            (&b, numbered(1)),
            (&a, row(1, 1.0)),
            (&b, numbered(2)),
            (&a, row(1, 2.0)),
            (&a, row(2, 2.0)),
            (&b, row(2, 7.0)),
            (&b, numbered(3)),
        ])
        .unwrap();
    assert_eq!((report.inserted, report.already_there), (4, 1));
    let conflicts: Vec<_> = report
        .conflicts
        .iter()
        .map(|(index, conflict)| (*index, conflict.stored, conflict.offered))
        .collect();
    assert_eq!(conflicts, [(3, Some(1.0), 2.0), (5, Some(2.0), 7.0)]);
    assert_eq!(seconds(&store, &a), [1, 2]);
    assert_eq!(seconds(&store, &b), [1, 2, 3]);
    assert_eq!(store.verify(&b).unwrap().verified, 3);
    assert_eq!(store.insert_across(&[]).unwrap(), InsertReport::default());
}

/// The control inserts stream by stream, and leaves the first half done.
#[test]
fn a_stream_that_takes_no_rows_takes_down_the_whole_call() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    sql(&path, "CREATE VIEW v AS SELECT 1");
    let (a, v) = (uuid("a"), uuid("v"));
    let refused = store.insert_across(&[(&a, numbered(1)), (&v, numbered(1))]);
    assert!(
        matches!(&refused, Err(Error::NotAStream { name, .. }) if name == "v"),
        "{refused:?}"
    );
    assert!(!store.contains(&a).unwrap());
    let refused = store.insert_across(&[(&a, numbered(1)), (&uuid("b"), row(1, f64::NAN))]);
    assert!(
        matches!(refused, Err(Error::InvalidValue { .. })),
        "{refused:?}"
    );
    assert_eq!(store.streams_with_data().unwrap(), []);

    for uuid in [&a, &v] {
        let _ = store.insert(uuid, &numbered(1));
    }
    assert_eq!(store.streams_with_data().unwrap(), [a]);
}

/// It is a conflict, by its index among all rows, and the others are stored.
#[test]
fn a_row_whose_instant_has_one_that_cannot_be_read_is_a_conflict() {
    let (_folder, path, store, s) = store_with(&["1"]);
    sql(&path, "UPDATE s SET value = 'inf'");
    let report = store
        .insert_across(&[
            (&uuid("t"), numbered(1)),
            (&s, row(1, 3.0)),
            (&s, row(2, 4.0)),
        ])
        .unwrap();
    assert_eq!(report.inserted, 2);
    let (index, conflict) = report.conflicts[0];
    assert_eq!((index, conflict.stored, conflict.offered), (1, None, 3.0));
}
