//! `tail`: the last rows of streams, and those that come.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use crate::common::Folder;

/// Stores a row: of the stream, at this hour.
fn store(folder: &Folder, stream: &str, hour: u32) {
    let line = format!(
        r#"{{"value":{hour},"observed_at":"2024-01-03 {hour:02}:00","hash":"h","stream":{{"uuid":"{stream}","name":"name-{stream}"}}}}"#
    );
    let ran = folder.feed(&["ingest", "engine.db"], line.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn the_last_rows_of_streams_come_in_order_of_time() {
    let folder = Folder::new();
    for hour in [1, 3, 5] {
        store(&folder, "a", hour);
        store(&folder, "b", hour + 1);
    }
    let ran = folder.run(&["tail", "engine.db", "a", "name-b", "a", "-n", "2"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(
        lines[0],
        "ts                    stream  value  hash  provider"
    );
    assert_eq!(
        lines[1],
        "2024-01-03T03:00:00Z  name-a      3  h     central"
    );
    assert_eq!(
        lines[4],
        "2024-01-03T06:00:00Z  name-b      6  h     central"
    );
    assert_eq!(lines.len(), 5);
    let rows = folder.run(&["tail", "engine.db", "b", "--json"]).json();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(
        (&rows[0]["uuid"], &rows[0]["stream"]),
        (&"b".into(), &"name-b".into())
    );
    assert_eq!(
        folder
            .run(&["tail", "engine.db", "b", "-n", "0", "--json"])
            .out,
        "[]\n"
    );
    assert_eq!(folder.run(&["tail", "engine.db", "none"]).code, 3);
}

/// A command that goes on until it is dropped.
struct Following(Child);

impl Following {
    fn start(folder: &Folder, args: &[&str]) -> Self {
        let args = [&["tail", "engine.db", "-f"], args].concat();
        let mut command = folder.command(&args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn output(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.0.stdout.take().unwrap())
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn rows_that_come_are_printed_at_once() {
    let folder = Folder::new();
    store(&folder, "a", 1);
    store(&folder, "b", 1);
    for (format, hour) in [("table", 3), ("csv", 5), ("json", 7), ("ndjson", 9)] {
        let args = ["a", "b", "-n", "1", "--format", format];
        let mut tail = Following::start(&folder, &args);
        let mut lines = tail.output().lines();
        let mut line = || lines.next().unwrap().unwrap();
        if format == "table" || format == "csv" {
            assert!(line().starts_with("ts"));
        }
        let there = [line(), line()];
        for stream in ["name-a", "name-b"] {
            assert!(there.iter().any(|line| line.contains(stream)), "{there:?}");
        }
        for (stream, hour) in [("b", hour), ("a", hour + 1)] {
            store(&folder, stream, hour);
            let came = line();
            let is_it = came.contains(&format!("name-{stream}"));
            assert!(is_it && came.contains(&format!("T{hour:02}:00")), "{came}");
        }
    }
}

#[test]
fn it_ends_quietly_when_nobody_reads_any_more() {
    let folder = Folder::new();
    store(&folder, "a", 1);
    let mut tail = Following::start(&folder, &["a"]);
    let mut output = tail.output();
    output.read_line(&mut String::new()).unwrap();
    drop(output);
    store(&folder, "a", 2);
    assert_eq!(tail.0.wait().unwrap().code(), Some(0));
    let mut errors = String::new();
    let mut stderr = tail.0.stderr.take().unwrap();
    stderr.read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
}
