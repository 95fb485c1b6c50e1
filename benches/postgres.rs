//! The store in PostgreSQL against libpq: the same work, in the same process, on the same
//! server, in turns. BENCHMARKS.md says how to read the table.
//!
//! `scripts/with-postgres cargo bench --features postgres,arrow --bench postgres -- [--quick]
//! [part of a workload's name]…`
#![allow(missing_docs, reason = "a benchmark has no interface")]
#![allow(unsafe_code, reason = "libpq as one uses it by hand")]
#![allow(dead_code, reason = "each benchmark uses its part of the data")]

mod feed;
mod libpq;
mod runner;

use arrow_array::builder::{Float64Builder, StringBuilder, TimestampMicrosecondBuilder};
use libpq::{Param, Raw, copied};
use runner::{Baseline, Runner, time};
use satori_store::{IngestOptions, Store, StreamPatch, StreamUuid, Timestamp};
use serde::Deserialize;

fn main() {
    let runner = Runner::new(std::env::args().skip(1));
    let server = std::env::var("SATORI_STORE_POSTGRES").expect("scripts/with-postgres sets it");
    let place = Place::new(&server);
    bulk(&runner, &place);
    ingest(&runner, &place);
    read(&runner, &place);
    latest(&runner, &place);
    Raw::connect(&server).run("DROP SCHEMA benchmark CASCADE");
}

/// A store on the server, and libpq on its tables.
struct Place {
    store: Store,
    raw: Raw,
}

impl Place {
    fn new(server: &str) -> Self {
        let raw = Raw::connect(server);
        raw.run("DROP SCHEMA IF EXISTS benchmark CASCADE; CREATE SCHEMA benchmark");
        raw.run("SET search_path = benchmark");
        let store = Store::connect(&format!("{server}?options=-csearch_path%3Dbenchmark"));
        let store = store.expect("it opens");
        Self { store, raw }
    }

    fn empty(&self) {
        self.raw.run("TRUNCATE observations, streams");
    }
}

fn bulk(runner: &Runner, place: &Place) {
    let name = "insert 200,000 rows of a new stream";
    if !runner.wants(name) {
        return;
    }
    let count = runner.size(200_000, 50_000);
    let rows = feed::rows(count);
    let new: Vec<_> = rows.iter().map(feed::Row::as_new).collect();
    let stream = StreamUuid::new("bulk").expect("a name");
    let ours = || {
        place.empty();
        time(|| {
            let report = place.store.insert_many(&stream, &new).expect("stored");
            assert_eq!(report.inserted as usize, count);
        })
    };
    let copy = || {
        place.empty();
        let one = 1_i64.to_be_bytes();
        let sent = rows.iter().map(|row| {
            let (ts, value) = (row.ts().as_micros().to_be_bytes(), row.value.to_be_bytes());
            copied(&[
                Some(&one),
                Some(&ts),
                Some(&value),
                Some(row.hash.as_bytes()),
                Some(row.provider.as_bytes()),
                None,
            ])
        });
        time(|| {
            place
                .raw
                .copy("COPY observations FROM STDIN (FORMAT binary)", sent)
        })
    };
    let one = || {
        place.empty();
        time(|| {
            let sql = "INSERT INTO observations SELECT 1, * FROM unnest($1::int8[], $2::float8[], \
                       $3::text[], $4::text[])";
            place.raw.ask(sql, &columns(&rows));
        })
    };
    let baselines = [
        Baseline::new(0.55, copy).label("binary COPY, without looking at what is there"),
        Baseline::new(None, one).label("one INSERT from unnest, likewise"),
    ];
    runner.compare(name, count, ours, baselines);
}

