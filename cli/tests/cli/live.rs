//! Input that is still being written, and signals.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Folder, payload};

/// Starts `ingest` with these arguments, reading from a pipe.
fn start(folder: &Folder, args: &[&str]) -> (Child, ChildStdin) {
    let args = [&["ingest", "engine.db"], args].concat();
    let mut child = folder
        .command(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    (child, input)
}

/// Counts the stored rows of stream `s`.
fn rows(folder: &Folder) -> u64 {
    let ran = folder.run(&["show", "engine.db", "s", "--json"]);
    if ran.code != 0 {
        0
    } else {
        ran.json()["rows"].as_u64().unwrap()
    }
}

/// Waits until the store has this many rows.
fn wait_for(folder: &Folder, count: u64) -> Duration {
    let begun = Instant::now();
    while rows(folder) < count {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{} rows",
            rows(folder)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
}

/// Returns the exit code, what was printed, and the errors.
fn end(mut child: Child) -> (i32, String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    (
        child.wait().unwrap().code().expect("an exit code"),
        out,
        err,
    )
}

#[test]
fn lines_from_a_pipe_are_stored_after_a_moment() {
    let folder = Folder::new();
    let (child, mut input) = start(&folder, &[]);
    writeln!(input, "{}", payload(1, 1)).unwrap();
    wait_for(&folder, 1);
    writeln!(input, "{}\n{{}}\n{}", payload(2, 2), payload(3, 3)).unwrap();
    wait_for(&folder, 3);
    // A line that has not ended yet is no line.
    let last = payload(4, 4);
    let (begin, rest) = last.split_at(20);
    input.write_all(begin.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(rows(&folder), 3);
    input.write_all(rest.as_bytes()).unwrap();
    drop(input);
    let (code, out, err) = end(child);
    assert_eq!(
        (code, out.as_str()),
        (1, "5 payloads: 4 inserted, 0 already there, 1 rejected\n")
    );
    assert!(err.contains("standard input:3:"), "{err}");
}

#[test]
fn a_writer_that_is_never_quiet_waits_a_second_at_most() {
    let folder = Folder::new();
    let (child, mut input) = start(&folder, &[]);
    let begun = Instant::now();
    let mut sent = 0;
    while rows(&folder) == 0 {
        for _ in 0..5 {
            sent += 1;
            writeln!(input, "{}", payload(sent, sent)).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    drop(input);
    assert_eq!(end(child).0, 0);
    assert_eq!(rows(&folder), sent as u64);
}

#[test]
fn a_signal_stores_what_was_read() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let folder = Folder::new();
        let (child, mut input) = start(&folder, &[]);
        writeln!(input, "{}", payload(1, 1)).unwrap();
        wait_for(&folder, 1);
        // It comes before the writer has been quiet for long.
        writeln!(input, "{}\n{}", payload(2, 2), payload(3, 3)).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        send(&child, signal);
        let (found, out, err) = end(child);
        assert_eq!(
            (found, out.as_str()),
            (code, "3 payloads: 3 inserted, 0 already there\n")
        );
        assert!(err.contains("ended the reading"), "{err}");
        assert_eq!(rows(&folder), 3);
        drop(input);
    }
}

#[test]
fn a_signal_stores_no_part_of_what_is_whole_or_nothing() {
    for (args, begin) in [
        (&["--strict"] as &[&str], format!("{}\n", payload(1, 1))),
        (&[], "{\n  \"value\": 1,\n".to_owned()),
    ] {
        let folder = Folder::new();
        let (child, mut input) = start(&folder, args);
        input.write_all(begin.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(rows(&folder), 0);
        send(&child, "-TERM");
        let (code, out, err) = end(child);
        assert_eq!(
            (code, out.as_str()),
            (143, "0 payloads: 0 inserted, 0 already there\n")
        );
        assert!(
            err.contains("SIGTERM came before the end of standard input"),
            "{err}"
        );
        drop(input);
    }
}

#[test]
fn one_payload_over_several_lines_waits_for_its_end() {
    let folder = Folder::new();
    let (child, mut input) = start(&folder, &[]);
    let pretty = payload(1, 1).replace(", ", ",\n");
    let (begin, rest) = pretty.split_at(25);
    input.write_all(begin.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    input.write_all(rest.as_bytes()).unwrap();
    drop(input);
    let (code, out, _) = end(child);
    assert_eq!(
        (code, out.as_str()),
        (0, "1 payload: 1 inserted, 0 already there\n")
    );
}

#[test]
fn a_first_line_that_is_no_payload_holds_nothing_back() {
    for (first, signal, code) in [
        ("connecting", "-TERM", 143),
        ("[info] connecting", "-INT", 130),
        ("say \"hello", "-TERM", 143),
        ("{\"value\": 1, \"obs", "-TERM", 143),
        ("{\"value\": 1,", "-TERM", 143),
        ("[{\"value\": 1},", "-TERM", 143),
        ("\", \"hash\": \"h\"}", "-TERM", 143),
    ] {
        let folder = Folder::new();
        let (child, mut input) = start(&folder, &[]);
        let good: Vec<_> = (1..=5).map(|number| payload(number, number)).collect();
        writeln!(input, "{first}\n{}", good.join("\n")).unwrap();
        wait_for(&folder, 5);
        send(&child, signal);
        let (found, out, err) = end(child);
        assert_eq!(
            (found, out.as_str()),
            (
                code,
                "6 payloads: 5 inserted, 0 already there, 1 rejected\n"
            ),
            "{first}"
        );
        assert!(err.contains("standard input:1:"), "{first}: {err}");
        drop(input);
    }
}

#[test]
fn arrays_and_objects_from_a_pipe_are_stored_when_they_are_whole() {
    let folder = Folder::new();
    let (child, mut input) = start(&folder, &[]);
    writeln!(input, "[{}, {}]", payload(1, 1), payload(2, 2)).unwrap();
    wait_for(&folder, 2);
    writeln!(input, "{}\n[{}]", payload(3, 3), payload(4, 4)).unwrap();
    wait_for(&folder, 4);
    let pretty = payload(5, 5).replace(", ", ",\n");
    let (begin, rest) = pretty.split_at(25);
    write!(input, "{}\n{begin}", payload(6, 6)).unwrap();
    // What is whole doesn't wait for what is not.
    wait_for(&folder, 5);
    writeln!(input, "{rest}").unwrap();
    wait_for(&folder, 6);
    write!(input, "[\n{},\n{}\n", payload(7, 7), payload(8, 8)).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(rows(&folder), 6);
    writeln!(input, "]").unwrap();
    wait_for(&folder, 8);
    drop(input);
    let (code, out, err) = end(child);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "8 payloads: 8 inserted, 0 already there\n", "")
    );
}

#[test]
fn a_signal_stores_a_payload_whose_line_has_not_ended() {
    for (last, stored) in [
        (payload(2, 2), 2),
        (payload(2, 2).replace(", ", ",\n"), 2),
        (format!("[{}]", payload(2, 2)), 2),
        (payload(2, 2)[..30].to_owned(), 1),
    ] {
        let folder = Folder::new();
        let (child, mut input) = start(&folder, &[]);
        writeln!(input, "{}", payload(1, 1)).unwrap();
        wait_for(&folder, 1);
        input.write_all(last.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        send(&child, "-TERM");
        let (code, out, err) = end(child);
        assert_eq!(
            (code, out.contains("rejected"), rows(&folder)),
            (143, false, stored),
            "{last}: {out}"
        );
        // The message is true.
        assert_eq!(
            err.contains("incomplete and was not stored"),
            stored == 1,
            "{err}"
        );
        drop(input);
    }
}

#[test]
fn a_named_pipe_is_live_too() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let (child, _) = start(&folder, &["pipe"]);
    let mut input = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    writeln!(input, "{}", payload(1, 1)).unwrap();
    wait_for(&folder, 1);
    drop(input);
    assert_eq!(end(child).0, 0);
}
