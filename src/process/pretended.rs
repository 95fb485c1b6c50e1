//! Which process this is, as the tests of `race-test` say: they fork by changing the number.

use std::sync::atomic::{AtomicU32, Ordering};
#[cfg(test)]
use std::sync::{Mutex, PoisonError};

static ID: AtomicU32 = AtomicU32::new(1);

pub(crate) fn process_id() -> u32 {
    ID.load(Ordering::SeqCst)
}

/// Goes on as a child.
#[cfg(test)]
pub(crate) fn fork() {
    ID.fetch_add(1, Ordering::SeqCst);
}

/// Plays a test's threads in 3,000 orders, drawn at random, each time in a process that has done
/// nothing yet. One test at a time: they share what a process has once.
#[cfg(test)]
pub(crate) fn play(test: fn()) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    shuttle::check_random(
        move || {
            fork();
            test();
        },
        3_000,
    );
}
