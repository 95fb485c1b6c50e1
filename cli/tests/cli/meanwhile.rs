//! Commands on all streams while another program works on the same store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{Folder, Ran, create};
use diesel::connection::SimpleConnection;

/// Returns the uuids of the streams in a report.
fn uuids(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let streams = report["streams"].as_array().unwrap().iter();
    let uuid = |stream: &serde_json::Value| stream["uuid"].as_str().unwrap().to_owned();
    streams.map(uuid).collect()
}

#[test]
fn a_stream_that_is_removed_meanwhile_is_left_out_and_ends_nothing() {
    let folder = Folder::with_bitcoin();
    let mut other = folder.sqlite();
    other.batch_execute("PRAGMA busy_timeout = 60000").unwrap();
    let ended = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                for number in 0..50 {
                    other
                        .batch_execute(&create(&format!("made{number}"), 1, "i, i, 'h', 'p'"))
                        .unwrap();
                }
                for number in 0..50 {
                    let drop = format!("DROP TABLE made{number}");
                    other.batch_execute(&drop).unwrap();
                }
            }
        });
        let commands: [&[&str]; 5] = [
            &["streams"],
            &["verify"],
            &["normalize"],
            &["quarantine"],
            &["quarantine", "--restore"],
        ];
        let runs = commands.iter().flat_map(|command| {
            (0..8).map(|_| {
                let mut args = vec!["--json", "--busy-timeout=60s", command[0], "engine.db"];
                args.extend(&command[1..]);
                (*command, folder.run(&args))
            })
        });
        let wrong: Vec<_> = runs
            .filter(|(_, ran)| {
                ran.code != 0 || !uuids(ran).contains(&crate::common::BITCOIN.to_owned())
            })
            .collect();
        ended.store(true, Ordering::Relaxed);
        assert!(wrong.is_empty(), "{wrong:?}");
    });
}

#[test]
fn what_was_found_before_an_error_is_reported() {
    let folder = Folder::new();
    folder.write("empty.json", "[]");
    assert_eq!(folder.run(&["sync", "engine.db", "empty.json"]).code, 0);
    let mut other = folder.sqlite();
    let tables: String = (0..100)
        .map(|n| create(&format!("s{n}"), 1_000, "i, i, 'h', 'p'"))
        .collect();
    // In this mode a writer keeps readers out.
    let setup = "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = DELETE;";
    other.batch_execute(&format!("{setup}{tables}")).unwrap();
    for command in ["verify", "streams"] {
        let mut run_until = |millis| {
            let child = folder
                .command(&["--json", "--busy-timeout=100ms", command, "engine.db"])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(millis));
            other.batch_execute("BEGIN EXCLUSIVE").unwrap();
            let ran = Ran::from(child.wait_with_output().unwrap());
            other.batch_execute("ROLLBACK").unwrap();
            ran
        };
        // Too early, and the file can't be opened; too late, and the command has ended.
        let mut runs = (0..100).map(|tens| run_until(tens * 10));
        let is_amid = |ran: &Ran| ran.code == 5 && !ran.out.is_empty() && !uuids(ran).is_empty();
        let amid = runs.find(is_amid);
        let amid = amid.unwrap_or_else(|| panic!("{command}: no run was ended in the middle"));
        assert!(uuids(&amid).len() < 100, "{command}");
        assert_eq!(amid.error()["kind"], "busy", "{command}");
    }
}
