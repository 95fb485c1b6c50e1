//! `copy`: there and back, killed and repeated, refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{Folder, create, feed, payload};
use diesel::connection::SimpleConnection;

/// Prints what the streams, their metadata and the quarantine of a file hold, with the type of
/// each value: the order of the tables, and each row. Only how tables are declared is left out.
const DUMP: &str = r#"
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
db.text_factory = bytes
COLUMNS = ["id", "server_stream_id", "uuid", "name", "author", "secondary", "target", "meta",
    "description", "last_synced", "created_at"]
def show(table, columns, order):
    name = '"' + table.replace('"', '""') + '"'
    print("table", table)
    cells = ", ".join(f"typeof({c}), quote({c}), hex({c})" for c in columns)
    for row in db.execute(f"SELECT {cells} FROM {name} ORDER BY {order}"):
        print(row)
for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid"):
    name = name.decode()
    columns = [row[1].decode() for row in db.execute("SELECT * FROM pragma_table_info(?)", (name,))]
    if columns == ["ts", "value", "hash", "provider"]:
        show(name, columns, "ts")
for name in ["streams", "__satori_quarantine", "sqlite_sequence"]:
    columns = [row[1].decode() for row in db.execute("SELECT * FROM pragma_table_info(?)", (name,))]
    if name == "streams":
        columns = [c if c in columns else "NULL" for c in COLUMNS] if columns else []
    if columns and db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]:
        show(name, columns, columns[0])
"#;

/// The fixtures of which a row can't be found, or nothing.
const DAMAGED: [&str; 3] = ["bad_page.db", "truncated.db", "not_a_database.db"];

fn dump(path: &Path) -> String {
    let run = Command::new("python3")
        .args(["-c", DUMP])
        .arg(path)
        .output();
    let run = run.unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).unwrap()
}

