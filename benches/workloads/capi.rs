//! The store through its C API, beside the same calls in Rust and beside SQLite.

use std::hint::black_box;

use arrow_array::RecordBatchIterator;
use satori_store::{NewObservation, Store, StreamUuid};

use crate::builders::Builders;
use crate::feed::{self, Row};
use crate::folder::Folder;
use crate::runner::{self, Baseline, Runner, median, time};
use crate::{host, raw, sides, stores};

/// Rows of a cursor's batch.
const CAPACITY: usize = 16_384;
/// Rows of a record batch that is inserted.
const BATCH: usize = 65_536;

pub(crate) fn bench(runner: &Runner) {
    let uuid = StreamUuid::from_parts("central", "satori", "bitcoin", "");
    calls(runner);
    stream_by_uuid(runner);
    insert(runner, &uuid);
    read(runner, &uuid);
    import_arrow(runner, &uuid);
}

/// Measures what a call costs that does nothing.
fn calls(runner: &Runner) {
    let name = "C: satori_get_library_info";
    if !runner.wants(name) {
        return;
    }
    const CALLS: u32 = 1_000_000;
    let each = (0..runner.rounds()).map(|_| {
        let all = time(|| {
            for _ in 0..CALLS {
                black_box(host::library_info());
            }
        });
        all.as_secs_f64() * 1e9 / f64::from(CALLS)
    });
    runner::row(name, &format!("{:.0} ns", median(each)), "", "", "–", None);
}

fn stream_by_uuid(runner: &Runner) {
    const STREAMS: usize = 5_000;
    let name = "C: stream by uuid, of 5000";
    if !runner.wants(name) {
        return;
    }
    let streams = feed::streams(STREAMS);
    let folder = Folder::new();
    let path = folder.file("engine.db");
    // While a connection is open, no side that closes writes the log back.
    let (store, _connection) = stores::with_streams(&path, &streams, |_, _| ());
    drop(store);
    let count = runner.size(20_000, 5_000);
    let wanted = feed::pick(&streams, count);
    let through_c = || {
        let store = host::Store::open(&path);
        time(|| {
            for stream in &wanted {
                let found = black_box(store.stream(&stream.uuid));
                assert_eq!(found.server_stream_id, stream.number);
            }
        })
    };
    let native = || sides::streams_by_uuid(&path, &wanted);
    let raw = || sides::raw_streams_by_uuid(&path, &wanted);
    let baselines = [
        Baseline::new(0.9, native).label("Store::stream in Rust"),
        Baseline::new(None, raw).label("SQLite"),
    ];
    runner.compare(name, count, through_c, baselines);
}

fn insert(runner: &Runner, uuid: &StreamUuid) {
    let name = "C: insert, each in its own transaction";
    if !runner.wants(name) {
        return;
    }
    let rows = feed::rows(runner.size(20_000, 5_000));
    let through_c = || {
        let folder = Folder::new();
        let (_, path) = stores::with_table(&folder, uuid);
        let store = host::Store::open(&path);
        time(|| {
            for row in &rows {
                store.insert(uuid, row.ts().as_micros(), row.value, &row.hash);
            }
        })
    };
    let native = || {
        let folder = Folder::new();
        let (store, _) = stores::with_table(&folder, uuid);
        time(|| {
            for row in &rows {
                let row = NewObservation::new(row.ts(), row.value).hash(&row.hash);
                store.insert(uuid, &row).expect("stored");
            }
        })
    };
    let baselines = [Baseline::new(None, native).label("Store::insert in Rust")];
    runner.compare(name, rows.len(), through_c, baselines);
}

fn read(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::rows(runner.size(200_000, 50_000));
    let cursor = format!("C: cursor, {CAPACITY} rows a batch, of {} rows", rows.len());
    let export = format!("C: Arrow export of {} rows", rows.len());
    if !runner.wants(&cursor) && !runner.wants(&export) {
        return;
    }
    let folder = Folder::new();
    let path = stores::with_rows(&folder, uuid, &rows);
    if runner.wants(&cursor) {
        let through_c = || {
            let store = host::Store::open(&path);
            store.latest(uuid);
            let mut arrays = host::Arrays::new(CAPACITY);
            time(|| {
                let cursor = store.observations(uuid);
                let mut read = 0;
                loop {
                    match arrays.fill(&cursor) {
                        0 => break,
                        rows => read += rows,
                    }
                }
                black_box(&arrays);
                assert_eq!(read, rows.len());
            })
        };
        let columns = || sides::columns(&path, uuid, rows.len());
        let raw = || sides::raw_columns(&path, uuid, rows.len());
        let baselines = [
            Baseline::new(0.9, columns).label("Store::columns in Rust"),
            Baseline::new(None, raw).label("SQLite into vectors"),
        ];
        runner.compare(&cursor, rows.len(), through_c, baselines);
    }
    if runner.wants(&export) {
        let through_c = || {
            let store = host::Store::open(&path);
            store.latest(uuid);
            time(|| assert_eq!(store.export_arrow(uuid), rows.len()))
        };
        let native = || {
            let store = Store::open(&path).expect("a store opens");
            store.latest(uuid).expect("read");
            time(|| {
                let batches = store.record_batches(uuid, ..).expect("read");
                let read = batches.map(|batch| black_box(batch.expect("readable")).num_rows());
                assert_eq!(read.sum::<usize>(), rows.len());
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            raw::Lookup::new(&connection, uuid).latest();
            time(|| {
                let mut builders = Builders::with_capacity(rows.len());
                raw::fill(&connection, uuid, &mut builders);
                assert_eq!(black_box(builders.finish()).num_rows(), rows.len());
            })
        };
        let baselines = [
            Baseline::new(0.9, raw).label("SQLite into the same builders, their size known"),
            Baseline::new(None, native).label("Store::record_batches in Rust"),
        ];
        runner.compare(&export, rows.len(), through_c, baselines);
    }
}

fn import_arrow(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::rows(runner.size(200_000, 50_000));
    let name = format!("C: Arrow insert of {} rows, one transaction", rows.len());
    if !runner.wants(&name) {
        return;
    }
    let batches: Vec<_> = rows
        .chunks(BATCH)
        .map(|rows| {
            let mut builders = Builders::with_capacity(rows.len());
            for row in rows {
                builders.ts.append_value(row.ts().as_micros());
                builders.values.append_value(row.value);
                builders.hashes.append_value(&row.hash);
                builders.providers.append_value(row.provider);
            }
            builders.finish()
        })
        .collect();
    let through_c = || {
        let folder = Folder::new();
        let (_, path) = stores::with_table(&folder, uuid);
        let store = host::Store::open(&path);
        let stream = batches.clone().into_iter().map(Ok);
        let stream = RecordBatchIterator::new(stream, batches[0].schema());
        time(|| store.import_arrow(uuid, Box::new(stream)))
    };
    let by_row = || sides::raw_insert_many(uuid, &rows);
    let observations: Vec<_> = rows.iter().map(Row::as_new).collect();
    let native = || sides::insert_many(uuid, &observations);
    let baselines = [
        Baseline::new(1.5, by_row).label("SQLite, row at a time"),
        Baseline::new(None, native).label("Store::insert_many in Rust"),
    ];
    runner.compare(&name, rows.len(), through_c, baselines);
}
