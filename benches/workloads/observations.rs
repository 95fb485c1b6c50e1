//! Observations: inserting and reading.

use std::hint::black_box;

use satori_store::{Step, Store, StreamUuid};

use crate::feed::{self, Row};
use crate::folder::Folder;
use crate::runner::{Baseline, Runner, time};
use crate::{raw, sides, stores};

pub(crate) fn bench(runner: &Runner) {
    let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    bulk_insert(runner, &uuid);
    single_insert(runner, &uuid);
    out_of_order(runner, &uuid);
    with_digest(runner, &uuid);
    full_read(runner, &uuid);
    resample(runner, &uuid);
    lookup(runner, &uuid);
}

fn bulk_insert(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::rows(runner.size(200_000, 50_000));
    let name = format!("insert_many, {} rows, one transaction", rows.len());
    if !runner.wants(&name) {
        return;
    }
    let observations: Vec<_> = rows.iter().map(Row::as_new).collect();
    let ours = || sides::insert_many(uuid, &observations);
    let by_row = || sides::raw_insert_many(uuid, &rows);
    let by_chunk = || {
        let folder = Folder::new();
        let (_, path) = stores::with_table(&folder, uuid);
        let connection = raw::Connection::open(&path);
        let transaction = raw::Transaction::new(&connection);
        time(|| {
            transaction.run(|| {
                let insert = raw::InsertChunk::new(&connection, uuid);
                let chunks = rows.chunks(raw::InsertChunk::ROWS);
                chunks.for_each(|chunk| insert.rows(chunk));
            })
        })
    };
    let baselines = [
        Baseline::new(1.5, by_row).label("row at a time"),
        Baseline::new(None, by_chunk).label("250 rows in one VALUES"),
    ];
    runner.compare(&name, rows.len(), ours, baselines);
}

fn single_insert(runner: &Runner, uuid: &StreamUuid) {
    let name = "insert, each in its own transaction";
    if runner.wants(name) {
        let rows = feed::rows(runner.size(20_000, 5_000));
        insert_each(runner, uuid, name, &rows, 0.9);
    }
}

/// Inserts rows that come late: each is older than all that exist.
fn out_of_order(runner: &Runner, uuid: &StreamUuid) {
    let name = "insert, each in its own transaction, backwards in time";
    if runner.wants(name) {
        let mut rows = feed::rows(runner.size(20_000, 5_000));
        rows.reverse();
        insert_each(runner, uuid, name, &rows, None);
    }
}

/// Inserts into a store that keeps digests, beside one that keeps none.
fn with_digest(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::rows(runner.size(200_000, 50_000));
    let name = format!(
        "insert_many with a digest, {} rows, one transaction",
        rows.len()
    );
    if runner.wants(&name) {
        let observations: Vec<_> = rows.iter().map(Row::as_new).collect();
        let ours = || {
            let folder = Folder::new();
            let store = stores::with_digest(&folder, uuid);
            time(|| {
                let report = store.insert_many(uuid, &observations).expect("stored");
                assert_eq!(report.inserted as usize, observations.len());
            })
        };
        let plain = || sides::insert_many(uuid, &observations);
        let baselines = [Baseline::new(None, plain).label("the store without a digest")];
        runner.compare(&name, rows.len(), ours, baselines);
    }
    let name = "insert with a digest, each in its own transaction";
    if runner.wants(name) {
        let rows = feed::rows(runner.size(20_000, 5_000));
        let insert = |store: Store| {
            time(|| {
                for row in &rows {
                    store.insert(uuid, &row.as_new()).expect("stored");
                }
            })
        };
        let ours = || insert(stores::with_digest(&Folder::new(), uuid));
        let plain = || insert(stores::with_table(&Folder::new(), uuid).0);
        let baselines = [Baseline::new(None, plain).label("the store without a digest")];
        runner.compare(name, rows.len(), ours, baselines);
    }
}

fn insert_each(
    runner: &Runner,
    uuid: &StreamUuid,
    name: &str,
    rows: &[Row],
    target: impl Into<Option<f64>>,
) {
    let ours = || {
        let folder = Folder::new();
        let (store, _) = stores::with_table(&folder, uuid);
        time(|| {
            for row in rows {
                store.insert(uuid, &row.as_new()).expect("stored");
            }
        })
    };
    let raw = || {
        let folder = Folder::new();
        let (_, path) = stores::with_table(&folder, uuid);
        let connection = raw::Connection::open(&path);
        let insert = raw::Insert::new(&connection, uuid);
        time(|| rows.iter().for_each(|row| insert.row(row)))
    };
    runner.compare(name, rows.len(), ours, [Baseline::new(target, raw)]);
}