/// Makes a file with what is hard to carry.
fn hostile() -> Folder {
    let folder = Folder::new();
    let stream = |uuid: &str| format!(r#"{{"uuid": "{uuid}", "name": "{uuid}"}}"#);
    let streams = ["gone", "odd", "times", "late", "last"]
        .map(stream)
        .join("\n");
    let ran = folder.feed(&["sync", "engine.db"], streams.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut sql = create("\"times\"", 3, "i, i, 'h' || i, 'engine'");
    sql += &create("\"a \"\"quoted\"\"; one\"", 2, "i, 1e300 * i, '', ''");
    sql += &create("\"empty\"", 1, "i, i, 'h', 'p'");
    sql += &create(
        "\"moved\"",
        4,
        "CASE i WHEN 4 THEN 4 ELSE 'None' || i END, i, 'h', 'engine'",
    );
    sql += &create("odd", 3, "1704283200 + i, i, 'h' || i, 'engine'");
    sql += "DELETE FROM \"empty\";
        INSERT INTO odd VALUES
            ('2024-01-03 12:00:00', 1, 'text', 'engine'), (1704283200, 2, 'seconds', 'engine'),
            (1704283200000, 3, 'milliseconds', 'engine'),
            ('2024-01-03T13:00:00+01:00', 4, 'offset', 'engine'),
            ('2024-01-04', 5.25, 'date', 'é'), ('2024-01-05T00:00:00.123456789Z', 6, 'nano', ''),
            (1704300000.123456, -7.5, 'fraction', 'central'), (1.5e18, 1e16, 'nanoseconds', 'x'),
            (-86400, 0.1, 'before 1970', 'x'), ('None', 8, 'none', 'engine'),
            ('2024-13-01', 1, 'no month', 'x'), (x'0700', 9, 'blob', 'engine'),
            (1704400000, 9e999, 'infinite', 'x'), (1704400001, 'NaN', 'text', 'x'),
            (1704400002, 9007199254740993, 'digits', 'x'), (1704400003, x'00', 'blob', 'x'),
            (1704400004, 1, x'6868', 'hash is a blob'), (1704400005, 1, CAST(x'610062' AS TEXT), 'NUL'),
            (1704400006, 1, 'h', CAST(x'ff' AS TEXT)), (1704400007, 1.7976931348623157e308, 'h', 'x'),
            (1704400008, 5e-324, '''quoted''', 'a\nb'), ('', 1, 'empty', 'x');
        UPDATE streams SET last_synced = '2026-01-03 09:00:00+02:00', created_at = 'None'
            WHERE uuid = 'odd';
        UPDATE streams SET last_synced = 1704283200, created_at = '2026-01-01T00:00:00.25'
            WHERE uuid = 'times';
        UPDATE streams SET last_synced = NULL, server_stream_id = -5, description = '' WHERE uuid = 'late';
        DELETE FROM streams WHERE uuid IN ('gone', 'last');";
    folder.sqlite().batch_execute(&sql).unwrap();
    for stream in ["moved", "odd"] {
        let ran = folder.run(&["quarantine", "engine.db", stream]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    // One of them shares its instant with a row that stays; others can't be read any more.
    let sql =
        "INSERT INTO odd VALUES ('later', 1, 'h', 'x'), ('2024-01-03T12:00:00Z', 'inf', 'h', 'x')";
    folder.sqlite().batch_execute(sql).unwrap();
    folder
}

/// Returns the files that are copied, each in a folder of its own.
fn files() -> Vec<(PathBuf, Folder)> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let mut files = Vec::new();
    for entry in [tests, shared]
        .iter()
        .filter_map(|path| path.read_dir().ok())
        .flatten()
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "db") {
            let folder = Folder::new();
            folder.write("engine.db", std::fs::read(&path).unwrap());
            files.push((path, folder));
        }
    }
    files.push(("feed".into(), Folder::with_bitcoin()));
    files.push(("hostile".into(), hostile()));
    files
}

#[test]
fn a_copy_there_and_back_is_the_same() {
    let mut copied = 0;
    for (name, folder) in files() {
        let path = |name: &str| folder.path(name);
        let copy = |from: &str, to: &str| folder.run(&["copy", from, to]);
        let before = std::fs::read(path("engine.db")).unwrap();
        let ran = copy("engine.db", "copy.db");
        if DAMAGED.iter().any(|damaged| name.ends_with(damaged)) {
            assert_eq!(ran.code, 6, "{name:?}: {ran:?}");
            continue;
        }
        assert_eq!(ran.code, 0, "{name:?}: {ran:?}");
        let wanted = dump(&path("engine.db"));
        assert_eq!(dump(&path("copy.db")), wanted, "{name:?}");
        if let (Some(one), Some(two)) = (crate::common::database(), crate::common::database()) {
            assert_eq!(copy("engine.db", &one).code, 0, "{name:?}");
            assert_eq!(copy(&one, "back.db").code, 0, "{name:?}");
            assert_eq!(dump(&path("back.db")), wanted, "{name:?}");
            assert_eq!(copy(&one, &two).code, 0, "{name:?}");
            assert_eq!(copy(&two, "again.db").code, 0, "{name:?}");
            assert_eq!(dump(&path("again.db")), wanted, "{name:?}");
            // Once more finds all in place.
            let ran = folder.run(&["copy", "engine.db", &two, "--json"]);
            let report = ran.json();
            assert_eq!(report["rows"], report["already_there"], "{ran:?}");
            assert_eq!(report["set_aside"], 0);
            assert_eq!(
                dump(&path("engine.db")),
                wanted,
                "the source stays as it is"
            );
        }
        if name != Path::new("hostile") && name != Path::new("feed") {
            assert_eq!(
                std::fs::read(path("engine.db")).unwrap(),
                before,
                "{name:?}"
            );
        }
        copied += 1;
    }
    assert!(copied >= 7, "{copied}");
}

#[test]
fn rows_that_the_server_cannot_hold_are_in_its_quarantine() {
    let Some(db) = crate::common::database() else {
        return;
    };
    let folder = hostile();
    let ran = folder.run(&["copy", "engine.db", &db, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.out.contains(crate::common::password(&db)));
    let aside = ran.json()["set_aside"].as_u64().unwrap();
    assert!(aside >= 5, "{ran:?}");
    let listed = folder
        .run(&["quarantine", &db, "odd", "--list", "--json"])
        .out;
    for reason in [
        "its instant has another row, whose ts is 1704283200",
        "hash is a blob",
        "hash has a NUL",
        "more digits than a double",
    ] {
        assert!(listed.contains(reason), "{reason}: {listed}");
    }
    // Those of a stream that is removed stay, and are copied on.
    let quarantined = |db: &str| {
        let all = folder.run(&["quarantine", db, "--list", "--json"]);
        let json = all.json();
        let streams = json["streams"].as_array().unwrap().clone();
        let of = streams
            .iter()
            .map(|stream| stream["rows"].as_array().map_or(0, Vec::len));
        of.sum::<usize>()
    };
    let before = quarantined(&db);
    assert!(before >= 5, "{before}");
    assert_eq!(
        folder
            .run(&["remove", &db, "moved", "--data", "--yes"])
            .code,
        0
    );
    assert_eq!(
        folder.run(&["remove", &db, "odd", "--data", "--yes"]).code,
        0
    );
    assert_eq!(quarantined(&db), before);
    let ran = folder.run(&["copy", &db, "without.db"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(quarantined("without.db"), before);
    for stream in ["odd", "moved"] {
        assert_eq!(
            folder
                .run(&["remove", "engine.db", stream, "--data", "--yes"])
                .code,
            0
        );
    }

    // Streams come in the same order, and new ids are new.
    let streams = |db: &str| folder.run(&["streams", db, "--json"]).json();
    let uuids = |db: &str| {
        let all = streams(db);
        let list = all["streams"].as_array().unwrap().clone();
        list.into_iter()
            .map(|stream| stream["uuid"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(uuids(&db), uuids("engine.db"));
    let ran = folder.feed(&["ingest", &db], payload(1, 1).as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    let shown = folder.run(&["show", &db, "s", "--json"]).json();
    assert!(shown["metadata"]["id"].as_i64().unwrap() > 5, "{shown}");
}

/// Kills copies of six streams into `to` until one comes to its end; then compares.
fn killed(to: &str) {
    let folder = Folder::new();
    let ran = folder.feed(&["sync", "engine.db"], br#"{"uuid": "s1", "name": "n"}"#);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut sql = String::new();
    for name in (1..=6).map(|number| format!("s{number}")) {
        sql += &create(&name, 500, "i, i * 0.5, printf('%016x', i), 'engine'");
        sql += &format!(
            "INSERT INTO {name} VALUES ('None', 1, 'h', 'x'), ('1970-01-01 00:00:07', 1, 'h', 'x');"
        );
    }
    folder.sqlite().batch_execute(&sql).unwrap();
    let start = || {
        let mut command = folder.command(&["copy", "engine.db", to]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut kills = 0;
    let mut time = Duration::from_millis(4);
    loop {
        let mut child = start();
        // Each has a little more time than the one before.
        time = time.mul_f64(1.4);
        std::thread::sleep(time);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 3, "{kills}");
    let back = match to.contains("://") {
        true => {
            let ran = folder.run(&["copy", to, "back.db"]);
            assert_eq!(ran.code, 0, "{ran:?}");
            folder.path("back.db")
        }
        false => folder.path(to),
    };
    assert_eq!(dump(&back), dump(&folder.path("engine.db")));
}

#[test]
fn a_copy_that_is_killed_goes_on() {
    killed("copy.db");
    if let Some(db) = crate::common::database() {
        killed(&db);
    }
}

#[test]
fn a_target_that_holds_something_else_is_left_as_it_is() {
    let payloads = [payload(1, 1), payload(2, 2), payload(3, 3)].join("\n");
    for (case, feed, at) in [
        ("another value", payload(2, 9), "1970-01-01T00:00:02Z"),
        ("one more row", payload(7, 7), "1970-01-01T00:00:07Z"),
        (
            "another stream",
            payload(1, 1).replace("\"s\"", "\"other\""),
            "\"other\"",
        ),
        (
            "other metadata",
            payload(1, 1).replace("\"s\"", "\"s\", \"name\": \"n\""),
            "metadata",
        ),
    ] {
        for server in [false, true] {
            let folder = Folder::new();
            let to = match (server, crate::common::database()) {
                (false, _) => "to.db".to_owned(),
                (true, Some(url)) => url,
                (true, None) => continue,
            };
            for (db, feed) in [("engine.db", &payloads), (to.as_str(), &feed)] {
                assert_eq!(folder.feed(&["ingest", db], feed.as_bytes()).code, 0);
            }
            let held = |name: &str| match server {
                false => dump(&folder.path("to.db")),
                true => {
                    assert_eq!(folder.run(&["copy", &to, name]).code, 0);
                    dump(&folder.path(name))
                }
            };
            let before = held("before.db");
            let ran = folder.run(&["copy", "engine.db", &to]);
            assert_eq!(ran.code, 4, "{case}: {ran:?}");
            assert!(ran.err.contains(at), "{case}: {ran:?}");
            assert!(
                !server || !ran.err.contains(crate::common::password(&to)),
                "{ran:?}"
            );
            assert_eq!(held("after.db"), before, "{case}");
        }
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["copy", "engine.db", "to.db", "--dry-run", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let rows = ran.json()["rows"].as_u64().unwrap();
    assert!(rows > 100 && ran.json()["already_there"] == 0, "{ran:?}");
    assert!(!folder.path("to.db").exists());
    assert_eq!(folder.run(&["copy", "engine.db", "to.db"]).code, 0);
    let ran = folder.run(&["copy", "engine.db", "to.db", "--dry-run", "--json"]);
    assert_eq!(ran.json()["already_there"], rows, "{ran:?}");
    assert_eq!(folder.run(&["copy", "nowhere.db", "new.db"]).code, 3);
    assert!(!folder.path("new.db").exists());
    assert_eq!(
        folder
            .run(&["copy", "engine.db", &feed("bitcoin.ndjson")])
            .code,
        6
    );
}

#[test]
fn a_dry_run_makes_no_target() {
    let folder = Folder::with_bitcoin();
    let copy = |to: &str| folder.run(&["copy", "engine.db", to, "--dry-run", "--json"]);
    folder.write("empty.db", "");
    for to in ["new.db", "empty.db"] {
        let ran = copy(to);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.json()["rows"], 156, "{ran:?}");
    }
    assert!(!folder.path("new.db").exists());
    assert_eq!(folder.path("empty.db").metadata().unwrap().len(), 0);

    // Where the copy could make none, the dry run says so too.
    folder.write("lost.db-wal", [0; 100]);
    folder.write("short.db", "x");
    for (to, code) in [
        ("no/folder.db", 3),
        (".", 3),
        ("lost.db", 3),
        ("engine.db/x.db", 3),
        ("short.db", 6),
    ] {
        let said = copy(to);
        assert_eq!(said.code, code, "{to}: {said:?}");
        let ran = folder.run(&["copy", "engine.db", to]);
        assert_eq!(ran.code, code, "{to}: {ran:?}");
    }
}

#[test]
fn a_dry_run_makes_no_tables() {
    let Some(db) = crate::common::database() else {
        return;
    };
    let folder = Folder::with_bitcoin();
    let copy = || folder.run(&["copy", "engine.db", &db, "--dry-run", "--json"]);
    let ran = copy();
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(
        (&report["rows"], &report["already_there"]),
        (&156.into(), &0.into())
    );
    assert!(!ran.out.contains(crate::common::password(&db)));
    // Any other command finds that there is no store.
    assert_eq!(folder.run(&["streams", &db]).code, 6);

    let nowhere = db.replace("test_cli", "none_cli");
    let ran = folder.run(&["copy", "engine.db", &nowhere, "--dry-run"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("CREATE SCHEMA"), "{ran:?}");

    assert_eq!(folder.run(&["copy", "engine.db", &db]).code, 0);
    let report = copy().json();
    assert_eq!(report["already_there"], report["rows"]);
}

/// Prints the rows of a file that are in its tables or in its quarantine, sorted, with the type of
/// each value.
const ROWS: &str = r#"
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
cells = ", ".join(f"typeof({c}), quote({c})" for c in ["ts", "value", "hash", "provider"])
rows = db.execute(f"SELECT {cells} FROM twins").fetchall()
if db.execute("SELECT 1 FROM sqlite_schema WHERE name = '__satori_quarantine'").fetchone():
    rows += db.execute(f"SELECT {cells} FROM __satori_quarantine WHERE id < 0").fetchall()
print(*sorted(rows), sep="\n")
"#;

#[test]
fn rows_without_a_timestamp_are_copied_each() {
    let folder = Folder::new();
    assert_eq!(folder.feed(&["ingest", "engine.db"], b"").code, 0);
    // SQLite takes any number of NULLs for a key that isn't NOT NULL; more than a page holds.
    let sql = "CREATE TABLE twins (ts TIMESTAMP PRIMARY KEY, value NUMERIC, hash TEXT, provider TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO twins SELECT NULL, 1, 'h', 'p' FROM n;
        INSERT INTO twins VALUES (NULL, 2.5, 'h', 'p'), (NULL, NULL, NULL, NULL), (NULL, 1, 'h', 'p'),
            (NULL, NULL, NULL, NULL), (1704283200, 1, 'h', 'p'), (1704283201, NULL, 'h', 'p');";
    folder.sqlite().batch_execute(sql).unwrap();
    let rows = |name: &str| {
        let mut python = Command::new("python3");
        let run = python
            .args(["-c", ROWS])
            .arg(folder.path(name))
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        String::from_utf8(run.stdout).unwrap()
    };
    let copied = |from: &str, to: &str| {
        let ran = folder.run(&["copy", from, to, "--json"]);
        assert_eq!(ran.code, 0, "{from} to {to}: {ran:?}");
        let report = ran.json();
        assert_eq!(report["rows"], 306, "{report}");
        (
            report["already_there"].as_u64().unwrap(),
            report["set_aside"].as_u64().unwrap(),
        )
    };
    let wanted = rows("engine.db");
    assert_eq!(wanted.lines().count(), 306);
    assert_eq!(copied("engine.db", "engine.db"), (306, 0));
    let mut targets = vec![("copy.db".to_owned(), "again.db")];
    targets.extend(crate::common::database().map(|db| (db, "back.db")));
    for (to, back) in targets {
        assert_eq!(copied("engine.db", &to), (0, 305));
        assert_eq!(copied("engine.db", &to), (306, 0));
        assert_eq!(copied(&to, back), (0, 305));
        assert_eq!(rows(back), wanted);
        // The place where they came from holds them, and one more is one more.
        assert_eq!(copied(&to, "engine.db"), (306, 0));
    }
    assert_eq!(rows("engine.db"), wanted);
    folder
        .sqlite()
        .batch_execute("INSERT INTO twins VALUES (NULL, 1, 'h', 'p')")
        .unwrap();
    let ran = folder.run(&["copy", "engine.db", "copy.db", "--json"]);
    assert_eq!(
        (&ran.json()["already_there"], &ran.json()["set_aside"]),
        (&306.into(), &1.into())
    );
    assert_eq!(rows("copy.db"), rows("engine.db"));
    // Now the copy holds one that an older one doesn't.
    assert_eq!(folder.run(&["copy", "again.db", "copy.db"]).code, 4);
}
