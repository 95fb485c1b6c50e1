//! Ingestion of the server's JSON, in each shape it comes in.

use std::fs;

use crate::support::*;
use crate::{ingest, payload};
use satori_store::{ErrorCode, Format, IngestOptions, Remove, Store, StreamUuid};

fn bitcoin() -> StreamUuid {
    StreamUuid::from_parts("central", "satori", "bitcoin", "")
}

#[test]
fn the_feeds_go_in_whole_and_a_second_time_change_nothing() {
    let feeds = [
        ("bitcoin", "bitcoin", 156, 0),
        ("eurusd", "eurusd", 5_000, 0),
        // One instant of this feed has two values.
        (
            "sea_surface_temperature",
            "sea-surface-temperature",
            19_225,
            1,
        ),
    ];
    for (file, name, rows, conflicts) in feeds {
        // The large ones lie beside the repository, if at all.
        let places = [crate_file("tests/feeds"), crate_file("../shared/feeds")];
        let found = places
            .iter()
            .map(|folder| folder.join(format!("{file}.ndjson")))
            .find(|path| path.exists());
        let Some(json) = found.map(|path| fs::read(path).unwrap()) else {
            continue;
        };
        let store = memory();
        let report = ingest(&store, &json);
        assert_eq!(
            (report.inserted, report.conflicts.len()),
            (rows, conflicts),
            "{file}"
        );
        assert_eq!((report.rejected.len(), report.nothing), (0, 0));
        let s = StreamUuid::from_parts("central", "satori", name, "");
        assert_eq!(report.streams, std::slice::from_ref(&s));
        let before = store.stream_by_name(name).unwrap().unwrap();
        assert_eq!((&before.uuid, store.count(&s, ..).unwrap()), (&s, rows));

        let again = ingest(&store, &json);
        assert_eq!(
            (again.inserted, again.already_there, again.conflicts.len()),
            (0, rows, conflicts)
        );
        let mut after = store.stream(&s).unwrap().unwrap();
        assert!(after.last_synced > before.last_synced);
        after.last_synced = before.last_synced;
        assert_eq!(after, before);

        let verified = store.verify(&s).unwrap();
        // The row after the rejected one is chained to it.
        assert_eq!(
            (verified.suspect.len(), verified.foreign.len()),
            (conflicts, 0),
            "{file}"
        );
        if let Some(conflict) = report.conflicts.first() {
            let next = store
                .observations(&s, conflict.conflict.ts..)
                .unwrap()
                .nth(1)
                .unwrap()
                .unwrap();
            assert_eq!(verified.suspect, [next.ts]);
            assert_eq!(conflict.position.line, conflict.position.index + 1);
        }
    }
}

#[test]
fn the_old_shape_needs_the_callers_uuid_and_stores_no_metadata() {
    let store = memory();
    let feed = feed("bitcoin_before_streams.ndjson");
    let report = ingest(&store, &feed);
    assert_eq!((report.inserted, report.rejected.len()), (0, 156));
    assert_eq!(report.rejected[155].error.code(), ErrorCode::MissingUuid);
    let options = IngestOptions::new().uuid(uuid("mine")).provider("engine");
    assert_eq!(store.ingest(&feed, &options).unwrap().inserted, 156);
    assert_eq!(store.streams().unwrap(), []);
    assert_eq!(store.streams_without_metadata().unwrap(), [uuid("mine")]);
    assert_eq!(store.verify(&uuid("mine")).unwrap().verified, 156);
    assert_eq!(
        store.latest(&uuid("mine")).unwrap().unwrap().provider,
        "engine"
    );
    // The next payload brings the metadata; the caller's uuid wins over its own.
    let json = payload("1", "1767225600");
    assert_eq!(store.ingest(json.as_bytes(), &options).unwrap().inserted, 1);
    assert_eq!(
        store.stream_by_name("n").unwrap().unwrap().uuid,
        uuid("mine")
    );
    assert_eq!(store.stream(&uuid("s")).unwrap(), None);
}

