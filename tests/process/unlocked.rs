//! Reading without a lock, where the files that SQLite locks by can't be made: what others
//! write meanwhile is noticed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::rights::become_nobody;
use crate::support::*;
use satori_store::{Error, ErrorCode, OpenOptions, Store};

pub(crate) const ROLES: &[Role] = &[
    ("keeps a store open", |path, _| keeps_open(path)),
    ("reads all the time", |path, _| reads_all_the_time(path)),
    ("reads when told", |path, _| reads_when_told(path)),
];

/// SQLITE_BUSY_SNAPSHOT, the code of a read that another program's write has torn.
const TORN: i32 = 517;
/// Rows that are always written together.
const BATCH: i64 = 500;

fn read_only(path: &Path) -> satori_store::Result<Store> {
    OpenOptions::new().read_only(true).open(path)
}

/// Says what every kind of read finds: the number of rows, which all must agree on.
fn keeps_open(path: &Path) {
    become_nobody();
    let s = uuid("s");
    let store = read_only(path).unwrap();
    say(store.count(&s, ..).unwrap());
    loop {
        let found = match hear().as_str() {
            "" => return,
            "fresh" => read_only(path).and_then(|store| store.count(&s, ..)),
            "count" => store.count(&s, ..),
            "iterate" => all(&store, &s).map(|rows| rows.len() as u64),
            "columns" => store.columns(&s, ..).map(|columns| columns.len() as u64),
            "verify" => store.verify(&s).map(|report| report.rows),
            "latest" => store
                .latest(&s)
                .map(|row| row.map_or(0, |row| row.value as u64 + 1)),
            other => panic!("{other}?"),
        };
        say(match found {
            Ok(rows) => rows.to_string(),
            Err(error) => format!("{:?}: {error}", error.code()),
        });
    }
}

const READS: [&str; 6] = ["count", "iterate", "columns", "verify", "latest", "fresh"];

fn ask(player: &mut Player, question: &str) -> String {
    player.say(question);
    player.hear()
}

fn assert_reads(player: &mut Player, when: &str, rows: i64) {
    for read in READS {
        assert_eq!(ask(player, read), rows.to_string(), "{when}, {read}");
    }
}

fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes a store of 1,000 rows that everybody may read, in a folder that only this user may
/// write; `None` if this user can't become another.
fn readable_by_all() -> Option<(tempfile::TempDir, std::path::PathBuf)> {
    // SAFETY: it takes nothing and can't fail.
    #[allow(unsafe_code)]
    if unsafe { libc::geteuid() } != 0 {
        println!("not checked: this user can't become another");
        return None;
    }
    let (folder, path) = place();
    write(&Store::open(&path).unwrap(), 0, 1_000);
    permit(&path, 0o644);
    permit(folder.path(), 0o755);
    Some((folder, path))
}

fn write(store: &Store, from: i64, to: i64) {
    let rows: Vec<_> = (from..to).map(numbered).collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
}

#[test]
fn a_reader_without_rights_to_the_folder_sees_what_others_write() {
    let Some((_folder, path)) = readable_by_all() else {
        return;
    };
    let mut reader = Player::start("keeps a store open", &path, "");
    assert_eq!(reader.hear(), "1000");
    let store = Store::open(&path).unwrap();
    assert_reads(&mut reader, "opened", 1_000);
    write(&store, 1_000, 21_000);
    assert_reads(&mut reader, "written", 21_000);
    drop(store);
    assert_reads(&mut reader, "closed", 21_000);
    let store = Store::open(&path).unwrap();
    write(&store, 21_000, 22_000);
    drop(store);
    assert_reads(&mut reader, "written again", 22_000);
    reader.finish();
}

/// Opening, writing and closing between two reads leaves nothing beside the file: only the
/// file itself has changed.
#[test]
fn a_reader_without_rights_to_the_folder_sees_what_was_written_between_two_reads() {
    let Some((_folder, path)) = readable_by_all() else {
        return;
    };
    let mut reader = Player::start("keeps a store open", &path, "");
    assert_eq!(reader.hear(), "1000");
    let mut rows = 1_000;
    for read in READS.iter().cycle().take(24) {
        let store = Store::open(&path).unwrap();
        write(&store, rows, rows + 50);
        store.delete(&uuid("s"), at(rows)..).unwrap();
        write(&store, rows, rows + 100);
        drop(store);
        rows += 100;
        assert_eq!(ask(&mut reader, read), rows.to_string(), "{read}");
    }
    reader.finish();
}

