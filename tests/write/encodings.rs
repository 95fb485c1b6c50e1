//! Input that is no JSON, or JSON in another dress.

use crate::support::*;
use crate::{ingest, payload};
use satori_store::{Error, Format, IngestOptions};

/// Encodes ASCII text with `width` bytes a character.
fn widened(text: &str, width: usize, little: bool, mark: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let marked = mark.then_some(0xfeff_u32).into_iter();
    for unit in marked.chain(text.bytes().map(u32::from)) {
        match little {
            true => bytes.extend_from_slice(&unit.to_le_bytes()[..width]),
            false => bytes.extend_from_slice(&unit.to_be_bytes()[4 - width..]),
        }
    }
    bytes
}

#[test]
fn what_is_no_json_is_named() {
    let store = memory();
    let json = payload("1", "1");
    let mut inputs: Vec<(Vec<u8>, &str)> = vec![
        (b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "gzip"),
        (b"PK\x03\x04\x14\0".to_vec(), "a zip archive"),
        (b"BZh91AY&SY".to_vec(), "bzip2"),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "xz"),
        (b"\x28\xb5\x2f\xfd\x04".to_vec(), "zstd"),
    ];
    for little in [true, false] {
        for mark in [true, false] {
            inputs.push((widened(&json, 2, little, mark), "UTF-16"));
            inputs.push((widened(&json, 4, little, mark), "UTF-32"));
        }
    }
    for (input, name) in inputs {
        for error in [
            store.ingest(&input, &IngestOptions::new()).unwrap_err(),
            store.sync_streams(&input).unwrap_err(),
        ] {
            let Error::InvalidJson {
                line: 1,
                column: 1,
                message,
            } = &error
            else {
                panic!("{error}");
            };
            assert!(
                message.contains(&format!("the input is {name}: ")),
                "{message}"
            );
        }
    }
    assert_eq!(store.streams_with_data().unwrap(), []);
}

#[test]
fn byte_order_marks_begin_a_text_and_each_that_was_joined_to_it() {
    let (one, two) = (payload("1", "1"), payload("2", "2"));
    for input in [
        format!("\u{feff}{one}\n{two}"),
        format!("\u{feff}{one}\n\u{feff}{two}\n"),
        format!("{one}\n\u{feff}{two}\n"),
        format!("\u{feff}[{one}, {two}]"),
    ] {
        assert_eq!(ingest(&memory(), &input).inserted, 2, "{input}");
    }
    let store = memory();
    let options = IngestOptions::new();
    let inside = format!("[{one},\n\u{feff}{two}]");
    let error = store.ingest(inside.as_bytes(), &options).unwrap_err();
    assert!(error.to_string().contains("byte order mark"), "{error}");
    assert!(error.to_string().contains("line 2 column 1"), "{error}");
    // Positions count what stands before them.
    for (second, column) in [("{}", 4), ("[1]", 5)] {
        let report = ingest(&store, format!("{one}\n\u{feff}{second}"));
        let position = report.rejected[0].position;
        assert_eq!((position.line, position.column), (2, column));
    }
}

#[test]
fn arrays_and_payloads_may_follow_one_another() {
    let (one, two, three) = (payload("1", "1"), payload("2", "2"), payload("3", "3"));
    let pretty = |json: &str| json.replace(", ", ",\n  ").replace('{', "{\n  ");
    for input in [
        format!("[{one}]\n[{two}, {three}]\n"),
        format!("[{one}, {two}] [{three}]"),
        format!("[{one}]\n{two}\n[{three}]"),
        format!("{}\n{}\n{}\n", pretty(&one), pretty(&two), pretty(&three)),
        format!("{}{}{}", pretty(&one), pretty(&two), pretty(&three)),
        format!("\n{}\n{two}\n[{three}]\n", pretty(&one)),
        format!("{one}\n[{two}, {three}]\n"),
        format!("{one}\n{}\n[\n{three}\n]\n", pretty(&two)),
    ] {
        let report = ingest(&memory(), &input);
        assert_eq!((report.payloads, report.inserted), (3, 3), "{input}");
    }
    let bad = format!("[{one}]\n[{two},\n {{}}]\n");
    let report = ingest(&memory(), &bad);
    let places: Vec<_> = report.rejected.iter().map(|r| r.position).collect();
    assert_eq!(
        (places[0].index, places[0].line, places[0].column),
        (2, 3, 2)
    );
}

