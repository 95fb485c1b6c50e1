//! Which calls are under way. A process that was forked while some were, by other
//! threads, has copies of SQLite's locks that nobody will ever release.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::process::id::process_id;

/// The process in the high half, how many calls it has under way in the low one.
static UNDER_WAY: AtomicU64 = AtomicU64::new(0);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A call under way, until it is dropped.
pub(crate) struct Call(());

impl Call {
    pub(crate) fn begin() -> Self {
        let process = u64::from(process_id()) << 32;
        let mut known = UNDER_WAY.load(Ordering::Acquire);
        loop {
            let next = if known & !COUNT == process {
                known + 1
            } else {
                // The first call of this process. What it was forked from had these.
                INTERRUPTED.store(known & COUNT > 0, Ordering::Release);
                process + 1
            };
            match UNDER_WAY.compare_exchange_weak(known, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Self(()),
                Err(now) => known = now,
            }
        }
    }

    /// Whether this process was forked while other threads were inside calls: then
    /// SQLite must not be touched in it.
    pub(crate) fn is_interrupted(&self) -> bool {
        INTERRUPTED.load(Ordering::Acquire)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
    }
}

const COUNT: u64 = (1 << 32) - 1;
