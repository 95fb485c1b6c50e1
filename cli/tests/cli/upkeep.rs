//! `check` and `retain`.

use crate::common::*;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;

fn rows(folder: &Folder, stream: &str) -> serde_json::Value {
    folder.run(&["show", "engine.db", stream, "--json"]).json()["rows"].clone()
}

#[test]
fn check_of_a_sound_store_finds_nothing_to_do() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["check", "engine.db"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(
        ran.out.contains("1 stream checked with SQLite 3."),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("0 findings of damage, 0 warnings"),
        "{ran:?}"
    );
    let ran = folder.run(&["check", "engine.db", "--json", "--stale-after", "1d"]);
    let report = ran.json();
    assert_eq!((ran.code, &report["streams"]), (0, &1.into()), "{ran:?}");
    let severities = report["findings"].as_array().unwrap();
    assert!(severities.iter().all(|found| found["severity"] == "note"));
    // No time at all has been without a sync.
    let ran = folder.run(&[
        "check",
        "engine.db",
        "--json",
        "--quick",
        "--stale-after",
        "0s",
    ]);
    assert_eq!(
        (ran.code, ran.json()["streams"].clone()),
        (0, 0.into()),
        "{ran:?}"
    );
    assert_eq!(ran.json()["findings"][0]["kind"], "stale");
}

