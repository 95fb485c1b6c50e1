//! Stream metadata: upsert, look-ups, staleness, sync and removal.

mod common;

use std::time::Duration;

use common::*;
use satori_store::{ErrorCode, Remove, Store, Stream, StreamPatch, Timestamp};

fn memory() -> Store {
    Store::open_in_memory().unwrap()
}

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

fn names(streams: &[Stream]) -> Vec<&str> {
    streams.iter().map(|stream| stream.uuid.as_str()).collect()
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
        let stream = store.upsert_stream(&uuid("s"), &patch).unwrap();
        assert_eq!(
            (stream.name.as_deref(), stream.meta.as_deref()),
            (Some(text), Some(text))
        );
        assert_eq!(store.stream_by_name(text).unwrap(), Some(stream));
    }
}

#[test]
fn of_several_streams_of_a_name_the_most_recently_synced_comes_first() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    // As many spellings as engines have used; plain SQL sorts them otherwise.
    sql(
        &path,
        "INSERT INTO streams (uuid, name, server_stream_id, last_synced) VALUES
         ('never', 'n', 5, NULL), ('old', 'n', 5, '2023-01-01T00:00:00.000001'), ('seconds', 'n', 5, 1704283200),
         ('twin', 'n', 5, '2024-01-03 12:00:00'), ('new', 'n', 5, '2024-01-03T12:00:00+00:00'),
         ('newest', 'n', 5, 1735689600.5), ('odd', 'n', 5, 'last week'), ('N', 'N', 5, '2026-01-01')",
    );
    let control = query(
        &path,
        "SELECT uuid FROM streams WHERE name = 'n' ORDER BY last_synced DESC LIMIT 1",
    );
    assert_eq!(control[0][0], "odd");
    let wanted = ["newest", "seconds", "twin", "new", "old", "never", "odd"];
    assert_eq!(names(&store.streams_by_name("n").unwrap()), wanted);
    assert_eq!(
        store.stream_by_name("n").unwrap().unwrap().uuid.as_str(),
        "newest"
    );
    let by_id = store.streams_by_server_id(5).unwrap();
    assert_eq!((by_id[0].uuid.as_str(), by_id.len()), ("N", 8));
    let synced = |name: &str| store.stream(&uuid(name)).unwrap().unwrap().last_synced;
    assert_eq!(
        (synced("seconds"), synced("odd"), synced("never")),
        (Some(at("1704283200")), None, None)
    );
    assert_eq!(synced("newest"), Some(at("1735689600.5")));
    assert_eq!(store.stream_by_name("x").unwrap(), None);
    assert_eq!(
        names(&store.streams().unwrap()),
        [
            "never", "old", "seconds", "twin", "new", "newest", "odd", "N"
        ]
    );

    let stale = store
        .stale_streams(at("2024-01-03T12:00:00.000001Z"))
        .unwrap();
    assert_eq!(
        names(&stale),
        ["never", "odd", "old", "seconds", "twin", "new"]
    );
    assert_eq!(
        names(&store.stale_streams(at("2024-01-03T12:00:00Z")).unwrap()),
        ["never", "odd", "old"]
    );
    assert_eq!(
        names(&store.stale_streams(Timestamp::MIN).unwrap()),
        ["never", "odd"]
    );
    assert_eq!(store.stale_streams(Timestamp::MAX).unwrap().len(), 8);
    store
        .upsert_stream(&uuid("never"), &StreamPatch::new())
        .unwrap();
    let an_hour_ago = Timestamp::now().before(Duration::from_secs(3_600));
    assert!(!names(&store.stale_streams(an_hour_ago).unwrap()).contains(&"never"));
    assert_eq!(
        store.stream_by_name("n").unwrap().unwrap().uuid.as_str(),
        "never"
    );
}

