//! Ingestion of what no server should send.

use crate::support::*;
use crate::{ingest, payload};
use proptest::prelude::*;
use satori_store::{Error, ErrorCode, IngestOptions, Insertion, NewObservation, Store};

/// Makes a hundred payloads, seven of them bad in seven ways, at 10, 20, … 70.
fn seven_bad() -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = (0..100)
        .map(|n| payload(&n.to_string(), &(n * 60).to_string()).into_bytes())
        .collect();
    let bad: [&[u8]; 7] = [
        b"{\"value\": 1, \"observed_at\": 5, \"stream\": {\"uuid\": \"s\"}",
        b"{\"value\": \"NaN\", \"observed_at\": 5, \"stream\": {\"uuid\": \"s\"}}",
        b"{\"value\": 1, \"observed_at\": \"yesterday\", \"stream\": {\"uuid\": \"s\"}}",
        b"{\"value\": 1, \"observed_at\": 5}",
        b"{\"value\": true, \"observed_at\": 5, \"stream\": {\"uuid\": \"s\"}}",
        b"{\"value\": 1, \"observed_at\": 5, \"stream\": {\"uuid\": \"sqlite_x\"}}",
        b"{\"value\": 1, \"observed_at\": 5, \"hash\": \"\xff\", \"stream\": {\"uuid\": \"s\"}}",
    ];
    for (n, bad) in bad.into_iter().enumerate() {
        lines[10 * (n + 1)] = bad.to_vec();
    }
    lines
}

#[test]
fn of_a_hundred_payloads_with_seven_bad_ones_ninety_three_are_stored() {
    let store = memory();
    let report = ingest(&store, seven_bad().join(&b'\n'));
    assert_eq!((report.inserted, report.payloads), (93, 100));
    let found: Vec<_> = report
        .rejected
        .iter()
        .map(|r| (r.position.index, r.position.line, r.error.code()))
        .collect();
    use ErrorCode::*;
    let codes = [
        InvalidJson,
        InvalidValue,
        InvalidTimestamp,
        MissingUuid,
        InvalidJson,
        InvalidUuid,
        InvalidJson,
    ];
    let wanted: Vec<_> = (1..=7)
        .zip(codes)
        .map(|(n, code)| (n * 10, n * 10 + 1, code))
        .collect();
    assert_eq!(found, wanted);
    for (rejected, named) in
        report
            .rejected
            .iter()
            .zip(["EOF", "NaN", "yesterday", "uuid", "boolean", "sqlite_x", ""])
    {
        assert!(
            rejected.error.to_string().contains(named),
            "{}",
            rejected.error
        );
    }
    assert_eq!(store.count(&uuid("s"), ..).unwrap(), 93);
}

#[test]
fn a_strict_batch_with_a_bad_payload_leaves_the_file_as_it_is() {
    let (_folder, path) = fixture("eleven_columns.db");
    let store = Store::open(&path).unwrap();
    let before = (dump(&path), query(&path, "SELECT * FROM streams"));
    let strict = IngestOptions::new().strict(true);
    let conflict = [payload("1", "60"), payload("2", "60")]
        .join("\n")
        .into_bytes();
    for (json, refused) in [(seven_bad().join(&b'\n'), 7), (conflict, 1)] {
        match store.ingest(&json, &strict).unwrap_err() {
            Error::Refused(report) => assert_eq!(report.refused(), refused),
            other => panic!("{other}"),
        }
        assert_eq!((dump(&path), query(&path, "SELECT * FROM streams")), before);
    }
    // What was rolled back can be stored after all, by the same handle.
    assert_eq!(
        store
            .insert(&uuid("s"), &NewObservation::new(at("60"), 1.0))
            .unwrap(),
        Insertion::Inserted
    );
    assert_eq!(
        store
            .ingest(payload("1", "60").as_bytes(), &strict)
            .unwrap()
            .already_there,
        1
    );
}

