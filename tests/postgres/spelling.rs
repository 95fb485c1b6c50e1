//! How new rows are spelled if a store is to go on as a stream does.

use satori_store::{NewObservation, OpenOptions, Store};

use crate::server::*;
use crate::support::*;

fn stored(store: &Store) -> Vec<String> {
    let rows = all(store, &uuid("s")).unwrap();
    rows.iter().map(|row| row.stored_ts.to_string()).collect()
}

/// In a file the last is the last in the order of its key, where text comes after all numbers.
#[test]
fn a_stream_goes_on_as_its_latest_row_is_spelled() {
    let Some(server) = wanted() else { return };
    let keeping = OpenOptions::new().keep_spelling(true);
    let url = database(&server);
    let served = keeping.connect(&url).unwrap();
    let other = Store::connect(&url).unwrap();
    let filed = keeping.open_in_memory().unwrap();
    let s = uuid("s");
    let noon = "2024-01-03T12:00:00Z";
    for store in [&served, &filed] {
        let row = NewObservation::spelled(noon, 1.0).unwrap();
        store.insert(&s, &row).unwrap();
        for rows in [
            vec![numbered(1_704_283_201)],
            vec![numbered(1_704_283_202), numbered(1_704_283_203)],
            // Earlier than the latest.
            vec![numbered(1_704_283_199)],
        ] {
            store.insert_many(&s, &rows).unwrap();
        }
        let text = |second| format!("2024-01-03T12:00:0{second}Z");
        let wanted = ["2024-01-03T11:59:59Z".to_owned()].into_iter();
        assert_eq!(
            stored(store),
            wanted.chain((0..4).map(text)).collect::<Vec<_>>()
        );
        assert_eq!(store.verify(&s).unwrap().suspect, []);
    }
    // A number behind them, by a store that doesn't keep to it.
    other.insert(&s, &row(1_704_283_204, 1.0)).unwrap();
    served.insert(&s, &row(1_704_283_205, 1.0)).unwrap();
    assert_eq!(stored(&served)[5..], ["1704283204", "1704283205"]);
    let text = NewObservation::spelled("2024-01-03 12:00:06", 1.0).unwrap();
    served.insert(&s, &text).unwrap();
    served.insert(&s, &row(1_704_283_207, 1.0)).unwrap();
    assert_eq!(stored(&served)[8], "2024-01-03 12:00:07");
}