#[test]
fn a_search_takes_its_text_literally() {
    let store = memory();
    for (name, text) in [
        ("a", "100% sure"),
        ("b", "1000 sure"),
        ("c", "snake_case"),
        ("d", "snakeXcase"),
        ("e", "back\\slash"),
        ("f", "BitCoin"),
    ] {
        store
            .upsert_stream(&uuid(name), &StreamPatch::new().name(text.to_owned()))
            .unwrap();
    }
    store
        .upsert_stream(
            &uuid("g"),
            &StreamPatch::new().description("of bitcoins".to_owned()),
        )
        .unwrap();
    store
        .upsert_stream(&uuid("h"), &StreamPatch::new())
        .unwrap();
    for (part, wanted) in [
        ("0%", vec!["a"]),
        ("%", vec!["a"]),
        ("_", vec!["c"]),
        ("e_c", vec!["c"]),
        ("\\", vec!["e"]),
        ("k\\s", vec!["e"]),
        ("bitcoin", vec!["f", "g"]),
        ("BITCOIN", vec!["f", "g"]),
        ("'; --", vec![]),
        ("\\%", vec![]),
        ("", vec!["a", "b", "c", "d", "e", "f", "g"]),
    ] {
        assert_eq!(
            names(&store.search_streams(part).unwrap()),
            wanted,
            "{part}"
        );
    }
}

#[test]
fn a_sync_says_which_streams_are_new_changed_and_unchanged() {
    let store = memory();
    let feed = feed("streams.json");
    let report = store.sync_streams(&feed).unwrap();
    assert_eq!(
        (
            report.new.len(),
            report.changed.len(),
            report.unchanged.len()
        ),
        (4, 0, 0)
    );
    let before = store.streams().unwrap();
    assert_eq!(
        names(&before),
        report.new.iter().map(|u| u.as_str()).collect::<Vec<_>>()
    );
    assert_eq!(before[3].meta.as_deref(), Some("{\"unit\":\"USD\"}"));
    store
        .upsert_stream(
            &before[1].uuid,
            &StreamPatch::new().description("mine".to_owned()),
        )
        .unwrap();
    let report = store.sync_streams(&feed).unwrap();
    assert_eq!((report.new.len(), report.unchanged.len()), (0, 3));
    assert_eq!(report.changed, [before[1].uuid.clone()]);
    for (before, after) in before.iter().zip(store.streams().unwrap()) {
        assert!(after.last_synced > before.last_synced);
        let mut wanted = before.clone();
        wanted.last_synced = after.last_synced;
        if before.id == 2 {
            wanted.description = after.description.clone();
        }
        assert_eq!(after, wanted);
    }
}

#[test]
fn a_sync_stores_the_good_objects_and_reports_the_others() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    sql(&path, "CREATE TABLE notes (id INTEGER PRIMARY KEY)");
    let lines = br#"{"uuid": "a", "name": "one"}
{"uuid": "a", "name": "two", "id": "7"}
{"uuid": "streams"}
{"name": "no uuid"}
{"uuid": "notes"}
[null, "b"]
"c"
{"uuid": "A"}
{"uuid": "d", "name": 5}

{"uuid": "e", "meta": {"unit": ["USD"]}, "unknown": {}}
{"uuid": "a"}"#;
    let report = store.sync_streams(lines).unwrap();
    assert_eq!(
        (
            report.new.len(),
            report.changed.len(),
            report.unchanged.len()
        ),
        (2, 1, 1)
    );
    let positions: Vec<_> = report
        .rejected
        .iter()
        .map(|r| (r.position.index, r.position.line))
        .collect();
    assert_eq!(
        positions,
        [(2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9)]
    );
    let a = store.stream(&uuid("a")).unwrap().unwrap();
    assert_eq!(
        (a.name.as_deref(), a.server_stream_id),
        (Some("two"), Some(7))
    );
    let e = store.stream(&uuid("e")).unwrap().unwrap();
    assert_eq!(e.meta.as_deref(), Some("{\"unit\": [\"USD\"]}"));
    assert_eq!(store.streams().unwrap().len(), 2);
    assert_eq!(
        store
            .sync_streams(b"[{\"uuid\": \"x\"}, {")
            .unwrap_err()
            .code(),
        ErrorCode::InvalidJson
    );
    assert_eq!(store.stream(&uuid("x")).unwrap(), None);
}

#[test]
fn removal_takes_what_it_is_told_to_and_says_what_there_was() {
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

#[test]
fn metadata_that_is_no_utf8_hides_no_stream() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.upsert_stream(&uuid("good"), &full()).unwrap();
    sql(
        &path,
        "INSERT INTO streams (uuid, name) VALUES ('bad', CAST(x'61ff' AS TEXT))",
    );
    let streams = store.streams().unwrap();
    assert_eq!(streams[1].name.as_deref(), Some("a\u{fffd}"));
    let removed = store.remove(&uuid("bad"), Remove::Both).unwrap();
    assert!(removed.metadata);
}
