//! A stream that is removed while others write to it, again and again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use satori_store::{Error, IngestOptions, Insertion, Remove, Result, Retain, Store, StreamPatch};

use crate::server::*;
use crate::support::*;

/// What a writer does in a turn. It returns how many rows that are more, or less.
type Write<'a> = &'a (dyn Fn(&Store, i64) -> Result<u64> + Sync);

/// Calls `what` with the numbers of turns until the time is over; returns what it has counted.
fn again_and_again(what: impl Fn(i64) -> Result<u64>) -> Result<u64> {
    let end = Instant::now() + Duration::from_millis(if soak() { 8_000 } else { 1_000 });
    let mut counted = 0;
    for turn in 0.. {
        if Instant::now() > end {
            break;
        }
        counted += what(turn)?;
    }
    Ok(counted)
}

/// Each call comes to an end, though all of them lock the row of the same stream, and each row
/// was removed or is there.
#[test]
fn those_who_write_and_those_who_remove_wait_in_one_direction() {
    let Some(server) = wanted() else { return };
    let _turn = turn();
    let place = Named::new(&server);
    let store = place.open();
    let s = uuid("s");
    let next = AtomicU64::new(0);
    let next = || next.fetch_add(1, Ordering::Relaxed) as i64;
    let is_new = |insertion| u64::from(insertion == Insertion::Inserted);
    let given = |store: &Store, _| Ok(is_new(store.insert(&s, &row(next(), 1.0))?));
    let chained = |store: &Store, _| Ok(is_new(store.insert(&s, &numbered(next()))?));
    let ingested = |store: &Store, _| {
        let ts = next();
        let payload = format!(
            r#"{{"value": 1, "ts": {ts}, "hash": "h", "stream": {{"uuid": "s", "name": "n"}}}}"#
        );
        let report = store.ingest(payload.as_bytes(), &IngestOptions::new())?;
        assert!(report.rejected.is_empty(), "{:?}", report.rejected);
        Ok(report.inserted)
    };
    let upserted = |store: &Store, _| {
        let patch = StreamPatch::new().name("m".to_owned());
        store.upsert_stream(&s, &patch).map(|_| 0)
    };
    let writers: [Write<'_>; 5] = [&given, &given, &chained, &ingested, &upserted];
    let removed = |store: &Store, turn: i64| {
        let what = [Remove::Both, Remove::Metadata, Remove::Data][turn as usize % 3];
        Ok(store.remove(&s, what)?.rows.unwrap_or(0))
    };
    // Rows that are deleted one by one, in whichever order the server finds them.
    let deleted = |store: &Store, turn: i64| {
        let deleted = match turn % 4 {
            0 => store.delete(&s, ..),
            1 => store.delete(&s, ..at(next() - 5)),
            2 => store.normalize(&s).map(|_| 0),
            _ => store.retain(&s, Retain::Last(3)),
        };
        match deleted {
            Err(Error::StreamNotFound { .. }) => Ok(0),
            deleted => deleted,
        }
    };
    let removers: [Write<'_>; 3] = [&removed, &deleted, &deleted];
    let (inserted, removed) = thread::scope(|scope| {
        let writers = writers.map(|write| {
            let store = place.open();
            scope.spawn(move || again_and_again(|turn| write(&store, turn)))
        });
        let removers = removers.map(|remove| {
            let store = place.open();
            scope.spawn(move || again_and_again(|turn| remove(&store, turn)))
        });
        let sum = |done: Vec<thread::ScopedJoinHandle<'_, Result<u64>>>| {
            let done = done.into_iter().map(|done| done.join().unwrap());
            done.sum::<Result<u64>>().unwrap()
        };
        (sum(writers.into()), sum(removers.into()))
    });
    let left = match store.count(&s, ..) {
        Err(Error::StreamNotFound { .. }) => Ok(0),
        left => left,
    };
    assert_eq!(inserted, removed + left.unwrap());
    let found = store.check_file(None).unwrap();
    assert!(found.is_empty(), "{found:?}");
    figure(
        "postgres",
        "rows of a stream that is removed meanwhile, each there or removed",
        inserted,
    );
}
