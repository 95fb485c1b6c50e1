//! Calls that another thread ends, and forks.
#![allow(unsafe_code)] // fork and set_var have no safe form

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use satori_store::{Error, NewObservation, Store};

use crate::server::*;
use crate::support::*;

pub(crate) const ROLES: &[Role] = &[
    ("forks on a server", |url, session| fork(url, session)),
    ("looks up a server", |url, session| look_up(url, session)),
];

/// Ends a call once the server runs it. Returns how long it went on.
fn end<T: Send + std::fmt::Debug>(
    store: &Store,
    is_running: impl Fn() -> bool,
    call: impl FnOnce(&Store) -> satori_store::Result<T> + Send,
) -> Duration {
    thread::scope(|scope| {
        let call = scope.spawn(|| call(store));
        until(&is_running);
        let begun = Instant::now();
        // Where nobody sees whether the call has begun, one may come too early.
        while !call.is_finished() {
            store.interrupt();
            pause(10);
        }
        let error = call.join().unwrap().unwrap_err();
        let took = begun.elapsed();
        assert!(matches!(error, Error::Interrupted), "{error:?}");
        took
    })
}

#[test]
fn a_long_call_ends_soon_and_stores_nothing() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    let store = place.open();
    let s = uuid("s");
    store.insert(&s, &row(0, 0.0)).unwrap();
    // Another program's rule makes a minute of each insert.
    psql(
        &place.plain,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE INSERT ON observations \
         FOR EACH ROW WHEN (NEW.value = 7) EXECUTE FUNCTION slow()",
    );
    let sleeps = || place.ask("wait_event").contains("PgSleep");
    let blocks = || place.ask("wait_event_type").contains("Lock");
    let pid = place.ask("pid");
    let many: Vec<NewObservation<'_>> = (1..5).map(|second| row(second, 7.0)).collect();
    let more: Vec<NewObservation<'_>> = (1..2_000).map(|second| row(second, 1.0)).collect();
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(end(&store, sleeps, |store| store.insert(&s, &row(1, 7.0))));
        times.push(end(&store, sleeps, |store| store.insert_many(&s, &many)));
        let mut other = session(&place.plain);
        run_in(&mut other, LOCK);
        times.push(end(&store, blocks, |store| store.statistics(&s)));
        times.push(end(&store, blocks, |store| store.insert(&s, &numbered(1))));
        run_in(&mut other, "ROLLBACK");
        // So many are copied in.
        run_in(&mut other, OFFER);
        times.push(end(&store, blocks, |store| store.insert_many(&s, &more)));
        run_in(&mut other, "ROLLBACK");
        let seen = store.data_version().unwrap();
        let waits = || {
            pause(50);
            true
        };
        times.push(end(&store, waits, |store| {
            (0..).try_for_each(|_| store.wait(seen, Duration::from_secs(60)).map(drop))
        }));
    }
    // More than the connection takes while the server waits for the stream's row.
    let many: Vec<NewObservation<'_>> = (1..500_000).map(numbered).collect();
    let mut other = session(&place.plain);
    run_in(&mut other, "BEGIN; SELECT * FROM streams FOR UPDATE");
    times.push(end(&store, blocks, |store| store.insert_many(&s, &many)));
    run_in(&mut other, "ROLLBACK");
    // The middle one, as others may keep the machine busy.
    times.sort();
    assert!(
        times[times.len() / 2] < Duration::from_millis(200),
        "{times:?}"
    );
    assert_eq!(seconds(&store, &s), [0]);
    assert_works(&store);
    assert_eq!(place.ask("pid"), pid, "the session was given up");
}

#[test]
fn a_call_that_connects_ends_too() {
    let Some(_) = wanted() else { return };
    let mut server = Server::start(&[]);
    let store = Store::connect(&server.url()).unwrap();
    server.crash();
    // In its place is one that never says a word.
    let host = Url::new(&server.url()).host;
    let _silent = std::net::TcpListener::bind(&host).unwrap();
    let waits = || {
        pause(100);
        true
    };
    let took = end(&store, waits, |store| store.count(&uuid("s"), ..));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_call_that_looks_the_server_up_ends_too() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    Player::start("looks up a server", Path::new(&place.plain), &place.session).finish();
}

