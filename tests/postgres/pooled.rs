//! pgbouncer in transaction mode: each transaction may be another session's.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use satori_store::{
    Error, IngestOptions, Insertion, NewObservation, OpenOptions, Remove, Store, StreamPatch,
};
use tempfile::TempDir;

use crate::server::*;
use crate::support::*;

const PROCESSES: i64 = 4;
/// More than a page has.
const ROWS: i64 = 25_000;

pub(crate) const ROLES: &[Role] = &[("uses a pooler", |url, number| {
    use_all(text(url), number.parse().unwrap());
})];

/// A pooler in front of a database of its own, with fewer sessions than there are clients.
struct Pooler {
    child: Child,
    url: String,
    /// The same past the pooler.
    direct: String,
    _folder: TempDir,
}

impl Pooler {
    /// Returns `None` if pgbouncer isn't installed.
    fn new(server: &str) -> Option<Self> {
        if !Path::new("/usr/sbin/pgbouncer").exists() {
            skipped("pgbouncer is not installed");
            return None;
        }
        let database = name("pooled");
        psql(server, &format!("CREATE DATABASE {database}"));
        let direct = Url::new(server).database(&database);
        let (host, server_port) = direct.host.split_once(':').unwrap();
        let (user, password) = direct.user.split_once(':').unwrap_or((&direct.user, ""));
        let password = match password {
            "" => String::new(),
            password => format!("password={password}"),
        };
        let folder = TempDir::with_prefix("satori-pgbouncer.").unwrap();
        open_up(folder.path());
        let port = free_port();
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host={host} port={server_port} user={user} \
                 {password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = any\n\
                 pool_mode = transaction\ndefault_pool_size = 3\n"
            ),
        )
        .unwrap();
        let child = program("pgbouncer")
            .arg("-q")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(Self {
            child,
            url: direct.clone().port(port).text(),
            direct: direct.text(),
            _folder: folder,
        })
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let database = Url::new(&self.direct).database;
        let other = Url::new(&self.direct).database("postgres").text();
        psql(&other, &format!("DROP DATABASE {database} WITH (FORCE)"));
    }
}

/// Makes every kind of call in turn. Any error is a failure.
fn use_all(url: &str, number: i64) {
    say("ready");
    hear();
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.connect(url).unwrap();
    let (common, own) = (uuid("common"), uuid(&format!("own {number}")));
    let duration = Duration::from_secs(if soak() { 20 } else { 2 });
    let begun = Instant::now();
    let (mut next, mut calls) = (number * 100_000_000, 0);
    while begun.elapsed() < duration || calls == 0 {
        let seen = store.data_version().unwrap();
        let payload = format!(
            r#"{{"value": {next}, "observed_at": {next}, "stream": {{"uuid": "common", "name": "n"}}}}"#
        );
        let report = store
            .ingest(payload.as_bytes(), &IngestOptions::new())
            .unwrap();
        assert_eq!(report.inserted, 1);
        assert_ne!(store.wait(seen, Duration::from_secs(10)).unwrap(), seen);
        for row in [row(next + 1, 1.0), numbered(next + 2)] {
            assert_eq!(store.insert(&common, &row).unwrap(), Insertion::Inserted);
            assert_eq!(
                store.insert(&common, &row).unwrap(),
                Insertion::AlreadyThere
            );
        }
        if !store.contains(&own).unwrap() {
            let many: Vec<NewObservation<'_>> = (0..ROWS).map(numbered).collect();
            assert_eq!(
                store.insert_many(&own, &many).unwrap().inserted,
                ROWS as u64
            );
        }
        let across = [(&own, numbered(next)), (&common, numbered(next + 3))];
        assert_eq!(store.insert_across(&across).unwrap().inserted, 2);
        let patch = StreamPatch::new().name(format!("n{next}"));
        let stream = store.upsert_stream(&own, &patch).unwrap();
        assert_eq!(store.stream(&own).unwrap(), Some(stream));
        let rows = store.observations(&own, ..at(ROWS)).unwrap();
        assert_eq!(rows.filter(Result::is_ok).count(), ROWS as usize);
        assert_eq!(store.latest(&own).unwrap().unwrap().ts, at(next));
        let latest = store.latest_of(&[&own, &common, &uuid("absent")]).unwrap();
        assert!(latest[0].is_some() && latest[1].is_some() && latest[2].is_none());
        let found = store.statistics(&own).unwrap();
        assert_eq!(found.count, ROWS as u64 + 1);
        assert_eq!(store.verify(&own).unwrap().verified, ROWS as u64 + 1);
        thread::scope(|scope| {
            let seen = store.data_version().unwrap();
            let store = &store;
            let waits = scope.spawn(move || {
                (0..).try_for_each(|_| store.wait(seen, Duration::from_secs(60)).map(drop))
            });
            pause(20);
            while !waits.is_finished() {
                store.interrupt();
                pause(5);
            }
            let error = waits.join().unwrap().unwrap_err();
            assert!(matches!(error, Error::Interrupted), "{error:?}");
        });
        assert_eq!(store.delete(&own, at(next)..).unwrap(), 1);
        if calls % 3 == 0 {
            let removed = store.remove(&own, Remove::Both).unwrap();
            assert_eq!(removed.rows, Some(ROWS as u64));
        }
        next += 10;
        calls += 1;
    }
    say(calls);
}

