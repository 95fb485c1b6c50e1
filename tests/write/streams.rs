//! Stream metadata: upsert, update and removal.

use crate::support::*;
use satori_store::{ErrorCode, Remove, Store, StreamPatch};

fn full() -> StreamPatch {
    StreamPatch::new()
        .server_stream_id(1)
        .name("bitcoin".to_owned())
        .author("satori".to_owned())
        .secondary("coinbase".to_owned())
        .target("close".to_owned())
        .meta("{}".to_owned())
        .description("Bitcoin close".to_owned())
}

#[test]
fn an_upsert_keeps_what_is_absent_and_clears_what_is_null() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    let first = store.upsert_stream(&s, &full()).unwrap();
    sql(
        &path,
        "UPDATE streams SET created_at = '2020-01-01 00:00:00', last_synced = '2020-01-01'",
    );
    let second = store
        .upsert_stream(
            &s,
            &StreamPatch::new().description(None).author("b".to_owned()),
        )
        .unwrap();
    assert_eq!(
        (second.id, second.created_at),
        (first.id, Some(at("2020-01-01")))
    );
    assert!(second.last_synced > Some(at("2024-01-01")));
    assert_eq!(
        (second.description.as_deref(), second.author.as_deref()),
        (None, Some("b"))
    );
    let mut wanted = first.clone();
    wanted.description = None;
    wanted.author = Some("b".to_owned());
    wanted.created_at = second.created_at;
    wanted.last_synced = second.last_synced;
    assert_eq!(second, wanted);
    // A patch that sets nothing is a sync still.
    sql(&path, "UPDATE streams SET last_synced = NULL");
    let third = store.upsert_stream(&s, &StreamPatch::new()).unwrap();
    assert!(third.last_synced.is_some());
    wanted.last_synced = third.last_synced;
    assert_eq!(third, wanted);
    // The control: INSERT OR REPLACE gives a new id and forgets created_at.
    sql(
        &path,
        "INSERT OR REPLACE INTO streams (uuid, name) VALUES ('s', 'bitcoin')",
    );
    let replaced = store.stream(&s).unwrap().unwrap();
    assert!(replaced.id != first.id && replaced.created_at != Some(at("2020-01-01")));
}

#[test]
fn every_field_is_written_kept_and_cleared_by_itself() {
    type Setter = fn(StreamPatch) -> StreamPatch;
    let fields: [(Setter, &str); 7] = [
        (|p| p.server_stream_id(None), "server_stream_id"),
        (|p| p.name(None), "name"),
        (|p| p.author(None), "author"),
        (|p| p.secondary(None), "secondary"),
        (|p| p.target(None), "target"),
        (|p| p.meta(None), "meta"),
        (|p| p.description(None), "description"),
    ];
    for (clear, column) in fields {
        let (_folder, path) = place();
        let store = Store::open(&path).unwrap();
        for name in ["upserted", "updated"] {
            store.upsert_stream(&uuid(name), &full()).unwrap();
        }
        let synced = store.stream(&uuid("updated")).unwrap().unwrap().last_synced;
        store
            .upsert_stream(&uuid("upserted"), &clear(StreamPatch::new()))
            .unwrap();
        let updated = store
            .update_stream(&uuid("updated"), &clear(StreamPatch::new()))
            .unwrap();
        assert_eq!(updated.last_synced, synced, "an update is no sync");
        let all = "server_stream_id, name, author, secondary, target, meta, description";
        let nulls: Vec<_> = all
            .split(", ")
            .map(|c| format!("({c} IS NULL) * ({c} IS NULL)"))
            .collect();
        let cleared = query(
            &path,
            &format!(
                "SELECT {column} IS NULL, {} FROM streams",
                nulls.join(" + ")
            ),
        );
        assert_eq!(cleared.to_string(), "[[1,1],[1,1]]", "{column}");
    }
}

#[test]
fn an_update_needs_metadata() {
    let store = memory();
    store.insert(&uuid("s"), &row("2024-01-03", 1.0)).unwrap();
    for patch in [full(), StreamPatch::new()] {
        let error = store.update_stream(&uuid("s"), &patch).unwrap_err();
        assert_eq!(error.code(), ErrorCode::StreamNotFound);
    }
    assert_eq!(store.streams().unwrap(), []);
}

