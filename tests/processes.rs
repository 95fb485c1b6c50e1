//! One file, several processes and threads: opening at once, waiting for
//! the write lock, and what a handle leaves behind.

mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use satori_store::{Error, OpenOptions, Store, StreamPatch};
use support::{
    Player, Python, listen, number, plain, role as played, row, run, seconds, tell, uuid,
};

#[test]
fn role() {
    let Some((role, path, argument)) = played() else {
        return;
    };
    match role.as_str() {
        "opens" => open_at_once(&path, &argument),
        "opens and closes" => open_and_close(&path),
        other => panic!("no role {other}"),
    }
}

fn open_at_once(path: &Path, number: &str) {
    tell("ready");
    listen();
    let store = Store::open(path).unwrap();
    let own = uuid(&format!("own {number}"));
    store.upsert_stream(&own, &StreamPatch::new()).unwrap();
    store.insert(&own, &row(1)).unwrap();
    store
        .insert(&uuid("common"), &row(number.parse().unwrap()))
        .unwrap();
    tell("done");
    listen();
}

/// The file before the opening: none, an empty one, an engine's.
fn opened_at_once(processes: i64, rounds: usize, before: &str) {
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.db");
        match before {
            "none" => {}
            "empty" => drop(std::fs::File::create(&path).unwrap()),
            _ => support::run(
                &mut plain(&path),
                "CREATE TABLE common (ts TIMESTAMP PRIMARY KEY NOT NULL, \
                 value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL); \
                 CREATE TABLE streams (id INTEGER PRIMARY KEY AUTOINCREMENT, \
                 server_stream_id INTEGER, uuid TEXT UNIQUE NOT NULL, name TEXT, secondary TEXT, \
                 meta TEXT, description TEXT, last_synced TIMESTAMP, \
                 created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
            ),
        }
        let mut players: Vec<_> = (0..processes)
            .map(|number| Player::start("opens", &path, number))
            .collect();
        players
            .iter_mut()
            .for_each(|player| assert_eq!(player.hear(), "ready"));
        players.iter_mut().for_each(|player| player.say("go"));
        players
            .iter_mut()
            .for_each(|player| assert_eq!(player.hear(), "done"));

        let store = Store::open(&path).unwrap();
        assert_eq!(
            store.streams().unwrap().len() as i64,
            processes,
            "round {round}"
        );
        assert_eq!(
            seconds(&store, &uuid("common")),
            (0..processes).collect::<Vec<_>>()
        );
        players.into_iter().for_each(Player::finish);
        drop(store);

        let mut connection = plain(&path);
        let mut count = |sql: &str| number(&mut connection, sql);
        assert_eq!(
            count("SELECT count(*) FROM pragma_table_info('streams')"),
            11
        );
        assert_eq!(
            count("SELECT count(*) FROM pragma_index_list('streams') WHERE origin = 'c'"),
            2
        );
        assert_eq!(
            count("SELECT count(*) FROM __diesel_schema_migrations"),
            count("SELECT count(DISTINCT version) FROM __diesel_schema_migrations")
        );
        support::assert_sound(&path);
    }
}

#[test]
fn two_processes_that_open_a_new_file_at_once_both_succeed() {
    opened_at_once(2, 8, "none");
}

#[test]
fn eight_processes_that_open_a_new_file_at_once_all_succeed() {
    opened_at_once(8, 4, "none");
}

#[test]
fn eight_processes_that_open_an_empty_file_at_once_all_succeed() {
    opened_at_once(8, 3, "empty");
}

#[test]
fn eight_processes_that_take_an_engines_file_over_at_once_all_succeed() {
    opened_at_once(8, 3, "an engine's");
}

#[test]
fn a_write_is_busy_after_its_limit_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let limit = Duration::from_millis(300);
    let store = OpenOptions::new().busy_timeout(limit).open(&path).unwrap();
    let stream = uuid("s");
    store.insert(&stream, &row(1)).unwrap();
    let mut python = Python::open(&path);
    python.run("BEGIN IMMEDIATE");
    for _ in 0..2 {
        for write in [
            &|| store.insert(&stream, &row(2)).map(drop),
            &|| store.insert(&stream, &row(2).hash("h")).map(drop),
            &|| store.upsert_stream(&stream, &StreamPatch::new()).map(drop),
            &|| store.normalize_dry_run(&stream).map(drop),
        ] as [&dyn Fn() -> satori_store::Result<()>; 4]
        {
            let begun = Instant::now();
            let Err(Error::Busy {
                waited,
                code: satori_store::DatabaseCode::Number(code),
            }) = write()
            else {
                panic!("the lock is Python's");
            };
            let whole = begun.elapsed();
            assert!(
                waited >= limit && whole >= waited,
                "{waited:?} of {whole:?}"
            );
            assert_eq!(code & 0xff, 5);
            println!("limit {limit:?}, told {waited:?}, took {whole:?}");
        }
        // Reading waits for nobody, and one can open the file.
        assert_eq!(seconds(&store, &stream), [1]);
        assert_eq!(seconds(&Store::open(&path).unwrap(), &stream), [1]);
    }
    python.run("ROLLBACK");
    store.insert(&stream, &row(2)).unwrap();
    python.close();
}

