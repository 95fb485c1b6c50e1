//! Looks at what a store holds, as text. What two databases need not have in common is left
//! out: numbers of streams, and when they were synced.

use std::fmt::Debug;

use satori_store::{
    ErrorCode, Fill, IngestReport, Rejected, Result, Step, Store, Stream, StreamUuid, Timestamp,
};

use super::calls::{NAMES, NOON, TEXTS, fault};
use crate::support::*;

/// Returns the answers to all questions about one stream, a line each.
pub(super) fn at_stream(
    store: &Store,
    name: &str,
    from: Timestamp,
    to: Timestamp,
    count: usize,
) -> String {
    let s = &uuid(name);
    let step: Step = "2s".parse().unwrap();
    // A step of seconds over an age has too many steps that are empty.
    let near = at(NOON)..at(NOON + 60);
    let columns = store.columns(s, from..to).map(|columns| {
        let texts =
            |column: &satori_store::TextColumn| format!("{:?}", column.iter().collect::<Vec<_>>());
        (
            columns.ts,
            columns.value,
            texts(&columns.hash),
            texts(&columns.provider),
        )
    });
    lines([
        ("contains", answer(store.contains(s))),
        (
            "metadata",
            answer(store.stream(s).map(|found| found.map(stream))),
        ),
        ("count", answer(store.count(s, from..=to))),
        ("first", answer(store.first(s, count))),
        ("last", answer(store.last(s, count))),
        ("before", answer(store.last_before(s, from, count))),
        ("as of", answer(store.as_of(s, to))),
        ("latest", answer(store.latest(s))),
        ("at", answer(store.observation(s, from))),
        (
            "rows",
            answer(
                store
                    .observations(s, from..=to)
                    .and_then(Iterator::collect::<Result<Vec<_>>>),
            ),
        ),
        ("columns", answer(columns)),
        (
            "steps",
            answer(
                store
                    .resample(s, near, &step)
                    .and_then(Iterator::collect::<Result<Vec<_>>>),
            ),
        ),
        ("statistics", answer(store.statistics(s))),
        ("verify", answer(store.verify(s))),
        ("unreadable", answer(store.unreadable(s))),
        ("quarantined", answer(store.quarantined(s))),
        ("to normalize", answer(store.normalize_dry_run(s))),
    ])
}

/// Returns what there is to say about a stream, or about the whole store.
pub(super) fn findings(store: &Store, name: Option<&str>) -> String {
    let found = match name {
        Some(name) => store.check_stream(&uuid(name)),
        None => store.check(None),
    };
    answer(found.map(|found| found.into_iter().map(|f| f.kind).collect::<Vec<_>>()))
}

/// Returns the answers to all questions about several streams, a line each.
pub(super) fn at_all(store: &Store, text: &str, after: Timestamp, count: usize) -> String {
    let uuids = NAMES.map(uuid);
    let all: Vec<&StreamUuid> = uuids.iter().collect();
    let some = &all[..count.min(3)];
    let near = at(NOON)..at(NOON + 20);
    let fill = Fill::AsOf { max_age: None };
    let step: Step = "3s".parse().unwrap();
    let aligned = store.align(some, near, &step, fill);
    let newer: Vec<_> = some.iter().map(|s| (*s, after)).collect();
    let streams = |found: Result<Vec<Stream>>| {
        answer(found.map(|found| found.into_iter().map(stream).collect::<Vec<_>>()))
    };
    let perhaps = |found: Result<Vec<Option<Stream>>>| {
        answer(found.map(|found| {
            found
                .into_iter()
                .map(|found| found.map(stream))
                .collect::<Vec<_>>()
        }))
    };
    let number = i64::try_from(count).unwrap();
    lines([
        ("streams", streams(store.streams())),
        ("with data", answer(store.streams_with_data())),
        ("without metadata", answer(store.streams_without_metadata())),
        ("latest of all", answer(store.latest_of_all())),
        ("latest", answer(store.latest_of(&all))),
        ("metadata", perhaps(store.streams_of(&all))),
        (
            "containing",
            format!(
                "{:?}",
                TEXTS.map(|text| streams(store.search_streams(text)))
            ),
        ),
        ("of the name", streams(store.streams_by_name(text))),
        (
            "first of the name",
            answer(store.stream_by_name(text).map(|found| found.map(stream))),
        ),
        (
            "of names",
            perhaps(store.streams_named(&[text, "one", "two", text])),
        ),
        ("of the number", streams(store.streams_by_server_id(number))),
        ("stale", streams(store.stale_streams(Timestamp::now()))),
        ("newer", answer(store.newer(&newer, count))),
        (
            "aligned",
            answer(aligned.and_then(Iterator::collect::<Result<Vec<_>>>)),
        ),
        ("quarantined", answer(store.quarantined_streams())),
    ])
}

fn lines<const N: usize>(answers: [(&str, String); N]) -> String {
    let lines = answers.map(|(question, answer)| format!("{question}: {answer}"));
    lines.join("\n")
}

fn answer<T: Debug>(answer: Result<T>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => fault(&error),
    }
}

pub(super) fn stream(mut stream: Stream) -> String {
    stream.id = 0;
    stream.last_synced = stream.last_synced.map(|_| Timestamp::MIN);
    stream.created_at = stream.created_at.map(|_| Timestamp::MIN);
    format!("{stream:?}")
}

pub(super) fn ingested(report: &IngestReport) -> String {
    let IngestReport {
        payloads,
        inserted,
        already_there,
        nothing,
        conflicts,
        streams,
        ..
    } = report;
    let rejected = rejected(&report.rejected);
    format!(
        "{payloads} payloads, {inserted} inserted, {already_there} already there, {nothing} \
         nothing, {conflicts:?}, {streams:?}, {rejected:?}"
    )
}

pub(super) fn rejected(rejected: &[Rejected]) -> Vec<(usize, ErrorCode)> {
    let rejected = rejected.iter();
    rejected
        .map(|r| (r.position.index, r.error.code()))
        .collect()
}
