//! Deleting what a stream holds beyond what is to be kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::*;
use satori_store::{
    Digest, ErrorCode, NewObservation, OpenOptions, Retain, Store, StreamUuid, Timestamp,
};

/// Rows that take several transactions to delete.
const ROWS: i64 = 20_000;

/// Returns the seconds of the rows that the stream has.
fn seconds(store: &Store, s: &StreamUuid) -> Vec<i64> {
    let columns = store.columns(s, ..).unwrap();
    columns.ts.iter().map(|ts| ts / 1_000_000).collect()
}

/// Retains, after a dry run that must report the same and change nothing.
fn retain(store: &Store, s: &StreamUuid, keep: Retain) -> u64 {
    let before = seconds(store, s);
    let would = store.retain_dry_run(s, keep).unwrap();
    assert_eq!(seconds(store, s), before, "the dry run changed something");
    let deleted = store.retain(s, keep).unwrap();
    assert_eq!(deleted, would, "{keep:?}");
    assert_eq!(
        before.len() as u64 - deleted,
        seconds(store, s).len() as u64
    );
    deleted
}

#[test]
fn what_is_kept_is_the_end_of_the_stream_however_it_is_spelled() {
    let spellings: [fn(i64) -> String; 4] = [
        |n| n.to_string(),
        |n| (n * 1_000).to_string(),
        |n| format!("'{}'", Timestamp::from_integer(n)),
        |n| match n % 3 {
            0 => n.to_string(),
            1 => (n * 1_000_000).to_string(),
            _ => format!("'{}'", Timestamp::from_integer(n)),
        },
    ];
    let all: Vec<i64> = (0..5_000).map(|n| 1_704_067_200 + 60 * n).collect();
    for spelled in spellings {
        let literals: Vec<_> = all.iter().map(|&n| spelled(n)).collect();
        let literals: Vec<_> = literals.iter().map(String::as_str).collect();
        let (_folder, _path, store, s) = store_with(&literals);
        assert_eq!(retain(&store, &s, Retain::Since(at(all[0]))), 0);
        assert_eq!(retain(&store, &s, Retain::Since(at(all[10]))), 10);
        assert_eq!(retain(&store, &s, Retain::Since(at(all[1_500] - 1))), 1_490);
        assert_eq!(seconds(&store, &s), all[1_500..]);
        assert_eq!(retain(&store, &s, Retain::Last(3_500)), 0);
        assert_eq!(retain(&store, &s, Retain::Last(u64::MAX)), 0);
        assert_eq!(retain(&store, &s, Retain::Last(3_499)), 1);
        assert_eq!(retain(&store, &s, Retain::Last(7)), 3_492);
        assert_eq!(seconds(&store, &s), all[4_993..]);
        assert_eq!(retain(&store, &s, Retain::Last(0)), 7);
        assert_eq!(retain(&store, &s, Retain::Last(1)), 0);
        // The place stays.
        assert_eq!(store.count(&s, ..).unwrap(), 0);
    }
}

#[test]
fn the_ends_of_time_are_instants_too() {
    let store = memory();
    let s = uuid("s");
    let all = [at(-99_999_999_999), at(0), at(99_999_999_999)];
    for ts in all {
        let row = NewObservation::new(ts, 1.0);
        store.insert(&s, &row).unwrap();
    }
    assert_eq!(retain(&store, &s, Retain::Since(Timestamp::MIN)), 0);
    assert_eq!(retain(&store, &s, Retain::Last(2)), 1);
    assert_eq!(retain(&store, &s, Retain::Since(Timestamp::MAX)), 2);
}

#[test]
fn of_rows_that_share_an_instant_all_are_kept() {
    // Two spellings of one instant.
    let literals = ["0", "60", "60000000", "'1970-01-01 00:02:00'", "180"];
    let (_folder, _path, store, s) = store_with(&literals);
    let before = seconds(&store, &s);
    let kept = before[before.len() - 3];
    let deleted = retain(&store, &s, Retain::Last(3));
    assert_eq!(seconds(&store, &s), before[deleted as usize..]);
    assert_eq!(seconds(&store, &s)[0], kept);
}

