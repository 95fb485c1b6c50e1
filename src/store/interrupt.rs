//! Ending calls that are under way.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Store;
use super::shared::Ongoing;
use crate::model::error::{Error, Result};

impl Store {
    /// Ends the calls that are under way on this store, on whichever of its clones: each
    /// returns [`Error::Interrupted`](crate::Error::Interrupted) within a few milliseconds, with
    /// nothing stored ([`retain`](Self::retain) keeps what it has deleted by then). Calls that begin later are not affected, nor are other stores on the same
    /// file, and the store goes on.
    ///
    /// A call ends whether it waits for another writer, for its turn on the connection or for a
    /// change ([`wait`](Self::wait)), or reads, verifies, inserts, backs up or compacts. One that
    /// has begun to commit is completed. Between the batches of an
    /// [`observations`](Self::observations) iteration no call is under way; the iterators of
    /// [`resample`](Self::resample) and [`align`](Self::align) end as one call.
    ///
    /// It takes no lock and never waits, so a signal handler may call it too.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use satori_store::{Error, Store};
    /// # let store = Store::open_in_memory()?;
    /// let seen = store.data_version()?;
    /// let other = store.clone();
    /// let waiting = std::thread::spawn(move || other.wait(seen, Duration::from_secs(60)));
    /// # std::thread::sleep(Duration::from_millis(100));
    /// store.interrupt();
    /// assert!(matches!(waiting.join().unwrap(), Err(Error::Interrupted)));
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    pub fn interrupt(&self) {
        self.shared.interrupts.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns a handle whose calls are parts of one, which has just begun.
    pub(crate) fn as_one_call(&self) -> Self {
        let ongoing = || {
            let interrupts = Arc::clone(&self.shared.interrupts);
            let began = interrupts.load(Ordering::Relaxed);
            Ongoing { interrupts, began }
        };
        Self {
            part_of: Some(self.part_of.clone().unwrap_or_else(ongoing)),
            ..self.clone()
        }
    }

    /// Returns an error if the call of which the calls on this handle are parts is to end.
    ///
    /// # Errors
    /// `Interrupted`.
    pub(super) fn check_ongoing(&self) -> Result<()> {
        match &self.part_of {
            Some(ongoing) if ongoing.interrupts.load(Ordering::Relaxed) != ongoing.began => {
                Err(Error::Interrupted)
            }
            _ => Ok(()),
        }
    }

    /// Returns a handle on this store whose calls are parts of the same call as another's.
    pub(super) fn within(self, other: &Self) -> Self {
        Self {
            part_of: other.part_of.clone(),
            ..self
        }
    }
}
