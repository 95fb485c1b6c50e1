//! What happens to the file under an open handle: replaced, removed, without
//! room, without permission.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use satori_store::{Error, IngestOptions, OpenOptions, Store, StreamPatch};
use serde_json::json;
use support::{
    Player, Python, listen, number, plain, role as played, row, run, seconds, tell, uuid,
};

#[test]
fn role() {
    let Some((role, path, _)) = played() else {
        return;
    };
    match role.as_str() {
        "without rights" => rights::without(&path),
        "under a limit of file size" => rights::under_a_limit(&path),
        other => panic!("no role {other}"),
    }
}

type Write = fn(&Store) -> satori_store::Result<()>;

/// Every way to write.
const WRITES: [(&str, Write); 7] = [
    ("insert", |store| {
        store.insert(&uuid("s"), &row(2)).map(drop)
    }),
    ("insert with a hash", |store| {
        store.insert(&uuid("s"), &row(3).hash("h")).map(drop)
    }),
    ("insert_many", |store| {
        store.insert_many(&uuid("s"), &[row(4)]).map(drop)
    }),
    ("ingest", |store| {
        let payload = br#"{"value": 1, "observed_at": 5, "stream": {"uuid": "s", "name": "n"}}"#;
        store.ingest(payload, &IngestOptions::new()).map(drop)
    }),
    ("upsert_stream", |store| {
        store
            .upsert_stream(&uuid("s"), &StreamPatch::new())
            .map(drop)
    }),
    ("sync_streams", |store| {
        store
            .sync_streams(br#"[{"uuid": "s", "name": "m"}]"#)
            .map(drop)
    }),
    ("delete", |store| store.delete(&uuid("s"), ..).map(drop)),
];

fn opened() -> (tempfile::TempDir, PathBuf, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    let store = Store::open(&path).unwrap();
    store.insert(&uuid("s"), &row(1)).unwrap();
    (folder, path, store)
}

/// After `change` to the file no write may be acknowledged.
fn assert_refused_after(change: &str, apply: impl Fn(&Path)) {
    for (name, write) in WRITES {
        let (_folder, path, store) = opened();
        apply(&path);
        let done = write(&store);
        assert!(
            matches!(done, Err(Error::FileReplaced { .. })),
            "{change}, {name}: {done:?}"
        );
        let done = write(&store);
        assert!(
            matches!(done, Err(Error::FileReplaced { .. })),
            "{change}, {name}, again: {done:?}"
        );
    }
}

/// What plain SQLite says in the same case, and what another process then finds.
fn control(apply: impl Fn(&Path)) -> serde_json::Value {
    let (_folder, path, store) = opened();
    drop(store);
    let mut connection = plain(&path);
    run(&mut connection, "UPDATE s SET value = 1");
    apply(&path);
    run(&mut connection, "INSERT INTO s VALUES (2, 2, 'h', 'p')");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM s"), 2);
    let mut python = Python::open(&path);
    let found = python.try_run("SELECT count(*) FROM s", json!([]));
    python.close();
    found.map_or_else(|error| json!(error), |rows| rows[0][0].clone())
}

fn unlink(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

fn replace(path: &Path) {
    let other = path.with_extension("other");
    drop(Store::open(&other).unwrap());
    std::fs::rename(&other, path).unwrap();
}

fn unlink_wal(path: &Path) {
    std::fs::remove_file(path.with_extension("db-wal")).unwrap();
}

#[test]
fn no_write_is_acknowledged_after_the_file_was_removed() {
    assert_refused_after("removed", unlink);
}

#[test]
fn no_write_is_acknowledged_after_the_file_was_replaced() {
    assert_refused_after("replaced", replace);
}

#[test]
fn no_write_is_acknowledged_after_the_wal_was_removed() {
    assert_refused_after("WAL removed", unlink_wal);
}

#[test]
fn no_write_is_acknowledged_after_the_folder_was_moved() {
    let (folder, path, store) = opened();
    let moved = folder.path().with_extension("moved");
    std::fs::rename(folder.path(), &moved).unwrap();
    let done = store.insert(&uuid("s"), &row(2));
    assert!(matches!(done, Err(Error::FileReplaced { .. })), "{done:?}");
    // Back in its place it is the file that was opened.
    std::fs::rename(&moved, folder.path()).unwrap();
    store.insert(&uuid("s"), &row(3)).unwrap();
    let stored = seconds(&Store::open(path).unwrap(), &uuid("s"));
    assert!(
        stored.starts_with(&[1]) && stored.ends_with(&[3]),
        "{stored:?}"
    );
}

#[test]
fn control_plain_sqlite_acknowledges_rows_that_nobody_else_will_find() {
    assert_eq!(control(|_| {}), json!(2));
    assert_eq!(control(unlink), json!("no such table: s"));
    assert_eq!(control(replace), json!("no such table: s"));
    // A row fewer, or an error, as the memory beside it stands for another WAL.
    assert_ne!(control(unlink_wal), json!(2));
}

#[test]
fn after_the_file_was_replaced_opening_again_works() {
    let (_folder, path, store) = opened();
    replace(&path);
    // Who puts another file in its place takes away what belongs to the old one:
    // SQLite would take the old WAL for the new file's.
    for beside in ["db-wal", "db-shm"] {
        std::fs::remove_file(path.with_extension(beside)).unwrap();
    }
    store.insert(&uuid("s"), &row(2)).unwrap_err();
    let again = Store::open(&path).unwrap();
    again.insert(&uuid("s"), &row(2)).unwrap();
    drop(store);
    assert_eq!(seconds(&again, &uuid("s")), [2]);
    drop(again);
    support::assert_sound(&path);
}

/// Fills what room there is with `fill`, which must fail and store nothing by
/// half; then `make_room`, and the same handle writes again.
fn full_and_roomy(path: &Path, expected: fn(&Error) -> bool, make_room: impl FnOnce()) {
    let store = Store::open(path).unwrap();
    let filler = uuid("filler");
    let hash = "h".repeat(1_000);
    let mut batches = 0;
    let error = loop {
        let batch: Vec<_> = (batches * 500..(batches + 1) * 500)
            .map(|second| row(second).hash(&hash))
            .collect();
        match store.insert_many(&filler, &batch) {
            Ok(_) => batches += 1,
            Err(error) => break error,
        }
        assert!(batches < 1_000, "it never fills up");
    };
    println!("after {batches} batches: {error:?}");
    assert!(expected(&error), "{error:?}");
    assert_eq!(
        store.count(&filler, ..).unwrap() as i64,
        batches * 500,
        "by half"
    );

    // Single rows and payloads until those fail too; none by half either.
    let mut singles = 0;
    let error = loop {
        match store.insert(&uuid("singles"), &row(singles).hash(&hash)) {
            Ok(_) => singles += 1,
            Err(error) => break error,
        }
        assert!(singles < 100_000, "it never fills up");
    };
    assert!(expected(&error), "{error:?}");
    let payload = json!({"value": 1, "observed_at": 1, "hash": hash,
        "stream": {"uuid": "ingested", "name": "n", "description": "d".repeat(100_000)}});
    let error = store.ingest(payload.to_string().as_bytes(), &IngestOptions::new());
    let error = error.expect_err("there is no room");
    assert!(expected(&error), "{error:?}");
    let counted = store
        .count(&uuid("singles"), ..)
        .or_else(|error| match error {
            Error::StreamNotFound { .. } => Ok(0),
            error => Err(error),
        });
    assert_eq!(counted.unwrap() as i64, singles);
    assert_eq!(store.stream(&uuid("ingested")).unwrap(), None);

    make_room();
    store.insert(&uuid("singles"), &row(1_000_000)).unwrap();
    store
        .ingest(payload.to_string().as_bytes(), &IngestOptions::new())
        .unwrap();
    assert_eq!(store.count(&uuid("ingested"), ..).unwrap(), 1);
    drop(store);
    support::assert_sound(path);
    let store = Store::open(path).unwrap();
    assert_eq!(store.count(&filler, ..).unwrap() as i64, batches * 500);
}

#[test]
fn on_a_full_disk_nothing_is_stored_by_half_and_with_room_it_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |program: &str, arguments: &[&str]| {
        let done = Command::new(program)
            .args(arguments)
            .arg(folder.path())
            .output();
        done.is_ok_and(|output| output.status.success())
    };
    if !mount("mount", &["-t", "tmpfs", "-o", "size=8m", "tmpfs"]) {
        println!("not checked: this user may not mount a small disk");
        return;
    }
    let ballast = folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let path = folder.path().join("engine.db");
    let done = std::panic::catch_unwind(|| {
        full_and_roomy(
            &path,
            |error| matches!(error, Error::DiskFull { .. }),
            || {
                std::fs::remove_file(&ballast).unwrap();
            },
        );
    });
    mount("umount", &["-l"]);
    done.unwrap();
}

#[test]
fn under_a_limit_of_file_size_nothing_is_stored_by_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    Player::start("under a limit of file size", &path, "").finish();
}

