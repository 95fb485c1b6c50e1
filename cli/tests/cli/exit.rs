//! The exit code and the JSON of each kind of error.

use std::fs;

use crate::common::{BITCOIN, Folder, feed, payload};
use diesel::connection::SimpleConnection;

/// Runs plain and with `--json`, and checks the exit code and the error's kind.
#[track_caller]
fn fails(folder: &Folder, args: &[&str], code: i32, kind: &str) {
    let plain = folder.run(args);
    assert_eq!(plain.code, code, "{plain:?}");
    assert!(plain.err.contains("error: "), "{plain:?}");
    let json = folder.run(&[&["--json"], args].concat());
    assert_eq!(json.code, code, "{json:?}");
    let error = json.error();
    assert_eq!(error["kind"], kind, "{json:?}");
    for field in ["code", "kind", "message", "database_code", "sqlstate"] {
        assert!(error.get(field).is_some(), "{field}: {error}");
    }
}

#[test]
fn usage() {
    let folder = Folder::with_bitcoin();
    fails(&folder, &["show"], 2, "usage");
    fails(&folder, &["nosuch", "engine.db"], 2, "usage");
    fails(
        &folder,
        &["streams", "engine.db", "--stale", "soon"],
        2,
        "usage",
    );
    fails(
        &folder,
        &["observations", "engine.db", "bitcoin", "--from", "soon"],
        2,
        "usage",
    );
    fails(
        &folder,
        &["ingest", "engine.db", "--uuid", "streams"],
        2,
        "usage",
    );
    let args = [
        "streams",
        "engine.db",
        "--without-metadata",
        "--stale",
        "1h",
    ];
    fails(&folder, &args, 2, "usage");
}

#[test]
fn help_lists_the_exit_codes() {
    let folder = Folder::new();
    let ran = folder.run(&["--help"]);
    assert_eq!(ran.code, 0);
    for code in 0..=9 {
        assert!(ran.out.contains(&format!("\n  {code}  ")), "{}", ran.out);
    }
    assert_eq!(folder.run(&["--version"]).code, 0);
}

#[test]
fn not_found() {
    let folder = Folder::with_bitcoin();
    fails(
        &folder,
        &["show", "engine.db", "nosuch"],
        3,
        "stream_not_found",
    );
    fails(
        &folder,
        &["observations", "engine.db", "streams"],
        3,
        "stream_not_found",
    );
    fails(
        &folder,
        &["verify", "engine.db", "nosuch"],
        3,
        "stream_not_found",
    );
    fails(&folder, &["verify", "nosuch.db"], 3, "cannot_open");
    // A WAL without a frame would hold nothing, and be in nobody's way.
    folder.write("lost.db-wal", "what was written last".repeat(3));
    let feed = feed("bitcoin.ndjson");
    fails(&folder, &["ingest", "lost.db", &feed], 3, "cannot_open");
    assert!(!folder.path("lost.db").exists());
    fails(&folder, &["streams", "."], 3, "cannot_open");
    fails(
        &folder,
        &["ingest", "engine.db", "nosuch"],
        3,
        "cannot_read",
    );
    fails(&folder, &["ingest", "engine.db", "."], 3, "cannot_read");
    fails(&folder, &["sync", "engine.db", "nosuch"], 3, "cannot_read");
}

#[test]
fn bad_input() {
    let folder = Folder::with("eleven_columns.db");
    folder.write("cut", "[");
    fails(&folder, &["sync", "engine.db", "cut"], 4, "invalid_json");
    fails(&folder, &["show", "engine.db", "notes"], 4, "not_a_stream");
    fails(
        &folder,
        &["remove", "engine.db", "bitcoin", "-y"],
        4,
        "ambiguous_name",
    );
}

#[test]
fn busy() {
    let folder = Folder::with_bitcoin();
    let mut other = folder.sqlite();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let feed = feed("bitcoin.ndjson");
    let args = ["ingest", "engine.db", &feed, "--busy-timeout", "10ms"];
    fails(&folder, &args, 5, "busy");
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(folder.run(&args).code, 0);
}