fn columns(rows: &[feed::Row]) -> [Param; 4] {
    [
        Param::int8s(rows.iter().map(|row| row.ts().as_micros())),
        Param::float8s(rows.iter().map(|row| row.value)),
        Param::texts(rows.iter().map(|row| row.hash.as_str())),
        Param::texts(rows.iter().map(|row| row.provider)),
    ]
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

const UPSERT: &str = "INSERT INTO streams AS s (stream, id, uuid, server_stream_id, name, author, \
       secondary, target, meta, description, last_synced, created_at, data) \
     SELECT stream, stream, uuid, number, name, author, secondary, target, meta, description, \
       now(), now(), stream \
     FROM unnest($1::int8[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::text[], \
       $7::text[], $8::text[], $9::text[]) AS u (stream, uuid, number, name, author, secondary, \
       target, meta, description) ORDER BY stream \
     ON CONFLICT (stream) DO UPDATE SET server_stream_id = excluded.server_stream_id, \
       name = excluded.name, author = excluded.author, secondary = excluded.secondary, \
       target = excluded.target, meta = excluded.meta, description = excluded.description, \
       last_synced = excluded.last_synced";
const INSERT: &str = "INSERT INTO observations \
     SELECT * FROM unnest($1::int8[], $2::int8[], $3::float8[], $4::text[]), (SELECT 'central') p \
     ON CONFLICT DO NOTHING RETURNING stream, ts";

fn ingest(runner: &Runner, place: &Place) {
    let name = "ingest, batches of 100 payloads, one of each of 100 streams";
    if !runner.wants(name) {
        return;
    }
    let streams = feed::streams(100);
    let batches: Vec<String> = (0..runner.size(50, 20))
        .map(|number| {
            let row = feed::Row::new(number);
            streams.iter().map(|stream| stream.payload(&row)).collect()
        })
        .collect();
    let ours = || {
        place.empty();
        let options = IngestOptions::new();
        time(|| {
            for batch in &batches {
                let report = place
                    .store
                    .ingest(batch.as_bytes(), &options)
                    .expect("stored");
                assert_eq!(report.inserted, 100);
            }
        })
    };
    let by_hand = |in_one_trip: bool| {
        place.empty();
        time(|| {
            for batch in &batches {
                let payloads: Vec<Payload<'_>> = batch
                    .lines()
                    .map(|line| serde_json::from_str(line).expect("a payload"))
                    .collect();
                let keys = || Param::int8s(payloads.iter().map(|payload| payload.stream.id));
                let texts = |text: fn(&Identity<'_>) -> Option<String>| {
                    let texts: Vec<_> = payloads.iter().map(|p| text(&p.stream)).collect();
                    Param::texts(texts.iter().map(|text| text.as_deref().unwrap_or_default()))
                };
                let upsert = vec![
                    keys(),
                    Param::texts(payloads.iter().map(|payload| payload.stream.uuid)),
                    keys(),
                    texts(|stream| stream.name.map(str::to_owned)),
                    texts(|stream| stream.author.map(str::to_owned)),
                    texts(|stream| stream.secondary.map(str::to_owned)),
                    texts(|stream| stream.target.map(str::to_owned)),
                    texts(|stream| stream.meta.map(str::to_owned)),
                    texts(|stream| Some(stream.description.to_owned())),
                ];
                let instants = payloads.iter().map(|payload| {
                    let seconds: i64 = payload.observed_at.parse().expect("seconds");
                    seconds * 1_000_000
                });
                let values = payloads
                    .iter()
                    .map(|payload| payload.value.parse().expect("a number"));
                let insert = vec![
                    keys(),
                    Param::int8s(instants),
                    Param::float8s(values),
                    Param::texts(payloads.iter().map(|payload| payload.hash)),
                ];
                if in_one_trip {
                    let answers = place.raw.pipeline(&[
                        ("BEGIN", vec![]),
                        (UPSERT, upsert),
                        (INSERT, insert),
                        ("COMMIT", vec![]),
                    ]);
                    assert_eq!(answers[2].len(), 100);
                } else {
                    place.raw.run("BEGIN");
                    place.raw.ask(UPSERT, &upsert);
                    assert_eq!(place.raw.ask(INSERT, &insert).len(), 100);
                    place.raw.run("COMMIT");
                }
            }
        })
    };
    let baselines = [
        Baseline::new(0.9, || by_hand(true)).label("a pipeline of two statements by hand"),
        Baseline::new(None, || by_hand(false)).label("the same in four trips"),
    ];
    runner.compare(name, 100 * batches.len(), ours, baselines);
}

fn read(runner: &Runner, place: &Place) {
    let name = "read 200,000 rows into Arrow";
    if !runner.wants(name) {
        return;
    }
    let count = runner.size(200_000, 50_000);
    place.empty();
    let rows = feed::rows(count);
    let new: Vec<_> = rows.iter().map(feed::Row::as_new).collect();
    let stream = StreamUuid::new("read").expect("a name");
    place.store.insert_many(&stream, &new).expect("stored");
    place.raw.run("VACUUM ANALYZE observations");
    let key = place.raw.ask("SELECT stream FROM streams", &[]).int8(0, 0);
    let ours = || {
        time(|| {
            let batches = place
                .store
                .record_batches(&stream, ..)
                .expect("it is there");
            let rows: usize = batches.map(|batch| batch.expect("rows").num_rows()).sum();
            assert_eq!(rows, count);
        })
    };
    let one = || {
        time(|| {
            let sql = "SELECT ts, value, hash, provider FROM observations WHERE stream = $1 \
                       ORDER BY ts";
            let answer = place.raw.ask(sql, &[Param::int8(key)]);
            let mut ts = TimestampMicrosecondBuilder::with_capacity(answer.len());
            let mut values = Float64Builder::with_capacity(answer.len());
            let (mut hashes, mut providers) = (StringBuilder::new(), StringBuilder::new());
            for row in 0..answer.len() {
                ts.append_value(answer.int8(row, 0));
                values.append_value(answer.float8(row, 1));
                hashes.append_value(answer.text(row, 2));
                providers.append_value(answer.text(row, 3));
            }
            let columns = (
                ts.finish(),
                values.finish(),
                hashes.finish(),
                providers.finish(),
            );
            assert_eq!(arrow_array::Array::len(&columns.0), count);
        })
    };
    runner.compare(
        name,
        count,
        ours,
        [Baseline::new(1.0, one).label("one binary result")],
    );
}

fn latest(runner: &Runner, place: &Place) {
    let name = "latest of 10,000 streams";
    if !runner.wants(name) {
        return;
    }
    place.empty();
    let streams = feed::streams(runner.size(10_000, 1_000));
    let uuids: Vec<_> = streams.iter().map(|stream| &stream.uuid).collect();
    let rows = feed::rows(20);
    for row in &rows {
        let new = row.as_new();
        let across: Vec<_> = uuids.iter().map(|uuid| (*uuid, new)).collect();
        place.store.insert_across(&across).expect("stored");
    }
    place
        .store
        .upsert_stream(uuids[0], &StreamPatch::new())
        .expect("stored");
    place.raw.run("VACUUM ANALYZE");
    let newest = rows.last().map_or(Timestamp::MIN, feed::Row::ts);
    let ours = || {
        time(|| {
            let latest = place.store.latest_of_all().expect("they are there");
            assert_eq!(latest.len(), uuids.len());
            assert!(latest.iter().all(|(_, row)| row.ts == newest));
        })
    };
    let named = || {
        time(|| {
            let latest = place.store.latest_of(&uuids).expect("they are there");
            assert!(
                latest
                    .iter()
                    .all(|row| row.as_ref().is_some_and(|row| row.ts == newest))
            );
        })
    };
    let lateral = || {
        time(|| {
            let sql = "SELECT s.uuid, o.* FROM streams s CROSS JOIN LATERAL (\
                       SELECT ts, value, hash, provider FROM observations o \
                       WHERE o.stream = s.stream ORDER BY ts DESC LIMIT 1) o";
            let answer = place.raw.ask(sql, &[]);
            let rows: Vec<_> = (0..answer.len())
                .map(|row| {
                    let texts = [0, 3, 4].map(|column| answer.text(row, column).to_owned());
                    (answer.int8(row, 1), answer.float8(row, 2), texts)
                })
                .collect();
            assert_eq!(rows.len(), uuids.len());
        })
    };
    let baselines = [
        Baseline::new(1.0, lateral).label("LATERAL from streams"),
        Baseline::new(None, named).label("our own, each stream named"),
    ];
    runner.compare(name, uuids.len(), ours, baselines);
}
