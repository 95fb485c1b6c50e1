//! Ingestion: the server's JSON, a batch of payloads to a transaction.

use std::collections::HashMap;
use std::time::Duration;

use satori_store::{IngestOptions, Store};
use serde::Deserialize;

use crate::feed::{self, Row, StreamObject};
use crate::folder::Folder;
use crate::runner::{Baseline, Runner, time};
use crate::stores::NOW;
use crate::{raw, stores};

const STREAMS: usize = 100;
const BATCH: usize = 100;

/// Gives the numbers of the stream and of the row that a payload has.
type Shape = fn(usize) -> (usize, usize);

pub(crate) fn bench(runner: &Runner) {
    let streams = feed::streams(STREAMS);
    let payloads = runner.size(50_000, 10_000);
    // A batch has one payload of each stream, or all its payloads are one stream's.
    let mixed: Shape = |payload| (payload % STREAMS, payload / STREAMS);
    let lone: Shape = |payload| {
        let batch = payload / BATCH;
        let row = batch / STREAMS * BATCH + payload % BATCH;
        (batch % STREAMS, row)
    };
    let shapes = [
        ("ingest, batches of 100 payloads, one of each stream", mixed),
        ("ingest, batches of 100 payloads of one stream", lone),
    ];
    for (name, shape) in shapes {
        if !runner.wants(name) {
            continue;
        }
        let batches: Vec<_> = (0..payloads / BATCH)
            .map(|batch| {
                (0..BATCH)
                    .map(|place| {
                        let (stream, row) = shape(batch * BATCH + place);
                        streams[stream].payload(&Row::new(row))
                    })
                    .collect::<String>()
            })
            .collect();
        let baselines = [
            Baseline::new(0.65, || raw(&streams, &batches, true))
                .label("the same parse, insert and metadata upsert each"),
            Baseline::new(0.65, || raw(&streams, &batches, false))
                .label("the same parse, insert each, no metadata"),
        ];
        runner.compare(name, payloads, || ours(&streams, &batches), baselines);
    }
}

/// Makes a store with all streams in it: tables and metadata.
fn new_store(folder: &Folder, streams: &[StreamObject]) -> (Store, raw::Connection) {
    let path = folder.file("engine.db");
    stores::with_streams(&path, streams, |connection, stream| {
        connection.create_table(&stream.uuid);
    })
}

fn ours(streams: &[StreamObject], batches: &[String]) -> Duration {
    let folder = Folder::new();
    let (store, _) = new_store(&folder, streams);
    let options = IngestOptions::new();
    time(|| {
        for batch in batches {
            let report = store.ingest(batch.as_bytes(), &options).expect("stored");
            assert_eq!(report.inserted as usize, BATCH);
        }
    })
}

#[derive(Deserialize)]
struct Payload<'a> {
    value: &'a str,
    observed_at: &'a str,
    hash: &'a str,
    stream: Identity<'a>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    id: i64,
    uuid: &'a str,
    name: Option<&'a str>,
    author: Option<&'a str>,
    secondary: Option<&'a str>,
    target: Option<&'a str>,
    meta: Option<&'a str>,
    #[serde(default)]
    description: &'a str,
}

fn raw(streams: &[StreamObject], batches: &[String], with_metadata: bool) -> Duration {
    let folder = Folder::new();
    let (_, connection) = new_store(&folder, streams);
    let transaction = raw::Transaction::new(&connection);
    let metadata = raw::Streams::new(&connection);
    let inserts: HashMap<_, _> = streams
        .iter()
        .map(|stream| {
            let insert = raw::Insert::new(&connection, &stream.uuid);
            (stream.uuid.as_str(), insert)
        })
        .collect();
    time(|| {
        for batch in batches {
            transaction.run(|| {
                for line in batch.lines() {
                    let payload: Payload<'_> = serde_json::from_str(line).expect("a payload");
                    let seconds = payload.observed_at.parse().expect("seconds");
                    let value = payload.value.parse().expect("a number");
                    let stream = &payload.stream;
                    inserts[stream.uuid].values(seconds, value, payload.hash, "central");
                    if with_metadata {
                        let Identity {
                            name,
                            author,
                            secondary,
                            target,
                            meta,
                            ..
                        } = *stream;
                        let texts = [name, author, secondary, target, meta];
                        let description = stream.description;
                        metadata.upsert_texts(stream.uuid, stream.id, texts, description, NOW);
                    }
                }
            });
        }
    })
}
