//! Backups: while others write, killed in the middle, beside what is in the way; and the
//! careless way, which loses.

use std::fs;
use std::path::Path;

use crate::support::*;
use satori_store::{Error, NewObservation, OpenOptions, Store, StreamUuid};

const WRITERS: i64 = 4;
/// Streams of each writer.
const STREAMS: i64 = 5;

// What runs until it is killed.
pub(crate) const ROLES: &[Role] = &[
    ("writes across", |path, writer| {
        write_across(path, writer.parse().unwrap());
    }),
    ("backs up", |path, first| {
        back_up(path, first.parse().unwrap());
    }),
    ("compacts", |path, _| compact(path)),
];

/// The streams of a writer, whose rows are always inserted together.
fn streams(writer: i64) -> Vec<StreamUuid> {
    (0..STREAMS)
        .map(|stream| uuid(&format!("writer {writer}, stream {stream}")))
        .collect()
}

/// Writes a row into each of the writer's streams, again and again. After each commit says
/// what it has written, if it is asked.
fn write_across(path: &Path, writer: i64) {
    let store = Store::open(path).unwrap();
    let streams = streams(writer);
    say("ready");
    for second in 0.. {
        let rows: Vec<_> = streams
            .iter()
            .map(|uuid| (uuid, numbered(second)))
            .collect();
        store.insert_across(&rows).unwrap();
    }
}

/// Backs the store up under one name after the other.
fn back_up(path: &Path, first: u32) {
    let store = Store::open(path).unwrap();
    say("ready");
    for number in first.. {
        store
            .backup(path.with_file_name(format!("backup {number}.db")))
            .unwrap();
    }
}

/// Fills a stream and empties it, and compacts the file each time.
fn compact(path: &Path) {
    let store = Store::open(path).unwrap();
    let doomed = uuid("doomed");
    let rows: Vec<_> = (0..5_000).map(|second| row(second, 1.0)).collect();
    say("ready");
    loop {
        store.insert_many(&doomed, &rows).unwrap();
        store.delete(&doomed, ..).unwrap();
        store.compact().unwrap();
    }
}

/// Returns the rows of each writer in a file; `None` if they are of no single moment.
fn rows_of_writers(path: &Path) -> Option<Vec<u64>> {
    let store = OpenOptions::new().read_only(true).open(path).ok()?;
    let count = |stream: &StreamUuid| store.count(stream, ..).unwrap_or(0);
    (0..WRITERS)
        .map(|writer| {
            let rows: Vec<_> = streams(writer).iter().map(count).collect();
            rows.windows(2)
                .all(|pair| pair[0] == pair[1])
                .then(|| rows[0])
        })
        .collect()
}

/// Starts the writers, and waits until all of them write.
fn start_writers(path: &Path) -> Vec<Player> {
    let mut writers: Vec<_> = (0..WRITERS)
        .map(|writer| Player::start("writes across", path, writer))
        .collect();
    for writer in &mut writers {
        assert_eq!(writer.hear(), "ready");
    }
    writers
}

#[test]
fn each_backup_under_four_writers_is_of_one_moment() {
    let _turn = turn();
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    let writers = start_writers(&path);
    let backups = if soak() { 200 } else { 20 };
    let mut before = vec![0; WRITERS as usize];
    let mut torn = 0;
    for number in 0..backups {
        let to = folder.path().join(format!("backup {number}.db"));
        let size = store.backup(&to).unwrap();
        assert_eq!(size, fs::metadata(&to).unwrap().len());
        assert_sound(&to);
        let rows = rows_of_writers(&to).expect("a backup of one moment");
        assert!(rows.iter().zip(&before).all(|(now, then)| now >= then));
        before = rows;

        // The control copies the file alone.
        let copy = folder.path().join("copy.db");
        fs::copy(&path, &copy).unwrap();
        torn += usize::from(
            rows_of_writers(&copy)
                .is_none_or(|copied| copied.iter().zip(&before).any(|(a, b)| a < b)),
        );
        fs::remove_file(&copy).unwrap();
        fs::remove_file(&to).unwrap();
    }
    writers.into_iter().for_each(Player::kill);
    println!("{backups} backups; of as many copies of the file alone {torn} lack rows");
    assert!(
        torn > 0 && before.iter().all(|rows| *rows > 0),
        "{before:?}"
    );
}