#[test]
fn arrays_lines_and_one_pretty_printed_object_say_the_same() {
    let one = String::from_utf8(feed("bitcoin.ndjson")).unwrap();
    let first: serde_json::Value = serde_json::from_str(one.lines().next().unwrap()).unwrap();
    let pretty = serde_json::to_string_pretty(&first).unwrap();
    let array = format!("[{}]", one.lines().collect::<Vec<_>>().join(","));
    let bom = format!("\u{feff}{one}");
    let crlf = one.replace('\n', "\r\n\r\n");
    for (json, rows) in [
        (&one, 156),
        (&array, 156),
        (&bom, 156),
        (&crlf, 156),
        (&pretty, 1),
        (&format!("\n\n {pretty}\n\n"), 1),
        (&format!("\u{feff}\r\n{array}\r\n"), 156),
    ] {
        let store = memory();
        let report = ingest(&store, json);
        assert_eq!(
            (report.inserted, report.rejected.len()),
            (rows, 0),
            "{}",
            &json[..20]
        );
        assert_eq!(
            store
                .observation(&bitcoin(), at("1327968000"))
                .unwrap()
                .unwrap()
                .value,
            5.55
        );
    }
    // Two of the batch have one instant and two values.
    let report = ingest(&memory(), feed("batch.json"));
    assert_eq!((report.payloads, report.inserted), (100, 99));
    assert_eq!(
        (report.streams.len(), report.conflicts[0].position.index),
        (3, 44)
    );
}

#[test]
fn nothing_new_is_no_error() {
    for (json, payloads) in [
        ("null", 1),
        (" null\n", 1),
        ("[null, null]", 2),
        ("null\nnull\r\n", 2),
        ("", 0),
        (" \n\r\n", 0),
        ("[]", 0),
        ("\u{feff}", 0),
    ] {
        let report = ingest(&memory(), json);
        assert_eq!(
            (report.payloads, report.nothing, report.streams.len()),
            (payloads, payloads as u64, 0),
            "{json:?}"
        );
    }
}

#[test]
fn a_hash_is_computed_where_none_comes() {
    let store = memory();
    let given = feed("bitcoin_before_streams.ndjson");
    let lines: Vec<_> = String::from_utf8(given.clone())
        .unwrap()
        .lines()
        .map(|line| {
            let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
            match json["id"].as_i64().unwrap() % 3 {
                0 => json["hash"] = "".into(),
                1 => json["hash"] = serde_json::Value::Null,
                _ => drop(json.as_object_mut().unwrap().remove("hash")),
            }
            json.to_string()
        })
        .collect();
    let (with, without) = (
        IngestOptions::new().uuid(uuid("with")),
        IngestOptions::new().uuid(uuid("without")),
    );
    store.ingest(&given, &with).unwrap();
    store.ingest(lines.join("\n").as_bytes(), &without).unwrap();
    assert_eq!(
        all(&store, &uuid("with")).unwrap(),
        all(&store, &uuid("without")).unwrap()
    );
}

#[test]
fn metadata_and_observation_go_in_together_or_not_at_all() {
    let store = memory();
    let json = r#"{"value": "bad", "observed_at": 1, "stream": {"uuid": "s", "name": "n"}}"#;
    assert_eq!(ingest(&store, json).rejected.len(), 1);
    assert_eq!(
        (
            store.stream(&uuid("s")).unwrap(),
            store.streams_without_metadata().unwrap()
        ),
        (None, vec![])
    );
    // Later payloads of a batch say more than earlier ones; absent keeps, null clears.
    let report = ingest(
        &store,
        r#"[{"value": 1, "ts": 1, "stream": {"uuid": "s", "name": "a", "author": "x", "meta": "m"}},
        {"value": 2, "ts": 2, "stream": {"uuid": "s", "name": "b", "meta": null}}]"#,
    );
    assert_eq!(report.inserted, 2);
    let stream = store.stream(&uuid("s")).unwrap().unwrap();
    assert_eq!(
        (
            stream.name.as_deref(),
            stream.author.as_deref(),
            stream.meta
        ),
        (Some("b"), Some("x"), None)
    );
}

#[test]
fn a_stored_row_that_cannot_be_read_keeps_out_only_what_needs_it() {
    for count in [1, 400] {
        let (_folder, path) = place();
        let store = Store::open(&path).unwrap();
        let table = "(ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC NOT NULL, \
                     hash TEXT NOT NULL, provider TEXT NOT NULL)";
        sql(
            &path,
            &format!(
                "CREATE TABLE late {table}; INSERT INTO late VALUES ('soon', 1, 'h', 'p'); \
                 CREATE TABLE odd {table}; INSERT INTO odd VALUES (5, 'abc', 'h', 'p');"
            ),
        );
        let payload = |stream: &str, ts: usize, hash: &str| {
            let name = if hash.is_empty() { "none" } else { "hashed" };
            format!(
                r#"{{"value": 1, "observed_at": {ts}, {hash} "stream": {{"uuid": "{stream}", "name": "{name}"}}}}"#
            )
        };
        let given = r#""hash": "h","#;
        let mut lines = vec![
            payload("sound", 1, ""),
            payload("late", 1, given),
            payload("odd", 4, given),
            // The chain goes on past a row that can't be read; at its own instant one is refused.
            payload("late", 2, ""),
            payload("odd", 5, given),
        ];
        lines.extend((10..10 + count).map(|ts| payload("late", ts, "")));
        let report = ingest(&store, lines.join("\n"));
        assert_eq!(report.inserted, 4 + count as u64);
        let rejected: Vec<_> = report.rejected.iter().map(|r| r.position.index).collect();
        assert_eq!(rejected, [4]);
        for rejected in &report.rejected {
            assert_eq!(rejected.error.code(), ErrorCode::UnreadableRow);
        }
        // Nor is the metadata of those that were kept out stored.
        for (stream, name) in [("late", "none"), ("odd", "hashed"), ("sound", "none")] {
            let stored = store.stream(&uuid(stream)).unwrap().unwrap();
            assert_eq!(stored.name.as_deref(), Some(name), "{stream}");
        }
        let strict = IngestOptions::new().strict(true);
        let error = store.ingest(lines[4].as_bytes(), &strict).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Refused);
    }
}

