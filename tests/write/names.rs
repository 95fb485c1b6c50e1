//! Names of streams, which are names of tables: hostile ones among them.

use crate::ingest;
use crate::support::*;
use satori_store::{Error, ErrorCode, IngestOptions, Remove, Store, StreamPatch, StreamUuid};

#[test]
fn names_that_are_kept_for_others_are_refused() {
    let long = "x".repeat(1 << 20);
    for name in [
        "",
        "streams",
        "STREAMS",
        "Streams",
        "sqlite_x",
        "pragma_table_list",
        "Pragma_x",
        "SQLITE_master",
        "sqlite_sequence",
        "__diesel_schema_migrations",
        "__",
        "nul\0",
        "\0",
        "tab\t",
        "line\n",
        "\u{7f}",
        "\u{85}",
        &"x".repeat(256),
        &"é".repeat(128),
        &long,
    ] {
        match StreamUuid::new(name) {
            Err(Error::InvalidUuid { uuid, .. }) => assert!(uuid.len() < 500),
            other => panic!("{other:?}"),
        }
        // Nor by a payload or a sync, which reject that one alone.
        let store = memory();
        let name = serde_json::to_string(name).unwrap();
        let payload = format!(r#"{{"value": 1, "ts": 1, "stream": {{"uuid": {name}}}}}"#);
        let report = store
            .ingest(payload.as_bytes(), &IngestOptions::new())
            .unwrap();
        assert_eq!((report.inserted, report.rejected.len()), (0, 1));
        let report = store
            .sync_streams(format!(r#"[{{"uuid": {name}}}, {{"uuid": "ok"}}]"#).as_bytes())
            .unwrap();
        assert_eq!((report.new.len(), report.rejected.len()), (1, 1));
    }
}

#[test]
fn any_other_name_is_a_stream_like_any_other() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let names = [
        "'; DROP TABLE streams;--",
        "\"",
        "\"\"",
        "a\"b",
        "'",
        "`",
        "[x]",
        "]",
        "a;b",
        "%s",
        "?1",
        "\\",
        " ",
        " x ",
        "select",
        "main.x",
        "temp",
        "main",
        "rowid",
        "ts",
        "observations",
        "😀",
        "sqlite",
        "_",
        "/* */",
        "--",
        "a.b.c",
        "NULL",
        &"x".repeat(255),
    ];
    for (n, name) in names.iter().enumerate() {
        let s = uuid(name);
        let patch = StreamPatch::new().name(format!("{n}"));
        store.insert(&s, &row("2024-01-03", n as f64)).unwrap();
        store.upsert_stream(&s, &patch).unwrap();
        let rows: Vec<_> = (0..20).map(|m| row(1_704_283_200 + m, 7.0)).collect();
        store.insert_many(&s, &rows).unwrap();
    }
    assert_eq!(store.streams().unwrap().len(), names.len());
    let selects: Vec<_> = names
        .iter()
        .map(|name| format!("SELECT min(value) FROM \"{}\"", name.replace('"', "\"\"")))
        .collect();
    let seen = query(&path, &selects.join(" UNION ALL "));
    for (n, name) in names.iter().enumerate() {
        let s = uuid(name);
        assert_eq!(seen[n][0], n.min(7), "{name}, as another program reads it");
        assert_eq!(all(&store, &s).unwrap()[0].value, n as f64, "{name}");
        assert_eq!(
            store.columns(&s, at("2024-01-03 12:00")..).unwrap().len(),
            20
        );
        assert_eq!(store.statistics(&s).unwrap().count, 21);
        assert_eq!(store.verify(&s).unwrap().rows, 21);
        assert_eq!(store.normalize(&s).unwrap().rewritten, 0);
        assert_eq!(store.delete(&s, at("2024-01-03 12:00")..).unwrap(), 20);
        assert_eq!(store.remove(&s, Remove::Both).unwrap().rows, Some(1));
    }
    assert_eq!(
        query(
            &path,
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
        )[0][0],
        3
    );
}

#[test]
fn a_second_spelling_of_a_name_is_refused_and_the_first_left_alone() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("A-b"), &row("2024-01-03", 1.0)).unwrap();
    store
        .upsert_stream(&uuid("only-Metadata"), &StreamPatch::new())
        .unwrap();
    for other in ["a-B", "a-b", "ONLY-metadata"] {
        let other = uuid(other);
        for error in [
            store.insert(&other, &row("2024-01-04", 2.0)).unwrap_err(),
            store
                .insert_many(&other, &[row("2024-01-04", 2.0)])
                .unwrap_err(),
            store
                .upsert_stream(&other, &StreamPatch::new())
                .unwrap_err(),
        ] {
            assert_eq!(error.code(), ErrorCode::NotAStream);
            assert!(error.to_string().contains("another case"), "{error}");
        }
        let payload = format!(r#"{{"value": 1, "ts": 1, "stream": {{"uuid": "{other}"}}}}"#);
        assert_eq!(
            store
                .ingest(payload.as_bytes(), &IngestOptions::new())
                .unwrap()
                .rejected
                .len(),
            1
        );
        assert_eq!(store.stream(&other).unwrap(), None);
    }
    for other in ["a-B", "a-b"] {
        assert!(store.count(&uuid(other), ..).is_err());
        assert!(store.remove(&uuid(other), Remove::Data).is_err());
    }
    assert_eq!(store.count(&uuid("A-b"), ..).unwrap(), 1);
    // Other letters than ASCII's are compared as they are.
    store.insert(&uuid("Ä"), &row("2024-01-03", 1.0)).unwrap();
    store.insert(&uuid("ä"), &row("2024-01-03", 2.0)).unwrap();
    // The control: plain SQL writes into the first spelling's table.
    sql(&path, "INSERT INTO \"a-B\" VALUES (1, 2, 'h', 'engine')");
    assert_eq!(store.count(&uuid("A-b"), ..).unwrap(), 2);
}

#[test]
fn the_names_of_views_indexes_and_other_tables_are_taken() {
    let (_folder, path) = fixture("eleven_columns.db");
    let store = Store::open(&path).unwrap();
    let before = dump(&path);
    for name in [
        "notes",
        "latest_bitcoin",
        "LATEST_BITCOIN",
        "idx_streams_name",
        "IDX_STREAMS_NAME",
    ] {
        let name = uuid(name);
        for error in [
            store.insert(&name, &row("2024-01-03", 1.0)).unwrap_err(),
            store
                .insert_many(&name, &[row("2024-01-03", 1.0)])
                .unwrap_err(),
        ] {
            assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
        }
        let payload = format!(
            r#"[{{"value": 1, "ts": 1, "stream": {{"uuid": "{name}"}}}}, {{"value": 1, "ts": 1, "stream": {{"uuid": "fine"}}}}]"#
        );
        let report = store
            .ingest(payload.as_bytes(), &IngestOptions::new())
            .unwrap();
        assert_eq!(
            (
                report.inserted + report.already_there,
                report.rejected.len()
            ),
            (1, 1),
            "{name}"
        );
    }
    store.remove(&uuid("fine"), Remove::Both).unwrap();
    assert_eq!(dump(&path), before);
}

#[test]
fn names_that_another_program_put_into_the_metadata_do_no_harm() {
    let (_folder, path) = fixture("eleven_columns.db");
    let store = Store::open(&path).unwrap();
    sql(
        &path,
        "INSERT INTO streams (uuid) VALUES ('streams'), ('sqlite_schema'), ('sqlite_sequence'), ('notes'), (''), ('latest_bitcoin'),
         (CAST(x'610062' AS TEXT)), ('__diesel_schema_migrations')",
    );
    let before = dump(&path);
    let streams = store.streams().unwrap();
    assert_eq!(streams.len(), 11);
    for stream in &streams[3..] {
        assert!(
            store.insert(&stream.uuid, &row("2024-01-03", 1.0)).is_err(),
            "{}",
            stream.uuid
        );
        assert!(
            store
                .insert_many(&stream.uuid, &[row("2024-01-03", 1.0)])
                .is_err()
        );
        if !matches!(
            store.remove(&stream.uuid, Remove::Data),
            Err(_) | Ok(satori_store::Removed { rows: None, .. })
        ) {
            panic!("{} was dropped", stream.uuid);
        }
        let _ = all(&store, &stream.uuid);
    }
    assert_eq!(dump(&path), before);
    assert_eq!(query(&path, "SELECT count(*) FROM streams")[0][0], 11);
    // A text that is none is shown as what can be made of it, and hides nothing.
    sql(
        &path,
        "INSERT INTO streams (uuid) VALUES (CAST(x'61ff' AS TEXT))",
    );
    let streams = store.streams().unwrap();
    assert_eq!(streams[11].uuid.as_str(), "a\u{fffd}");
    assert!(store.stream(&uuid("iso-zulu")).unwrap().is_some());
}

#[test]
fn of_two_spellings_in_one_batch_the_one_that_is_known_is_stored() {
    let store = memory();
    store.insert(&uuid("ABC"), &row(0, 1.0)).unwrap();
    let payload = |name: &str, ts: i64| {
        format!(
            "{{\"value\": 1, \"ts\": {ts}, \"hash\": \"h\", \"stream\": {{\"uuid\": \"{name}\"}}}}\n"
        )
    };
    let batch = payload("abc", 1) + &payload("ABC", 2);
    let report = ingest(&store, batch);
    assert_eq!((report.inserted, report.rejected.len()), (1, 1));
    assert_eq!(report.rejected[0].position.index, 0);
    assert_eq!(store.count(&uuid("ABC"), ..).unwrap(), 2);
    // Where neither is known, the first.
    let report = ingest(&store, payload("x", 1) + &payload("X", 2));
    assert_eq!(report.rejected[0].position.index, 1);
    assert_eq!(store.count(&uuid("x"), ..).unwrap(), 1);
}

#[test]
fn streams_of_one_batch_come_in_its_order_whatever_is_known_of_them() {
    let store = memory();
    let objects = br#"[{"uuid": "z1", "name": "a"}, {"uuid": "z2", "author": "b"},
        {"uuid": "z3", "name": "c"}, {"uuid": "z4"}]"#;
    assert_eq!(store.sync_streams(objects).unwrap().new.len(), 4);
    let streams = store.streams().unwrap();
    let uuids: Vec<_> = streams.iter().map(|stream| stream.uuid.as_str()).collect();
    assert_eq!(uuids, ["z1", "z2", "z3", "z4"]);
}
