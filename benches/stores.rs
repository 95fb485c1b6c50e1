//! Stores that several workloads begin with, for either side.

use std::path::{Path, PathBuf};

use satori_store::{OpenOptions, Store, StreamUuid};

use crate::feed::{Row, StreamObject};
use crate::folder::Folder;
use crate::raw;

/// When the metadata was synced.
pub(crate) const NOW: &str = "2024-01-03T12:00:00.000000";

/// Makes a store in which one stream has a table without rows.
pub(crate) fn with_table(folder: &Folder, uuid: &StreamUuid) -> (Store, PathBuf) {
    let path = folder.file("engine.db");
    let store = Store::open(&path).expect("a store opens");
    raw::Connection::open(&path).create_table(uuid);
    (store, path)
}

/// Makes a store that keeps digests, in which one stream has a table without rows.
pub(crate) fn with_digest(folder: &Folder, uuid: &StreamUuid) -> Store {
    let (store, path) = with_table(folder, uuid);
    drop(store);
    let options = OpenOptions::new().digest(true);
    options.open(&path).expect("a store opens")
}

/// Makes a store in which one stream has these rows. A side opens it anew at each
/// turn: connections of one process share the memory for pages in the bundled build,
/// and would take it from each other.
pub(crate) fn with_rows(folder: &Folder, uuid: &StreamUuid, rows: &[Row]) -> PathBuf {
    let (store, path) = with_table(folder, uuid);
    let observations: Vec<_> = rows.iter().map(Row::as_new).collect();
    store.insert_many(uuid, &observations).expect("stored");
    path
}

/// Makes a store that has the metadata of these streams. `also` writes, in the same
/// transaction, what else a stream needs before it has metadata.
pub(crate) fn with_streams(
    path: &Path,
    streams: &[StreamObject],
    also: impl Fn(&raw::Connection, &StreamObject),
) -> (Store, raw::Connection) {
    let store = Store::open(path).expect("a store opens");
    let connection = raw::Connection::open(path);
    let table = raw::Streams::new(&connection);
    raw::Transaction::new(&connection).run(|| {
        for stream in streams {
            also(&connection, stream);
            table.upsert(stream, NOW);
        }
    });
    (store, connection)
}
