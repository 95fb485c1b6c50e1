//! Rows that can't be read, as installed engines have stored them: the chain goes on past
//! them, and they can be listed, moved out and put back.

use crate::support::*;
use satori_store::{Error, ErrorCode, Insertion, NewObservation, Remove, Store, StreamUuid};
use tempfile::TempDir;

/// What an installed engine's table may hold beside rows that are sound: a timestamp
/// `None`, and values that are infinite, text or a blob.
const ENGINE_ROWS: &str = r#"
CREATE TABLE "s" (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL,
  hash TEXT NOT NULL, provider TEXT NOT NULL);
INSERT INTO s VALUES (1704067200, 1.5, 'h0', 'engine');
INSERT INTO s VALUES (1704070800, 'inf', 'h1', 'engine');
INSERT INTO s VALUES (1704074400, 9e999, 'h2', 'engine');
INSERT INTO s VALUES (1704078000, x'0700', 'h3', 'engine');
INSERT INTO s VALUES (1704081600, 'it''s late', 'h4', 'engine');
INSERT INTO s VALUES ('None', 2.5, 'h5', 'engine');
"#;

fn engine_store() -> (TempDir, std::path::PathBuf, Store, StreamUuid) {
    let (folder, path) = place();
    sql(&path, ENGINE_ROWS);
    let store = Store::open(&path).unwrap();
    (folder, path, store, uuid("s"))
}

#[test]
fn the_chain_goes_on_from_the_stored_hash_of_a_row_whose_value_cannot_be_read() {
    let (_folder, path, store, s) = engine_store();
    let new = NewObservation::new(at("2024-01-02"), 3.0);
    assert_eq!(store.insert(&s, &new).unwrap(), Insertion::Inserted);
    // The control: the same chain where the row before can be read.
    let control = Store::open_in_memory().unwrap();
    let before = NewObservation::new(at("1704081600"), 1.0).hash("h4");
    control.insert(&s, &before).unwrap();
    control.insert(&s, &new).unwrap();
    let wanted = control.latest(&s).unwrap().unwrap().hash;
    let stored = query(&path, "SELECT hash FROM s WHERE ts = 1704153600");
    assert_eq!(stored[0][0], wanted.as_str());
    // A row at the very instant of one that can't be read is refused: nobody knows
    // whether they are the same.
    let taken = NewObservation::new(at("1704070800"), 1.0);
    let error = store.insert(&s, &taken).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnreadableRow, "{error}");
}

#[test]
fn a_table_without_one_readable_timestamp_chains_to_the_row_that_sorts_last() {
    let (_folder, path) = place();
    sql(&path, &table_sql("s", &["'None'", "'never'"]));
    let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
    let new = NewObservation::new(at("2024-01-02"), 3.0);
    assert_eq!(store.insert(&s, &new).unwrap(), Insertion::Inserted);
    let control = Store::open_in_memory().unwrap();
    let before = NewObservation::new(at("0"), 1.0).hash("h1");
    control.insert(&s, &before).unwrap();
    control.insert(&s, &new).unwrap();
    let wanted = control.latest(&s).unwrap().unwrap().hash;
    let stored = query(&path, "SELECT hash FROM s WHERE ts = 1704153600");
    assert_eq!(stored[0][0], wanted.as_str());
}

