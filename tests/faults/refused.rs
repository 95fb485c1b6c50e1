//! Faults that the store once took for others: each call of one kind fails in turn.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};

use satori_store::{Error, Store};

use crate::disk;
use crate::fault::{Call, Failure, Fault, Span};
use crate::points::{Outcome, Points};
use crate::scripts::{Kind, Script};
use crate::soak::{memory, none_starts};
use crate::watch::Watch;
use crate::work;

/// Fails each of the script's calls of one kind, alone and with all that follow. Returns how
/// many operations were refused.
fn refused(script: &Script, call: Call, errno: i32) -> usize {
    let folder = memory();
    let points = Points::new(script, folder.path());
    let wanted = |fault: &&Fault| (fault.call, fault.failure) == (call, Failure::Error(errno));
    let faults: Vec<_> = points.faults.iter().filter(wanted).collect();
    assert!(!faults.is_empty());
    let refused = |fault: &&&Fault| match points.play(***fault) {
        Ok(outcome) => matches!(outcome, Outcome::Refused(_)),
        Err(wrong) => panic!("{}, {fault:?}: {wrong}", script.name),
    };
    faults.iter().filter(refused).count()
}

#[test]
fn a_full_system_is_no_want_of_rights() {
    let _quiet = none_starts();
    for base in [work::store, work::interrupted] {
        let script = Script::new("open", base, &[]);
        assert!(refused(&script, Call::Open, libc::ENFILE) > 0);
        assert!(refused(&script, Call::Create, libc::EMFILE) > 0);
    }
}

#[test]
fn a_reader_without_descriptors_does_not_do_without_locks() {
    let _quiet = none_starts();
    // Also if a crash has left commits that nobody could read without locks.
    for base in [work::store, work::crashed] {
        let script = Script::new("read", base, &[work::read]).kind(Kind::ReadOnly);
        let folder = memory();
        disk::lay_out(&base(), folder.path());
        let fault = Fault {
            call: Call::Create,
            number: 0,
            failure: Failure::Error(libc::EMFILE),
            span: Span::Operation,
        };
        Watch::begin(folder.path(), Some(fault));
        let opened = script.open(&folder.path().join("engine.db"));
        assert!(Watch::end().failed > 0);
        match opened {
            Err(Error::CannotOpen { reason, .. }) => {
                assert!(reason.contains("Too many open files"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_room_for_a_file_beside_the_store_is_a_full_disk() {
    let _quiet = none_starts();
    for base in [work::nothing, work::store, work::engine] {
        let script = Script::new("open", base, &[work::insert_first]);
        assert!(refused(&script, Call::Create, libc::ENOSPC) > 0);
    }
}

/// Other threads use stores of their own meanwhile: waiting for them must not hide the reason.
#[test]
fn no_room_for_a_migration_is_a_full_disk() {
    let _quiet = none_starts();
    let over = AtomicBool::new(false);
    let others = || {
        let folder = memory();
        let path = folder.path().join("engine.db");
        while !over.load(Ordering::Relaxed) {
            drop(Store::open(&path).expect("it opens"));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(others);
        scope.spawn(others);
        let bases: [fn() -> disk::Image; 3] = [work::nothing, work::engine, work::interrupted];
        let played = catch_unwind(|| {
            bases.map(|base| {
                refused(
                    &Script::new("migrate", base, &[]),
                    Call::Write,
                    libc::ENOSPC,
                )
            })
        });
        over.store(true, Ordering::Relaxed);
        assert!(played.is_ok_and(|refused| refused.iter().all(|refused| *refused > 0)));
    });
}

#[test]
fn an_interrupted_call_is_made_again() {
    let _quiet = none_starts();
    let script = Script::new("insert", work::store, &[work::insert]);
    for call in [
        Call::Open,
        Call::Create,
        Call::Read,
        Call::Write,
        Call::Lock,
    ] {
        assert_eq!(refused(&script, call, libc::EINTR), 0, "{call:?}");
    }
}

#[test]
fn a_schema_that_the_disk_does_not_answer_is_not_damaged() {
    let _quiet = none_starts();
    let works: [work::Work; 3] = [work::insert_first, work::read, work::remove];
    let script = Script::new("schema", work::store, &works);
    assert!(refused(&script, Call::Read, libc::EIO) > 0);
}

#[test]
fn a_file_that_the_system_cannot_look_at_says_why() {
    let _quiet = none_starts();
    let script = Script::new("open", work::store, &[work::insert]);
    assert!(refused(&script, Call::Stat, libc::EIO) > 0);
}
