//! Which calls are under way. A process that was forked while other threads were inside
//! calls has copies of SQLite's locks that nobody will ever release.

use crate::process::id::process_id;
use crate::process::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[cfg(all(test, feature = "race-test"))]
#[allow(clippy::unwrap_used)]
mod races;

/// The number of the process in the high half, and of its calls under way in the low one.
static UNDER_WAY: AtomicU64 = AtomicU64::new(0);
/// The low half of [`UNDER_WAY`].
const COUNT: u64 = (1 << 32) - 1;
/// `true` if this process, or one from which it descends, was forked while other threads were
/// inside calls. It is never set back: what a child has inherited, its own children inherit.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A call under way, until it is dropped.
pub(crate) struct Call(());

impl Call {
    /// Counts a call that begins.
    pub(crate) fn begin() -> Self {
        let process = u64::from(process_id()) << 32;
        let mut known = UNDER_WAY.load(Ordering::Acquire);
        loop {
            let next = if known & !COUNT == process {
                known + 1
            } else {
                // This is the first call of this process. The calls that are counted are
                // those of the process from which it was forked.
                if known & COUNT > 0 {
                    INTERRUPTED.store(true, Ordering::Release);
                }
                process + 1
            };
            match UNDER_WAY.compare_exchange_weak(known, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Self(()),
                Err(now) => known = now,
            }
        }
    }

    /// Returns `true` if this process, or one from which it descends, was forked while other
    /// threads were inside calls: then SQLite must not be touched in it.
    pub(crate) fn is_interrupted(&self) -> bool {
        INTERRUPTED.load(Ordering::Acquire)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
    }
}