/// Runs in a process of its own, whose environment names where the server is looked up: it
/// takes as long as one of names on a network that is gone, and can't be ended either.
fn look_up(url: &Path, session: &str) {
    let place = Named::at(text(url), session);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    let parts = Url::new(&place.url);
    let (user, password) = parts.user.split_once(':').unwrap();
    let (host, port) = parts.host.split_once(':').unwrap();
    let service = format!(
        "[here]\nhost={host}\nport={port}\nuser={user}\npassword={password}\ndbname={}\n",
        parts.database
    );
    fs::write(&file, &service).unwrap();
    // SAFETY: no other thread of this process reads its environment now.
    unsafe { std::env::set_var("PGSERVICEFILE", &file) };
    let by_name = format!("postgres://?service=here&{}", parts.parameters.join("&"));
    let store = Store::connect(&by_name).unwrap();
    assert_works(&store);
    place.terminate();
    fs::remove_file(&file).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&file)
            .status()
            .unwrap()
            .success()
    );
    let waits = || {
        pause(100);
        true
    };
    let took = end(&store, waits, |store| store.count(&uuid("s"), ..));
    assert!(took < Duration::from_secs(5), "{took:?}");
    // What was looked up at last is of no use any more. If it hasn't come so far, nobody reads.
    let mut answer = OpenOptions::new();
    let answer = answer.write(true).custom_flags(libc::O_NONBLOCK);
    if let Ok(mut answer) = answer.open(&file) {
        answer.write_all(service.as_bytes()).unwrap();
    }
    fs::remove_file(&file).unwrap();
    fs::write(&file, &service).unwrap();
    assert_works(&store);
}

/// The server stops in the middle of a call, and says no word any more.
#[test]
fn a_call_that_the_server_does_not_end_is_given_up() {
    let Some(_) = wanted() else { return };
    let server = Server::start(&[]);
    let url = Url::new(&server.url())
        .with("application_name=stuck")
        .text();
    let store = Store::connect(&url).unwrap();
    let s = uuid("s");
    store.insert(&s, &row(0, 0.0)).unwrap();
    let own = "SELECT pid FROM pg_stat_activity WHERE application_name = 'stuck'";
    let pid: u32 = psql(&server.url(), own).trim().parse().unwrap();
    signal("STOP", pid);
    let begun = || {
        pause(100);
        true
    };
    end(&store, begun, |store| store.statistics(&s));
    // Another session works meanwhile.
    assert_eq!(seconds(&store, &s), [0]);
    signal("CONT", pid);
    assert_works(&store);
}

#[test]
fn a_forked_child_leaves_the_parent_s_session_alone() {
    let Some(server) = wanted() else { return };
    let place = Named::new(&server);
    Player::start("forks on a server", Path::new(&place.plain), &place.session).finish();
}

/// Runs in a process of its own.
fn fork(url: &Path, session: &str) {
    let place = Named::at(text(url), session);
    let store = place.open();
    let s = uuid("s");
    store.insert(&s, &row(0, 0.0)).unwrap();
    let pid = place.ask("pid");
    for opens in [false, true] {
        // SAFETY: this process has no other thread that does anything.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let forked = [
                store.insert(&s, &row(1, 1.0)).map(drop),
                store.insert(&s, &numbered(1)).map(drop),
                store.count(&s, ..).map(drop),
            ];
            let mut is_right = forked.iter().all(|done| matches!(done, Err(Error::Forked)));
            if opens {
                let own = place.open();
                is_right &= own.insert(&s, &numbered(10)).is_ok();
            }
            drop(store);
            // It ends as a program does, not by `_exit`.
            std::process::exit(i32::from(!is_right));
        }
        let mut status = 0;
        // SAFETY: our own child and our own variable.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child, which opens anew: {opens}");
        until(|| place.ask("pid") == pid);
        store.insert(&s, &numbered(i64::from(opens) + 1)).unwrap();
    }
    assert_eq!(seconds(&store, &s), [0, 1, 2, 10]);
    assert_eq!(place.ask("pid"), pid);
}