#[test]
fn taking_a_file_over_is_busy_after_the_limit_while_another_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let mut python = Python::open(&path);
    python.run("CREATE TABLE t (a)");
    let limit = Duration::from_millis(300);
    let options = OpenOptions::new().busy_timeout(limit);
    for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        python.run(begin);
        python.run("INSERT INTO t VALUES (1)");
        let begun = Instant::now();
        let refused = options.open(&path).expect_err("the lock is Python's");
        let whole = begun.elapsed();
        let Error::Busy { waited, .. } = refused else {
            panic!("{begin}: {refused}");
        };
        println!("{begin}: limit {limit:?}, told {waited:?}, took {whole:?}");
        assert!(
            waited >= limit && whole >= waited,
            "{waited:?} of {whole:?}"
        );
        assert!(whole < limit * 8, "not the limit but {whole:?}");
        python.run("ROLLBACK");
    }
    options.open(&path).unwrap();
    python.close();
}

#[test]
fn a_writer_waits_and_succeeds_once_the_lock_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let options = OpenOptions::new().busy_timeout(Duration::from_secs(60));
    let store = options.open(&path).unwrap();
    let mut python = Python::open(&path);
    for second in 0..4 {
        python.run("BEGIN IMMEDIATE");
        let writer = std::thread::spawn({
            let store = store.clone();
            move || match second % 2 {
                0 => store.insert(&uuid("s"), &row(second)),
                _ => store.insert(&uuid("s"), &row(second).hash("h")),
            }
        });
        support::pause(100);
        assert!(!writer.is_finished(), "it wrote through Python's lock");
        python.run("COMMIT");
        writer.join().unwrap().unwrap();
    }
    assert_eq!(seconds(&store, &uuid("s")), [0, 1, 2, 3]);
    python.close();
}

#[test]
fn thirty_two_threads_insert_and_read_on_one_handle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("common"), &row(0)).unwrap();
    std::thread::scope(|scope| {
        for thread in 1..=32_i64 {
            let store = store.clone();
            scope.spawn(move || {
                let own = uuid(&format!("own {thread}"));
                for second in 0..20 {
                    store.insert(&own, &row(second)).unwrap();
                    store
                        .insert(&uuid("common"), &row(second * 100 + thread))
                        .unwrap();
                    assert_eq!(seconds(&store, &own), (0..=second).collect::<Vec<_>>());
                    assert!(store.columns(&uuid("common"), ..).unwrap().ts.is_sorted());
                }
            });
        }
    });
    assert_eq!(store.count(&uuid("common"), ..).unwrap(), 32 * 20 + 1);
    assert_eq!(store.verify(&uuid("common")).unwrap().suspect.len(), 0);
}

fn open_and_close(path: &Path) {
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
        pages * 4
    };
    let once = || {
        let store = Store::open(path).unwrap();
        store.insert(&uuid("s"), &row(1)).unwrap();
        store.latest(&uuid("s")).unwrap();
        // Openings that fail must let go of everything too.
        Store::open(path.parent().unwrap()).unwrap_err();
        Store::open(path.with_extension("text")).unwrap_err();
    };
    std::fs::write(path.with_extension("text"), "not a database".repeat(100)).unwrap();
    (0..100).for_each(|_| once());
    let (open, memory) = (descriptors(), resident());
    (0..1_000).for_each(|_| once());
    let (left, grown) = (descriptors() - open, resident().saturating_sub(memory));
    tell(format!("{left} descriptors, {grown} KiB"));
    assert_eq!(left, 0);
    assert!(grown < 4_096, "{grown} KiB");
}

#[test]
fn a_thousand_openings_leave_no_descriptor_and_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut player = Player::start("opens and closes", &folder.path().join("engine.db"), "");
    println!("left after 1,000 openings: {}", player.hear());
    player.finish();
    // SQLite removes them with the last closing.
    let files = Command::new("ls").arg(folder.path()).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&files.stdout),
        "engine.db\nengine.text\n"
    );
}

/// A file in rollback mode, which one that only reads keeps from being switched.
#[test]
fn taking_over_a_file_waits_no_longer_than_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let mut engine = plain(&path);
    run(&mut engine, "CREATE TABLE notes (text); BEGIN");
    number(&mut engine, "SELECT count(*) FROM notes");
    let limit = Duration::from_millis(500);
    let began = Instant::now();
    let error = OpenOptions::new()
        .busy_timeout(limit)
        .open(&path)
        .unwrap_err();
    let whole = began.elapsed();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(whole >= limit && whole < limit * 2, "{whole:?}");
    run(&mut engine, "COMMIT");
    OpenOptions::new().busy_timeout(limit).open(&path).unwrap();
}