#[test]
fn a_payload_in_conflict_leaves_the_metadata_as_it_was() {
    let store = memory();
    let payload = |value: f64, name: &str| {
        format!(r#"{{"value":{value},"observed_at":100,"stream":{{"uuid":"u","name":"{name}"}}}}"#)
    };
    let ingest = |json: String| {
        store
            .ingest(json.as_bytes(), &IngestOptions::new())
            .unwrap()
    };
    assert_eq!(ingest(payload(1.0, "old")).inserted, 1);
    assert_eq!(ingest(payload(2.0, "new")).conflicts.len(), 1);
    assert!(store.stream_by_name("new").unwrap().is_none());
    assert_eq!(ingest(payload(1.0, "newer")).already_there, 1);
    assert!(store.stream_by_name("newer").unwrap().is_some());
}

#[test]
fn lines_are_counted_from_the_largest_number_that_is_taken() {
    let store = memory();
    for first in [isize::MAX as usize, usize::MAX] {
        let options = IngestOptions::new()
            .format(Format::NdJson)
            .first_line(first);
        let report = store.ingest(b"1\n2\n\n3", &options).unwrap();
        let lines: Vec<_> = report
            .rejected
            .iter()
            .map(|one| one.position.line)
            .collect();
        let first = isize::MAX as usize;
        assert_eq!(lines, [first, first + 1, first + 3]);
    }
}

#[test]
fn a_stream_that_another_store_removes_is_made_anew() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let other = Store::open(&path).unwrap();
    let s = uuid("s");
    let payload = |ts: i64| {
        format!(
            r#"{{"value": 1, "ts": {ts}, "hash": "h", "stream": {{"uuid": "s", "name": "n"}}}}"#
        )
    };
    for ts in 1..3 {
        assert_eq!(ingest(&store, payload(ts)).inserted, 1);
    }
    let mut rows = 2;
    for (what, ts) in [Remove::Metadata, Remove::Data, Remove::Both]
        .into_iter()
        .zip(3..)
    {
        let before = store.stream(&s).unwrap().unwrap();
        other.remove(&s, what).unwrap();
        assert_eq!(ingest(&store, payload(ts)).inserted, 1, "{what:?}");
        let now = store.stream(&s).unwrap().unwrap();
        assert_eq!(now.name.as_deref(), Some("n"));
        assert_eq!(now.id == before.id, what == Remove::Data, "{what:?}");
        assert_eq!(store.streams_with_data().unwrap(), std::slice::from_ref(&s));
        rows = if what == Remove::Metadata {
            rows + 1
        } else {
            1
        };
        assert_eq!(store.count(&s, ..).unwrap(), rows, "{what:?}");
        assert_eq!(other.streams().unwrap(), [now]);
    }
}

#[test]
fn new_streams_of_a_batch_come_in_its_order() {
    // Objects that set different fields, or none.
    let fields = [
        "",
        r#", "name": "n""#,
        "",
        r#", "author": null"#,
        r#", "name": "n""#,
    ];
    for hash in ["", r#", "hash": "h""#] {
        let payload = |(number, fields): (usize, &str)| {
            format!(r#"{{"value": 1, "ts": 60{hash}, "stream": {{"uuid": "s{number}"{fields}}}}}"#)
        };
        let batch: Vec<_> = fields.into_iter().enumerate().map(payload).collect();
        let store = memory();
        ingest(&store, batch.join("\n"));
        let wanted = [0, 1, 2, 3, 4].map(|number| uuid(&format!("s{number}")));
        let streams = store.streams().unwrap().into_iter();
        assert_eq!(
            streams.map(|stream| stream.uuid).collect::<Vec<_>>(),
            wanted
        );
        assert_eq!(store.streams_with_data().unwrap(), wanted);
    }
}
