//! Memory that stays the same, however much is done. Each workload is a process of its own.
//!
//! `SATORI_STORE_FLAT=1` plays them at full length, which shows a leak of five bytes an insert.
//! Otherwise it takes 250.

use std::fmt::Display;
use std::path::Path;

use satori_store::{Columns, IngestOptions, NewObservation, Store, StreamUuid};

use crate::support::*;

pub(crate) const ROLES: &[Role] = &[
    ("flat inserts", inserts),
    ("flat payloads", payloads),
    ("flat cursor", cursor),
    ("control: not flat", leaks),
];

/// By how much of memory a process may grow after the first fifth of its work. What SQLite
/// and the allocator keep has come to its size by then.
const SLACK: u64 = 4 << 10;

/// Returns the memory in KiB that this process has in use.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|text| text.parse().ok()).expect("a number")
}

/// Does the work for each number, and says how much memory was in use, at most, in the first
/// fifth and in the rest.
fn measure(many: usize, mut work: impl FnMut(usize)) {
    let (mut first, mut rest) = (0, 0);
    for number in 0..many {
        work(number);
        if number % (many / 1_000).max(1) == 0 {
            let most = match number < many / 5 {
                true => &mut first,
                false => &mut rest,
            };
            *most = resident().max(*most);
        }
    }
    say(format!("{first} {rest}"));
}

fn number(argument: &str) -> usize {
    argument.parse().expect("a number")
}

/// Inserts rows one by one into a thousand streams.
fn inserts(path: &Path, argument: &str) {
    let store = Store::open(path).expect("it opens");
    let streams: Vec<_> = (0..1_000).map(|n| uuid(&format!("stream {n}"))).collect();
    measure(number(argument), |number| {
        let row = numbered(number as i64);
        let stream = &streams[number % streams.len()];
        store.insert(stream, &row).expect("it is stored");
    });
}

/// Ingests payloads that are cut off, garbled, nested, repeated or blown up.
fn payloads(path: &Path, argument: &str) {
    let store = Store::open(path).expect("it opens");
    let options = IngestOptions::new();
    let sound = feed("batch.json");
    let mut random = fastrand::Rng::new();
    measure(number(argument), |number| {
        let mut hostile = sound.clone();
        let place = random.usize(..hostile.len());
        match number % 8 {
            0 => hostile.truncate(place),
            1 => hostile[place] = random.u8(..),
            2 => hostile = [b"[".repeat(place + 1), b"]".repeat(place)].concat(),
            3 => hostile = format!("{{\"value\": {}}}", "9".repeat(place + 1)).into_bytes(),
            4 => hostile = [b"{\"stream\": \"", "é\\u00e9".repeat(place).as_bytes()].concat(),
            5 => drop(hostile.splice(place..place, sound.iter().copied())),
            6 => hostile = [b"{\"value\": 1,".repeat(place), sound.clone()].concat(),
            _ => random.fill(&mut hostile),
        }
        // Some may be sound: what counts is what stays.
        let _ = store.ingest(&hostile, &options);
    });
}

/// Reads as many rows one by one.
fn cursor(path: &Path, argument: &str) {
    let many = number(argument);
    let store = Store::open(path).expect("it opens");
    let stream = uuid("s");
    fill(&store, &stream, many);
    let mut rows = store.observations(&stream, ..).expect("there are rows");
    let mut sum = 0.0;
    measure(many, |_| {
        let row = rows.next().expect("a row");
        sum += row.expect("readable").value;
    });
    assert!(rows.next().is_none());
    assert_eq!(sum, (many * (many - 1) / 2) as f64);
}

fn fill(store: &Store, stream: &StreamUuid, many: usize) {
    for start in (0..many).step_by(100_000) {
        let rows = (start..many.min(start + 100_000)).map(|n| numbered(n as i64).hash("h"));
        let rows: Vec<NewObservation<'_>> = rows.collect();
        store.insert_many(stream, &rows).expect("they are stored");
    }
}

/// Keeps what it has read.
fn leaks(path: &Path, argument: &str) {
    let many = number(argument);
    let store = Store::open(path).expect("it opens");
    let stream = uuid("s");
    fill(&store, &stream, 1_000);
    let mut kept: Vec<Columns> = Vec::new();
    measure(many, |_| {
        kept.push(store.columns(&stream, ..).expect("readable"));
    });
}

/// Plays a role so many times; returns the memory of its first fifth, and of the rest.
fn play(role: &str, many: usize, what: impl Display) -> (u64, u64) {
    let (_folder, path) = place();
    let mut player = Player::start(role, &path, many);
    let said = player.hear();
    player.finish();
    let (first, rest) = said.split_once(' ').expect("two numbers");
    let figures = (number(first) as u64, number(rest) as u64);
    figure(
        "memory",
        format!("{many} {what}, KiB in the first fifth"),
        figures.0,
    );
    figure(
        "memory",
        format!("{many} {what}, KiB in the rest"),
        figures.1,
    );
    figures
}

/// Returns the number at full length, or a share of it.
fn length(full: usize) -> usize {
    match std::env::var_os("SATORI_STORE_FLAT") {
        Some(_) => full,
        None => full / 50,
    }
}

fn assert_flat((first, rest): (u64, u64)) {
    assert!(rest <= first + SLACK, "{first} KiB, then {rest}");
}

#[test]
fn memory_stays_the_same_over_a_million_inserts() {
    let many = length(1_000_000);
    assert_flat(play("flat inserts", many, "inserts over 1,000 streams"));
}

#[test]
fn memory_stays_the_same_over_hostile_payloads() {
    assert_flat(play("flat payloads", length(10_000), "hostile payloads"));
}

#[test]
fn memory_stays_the_same_while_a_cursor_reads() {
    assert_flat(play("flat cursor", length(5_000_000), "rows of a cursor"));
}

#[test]
fn control_memory_that_is_kept_is_seen() {
    let (first, rest) = play("control: not flat", 1_000, "reads that are kept (control)");
    assert!(rest > first + SLACK, "{first} KiB, then {rest}");
}
