//! Numbers of payloads, written as numbers and as text.

use crate::support::*;
use crate::{ingest, payload};

#[test]
fn every_numeric_field_may_be_a_number_or_text() {
    for (value, ts) in [
        ("45000.5", "1704283200"),
        ("\" 45000.50 \"", "\"1704283200\""),
        ("4.50005e4", "1704283200.0"),
        ("\"4.50005e4\"", "\"1704283200000\""),
        ("45000.5", "\"2024-01-03T12:00:00\""),
        ("45000.5", "1.7042832e9"),
        ("45000.5", "1704283200000000"),
        ("45000.5", "\"2024-01-03 13:00:00.000+01:00\""),
    ] {
        for id in ["7", "7.0", "\"7\""] {
            let store = memory();
            let json = format!(
                r#"{{"id": {id}, "value": {value}, "observed_at": {ts}, "ts": "never read", "hash": "h", "stream_id": 8,
                   "stream": {{"id": {id}, "uuid": "s", "unknown": [1]}}, "unknown": {{"deep": [1, null]}}}}"#
            );
            let report = ingest(&store, &json);
            assert_eq!(report.inserted, 1, "{json} {:?}", report.rejected);
            let row = store.latest(&uuid("s")).unwrap().unwrap();
            assert_eq!(
                (row.ts, row.value, row.hash.as_str()),
                (at("1704283200"), 45000.5, "h")
            );
            assert_eq!(
                store.stream(&uuid("s")).unwrap().unwrap().server_stream_id,
                Some(7)
            );
        }
    }
    // `ts` counts if there is no `observed_at`; `stream_id` if there is no `id`.
    let store = memory();
    ingest(
        &store,
        r#"{"value": 1, "observed_at": null, "ts": "2024-01-03", "stream_id": "9", "stream": {"uuid": "s"}}"#,
    );
    assert_eq!(
        store.latest(&uuid("s")).unwrap().unwrap().ts,
        at("2024-01-03")
    );
    assert_eq!(
        store.stream(&uuid("s")).unwrap().unwrap().server_stream_id,
        Some(9)
    );
}

#[test]
fn a_number_and_its_text_are_the_same_value_to_the_last_digit() {
    let texts = [
        "0.1234567890123456",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "123456789.12345679",
        "0.30000000000000004",
        "9007199254740993",
        "5e-324",
        "8.41e21",
        "7.0420557077594588669468784357561207962098e-8",
        "3.5844466002796428e+298",
        "31.245270191439438",
        "1.1754943508222875e-38",
    ];
    for text in texts {
        let store = memory();
        ingest(&store, payload(text, "1"));
        assert_eq!(
            store.latest(&uuid("s")).unwrap().unwrap().value,
            text.parse::<f64>().unwrap(),
            "{text}"
        );
        assert_eq!(
            ingest(&store, payload(&format!("\"{text}\""), "1")).already_there,
            1,
            "{text}"
        );
    }
}

/// A double has no digits left for these halves of a microsecond.
#[test]
fn a_number_is_the_instant_that_the_same_digits_are_as_text() {
    for (digits, micros) in [
        ("1704283200.0000005", 1_704_283_200_000_001),
        ("1704283200.0000004999", 1_704_283_200_000_000),
        ("1704283200.1234565", 1_704_283_200_123_457),
        ("1.7042832000000005e9", 1_704_283_200_000_001),
        ("1704283200000.0005", 1_704_283_200_000_001),
        ("-0.0000005", 0),
    ] {
        for ts in [digits.to_owned(), format!("\"{digits}\"")] {
            let store = memory();
            let report = ingest(&store, payload("1", &ts));
            assert_eq!(report.inserted, 1, "{ts}: {report:?}");
            let latest = store.latest(&uuid("s")).unwrap().unwrap();
            assert_eq!(latest.ts.as_micros(), micros, "{ts}");
        }
        let store = memory();
        ingest(&store, payload("1", digits));
        let again = ingest(&store, payload("1", &format!("\"{digits}\"")));
        assert_eq!(again.already_there, 1, "{digits}");
    }
}
