//! A sync of the server's stream objects.

use crate::support::*;
use satori_store::{ErrorCode, Store, StreamPatch};

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
    let stored: Vec<_> = before.iter().map(|stream| stream.uuid.clone()).collect();
    assert_eq!(stored, report.new);
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
        // Line 6 holds two.
        [
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 6),
            (6, 6),
            (7, 7),
            (8, 8),
            (9, 9)
        ]
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
fn an_object_without_a_uuid_is_rejected_and_the_object_is_what_needs_one() {
    let report = memory().sync_streams(br#"[{"name": "n"}]"#).unwrap();
    let error = &report.rejected[0].error;
    assert_eq!(error.code(), ErrorCode::MissingUuid);
    let message = error.to_string();
    assert!(message.contains("its stream object needs one"), "{message}");
}
