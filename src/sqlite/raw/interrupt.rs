//! Ending a call that is under way, from another thread.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::error::{Error, Result};

/// After how many of its virtual machine's instructions SQLite asks whether to go on: every
/// tenth of a millisecond or so.
pub(super) const INSTRUCTIONS: c_int = 1_000;

/// Whether the present call of a connection is to end.
#[derive(Default)]
pub(crate) struct Interrupts {
    /// How many times the calls under way on the store were to end.
    count: RefCell<Arc<AtomicU64>>,
    /// The count when the present call began.
    began: Cell<u64>,
    /// Whether SQLite is not to be stopped.
    held: Cell<bool>,
}

impl Interrupts {
    /// Begins a call that ends if the count is another than `began`.
    pub(crate) fn begin(&self, count: &Arc<AtomicU64>, began: u64) {
        let mut known = self.count.borrow_mut();
        if !Arc::ptr_eq(&known, count) {
            *known = Arc::clone(count);
        }
        self.began.set(began);
    }

    /// Returns `true` if the present call is to end.
    pub(crate) fn is_pending(&self) -> bool {
        self.count.borrow().load(Ordering::Relaxed) != self.began.get()
    }

    /// Returns the error for a call that is to end.
    pub(crate) fn check(&self) -> Result<()> {
        match self.is_pending() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }

    /// Runs a statement that begins or ends a transaction. SQLite is not stopped meanwhile: it
    /// looks once more when that is done, and would report that it was interrupted.
    pub(crate) fn hold<T>(&self, statement: impl FnOnce() -> T) -> T {
        self.held.set(true);
        let done = statement();
        self.held.set(false);
        done
    }
}

/// Asks SQLite to stop if the present call is to end.
pub(super) unsafe extern "C" fn stop_if_interrupted(state: *mut c_void) -> c_int {
    // SAFETY: `state` is the `Interrupts` that the connection owns, and SQLite calls this on the
    // thread that uses the connection.
    let interrupts = unsafe { &*state.cast::<Interrupts>() };
    c_int::from(!interrupts.held.get() && interrupts.is_pending())
}
