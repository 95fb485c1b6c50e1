//! The store through its C API, beside the same calls in Rust and beside SQLite.

use std::hint::black_box;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator};
use satori_store::{NewObservation, Store, StreamUuid};

use crate::feed::{self, Row, mix};
use crate::observations::{filled, new_store};
use crate::runner::{self, Raw, Runner, median, time};
use crate::{Folder, host, raw};

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

/// What a call costs that does nothing.
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
    drop(Store::open(&path).expect("a store opens"));
    let connection = raw::Connection::open(&path);
    let metadata = raw::Metadata::new(&connection);
    raw::Transaction::new(&connection).run(|| {
        for stream in &streams {
            metadata.upsert(stream, "2024-01-03T12:00:00.000000");
        }
    });
    let count = runner.size(20_000, 5_000);
    let wanted: Vec<_> = (0..count)
        .map(|number| &streams[(mix(number as u64) % STREAMS as u64) as usize])
        .collect();
    let through_c = || {
        let store = host::Store::open(&path);
        time(|| {
            for stream in &wanted {
                let found = black_box(store.stream(&stream.uuid));
                assert_eq!(found.server_stream_id, stream.number);
            }
        })
    };
    let native = || {
        let store = Store::open(&path).expect("a store opens");
        time(|| {
            for stream in &wanted {
                let found = black_box(store.stream(&stream.uuid).expect("read"));
                let found = found.expect("it is there");
                assert_eq!(found.server_stream_id, Some(stream.number));
            }
        })
    };
    let raw = || {
        let connection = raw::Connection::open(&path);
        let metadata = raw::Metadata::new(&connection);
        time(|| {
            for stream in &wanted {
                let found = black_box(metadata.by_uuid(stream.uuid.as_str()));
                let found = found.expect("it is there");
                assert_eq!(found.server_stream_id, Some(stream.number));
            }
        })
    };
    let raws = [
        Raw::new(0.9, native).label("Store::stream in Rust"),
        Raw::new(None, raw).label("SQLite"),
    ];
    runner.compare(name, count, through_c, raws);
}

fn insert(runner: &Runner, uuid: &StreamUuid) {
    let name = "C: insert, each in its own transaction";
    if !runner.wants(name) {
        return;
    }
    let rows = feed::rows(runner.size(20_000, 5_000));
    let through_c = || {
        let folder = Folder::new();
        let (_, path) = new_store(&folder, uuid);
        let store = host::Store::open(&path);
        time(|| {
            for row in &rows {
                store.insert(uuid, row.ts().as_micros(), row.value, &row.hash);
            }
        })
    };
    let native = || {
        let folder = Folder::new();
        let (store, _) = new_store(&folder, uuid);
        time(|| {
            for row in &rows {
                let row = NewObservation::new(row.ts(), row.value).hash(&row.hash);
                store.insert(uuid, &row).expect("stored");
            }
        })
    };
    let raws = [Raw::new(None, native).label("Store::insert in Rust")];
    runner.compare(name, rows.len(), through_c, raws);
}

fn read(runner: &Runner, uuid: &StreamUuid) {
    let rows = feed::rows(runner.size(200_000, 50_000));
    let cursor = format!("C: cursor, {CAPACITY} rows a batch, of {} rows", rows.len());
    let export = format!("C: Arrow export of {} rows", rows.len());
    if !runner.wants(&cursor) && !runner.wants(&export) {
        return;
    }
    let folder = Folder::new();
    let path = filled(&folder, uuid, &rows);
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
        let columns = || {
            let store = Store::open(&path).expect("a store opens");
            store.latest(uuid).expect("read");
            time(|| {
                let columns = black_box(store.columns(uuid, ..).expect("read"));
                assert_eq!(columns.len(), rows.len());
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            raw::Lookup::new(&connection, uuid).latest();
            time(|| {
                let columns = black_box(raw::columns(&connection, uuid));
                assert_eq!(columns.ts.len(), rows.len());
            })
        };
        let raws = [
            Raw::new(0.9, columns).label("Store::columns in Rust"),
            Raw::new(None, raw).label("SQLite into vectors"),
        ];
        runner.compare(&cursor, rows.len(), through_c, raws);
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
                raw::arrow(&connection, uuid, &mut builders);
                assert_eq!(black_box(builders.finish()).num_rows(), rows.len());
            })
        };
        let raws = [
            Raw::new(0.9, raw).label("SQLite into the same builders, their size known"),
            Raw::new(None, native).label("Store::record_batches in Rust"),
        ];
        runner.compare(&export, rows.len(), through_c, raws);
    }
}

/// A table as Arrow's builders take it.
pub(crate) struct Builders {
    pub(crate) ts: TimestampMicrosecondBuilder,
    pub(crate) values: Float64Builder,
    pub(crate) hashes: StringBuilder,
    pub(crate) providers: StringBuilder,
}

impl Builders {
    fn with_capacity(rows: usize) -> Self {
        Self {
            ts: TimestampMicrosecondBuilder::with_capacity(rows),
            values: Float64Builder::with_capacity(rows),
            hashes: StringBuilder::with_capacity(rows, rows * 16),
            providers: StringBuilder::with_capacity(rows, rows * 8),
        }
    }

    fn finish(mut self) -> RecordBatch {
        let columns: [(&str, ArrayRef); 4] = [
            ("ts", Arc::new(self.ts.finish().with_timezone("UTC"))),
            ("value", Arc::new(self.values.finish())),
            ("hash", Arc::new(self.hashes.finish())),
            ("provider", Arc::new(self.providers.finish())),
        ];
        RecordBatch::try_from_iter(columns).expect("columns of one length")
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
        let (_, path) = new_store(&folder, uuid);
        let store = host::Store::open(&path);
        let stream = batches.clone().into_iter().map(Ok);
        let stream = RecordBatchIterator::new(stream, batches[0].schema());
        time(|| store.import_arrow(uuid, Box::new(stream)))
    };
    let by_row = || {
        let folder = Folder::new();
        let (_, path) = new_store(&folder, uuid);
        let connection = raw::Connection::open(&path);
        let transaction = raw::Transaction::new(&connection);
        time(|| {
            transaction.run(|| {
                let insert = raw::Insert::new(&connection, uuid);
                rows.iter().for_each(|row| insert.row(row));
            })
        })
    };
    let observations: Vec<_> = rows.iter().map(Row::as_new).collect();
    let native = || {
        let folder = Folder::new();
        let (store, _) = new_store(&folder, uuid);
        time(|| {
            let report = store.insert_many(uuid, &observations).expect("stored");
            assert_eq!(report.inserted as usize, rows.len());
        })
    };
    let raws = [
        Raw::new(1.5, by_row).label("SQLite, row at a time"),
        Raw::new(None, native).label("Store::insert_many in Rust"),
    ];
    runner.compare(&name, rows.len(), through_c, raws);
}