#[test]
fn beside_a_writer_whose_files_may_not_be_read_it_is_refused_and_says_why() {
    for (wal, shm, named) in [(0o600, 0o644, "-wal"), (0o644, 0o600, "-shm")] {
        for writes in [true, false] {
            let Some((_folder, path)) = readable_by_all() else {
                return;
            };
            let mut reader = Player::start("keeps a store open", &path, "");
            assert_eq!(reader.hear(), "1000");
            let store = Store::open(&path).unwrap();
            permit(&path.with_extension("db-wal"), wal);
            permit(&path.with_extension("db-shm"), shm);
            if writes {
                write(&store, 1_000, 1_001);
            }
            for read in READS {
                let answer = ask(&mut reader, read);
                let expected = format!("its {named} may not be read");
                assert!(
                    answer.starts_with("CannotOpen") && answer.contains(&expected),
                    "{named} {writes} {read}: {answer}"
                );
                assert!(!answer.contains("copy"), "{answer}");
            }
            drop(store);
            assert_reads(&mut reader, "closed", if writes { 1_001 } else { 1_000 });
            reader.finish();
        }
    }
}

fn reads_all_the_time(path: &Path) {
    become_nobody();
    let s = uuid("s");
    let until = Instant::now() + Duration::from_millis(if soak() { 10_000 } else { 1_000 });
    let (mut reads, mut torn, mut last) = (0, 0, 0);
    say("reads");
    while Instant::now() < until {
        // Opened anew, as a store that was once opened beside a writer keeps its locks.
        let store = match read_only(path) {
            Ok(store) => store,
            Err(error) if error.database_code() == Some(TORN) => {
                torn += 1;
                continue;
            }
            Err(error) => panic!("after {reads} reads: {error:?}"),
        };
        match store.columns(&s, ..) {
            Ok(columns) => {
                let rows = columns.len() as i64;
                assert_eq!(rows % BATCH, 0, "a batch by half");
                assert!(rows >= last, "rows that were there are gone");
                assert_eq!(
                    columns.value.iter().sum::<f64>() as i64,
                    rows * (rows - 1) / 2
                );
                (reads, last) = (reads + 1, rows);
            }
            Err(error) if error.database_code() == Some(TORN) => torn += 1,
            Err(error) => panic!("after {reads} reads: {error:?}"),
        }
        // Batch by batch: each row follows the one before it, also before an error.
        let Ok(rows) = store.observations(&s, ..) else {
            continue;
        };
        for (number, row) in rows.enumerate() {
            match row {
                Ok(row) => assert_eq!(row.value, number as f64),
                Err(error) => assert_eq!(error.database_code(), Some(TORN), "{error:?}"),
            }
        }
    }
    eprintln!("{reads} reads of up to {last} rows, {torn} torn");
    say("has read");
    assert_eq!(hear(), "and now?");
    say(read_only(path).unwrap().count(&s, ..).unwrap());
}

#[test]
fn a_read_is_of_one_state_or_says_that_it_is_not() {
    let Some((_folder, path)) = readable_by_all() else {
        return;
    };
    let mut reader = Player::start("reads all the time", &path, "");
    assert_eq!(reader.hear(), "reads");
    let mut rows = 1_000;
    let until = Instant::now() + Duration::from_millis(if soak() { 10_000 } else { 1_000 });
    while Instant::now() < until {
        write(&Store::open(&path).unwrap(), rows, rows + BATCH);
        rows += BATCH;
    }
    assert_eq!(reader.hear(), "has read");
    assert_eq!(ask(&mut reader, "and now?"), rows.to_string());
    reader.finish();
}

