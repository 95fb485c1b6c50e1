//! Sides that the workloads in Rust and those through C have in common. Each
//! prepares, works, and returns how long the work took.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use satori_store::{NewObservation, Store, StreamUuid};

use crate::feed::{Row, StreamObject};
use crate::folder::Folder;
use crate::runner::time;
use crate::{raw, stores};

/// Inserts all rows into a new store by one call in Rust.
pub(crate) fn insert_many(uuid: &StreamUuid, observations: &[NewObservation<'_>]) -> Duration {
    let folder = Folder::new();
    let (store, _) = stores::with_table(&folder, uuid);
    time(|| {
        let report = store.insert_many(uuid, observations).expect("stored");
        assert_eq!(report.inserted as usize, observations.len());
    })
}

/// Inserts all rows into a new store in one transaction, row at a time.
pub(crate) fn raw_insert_many(uuid: &StreamUuid, rows: &[Row]) -> Duration {
    let folder = Folder::new();
    let (_, path) = stores::with_table(&folder, uuid);
    let connection = raw::Connection::open(&path);
    let transaction = raw::Transaction::new(&connection);
    time(|| {
        transaction.run(|| {
            let insert = raw::Insert::new(&connection, uuid);
            rows.iter().for_each(|row| insert.row(row));
        })
    })
}

/// Reads a stream as columns in Rust.
pub(crate) fn columns(path: &Path, uuid: &StreamUuid, count: usize) -> Duration {
    let store = Store::open(path).expect("a store opens");
    store.latest(uuid).expect("read");
    time(|| {
        let columns = store.columns(uuid, ..).expect("read");
        assert_eq!(black_box(columns).len(), count);
    })
}

/// Reads a stream into vectors.
pub(crate) fn raw_columns(path: &Path, uuid: &StreamUuid, count: usize) -> Duration {
    let connection = raw::Connection::open(path);
    raw::Lookup::new(&connection, uuid).latest();
    time(|| {
        let columns = black_box(raw::columns(&connection, uuid));
        assert_eq!(columns.ts.len(), count);
        assert_eq!(columns.value.len(), count);
        assert_eq!(columns.hash.bytes.len(), 16 * count);
        assert_eq!(columns.provider.offsets.len(), count + 1);
    })
}

/// Looks up streams by uuid in Rust.
pub(crate) fn streams_by_uuid(path: &Path, wanted: &[&StreamObject]) -> Duration {
    let store = Store::open(path).expect("a store opens");
    time(|| {
        for stream in wanted {
            let found = store.stream(&stream.uuid).expect("read");
            let found = black_box(found).expect("it exists");
            assert_eq!(found.server_stream_id, Some(stream.number));
        }
    })
}

/// Looks up streams by uuid, with a statement that is kept.
pub(crate) fn raw_streams_by_uuid(path: &Path, wanted: &[&StreamObject]) -> Duration {
    raw_streams(path, wanted, |table, stream| {
        table.by_uuid(stream.uuid.as_str())
    })
}

/// Looks up streams by name, with a statement that is kept.
pub(crate) fn raw_streams_by_name(path: &Path, wanted: &[&StreamObject]) -> Duration {
    raw_streams(path, wanted, |table, stream| table.by_name(&stream.name))
}

fn raw_streams(
    path: &Path,
    wanted: &[&StreamObject],
    find: impl Fn(&raw::Streams, &StreamObject) -> Option<raw::Stream>,
) -> Duration {
    let connection = raw::Connection::open(path);
    let table = raw::Streams::new(&connection);
    time(|| {
        for stream in wanted {
            let found = black_box(find(&table, stream)).expect("it exists");
            assert_eq!(found.server_stream_id, Some(stream.number));
            black_box((found.id, found.texts));
        }
    })
}
