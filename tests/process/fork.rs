//! fork: what the child has inherited is of no use to it and does the parent no
//! harm, and what it opens anew is its own.
#![allow(unsafe_code)] // fork has no safe form

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::*;
use diesel::connection::SimpleConnection;
use satori_store::{Error, Store, sqlite_info};
use serde_json::json;

/// What forks. It is played in a process of its own, with one thread unless it says so.
pub(crate) const ROLES: &[Role] = &[
    ("forks", |path, _| fork_and_use(path)),
    ("forks, and the child opens anew", |path, _| {
        fork_and_open(path);
    }),
    ("forks, and is killed", |path, _| fork_and_be_killed(path)),
    ("forks amid openings", |_, _| fork_amid_openings()),
    ("forks amid openings, and the child forks", |_, _| {
        fork_amid_openings_and_again();
    }),
    ("forks plain SQLite", fork_plain),
];

/// Runs `work` in a forked child.
fn in_child(work: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: with one thread the child's memory is whole. With more, the child does what
    // the store allows amid calls.
    let child = unsafe { libc::fork() };
    as_child(child, work)
}

/// Runs it as [`in_child`] does, by the system call: no handler that wants to know of it
/// is called.
fn in_bare_child(work: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: as above; the child has a copy of the memory, stack and all.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    as_child(child as libc::pid_t, work)
}

fn as_child(child: libc::pid_t, work: impl FnOnce() -> bool) -> libc::pid_t {
    assert!(child >= 0, "fork");
    if child == 0 {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        let status = i32::from(!matches!(done, Ok(true)));
        // SAFETY: ends the child without the harness's own ending.
        unsafe { libc::_exit(status) };
    }
    child
}

fn wait_for(child: libc::pid_t) -> bool {
    let mut status = 0;
    // SAFETY: our own child and our own variable.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    waited == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// A handle that parent and child can each take, and drop.
static KEPT: Mutex<Option<Store>> = Mutex::new(None);

fn fork_and_use(path: &Path) {
    let store = Store::open(path).unwrap();
    let stream = uuid("s");
    store.insert(&stream, &numbered(1)).unwrap();
    let mut reading = store.observations(&stream, ..).unwrap();
    *KEPT.lock().unwrap() = Some(store.clone());
    let child = in_child(move || {
        let mut forked = [
            store.insert(&stream, &numbered(2)).map(drop),
            store.insert(&stream, &numbered(2).hash("h")).map(drop),
            store.latest(&stream).map(drop),
            store.streams().map(drop),
            reading.next().unwrap().map(drop),
        ]
        .into_iter()
        .all(|done| matches!(done, Err(Error::Forked)));
        // The child lets go of all it has inherited: with the last handle, of the connection.
        drop(reading);
        forked &= matches!(store.count(&stream, ..), Err(Error::Forked));
        drop(store);
        drop(KEPT.lock().unwrap().take());
        forked
    });
    assert!(wait_for(child), "the child's use was not refused");
    let parents = KEPT.lock().unwrap().take().expect("the parent's own");
    let inherited = parents.clone();
    let child = in_bare_child(move || {
        let is_refused = || matches!(inherited.streams(), Err(Error::Forked));
        is_refused() && wait_for(in_bare_child(is_refused))
    });
    assert!(wait_for(child), "the bare child's use was not refused");
    parents.insert(&uuid("s"), &numbered(5)).unwrap();
    say("forked");
    hear();
}

/// Closes the parent's handle before the child writes.
fn fork_and_open(path: &Path) {
    let store = Store::open(path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    let (opened, closed) = (path.with_extension("opened"), path.with_extension("closed"));
    let inherited = store.clone();
    let child = in_child(|| {
        let again = Store::open(path).unwrap();
        std::fs::write(&opened, "").unwrap();
        while !closed.exists() {
            pause(1);
        }
        again.insert(&uuid("s"), &numbered(2)).unwrap();
        again.insert(&uuid("s"), &numbered(3).hash("h")).unwrap();
        say("acknowledged");
        hear();
        drop(inherited);
        true
    });
    while !opened.exists() {
        pause(1);
    }
    drop(store);
    std::fs::write(&closed, "").unwrap();
    assert!(wait_for(child), "the child");
}

/// Lets the child outlive its parent, which is in a transaction.
fn fork_and_be_killed(path: &Path) {
    let store = Store::open(path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    let mut connection = plain(path);
    run(
        &mut connection,
        "BEGIN IMMEDIATE; INSERT INTO s VALUES (2, 1, 'h', 'p')",
    );
    let end = path.with_extension("end");
    in_child(|| {
        say("forked");
        // The test's folder may be gone before this process looks again.
        while path.exists() && !end.exists() {
            pause(1);
        }
        drop(store);
        true
    });
    hear();
}

/// Runs `work` while other threads open stores in memory.
fn amid_openings<T>(work: impl FnOnce() -> T) -> T {
    let ended = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    drop(Store::open_in_memory().unwrap());
                }
            });
        }
        let done = work();
        ended.store(true, Ordering::Relaxed);
        done
    })
}

/// Opens a store in a process that may wait for ever: its alarm ends it then.
fn open_by_alarm() -> satori_store::Result<Store> {
    // SAFETY: a plain system call.
    unsafe { libc::alarm(10) };
    Store::open_in_memory()
}

/// Forks a hundred times, and each child opens a store.
fn fork_amid_openings() {
    let all_ended = amid_openings(|| {
        (0..100).all(|_| {
            pause(3);
            wait_for(in_child(|| {
                matches!(open_by_alarm(), Ok(_) | Err(Error::CannotOpen { .. }))
            }))
        })
    });
    say(if all_ended { "all ended" } else { "one waited" });
    hear();
}

