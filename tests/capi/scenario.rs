//! Plays `tests/scenario.txt` on the Rust API, and has hosts play it on the C API
//! and on its C++ wrapper. The file says what it is made of.

mod notation;
mod runner;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use self::notation::ingested;
use self::runner::{Lines, Runner};
use crate::host;
use crate::support::*;
use satori_store::{Error, Timestamp};

/// Returns the lines of the answer, an error's too.
fn answer(lines: Lines) -> Vec<String> {
    let error = match lines {
        Ok(lines) => return lines,
        Err(error) => error,
    };
    // InvalidUuid is INVALID_UUID.
    let code = format!("{:?}", error.code());
    let mut name = String::new();
    for letter in code.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    let mut lines = vec![format!("error {name}")];
    if let Error::Refused(report) = &error {
        lines.extend(ingested(report));
    }
    lines
}

fn scenario() -> PathBuf {
    crate_file("tests/scenario.txt")
}

/// Returns a file of the scenario's part that is not about files, played on the server of the
/// tests; `None` if they have none.
#[cfg(feature = "postgres")]
fn on_server(folder: &Path) -> Option<PathBuf> {
    let Some(server) = server() else {
        eprintln!("skipped: SATORI_STORE_POSTGRES names no server");
        return None;
    };
    let file = folder.join("scenario.txt");
    // Hosts look for the feeds beside the scenario.
    let _ = std::os::unix::fs::symlink(crate_file("tests/feeds"), folder.join("feeds"));
    let script = crate_file("scripts/scenario-postgres");
    host::run(Command::new(script).arg(server).arg(&file));
    Some(file)
}

/// Plays a scenario on the Rust API; returns it as it is written, and as it was played.
fn play(scenario: &Path) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = Runner {
        scratch: folder.path().to_owned(),
        store: None,
        began: Timestamp::now().before(Duration::from_secs(2)),
        seen: Default::default(),
    };
    let committed = fs::read_to_string(scenario).unwrap();
    let mut played = String::new();
    for line in committed.lines().filter(|line| !line.starts_with("= ")) {
        played += line;
        played += "\n";
        if !line.is_empty() && !line.starts_with('#') {
            for line in answer(runner.play(line)) {
                played += &format!("= {line}\n");
            }
        }
    }
    (committed, played)
}

fn assert_same(committed: &str, played: &str) {
    for (number, (wanted, got)) in committed.lines().zip(played.lines()).enumerate() {
        assert_eq!(wanted, got, "tests/scenario.txt:{}", number + 1);
    }
    assert_eq!(committed.lines().count(), played.lines().count());
}

#[test]
fn rust_plays_the_scenario() {
    let (committed, played) = play(&scenario());
    if env::var_os("SATORI_STORE_WRITE_SCENARIO").is_some() {
        fs::write(scenario(), &played).unwrap();
        return;
    }
    assert_same(&committed, &played);
}

#[cfg(feature = "postgres")]
#[test]
fn all_play_the_scenario_on_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = on_server(folder.path()) else {
        return;
    };
    let (committed, played) = play(&file);
    assert_same(&renumbered(&committed), &renumbered(&played));
    assert!(committed.lines().count() > 800);
    for sources in [
        ["scenario.c", "scenario_ops.c"],
        ["scenario_ops.cpp", "scenario.c"],
    ] {
        // The same answers, in new places.
        let file = on_server(folder.path()).expect("there is a server");
        let places = fs::read_to_string(&file).unwrap();
        let lines = places.lines().zip(played.lines());
        let lines = lines.map(|(place, played)| match place.starts_with("open\t") {
            true => place,
            false => played,
        });
        let lines: Vec<_> = lines.collect();
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        let mut command = Command::new(host::build(&sources));
        host::run(command.arg(file).arg(folder.path()));
    }
}

/// Returns the scenario with the ids of each store's streams in the order in which they
/// appear: SQLite leaves numbers out.
#[cfg(feature = "postgres")]
fn renumbered(scenario: &str) -> String {
    let mut ids: Vec<&str> = Vec::new();
    let lines = scenario.lines().map(|line| {
        if line.starts_with("open\t") {
            ids.clear();
        }
        let Some((id, rest)) = line
            .strip_prefix("= stream\t")
            .and_then(|stream| stream.split_once('\t'))
        else {
            return line.to_owned() + "\n";
        };
        let known = ids.iter().position(|known| *known == id);
        let place = known.unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        format!("= stream\t{place}\t{rest}\n")
    });
    lines.collect()
}

#[test]
fn c_plays_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(host::build(&["scenario.c", "scenario_ops.c"]));
    host::run(command.arg(scenario()).arg(folder.path()));
}

#[test]
fn cpp_plays_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(host::build(&["scenario_ops.cpp", "scenario.c"]));
    host::run(command.arg(scenario()).arg(folder.path()));
}
