//! How long a connection waits for a lock.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::time::{Duration, Instant};

use super::interrupt::Interrupts;

/// How long the busy handler may wait, and since when it has waited.
pub(crate) struct BusyState {
    limit: Duration,
    since: Cell<Option<Instant>>,
    pub(crate) interrupts: Interrupts,
}

impl BusyState {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: Cell::new(None),
            interrupts: Interrupts::default(),
        }
    }

    /// Returns how long an operation waits at most.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Sleeps for a random time; returns `false` if the limit has been reached, or if the call
    /// is to end. `first` starts the count anew.
    pub(crate) fn wait(&self, first: bool) -> bool {
        if first || self.since.get().is_none() {
            self.since.set(Some(Instant::now()));
        }
        let left = self.limit.saturating_sub(self.waited());
        std::thread::sleep(left.min(Duration::from_micros(fastrand::u64(200..2_000))));
        !left.is_zero() && !self.interrupts.is_pending()
    }

    /// Begins a new operation, which has not waited yet.
    pub(crate) fn begin(&self) {
        self.since.set(None);
    }

    /// Returns how long the present operation has waited.
    pub(crate) fn waited(&self) -> Duration {
        self.since
            .get()
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Sleeps for 0.2 to 2 ms, at random, and lets SQLite try again until the state's limit is
/// reached. SQLite's own handler sleeps longer each time, which starves the writer that has
/// waited longest (measured with 8 writers: 6.1 s at worst, 345 ms this way).
pub(super) unsafe extern "C" fn wait_at_random(state: *mut c_void, tries: c_int) -> c_int {
    // SAFETY: `state` is the boxed `BusyState` that the connection owns, and
    // SQLite calls this on the thread that uses the connection.
    let state = unsafe { &*state.cast::<BusyState>() };
    c_int::from(state.wait(tries == 0))
}
