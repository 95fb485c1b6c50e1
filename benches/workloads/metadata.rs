//! Metadata: writing and finding a stream.

use std::hint::black_box;

use satori_store::{Store, StreamPatch};

use crate::feed::{self, StreamObject};
use crate::folder::Folder;
use crate::runner::{Baseline, Runner, time};
use crate::stores::NOW;
use crate::{raw, sides, stores};

const STREAMS: usize = 5_000;

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
        let (store, connection) = stores::with_streams(&path, &streams, |_, _| ());
        (path, store, connection)
    };
    let (path, ..) = open("engine.db");
    if runner.wants(UPSERT) {
        let (_, store, _) = open("ours.db");
        let (_, _, connection) = open("raw.db");
        let other = raw::Streams::new(&connection);
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
        let baselines = [
            Baseline::new(None, returning).label("upsert RETURNING the row, as ours does"),
            Baseline::new(None, alone).label("upsert alone"),
        ];
        runner.compare(UPSERT, count, ours, baselines);
    }
    let count = runner.size(20_000, 5_000);
    let wanted = feed::pick(&streams, count);
    if runner.wants(BY_UUID) {
        let ours = || sides::streams_by_uuid(&path, &wanted);
        let raw = || sides::raw_streams_by_uuid(&path, &wanted);
        runner.compare(BY_UUID, count, ours, [Baseline::new(0.8, raw)]);
    }
    if runner.wants(BY_NAME) {
        let ours = || {
            let store = Store::open(&path).expect("a store opens");
            time(|| {
                for stream in &wanted {
                    let found = store.stream_by_name(&stream.name).expect("read");
                    let found = black_box(found).expect("it exists");
                    assert_eq!(found.server_stream_id, Some(stream.number));
                }
            })
        };
        let raw = || sides::raw_streams_by_name(&path, &wanted);
        runner.compare(BY_NAME, count, ours, [Baseline::new(None, raw)]);
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
