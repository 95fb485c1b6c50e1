//! Plays `tests/scenario.txt` on the Rust API, and has hosts play it on the C API
//! and on its C++ wrapper. The file says what it is made of.

mod notation;
mod runner;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use self::notation::ingested;
use self::runner::{Lines, Runner};
use crate::host;
use crate::support::crate_file;
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

#[test]
fn rust_plays_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = Runner {
        scratch: folder.path().to_owned(),
        store: None,
        began: Timestamp::now().before(Duration::from_secs(2)),
        seen: Default::default(),
    };
    let committed = fs::read_to_string(scenario()).unwrap();
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
    if env::var_os("SATORI_STORE_WRITE_SCENARIO").is_some() {
        fs::write(scenario(), &played).unwrap();
        return;
    }
    for (number, (wanted, got)) in committed.lines().zip(played.lines()).enumerate() {
        assert_eq!(wanted, got, "tests/scenario.txt:{}", number + 1);
    }
    assert_eq!(committed.lines().count(), played.lines().count());
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