#[test]
fn an_error_names_the_row_as_it_is_stored() {
    for (ts, value, wanted) in [
        ("'None'", "1", "'None'"),
        ("1704067200", "x'070001'", "1704067200"),
        ("'2024-01-02 12:00'", "'it''s'", "'2024-01-02 12:00'"),
        ("x'00ff'", "1", "x'00ff'"),
    ] {
        let (_folder, path) = place();
        sql(&path, &table_sql("s", &[]));
        sql(
            &path,
            &format!("INSERT INTO s VALUES ({ts}, {value}, 'h', 'p')"),
        );
        let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
        match store.columns(&s, ..).unwrap_err() {
            Error::UnreadableRow { row, source, .. } => {
                assert_eq!(row, wanted);
                assert!(!source.to_string().contains("Blob("), "{source}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn texts_that_are_checked_together_name_their_row_too() {
    let (_folder, path) = place();
    sql(&path, &table_sql("s", &["1", "2", "3"]));
    sql(
        &path,
        "UPDATE s SET provider = CAST(x'ff' AS TEXT) WHERE ts = 2",
    );
    let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
    match store.columns(&s, ..).unwrap_err() {
        Error::UnreadableRow { row, .. } => assert_eq!(row, "2"),
        other => panic!("{other}"),
    }
}

#[test]
fn rows_that_cannot_be_read_are_listed_moved_and_put_back_as_they_were() {
    let (_folder, path, store, s) = engine_store();
    let before = dump(&path);
    let listed = store.unreadable(&s).unwrap();
    let shown: Vec<_> = listed.iter().map(|row| (&*row.ts, &*row.value)).collect();
    assert_eq!(
        shown,
        [
            ("1704070800", "'inf'"),
            ("1704074400", "9.0e+999"),
            ("1704078000", "X'0700'"),
            ("1704081600", "'it''s late'"),
            ("'None'", "2.5"),
        ]
    );
    assert!(listed.iter().all(|row| !row.reason.is_empty()));
    assert_eq!(dump(&path), before, "listing writes nothing");

    assert_eq!(store.quarantine(&s).unwrap(), listed);
    assert_eq!(store.unreadable(&s).unwrap(), []);
    assert_eq!(values(&all(&store, &s).unwrap()), [1.5]);
    assert_eq!(store.quarantined(&s).unwrap(), listed);
    assert_eq!(store.streams_with_data().unwrap(), [uuid("s")]);
    // Types and bytes are kept, where any SQL program finds them.
    let kept = query(
        &path,
        "SELECT typeof(ts), typeof(value) FROM __satori_quarantine ORDER BY id",
    );
    assert_eq!(
        kept,
        serde_json::json!([
            ["integer", "text"],
            ["integer", "real"],
            ["integer", "blob"],
            ["integer", "text"],
            ["text", "real"]
        ])
    );
    // Again: nothing is left to move.
    assert_eq!(store.quarantine(&s).unwrap(), []);

    let restored = store.restore(&s).unwrap();
    assert_eq!((restored.restored, restored.kept), (5, 0));
    assert_eq!(store.quarantined(&s).unwrap(), []);
    assert_eq!(dump(&path), before);
}

#[test]
fn a_row_whose_key_is_taken_meanwhile_stays_in_the_quarantine() {
    let (_folder, _path, store, s) = engine_store();
    store.quarantine(&s).unwrap();
    store.insert(&s, &row("1704070800", 7.0)).unwrap();
    let restored = store.restore(&s).unwrap();
    assert_eq!((restored.restored, restored.kept), (4, 1));
    assert_eq!(store.quarantined(&s).unwrap()[0].value, "'inf'");
    let stored = store.observation(&s, at("1704070800")).unwrap().unwrap();
    assert_eq!(stored.value, 7.0);
}

#[test]
fn a_stream_without_such_rows_makes_no_table() {
    let (_folder, path, store, s) = store_with(&["1704067200"]);
    assert_eq!(store.unreadable(&s).unwrap(), []);
    assert_eq!(store.quarantine(&s).unwrap(), []);
    assert_eq!(store.quarantined(&s).unwrap(), []);
    let restored = store.restore(&s).unwrap();
    assert_eq!((restored.restored, restored.kept), (0, 0));
    let tables = query(
        &path,
        "SELECT count(*) FROM sqlite_schema WHERE name = '__satori_quarantine'",
    );
    assert_eq!(tables[0][0], 0);
    let error = store.unreadable(&uuid("unknown")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StreamNotFound);
}

#[test]
fn the_rows_before_one_that_cannot_be_read_come_first() {
    let (_folder, path) = place();
    sql(&path, &table_sql("s", &["1", "2", "3", "4"]));
    sql(&path, "UPDATE s SET value = 'inf' WHERE ts = 3");
    let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
    let mut rows = store.observations(&s, ..).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().value, 0.0);
    assert_eq!(rows.next().unwrap().unwrap().value, 1.0);
    let error = rows.next().unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnreadableRow);
    assert!(rows.next().is_none());
}

#[test]
fn a_table_whose_triggers_interfere_loses_nothing_and_doubles_nothing() {
    for trigger in [
        "CREATE TRIGGER t BEFORE DELETE ON s BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER t AFTER DELETE ON s BEGIN INSERT INTO s VALUES (5, 'inf', 'h', 'p'); END",
    ] {
        let (_folder, path, store, s) = engine_store();
        sql(&path, trigger);
        let before = dump(&path);
        let moved = store.quarantine(&s).map(|rows| rows.len());
        if let Err(error) = moved {
            let code = error.code();
            let expected = [ErrorCode::NotAStream, ErrorCode::Database];
            assert!(expected.contains(&code), "{error}");
            assert_eq!(dump(&path), before);
            assert_eq!(store.quarantined(&s).unwrap(), []);
        } else {
            assert_eq!(store.quarantined(&s).unwrap().len(), 5);
        }
    }
    let (_folder, path, store, s) = engine_store();
    store.quarantine(&s).unwrap();
    sql(
        &path,
        "CREATE TRIGGER t AFTER INSERT ON s BEGIN DELETE FROM s WHERE ts = NEW.ts; END",
    );
    let error = store.restore(&s).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
    assert_eq!(store.quarantined(&s).unwrap().len(), 5);
}

#[test]
fn a_row_whose_instant_is_taken_in_another_spelling_stays_in_the_quarantine() {
    let (_folder, path) = place();
    sql(&path, &table_sql("s", &[]));
    sql(
        &path,
        "INSERT INTO s VALUES ('2024-01-01 00:00:00', 'inf', 'h', 'p')",
    );
    let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
    assert_eq!(store.quarantine(&s).unwrap().len(), 1);
    store.insert(&s, &row("2024-01-01", 7.0)).unwrap();
    let restored = store.restore(&s).unwrap();
    assert_eq!((restored.restored, restored.kept), (0, 1));
    assert_eq!(store.unreadable(&s).unwrap(), []);
}

#[test]
fn rows_wait_in_the_quarantine_while_their_stream_has_no_table() {
    let (_folder, _path, store, s) = engine_store();
    store.quarantine(&s).unwrap();
    store.remove(&s, Remove::Both).unwrap();
    assert_eq!(store.quarantined(&s).unwrap().len(), 5);
    let restored = store.restore(&s).unwrap();
    assert_eq!((restored.restored, restored.kept), (0, 5));
    // An empty insert makes the table.
    store.insert_many(&s, &[]).unwrap();
    let restored = store.restore(&s).unwrap();
    assert_eq!((restored.restored, restored.kept), (5, 0));
}

#[test]
fn streams_with_rows_in_the_quarantine_are_listed_also_when_they_are_removed() {
    let (_folder, path, store, s) = engine_store();
    assert_eq!(store.quarantined_streams().unwrap(), []);
    for name in ["t", "a", "sound"] {
        sql(
            &path,
            &ENGINE_ROWS
                .replace("\"s\"", name)
                .replace(" s ", &format!(" {name} ")),
        );
    }
    store.delete(&uuid("sound"), at("1704070800")..).unwrap();
    sql(&path, "DELETE FROM sound WHERE ts = 'None'");
    for name in ["t", "a", "sound", "s"] {
        store.quarantine(&uuid(name)).unwrap();
    }
    store.remove(&uuid("t"), Remove::Both).unwrap();
    let listed = [uuid("t"), uuid("a"), s.clone()];
    assert_eq!(store.quarantined_streams().unwrap(), listed);
    store.restore(&uuid("a")).unwrap();
    assert_eq!(store.quarantined_streams().unwrap(), [uuid("t"), s]);
}

#[test]
fn what_has_the_name_of_the_quarantine_is_left_alone() {
    for made in [
        "CREATE VIEW __satori_quarantine AS SELECT 1",
        "CREATE TABLE __SATORI_QUARANTINE (id)",
    ] {
        let (_folder, path, store, s) = engine_store();
        sql(&path, made);
        for error in [
            store.quarantine(&s).unwrap_err(),
            store.quarantined(&s).unwrap_err(),
            store.quarantined_streams().unwrap_err(),
        ] {
            assert_eq!(error.code(), ErrorCode::NotAStream, "{error}");
        }
        assert_eq!(store.unreadable(&s).unwrap().len(), 5);
    }
}

#[test]
fn a_row_is_listed_if_and_only_if_it_cannot_be_read() {
    let cells = [
        "NULL", "1", "2.5", "9e999", "''", "x''", "'a'", "x'61'", "x'ff'",
    ];
    let columns = ["ts", "value", "hash", "provider"];
    for (column, cell) in columns.iter().flat_map(|c| cells.map(|cell| (*c, cell))) {
        let (_folder, path) = place();
        sql(
            &path,
            &format!(
                "CREATE TABLE s (ts TIMESTAMP PRIMARY KEY, value NUMERIC, hash, provider);\
                 INSERT INTO s VALUES (1, 1, 'h', 'p'); UPDATE s SET {column} = {cell}"
            ),
        );
        let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
        let listed = store.unreadable(&s).unwrap();
        let read = all(&store, &s);
        assert_eq!(listed.is_empty(), read.is_ok(), "{column} {cell}: {read:?}");
    }
}

/// Rows that share an instant in other spellings were beside each other before.
#[test]
fn rows_that_share_an_instant_all_go_back_where_they_were() {
    for others in [
        // With one another.
        "('2024-01-01 01:00:00', 'inf', 'h', 'p'), (1704070800, 'x', 'h', 'p'), \
         ('2024-01-01T01:00:00Z', x'07', 'h', 'p')",
        // With a row that can be read.
        "('2024-01-01 01:00:00', 'inf', 'h', 'p'), (1704070800, 1.5, 'h', 'p')",
        "('2024-01-01 01:00:00', 2.5, 'h', 'p'), (1704070800, 'x', 'h', 'p')",
        // With both.
        "('2024-01-01 01:00:00', 'inf', 'h', 'p'), (1704070800, 1.5, 'h', 'p'), \
         ('2024-01-01T01:00:00Z', x'07', 'h', 'p'), (1704070800000, 'x', 'h', 'p')",
    ] {
        let (_folder, path) = place();
        sql(&path, &table_sql("s", &["1", "'2024-01-02'"]));
        sql(&path, &format!("INSERT INTO s VALUES {others}"));
        let (store, s) = (Store::open(&path).unwrap(), uuid("s"));
        let rows = "SELECT quote(ts), quote(value), hash, provider FROM s ORDER BY ts";
        let before = query(&path, rows);
        let moved = store.quarantine(&s).unwrap().len() as u64;
        assert!(moved > 0);
        let restored = store.restore(&s).unwrap();
        assert_eq!((restored.restored, restored.kept), (moved, 0), "{others}");
        assert_eq!(query(&path, rows), before, "{others}");
        assert_eq!(store.quarantined(&s).unwrap(), []);
        // A row that comes meanwhile still keeps those out that had the instant alone.
        store.quarantine(&s).unwrap();
        sql(
            &path,
            "DELETE FROM __satori_quarantine WHERE shares_instant",
        );
        let alone = store.quarantined(&s).unwrap().len() as u64;
        store.insert(&s, &row("1704070800", 7.0)).unwrap();
        let restored = store.restore(&s).unwrap();
        assert_eq!((restored.restored, restored.kept), (0, alone), "{others}");
    }
}

/// What is listed, put into a statement, is what is stored.
#[test]
fn the_literals_are_those_of_the_stored_bytes() {
    let texts = [
        "CAST(x'323032342d30312d30332031323a30300041' AS TEXT)",
        "CAST(x'fffe27' AS TEXT)",
        "CAST(x'00' AS TEXT)",
        "CAST(x'' AS TEXT)",
        "'it''s'",
        "'ä \u{1F600} \\ '",
        "x'0027'",
        "9e999",
        "-9e999",
        "CAST(x'c3' AS TEXT)",
    ];
    for (column, control) in [
        ("ts", "value"),
        ("value", "ts"),
        ("hash", "value"),
        ("provider", "value"),
    ] {
        let (_folder, path) = &place();
        sql(path, &table_sql("s", &[]));
        for (number, text) in texts.iter().enumerate() {
            let cells = ["ts", "value", "hash", "provider"].map(|name| match name {
                name if name == column => (*text).to_owned(),
                name if name == control && name == "value" => "'inf'".to_owned(),
                "ts" => number.to_string(),
                _ => "'h'".to_owned(),
            });
            sql(
                path,
                &format!("INSERT INTO s VALUES ({})", cells.join(", ")),
            );
        }
        let (store, s) = (Store::open(path).unwrap(), uuid("s"));
        let listed = store.unreadable(&s).unwrap();
        assert_eq!(listed.len(), texts.len(), "{column}");
        assert_eq!(store.quarantine(&s).unwrap(), listed);
        assert_eq!(store.quarantined(&s).unwrap(), listed);
        for row in &listed {
            let literal = match column {
                "ts" => &row.ts,
                "value" => &row.value,
                "hash" => &row.hash,
                _ => &row.provider,
            };
            let same = query(
                path,
                &format!(
                    "SELECT count(*) FROM __satori_quarantine WHERE {column} IS {literal} \
                     AND typeof({column}) = typeof({literal}) \
                     AND CAST({column} AS BLOB) IS CAST({literal} AS BLOB)"
                ),
            );
            assert_eq!(same[0][0], 1, "{column} {literal}");
        }
    }
}