/// Forks as [`fork_amid_openings`] does. A child that is refused a store, as it was forked
/// amid a call, forks in turn, as does its child: they have the same copies of locks.
fn fork_amid_openings_and_again() {
    let is_refused = || matches!(open_by_alarm(), Err(Error::CannotOpen { .. }));
    let all_refused = amid_openings(|| {
        (0..100).all(|_| {
            pause(3);
            wait_for(in_child(|| {
                if !is_refused() {
                    return true;
                }
                say("the child is refused");
                wait_for(in_child(|| is_refused() && wait_for(in_child(is_refused))))
            }))
        })
    });
    say(if all_refused {
        "all are refused"
    } else {
        "one was not"
    });
    hear();
}

/// Does what [`fork_and_open`] does, but with plain SQLite, against which its manual
/// warns. Its locks are `whose`: the library's, or SQLite's own.
fn fork_plain(path: &Path, whose: &str) {
    if whose == "the library's" {
        let _ = sqlite_info();
    }
    let mut connection = bare(path);
    run(&mut connection, "INSERT INTO s VALUES (1, 1, 'h', 'p')");
    let (opened, closed) = (path.with_extension("opened"), path.with_extension("closed"));
    let child = in_child(|| {
        let mut again = bare(path);
        let _ = again.batch_execute("SELECT count(*) FROM s");
        std::fs::write(&opened, "").unwrap();
        while !closed.exists() {
            pause(1);
        }
        say(
            match again.batch_execute("INSERT INTO s VALUES (2, 1, 'h', 'p')") {
                Ok(()) => "acknowledged",
                Err(_) => "refused",
            },
        );
        hear();
        true
    });
    while !opened.exists() {
        pause(1);
    }
    drop(connection);
    std::fs::write(&closed, "").unwrap();
    wait_for(child);
}

#[test]
fn after_fork_the_childs_use_is_refused_and_the_parent_unharmed() {
    let (_folder, path) = place();
    let mut parent = Player::start("forks", &path, "");
    assert_eq!(parent.hear(), "forked");
    // The child has ended. The parent still holds the file, and its rows are there.
    let mut python = Python::open(&path);
    assert_eq!(python.run("SELECT ts FROM s"), json!([[1], [5]]));
    python.close();
    assert!(
        path.with_extension("db-wal").exists(),
        "the child took the WAL away"
    );
    parent.finish();
    let store = Store::open(&path).unwrap();
    assert_eq!(seconds(&store, &uuid("s")), [1, 5]);
}

#[test]
fn a_child_that_opens_the_file_anew_keeps_its_rows_when_the_parent_closes() {
    let (_folder, path) = place();
    let mut player = Player::start("forks, and the child opens anew", &path, "");
    assert_eq!(player.hear(), "acknowledged");
    let mut python = Python::open(&path);
    assert_eq!(python.run("SELECT ts FROM s"), json!([[1], [2], [3]]));
    python.close();
    player.finish();
    let store = Store::open(&path).unwrap();
    assert_eq!(seconds(&store, &uuid("s")), [1, 2, 3]);
}

#[test]
fn a_child_does_not_keep_the_locks_of_a_parent_that_was_killed() {
    let (_folder, path) = place();
    let mut parent = Player::start("forks, and is killed", &path, "");
    assert_eq!(parent.hear(), "forked");
    parent.kill();
    let mut python = Python::open(&path);
    python.run("INSERT INTO s VALUES (3, 1, 'h', 'p')");
    assert_eq!(python.run("SELECT ts FROM s"), json!([[1], [3]]));
    python.close();
    std::fs::write(path.with_extension("end"), "").unwrap();
}

#[test]
fn a_child_of_a_parent_that_is_opening_stores_never_waits_for_ever() {
    let (_folder, path) = place();
    let mut parent = Player::start("forks amid openings", &path, "");
    assert_eq!(parent.hear(), "all ended");
    parent.finish();
}

#[test]
fn a_grandchild_is_refused_a_store_as_the_child_was() {
    let (_folder, path) = place();
    let mut parent = Player::start("forks amid openings, and the child forks", &path, "");
    let mut refused = 0;
    let end = loop {
        match parent.hear() {
            said if said == "the child is refused" => refused += 1,
            said => break said,
        }
    };
    assert_eq!(end, "all are refused", "of {refused}");
    assert!(refused > 0, "no child was forked amid a call");
    parent.finish();
}

/// The control: SQLite in the child believes that it holds the locks which the
/// parent holds, so the parent's closing takes the WAL away under the child.
#[test]
fn control_with_plain_sqlite_the_childs_row_is_acknowledged_and_lost() {
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    run(
        &mut plain(&path),
        "CREATE TABLE s (ts PRIMARY KEY, value, hash, provider)",
    );
    let mut player = Player::start("forks plain SQLite", &path, "SQLite's own");
    assert_eq!(player.hear(), "acknowledged");
    let mut python = Python::open(&path);
    let rows = python.run("SELECT ts FROM s");
    println!("control: others see {rows} of [[1],[2]]");
    assert_eq!(rows, json!([[1]]));
    python.close();
    player.finish();
}

/// With the library's locks SQLite in the child is refused instead. (Here in rollback
/// mode: for a WAL it tries ten seconds long.)
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
#[test]
fn what_plain_sqlite_writes_in_the_child_is_refused_with_the_librarys_locks() {
    let (_folder, path) = place();
    run(
        &mut plain(&path),
        "CREATE TABLE s (ts PRIMARY KEY, value, hash, provider)",
    );
    let mut player = Player::start("forks plain SQLite", &path, "the library's");
    assert_eq!(player.hear(), "refused");
    let mut python = Python::open(&path);
    assert_eq!(python.run("SELECT ts FROM s"), json!([[1]]));
    python.close();
    player.finish();
}
