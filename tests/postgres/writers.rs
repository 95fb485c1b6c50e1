//! Several processes that write to the same streams at once, and the naive ways to do it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use satori_store::{
    Error, IngestOptions, Insertion, NewObservation, OpenOptions, Store, StreamUuid,
};
use serde_json::json;

use crate::server::*;
use crate::support::*;

const WRITERS: i64 = 8;

pub(crate) const ROLES: &[Role] = &[("writes to a server", |url, argument| {
    let (streams, rest) = argument.split_once(' ').unwrap();
    let (writer, log) = rest.split_once(' ').unwrap();
    write(
        url,
        streams.parse().unwrap(),
        writer.parse().unwrap(),
        Path::new(log),
    );
})];

fn duration() -> Duration {
    Duration::from_secs(if soak() { 20 } else { 2 })
}

/// One of the streams that all write to.
fn common(number: usize) -> StreamUuid {
    uuid(&format!("common {number}"))
}

/// Writes rows at the instants that come next in each stream, against all others that want
/// the same ones, in every way in turn. So the rows of a stream arrive in order of time, and
/// each instant is somebody's. Writes into a log what was acknowledged.
fn write(url: &Path, streams: usize, writer: i64, log: &Path) {
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.connect(text(url)).unwrap();
    let mut log = BufWriter::new(File::create(log).unwrap());
    let uuids: Vec<_> = (0..streams).map(common).collect();
    let mut next = vec![0_i64; streams];
    // No two values are the same, so no two rows are.
    let mut value = writer as f64;
    let (mut rows, mut conflicts) = (0, 0);
    say("ready");
    hear();
    let begun = Instant::now();
    for turn in (0..).map(|turn| turn + writer as usize * 13) {
        if begun.elapsed() >= duration() {
            break;
        }
        let some: Vec<usize> = match turn % 4 {
            0 | 1 => vec![turn % streams],
            _ => HashSet::<usize>::from_iter((turn..turn + 10).map(|n| n * 7 % streams))
                .into_iter()
                .collect(),
        };
        let mut offers = Vec::new();
        for stream in some {
            // Many rows of one stream, or one of each of several.
            let count = if turn % 4 == 1 { 3 } else { 1 };
            for _ in 0..count {
                value += WRITERS as f64;
                offers.push((stream, next[stream], value));
                next[stream] += 1;
            }
        }
        let new = |offer: &(usize, i64, f64)| NewObservation::new(at(offer.1), offer.2);
        // Any error is a failure, as is a row that nobody has decided on.
        let met: HashSet<usize> = match turn % 4 {
            0 => match store.insert(&uuids[offers[0].0], &new(&offers[0])).unwrap() {
                Insertion::Inserted => HashSet::new(),
                Insertion::Conflict(_) => HashSet::from([0]),
                Insertion::AlreadyThere => panic!("no other row has this value"),
            },
            1 => {
                let many: Vec<_> = offers.iter().map(new).collect();
                let report = store.insert_many(&uuids[offers[0].0], &many).unwrap();
                assert_eq!(
                    report.inserted as usize + report.conflicts.len(),
                    offers.len()
                );
                report.conflicts.iter().map(|(index, _)| *index).collect()
            }
            2 => {
                let all: Vec<_> = offers
                    .iter()
                    .map(|offer| (&uuids[offer.0], new(offer)))
                    .collect();
                let report = store.insert_across(&all).unwrap();
                assert_eq!(
                    report.inserted as usize + report.conflicts.len(),
                    offers.len()
                );
                report.conflicts.iter().map(|(index, _)| *index).collect()
            }
            _ => {
                let payloads: Vec<_> = offers
                    .iter()
                    .map(|(stream, second, value)| {
                        let stream = json!({"uuid": uuids[*stream], "name": "n"});
                        json!({"value": value, "observed_at": second, "stream": stream})
                    })
                    .collect();
                let batch = json!(payloads).to_string();
                let report = store
                    .ingest(batch.as_bytes(), &IngestOptions::new())
                    .unwrap();
                assert_eq!(
                    report.inserted as usize + report.conflicts.len(),
                    offers.len()
                );
                report
                    .conflicts
                    .iter()
                    .map(|conflict| conflict.position.index)
                    .collect()
            }
        };
        for (index, (stream, second, value)) in offers.iter().enumerate() {
            if !met.contains(&index) {
                writeln!(log, "{stream} {second} {value}").unwrap();
                rows += 1;
            }
        }
        conflicts += met.len();
        for index in met {
            let stream = offers[index].0;
            let latest = store
                .latest(&uuids[stream])
                .unwrap()
                .expect("a row was in the way");
            next[stream] = latest.ts.as_micros() / 1_000_000 + 1;
        }
    }
    log.flush().unwrap();
    say(format!("{rows} {conflicts}"));
}

