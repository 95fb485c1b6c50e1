//! `normalize`, `remove`, `backup`, `restore` and `compact`.

use std::fs;

use crate::common::{BITCOIN, Folder, payload};

fn rows(folder: &Folder, stream: &str) -> serde_json::Value {
    folder.run(&["show", "engine.db", stream, "--json"]).json()["rows"].clone()
}

#[test]
fn normalize_rewrites_what_a_dry_run_says() {
    let folder = Folder::with("eleven_columns.db");
    let before = folder
        .run(&["observations", "engine.db", "mixed", "--json"])
        .out;
    let dry = folder.run(&["normalize", "engine.db", "mixed", "--dry-run", "--json"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert_eq!(dry.json()["dry_run"], true);
    assert_eq!(dry.json()["streams"][0]["rewritten"], 100);
    let text = folder.run(&["normalize", "engine.db", "--dry-run"]);
    assert!(
        text.out.contains("dry run: nothing was rewritten"),
        "{}",
        text.out
    );

    let done = folder.run(&["normalize", "engine.db", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let streams = done.json();
    let mixed = streams["streams"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["uuid"] == "mixed");
    assert_eq!(mixed.unwrap()["rewritten"], 100);
    assert_eq!(
        folder
            .run(&["observations", "engine.db", "mixed", "--json"])
            .out,
        before
    );
    let again = folder
        .run(&["normalize", "engine.db", "mixed", "--json"])
        .json();
    assert_eq!(again["streams"][0]["rewritten"], 0);
}

#[test]
fn remove_refuses_without_a_person_to_ask() {
    let folder = Folder::with_bitcoin();
    let ran = folder.feed(&["remove", "engine.db", "bitcoin"], b"y\n");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("nothing was changed"), "{ran:?}");
    assert!(ran.err.contains("--yes"), "{ran:?}");
    let ran = folder.run(&["remove", "engine.db", "bitcoin", "--json"]);
    assert_eq!(ran.error()["kind"], "unconfirmed");
    assert_eq!(rows(&folder, "bitcoin"), 156);
}

#[test]
fn remove_removes_what_was_asked() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&[
        "remove",
        "engine.db",
        "bitcoin",
        "--data",
        "--yes",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(
        (&report["metadata"], &report["rows"]),
        (&false.into(), &156.into())
    );
    assert_eq!(rows(&folder, "bitcoin"), 0, "the metadata stays");
    let ran = folder.run(&["remove", "engine.db", BITCOIN, "--metadata", "--yes"]);
    assert_eq!(
        ran.out,
        format!("\"bitcoin\" ({BITCOIN}): removed metadata\n")
    );
    assert_eq!(folder.run(&["show", "engine.db", BITCOIN]).code, 3);

    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["remove", "engine.db", "bitcoin", "--yes"]);
    let removed = "removed metadata and 156 observations\n";
    assert!(ran.out.ends_with(removed), "{ran:?}");
    assert_eq!(folder.run(&["streams", "engine.db"]).out, "no streams\n");
}

#[test]
fn remove_does_not_guess() {
    let folder = Folder::with("eleven_columns.db");
    let ran = folder.run(&["remove", "engine.db", "bitcoin", "--yes"]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.err.contains(BITCOIN) && ran.err.contains("iso-zulu"),
        "{ran:?}"
    );
    assert_eq!(rows(&folder, BITCOIN), 156);
    assert_eq!(rows(&folder, "iso-zulu"), 100);
}

#[test]
fn only_ingest_and_sync_create_a_store() {
    let folder = Folder::new();
    for args in [
        &["streams", "engine.db"][..],
        &["show", "engine.db", "s"],
        &["observations", "engine.db", "s"],
        &["verify", "engine.db"],
        &["normalize", "engine.db"],
        &["remove", "engine.db", "s", "--yes"],
    ] {
        let ran = folder.run(args);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.contains("hint: "), "{ran:?}");
        assert_eq!(
            fs::read_dir(folder.path(".")).unwrap().count(),
            0,
            "{args:?}"
        );
    }
}

#[test]
fn quarantine_moves_what_cannot_be_read_and_puts_it_back() {
    let folder = Folder::with("unreadable_rows.db");
    assert_eq!(folder.run(&["observations", "engine.db", "engine"]).code, 6);
    let dry = folder.run(&["quarantine", "engine.db", "--dry-run", "--json"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    let unreadable = dry.json()["streams"][0]["rows"].clone();
    assert_eq!(unreadable.as_array().unwrap().len(), 5);
    assert_eq!(unreadable[4]["ts"], "'None'");
    let listed = folder.run(&["quarantine", "engine.db", "--list", "--json"]);
    assert_eq!(listed.json()["streams"][0]["rows"], serde_json::json!([]));

    let moved = folder.run(&["quarantine", "engine.db", "engine"]);
    assert_eq!(moved.code, 0, "{moved:?}");
    assert!(
        moved.out.contains('5') && moved.err.contains("'None'"),
        "{moved:?}"
    );
    assert_eq!(rows(&folder, "engine"), 1);
    assert_eq!(folder.run(&["observations", "engine.db", "engine"]).code, 0);
    let listed = folder.run(&["quarantine", "engine.db", "--list", "--json"]);
    assert_eq!(listed.json()["streams"][0]["rows"], unreadable);

    let back = folder.run(&["quarantine", "engine.db", "--restore", "--json"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(back.json()["streams"][0]["restored"], 5);
    assert_eq!(rows(&folder, "engine"), 6);
    let both = folder.run(&["quarantine", "engine.db", "--restore", "--list"]);
    assert_eq!(both.code, 2);
}

#[test]
fn quarantine_lists_and_restores_the_rows_of_a_stream_that_was_removed() {
    let folder = Folder::with("unreadable_rows.db");
    assert_eq!(folder.run(&["quarantine", "engine.db"]).code, 0);
    let removed = folder.run(&["remove", "engine.db", "engine", "--yes"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    for which in [&["--list"][..], &["engine", "--list"]] {
        let listed = folder.run(&[&["quarantine", "engine.db", "--json"], which].concat());
        assert_eq!(listed.code, 0, "{listed:?}");
        let streams = &listed.json()["streams"];
        assert_eq!(streams.as_array().unwrap().len(), 1);
        assert_eq!(streams[0]["uuid"], "engine");
        assert_eq!(streams[0]["rows"].as_array().unwrap().len(), 5);
    }
    // There is no table to put them back into until the stream has one again.
    let kept = folder.run(&["quarantine", "engine.db", "engine", "--restore", "--json"]);
    assert_eq!(kept.code, 1, "{kept:?}");
    assert_eq!(kept.json()["streams"][0]["kept"], 5);
    let payload = payload(1, 2).replace(r#""s""#, r#""engine""#);
    assert_eq!(
        folder
            .feed(&["ingest", "engine.db"], payload.as_bytes())
            .code,
        0
    );
    let back = folder.run(&["quarantine", "engine.db", "--restore", "--json"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(back.json()["streams"][0]["restored"], 5);
    // Nobody else is found by it.
    let unknown = folder.run(&["quarantine", "engine.db", "unknown", "--list"]);
    assert_eq!(unknown.code, 3, "{unknown:?}");
}

#[test]
fn a_backup_is_restored_as_it_was() {
    let folder = Folder::with_bitcoin();
    let all = |db: &str| folder.run(&["observations", db, "bitcoin", "--json"]).out;
    let before = all("engine.db");
    let ran = folder.run(&["backup", "engine.db", "backup.db"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(
        ran.out.starts_with("backed up to backup.db: "),
        "{}",
        ran.out
    );
    let bytes = fs::metadata(folder.path("backup.db")).unwrap().len();

    // Whatever becomes of the store meanwhile.
    let ran = folder.run(&["remove", "engine.db", "bitcoin", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let refused = folder.run(&["restore", "backup.db", "engine.db"]);
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("already exists"), "{}", refused.err);
    assert!(!refused.err.contains("hint"), "{}", refused.err);
    let ran = folder.run(&["restore", "backup.db", "restored.db", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["bytes"], bytes);
    assert_eq!(ran.json()["file"], "restored.db");
    assert_eq!(all("restored.db"), before);
    assert_eq!(all("backup.db"), before);
}

#[test]
fn what_is_no_store_is_neither_backed_up_nor_restored() {
    let folder = Folder::with("not_a_database.db");
    for command in ["backup", "restore"] {
        let ran = folder.run(&[command, "engine.db", "other.db"]);
        assert_eq!(ran.code, 6, "{ran:?}");
        let ran = folder.run(&[command, "missing.db", "other.db"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(!folder.path("other.db").exists());
        assert!(!folder.path("missing.db").exists());
    }
}

#[test]
fn compact_gives_back_the_room_of_what_was_removed() {
    let folder = Folder::with("eleven_columns.db");
    let all = || {
        folder
            .run(&["observations", "engine.db", "mixed", "--json"])
            .out
    };
    let before = all();
    let ran = folder.run(&["remove", "engine.db", BITCOIN, "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run(&["compact", "engine.db", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sizes = ran.json();
    assert!(
        sizes["after"].as_u64() < sizes["before"].as_u64(),
        "{sizes}"
    );
    let size = fs::metadata(folder.path("engine.db")).unwrap().len();
    assert_eq!(sizes["after"], size);
    assert_eq!(all(), before);
    let ran = folder.run(&["compact", "engine.db"]);
    assert!(ran.out.ends_with(" before\n"), "{}", ran.out);
}