mod rights {
    //! Played in processes of their own, as they change what a process may do.
    #![allow(unsafe_code)] // setuid and setrlimit have no safe form

    use super::*;

    /// `nobody` on most systems.
    const NOBODY: u32 = 65_534;

    pub(super) fn under_a_limit(path: &Path) {
        let limit = |bytes: libc::rlim_t| {
            let limit = libc::rlimit {
                rlim_cur: bytes,
                rlim_max: libc::RLIM_INFINITY,
            };
            // SAFETY: a valid struct; ignoring a signal takes no handler.
            unsafe {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
            }
        };
        limit(4 << 20);
        let is_io_error = |error: &Error| {
            error
                .database_code()
                .is_some_and(|code| matches!(code & 0xff, 10 | 13))
        };
        full_and_roomy(path, is_io_error, || limit(libc::RLIM_INFINITY));
    }

    pub(super) fn without(path: &Path) {
        // SAFETY: plain calls on this process.
        if unsafe { libc::geteuid() } == 0 {
            // SAFETY: as above.
            let dropped = unsafe { libc::setgid(NOBODY) == 0 && libc::setuid(NOBODY) == 0 };
            assert!(dropped, "root may become nobody");
        }
        tell("ready");
        loop {
            let done = match listen().as_str() {
                "" => return,
                "open" => Store::open(path).map(drop),
                "read" => OpenOptions::new().read_only(true).open(path).map(|store| {
                    assert_eq!(seconds(&store, &uuid("s")), [1]);
                    for (_, write) in WRITES {
                        assert!(matches!(write(&store), Err(Error::ReadOnly { .. })));
                    }
                }),
                "create" => Store::open(path.with_extension("new")).map(drop),
                other => panic!("{other}?"),
            };
            tell(match done {
                Ok(()) => "ok".to_owned(),
                Err(error) => format!("{:?}: {error}", error.code()),
            });
        }
    }
}

