//! Stores in a database, named by a URL: what each command does with it, and that no password
//! is shown.

use crate::common::{Folder, Ran, feed};

/// Nothing listens there.
const NOWHERE: &str = "postgres://ann:secret@127.0.0.1:1/engine";

/// Asserts that the password is in no output, and that it ended with this code.
#[track_caller]
fn assert_ends(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{ran:?}");
    assert!(!format!("{ran:?}").contains("secret"), "{ran:?}");
}

/// Returns the arguments of each command that opens a store, `DB` for the store's.
fn commands() -> Vec<Vec<&'static str>> {
    [
        "streams DB",
        "show DB bitcoin",
        "observations DB bitcoin --last 2",
        "tail DB bitcoin",
        "resample DB bitcoin 1d --format csv",
        "align DB 1d bitcoin eurusd",
        "export DB bitcoin --format csv",
        "plot DB bitcoin",
        "plot DB bitcoin --output bitcoin.svg",
        "report DB --output page.html",
        "verify DB",
        "check DB",
        "normalize DB",
        "quarantine DB",
        "quarantine DB --list",
        "retain DB --all --last 1000000 --yes",
        "ingest DB",
        "sync DB",
    ]
    .map(|command| command.split(' ').collect())
    .into()
}

/// Returns the arguments with the store in place.
fn on<'a>(args: &[&'a str], db: &'a str) -> Vec<&'a str> {
    let place = |arg: &&'a str| if *arg == "DB" { db } else { *arg };
    args.iter().map(place).collect()
}

#[test]
fn a_url_that_leads_nowhere_is_shown_without_its_password() {
    let folder = Folder::new();
    for args in commands() {
        let mut args = on(&args, NOWHERE);
        let ran = folder.run(&args);
        assert_ends(&ran, 3);
        assert!(
            ran.err.contains("postgres://ann:***@127.0.0.1:1/engine"),
            "{ran:?}"
        );
        args.push("--json");
        let ran = folder.run(&args);
        assert_ends(&ran, 3);
        assert_eq!(ran.error()["kind"], "cannot_open");
        if cfg!(not(feature = "postgres")) {
            let message = ran.error()["message"].to_string();
            assert!(message.contains("lacks the feature"), "{message}");
        }
    }
}

#[test]
fn a_url_that_stands_in_the_wrong_place_is_shown_without_its_password() {
    let folder = Folder::with_bitcoin();
    let output = format!("--output={NOWHERE}");
    for (args, code) in [
        (vec!["streams", "engine.db", NOWHERE], 2),
        (vec!["streams", "engine.db", NOWHERE, "--json"], 2),
        (vec![NOWHERE], 2),
        (vec!["streams", "engine.db", &output], 2),
        (vec!["streams", "engine.db", "--stale", NOWHERE], 2),
        (vec!["ingest", "engine.db", NOWHERE], 3),
        (vec!["import", "engine.db", NOWHERE], 2),
        (vec!["import", "engine.db", NOWHERE, "--format=csv"], 3),
        (vec!["sync", "engine.db", NOWHERE], 3),
        (
            vec!["export", "engine.db", "bitcoin", "--format=csv", &output],
            8,
        ),
        (vec!["backup", "engine.db", NOWHERE], 3),
        (vec!["restore", "engine.db", NOWHERE], 3),
    ] {
        assert_ends(&folder.run(&args), code);
    }
}

