//! One file, several processes and threads: opening at once, and what a handle leaves
//! behind.

use std::path::Path;
use std::process::Command;

use crate::support::*;
use satori_store::{Store, StreamPatch};

pub(crate) const ROLES: &[Role] = &[
    ("opens", open_at_once),
    ("opens and closes", |path, _| open_and_close(path)),
];

fn open_at_once(path: &Path, number: &str) {
    say("ready");
    hear();
    let store = Store::open(path).unwrap();
    let own = uuid(&format!("own {number}"));
    store.upsert_stream(&own, &StreamPatch::new()).unwrap();
    store.insert(&own, &numbered(1)).unwrap();
    store
        .insert(&uuid("common"), &numbered(number.parse().unwrap()))
        .unwrap();
    say("done");
    hear();
}

/// Has several processes open a file at once, which is, `before` that, none, an empty one
/// or an engine's.
fn opened_at_once(processes: i64, rounds: usize, before: &str) {
    let _turn = turn();
    for round in 0..rounds {
        let (_folder, path) = place();
        match before {
            "none" => {}
            "empty" => drop(std::fs::File::create(&path).unwrap()),
            _ => run(
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
        assert_sound(&path);
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
fn thirty_two_threads_insert_and_read_on_one_handle() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("common"), &numbered(0)).unwrap();
    std::thread::scope(|scope| {
        for thread in 1..=32_i64 {
            let store = store.clone();
            scope.spawn(move || {
                let own = uuid(&format!("own {thread}"));
                for second in 0..20 {
                    store.insert(&own, &numbered(second)).unwrap();
                    store
                        .insert(&uuid("common"), &numbered(second * 100 + thread))
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
        store.insert(&uuid("s"), &numbered(1)).unwrap();
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
    say(format!("{left} descriptors, {grown} KiB"));
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
