//! The JSON that the header shows is what the library takes and gives.

use satori_store::{IngestOptions, Store};
use serde_json::Value;

use crate::support::{crate_file, uuid};

/// Returns the examples of JSON in the header, in order: lines of a comment that are an
/// object or an array, and nothing else.
fn examples() -> Vec<String> {
    let header = std::fs::read_to_string(crate_file("include/satori_store.h")).unwrap();
    let example = |line: &str| {
        let text = line.trim_start().strip_prefix("*     ")?;
        text.starts_with(['{', '[']).then(|| text.to_owned())
    };
    header.lines().filter_map(example).collect()
}

fn json(report: impl serde::Serialize) -> Value {
    serde_json::to_value(report).unwrap()
}

#[test]
fn the_examples_in_the_header_are_true() {
    let examples = examples();
    let [
        new,
        old,
        rejected,
        objects,
        verified,
        normalized,
        ingested,
        synced,
    ] = &examples[..]
    else {
        panic!("{examples:#?}");
    };
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let store = Store::open_in_memory().unwrap();
    let stream = uuid("d39cd529-5dd4-5e4b-abc9-90b3751e71f1");

    let payloads = [new, old, rejected].map(String::as_str).join("\n");
    let options = IngestOptions::new().uuid(stream.clone());
    let report = store.ingest(payloads.as_bytes(), &options).unwrap();
    assert_eq!(json(report), read(ingested));

    let report = store.sync_streams(objects.as_bytes()).unwrap();
    assert_eq!(json(report), read(synced));
    assert_eq!(json(store.verify(&stream).unwrap()), read(verified));
    assert_eq!(json(store.normalize(&stream).unwrap()), read(normalized));
}