#[test]
fn a_line_that_is_no_json_refuses_itself_alone() {
    let (one, two) = (payload("1", "1"), payload("2", "2"));
    let pretty = two.replace(", ", ",\n  ").replace('{', "{\n  ");
    for bad in [
        "connecting",
        "[info] connecting",
        "say \"hello",
        "say \\",
        "{\"value\": 1, \"obs",
        "{\"value\": \"\\",
        "{\"value\": 1,",
        "\", \"hash\": \"h\"}",
        "}]",
        "{",
    ] {
        for (input, line) in [
            (format!("{bad}\n{one}\n{pretty}\n"), 1),
            (format!("{one}\n{bad}\n{pretty}"), 2),
            (format!("[{one}]\n{bad}\n[{pretty}]\n"), 2),
            (format!("{one}\n{two}\n{bad}"), 3),
        ] {
            let report = ingest(&memory(), &input);
            assert_eq!((report.payloads, report.inserted), (3, 2), "{input}");
            assert_eq!(report.rejected[0].position.line, line, "{input}");
        }
    }
    // Of pieces this is true of an array as well.
    let options = IngestOptions::new().format(Format::NdJson);
    for bad in ["[", "[1,", "[{"] {
        let input = format!("{bad}\n{one}\n{two}\n");
        let report = memory().ingest(input.as_bytes(), &options).unwrap();
        assert_eq!((report.payloads, report.inserted), (3, 2), "{input}");
    }
}

#[test]
fn whole_payloads_are_those_that_nothing_can_be_added_to() {
    for (whole, rest) in [
        ("", ""),
        ("", "{\"a\": 1}"),
        ("{\"a\": 1}\n", ""),
        ("{\"a\": 1}\n\n", "{\"a\":\n"),
        ("{\"a\":\n[1]\n}\n", "[\n{\"a\": \"}]\"},\n{\"a\": 1}\n"),
        ("oops\n\"oops\n{oops\n", "{\n"),
        ("{\"a\": 1,\n", "{\"a\": 1,\n"),
        ("{\"a\": \"\\\"{\"}\n{\"a\": \"\\\"}\n", "{\"a\": \"\\\"}"),
    ] {
        let input = format!("{whole}{rest}");
        let found = satori_store::whole_payloads(input.as_bytes());
        assert_eq!(std::str::from_utf8(found).unwrap(), whole, "{input}");
    }
    // Brackets cost no more than lines do.
    let input = "[\n".repeat(1 << 18);
    let begun = std::time::Instant::now();
    assert!(satori_store::whole_payloads(input.as_bytes()).len() > 1 << 18);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn a_stream_id_is_a_whole_number_in_64_bits() {
    let store = memory();
    for (id, wanted) in [
        ("9223372036854775808", "out of range"),
        ("\"9223372036854775808\"", "out of range"),
        ("-9223372036854775809", "out of range"),
        ("1e300", "out of range"),
        ("1.5", "whole number"),
        ("\"1.5\"", "whole number"),
        ("\"one\"", "whole number"),
        ("true", "boolean"),
    ] {
        for json in [
            format!(r#"{{"value": 1, "observed_at": 1, "stream": {{"uuid": "s", "id": {id}}}}}"#),
            format!(
                r#"{{"value": 1, "observed_at": 1, "stream_id": {id}, "stream": {{"uuid": "s"}}}}"#
            ),
        ] {
            let report = ingest(&store, &json);
            let error = report.rejected[0].error.to_string();
            assert!(error.contains(wanted), "{id}: {error}");
        }
    }
    for id in ["9223372036854775807", "\"7\"", "7.0", "-1"] {
        let json = format!(r#"[{{"uuid": "s", "id": {id}}}]"#);
        assert!(
            store
                .sync_streams(json.as_bytes())
                .unwrap()
                .rejected
                .is_empty(),
            "{id}"
        );
    }
}

/// Not as the number that it was read as.
#[test]
fn a_number_that_is_refused_is_shown_as_it_was_sent() {
    let store = memory();
    for number in [
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551617",
        "9007199254740993.0",
        "1.0e25",
        "1E300",
    ] {
        let sent = format!("\"{number}\" is not a ");
        for json in [
            format!(
                r#"{{"value": 1, "observed_at": 1, "stream": {{"uuid": "s", "id": {number}}}}}"#
            ),
            format!(
                r#"{{"value": 1, "observed_at": 1, "stream_id": {number}, "stream": {{"uuid": "s"}}}}"#
            ),
        ] {
            let report = ingest(&store, &json);
            let error = report.rejected[0].error.to_string();
            assert!(error.contains(&sent), "{json}: {error}");
        }
        let json = format!(r#"[{{"uuid": "s", "id": {number}}}]"#);
        let report = store.sync_streams(json.as_bytes()).unwrap();
        let error = report.rejected[0].error.to_string();
        assert!(error.contains(&sent), "{json}: {error}");
    }
}

#[test]
fn a_timestamp_that_is_refused_is_shown_as_it_was_sent() {
    for number in ["18446744073709551617000", "-1.0e25", "1E300"] {
        for field in ["observed_at", "ts"] {
            let json = format!(r#"{{"value": 1, "{field}": {number}, "stream": {{"uuid": "s"}}}}"#);
            let report = ingest(&memory(), &json);
            let error = report.rejected[0].error.to_string();
            let sent = format!("\"{number}\" is not a timestamp");
            assert!(error.contains(&sent), "{json}: {error}");
        }
    }
}
