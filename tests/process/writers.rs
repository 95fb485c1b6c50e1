//! Several processes that write and several that read at once, with
//! `synchronous` FULL; and the same done with stock SQLite, for comparison.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::*;
use satori_store::{Error, IngestOptions, OpenOptions, Store, Synchronous};
use serde_json::json;

const WRITERS: i64 = 4;
const READERS: i64 = 4;
/// The limit of each wait, under which none may be Busy.
const LIMIT: Duration = Duration::from_secs(5);

/// Instants of one writer begin here times its number, so that none meet.
const APART: i64 = 100_000_000;

pub(crate) const ROLES: &[Role] = &[
    ("writer", |path, writer| {
        write(path, writer.parse().unwrap());
    }),
    ("reader", |path, _| read(path)),
];

fn duration() -> Duration {
    Duration::from_secs(if soak() { 20 } else { 3 })
}

fn open(path: &Path) -> Store {
    OpenOptions::new()
        .synchronous(Synchronous::Full)
        .busy_timeout(LIMIT)
        .open(path)
        .unwrap()
}

/// Writes in every way in turn, and into a log of its own what was acknowledged.
fn write(path: &Path, writer: i64) {
    let store = open(path);
    let (common, own) = (uuid("common"), uuid(&format!("own {writer}")));
    let mut log = File::create(path.with_file_name(format!("log {writer}"))).unwrap();
    let mut next = writer * APART;
    let mut longest = Duration::ZERO;
    say("ready");
    hear();
    let started = Instant::now();
    for way in (0..4).cycle() {
        if started.elapsed() >= duration() {
            break;
        }
        let begun = Instant::now();
        let (stream, count) = match way {
            // Its hash is computed on the latest row: reads, then writes.
            0 => (&common, store.insert(&common, &numbered(next)).map(|_| 1)),
            1 => (
                &common,
                store.insert(&common, &numbered(next).hash("h")).map(|_| 1),
            ),
            2 => {
                let many: Vec<_> = (next..next + 300).map(numbered).collect();
                (
                    &own,
                    store.insert_many(&own, &many).map(|report| report.inserted),
                )
            }
            _ => {
                let payload = json!({"value": next, "observed_at": next, "stream": {"uuid": own, "name": "own"}});
                let report = store.ingest(payload.to_string().as_bytes(), &IngestOptions::new());
                (&own, report.map(|report| report.inserted))
            }
        };
        // An error is a failure of the test, Busy among them.
        let count = i64::try_from(count.unwrap()).unwrap();
        longest = longest.max(begun.elapsed());
        for second in next..next + count {
            writeln!(log, "{second} {stream}").unwrap();
        }
        next += count;
    }
    say(format!("{} {}", next - writer * APART, longest.as_millis()));
}

/// Reads what only ever grows.
fn read(path: &Path) {
    let store = open(path);
    let common = uuid("common");
    let (mut reads, mut rows) = (0, 0);
    say("ready");
    hear();
    let started = Instant::now();
    while started.elapsed() < duration() {
        let columns = store.columns(&common, ..).unwrap();
        assert!(columns.len() >= rows, "rows that were there are gone");
        assert!(columns.ts.is_sorted());
        rows = columns.len();
        assert!(store.count(&common, ..).unwrap() >= rows as u64);
        store.latest(&common).unwrap().expect("a row");
        reads += 1;
    }
    say(format!("{reads} 0"));
}

/// Starts all of them at one time, and no other such race beside. Returns what each said
/// at its end.
fn run_together(mut players: Vec<Player>) -> Vec<(i64, i64)> {
    let _turn = turn();
    for player in &mut players {
        assert_eq!(player.hear(), "ready");
    }
    for player in &mut players {
        player.say("go");
    }
    let said = players.iter_mut().map(|player| {
        let said = player.hear();
        let (done, other) = said.split_once(' ').unwrap();
        (done.parse().unwrap(), other.parse().unwrap())
    });
    let said = said.collect();
    players.into_iter().for_each(Player::finish);
    said
}

