//! Reading while another process writes: by a read-only handle, and by an
//! iteration that others insert ahead of.

use std::path::{Path, PathBuf};

use crate::support::*;
use satori_store::{Error, OpenOptions, Store};
use serde_json::json;

pub(crate) const ROLES: &[Role] = &[
    ("writes batches", |path, _| {
        write_batches(&Store::open(path).unwrap());
    }),
    ("does what it hears", |path, _| {
        do_what_it_hears(&Store::open(path).unwrap());
    }),
];

/// Rows of one batch that is written in one transaction, and how many come.
const BATCH: i64 = 300;
const BATCHES: i64 = 60;

fn write_batches(store: &Store) {
    say("ready");
    for batch in 0..BATCHES {
        let many: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(numbered).collect();
        store.insert_many(&uuid("s"), &many).unwrap();
        pause(5);
    }
}

fn do_what_it_hears(store: &Store) {
    let stream = uuid("s");
    say("ready");
    loop {
        match hear().split_once(' ') {
            Some(("insert", second)) => store
                .insert(&stream, &numbered(second.parse().unwrap()))
                .map(drop),
            Some(("delete", second)) => {
                let instant = at(second.parse::<i64>().unwrap());
                store.delete(&stream, instant..=instant).map(drop)
            }
            Some(("normalise", _)) => store.normalize(&stream).map(drop),
            _ => return,
        }
        .unwrap();
        say("done");
    }
}

fn tell_to(player: &mut Player, what: &str) {
    player.say(what);
    assert_eq!(player.hear(), "done");
}

/// Makes a store with `rows` rows at the even seconds, and a process that changes it.
fn with_rows(rows: i64) -> (tempfile::TempDir, PathBuf, Store, Player) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    let even: Vec<_> = (0..rows).map(|number| numbered(number * 2)).collect();
    store.insert_many(&uuid("s"), &even).unwrap();
    let player = ready(&path);
    (folder, path, store, player)
}

fn ready(path: &Path) -> Player {
    let mut player = Player::start("does what it hears", path, "");
    assert_eq!(player.hear(), "ready");
    player
}

#[test]
fn a_read_only_handle_sees_each_batch_whole_while_another_process_writes() {
    let (_folder, path) = place();
    let stream = uuid("s");
    drop(Store::open(&path).unwrap());
    let mut writer = Player::start("writes batches", &path, "");
    assert_eq!(writer.hear(), "ready");
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    let (mut seen, mut reads) = (0, 0);
    while seen < BATCH * BATCHES {
        let columns = match reader.columns(&stream, ..) {
            Err(Error::StreamNotFound { .. }) => continue, // not made yet
            columns => columns.unwrap(),
        };
        let rows = columns.len() as i64;
        assert!(
            columns
                .ts
                .iter()
                .copied()
                .eq((0..rows).map(|second| second * 1_000_000))
        );
        assert_eq!(rows % BATCH, 0, "a batch by half");
        assert!(rows >= seen, "rows that were there are gone");
        (seen, reads) = (rows, reads + 1);
        let refused = reader.insert(&stream, &numbered(1));
        assert!(matches!(refused, Err(Error::ReadOnly { .. })));
    }
    println!("{reads} reads while {seen} rows were written");
    writer.finish();
    // The writer has gone; the reader still reads.
    assert_eq!(reader.count(&stream, ..).unwrap() as i64, seen);
}

#[test]
fn a_read_only_handle_does_not_keep_a_writer_waiting() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let many: Vec<_> = (0..3_000).map(numbered).collect();
    store.insert_many(&uuid("s"), &many).unwrap();
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    let mut reading = reader.observations(&uuid("s"), ..).unwrap();
    reading.next().unwrap().unwrap();
    // In the middle of an iteration no transaction is open, so a checkpoint can
    // empty the WAL, which it cannot under a transaction that reads.
    let mut python = Python::open_with(&path, 0.0, "none");
    assert_eq!(
        python.run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0],
        json!(0)
    );
    let mut control = plain(&path);
    run(&mut control, "BEGIN; SELECT count(*) FROM s");
    store.insert(&uuid("s"), &numbered(3_000)).unwrap();
    assert_eq!(
        python.run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0],
        json!(1)
    );
    run(&mut control, "COMMIT");
    assert_eq!(reading.map(Result::unwrap).count(), 3_000);
    python.close();
}

