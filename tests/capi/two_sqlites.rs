//! Two copies of SQLite in one process, the library's and Python's, on one file:
//! neither drops the other's locks. Each case has a control, the same library with
//! POSIX locks as SQLite takes them.

use std::process::Command;

use crate::host;
use crate::support::{crate_file, python3, soak};
use serde_json::{Value, json};

/// Returns the command that plays a case of tests/capi/two_sqlites.py, on a new file in
/// `folder`.
fn case(folder: &tempfile::TempDir, case: &str, arguments: &[&str], plain: bool) -> Command {
    let mut python = python3();
    python
        .arg(crate_file("tests/capi/two_sqlites.py"))
        .arg(case)
        .arg(host::library())
        .arg(folder.path().join("engine.db"))
        .args(arguments);
    if plain {
        python.env("SATORI_STORE_PLAIN_LOCKS", "1");
    }
    python
}

/// Plays a case. Returns what it found.
fn play(name: &str, arguments: &[&str], plain: bool) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut python = case(&folder, name, arguments, plain);
    serde_json::from_str(&host::run(&mut python)).unwrap()
}

#[test]
fn the_library_says_whether_it_is_safe() {
    assert_eq!(play("info", &[], false), json!({"bundled": 1, "safe": 1}));
    assert_eq!(play("info", &[], true), json!({"bundled": 1, "safe": 0}));
}

#[test]
fn what_is_acknowledged_stays_when_python_closes_the_file() {
    assert_eq!(
        play("theirs_closes", &[], false),
        json!({"errors": 0, "lost": 0, "integrity": "ok"})
    );
}

#[test]
fn control_with_plain_locks_the_wal_is_gone_when_python_closes_the_file() {
    let found = play("theirs_closes", &[], true);
    assert_ne!(found, json!({"errors": 0, "lost": 0, "integrity": "ok"}));
}

#[test]
fn pythons_transaction_keeps_its_lock_when_the_store_closes() {
    for journal in ["WAL", "DELETE"] {
        assert_eq!(
            play("ours_closes", &[journal], false),
            json!({"lock": "database is locked", "rows": [1]}),
            "{journal}"
        );
    }
}

#[test]
fn control_with_plain_locks_pythons_transaction_loses_its_lock() {
    for journal in ["WAL", "DELETE"] {
        let found = play("ours_closes", &[journal], true);
        assert_eq!(found["lock"], "taken", "{journal}");
    }
}

/// Plays three runs of 8 seconds with SATORI_STORE_SOAK=1.
#[test]
fn under_stress_nothing_is_lost_and_nothing_fails() {
    let (runs, seconds) = if soak() { (3, "8") } else { (1, "2") };
    for _ in 0..runs {
        let found = play("stress", &[seconds], false);
        assert_eq!(found["lost"], 0, "{found}");
        assert_eq!(found["errors"], 0, "{found}");
        assert_eq!(found["integrity"], "ok", "{found}");
    }
}

#[test]
fn control_with_plain_locks_stress_does_harm() {
    let folder = tempfile::tempdir().unwrap();
    let mut python = case(&folder, "stress", &["2"], true);
    let played = python.env_remove("LD_LIBRARY_PATH").output().unwrap();
    if played.status.code().is_none() {
        // Seen: a signal brings the process down (SIGBUS), its mapping of the log's
        // index cut short under it.
        return;
    }
    assert!(played.status.success(), "{played:?}");
    let found: Value = serde_json::from_slice(&played.stdout).unwrap();
    assert!(
        found["lost"] != 0 || found["errors"] != 0 || found["integrity"] != "ok",
        "{found}"
    );
}

#[test]
fn openings_and_closings_leave_no_descriptor() {
    let found = play("open_close", &[], false);
    // None while nobody else has the file; else what one opening needs, for the next.
    assert_eq!(found["alone"], json!([0, 0]), "{found}");
    assert_eq!(found["after"], 0, "{found}");
    assert_eq!(found["in the end"], 0, "{found}");
    for kept in ["beside", "beside a process"] {
        assert!(found[kept].as_i64().unwrap() <= 8, "{found}");
    }
}

#[test]
fn a_forked_child_uses_both_and_the_parent_is_unharmed() {
    assert_eq!(
        play("forked", &[], false),
        json!({"child": 0, "wal": true, "errors": [], "rows": [1, 2, 4, 5, 6, 7, 8, 9]})
    );
}