#[test]
fn writers_and_readers_lose_nothing_and_none_is_turned_away() {
    let (folder, path) = place();
    let store = open(&path);
    store.insert(&uuid("common"), &numbered(0)).unwrap();

    let writers = (1..=WRITERS).map(|writer| Player::start("writer", &path, writer));
    let readers = (0..READERS).map(|_| Player::start("reader", &path, ""));
    let said = run_together(writers.chain(readers).collect());
    let (writers, readers) = said.split_at(WRITERS as usize);
    println!("rows and longest wait (ms) of each writer: {writers:?}");
    println!("full reads of each reader: {readers:?}");

    let mut acknowledged = 0;
    for writer in 1..=WRITERS {
        let log = std::fs::read_to_string(folder.path().join(format!("log {writer}"))).unwrap();
        let own = uuid(&format!("own {writer}"));
        let common = uuid("common");
        let stored = |stream| -> std::collections::HashSet<i64> {
            match store.columns(stream, ..) {
                Ok(columns) => columns.ts.into_iter().collect(),
                // On a slow disk a writer's turn to make its stream may never come.
                Err(Error::StreamNotFound { .. }) => Default::default(),
                Err(error) => panic!("{error}"),
            }
        };
        let (in_own, in_common) = (stored(&own), stored(&common));
        for line in log.lines() {
            let (second, stream) = line.split_once(' ').unwrap();
            let instant = at(second.parse::<i64>().unwrap()).as_micros();
            let set = if stream == "common" {
                &in_common
            } else {
                &in_own
            };
            assert!(set.contains(&instant), "acknowledged, and lost: {line}");
            acknowledged += 1;
        }
    }
    figure(
        "killed",
        "rows acknowledged by several writers, all there",
        acknowledged,
    );
    assert!(writers.iter().all(|(rows, _)| *rows > 0), "one starved");
    drop(store);
    assert_sound(&path);
}

/// The same with stock SQLite: a wait as long, its own busy handler.
const STOCK: &str = r#"
import sqlite3, sys, time
path, number, begin, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
connection = sqlite3.connect(path, timeout=5, isolation_level=None)
connection.execute("PRAGMA synchronous = FULL")
print("> ready", file=sys.stderr, flush=True)
sys.stdin.readline()
rows = busy = 0
longest = 0.0
started = time.monotonic()
while time.monotonic() - started < seconds:
    begun = time.monotonic()
    try:
        connection.execute(begin)
        (latest,) = connection.execute("SELECT count(*) FROM common WHERE ts < 10").fetchone()
        ts = number * 100000000 + rows
        connection.execute("INSERT INTO common VALUES (?, 1, ?, 'p')", (ts, str(latest)))
        connection.execute("COMMIT")
        rows += 1
    except sqlite3.OperationalError:
        busy += 1
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    longest = max(longest, time.monotonic() - begun)
print(f"({begin}) {rows} rows, {busy} busy, longest wait {longest * 1000:.0f} ms", file=sys.stderr)
print(f"> {rows} {busy}", file=sys.stderr, flush=True)
"#;

fn stock(begin: &str) -> Vec<(i64, i64)> {
    let (_folder, path) = place();
    let store = open(&path);
    store.insert(&uuid("common"), &numbered(0)).unwrap();
    let seconds = duration().as_secs().to_string();
    let players = (1..=WRITERS).map(|number| {
        let number = number.to_string();
        let arguments = [
            path.as_os_str(),
            OsStr::new(&number),
            OsStr::new(begin),
            OsStr::new(&seconds),
        ];
        Player::python(STOCK, &arguments)
    });
    run_together(players.collect())
}

/// The control: a writer that reads first is turned away, if its transaction begins as
/// SQLite's do by default.
#[test]
fn control_stock_deferred_writers_are_turned_away() {
    let said = stock("BEGIN");
    println!("deferred, rows and refusals of each writer: {said:?}");
    assert!(said.iter().any(|(_, busy)| *busy > 0));
}

/// For comparison; what it prints depends on the machine.
#[test]
fn stock_immediate_writers_wait_for_each_other() {
    let said = stock("BEGIN IMMEDIATE");
    println!("immediate, rows and refusals of each writer: {said:?}");
}

/// The same as above without chance: SQLite refuses at once, whatever the limit.
#[test]
fn reading_before_writing_never_makes_a_write_fail() {
    let (_folder, path) = place();
    let common = uuid("common");
    let store = open(&path);
    store.insert(&common, &numbered(0)).unwrap();
    let mut python = Python::open(&path);
    python.run("BEGIN");
    python.run("SELECT * FROM common");
    store.insert(&common, &numbered(1)).unwrap();
    let control = python.try_run("INSERT INTO common VALUES (2, 2, '', '')", json!([]));
    assert_eq!(control, Err("database is locked".to_owned()));
    python.run("ROLLBACK");

    // The store reads the latest hash and then writes, in one call.
    for second in 3..100 {
        python.run_with(
            "INSERT INTO common VALUES (?, 1, 'h', 'p')",
            json!([second * 2]),
        );
        store.insert(&common, &numbered(second * 2 + 1)).unwrap();
    }
    python.close();
    assert_eq!(
        number(&mut plain(&path), "SELECT count(*) FROM common"),
        196
    );
}
