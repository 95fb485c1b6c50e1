//! Streams by name, by the server's id, by a text; those that are stale.

use std::time::Duration;

use crate::support::*;
use satori_store::{Remove, Store, Stream, StreamPatch, Timestamp};

fn names(streams: &[Stream]) -> Vec<&str> {
    streams.iter().map(|stream| stream.uuid.as_str()).collect()
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
    let many = store.streams_named(&["N", "x", "n", "n"]).unwrap();
    let many: Vec<_> = many.iter().flatten().cloned().collect();
    assert_eq!(names(&many), ["N", "newest", "newest"]);
    assert_eq!(store.streams_named(&["x"]).unwrap(), [None]);
    let of = |name: &str| store.stream(&uuid(name)).unwrap();
    let many = store.streams_of(&[&uuid("twin"), &uuid("x"), &uuid("N")]);
    assert_eq!(many.unwrap(), [of("twin"), None, of("N")]);
    assert_eq!(store.streams_of(&[]).unwrap(), []);
    assert_eq!(store.streams_named(&[]).unwrap(), []);
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
fn metadata_that_is_no_utf8_hides_no_stream() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let patch = StreamPatch::new().name("bitcoin".to_owned());
    store.upsert_stream(&uuid("good"), &patch).unwrap();
    sql(
        &path,
        "INSERT INTO streams (uuid, name) VALUES ('bad', CAST(x'61ff' AS TEXT))",
    );
    let streams = store.streams().unwrap();
    assert_eq!(streams[1].name.as_deref(), Some("a\u{fffd}"));
    let removed = store.remove(&uuid("bad"), Remove::Both).unwrap();
    assert!(removed.metadata);
}