#[test]
fn damaged() {
    let folder = Folder::with("not_a_database.db");
    fails(&folder, &["streams", "engine.db"], 6, "not_a_store");
    let folder = Folder::with("truncated.db");
    fails(&folder, &["streams", "engine.db"], 6, "corrupt");
    let before = fs::read(folder.path("engine.db")).unwrap();
    fails(
        &folder,
        &["ingest", "engine.db", &feed("bitcoin.ndjson")],
        6,
        "corrupt",
    );
    assert!(fs::read(folder.path("engine.db")).unwrap() == before);
}

#[test]
fn schema() {
    let folder = Folder::with("later_release.db");
    let before = fs::read(folder.path("engine.db")).unwrap();
    fails(
        &folder,
        &["ingest", "engine.db", &feed("bitcoin.ndjson")],
        7,
        "later_release",
    );
    fails(&folder, &["normalize", "engine.db"], 7, "later_release");
    fails(
        &folder,
        &["remove", "engine.db", BITCOIN, "--yes"],
        7,
        "later_release",
    );
    assert!(fs::read(folder.path("engine.db")).unwrap() == before);

    let folder = Folder::new();
    folder
        .sqlite()
        .batch_execute("CREATE TABLE streams (id TEXT)")
        .unwrap();
    fails(
        &folder,
        &["ingest", "engine.db", &feed("bitcoin.ndjson")],
        7,
        "schema_mismatch",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn cannot_write() {
    let folder = Folder::with_bitcoin();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = folder
        .command(&["streams", "engine.db"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(8));
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(err.contains("error: cannot print"), "{err}");
}

/// The other streams are reported all the same.
#[test]
fn an_unreadable_row() {
    let folder = Folder::with_bitcoin();
    let row = "('soon', 1, 'h', 'p')";
    let table = "(ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC NOT NULL, hash TEXT NOT NULL, \
                 provider TEXT NOT NULL)";
    let sql = format!("CREATE TABLE odd {table}; INSERT INTO odd VALUES {row}");
    folder.sqlite().batch_execute(&sql).unwrap();
    fails(
        &folder,
        &["observations", "engine.db", "odd"],
        6,
        "unreadable_row",
    );
    for choice in [
        &["--skip-unreadable"] as &[_],
        &["--skip-unreadable", "--last", "3"],
    ] {
        let ran = folder.run(&[&["observations", "engine.db", "odd", "--json"], choice].concat());
        assert_eq!((ran.code, ran.json()), (0, serde_json::json!([])));
    }
    fails(&folder, &["show", "engine.db", "odd"], 6, "unreadable_row");
    for command in ["streams", "verify"] {
        let ran = folder.run(&[command, "engine.db"]);
        assert_eq!(ran.code, 6, "{ran:?}");
        assert!(ran.out.contains("156"), "{ran:?}");
        assert!(ran.err.contains("warning: \"odd\": "), "{ran:?}");
        let ran = folder.run(&[command, "engine.db", "--json"]);
        assert_eq!(ran.code, 6);
        let streams = &ran.json()["streams"];
        assert_eq!(streams[0]["error"], serde_json::Value::Null);
        assert_eq!(streams[1]["error"]["kind"], "unreadable_row");
    }
    // It is left as it is, and reported.
    let ran = folder.run(&["normalize", "engine.db", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.json()["streams"][1]["unreadable"][0], "soon");
}

#[test]
fn the_mean_is_of_the_rows_that_can_be_read() {
    let folder = Folder::new();
    let lines = [payload(0, 10), payload(1, 20), payload(2, 30)].join("\n");
    assert_eq!(
        folder.feed(&["ingest", "engine.db"], lines.as_bytes()).code,
        0
    );
    let sql = "UPDATE s SET value = 'abc' WHERE ts = 2";
    folder.sqlite().batch_execute(sql).unwrap();
    let shown = folder.run(&["show", "engine.db", "s", "--json"]).json();
    assert_eq!(
        (&shown["rows"], &shown["unreadable"]),
        (&3.into(), &1.into())
    );
    assert_eq!(shown["mean"], 15.0);
}
