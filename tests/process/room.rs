//! No room for the file: a full disk, a limit of its size.

use std::path::Path;
use std::process::Command;

use crate::support::*;
use satori_store::{Error, IngestOptions, Store};
use serde_json::json;

// Played in a process of its own, as it changes what the process may do.
pub(crate) const ROLES: &[Role] = &[("under a limit of file size", |path, _| under_a_limit(path))];

/// Fills what room there is, until a write fails, which must store nothing by half. Then
/// makes room, and the same handle writes again.
fn full_and_roomy(path: &Path, expected: fn(&Error) -> bool, make_room: impl FnOnce()) {
    let store = Store::open(path).unwrap();
    let filler = uuid("filler");
    let hash = "h".repeat(1_000);
    let mut batches = 0;
    let error = loop {
        let batch: Vec<_> = (batches * 500..(batches + 1) * 500)
            .map(|second| numbered(second).hash(&hash))
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
        match store.insert(&uuid("singles"), &numbered(singles).hash(&hash)) {
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
    store
        .insert(&uuid("singles"), &numbered(1_000_000))
        .unwrap();
    store
        .ingest(payload.to_string().as_bytes(), &IngestOptions::new())
        .unwrap();
    assert_eq!(store.count(&uuid("ingested"), ..).unwrap(), 1);
    drop(store);
    assert_sound(path);
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

#[allow(unsafe_code)] // setrlimit has no safe form
fn under_a_limit(path: &Path) {
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

#[test]
fn under_a_limit_of_file_size_nothing_is_stored_by_half() {
    let (_folder, path) = place();
    Player::start("under a limit of file size", &path, "").finish();
}