#[test]
fn a_kill_leaves_no_half_backup_under_a_name() {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    let rows: Vec<_> = (0..20_000).map(numbered).collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
    let (mut whole, mut partial, mut next) = (0, 0, 0);
    let rounds = if soak() { 60 } else { 8 };
    for round in 0.. {
        // How long a backup takes depends on the machine.
        if round >= 200 || round >= rounds && whole > 0 && partial > 0 {
            break;
        }
        let mut player = Player::start("backs up", &path, next);
        assert_eq!(player.hear(), "ready");
        pause(7 * (round % 40));
        player.kill();
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap().path();
            let name = text(&file).rsplit('/').next().unwrap().to_owned();
            if name.starts_with("backup ") && name.ends_with(".db") {
                assert_sound(&file);
                let backup = OpenOptions::new().read_only(true).open(&file).unwrap();
                assert_eq!(backup.count(&uuid("s"), ..).unwrap(), 20_000, "{name}");
                whole += 1;
            }
            partial += usize::from(name.contains(".partial-"));
            if name.contains("backup") {
                fs::remove_file(&file).unwrap();
            }
        }
        next += 1_000;
    }
    println!("{whole} backups, and {partial} that a kill left unfinished, under other names");
    assert!(whole > 0 && partial > 0);
    assert_sound(&path);
}

#[test]
fn a_kill_while_a_store_is_compacted_loses_nothing() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let rows: Vec<_> = (0..3_000).map(numbered).collect();
    store.insert_many(&uuid("kept"), &rows).unwrap();
    drop(store);
    for round in 0..if soak() { 60 } else { 10 } {
        let mut player = Player::start("compacts", &path, "");
        assert_eq!(player.hear(), "ready");
        pause(11 * round);
        player.kill();
        assert_sound(&path);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.count(&uuid("kept"), ..).unwrap(), 3_000);
        assert_eq!(store.verify(&uuid("kept")).unwrap().verified, 3_000);
    }
}

/// Nothing is overwritten: not a file, and not what would become part of the new one.
#[test]
fn what_is_in_the_way_stays() {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    let to = folder.path().join("backup.db");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let way = folder.path().join(format!("backup.db{suffix}"));
        fs::write(&way, "mine").unwrap();
        let refused = store.backup(&to).unwrap_err();
        let Error::CannotOpen {
            location, reason, ..
        } = &refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!(location.path(), Some(way.as_path()));
        assert!(reason.contains("already exists"), "{reason}");
        assert_eq!(fs::read(&way).unwrap(), b"mine");
        fs::remove_file(&way).unwrap();
        assert!(!to.exists());
    }
    let refused = store.backup(&path).unwrap_err();
    assert!(matches!(refused, Error::CannotOpen { .. }), "{refused:?}");
    // SQLite would take it for a journal of the store's, and delete it.
    for end in ["-wal", "-shm", "-journal"] {
        let part = folder.path().join(format!("other.db{end}"));
        let refused = store.backup(&part).unwrap_err();
        assert!(refused.to_string().contains(end), "{refused}");
        assert!(!part.exists());
    }
    let long = folder.path().join("n".repeat(255));
    store.backup(&long).unwrap();
    fs::remove_file(&long).unwrap();
    for nowhere in [
        folder.path().join("no/folder/backup.db"),
        folder.path().to_owned(),
    ] {
        let refused = store.backup(&nowhere).unwrap_err();
        let Error::CannotOpen { location, .. } = &refused else {
            panic!("{refused:?}");
        };
        assert!(text(location.path().unwrap()).starts_with(text(&nowhere)));
    }
    let refused = store.backup("postgres://host/name").unwrap_err();
    assert!(refused.to_string().contains("URL"), "{refused}");
    assert_eq!(seconds(&store, &uuid("s")), [1]);
    let left = fs::read_dir(folder.path()).unwrap();
    let left = left.filter(|file| text(&file.as_ref().unwrap().path()).contains("backup"));
    assert_eq!(left.count(), 0, "a file was left");
}