#[test]
fn hostile_input_is_rejected_where_it_stands_and_the_rest_is_stored() {
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let good = payload("1", "60");
    for bad in [
        r#"{"value": 1, "value": 2, "observed_at": 1, "stream": {"uuid": "s"}}"#.to_owned(),
        r#"{"value": 1, "observed_at": 1, "observed_at": 2, "stream": {"uuid": "s"}}"#.to_owned(),
        r#"{"value": 1, "observed_at": 1, "stream": {"uuid": "s", "uuid": "t"}}"#.to_owned(),
        format!(r#"{{"value": 1, "observed_at": 1, "stream": {{"uuid": "s", "meta": {bomb}}}}}"#),
        format!(
            r#"{{"unknown": {bomb}, "value": 1, "observed_at": 1, "stream": {{"uuid": "s"}}}}"#
        ),
        format!(
            r#"{{"unknown": "{}", "value": 1, "observed_at": 1, "stream": {{"uuid": "s"}}}}"#,
            "x".repeat(2 << 20)
        ),
        payload("1e400", "1"),
        payload("\"1e400\"", "1"),
        payload("\"inf\"", "1"),
        payload("\"-Infinity\"", "1"),
        payload("null", "1"),
        payload("true", "1"),
        payload("[1]", "1"),
        payload("{}", "1"),
        payload("\"\"", "1"),
        payload("\"0x10\"", "1"),
        payload("\"1,5\"", "1"),
        payload("1", "true"),
        payload("1", "{}"),
        payload("1", "\"\""),
        payload("1", "1e300"),
        payload("1", "\"nan\""),
        payload("1", "99999999999999999999999"),
        payload("1", "\"2024-02-30\""),
        payload("1", "\"9999-12-31\""),
        r#"{"value": 1, "stream": {"uuid": "s"}}"#.to_owned(),
        r#"{"observed_at": 1, "stream": {"uuid": "s"}}"#.to_owned(),
        "{}".to_owned(),
        r#"{"value": 1, "observed_at": 1, "stream": "s"}"#.to_owned(),
        r#"{"value": 1, "observed_at": 1, "stream": {"uuid": 5}}"#.to_owned(),
        r#"{"value": 1, "observed_at": 1, "stream": {"uuid": "s", "id": 1.5}}"#.to_owned(),
        r#"{"value": 1, "observed_at": 1, "stream": ["1", "s", "n"]}"#.to_owned(),
        r#"[1, 1, null, "h", null, {"uuid": "s"}]"#.to_owned(),
        "1".to_owned(),
        "\"text\"".to_owned(),
        "true".to_owned(),
        "[]".to_owned(),
        "[[]]".to_owned(),
    ] {
        let start = bad.get(..60.min(bad.len())).unwrap();
        let store = memory();
        let report = ingest(&store, format!("[{good}, {bad},\n{}]", payload("2", "120")));
        assert_eq!((report.inserted, report.rejected.len()), (2, 1), "{start}");
        assert_eq!(
            (
                report.rejected[0].position.index,
                report.rejected[0].position.line
            ),
            (1, 1),
            "{start}"
        );
        assert!(
            report.rejected[0].error.to_string().len() < 1_000,
            "{start}"
        );
        assert_eq!(store.count(&uuid("s"), ..).unwrap(), 2);
        if bad.starts_with('[') {
            // On a line by itself it is a batch, and what it holds is refused.
            continue;
        }
        let report = ingest(
            &memory(),
            format!("{good}\n{bad}\n\n{}", payload("2", "120")),
        );
        assert_eq!((report.inserted, report.rejected.len()), (2, 1), "{start}");
        assert_eq!(
            (
                report.rejected[0].position.index,
                report.rejected[0].position.line
            ),
            (1, 2),
            "{start}"
        );
    }
}

#[test]
fn an_array_that_is_cut_short_or_malformed_stores_nothing() {
    let (one, two) = (payload("1", "60"), payload("2", "120"));
    for json in [
        format!("[{one}, {two}"),
        format!("[{one}, "),
        format!("[{one} {two}]"),
        format!("[{one}, {two}]]"),
        format!("[{one}], [{two}]"),
        format!("[{one},, {two}]"),
        "[".to_owned(),
        format!("[{one}, NaN]"),
    ] {
        let store = memory();
        let error = store
            .ingest(json.as_bytes(), &IngestOptions::new())
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidJson, "{json}");
        assert_eq!(
            (
                store.streams().unwrap().len(),
                store.streams_without_metadata().unwrap().len()
            ),
            (0, 0)
        );
    }
}