/// Opens a store without a lock and reads its columns, each when it is told to. Says what came
/// of it.
fn reads_when_told(path: &Path) {
    become_nobody();
    say("ready");
    while hear() == "open" {
        let store = read_only(path).unwrap();
        say("open");
        hear();
        say("begins");
        say(match store.columns(&uuid("s"), ..) {
            Ok(columns) if columns.value.windows(2).all(|pair| pair[0] == pair[1]) => "whole",
            Ok(_) => "mixed",
            Err(error) if error.database_code() == Some(TORN) => "torn",
            Err(error) => panic!("{error:?}"),
        });
    }
}

/// All rows are written at once, and moved into the file, while a read is under way: it is of
/// one state, or says that it is not.
#[test]
fn a_read_during_which_the_file_changes_says_so() {
    let Some((_folder, path)) = readable_by_all() else {
        return;
    };
    let store = Store::open(&path).unwrap();
    let rows: Vec<_> = (1_000..60_000).map(numbered).collect();
    store.insert_many(&uuid("s"), &rows).unwrap();
    drop(store);
    let write = |number: u64| {
        let sql = format!("UPDATE s SET value = {number}; PRAGMA wal_checkpoint(TRUNCATE)");
        run(&mut plain(&path), &sql);
    };
    write(0);
    let mut reader = Player::start("reads when told", &path, "");
    assert_eq!(reader.hear(), "ready");
    let mut torn = 0;
    for number in 1..100 {
        // A file that has just changed could change again without a trace.
        pause(30);
        assert_eq!(ask(&mut reader, "open"), "open");
        assert_eq!(ask(&mut reader, "read"), "begins");
        pause(number % 10);
        write(number);
        match reader.hear().as_str() {
            "torn" => torn += 1,
            said => assert_eq!(said, "whole"),
        }
        if torn == 3 {
            break;
        }
    }
    assert!(torn > 0, "no read was long enough");
    reader.say("end");
    reader.finish();
}

/// A folder, and a second mount of it that is read-only.
struct TwoMounts {
    folder: tempfile::TempDir,
    read_only: tempfile::TempDir,
}

impl TwoMounts {
    fn make() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let read_only = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new("mount");
            let done = command.args(arguments).arg(read_only.path()).output();
            done.is_ok_and(|output| output.status.success())
        };
        if !run(&["--bind", text(folder.path())]) || !run(&["-o", "remount,ro,bind"]) {
            println!("not checked: this user may not mount");
            return None;
        }
        Some(Self { folder, read_only })
    }
}

impl Drop for TwoMounts {
    fn drop(&mut self) {
        let path = self.read_only.path();
        let _ = Command::new("umount").arg("-l").arg(path).output();
    }
}

#[test]
fn on_a_read_only_mount_what_is_written_by_another_mount_is_seen() {
    let Some(mounts) = TwoMounts::make() else {
        return;
    };
    let path = mounts.folder.path().join("engine.db");
    write(&Store::open(&path).unwrap(), 0, 1_000);
    let (s, here) = (uuid("s"), mounts.read_only.path().join("engine.db"));
    let reader = read_only(&here).unwrap();
    assert_eq!(reader.count(&s, ..).unwrap(), 1_000);
    let store = Store::open(&path).unwrap();
    write(&store, 1_000, 3_000);
    assert_eq!(reader.count(&s, ..).unwrap(), 3_000);
    drop(store);
    assert_eq!(seconds(&reader, &s).len(), 3_000);
    assert_eq!(reader.verify(&s).unwrap().verified, 3_000);
}

#[test]
fn a_store_on_a_read_only_mount_is_not_opened_for_writing_and_the_mount_is_why() {
    let Some(mounts) = TwoMounts::make() else {
        return;
    };
    write(
        &Store::open(mounts.folder.path().join("engine.db")).unwrap(),
        0,
        1,
    );
    let here = mounts.read_only.path().join("engine.db");
    let refused = Store::open(&here).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ReadOnly, "{refused:?}");
    let message = refused.to_string();
    assert!(
        message.contains("file system that is read-only"),
        "{message}"
    );
    assert!(matches!(
        read_only(&here).unwrap().insert(&uuid("s"), &numbered(7)),
        Err(Error::ReadOnly { .. })
    ));
}
