//! Writing: observations, metadata, the server's JSON, and what is refused.

mod across;
mod copying;
mod digest;
mod encodings;
mod hostile_json;
mod ingest;
mod insert;
mod names;
mod normalize;
mod numbers;
mod quarantine;
mod retain;
mod seeds;
mod shortcuts;
mod spelling;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod sync;
mod table_gone;
mod table_replaced;
mod table_rules;

use satori_store::{IngestOptions, IngestReport, Store};

/// Ingests JSON. Asserts that every payload is counted once.
fn ingest(store: &Store, json: impl AsRef<[u8]>) -> IngestReport {
    let report = store.ingest(json.as_ref(), &IngestOptions::new()).unwrap();
    let counted = report.inserted + report.already_there + report.nothing;
    assert_eq!(report.payloads as u64, counted + report.refused() as u64);
    report
}

/// Writes a payload of stream `s`.
fn payload(value: &str, ts: &str) -> String {
    format!(
        r#"{{"value": {value}, "observed_at": {ts}, "hash": "h", "stream": {{"uuid": "s", "name": "n"}}}}"#
    )
}
