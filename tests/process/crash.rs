//! kill -9 at random moments of a process that writes: what was acknowledged is
//! there, and no batch is there by half. And two careless ways of doing the
//! same, which lose and halve.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::support::*;
use satori_store::{IngestOptions, Store};
use serde_json::json;

/// Rows of one bulk insert: more than go into one statement, and not a multiple.
const BULK: i64 = 610;
/// Payloads of one ingest; each has a stream of its own.
const PAYLOADS: i64 = 5;
/// Rows of text in each table that is normalised.
const TEXTS: i64 = 1_200;
/// Kills after which a new file is begun.
const KILLS_A_FILE: u64 = 20;

/// What writes until it is killed. The argument is the first number that no earlier round has used.
pub(crate) const ROLES: &[Role] = &[
    ("careful", |path, first| {
        careful(path, &mut Log::open(path), first.parse().unwrap());
    }),
    ("acknowledges before the commit", |path, first| {
        early(path, &mut Log::open(path), first.parse().unwrap());
    }),
    ("two transactions a payload", |path, first| {
        halves(path, first.parse().unwrap());
    }),
];

/// What was acknowledged: a line each, outside the database. A killed process
/// has handed every finished line to the operating system.
struct Log(File);

impl Log {
    fn open(path: &Path) -> Self {
        let log = path.with_extension("log");
        let mut options = OpenOptions::new();
        Self(options.create(true).append(true).open(log).unwrap())
    }