fn full_read(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::rows(runner.size(200_000, 50_000));
    let columns = format!("columns, full read of {} rows", rows.len());
    let iterator = format!("observations, full read of {} rows", rows.len());
    if !runner.wants(&columns) && !runner.wants(&iterator) {
        return;
    }
    let folder = Folder::new();
    let path = stores::with_rows(&folder, uuid, &rows);
    if runner.wants(&columns) {
        let ours = || sides::columns(&path, uuid, rows.len());
        let raw = || sides::raw_columns(&path, uuid, rows.len());
        runner.compare(&columns, rows.len(), ours, [Baseline::new(0.9, raw)]);
    }
    if runner.wants(&iterator) {
        let ours = || {
            let store = Store::open(&path).expect("a store opens");
            store.latest(uuid).expect("read");
            time(|| {
                for observation in store.observations(uuid, ..).expect("read") {
                    black_box(observation.expect("readable"));
                }
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            raw::Lookup::new(&connection, uuid).latest();
            time(|| {
                raw::each(&connection, uuid, |observation| {
                    black_box(observation);
                })
            })
        };
        let baselines =
            [Baseline::new(None, raw).label("one statement, a row with its own texts each")];
        runner.compare(&iterator, rows.len(), ours, baselines);
    }
}

fn resample(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::minutes(runner.size(200_000, 50_000));
    let name = format!("resample {} rows to hours", rows.len());
    if !runner.wants(&name) {
        return;
    }
    let folder = Folder::new();
    let path = stores::with_rows(&folder, uuid, &rows);
    let hour: Step = "1h".parse().expect("a step");
    let count = rows.len().div_ceil(60);
    let ours = || {
        let store = Store::open(&path).expect("a store opens");
        store.latest(uuid).expect("read");
        time(|| {
            let hours = store.resample(uuid, .., &hour).expect("read");
            let hours: Vec<_> = hours.map(|hour| hour.expect("readable")).collect();
            assert_eq!(black_box(hours).len(), count);
        })
    };
    let raw = || {
        let connection = raw::Connection::open(&path);
        raw::Lookup::new(&connection, uuid).latest();
        time(|| assert_eq!(black_box(raw::hours(&connection, uuid)).len(), count))
    };
    runner.compare(&name, rows.len(), ours, [Baseline::new(1.5, raw)]);
}

fn lookup(runner: &Runner, uuid: &StreamUuid) {
    const POINT: &str = "observation, one of 100000 rows";
    const LATEST: &str = "latest, of 100000 rows";
    if !runner.wants(POINT) && !runner.wants(LATEST) {
        return;
    }
    let rows = feed::rows(100_000);
    let folder = Folder::new();
    let path = stores::with_rows(&folder, uuid, &rows);
    let count = runner.size(50_000, 10_000);
    if runner.wants(POINT) {
        let wanted = feed::pick(&rows, count);
        let ours = || {
            let store = Store::open(&path).expect("a store opens");
            store.latest(uuid).expect("read");
            time(|| {
                for row in &wanted {
                    let found = store.observation(uuid, row.ts()).expect("read");
                    assert_eq!(found.expect("it exists").value, row.value);
                }
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            let lookup = raw::Lookup::new(&connection, uuid);
            lookup.latest();
            time(|| {
                for row in &wanted {
                    let found = black_box(lookup.at(row.seconds)).expect("it exists");
                    assert_eq!(found.value, row.value);
                    black_box((found.micros, &found.hash, &found.provider));
                }
            })
        };
        runner.compare(POINT, count, ours, [Baseline::new(0.85, raw)]);
    }
    if runner.wants(LATEST) {
        let ours = || {
            let store = Store::open(&path).expect("a store opens");
            store.latest(uuid).expect("read");
            time(|| {
                for _ in 0..count {
                    black_box(store.latest(uuid).expect("read"));
                }
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            let lookup = raw::Lookup::new(&connection, uuid);
            lookup.latest();
            time(|| {
                for _ in 0..count {
                    black_box(lookup.latest());
                }
            })
        };
        runner.compare(LATEST, count, ours, [Baseline::new(0.85, raw)]);
    }
}
