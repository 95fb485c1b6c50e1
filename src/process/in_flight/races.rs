//! Calls that begin and end in several threads, in many orders.

use shuttle::thread;

use super::*;
use crate::process::id;

/// Forgets what the processes before have counted.
fn begin() {
    UNDER_WAY.store(0, Ordering::SeqCst);
    INTERRUPTED.store(false, Ordering::SeqCst);
}

/// Runs it in three threads, and waits for them.
fn in_threads(work: fn()) {
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(work)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn under_way() -> u64 {
    UNDER_WAY.load(Ordering::SeqCst) & COUNT
}

#[test]
fn every_call_is_counted_while_it_lasts() {
    id::play(|| {
        begin();
        in_threads(|| {
            let call = Call::begin();
            assert!(under_way() >= 1);
            assert!(!call.is_interrupted());
            drop(call);
            drop(Call::begin());
        });
        assert_eq!(under_way(), 0);
    });
}

#[test]
fn a_child_that_was_forked_amid_a_call_knows_it_in_all_its_threads() {
    id::play(|| {
        begin();
        // Its thread is the parent's, and not there any more.
        std::mem::forget(Call::begin());
        id::fork();
        in_threads(|| assert!(Call::begin().is_interrupted()));
        assert_eq!(under_way(), 0);
        // So is the child's child.
        id::fork();
        in_threads(|| assert!(Call::begin().is_interrupted()));
    });
}

#[test]
fn a_child_that_was_forked_between_calls_may_go_on() {
    id::play(|| {
        begin();
        in_threads(|| drop(Call::begin()));
        id::fork();
        in_threads(|| assert!(!Call::begin().is_interrupted()));
    });
}

/// Notes the interruption only after the child's first call is counted, which lets a second
/// thread through in between.
fn begin_too_late() -> Call {
    let process = u64::from(process_id()) << 32;
    let mut known = UNDER_WAY.load(Ordering::Acquire);
    loop {
        let is_first = known & !COUNT != process;
        let next = if is_first { process + 1 } else { known + 1 };
        match UNDER_WAY.compare_exchange(known, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                if is_first && known & COUNT > 0 {
                    INTERRUPTED.store(true, Ordering::Release);
                }
                return Call(());
            }
            Err(now) => known = now,
        }
    }
}

#[test]
#[should_panic(expected = "is_interrupted")]
fn control_a_note_that_comes_too_late_is_found() {
    id::play(|| {
        begin();
        std::mem::forget(Call::begin());
        id::fork();
        in_threads(|| assert!(begin_too_late().is_interrupted()));
    });
}