#[test]
fn four_processes_use_a_pooler() {
    let Some(server) = wanted() else { return };
    let Some(pooler) = Pooler::new(&server) else {
        return;
    };
    let _turn = turn();
    // They make the store, too.
    let start = |number| Player::start("uses a pooler", Path::new(&pooler.url), number);
    let mut players: Vec<_> = (1..=PROCESSES).map(start).collect();
    players
        .iter_mut()
        .for_each(|player| assert_eq!(player.hear(), "ready"));
    players.iter_mut().for_each(|player| player.say("go"));
    let rounds = players
        .iter_mut()
        .map(|player| player.hear().parse::<i64>().unwrap());
    let rounds: i64 = rounds.sum();
    players.into_iter().for_each(Player::finish);
    let store = Store::connect(&pooler.url).unwrap();
    let rows = store.count(&uuid("common"), ..).unwrap();
    assert_eq!(rows, rounds as u64 * 4);
    figure(
        "postgres",
        "rounds of all calls by 4 processes through pgbouncer, no error",
        rounds,
    );
}

/// The request to stop goes through the pooler, and hits the right session.
#[test]
fn a_call_through_a_pooler_can_be_interrupted() {
    let Some(server) = wanted() else { return };
    let Some(pooler) = Pooler::new(&server) else {
        return;
    };
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.connect(&pooler.url).unwrap();
    let beside = options.connect(&pooler.url).unwrap();
    let s = uuid("s");
    store.insert(&s, &row(0, 0.0)).unwrap();
    let mut other = session(&pooler.direct);
    let blocked = "SELECT count(*) FROM pg_stat_activity \
                   WHERE wait_event_type = 'Lock' AND datname = current_database()";
    for second in 1..6 {
        run_in(&mut other, "BEGIN; SELECT * FROM streams FOR UPDATE");
        let error = thread::scope(|scope| {
            let call = scope.spawn(|| store.insert(&s, &numbered(second)));
            until(|| psql(&pooler.direct, blocked) == "1\n");
            assert_eq!(seconds(&beside, &s).len() as i64, second);
            store.interrupt();
            call.join().unwrap().unwrap_err()
        });
        assert!(matches!(error, Error::Interrupted), "{error:?}");
        run_in(&mut other, "ROLLBACK");
        assert_eq!(
            store.insert(&s, &numbered(second)).unwrap(),
            Insertion::Inserted
        );
    }
}

/// A pooler knows few of the settings with which a session can begin: the search path belongs
/// to the database or the role there (`ALTER ROLE … SET search_path`).
#[test]
fn what_a_pooler_refuses_is_named() {
    let Some(server) = wanted() else { return };
    let Some(pooler) = Pooler::new(&server) else {
        return;
    };
    let url = Url::new(&pooler.url).with("options=-csearch_path%3Dother");
    let error = Store::connect(&url.text()).unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), "08P01");
    assert!(error.to_string().contains("options"), "{error}");
    let database = Url::new(&pooler.direct).database;
    psql(
        &pooler.direct,
        &format!("CREATE SCHEMA other; ALTER DATABASE {database} SET search_path = other"),
    );
    assert_works(&Store::connect(&pooler.url).unwrap());
    assert_eq!(
        psql(&pooler.direct, "SELECT count(*) FROM other.observations"),
        "2\n"
    );
}

/// What a session is asked to keep is another one's by the next transaction.
#[test]
fn control_a_session_s_settings_do_not_last_through_a_pooler() {
    let Some(server) = wanted() else { return };
    let Some(pooler) = Pooler::new(&server) else {
        return;
    };
    let mut one = session(&pooler.url);
    let mut other = session(&pooler.url);
    run_in(&mut one, "SET lock_timeout = 4321");
    // As long as `one` is in a transaction, `other` gets another session.
    run_in(&mut other, "BEGIN");
    run_in(&mut one, "BEGIN");
    let both = [&mut one, &mut other]
        .map(|session| rows_in(session, "SELECT current_setting('lock_timeout') AS text"));
    assert_eq!(
        both.concat()
            .iter()
            .filter(|limit| *limit == "4321ms")
            .count(),
        1
    );
    assert_eq!(both[0], ["0"], "it is the other one that has the setting");
}