#[test]
fn a_url_that_is_taken_for_a_stream_is_shown_without_its_password() {
    let folder = Folder::with_bitcoin();
    for url in [
        NOWHERE,
        "postgre://ann:secret@127.0.0.1/engine",
        "postgresql://127.0.0.1/engine?password=secret",
        "postgres:/ann:secret@127.0.0.1/engine",
        "//ann:secret@127.0.0.1/engine",
        "host=127.0.0.1 user=ann password=secret",
        &format!("{NOWHERE}?{}", "x".repeat(300)),
    ] {
        for args in [
            vec!["show", "engine.db", url],
            vec!["observations", "engine.db", url],
            vec!["tail", "engine.db", url],
            vec!["resample", "engine.db", url, "1d"],
            vec!["align", "engine.db", "1d", "bitcoin", url],
            vec!["export", "engine.db", url],
            vec!["plot", "engine.db", url],
            vec!["verify", "engine.db", url],
            vec!["normalize", "engine.db", url],
            vec!["quarantine", "engine.db", url],
            vec!["quarantine", "engine.db", url, "--list"],
            vec!["quarantine", "engine.db", url, "--restore"],
            vec!["restate-digest", "engine.db", url],
            vec!["remove", "engine.db", url, "--yes"],
            vec!["retain", "engine.db", url, "--last", "1", "--yes"],
        ] {
            assert_ends(&folder.run(&args), 3);
            assert_ends(&folder.run(&[&args[..], &["--json"]].concat()), 3);
        }
        // What can't be read, or isn't there.
        for (args, code) in [
            (vec!["resample", "engine.db", "bitcoin", url], 2),
            (vec!["align", "engine.db", url, "bitcoin"], 2),
            (
                vec!["observations", "engine.db", "bitcoin", "--since", url],
                2,
            ),
            (vec!["observations", "engine.db", "bitcoin", "-n", url], 2),
            (vec!["--busy-timeout", url, "streams", "engine.db"], 2),
            (vec!["export", "engine.db", "bitcoin", "-f", url], 2),
            (vec!["ingest", "engine.db", "--unit", url], 2),
            (vec!["completions", url], 2),
            (vec!["copy", url, "new.db"], 3),
            (vec!["compact", url], 3),
        ] {
            assert_ends(&folder.run(&args), code);
            assert_ends(&folder.run(&[&args[..], &["--json"]].concat()), code);
        }
    }
    let streams = folder.run(&["streams", "engine.db", "--json"]);
    assert_eq!(streams.json()["streams"].as_array().map(Vec::len), Some(1));
}

#[test]
fn each_command_takes_a_url() {
    let Some(db) = crate::common::database() else {
        return;
    };
    let folder = Folder::new();
    let ran = folder.run(&["ingest", &db, &feed("bitcoin.ndjson")]);
    assert_ends(&ran, 0);
    let eurusd = r#"{"value": 1.08, "observed_at": "1704283200", "stream": {"uuid": "e", "name": "eurusd"}}"#;
    assert_ends(&folder.feed(&["ingest", &db], eurusd.as_bytes()), 0);
    for args in commands() {
        let ran = folder.run(&on(&args, &db));
        assert_ends(&ran, 0);
        if matches!(
            args[0],
            "streams" | "show" | "observations" | "tail" | "plot" | "align"
        ) {
            assert!(!ran.out.is_empty(), "{ran:?}");
        }
    }
    let page = std::fs::read_to_string(folder.path("page.html")).unwrap();
    assert!(page.contains("bitcoin") && !page.contains(crate::common::password(&db)));
    assert!(!page.contains("SQLite"));

    // The same rows as from a file.
    let file = Folder::with_bitcoin();
    let rows = ["bitcoin", "--format", "ndjson"];
    let of = |folder: &Folder, db| folder.run(&[&["observations", db], &rows[..]].concat()).out;
    assert_eq!(of(&folder, &db), of(&file, "engine.db"));

    // What only a file has.
    for (args, instead) in [
        (["backup", &db, "copy.db"].as_slice(), "pg_dump"),
        (&["compact", &db], "VACUUM"),
        (&["restate-digest", &db], "checksums"),
    ] {
        let ran = folder.run(args);
        assert_ends(&ran, 9);
        assert!(ran.err.contains(instead), "{ran:?}");
    }
    assert!(!folder.path("copy.db").exists());
    assert_ends(&folder.run(&["show", &db, "nobody"]), 3);
    let ran = folder.run(&["remove", &db, "bitcoin", "--yes"]);
    assert_ends(&ran, 0);
    assert_ends(&folder.run(&["show", &db, "bitcoin"]), 3);
}