#[test]
fn a_row_that_cannot_be_read_stops_it_and_one_without_an_instant_stays() {
    let (_folder, path, store, s) = store_with(&["0", "60", "120", "180", "'None'"]);
    sql(&path, "UPDATE s SET value = 'late' WHERE ts = 120");
    let refused = store.retain(&s, Retain::Since(at(180))).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnreadableRow, "{refused}");
    let left = query(&path, "SELECT count(*) FROM s WHERE ts >= 120")[0][0].clone();
    assert_eq!(left, 3);
    store.quarantine(&s).unwrap();
    store.retain(&s, Retain::Since(at(180))).unwrap();
    assert_eq!(seconds(&store, &s), [180]);
    // What the quarantine has moved is not older than anything.
    assert_eq!(store.quarantined(&s).unwrap().len(), 2);
}

#[test]
fn the_digest_and_the_chain_go_on() {
    about_files();
    let (_folder, path) = place();
    let store = OpenOptions::new().digest(true).open(&path).unwrap();
    let s = uuid("s");
    let rows: Vec<_> = (0..3_000).map(numbered).collect();
    store.insert_many(&s, &rows).unwrap();
    assert_eq!(retain(&store, &s, Retain::Last(1_200)), 1_800);
    let verified = store.verify(&s).unwrap();
    assert_eq!(verified.digest, Digest::Matches);
    assert_eq!((verified.rows, verified.verified), (1_200, 1_199));
    assert_eq!(verified.foreign, [at(1_800)]);
    // The next row is chained to the last, which is still there.
    store.insert(&s, &numbered(3_000)).unwrap();
    assert_eq!(store.verify(&s).unwrap().verified, 1_200);
}

#[test]
fn others_write_in_between() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let (s, other) = (uuid("s"), uuid("other"));
    let rows: Vec<_> = (0..ROWS).map(|second| row(second, 1.0)).collect();
    store.insert_many(&s, &rows).unwrap();
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let writer = options.open(&path).unwrap();
    let is_done = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut written = 0;
            while !is_done.load(Ordering::Relaxed) || written == 0 {
                writer.insert(&other, &row(written, 1.0)).unwrap();
                written += 1;
            }
            written
        });
        assert_eq!(store.retain(&s, Retain::Last(5)).unwrap(), ROWS as u64 - 5);
        is_done.store(true, Ordering::Relaxed);
        writing.join().unwrap()
    });
    assert_eq!(store.count(&other, ..).unwrap(), written as u64);
    assert_eq!(store.count(&s, ..).unwrap(), 5);
}

#[test]
fn an_interrupted_one_has_deleted_the_earliest_and_can_be_repeated() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    let rows: Vec<_> = (0..ROWS).map(|second| row(second, 1.0)).collect();
    store.insert_many(&s, &rows).unwrap();
    // Another connection sees when the first transaction is through.
    let watching = Store::open(&path).unwrap();
    let done = std::thread::scope(|scope| {
        let retaining = scope.spawn(|| store.retain(&s, Retain::Last(5)));
        while watching.count(&s, ..).unwrap() == ROWS as u64 {}
        store.interrupt();
        retaining.join().unwrap()
    });
    let left = seconds(&store, &s);
    if let Err(error) = done {
        assert_eq!(error.code(), ErrorCode::Interrupted);
        assert_eq!(left, (ROWS - left.len() as i64..ROWS).collect::<Vec<_>>());
    }
    retain(&store, &s, Retain::Last(5));
    assert_eq!(seconds(&store, &s), (ROWS - 5..ROWS).collect::<Vec<_>>());
}

#[test]
fn what_is_wrong_is_reported() {
    let (_folder, path, store, s) = store_with(&["0", "60"]);
    for keep in [Retain::Last(0), Retain::Last(1), Retain::Since(at(60))] {
        for retain in [Store::retain, Store::retain_dry_run] {
            let unknown = retain(&store, &uuid("unknown"), keep).unwrap_err();
            assert_eq!(unknown.code(), ErrorCode::StreamNotFound);
            let other = retain(&store, &uuid("S"), keep).unwrap_err();
            assert_eq!(other.code(), ErrorCode::NotAStream);
        }
        let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
        let refused = reader.retain(&s, keep).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ReadOnly);
        let counted = store.retain_dry_run(&s, keep).unwrap();
        assert_eq!(reader.retain_dry_run(&s, keep).unwrap(), counted);
    }
    // Metadata alone has nothing to delete.
    let patch = satori_store::StreamPatch::new();
    store.upsert_stream(&uuid("empty"), &patch).unwrap();
    for keep in [Retain::Last(0), Retain::Last(1), Retain::Since(at(60))] {
        assert_eq!(retain(&store, &uuid("empty"), keep), 0);
    }
    assert_eq!(store.count(&s, ..).unwrap(), 2);
}