#[test]
fn columns_count_from_one_also_where_a_line_ends() {
    let store = memory();
    let error = store
        .ingest(b"[{\n", &IngestOptions::new())
        .expect_err("it is cut short");
    assert!(
        matches!(error, satori_store::Error::InvalidJson { column: 1.., .. }),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_panics_and_each_payload_is_counted_once(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "\n", "1", "1e400", "\"value\":", "\"observed_at\":", "\"ts\":", "5",
            "\"stream\":", "{\"uuid\":\"s\"}", "\"hash\":", "\"h\"", "\u{feff}", "true",
            "{\"value\":1,\"ts\":1,\"stream\":{\"uuid\":\"s\"}}", "{\"value\":2,\"ts\":1,\"stream\":{\"uuid\":\"s\"}}",
            "{\"value\":1,\"ts\":2}", "{\"value\":\"1\",\"ts\":3,\"stream\":{\"uuid\":\"t\",\"meta\":{}}}\n",
        ]), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let json = pieces.concat().into_bytes();
        for json in [&json[..], &json[..cut.index(json.len() + 1)]] {
            let store = memory();
            let _ = store.sync_streams(json);
            let Ok(first) = store.ingest(json, &IngestOptions::new()) else { continue };
            let taken = first.inserted + first.already_there + first.nothing;
            prop_assert_eq!(first.payloads as u64, taken + first.refused() as u64);
            let again = store.ingest(json, &IngestOptions::new()).unwrap();
            prop_assert_eq!(again.inserted, 0);
            prop_assert_eq!(again.already_there, first.inserted + first.already_there);
            prop_assert_eq!(again.refused(), first.refused());
        }
    }
}

/// Ingests a payload that has the text in its metadata; returns how it was refused.
fn refusal_of(meta: &str) -> Option<String> {
    let payload = format!(
        r#"{{"value": 1, "observed_at": 5, "hash": "h", "stream": {{"uuid": "s", "meta": {meta}}}}}"#
    );
    let report = ingest(&memory(), payload);
    assert_eq!(report.inserted as usize + report.rejected.len(), 1);
    report
        .rejected
        .first()
        .map(|rejected| rejected.error.to_string())
}

/// Depth is of what is open at a time, and not in texts.
#[test]
fn brackets_are_counted_where_they_nest() {
    // Two levels are the payload's own.
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(refusal_of(&nested(30)), None);
    let refusal = refusal_of(&nested(31)).unwrap();
    assert!(
        refusal.contains("nested deeper than 32 levels"),
        "{refusal}"
    );

    for flat in [
        format!("[{}]", ["[]"; 100].join(",")),
        format!("[{}]", ["{}"; 100].join(",")),
        format!("\"{}\"", "[".repeat(100)),
        format!("\"\\\"{}\"", "[{".repeat(100)),
        format!("[\"\\\\\", \"{}\"]", "{".repeat(100)),
        format!("[\"]]]]\", \"{}\", []]", "[".repeat(100)),
        format!("[[], [[]], {}]", nested(29)),
    ] {
        assert_eq!(refusal_of(&flat), None, "{flat}");
    }
    // What closes within a text closes nothing.
    for deep in [
        format!("[\"{}\", {}]", "]".repeat(100), nested(31)),
        format!("[\"\\\\\", {}]", nested(31)),
        format!("[\"\\\"]]]]\", {}]", nested(31)),
        format!("[[[]], {}]", nested(30)),
    ] {
        let refusal = refusal_of(&deep);
        assert!(
            refusal.is_some_and(|text| text.contains("nested deeper")),
            "{deep}"
        );
    }
}

/// A line is a payload, or an array of them; two payloads on a line are neither.
#[test]
fn two_payloads_on_a_line_are_rejected_as_one() {
    let (store, other) = (memory(), payload("2", "120"));
    let line = format!("{} {other}", payload("1", "60"));
    let report = ingest(&store, format!("{line}\n{other}\n"));
    assert_eq!((report.inserted, report.rejected.len()), (1, 1));
    assert_eq!(report.rejected[0].position.line, 1);
    let report = ingest(&memory(), line);
    assert_eq!((report.inserted, report.rejected.len()), (0, 1));
}

#[test]
fn a_payload_may_have_a_mebibyte_and_no_byte_more() {
    let empty = payload("1", "5").len();
    let sized = |size: usize| payload(&format!("{}1", " ".repeat(size - empty)), "5");
    assert_eq!(sized(1 << 20).len(), 1 << 20);
    assert_eq!(ingest(&memory(), sized(1 << 20)).inserted, 1);
    let report = ingest(&memory(), sized((1 << 20) + 1));
    assert_eq!((report.inserted, report.rejected.len()), (0, 1));
}
