//! A program that makes tables without end, each of which changes the schema, while a store
//! with so many that reading the schema takes longer than making a table.

use std::ffi::OsStr;

use crate::support::*;
use satori_store::{OpenOptions, Store, StreamPatch};

/// Makes tables until it is killed.
const MAKE_TABLES: &str = "
import itertools, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
connection.execute('PRAGMA synchronous = OFF')
for number in itertools.count():
    connection.execute(
        f'CREATE TABLE made{number} (ts TIMESTAMP PRIMARY KEY NOT NULL,'
        ' value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)'
    )
    if number == 0:
        print('> ready', file=sys.stderr, flush=True)
";

/// Adds 3,000 views to the file: SQLite reads one as it reads a table, but they are made at
/// once, where as many tables take half a minute.
fn add_views(path: &std::path::Path) {
    sql(
        path,
        "PRAGMA writable_schema = ON;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)
         SELECT 'view', 'view ' || i, 'view ' || i, 0,
                'CREATE VIEW \"view ' || i || '\" AS SELECT 1 AS ts, 2 AS value, '''' AS hash'
         FROM n;
         PRAGMA writable_schema = RESET;",
    );
}

/// A name of a call, and the call.
type Way<'a> = (&'a str, &'a dyn Fn() -> satori_store::Result<()>);

#[test]
fn every_call_ends_well_while_another_program_makes_tables() {
    let _turn = turn();
    let (_folder, path) = place();
    let stream = uuid("s");
    let store = Store::open(&path).unwrap();
    let patch = StreamPatch::new()
        .name("bitcoin".to_owned())
        .server_stream_id(7);
    store.upsert_stream(&stream, &patch).unwrap();
    store.insert(&stream, &numbered(1).hash("h")).unwrap();
    add_views(&path);
    let mut maker = Player::python(MAKE_TABLES, &[OsStr::new(&path)]);
    assert_eq!(maker.hear(), "ready");

    let opened = Store::open(&path).unwrap();
    let read_only = OpenOptions::new().read_only(true).open(&path).unwrap();
    let now = satori_store::Timestamp::now();
    for store in [&store, &opened, &read_only] {
        let ways: [Way<'_>; 16] = [
            ("stream", &|| store.stream(&stream).map(drop)),
            ("stream_by_name", &|| {
                store.stream_by_name("bitcoin").map(drop)
            }),
            ("by_server_id", &|| store.streams_by_server_id(7).map(drop)),
            ("streams", &|| store.streams().map(drop)),
            ("search", &|| store.search_streams("coin").map(drop)),
            ("stale", &|| store.stale_streams(now).map(drop)),
            ("with_data", &|| store.streams_with_data().map(drop)),
            ("contains", &|| store.contains(&uuid("unknown")).map(drop)),
            ("observations", &|| all(store, &stream).map(drop)),
            ("columns", &|| store.columns(&stream, ..).map(drop)),
            ("last", &|| store.last(&stream, 2).map(drop)),
            ("latest", &|| store.latest(&stream).map(drop)),
            ("observation", &|| {
                store.observation(&stream, at(1)).map(drop)
            }),
            ("count", &|| store.count(&stream, at(1)..at(2)).map(drop)),
            ("unreadable", &|| store.unreadable(&stream).map(drop)),
            ("quarantined", &|| store.quarantined(&stream).map(drop)),
        ];
        for (name, call) in ways {
            call().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    for (second, store) in (2..).step_by(2).zip([&store, &opened]) {
        store.insert(&stream, &numbered(second).hash("h")).unwrap();
        store.insert(&stream, &numbered(second + 1)).unwrap();
        store.upsert_stream(&stream, &patch).unwrap();
    }
    maker.kill();
    assert_eq!(seconds(&store, &stream), [1, 2, 3, 4, 5]);
}