    fn note(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn lines(path: &Path) -> Vec<String> {
        let log = std::fs::read_to_string(path.with_extension("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

/// Writes in every way, for ever.
fn careful(path: &Path, log: &mut Log, first: i64) {
    let store = Store::open(path).unwrap();
    say("ready");
    for step in first.. {
        store.insert(&uuid("single"), &numbered(step)).unwrap();
        log.note(&format!("single {step}"));
        store
            .insert(&uuid("hashed"), &numbered(step).hash("h"))
            .unwrap();
        log.note(&format!("hashed {step}"));

        let many: Vec<_> = (step * BULK..(step + 1) * BULK).map(numbered).collect();
        store.insert_many(&uuid("bulk"), &many).unwrap();
        log.note(&format!("bulk {step}"));

        let payloads: Vec<_> = (0..PAYLOADS)
            .map(|number| {
                let name = format!("ingested {step} {number}");
                json!({"value": 1.5, "observed_at": step, "stream": {"uuid": name, "name": name}})
            })
            .collect();
        let payloads = json!(payloads).to_string();
        store
            .ingest(payloads.as_bytes(), &IngestOptions::new())
            .unwrap();
        log.note(&format!("ingest {step}"));

        // Not each time: it takes longer than all the others.
        if step == first && first % 4 == 1 {
            store.normalize(&uuid(&format!("text {first}"))).unwrap();
            log.note(&format!("normalise {first}"));
        }
    }
}

/// Makes a table whose timestamps are text, as the child cannot write it by the store.
fn make_texts(path: &Path, number: i64) {
    run(
        &mut plain(path),
        &format!(
            "CREATE TABLE \"text {number}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, \
             value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL); \
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {TEXTS} - 1) \
             INSERT INTO \"text {number}\" SELECT datetime(1704283200 + i, 'unixepoch'), i, 'h', 'p' FROM n;"
        ),
    );
}

/// Lets a child write for a random while, and kills it.
fn kill_at_random(role: &str, path: &Path, first: i64) {
    let mut child = Player::start(role, path, first);
    assert_eq!(child.hear(), "ready");
    std::thread::sleep(std::time::Duration::from_micros(random(0..120_000)));
    child.kill();
}

fn random(range: std::ops::Range<u64>) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    range.start + random % (range.end - range.start)
}

/// Checks all there is to check of a file after a kill. Returns how many steps it has had.
fn check(path: &Path, rounds: &[i64]) -> i64 {
    let store = Store::open(path).unwrap();
    let lines = Log::lines(path);
    let acknowledged = |kind: &str| -> Vec<i64> {
        let of_kind = lines.iter().filter_map(|line| line.strip_prefix(kind));
        of_kind.map(|step| step.trim().parse().unwrap()).collect()
    };
    let mut last = 0;
    for kind in ["single", "hashed"] {
        let acknowledged = acknowledged(kind);
        if acknowledged.is_empty() {
            continue;
        }
        let stored = seconds(&store, &uuid(kind));
        for step in acknowledged {
            assert!(stored.binary_search(&step).is_ok(), "{kind} {step} is lost");
        }
        last = last.max(stored.last().copied().unwrap_or(0));
    }

    // Batches: all or nothing; acknowledged ones all.
    let mut connection = plain(path);
    let bulk = acknowledged("bulk");
    if !bulk.is_empty() {
        let mut stored = seconds(&store, &uuid("bulk"));
        stored.dedup_by_key(|second| *second / BULK);
        let steps: Vec<_> = stored.iter().map(|second| second / BULK).collect();
        let all = number(&mut connection, "SELECT count(*) FROM bulk");
        assert_eq!(all, steps.len() as i64 * BULK, "a bulk insert by half");
        for step in bulk {
            assert!(steps.contains(&step), "bulk {step} is lost");
        }
    }
    let streams = store.streams().unwrap();
    let bare = store.streams_without_metadata().unwrap();
    assert!(
        !bare
            .iter()
            .any(|stream| stream.as_str().starts_with("ingested"))
    );
    assert_eq!(streams.len() as i64 % PAYLOADS, 0, "an ingest by half");
    for stream in &streams {
        assert_eq!(store.count(&stream.uuid, ..).unwrap(), 1, "metadata alone");
    }
    for step in acknowledged("ingest") {
        let name = format!("ingested {step} {}", PAYLOADS - 1);
        assert!(
            store.stream_by_name(&name).unwrap().is_some(),
            "ingest {step} is lost"
        );
    }
    let normalised = acknowledged("normalise");
    for round in rounds {
        let texts = number(
            &mut connection,
            &format!("SELECT count(*) FROM \"text {round}\" WHERE typeof(ts) = 'text'"),
        );
        assert!(texts == 0 || texts == TEXTS, "normalised by half: {texts}");
        assert!(
            texts == 0 || !normalised.contains(round),
            "normalise {round} is lost"
        );
        assert_eq!(
            store.count(&uuid(&format!("text {round}")), ..).unwrap(),
            TEXTS as u64
        );
    }
    let faults = number(
        &mut connection,
        "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'",
    );
    assert_eq!(faults, 0);
    last
}

#[test]
fn killed_at_random_moments_nothing_acknowledged_is_lost_and_no_batch_is_halved() {
    let kills = if soak() { 300 } else { 20 };
    let mut acknowledged = 0;
    for file in 0..kills / KILLS_A_FILE {
        let (_folder, path) = place();
        drop(Store::open(&path).unwrap());
        let (mut next, mut rounds) = (1, Vec::new());
        for _ in 0..KILLS_A_FILE {
            make_texts(&path, next);
            rounds.push(next);
            kill_at_random("careful", &path, next);
            // A step may have been begun after the last one that shows.
            next = check(&path, &rounds).max(next) + 2;
        }
        assert_sound(&path);
        acknowledged += Log::lines(&path).len();
        println!("file {file}: {} steps", next);
    }
    figure("killed", "kills", kills);
    figure(
        "killed",
        "writes acknowledged before them, all there",
        acknowledged,
    );
}

/// Kills before the first byte is settled: the file opens all the same.
#[test]
fn killed_while_a_new_file_is_made_the_next_opening_makes_it() {
    for _ in 0..if soak() { 100 } else { 10 } {
        let (_folder, path) = place();
        let child = Player::start("careful", &path, 1);
        std::thread::sleep(std::time::Duration::from_micros(random(1_000..12_000)));
        child.kill();
        let store = Store::open(&path).unwrap();
        store.insert(&uuid("after"), &numbered(1)).unwrap();
        drop(store);
        assert_sound(&path);
    }
}

/// Commits every 50 rows and acknowledges each.
fn early(path: &Path, log: &mut Log, first: i64) {
    let mut connection = plain(path);
    say("ready");
    for step in first.. {
        if (step - first) % 50 == 0 {
            run(&mut connection, "BEGIN IMMEDIATE");
        }
        run(
            &mut connection,
            &format!("INSERT INTO single VALUES ({step}, 1, 'h', 'p')"),
        );
        log.note(&format!("single {step}"));
        if (step - first) % 50 == 49 {
            run(&mut connection, "COMMIT");
        }
    }
}

#[test]
fn control_acknowledging_before_the_commit_loses_rows() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("single"), &numbered(0)).unwrap();
    let mut lost = 0;
    // One kill does it 49 times of 50.
    for round in 1..20 {
        kill_at_random("acknowledges before the commit", &path, round * 1_000_000);
        let stored = seconds(&store, &uuid("single"));
        let acknowledged = Log::lines(&path);
        let acknowledged = acknowledged
            .iter()
            .filter_map(|line| line.strip_prefix("single "));
        lost = acknowledged
            .filter(|step| !stored.contains(&step.parse().unwrap()))
            .count();
        if lost > 0 {
            figure(
                "killed",
                "control: kills of a writer that acknowledges too early",
                round,
            );
            figure("killed", "control: rows lost by these", lost);
            break;
        }
    }
    assert!(lost > 0, "the control lost nothing: it checks nothing");
}

/// Writes metadata and observation, each in its own transaction, as plain code would.
fn halves(path: &Path, first: i64) {
    let mut connection = plain(path);
    say("ready");
    for step in first.. {
        run(
            &mut connection,
            &format!("INSERT INTO streams (uuid) VALUES ('s{step}')"),
        );
        run(
            &mut connection,
            &format!("INSERT INTO single VALUES ({step}, 1, 'h', 'p')"),
        );
    }
}

#[test]
fn control_two_transactions_a_payload_leave_metadata_without_its_observation() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("single"), &numbered(0)).unwrap();
    let mut connection = plain(&path);
    let mut halved = 0;
    for round in 1..60 {
        kill_at_random("two transactions a payload", &path, round * 1_000_000);
        halved = number(
            &mut connection,
            "SELECT count(*) FROM streams WHERE substr(uuid, 2) + 0 NOT IN (SELECT ts FROM single)",
        );
        if halved > 0 {
            println!("control: a payload halved after {round} kills");
            break;
        }
    }
    assert!(halved > 0, "the control halved nothing: it checks nothing");
}