/// Has the writers write to so many streams, and looks what is there.
fn contend(server: &str, streams: usize) {
    let _turn = turn();
    let url = database(server);
    let store = Store::connect(&url).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = |writer: i64| folder.path().join(format!("log{writer}"));
    let mut writers: Vec<_> = (1..=WRITERS)
        .map(|writer| {
            let argument = format!("{streams} {writer} {}", text(&log(writer)));
            Player::start("writes to a server", Path::new(&url), argument)
        })
        .collect();
    writers
        .iter_mut()
        .for_each(|writer| assert_eq!(writer.hear(), "ready"));
    writers.iter_mut().for_each(|writer| writer.say("go"));
    let said: Vec<_> = writers.iter_mut().map(Player::hear).collect();
    writers.into_iter().for_each(Player::finish);
    println!("rows and conflicts of each writer, {streams} streams: {said:?}");

    let mut acknowledged: HashMap<(usize, i64), f64> = HashMap::new();
    for writer in 1..=WRITERS {
        for line in std::fs::read_to_string(log(writer)).unwrap().lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let (stream, second) = (parts[0].parse().unwrap(), parts[1].parse().unwrap());
            let value = parts[2].parse().unwrap();
            let other = acknowledged.insert((stream, second), value);
            assert_eq!(other, None, "acknowledged twice: {line}");
        }
    }
    let mut links = 0;
    for number in 0..streams {
        let stream = common(number);
        let rows = match store.observations(&stream, ..) {
            Ok(rows) => rows.collect::<Result<Vec<_>, _>>().unwrap(),
            Err(Error::StreamNotFound { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        for (second, row) in (0..).zip(&rows) {
            assert_eq!(row.ts, at(second), "in order, without a gap");
            let value = acknowledged.remove(&(number, second));
            assert_eq!(value, Some(row.value), "{stream} {second}");
        }
        let found = store.verify(&stream).unwrap();
        assert_eq!(
            (found.verified, &found.suspect),
            (rows.len() as u64, &Vec::new())
        );
        links += rows.len();
    }
    assert!(
        acknowledged.is_empty(),
        "acknowledged, and lost: {acknowledged:?}"
    );
    figure(
        "postgres",
        format!("rows of 8 writers on {streams} streams, all there, each chained"),
        links,
    );
}

#[test]
fn eight_writers_on_one_stream_lose_nothing_and_break_no_link() {
    let Some(server) = wanted() else { return };
    contend(&server, 1);
}

#[test]
fn eight_writers_on_a_hundred_streams_lose_nothing_and_break_no_link() {
    let Some(server) = wanted() else { return };
    contend(&server, 100);
}

/// Has sessions do the same thing at the same time, again and again, until `enough`. Returns
/// the sum of what they return.
fn at_once(url: &str, what: impl Fn(&mut PgConnection, usize) -> usize + Sync) -> usize {
    let _turn = turn();
    let barrier = Barrier::new(WRITERS as usize);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut session = session(url);
                    (0..200)
                        .map(|round| {
                            barrier.wait();
                            what(&mut session, round)
                        })
                        .sum::<usize>()
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .sum()
    })
}

#[test]
fn control_one_statement_does_not_always_know_what_was_in_the_way() {
    let Some(server) = wanted() else { return };
    let url = database(&server);
    psql(&url, "CREATE TABLE plain (ts int PRIMARY KEY, value int)");
    let without_answer = at_once(&url, |session, round| {
        let insert = format!(
            "WITH i AS (INSERT INTO plain VALUES ({round}, 1) ON CONFLICT DO NOTHING RETURNING ts) \
             SELECT 'inserted' AS text FROM i UNION ALL SELECT 'there' FROM plain WHERE ts = {round}"
        );
        usize::from(rows_in(session, &insert).is_empty())
    });
    assert!(without_answer > 0);
    println!("{without_answer} of {} without an answer", 200 * WRITERS);
}

#[test]
fn control_a_chain_without_a_lock_breaks() {
    let Some(server) = wanted() else { return };
    let url = database(&server);
    psql(
        &url,
        "CREATE TABLE plain (ts serial PRIMARY KEY, previous int)",
    );
    let _ = at_once(&url, |session, _| {
        run_in(
            session,
            "BEGIN; INSERT INTO plain (previous) SELECT coalesce(max(ts), 0) FROM plain; COMMIT",
        );
        0
    });
    let broken = "SELECT count(*) FROM (SELECT previous, lag(ts, 1, 0) OVER (ORDER BY ts) AS latest \
                  FROM plain) AS p WHERE previous <> latest";
    let broken: i64 = psql(&url, broken).trim().parse().unwrap();
    assert!(broken > 0);
    println!("{broken} of {} links broken", 200 * WRITERS);
}
