//! `ingest` and `sync`.

use diesel::{RunQueryDsl, sql_query};

use crate::common::{BITCOIN, Folder, feed, payload};

#[test]
fn a_feed_fills_the_store_once() {
    let folder = Folder::new();
    let feed = feed("bitcoin.ndjson");
    let ran = folder.run(&["ingest", "engine.db", &feed]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out, "156 payloads: 156 inserted, 0 already there\n");
    assert_eq!(ran.err, "");

    let again = folder.run(&["--json", "ingest", "engine.db", &feed]);
    assert_eq!(again.code, 0);
    let report = again.json();
    assert_eq!(report["payloads"], 156);
    assert_eq!(report["inserted"], 0);
    assert_eq!(report["already_there"], 156);
    assert_eq!(report["streams"][0], BITCOIN);
}

#[test]
fn the_unit_of_numbers_is_named() {
    let line = payload(86_400_000, 1);
    for (unit, ts) in [
        ("ms", "1970-01-02T00:00:00Z"),
        ("us", "1970-01-01T00:01:26.400000Z"),
        ("ns", "1970-01-01T00:00:00.086400Z"),
        ("s", "1972-09-27T00:00:00Z"),
        ("auto", "1972-09-27T00:00:00Z"),
    ] {
        let folder = Folder::new();
        let ran = folder.feed(&["ingest", "engine.db", "--unit", unit], line.as_bytes());
        assert_eq!(ran.code, 0, "{ran:?}");
        let ran = folder.run(&["observations", "engine.db", "s", "--json"]);
        assert_eq!(ran.json()[0]["ts"], ts, "{unit}");
    }
    let ran = Folder::new().run(&["ingest", "engine.db", "--unit", "h"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_table_of_text_goes_on_as_text_if_asked() {
    for (args, kind) in [(&["--keep-spelling"] as &[&str], "text"), (&[], "integer")] {
        let folder = Folder::new();
        folder.write("line", payload(1, 1));
        assert_eq!(folder.run(&["ingest", "engine.db", "line"]).code, 0);
        let mut db = folder.sqlite();
        sql_query("UPDATE s SET ts = '2024-01-03 12:00:00'")
            .execute(&mut db)
            .unwrap();
        drop(db);
        folder.write("line", payload(1_704_286_800, 2));
        let args = [&["ingest", "engine.db", "line"], args].concat();
        assert_eq!(folder.run(&args).code, 0);
        let mut db = folder.sqlite();
        let changed = sql_query(format!(
            "UPDATE s SET value = 3 WHERE value = 2 AND typeof(ts) = '{kind}'"
        ));
        assert_eq!(changed.execute(&mut db).unwrap(), 1, "{kind}");
    }
}

#[test]
fn input_that_is_no_json_is_named() {
    let folder = Folder::new();
    for (input, name) in [
        (b"\x1f\x8b\x08\0" as &[u8], "gzip"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"{\0\0\0}\0\0\0", "UTF-32"),
    ] {
        folder.write("input", input);
        for ran in [
            folder.run(&["ingest", "engine.db", "input"]),
            folder.feed(&["ingest", "engine.db"], input),
            folder.run(&["sync", "engine.db", "input"]),
        ] {
            assert_eq!(ran.code, 4, "{ran:?}");
            assert!(ran.err.contains(&format!("the input is {name}")), "{ran:?}");
        }
    }
}

#[test]
fn the_old_shape_needs_a_uuid() {
    let folder = Folder::new();
    let feed = feed("bitcoin_before_streams.ndjson");
    let ran = folder.run(&["ingest", "engine.db", &feed, "--json"]);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    assert_eq!(report["inserted"], 0);
    assert_eq!(report["rejected"].as_array().unwrap().len(), 156);
    assert_eq!(report["rejected"][0]["error"]["kind"], "missing_uuid");
    assert_eq!(report["rejected"][155]["line"], 156);

    let ran = folder.run(&[
        "ingest",
        "engine.db",
        &feed,
        "--uuid",
        BITCOIN,
        "--provider",
        "me",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let shown = folder.run(&["show", "engine.db", BITCOIN, "--json"]).json();
    assert_eq!(shown["rows"], 156);
    assert_eq!(shown["metadata"], serde_json::Value::Null);
    assert_eq!(shown["providers"][0]["provider"], "me");
}

#[test]
fn what_is_refused_is_reported_and_the_rest_is_stored() {
    let folder = Folder::new();
    let lines = [
        payload(1_704_283_200, 1),
        "not json".to_owned(),
        String::new(),
        "null".to_owned(),
        payload(1_704_283_200, 2),
        payload(1_704_286_800, 3),
    ];
    folder.write("feed", lines.join("\n"));
    let ran = folder.run(&["ingest", "engine.db", "feed"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.out,
        "5 payloads: 2 inserted, 0 already there, 1 without news, 1 in conflict, 1 rejected\n"
    );
    assert!(ran.err.contains("feed:2: column "), "{ran:?}");
    assert!(
        ran.err
            .contains("feed:5: 2024-01-03T12:00:00Z has the value 1 already, 2 is refused"),
        "{ran:?}"
    );

    let report = folder
        .run(&["ingest", "engine.db", "feed", "--json"])
        .json();
    let conflict = &report["conflicts"][0];
    assert_eq!(conflict["file"], "feed");
    assert_eq!(
        (&conflict["line"], &conflict["index"]),
        (&5.into(), &3.into())
    );
    assert_eq!(
        (&conflict["stored"], &conflict["offered"]),
        (&1.0.into(), &2.0.into())
    );
    assert_eq!(conflict["stream"], "s");
}

#[test]
fn strict_stores_all_of_a_file_or_nothing() {
    let folder = Folder::new();
    folder.write("bad", format!("{}\nnot json\n", payload(1_704_283_200, 1)));
    folder.write("good", payload(1_704_286_800, 2));
    let ran = folder.run(&["ingest", "engine.db", "bad", "good", "--strict", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["payloads"], 3);
    assert_eq!(report["inserted"], 1);
    assert_eq!(report["rejected"][0]["line"], 2);
    let rows = folder
        .run(&["observations", "engine.db", "s", "--json"])
        .json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["value"], 2.0);
}

#[test]
fn standard_input_is_read() {
    let bitcoin = std::fs::read(feed("bitcoin.ndjson")).unwrap();
    for args in [&["ingest", "engine.db"][..], &["ingest", "engine.db", "-"]] {
        let ran = Folder::new().feed(args, &bitcoin);
        assert_eq!(
            ran.out, "156 payloads: 156 inserted, 0 already there\n",
            "{ran:?}"
        );
    }
    let ran = Folder::new().feed(&["ingest", "engine.db"], b"not json\n");
    assert!(ran.err.contains("standard input:1: "), "{ran:?}");
}

#[test]
fn arrays_and_objects_of_many_lines_are_whole() {
    let folder = Folder::new();
    // The feed has one instant twice, with different values.
    let ran = folder.run(&["ingest", "engine.db", &feed("batch.json"), "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.json()["payloads"], 100);
    assert_eq!(ran.json()["inserted"], 99);
    assert_eq!(ran.json()["conflicts"][0]["index"], 44);

    folder.write("object", payload(1_704_283_200, 1).replace(", ", ",\n"));
    let ran = folder.run(&["ingest", "engine.db", "object", "--json"]);
    assert_eq!(ran.json()["inserted"], 1);

    // As lines this would be more than one piece.
    let many: Vec<_> = (0..12_000).map(|second| payload(second, 1)).collect();
    folder.write("array", format!("[\n{}\n]", many.join(",\n")));
    let ran = folder.run(&["ingest", "engine.db", "array", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["inserted"], 12_000);
}

/// A piece is 4 MiB; the last of these is longer.
#[test]
fn payloads_over_several_lines_are_read_in_a_file_of_any_length() {
    let pretty = |second| {
        let payload: serde_json::Value = serde_json::from_str(&payload(second, 1)).unwrap();
        serde_json::to_string_pretty(&payload).unwrap()
    };
    for count in [2_000, 60_000] {
        let mut objects: Vec<_> = (0..count).map(pretty).collect();
        let lines = objects[0].lines().count();
        // An array a line, a line that is no JSON, and a payload on one line.
        objects.push(format!(
            "[{}, {}]",
            payload(count, 1),
            payload(count + 1, 1)
        ));
        objects.push("not json".to_owned());
        objects.push(payload(count + 2, 1));
        let feed = objects.join("\n");
        let folder = Folder::new();
        folder.write("feed", &feed);
        for ran in [
            folder.run(&["ingest", "engine.db", "feed", "--json"]),
            Folder::new().feed(&["ingest", "engine.db", "--json"], feed.as_bytes()),
        ] {
            assert_eq!(ran.code, 1, "{}", ran.err);
            let report = ran.json();
            assert_eq!(report["inserted"], count + 3);
            let rejected = report["rejected"].as_array().unwrap();
            assert_eq!(rejected.len(), 1);
            assert_eq!(rejected[0]["line"], count * lines + 2);
            assert_eq!(rejected[0]["index"], count + 2);
        }
    }
}

#[test]
fn a_long_array_that_is_malformed_is_bad_input() {
    let mut lines: Vec<_> = (0..60_000).map(|second| payload(second, 1)).collect();
    lines[50_000].push('}');
    let folder = Folder::new();
    folder.write("array", format!("[\n{}\n]\n", lines.join(",\n")));
    let ran = folder.run(&["ingest", "engine.db", "array", "--json"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert_eq!(ran.json()["payloads"], 0);
    assert!(ran.err.contains("array: line 50002 column "), "{}", ran.err);
}

#[test]
fn an_array_cut_short_is_bad_input_and_other_files_are_ingested() {
    let folder = Folder::new();
    folder.write("cut", format!("[{},", payload(1_704_283_200, 1)));
    folder.write("good", payload(1_704_286_800, 2));
    let ran = folder.run(&["ingest", "engine.db", "cut", "good", "--json"]);
    assert_eq!(ran.code, 4);
    assert_eq!(ran.json()["inserted"], 1);
    let error = ran.error();
    assert_eq!(
        (&error["kind"], &error["code"]),
        (&"invalid_json".into(), &19.into())
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("cut: line 1 column ")
    );
}

/// A piece is 10,000 lines; places count from the start of the file.
#[test]
fn places_are_right_across_pieces() {
    let folder = Folder::new();
    let mut lines: Vec<_> = (0..25_000).map(|second| payload(second, 1)).collect();
    // The last line of a piece, then first lines of pieces: an array, a cut object.
    for (line, text) in [
        (10_000, "bad"),
        (10_001, "[1,"),
        (20_001, "{"),
        (24_999, "null"),
    ] {
        lines[line - 1] = text.to_owned();
    }
    lines[12_344] = String::new();
    lines[24_999] = payload(24_998 - 1, 7);
    folder.write("feed", lines.join("\n"));
    let ran = folder.run(&["ingest", "engine.db", "feed", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let report = ran.json();
    let place = |refused: &serde_json::Value| {
        (
            refused["line"].as_u64().unwrap(),
            refused["index"].as_u64().unwrap(),
        )
    };
    let rejected: Vec<_> = report["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(place)
        .collect();
    assert_eq!(
        rejected,
        [(10_000, 9_999), (10_001, 10_000), (20_001, 19_999)]
    );
    assert_eq!(place(&report["conflicts"][0]), (25_000, 24_998));
    for (index, line) in [(0, 10_000), (1, 10_001), (2, 20_001)] {
        let message = report["rejected"][index]["error"]["message"]
            .as_str()
            .unwrap();
        assert!(
            message.starts_with(&format!("line {line} column ")),
            "{message}"
        );
    }
    // The blank line is no payload; the three rejected, null and the conflict are
    // not inserted.
    assert_eq!(report["payloads"], 24_999);
    assert_eq!(report["nothing"], 1);
    assert_eq!(report["inserted"], 24_999 - 5);
}

#[test]
fn an_endless_line_is_refused_and_the_next_is_read() {
    let folder = Folder::new();
    let mut feed = b"{\"value\": \"".to_vec();
    feed.resize(5 << 20, b'1');
    feed.push(b'\n');
    feed.extend(payload(1_704_283_200, 1).into_bytes());
    let ran = folder.feed(&["ingest", "engine.db", "--json"], &feed);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["inserted"], 1);
    assert_eq!(report["rejected"][0]["line"], 1);
    let message = report["rejected"][0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("larger than"), "{message}");
}

#[test]
fn a_missing_file_is_reported_before_anything_is_created() {
    let folder = Folder::new();
    let ran = folder.run(&["ingest", "engine.db", &feed("bitcoin.ndjson"), "nosuch"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("cannot read nosuch"), "{ran:?}");
    assert!(!folder.path("engine.db").exists());
}

#[test]
fn the_store_is_not_its_own_input() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["ingest", "engine.db", "./engine.db"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("it is the store itself"), "{ran:?}");
}

/// A payload with a text of so many bytes, one member a line.
fn pretty(seconds: usize, text: usize) -> String {
    let members = payload(seconds, 1).replace(", ", ",\n").replace('{', "{\n");
    format!(
        "{}\n, \"more\": [\n{}0]}}\n",
        &members[..members.len() - 1],
        "\"x\",\n".repeat(text / 5)
    )
}

/// However long an input is that begins with a payload of several lines, it is payloads.
#[test]
fn payloads_of_several_lines_may_be_many_and_large() {
    let folder = Folder::new();
    let long_line = pretty(1, 5).replace('x', &"x".repeat(2_000_000));
    for (input, line) in [
        (pretty(1, 2_000_000), 1),
        (long_line, 1),
        (format!("\n\n{}", pretty(1, 8_000_000)), 3),
    ] {
        folder.write("large.json", &input);
        for ran in [
            folder.run(&["ingest", "engine.db", "large.json"]),
            folder.feed(&["ingest", "engine.db"], input.as_bytes()),
        ] {
            assert_eq!(ran.code, 1, "{ran:?}");
            let lines: Vec<_> = ran.err.lines().collect();
            assert_eq!(lines.len(), 1, "{ran:?}");
            let expected = format!(":{line}: column 1: larger than 1048576 bytes");
            assert!(lines[0].ends_with(&expected), "{ran:?}");
        }
    }
    let many: Vec<_> = (0..60).map(|seconds| pretty(seconds, 100_000)).collect();
    folder.write("many.json", many.concat());
    let ran = folder.run(&["ingest", "engine.db", "many.json"]);
    assert_eq!(
        ran.out, "60 payloads: 60 inserted, 0 already there\n",
        "{ran:?}"
    );
    let ran = folder.feed(&["ingest", "engine.db"], many.concat().as_bytes());
    assert_eq!(
        ran.out, "60 payloads: 0 inserted, 60 already there\n",
        "{ran:?}"
    );
    // The first of many lines that was cut short costs no other.
    let lines: Vec<_> = (100..20_100).map(|seconds| payload(seconds, 1)).collect();
    folder.write(
        "cut.ndjson",
        format!("{{\"value\": 1,\n{}", lines.join("\n")),
    );
    let ran = folder.run(&["ingest", "engine.db", "cut.ndjson"]);
    assert!(
        ran.out.starts_with("20,001 payloads: 20,000 inserted"),
        "{ran:?}"
    );
}

#[test]
fn sync_reads_files_and_standard_input_as_ingest_does() {
    let folder = Folder::new();
    folder.write("one", r#"[{"uuid": "a"}, {"name": "no uuid"}]"#);
    folder.write("two", r#"{"uuid": "b"}"#);
    let ran = folder.feed(
        &["sync", "engine.db", "one", "-", "two"],
        br#"{"uuid": "c"}"#,
    );
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(
        ran.out,
        "4 streams: 3 new, 0 changed, 0 unchanged, 1 rejected\n"
    );
    assert!(ran.err.contains("one:1: "), "{ran:?}");
    let ran = folder.feed(&["sync", "engine.db"], br#"[{"uuid": "a", "name": "n"}]"#);
    assert_eq!(ran.out, "1 stream: 0 new, 1 changed, 0 unchanged\n");
    // A file that is no JSON costs no other, and one that is missing comes before all.
    folder.write("cut", "[{");
    folder.write("three", r#"{"uuid": "d"}"#);
    let ran = folder.run(&["sync", "engine.db", "cut", "three"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (4, "1 stream: 1 new, 0 changed, 0 unchanged\n")
    );
    let ran = folder.run(&["sync", "other.db", "three", "nosuch"]);
    assert_eq!(ran.code, 3);
    assert!(!folder.path("other.db").exists());
    let ran = folder.run(&["sync", "engine.db", "./engine.db"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("it is the store itself"), "{ran:?}");
}

#[test]
fn sync_says_what_is_new_and_what_has_changed() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["sync", "engine.db", &feed("streams.json")]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "4 streams: 3 new, 0 changed, 1 unchanged\n");

    let input = br#"[{"uuid": "a", "name": "one"}, {"name": "no uuid"}]"#;
    let ran = folder.feed(&["sync", "engine.db", "-", "--json"], input);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    assert_eq!(report["new"][0], "a");
    assert_eq!(report["rejected"][0]["index"], 1);
    assert_eq!(report["rejected"][0]["error"]["kind"], "missing_uuid");

    let ran = folder.feed(&["sync", "engine.db", "-"], b"[{");
    assert_eq!(ran.code, 4);
}

#[test]
fn a_byte_order_mark_costs_no_payload_of_a_long_file() {
    let folder = Folder::new();
    let lines: Vec<_> = (0..10_001).map(|ts| payload(ts, 1)).collect();
    folder.write("long.ndjson", format!("\u{feff}{}\n", lines.join("\n")));
    let ran = folder.run(&["ingest", "engine.db", "long.ndjson"]);
    assert_eq!(
        ran.out,
        "10,001 payloads: 10,001 inserted, 0 already there\n"
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn an_array_may_have_lines_of_any_length() {
    let payloads: Vec<_> = (0..20_000).map(|ts| payload(ts, 1)).collect();
    let large = format!(
        r#"{{"value": 1, "observed_at": 1, "pad": "{}"}}"#,
        "x".repeat(1 << 20)
    );
    for (json, inserted, rejected) in [
        (format!("\n[{}]\n", payloads.join(",")), 20_000, 0),
        (
            format!("[\n{},\n{large},\n{}]\n", payloads[0], payloads[1]),
            2,
            1,
        ),
    ] {
        let folder = Folder::new();
        let ran = folder.feed(&["ingest", "engine.db", "--json"], json.as_bytes());
        assert!(ran.code < 2, "{}: {}", ran.code, ran.err);
        let report = ran.json();
        assert_eq!(report["inserted"], inserted);
        assert_eq!(report["rejected"].as_array().unwrap().len(), rejected);
    }
}

#[test]
fn the_end_of_a_line_that_is_too_long_is_no_payload() {
    let folder = Folder::new();
    let mut lines: Vec<_> = (0..10_000).map(|ts| payload(ts, 1)).collect();
    // The first line of the second piece: what is cut off would be a payload.
    lines.push(format!(
        "[{}{}",
        " ".repeat((1 << 20) + 1),
        payload(10_000, 1)
    ));
    lines.push("not json".to_owned());
    folder.write("long.ndjson", lines.join("\n"));
    let report = folder
        .run(&["ingest", "engine.db", "long.ndjson", "--json"])
        .json();
    assert_eq!(report["inserted"], 10_000);
    let rejected = report["rejected"].as_array().unwrap();
    let places: Vec<_> = rejected.iter().map(|r| r["line"].as_u64()).collect();
    assert_eq!(places, [Some(10_001), Some(10_002)]);
}