/// The control opens the file without its WAL.
#[test]
fn what_is_only_in_the_wal_is_in_the_backup() {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    let copied = Store::open(&copy).unwrap();
    assert!(!copied.contains(&uuid("s")).unwrap(), "the control");

    let to = folder.path().join("backup.db");
    store.backup(&to).unwrap();
    let backup = Store::open(&to).unwrap();
    assert_eq!(
        all(&backup, &uuid("s")).unwrap(),
        all(&store, &uuid("s")).unwrap()
    );
    // It is a store as any other, and by itself.
    backup.insert(&uuid("s"), &numbered(2)).unwrap();
    assert_eq!(seconds(&store, &uuid("s")), [1]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&to).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn every_kind_of_store_can_be_backed_up() {
    let folder = tempfile::tempdir().unwrap();
    let to = |name: &str| folder.path().join(name);
    let store = memory();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    store.backup(to("memory.db")).unwrap();
    assert_eq!(
        seconds(&Store::open(to("memory.db")).unwrap(), &uuid("s")),
        [1]
    );

    // Not one byte of these is migrated on the way.
    for name in ["before_streams.db", "nine_columns.db", "later_release.db"] {
        let (_folder, path) = fixture(name);
        let store = OpenOptions::new().read_only(true).open(&path).unwrap();
        store.backup(to(name)).unwrap();
        assert_eq!(dump(&path), dump(&to(name)), "{name}");
    }
    // To restore is to back a backup up.
    let backup = OpenOptions::new()
        .read_only(true)
        .open(to("before_streams.db"))
        .unwrap();
    backup.backup(to("restored.db")).unwrap();
    assert_eq!(dump(&to("before_streams.db")), dump(&to("restored.db")));
}

#[test]
fn a_damaged_store_gives_no_backup() {
    let (folder, path) = fixture("bad_page.db");
    let Ok(store) = OpenOptions::new().read_only(true).open(&path) else {
        panic!("it opens, and shows its damage later");
    };
    let to = folder.path().join("backup.db");
    let refused = store.backup(&to).unwrap_err();
    let Error::Corrupt { location, .. } = &refused else {
        panic!("{refused:?}");
    };
    assert!(
        location.path().unwrap().ends_with("engine.db"),
        "{location}"
    );
    assert!(!to.exists());
    let left = fs::read_dir(folder.path()).unwrap();
    assert!(
        left.into_iter()
            .all(|file| !text(&file.unwrap().path()).contains("partial"))
    );
}

/// Other threads of the same store go on: the copy has a connection of its own.
#[test]
fn a_store_is_used_while_it_is_backed_up() {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    let rows: Vec<_> = (0..200_000).map(|second| row(second, 1.0)).collect();
    store.insert_many(&uuid("large"), &rows).unwrap();
    let to = folder.path().join("backup.db");
    let meanwhile = std::thread::scope(|scope| {
        let backup = scope.spawn(|| store.backup(&to).unwrap());
        let mut meanwhile = 0;
        while !backup.is_finished() {
            let second = NewObservation::new(at(meanwhile), 1.0).hash("h");
            store.insert(&uuid("s"), &second).unwrap();
            meanwhile += 1;
        }
        meanwhile
    });
    assert!(meanwhile > 1, "{meanwhile} rows were written meanwhile");
    let backup = Store::open(&to).unwrap();
    assert_eq!(backup.count(&uuid("large"), ..).unwrap(), 200_000);
    assert_sound(&to);
}

/// Where there is no WAL, it waits for a writer as long as the store's other calls do.
#[test]
fn a_backup_waits_as_long_as_the_store_is_told_to() {
    let (folder, path) = place();
    let limit = std::time::Duration::from_millis(300);
    sql(&path, &table_sql("s", &["1"]));
    let options = OpenOptions::new().read_only(true).busy_timeout(limit);
    let store = options.open(&path).unwrap();
    let mut python = Python::open(&path);
    python.run("BEGIN EXCLUSIVE");
    let to = folder.path().join("backup.db");
    let refused = store.backup(&to).unwrap_err();
    let Error::Busy { waited, .. } = refused else {
        panic!("{refused:?}");
    };
    assert!(waited >= limit && waited < limit * 8, "{waited:?}");
    python.run("ROLLBACK");
    python.close();
    store.backup(&to).unwrap();
}

#[test]
fn a_store_that_was_replaced_is_not_backed_up() {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    fs::rename(&path, folder.path().join("moved.db")).unwrap();
    let to = folder.path().join("backup.db");
    let refused = store.backup(&to).unwrap_err();
    assert!(matches!(refused, Error::FileReplaced { .. }), "{refused:?}");
    assert!(!to.exists());
}

/// Others read meanwhile and go on afterwards, an installed engine among them.
#[test]
fn a_compacted_store_holds_the_same() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let (kept, doomed) = (uuid("kept"), uuid("doomed"));
    let rows: Vec<_> = (0..20_000).map(numbered).collect();
    store.insert_many(&kept, &rows[..500]).unwrap();
    store.insert_many(&doomed, &rows).unwrap();
    let other = Store::open(&path).unwrap();
    let mut python = Python::open(&path);
    assert_eq!(python.run("SELECT count(*) FROM doomed")[0][0], 20_000);
    store.delete(&doomed, ..).unwrap();
    let before = dump(&path);

    let compacted = store.compact().unwrap();
    assert!(compacted.after * 4 < compacted.before, "{compacted:?}");
    assert_eq!(dump(&path), before);
    assert_sound(&path);
    assert_eq!(store.compact().unwrap().before, compacted.after);
    // Prepared statements of before, here and elsewhere.
    for store in [&store, &other] {
        assert_eq!(store.count(&kept, ..).unwrap(), 500);
        assert_eq!(store.latest(&kept).unwrap().unwrap().ts, at(499));
    }
    other.insert(&kept, &numbered(500)).unwrap();
    store.insert(&kept, &numbered(501)).unwrap();
    python.run("INSERT INTO kept VALUES (502, 1, 'h', 'p')");
    assert_eq!(store.count(&kept, ..).unwrap(), 503);
    python.close();
    assert_eq!(store.verify(&kept).unwrap().verified, 502);
}

#[test]
fn compacting_waits_for_a_writer_and_needs_the_right_to_write() {
    let (_folder, path) = place();
    let limit = std::time::Duration::from_millis(50);
    let store = OpenOptions::new().busy_timeout(limit).open(&path).unwrap();
    store.insert(&uuid("s"), &numbered(1)).unwrap();
    let mut python = Python::open(&path);
    python.run("BEGIN IMMEDIATE");
    let refused = store.compact().unwrap_err();
    assert!(matches!(refused, Error::Busy { .. }), "{refused:?}");
    python.run("ROLLBACK");
    python.run("BEGIN");
    python.run("SELECT * FROM s");
    store.compact().unwrap();
    python.run("COMMIT");
    python.close();
    let reader = OpenOptions::new().read_only(true).open(&path).unwrap();
    let refused = reader.compact().unwrap_err();
    assert!(matches!(refused, Error::ReadOnly { .. }), "{refused:?}");
    memory().compact().unwrap();
}
