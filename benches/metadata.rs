//! Metadata: writing and finding a stream.

use std::hint::black_box;

use satori_store::{Store, StreamPatch};

use crate::Folder;
use crate::feed::{self, StreamObject, mix};
use crate::raw;
use crate::runner::{Raw, Runner, time};

const STREAMS: usize = 5_000;
const NOW: &str = "2024-01-03T12:00:00.000000";

pub(crate) fn bench(runner: &Runner) {
    const UPSERT: &str = "upsert_stream, each in its own transaction, 5000 streams";
    const BY_UUID: &str = "stream by uuid, of 5000";
    const BY_NAME: &str = "stream_by_name, of 5000";
    if ![UPSERT, BY_UUID, BY_NAME]
        .iter()
        .any(|name| runner.wants(name))
    {
        return;
    }
    let streams = feed::streams(STREAMS);
    let folder = Folder::new();
    let open = |name: &str| {
        let path = folder.file(name);
        let store = Store::open(&path).expect("a store opens");
        let connection = raw::Connection::open(&path);
        let metadata = raw::Metadata::new(&connection);
        raw::Transaction::new(&connection).run(|| {
            for stream in &streams {
                metadata.upsert(stream, NOW);
            }
        });
        (path, store, connection)
    };
    let (path, ..) = open("engine.db");
    if runner.wants(UPSERT) {
        let (_, store, _) = open("ours.db");
        let (_, _, connection) = open("raw.db");
        let other = raw::Metadata::new(&connection);
        let count = runner.size(STREAMS, 1_000);
        let ours = || {
            time(|| {
                for stream in &streams[..count] {
                    let stored = store.upsert_stream(&stream.uuid, &patch(stream));
                    black_box(stored.expect("stored"));
                }
            })
        };
        let returning = || {
            time(|| {
                for stream in &streams[..count] {
                    black_box(other.upsert_returning(stream, NOW));
                }
            })
        };
        let alone = || {
            time(|| {
                streams[..count]
                    .iter()
                    .for_each(|stream| other.upsert(stream, NOW))
            })
        };
        let raws = [
            Raw::new(None, returning).label("upsert RETURNING the row, as ours does"),
            Raw::new(None, alone).label("upsert alone"),
        ];
        runner.compare(UPSERT, count, ours, raws);
    }
    let count = runner.size(20_000, 5_000);
    let wanted: Vec<_> = (0..count)
        .map(|number| &streams[(mix(number as u64) % STREAMS as u64) as usize])
        .collect();
    let check = |found: Option<raw::Stream>, wanted: &StreamObject| {
        let found = black_box(found).expect("it is there");
        assert_eq!(found.server_stream_id, Some(wanted.number));
        black_box((found.id, found.texts));
    };
    if runner.wants(BY_UUID) {
        let ours = || {
            let store = Store::open(&path).expect("a store opens");
            time(|| {
                for stream in &wanted {
                    let found = store.stream(&stream.uuid).expect("read");
                    let found = black_box(found).expect("it is there");
                    assert_eq!(found.server_stream_id, Some(stream.number));
                }
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            let metadata = raw::Metadata::new(&connection);
            time(|| {
                for stream in &wanted {
                    check(metadata.by_uuid(stream.uuid.as_str()), stream);
                }
            })
        };
        runner.compare(BY_UUID, count, ours, [Raw::new(0.8, raw)]);
    }
    if runner.wants(BY_NAME) {
        let ours = || {
            let store = Store::open(&path).expect("a store opens");
            time(|| {
                for stream in &wanted {
                    let found = store.stream_by_name(&stream.name).expect("read");
                    let found = black_box(found).expect("it is there");
                    assert_eq!(found.server_stream_id, Some(stream.number));
                }
            })
        };
        let raw = || {
            let connection = raw::Connection::open(&path);
            let metadata = raw::Metadata::new(&connection);
            time(|| {
                for stream in &wanted {
                    check(metadata.by_name(&stream.name), stream);
                }
            })
        };
        runner.compare(BY_NAME, count, ours, [Raw::new(None, raw)]);
    }
}

fn patch(stream: &StreamObject) -> StreamPatch {
    StreamPatch::new()
        .server_stream_id(stream.number)
        .name(stream.name.clone())
        .author(stream.author.to_owned())
        .secondary(None)
        .target(None)
        .meta(None)
        .description(stream.description.clone())
}