#[test]
fn texts_of_any_kind_come_back_as_they_went_in() {
    let store = memory();
    for text in [
        "",
        "'; DROP TABLE streams;--",
        "nul\0within",
        "line\nbreak",
        "😀 grüße",
        "%_\\",
        &"x".repeat(1 << 20),
    ] {
        let patch = StreamPatch::new()
            .name(text.to_owned())
            .meta(text.to_owned());
        if server().is_some() && text.contains('\0') {
            let error = store.upsert_stream(&uuid("s"), &patch).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidValue);
            continue;
        }
        let stream = store.upsert_stream(&uuid("s"), &patch).unwrap();
        assert_eq!(
            (stream.name.as_deref(), stream.meta.as_deref()),
            (Some(text), Some(text))
        );
        assert_eq!(store.stream_by_name(text).unwrap(), Some(stream));
    }
}

#[test]
fn removal_takes_what_was_asked_and_reports_what_there_was() {
    for (what, metadata, rows) in [
        (Remove::Metadata, true, None),
        (Remove::Data, false, Some(2)),
        (Remove::Both, true, Some(2)),
    ] {
        let store = memory();
        let s = uuid("quo\"ted; DROP TABLE streams;--");
        store.upsert_stream(&s, &full()).unwrap();
        store
            .insert_many(&s, &[row("2024-01-03", 1.0), row("2024-01-04", 2.0)])
            .unwrap();
        let removed = store.remove(&s, what).unwrap();
        assert_eq!((removed.metadata, removed.rows), (metadata, rows));
        assert_eq!(store.stream(&s).unwrap().is_none(), metadata);
        let left = store.streams_without_metadata().unwrap();
        assert_eq!(left.len(), usize::from(what == Remove::Metadata));
        let again = store.remove(&s, what).unwrap();
        assert_eq!((again.metadata, again.rows), (false, None));
        // The name can be used again, and an id is never given twice.
        store.insert(&s, &row("2024-01-03", 5.0)).unwrap();
        let expected = if metadata { 2 } else { 1 };
        assert_eq!(store.upsert_stream(&s, &full()).unwrap().id, expected);
        assert!(store.streams_without_metadata().unwrap().is_empty());
    }
}

#[test]
fn tables_that_hold_no_observations_are_never_listed_and_never_touched() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let columns = "value NUMERIC NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL";
    let foreign = [
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)".to_owned(),
        format!("CREATE TABLE nokey (ts TIMESTAMP NOT NULL, {columns})"),
        format!("CREATE TABLE texts (ts TEXT PRIMARY KEY NOT NULL, {columns})"),
        format!("CREATE TABLE more (ts TIMESTAMP PRIMARY KEY NOT NULL, {columns}, extra)"),
        format!("CREATE TABLE wide (ts TIMESTAMP NOT NULL, {columns}, PRIMARY KEY (ts, provider))"),
        "CREATE TABLE less (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC NOT NULL)".to_owned(),
        "CREATE VIEW seen AS SELECT * FROM nokey".to_owned(),
        "CREATE VIRTUAL TABLE found USING fts5(ts, value, hash, provider)".to_owned(),
    ];
    for made in &foreign {
        sql(&path, made);
    }
    sql(&path, &table_sql("real", &["1704283200"]));
    sql(&path, &table_sql(&"x".repeat(300), &[]));
    let before = dump(&path);
    assert_eq!(store.streams_without_metadata().unwrap(), [uuid("real")]);
    for name in [
        "notes",
        "nokey",
        "texts",
        "more",
        "wide",
        "less",
        "seen",
        "found",
        "found_data",
    ] {
        let name = uuid(name);
        let code = Some(ErrorCode::NotAStream);
        assert_eq!(
            store
                .insert(&name, &row("2024-01-03", 1.0))
                .err()
                .map(|e| e.code()),
            code,
            "{name}"
        );
        assert_eq!(
            store
                .insert_many(&name, &[row("2024-01-03", 1.0)])
                .err()
                .map(|e| e.code()),
            code
        );
        assert_eq!(
            store.upsert_stream(&name, &full()).err().map(|e| e.code()),
            code
        );
        assert_eq!(all(&store, &name).err().map(|e| e.code()), code);
        assert_eq!(
            store.remove(&name, Remove::Both).err().map(|e| e.code()),
            code
        );
        assert_eq!(store.delete(&name, ..).err().map(|e| e.code()), code);
        assert_eq!(store.normalize(&name).err().map(|e| e.code()), code);
    }
    assert_eq!(dump(&path), before);
    assert_eq!(store.streams().unwrap(), []);
}
