//! A server that is killed while several write.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use satori_store::{Error, Insertion, NewObservation, OpenOptions, Store};

use crate::server::*;
use crate::support::*;

const WRITERS: i64 = 4;
/// Instants of one writer begin here times its number.
const APART: i64 = 100_000_000;
/// The server does not wait for the disk, unless it is told to: what it has not written yet
/// is lost with it.
const CARELESS: [&str; 2] = ["synchronous_commit=off", "wal_writer_delay=10s"];

/// What one writer has seen.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<(String, i64)>,
    lost: usize,
    unknown: usize,
    /// Of those, how many were stored.
    were_there: usize,
}

/// Writes until it is told to end, and does again what failed with the connection.
fn write(url: &str, writer: i64, ended: &AtomicBool, calls: &AtomicUsize) -> Seen {
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.connect(url).unwrap();
    let (common, own) = (uuid("common"), uuid(&format!("own {writer}")));
    let mut seen = Seen::default();
    let mut next = writer * APART;
    while !ended.load(Ordering::Relaxed) {
        let stream = if next % 2 == 0 { &common } else { &own };
        // From a thousand rows on they are copied in.
        let size = if next % 50 == 2 { 1_201 } else { 4 };
        let many: Vec<NewObservation<'_>> = (next..next + size).map(numbered).collect();
        let mut is_unknown = false;
        let given_up = Instant::now() + Duration::from_secs(60);
        let count = loop {
            let done = match next % 3 {
                0 => store
                    .insert(stream, &row(next, next as f64))
                    .map(|done| (1, done == Insertion::AlreadyThere)),
                1 => store
                    .insert(stream, &many[0])
                    .map(|done| (1, done == Insertion::AlreadyThere)),
                _ => store.insert_many(stream, &many).map(|report| {
                    assert_eq!(report.conflicts, []);
                    let done = report.inserted.max(report.already_there);
                    assert_eq!(done, size as u64, "half a call was stored");
                    (size, report.already_there > 0)
                }),
            };
            match done {
                Ok((count, was_there)) => {
                    // Only what nobody knew of can be there already.
                    assert!(is_unknown || !was_there);
                    seen.were_there += usize::from(was_there);
                    break count;
                }
                Err(Error::ConnectionLost { .. }) => seen.lost += 1,
                Err(Error::UnknownOutcome { .. }) => {
                    seen.unknown += usize::from(!is_unknown);
                    is_unknown = true;
                }
                Err(error) => panic!("{error:?}"),
            }
            assert!(Instant::now() < given_up, "the server never came back");
            pause(5);
        };
        let done = (next..next + count).map(|second| (stream.to_string(), second));
        seen.acknowledged.extend(done);
        calls.fetch_add(1, Ordering::Relaxed);
        next += count;
    }
    seen
}

#[test]
fn no_acknowledged_row_is_lost_with_the_server() {
    let Some(_) = wanted() else { return };
    let kills = if soak() { 20 } else { 2 };
    let mut server = Server::start_on_disk(&CARELESS);
    let url = server.url();
    Store::connect(&url).unwrap();
    let (ended, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let seen: Vec<Seen> = thread::scope(|scope| {
        let writers = (1..=WRITERS).map(|writer| {
            let (url, ended, calls) = (&url, &ended, &calls);
            scope.spawn(move || write(url, writer, ended, calls))
        });
        let writers: Vec<_> = writers.collect();
        let await_calls = |more: usize| {
            let wanted = calls.load(Ordering::Relaxed) + more;
            until(|| calls.load(Ordering::Relaxed) >= wanted);
        };
        for kill in 0..kills {
            await_calls(100 + kill * 7);
            server.crash();
            server.restart();
        }
        await_calls(100);
        ended.store(true, Ordering::Relaxed);
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    let store = Store::connect(&url).unwrap();
    let mut stored = HashSet::new();
    for stream in store.streams_with_data().unwrap() {
        let rows = seconds(&store, &stream).into_iter();
        stored.extend(rows.map(|second| (stream.to_string(), second)));
    }
    let total = |count: fn(&Seen) -> usize| seen.iter().map(count).sum::<usize>();
    let missing = seen.iter().flat_map(|seen| &seen.acknowledged);
    let missing: Vec<_> = missing.filter(|row| !stored.contains(*row)).collect();
    let acknowledged = total(|seen| seen.acknowledged.len());
    figure(
        "postgres",
        "times that a server was killed under writers",
        kills,
    );
    figure(
        "postgres",
        "rows acknowledged by a server that was killed, all there",
        acknowledged,
    );
    figure(
        "postgres",
        "writes of unknown outcome, repeated",
        total(|seen| seen.unknown),
    );
    figure(
        "postgres",
        "writes of unknown outcome that were stored",
        total(|seen| seen.were_there),
    );
    assert!(missing.is_empty(), "acknowledged, and lost: {missing:?}");
    assert!(
        total(|seen| seen.lost) > 0,
        "no writer met a server that was down"
    );
    assert_eq!(
        stored.len(),
        acknowledged,
        "rows that nobody has acknowledged"
    );
}

/// What is acknowledged as the server is set here may be lost.
#[test]
fn control_plain_inserts_are_lost_with_the_server() {
    let Some(_) = wanted() else { return };
    let mut server = Server::start(&CARELESS);
    psql(&server.url(), "CREATE TABLE plain (x int)");
    let mut other = session(&server.url());
    run_in(
        &mut other,
        "SET synchronous_commit = on; INSERT INTO plain VALUES (0)",
    );
    run_in(&mut other, "SET synchronous_commit = off");
    for number in 1..=100 {
        run_in(&mut other, &format!("INSERT INTO plain VALUES ({number})"));
    }
    server.crash();
    server.restart();
    let left: i64 = psql(&server.url(), "SELECT count(*) FROM plain")
        .trim()
        .parse()
        .unwrap();
    assert!((1..101).contains(&left), "{left}");
}