#[test]
fn check_says_what_is_wrong_where_and_what_to_do() {
    let folder = Folder::with("unreadable_rows.db");
    let before = std::fs::read(folder.path("engine.db")).unwrap();
    let ran = folder.run(&["check", "engine.db"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:?}");
    for part in ["warning: ", "\"engine\"", "can't be read", "quarantine"] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    let one = folder.run(&["check", "engine.db", "engine", "--json"]);
    assert_eq!(one.code, 1, "{one:?}");
    let found = one.json()["findings"].clone();
    // The worst comes first.
    assert_eq!(found[0]["kind"], "unreadable_rows", "{found}");
    assert_eq!(
        (&found[0]["stream"], &found[0]["count"]),
        (&"engine".into(), &5.into())
    );
    assert_eq!(std::fs::read(folder.path("engine.db")).unwrap(), before);
    assert_eq!(folder.run(&["check", "engine.db", "unknown"]).code, 3);
    assert_eq!(folder.run(&["check", "nothing.db"]).code, 3);
    assert_eq!(
        folder
            .run(&["check", "engine.db", "engine", "--quick"])
            .code,
        2
    );
}

#[test]
fn check_finds_damage_and_goes_on() {
    let folder = Folder::with_bitcoin();
    let mut sqlite = folder.sqlite();
    sqlite
        .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(sqlite);
    // The leaf of its rows, found by a value that it holds.
    let mut bytes = std::fs::read(folder.path("engine.db")).unwrap();
    let place = bytes
        .windows(7)
        .rposition(|part| part == b"central")
        .unwrap();
    let page = place / 4096 * 4096;
    bytes[page..page + 4096].fill(0xff);
    std::fs::write(folder.path("engine.db"), bytes).unwrap();
    let ran = folder.run(&["check", "engine.db"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.out.starts_with("damage: "), "{ran:?}");
    assert!(ran.out.contains("restore a backup"), "{ran:?}");
    assert!(ran.out.contains("1 stream checked"), "{ran:?}");
}

#[test]
fn retain_deletes_what_a_dry_run_says() {
    let folder = Folder::with_bitcoin();
    let deleted = |args: &[&str]| {
        let ran = folder.run(&[&["retain", "engine.db", "--json"], args].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?} {ran:?}");
        ran.json()["streams"][0]["deleted"].as_u64().unwrap()
    };
    let before = folder
        .run(&["observations", "engine.db", "bitcoin", "--json"])
        .out;
    let before: Vec<_> = before.lines().collect();
    let rows = before.len() as u64;
    assert_eq!(
        deleted(&["bitcoin", "--last", "100", "--dry-run"]),
        rows - 100
    );
    assert_eq!(deleted(&["bitcoin", "--last", "100", "--yes"]), rows - 100);
    assert_eq!(deleted(&["--all", "--since", "1970-01-01", "--yes"]), 0);
    assert_eq!(deleted(&["--all", "--older-than", "100000d", "--yes"]), 0);
    let after = folder
        .run(&["observations", "engine.db", "bitcoin", "--json"])
        .out;
    let after: Vec<_> = after.lines().collect();
    // The first one has the array's bracket.
    assert!(
        after.len() == 100 && after[1..] == before[before.len() - 99..],
        "{after:?}"
    );
    assert_eq!(deleted(&["--all", "--older-than", "1d", "--yes"]), 100);
    let ran = folder.run(&["retain", "engine.db", "--all", "--last", "5", "--dry-run"]);
    assert!(ran.out.contains("dry run: nothing was deleted"), "{ran:?}");
}

#[test]
fn retain_that_stops_says_how_much_it_has_deleted() {
    let folder = Folder::with_bitcoin();
    let mut sqlite = folder.sqlite();
    sqlite
        .batch_execute(&format!(
            "DELETE FROM \"{BITCOIN}\"; WITH RECURSIVE n (s) AS (VALUES (1) UNION ALL SELECT s + 1 \
             FROM n LIMIT 2500) INSERT INTO \"{BITCOIN}\" SELECT s, s, 'h', 'p' FROM n; \
             UPDATE \"{BITCOIN}\" SET value = 'no number' WHERE ts = 2200;"
        ))
        .unwrap();
    drop(sqlite);
    let retain = ["retain", "engine.db", "bitcoin", "--last", "10", "--yes"];
    let copy = folder.run(&["backup", "engine.db", "copy.db"]);
    assert_eq!(copy.code, 0, "{copy:?}");
    let ran = folder.run(&[&retain[..], &["--json"]].concat());
    assert_eq!(ran.code, 6, "{ran:?}");
    let stream = &ran.json()["streams"][0];
    assert_eq!(stream["deleted"], 2_199, "{ran:?}");
    assert_eq!(stream["error"]["kind"], "unreadable_row", "{ran:?}");
    assert_eq!(rows(&folder, BITCOIN), 301);

    let ran = folder.run(&["retain", "copy.db", "bitcoin", "--last", "10", "--yes"]);
    assert!(ran.out.contains("2,199, then an error"), "{ran:?}");
    // None was deleted before this one.
    let ran = folder.run(&[&retain[..], &["--json"]].concat());
    let stream = &ran.json()["streams"][0];
    assert!(
        stream["deleted"].is_null() && stream["error"].is_object(),
        "{ran:?}"
    );
}

#[test]
fn retain_deletes_nothing_that_was_not_asked_for() {
    let folder = Folder::with_bitcoin();
    for (args, code) in [
        // Nobody is there to be asked.
        (&["bitcoin", "--last", "1"][..], 2),
        (&["bitcoin", "--yes"], 2),
        (&["--last", "1", "--yes"], 2),
        (&["bitcoin", "--all", "--last", "1", "--yes"], 2),
        (&["bitcoin", "--last", "1", "--since", "2020", "--yes"], 2),
        (&["bitcoin", "--since", "never", "--yes"], 2),
        (&["bitcoin", "--last", "-1", "--yes"], 2),
        (&["unknown", "--last", "1", "--yes"], 3),
    ] {
        let ran = folder.run(&[&["retain", "engine.db"], args].concat());
        assert_eq!(ran.code, code, "{args:?} {ran:?}");
        assert_eq!(rows(&folder, BITCOIN), 156, "{args:?}");
    }
}

/// Streams, and rows of each, in the store whose commands are killed.
const STREAMS: i64 = 20;
const ROWS: i64 = 1_500;

/// Makes a store in which every command has something to do: text between the numbers, and a
/// row that can't be read.
fn to_be_looked_after() -> Folder {
    let folder = Folder::with_bitcoin();
    let streams = (0..STREAMS).map(|stream| {
        let row = "CASE i % 2 WHEN 0 THEN i * 60 ELSE datetime(i * 60, 'unixepoch') END, \
                   CASE i WHEN 7 THEN 'late' ELSE i END, 'h', 'p'";
        create(&format!("s{stream}"), ROWS, row)
    });
    let streams: String = streams.collect();
    let mut sqlite = folder.sqlite();
    sqlite.batch_execute(&streams).unwrap();
    sqlite
        .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    folder
}

/// Returns what SQLite's check says of a file, and for each stream how many rows it has, and
/// how many of them are not among its last ones; rows in the quarantine count too.
fn state(path: &std::path::Path) -> (String, Vec<(i64, i64)>) {
    let path = path.to_str().unwrap();
    let mut sqlite = <diesel::SqliteConnection as diesel::Connection>::establish(path).unwrap();
    let quarantine = "CREATE TEMP VIEW IF NOT EXISTS moved AS SELECT * FROM __satori_quarantine";
    let empty = "CREATE TEMP VIEW moved AS SELECT '' AS stream, 0 AS value WHERE 0";
    if sqlite.batch_execute(quarantine).is_err()
        || diesel::sql_query("SELECT * FROM moved LIMIT 0")
            .execute(&mut sqlite)
            .is_err()
    {
        sqlite.batch_execute("DROP VIEW IF EXISTS moved").unwrap();
        sqlite.batch_execute(empty).unwrap();
    }
    let check = diesel::sql_query("SELECT integrity_check AS text FROM pragma_integrity_check");
    let check: Text = check.get_result(&mut sqlite).unwrap();
    let streams = (0..STREAMS).map(|stream| {
        let counts = format!(
            "WITH numbers(i) AS (SELECT CASE value WHEN 'late' THEN 7 ELSE value END FROM \
             (SELECT value FROM s{stream} UNION ALL SELECT value FROM moved \
              WHERE stream = 's{stream}')) \
             SELECT count(DISTINCT i) AS rows, count(*) FILTER (WHERE i <= {ROWS} - \
             (SELECT count(*) FROM numbers)) AS early FROM numbers"
        );
        let found: Counts = diesel::sql_query(counts).get_result(&mut sqlite).unwrap();
        (found.rows, found.early)
    });
    (check.text, streams.collect())
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

#[derive(diesel::QueryableByName)]
struct Counts {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    early: i64,
}

#[test]
fn a_kill_leaves_the_store_sound_and_no_half_of_a_file() {
    let folder = to_be_looked_after();
    let original = std::fs::read(folder.path("engine.db")).unwrap();
    let all: Vec<_> = (0..STREAMS).map(|_| (ROWS, 0)).collect();
    let mut killed = 0;
    for command in [
        &["check", "engine.db"][..],
        &["verify", "engine.db"],
        &["normalize", "engine.db"],
        &["quarantine", "engine.db"],
        &["restate-digest", "engine.db"],
        &["compact", "engine.db"],
        &["backup", "engine.db", "copy.db"],
        &["restore", "engine.db", "copy.db"],
        &["retain", "engine.db", "--all", "--last", "100", "--yes"],
        &["remove", "engine.db", "s3", "--yes"],
    ] {
        let begin = |part: u32, whole: std::time::Duration| {
            for name in ["engine.db", "engine.db-wal", "engine.db-shm", "copy.db"] {
                let _ = std::fs::remove_file(folder.path(name));
            }
            folder.write("engine.db", &original);
            if command[0] == "retain" {
                assert_eq!(folder.run(&["quarantine", "engine.db"]).code, 0);
            }
            let mut command = folder.command(command);
            command.stdout(std::process::Stdio::null());
            let child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * part / 6);
            child
        };
        let started = std::time::Instant::now();
        begin(0, started.elapsed()).wait().unwrap();
        let whole = started.elapsed();
        for part in 0..6 {
            let mut child = begin(part, whole);
            child.kill().unwrap();
            killed += u32::from(child.wait().unwrap().code().is_none());
            let what = format!("{command:?}, after {part} sixths");
            if command[0] == "remove" {
                let kept = folder.run(&["streams", "engine.db", "--json"]);
                assert_eq!(kept.code, 0, "{what}: {kept:?}");
                continue;
            }
            let (check, streams) = state(&folder.path("engine.db"));
            assert_eq!(check, "ok", "{what}");
            match command[0] {
                // Of each stream the last rows are left, at least as many as are kept, and the
                // one in the quarantine.
                "retain" => assert!(
                    streams
                        .iter()
                        .all(|&(rows, early)| rows > 100 && early <= 1),
                    "{what}: {streams:?}"
                ),
                _ => assert_eq!(streams, all, "{what}"),
            }
            if folder.path("copy.db").exists() {
                assert_eq!(
                    state(&folder.path("copy.db")),
                    ("ok".to_owned(), all.clone())
                );
            }
        }
    }
    assert!(killed > 15, "only {killed} were killed");
}
