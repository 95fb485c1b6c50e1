//! The server's JSON, against a plain reading with `serde_json::Value`.

use std::collections::HashMap;

use satori_store::{IngestOptions, Store, StreamUuid, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

/// Ingests the input twice, and compares what is stored with the plain reading.
pub(crate) fn check(data: &[u8]) {
    let store = Store::open_in_memory().expect("memory");
    let stream = StreamUuid::new("s").expect("a name");
    let options = IngestOptions::new().uuid(stream.clone());
    let Ok(report) = store.ingest(data, &options) else {
        assert_eq!(
            store.streams_with_data().expect("readable"),
            [],
            "a refused batch"
        );
        return;
    };
    let settled = report.inserted + report.already_there + report.nothing;
    assert_eq!(
        settled as usize + report.refused(),
        report.payloads,
        "each is counted once"
    );
    let rows = store.count(&stream, ..).unwrap_or(0);
    assert_eq!(rows, report.inserted);

    let again = store.ingest(data, &options).expect("it was read before");
    assert_eq!(again.inserted, 0, "all is there already");
    assert_eq!(again.already_there, report.inserted + report.already_there);
    assert_eq!(again.conflicts.len(), report.conflicts.len());

    let plain = serde_json::from_slice::<Value>(data);
    if let (1, Ok(Value::Object(payload))) = (report.payloads, &plain) {
        let stored = store
            .latest(&stream)
            .unwrap_or(None)
            .map(|row| (row.ts, row.value));
        let expected = row(payload, data);
        if expected != stored {
            // The plain reading doesn't know what a stream object must be, and takes the
            // last of two fields of one name.
            let reason = report
                .rejected
                .first()
                .map(|rejected| rejected.error.to_string());
            let known = ["stream", "stream_id", "hash"];
            let other = known
                .iter()
                .any(|name| payload.get(*name).is_some_and(|v| !v.is_null()))
                || reason
                    .as_ref()
                    .is_some_and(|r| r.contains("duplicate field") || r.contains("nested"));
            assert!(
                stored.is_none() && other,
                "{stored:?}, not {expected:?}: {reason:?}"
            );
        }
    }
}

/// Reads the row of a payload; `None` if it has none that can be stored.
fn row(payload: &serde_json::Map<String, Value>, json: &[u8]) -> Option<(Timestamp, f64)> {
    let field = |name: &str| payload.get(name).filter(|value| !value.is_null());
    let value = match field("value")? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let ts: Timestamp = match field("observed_at").or(field("ts"))? {
        // Its digits count, and not the double nearest to it.
        Value::Number(_) => digits(["observed_at", "ts"], json)?.parse().ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    // A row holds seconds. Far from 1970 a double has no room for every microsecond.
    let seconds = ts.as_micros() as f64 / 1e6;
    let is_kept = Timestamp::from_real(seconds).ok()? == ts;
    (value.is_finite() && is_kept).then_some((ts, value))
}

/// Returns the text of the first of these fields that is there.
fn digits(names: [&str; 2], json: &[u8]) -> Option<String> {
    let fields: HashMap<String, Box<RawValue>> = serde_json::from_slice(json).ok()?;
    let texts = names.iter().filter_map(|name| fields.get(*name));
    let mut texts = texts.map(|raw| raw.get().to_owned());
    texts.find(|text| text != "null")
}
