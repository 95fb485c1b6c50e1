//! The commands that only read: `streams`, `show`, `observations`, `verify`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::common::{BITCOIN, Folder, feed, payload};
use diesel::connection::SimpleConnection;

#[test]
fn streams_are_listed_with_and_without_metadata() {
    let folder = Folder::with("eleven_columns.db");
    let ran = folder.run(&["streams", "engine.db"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let bitcoin = ran.out.lines().find(|line| line.contains(BITCOIN)).unwrap();
    for part in [
        "bitcoin",
        "satori",
        "156",
        "2024-12-31 00:00",
        "2026-01-03 09:00",
    ] {
        assert!(bitcoin.contains(part), "{bitcoin}");
    }
    let mixed = ran.out.lines().find(|line| line.contains("mixed")).unwrap();
    assert!(
        mixed.contains("(no metadata)") && mixed.contains("200"),
        "{mixed}"
    );
    assert!(ran.out.ends_with("7 streams, 4 without metadata\n"));
    assert!(
        !ran.out.contains("notes"),
        "a table of another shape is no stream"
    );

    let streams = folder.run(&["streams", "engine.db", "--json"]).json();
    let streams = streams["streams"].as_array().unwrap();
    assert_eq!(streams[0]["uuid"], BITCOIN);
    assert_eq!(streams[0]["metadata"]["author"], "satori");
    assert_eq!(streams[0]["last_observation"]["ts"], "2024-12-31T00:00:00Z");
    assert_eq!(streams[6]["metadata"], serde_json::Value::Null);
    assert_eq!(streams[6]["rows"], 0);
}

#[test]
fn streams_are_chosen() {
    let folder = Folder::with("eleven_columns.db");
    let uuids = |args: &[&str]| -> Vec<String> {
        let ran = folder.run(&[&["streams", "engine.db", "--json"], args].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let listed = ran.json();
        let listed = listed["streams"].as_array().unwrap();
        listed
            .iter()
            .map(|one| one["uuid"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(uuids(&["--without-metadata"]).len(), 4);
    assert_eq!(uuids(&["--search", "BITCOIN"]), [BITCOIN, "iso-zulu"]);
    assert_eq!(
        uuids(&["--stale", "1h 30m"])[0],
        "iso-zulu",
        "never synced comes first"
    );
    assert_eq!(uuids(&["--stale", "90m", "--search", "eur"]).len(), 1);
    assert!(uuids(&["--search", "nothing has this"]).is_empty());
}

#[test]
fn show_prints_all_of_a_stream() {
    let folder = Folder::with_bitcoin();
    for stream in ["bitcoin", BITCOIN] {
        let ran = folder.run(&["show", "engine.db", stream]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        for part in [
            BITCOIN,
            "Bitcoin close, USD, monthly",
            "2012-01-31T00:00:00Z",
            "2024-12-31T00:00:00Z",
            "31d",
            "central 156",
            "156 verified, 0 foreign, 0 suspect",
        ] {
            assert!(ran.out.contains(part), "{part}: {}", ran.out);
        }
    }
    let shown = folder
        .run(&["show", "engine.db", "bitcoin", "--json"])
        .json();
    assert_eq!(shown["metadata"]["name"], "bitcoin");
    assert_eq!(shown["rows"], 156);
    assert_eq!(shown["spacing_seconds"], 2_678_400.0);
    assert_eq!(shown["gaps"], 0);
    assert_eq!(shown["chain"]["verified"], 156);
    assert_eq!(shown["others_of_this_name"], serde_json::json!([]));
}

#[test]
fn an_ambiguous_name_is_reported() {
    let folder = Folder::with("eleven_columns.db");
    let ran = folder.run(&["show", "engine.db", "bitcoin"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.err.contains("note: 2 streams are named \"bitcoin\""),
        "{ran:?}"
    );
    assert!(ran.err.contains(BITCOIN) && ran.out.contains(BITCOIN));
    let shown = folder.run(&["show", "engine.db", "bitcoin", "--json"]);
    assert_eq!(shown.err, "");
    assert_eq!(
        shown.json()["others_of_this_name"],
        serde_json::json!(["iso-zulu"])
    );
}

#[test]
fn observations_come_in_every_format() {
    let folder = Folder::with_bitcoin();
    let run = |args: &[&str]| {
        let all = [
            &["observations", "engine.db", "bitcoin", "--last", "2"],
            args,
        ]
        .concat();
        let ran = folder.run(&all);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        ran
    };
    let table = run(&[]).out;
    assert_eq!(table.lines().count(), 3);
    assert!(table.starts_with("ts "), "{table}");
    assert!(
        table
            .lines()
            .last()
            .unwrap()
            .starts_with("2024-12-31T00:00:00Z  93381  ")
    );
    let csv = run(&["--format", "csv"]).out;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "ts,value,hash,provider");
    assert_eq!(
        lines[2],
        "2024-12-31T00:00:00Z,93381,342049065282a5d8,central"
    );
    for args in [&["--json"][..], &["--format", "json"]] {
        let rows = run(args).json();
        assert_eq!(rows.as_array().unwrap().len(), 2);
        assert_eq!(rows[1]["ts"], "2024-12-31T00:00:00Z");
        assert_eq!(rows[1]["value"], 93381.0);
    }
    let ndjson = run(&["--format", "ndjson"]).out;
    let last: serde_json::Value = serde_json::from_str(ndjson.lines().last().unwrap()).unwrap();
    assert_eq!(last["hash"], "342049065282a5d8");
}

#[test]
fn observations_are_chosen_by_time() {
    let folder = Folder::with_bitcoin();
    let times = |args: &[&str]| -> Vec<String> {
        let all = [&["observations", "engine.db", "bitcoin", "--json"], args].concat();
        let rows = folder.run(&all).json();
        let rows = rows.as_array().unwrap();
        rows.iter()
            .map(|row| row["ts"].as_str().unwrap()[..10].to_owned())
            .collect()
    };
    assert_eq!(times(&[]).len(), 156);
    // `--from` is included and `--to` is not, whatever the spelling.
    let both = ["2012-01-31", "2012-02-29"];
    assert_eq!(times(&["--to", "2012-03-31"]), both);
    assert_eq!(
        times(&["--from", "1327968000", "--to", "2012-03-31T00:00:00Z"]),
        both
    );
    assert_eq!(
        times(&["--from", "2012-01-31T00:00:01", "--to", "2012-03-01"]),
        both[1..]
    );
    assert_eq!(times(&["--to", "2012-03-31", "--last", "1"]), both[1..]);
    assert_eq!(
        times(&["--from", "-5", "--to", "2012-02-01", "--last", "9"]),
        both[..1]
    );
    assert!(times(&["--from", "2013-01-01", "--to", "2012-01-01"]).is_empty());
    assert_eq!(times(&["--first", "2"])[1], times(&["--last", "155"])[0]);
    assert_eq!(
        times(&["--from", "2012-02-29", "--first", "2"]),
        times(&["--to", "2012-04-01", "--last", "2"])
    );
    assert_eq!(times(&["--as-of", "2012-02-28 23:59:59"]), both[..1]);
    assert_eq!(times(&["--as-of", "2012-02-29"]), both[1..]);
    assert!(times(&["--as-of", "2012-01-30"]).is_empty());
    assert!(times(&["--last", "0"]).is_empty());
    assert_eq!(times(&["--last", "200000"]).len(), 156);
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = Folder::new();
    let many: Vec<_> = (0..30_000).map(|second| payload(second, 1)).collect();
    folder.feed(&["ingest", "engine.db"], many.join("\n").as_bytes());
    for format in ["table", "csv", "json", "ndjson"] {
        let mut child = folder
            .command(&["observations", "engine.db", "s", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::with_capacity(64, child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        drop(out);
        assert!(!line.is_empty());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{format}");
    }
}

#[test]
fn verify_finds_a_row_that_was_changed() {
    let folder = Folder::new();
    let bitcoin = fs::read_to_string(feed("bitcoin.ndjson")).unwrap();
    let (good, bad) = (r#""value":"4.92""#, r#""value":"5.92""#);
    assert_eq!(bitcoin.matches(good).count(), 1);
    folder.feed(
        &["ingest", "engine.db"],
        bitcoin.replace(good, bad).as_bytes(),
    );
    let ran = folder.run(&["verify", "engine.db"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("suspect rows of"), "{}", ran.out);
    assert!(ran.out.contains("2012-03-31T00:00:00Z"), "{}", ran.out);
    let ran = folder.run(&["verify", "engine.db", "bitcoin", "--json"]);
    assert_eq!(ran.code, 1);
    let chain = &ran.json()["streams"][0]["chain"];
    assert_eq!(
        (&chain["verified"], &chain["suspect"]),
        (&155.into(), &1.into())
    );
    assert_eq!(chain["suspect_at"][0], "2012-03-31T00:00:00Z");

    let ran = Folder::with_bitcoin().run(&["verify", "engine.db", "--json"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.json()["streams"][0]["chain"]["foreign_between"], 0);
    assert_eq!(ran.json()["spellings"][0], "as stored");
}

#[test]
fn verify_finds_a_hash_that_was_changed() {
    let folder = Folder::new();
    let bitcoin = fs::read_to_string(feed("bitcoin.ndjson")).unwrap();
    let line = bitcoin.lines().nth(50).unwrap();
    let at = line.find("\"hash\":\"").unwrap() + 8;
    let changed = format!("{}0000000000000000{}", &line[..at], &line[at + 16..]);
    folder.feed(
        &["ingest", "engine.db"],
        bitcoin.replace(line, &changed).as_bytes(),
    );
    let ran = folder.run(&["verify", "engine.db"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("between: foreign rows"), "{}", ran.out);
    assert!(
        ran.out
            .contains("not seen without a digest: a changed provider"),
        "{}",
        ran.out
    );
    let ran = folder.run(&["verify", "engine.db", "--json"]);
    assert_eq!(ran.code, 1);
    let chain = &ran.json()["streams"][0]["chain"];
    assert_eq!(
        (&chain["suspect"], &chain["foreign_between"]),
        (&0.into(), &2.into())
    );
}

#[test]
fn verify_says_that_it_sees_a_change_at_the_ends_as_foreign_only() {
    let bitcoin = fs::read_to_string(feed("bitcoin.ndjson")).unwrap();
    for (line, foreign) in [(0, 2), (154, 2), (155, 1)] {
        let folder = Folder::new();
        let line = bitcoin.lines().nth(line).unwrap();
        let at = line.find("\"hash\":\"").unwrap() + 8;
        let changed = format!("{}0000000000000000{}", &line[..at], &line[at + 16..]);
        folder.feed(
            &["ingest", "engine.db"],
            bitcoin.replace(line, &changed).as_bytes(),
        );
        let ran = folder.run(&["verify", "engine.db"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        for part in [
            "foreign only: a changed ts, value or hash of the first or the last row",
            "a changed hash of the last but one",
        ] {
            assert!(ran.out.contains(part), "{}", ran.out);
        }
        let ran = folder.run(&["verify", "engine.db", "--json"]);
        assert_eq!(ran.json()["streams"][0]["chain"]["foreign"], foreign);
    }
}

#[test]
fn verify_finds_a_provider_that_was_changed_if_there_is_a_digest() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["restate-digest", "engine.db"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("restated"), "{}", ran.out);
    let ran = folder.run(&["verify", "engine.db"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("matches") && !ran.out.contains("not seen"),
        "{}",
        ran.out
    );
    let uuid = folder.run(&["verify", "engine.db", "--json"]).json()["streams"][0]["uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    let change = format!(
        "UPDATE \"{uuid}\" SET provider = 'other' WHERE ts = (SELECT min(ts) FROM \"{uuid}\")"
    );
    folder.sqlite().batch_execute(&change).unwrap();
    let ran = folder.run(&["verify", "engine.db"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("differs: rows were changed"),
        "{}",
        ran.out
    );
    let chain =
        folder.run(&["verify", "engine.db", "--json"]).json()["streams"][0]["chain"].clone();
    assert_eq!(
        (&chain["digest"], &chain["suspect"]),
        (&"differs".into(), &0.into())
    );
    let ran = folder.run(&["restate-digest", "engine.db", &uuid, "--json"]);
    assert_eq!(ran.json()["streams"][0]["restated"], true);
    assert_eq!(folder.run(&["verify", "engine.db"]).code, 0);
}

#[test]
fn reading_changes_not_one_byte() {
    for fixture in ["later_release.db", "before_streams.db", "eleven_columns.db"] {
        let folder = Folder::with(fixture);
        let before = fs::read(folder.path("engine.db")).unwrap();
        for args in [
            &["streams", "engine.db"][..],
            &["show", "engine.db", "mixed"],
            &["observations", "engine.db", BITCOIN, "--last", "3"],
            &["verify", "engine.db"],
        ] {
            let ran = folder.run(args);
            assert_eq!(ran.code, 0, "{fixture}: {ran:?}");
            assert!(ran.out.len() > 20, "{fixture}: {ran:?}");
        }
        assert!(
            fs::read(folder.path("engine.db")).unwrap() == before,
            "{fixture}"
        );
    }
}

#[test]
fn hostile_names_are_escaped() {
    let folder = Folder::new();
    // ESC, CSI as one character, and a mark that turns the direction of text.
    let stream = r#"{"uuid": "s", "name": "\u001b[2J\u009b31m\u202eevil\n", "author": "a\u0007",
        "description": "line\none", "meta": "\u001b]0;title\u0007"}"#;
    let line = payload(1_704_283_200, 1).replace(r#"{"uuid": "s"}"#, &stream.replace('\n', ""));
    let ran = folder.feed(
        &["ingest", "engine.db", "--provider", "\u{1b}[31mred,\"x\""],
        line.as_bytes(),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let is_plain = |text: &str| {
        !text
            .chars()
            .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
    };
    for args in [
        &["streams", "engine.db"][..],
        &["streams", "engine.db", "--json"],
        &["show", "engine.db", "s"],
        &["show", "engine.db", "s", "--json"],
        &["observations", "engine.db", "s"],
        &["observations", "engine.db", "s", "--json"],
        &["verify", "engine.db"],
        &["normalize", "engine.db"],
        &["show", "engine.db", "\u{1b}[2J"],
        &["show", "engine.db", "\u{1b}[2J", "--json"],
        &["remove", "engine.db", "s", "--yes"],
    ] {
        if args[0] == "streams" && args.len() == 3 {
            let name = folder.run(args).json()["streams"][0]["metadata"]["name"].clone();
            assert_eq!(
                name, "\u{1b}[2J\u{9b}31m\u{202e}evil\n",
                "it reads back as it was"
            );
        }
        if args[0] == "observations" && args.len() == 3 {
            let csv = folder.run(&[args, &["--format", "csv"]].concat()).out;
            assert!(
                csv.ends_with(",\"\u{1b}[31mred,\"\"x\"\"\"\n"),
                "a file gets it whole: {csv}"
            );
        }
        let ran = folder.run(args);
        assert!(
            is_plain(&ran.out) && is_plain(&ran.err),
            "{args:?}: {ran:?}"
        );
    }
}

#[test]
fn colours_come_when_asked_for() {
    let folder = Folder::with_bitcoin();
    let streams = |args: &[&str]| folder.run(&[&["streams", "engine.db"], args].concat()).out;
    assert!(!streams(&[]).contains('\u{1b}'), "no terminal, no colours");
    assert!(!streams(&["--color", "never"]).contains('\u{1b}'));
    assert!(streams(&["--color", "always"]).contains('\u{1b}'));
}

/// Runs the program as root does where its folder is mounted read-only.
#[cfg(target_os = "linux")]
#[test]
fn a_store_on_a_read_only_mount_is_read() {
    const NOT_MOUNTED: i32 = 77;
    let folder = Folder::with_bitcoin();
    let mount = format!(
        "mount --bind . . && mount -o remount,ro,bind . . && cd \"$PWD\" || exit {NOT_MOUNTED}"
    );
    let program = env!("CARGO_BIN_EXE_satori-store");
    let script =
        format!("{mount}; touch made 2>/dev/null && exit {NOT_MOUNTED}; exec {program} \"$@\"");
    for args in [
        &["streams", "engine.db"] as &[&str],
        &["show", "engine.db", "bitcoin"],
        &["observations", "engine.db", "bitcoin", "--last", "1"],
        &["verify", "engine.db"],
        &["quarantine", "engine.db", "--list"],
    ] {
        let output = std::process::Command::new("unshare")
            .args(["--mount", "sh", "-c", &script, "sh"])
            .args(args)
            .current_dir(folder.path("."))
            .output();
        let Ok(output) = output else {
            println!("not checked: there is no unshare");
            return;
        };
        if output.status.code() == Some(NOT_MOUNTED)
            || String::from_utf8_lossy(&output.stderr).starts_with("unshare")
        {
            println!("not checked: this user can't mount");
            return;
        }
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {words}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn a_stream_is_summed_up_in_steps() {
    let folder = Folder::with("eleven_columns.db");
    let run = |args: &[&str]| {
        let ran = folder.run(&[&["resample", "engine.db", BITCOIN], args].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out
    };
    let months = run(&["3mo", "--format", "csv", "--from", "2024-01-01"]);
    let lines: Vec<_> = months.lines().collect();
    assert_eq!(lines[0], "start,end,count,first,last,min,max,mean,sum");
    assert_eq!(lines.len(), 5, "{months}");
    assert!(lines[1].starts_with("2024-01-01T00:00:00Z,2024-04-01T00:00:00Z,"));

    let rows = folder.run(&["observations", "engine.db", BITCOIN, "--json"]);
    let count = rows.json().as_array().unwrap().len() as u64;
    let years: serde_json::Value = serde_json::from_str(&run(&["1y", "--json"])).unwrap();
    let counts = years.as_array().unwrap().iter();
    assert_eq!(
        counts
            .map(|year| year["count"].as_u64().unwrap())
            .sum::<u64>(),
        count
    );

    // Empty steps have no numbers.
    let range = ["--from", "2030-01-01", "--to", "2030-01-03", "--empty"];
    let days = run(&[&["1d", "--format", "ndjson"], &range[..]].concat());
    assert_eq!(days.lines().count(), 2);
    assert!(days.contains("\"count\":0,\"first\":null"), "{days}");
    let days = run(&[&["1d[Europe/Berlin]"], &range[..]].concat());
    assert_eq!(days.lines().count(), 4, "{days}");
    assert!(days.contains("2029-12-31T23:00:00Z  2030-01-01T23:00:00Z      0"));

    let ran = folder.run(&["resample", "engine.db", BITCOIN, "1 fortnight"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is not a step of time"), "{}", ran.err);
}

#[test]
fn streams_stand_side_by_side() {
    let folder = Folder::new();
    for (uuid, name, values) in [
        ("a", "one", [1, 2]),
        ("b", "two", [3, 4]),
        ("c", "two", [5, 6]),
    ] {
        for (day, value) in (1..).zip(values) {
            let line = format!(
                r#"{{"value":{value},"observed_at":"2024-01-0{day} 0{value}:00","hash":"h","stream":{{"uuid":"{uuid}","name":"{name}"}}}}"#
            );
            assert_eq!(
                folder.feed(&["ingest", "engine.db"], line.as_bytes()).code,
                0
            );
        }
    }
    let run = |args: &[&str]| {
        let ran = folder.run(&[&["align", "engine.db"], args].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out
    };
    // Streams of one name are told apart by their uuids.
    let table = run(&["1d", "a", "b", "c"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines[0], "ts                    one  b  c");
    assert_eq!(lines[1], "2024-01-01T00:00:00Z");
    assert_eq!(lines[2], "2024-01-02T00:00:00Z    1  3  5");
    assert_eq!(lines.len(), 3);
    let mean = run(&["1d", "one", "b", "--fill", "mean", "--format", "csv"]);
    assert_eq!(
        mean,
        "ts,one,two\n2024-01-01T00:00:00Z,1,3\n2024-01-02T00:00:00Z,2,4\n"
    );
    let json = run(&[
        "12h",
        "a",
        "--max-age",
        "11h",
        "--to",
        "2024-01-02",
        "--json",
    ]);
    assert_eq!(
        json,
        "[{\"ts\":\"2024-01-01T00:00:00Z\",\"one\":null},\n{\"ts\":\"2024-01-01T12:00:00Z\",\"one\":1.0}]\n"
    );
    let ran = folder.run(&["align", "engine.db", "1d", "a", "none"]);
    assert_eq!(ran.code, 3);
    assert_eq!(folder.run(&["align", "engine.db", "1d"]).code, 2);
    for fill in ["exact", "mean"] {
        let aged = ["--fill", fill, "--max-age", "1h"];
        let ran = folder.run(&[&["align", "engine.db", "1d", "a"], &aged[..]].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("--max-age is given"), "{ran:?}");
    }
}