#[test]
fn rows_inserted_ahead_of_an_iteration_are_seen_and_those_behind_are_not() {
    let (_folder, _path, store, mut player) = with_rows(5_000);
    let mut reading = store.observations(&uuid("s"), ..).unwrap();
    let first: Vec<_> = reading
        .by_ref()
        .take(1_500)
        .map(|row| row.unwrap().ts)
        .collect();
    assert_eq!(first.last(), Some(&at(2_998)));
    for second in [1, 9_001, 20_000] {
        tell_to(&mut player, &format!("insert {second}"));
    }
    tell_to(&mut player, "delete 9002");
    let rest: Vec<_> = reading
        .map(|row| row.unwrap().ts.as_micros() / 1_000_000)
        .collect();
    let mut expected: Vec<_> = (1_500..5_000).map(|number| number * 2).collect();
    expected.retain(|second| *second != 9_002);
    expected.extend([9_001, 20_000]);
    expected.sort_unstable();
    assert_eq!(rest, expected);
    player.finish();
}

/// Every row is handed out once, whatever its spelling was and has become since.
#[test]
fn an_iteration_goes_on_where_it_was_after_another_process_normalised_the_rows() {
    let noon = 1_704_283_200_i64;
    for spelling in [
        "strftime('%Y-%m-%d %H:%M:%S', i, 'unixepoch')",
        "strftime('%Y-%m-%dT%H:%M:%SZ', i, 'unixepoch')",
        "i * 1000",
        "i * 1000000",
        "CASE i % 3 WHEN 0 THEN i WHEN 1 THEN i * 1000 ELSE datetime(i, 'unixepoch') END",
    ] {
        let (_folder, path) = place();
        run(
            &mut plain(&path),
            &format!(
                "CREATE TABLE s (ts TIMESTAMP PRIMARY KEY NOT NULL, value NUMERIC(20, 10) NOT NULL, \
                 hash TEXT NOT NULL, provider TEXT NOT NULL); \
                 WITH RECURSIVE n(i) AS (SELECT {noon} UNION ALL SELECT i + 1 FROM n WHERE i < {noon} + 4999) \
                 INSERT INTO s SELECT {spelling}, i, 'h', 'p' FROM n"
            ),
        );
        let store = Store::open(&path).unwrap();
        let mut player = ready(&path);
        let mut reading = store.observations(&uuid("s"), ..).unwrap();
        let mut values: Vec<_> = reading
            .by_ref()
            .take(1_500)
            .map(|row| row.unwrap().value)
            .collect();
        tell_to(&mut player, "normalise all");
        values.extend(reading.map(|row| row.unwrap().value));
        let expected: Vec<_> = (noon..noon + 5_000).map(|second| second as f64).collect();
        assert_eq!(values.len(), expected.len(), "{spelling}");
        assert_eq!(values, expected, "{spelling}");
        player.finish();
    }
}

/// The other way: a program of old writes text into a table of numbers.
#[test]
fn an_iteration_goes_on_where_it_was_after_text_was_inserted_ahead() {
    let (_folder, path, store, player) = with_rows(5_000);
    let mut reading = store.observations(&uuid("s"), ..).unwrap();
    let mut read: Vec<_> = reading
        .by_ref()
        .take(1_500)
        .map(|row| row.unwrap().ts)
        .collect();
    let mut python = Python::open(&path);
    for text in ["1970-01-01 00:00:01", "1970-01-01 02:30:01", "1970-01-02"] {
        python.run_with("INSERT INTO s VALUES (?, 1, 'h', 'p')", json!([text]));
    }
    python.close();
    read.extend(reading.map(|row| row.unwrap().ts));
    let mut expected: Vec<_> = (0..5_000).map(|number| at(number * 2)).collect();
    expected.extend([at(9_001), at(86_400)]);
    expected.sort_unstable();
    assert_eq!(read, expected);
    player.finish();
}

#[test]
fn an_iteration_ends_where_another_process_drops_the_table() {
    let (_folder, path, store, player) = with_rows(5_000);
    let mut reading = store.observations(&uuid("s"), ..).unwrap();
    reading.next().unwrap().unwrap();
    run(&mut plain(&path), "DROP TABLE s");
    // The batch that was read, and then the error; never a silent end.
    let (rows, errors): (Vec<_>, Vec<_>) = reading.by_ref().partition(Result::is_ok);
    assert_eq!(rows.len(), 1_023);
    assert!(
        matches!(errors[..], [Err(Error::StreamNotFound { .. })]),
        "{errors:?}"
    );
    assert!(reading.next().is_none());
    player.finish();
}
