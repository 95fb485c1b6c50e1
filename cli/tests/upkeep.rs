//! `check` and `retain`.

mod common;

use common::*;
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