/// A store of root's and its folder with these permissions, and a player without
/// rights beside. The store is closed, so there is no WAL.
fn with_permissions(file: u32, folder: u32, check: impl FnOnce(&mut Player, &Path)) {
    use std::os::unix::fs::PermissionsExt;
    let (keep, path, store) = opened();
    drop(store);
    let permit = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    permit(&path, file);
    permit(keep.path(), folder);
    let mut player = Player::start("without rights", &path, "");
    assert_eq!(player.hear(), "ready");
    check(&mut player, &path);
    permit(keep.path(), 0o755);
    player.finish();
}

fn ask(player: &mut Player, question: &str) -> String {
    player.say(question);
    player.hear()
}

#[test]
fn a_file_without_permission_is_not_opened() {
    with_permissions(0o000, 0o777, |player, _| {
        assert!(ask(player, "open").starts_with("CannotOpen"));
        assert!(ask(player, "read").starts_with("CannotOpen"));
    });
}

#[test]
fn a_file_that_may_only_be_read_is_opened_for_reading_only() {
    with_permissions(0o444, 0o777, |player, path| {
        let before = std::fs::read(path).unwrap();
        assert!(ask(player, "open").starts_with("ReadOnly"));
        assert_eq!(ask(player, "read"), "ok");
        assert_eq!(std::fs::read(path).unwrap(), before);
    });
}

#[test]
fn in_a_folder_that_may_only_be_read_the_error_is_typed_and_the_file_unchanged() {
    for mode in [0o444, 0o666] {
        with_permissions(mode, 0o555, |player, path| {
            let before = std::fs::read(path).unwrap();
            for question in ["open", "read", "create"] {
                let told = ask(player, question);
                println!("{mode:o} in a folder 555, {question}: {told}");
                assert!(
                    told.starts_with("ReadOnly") || told.starts_with("CannotOpen"),
                    "{question}: {told}"
                );
            }
            assert_eq!(std::fs::read(path).unwrap(), before);
        });
    }
}

#[test]
fn while_another_has_it_open_a_file_in_such_a_folder_can_be_read() {
    with_permissions(0o444, 0o555, |player, path| {
        use std::os::unix::fs::PermissionsExt;
        let store = Store::open(path);
        let Ok(store) = store else {
            println!("not checked: this user has no rights either");
            return;
        };
        store.insert(&uuid("t"), &row(1)).unwrap();
        for file in ["db-wal", "db-shm"] {
            let file = path.with_extension(file);
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).unwrap();
        }
        assert_eq!(ask(player, "read"), "ok");
    });
}
