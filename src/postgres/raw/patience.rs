//! How long a call waits for the server.

use std::thread;
use std::time::{Duration, Instant};

use pq_sys as pq;

use super::failure::Failure;

/// How long a server may take to end a call that was interrupted. It needs milliseconds,
/// unless it, or the network, is stuck.
const GRACE: Duration = Duration::from_secs(5);
/// How long it is until the server is asked again.
const AGAIN: Duration = Duration::from_millis(50);

/// How a call waits.
pub(crate) trait Waiting {
    /// Returns `true` if the call is to end.
    fn is_interrupted(&self) -> bool;
}

/// The waiting of one call.
pub(super) struct Patience<'a, W> {
    waiting: &'a W,
    /// The server is not asked to stop what it does.
    hold: bool,
    stop: Option<Stop>,
}

/// A call that was interrupted.
struct Stop {
    since: Instant,
    /// When the server was asked to stop, and who waits for it to take note.
    asked: Option<(Instant, thread::JoinHandle<()>)>,
}

impl<'a, W: Waiting> Patience<'a, W> {
    pub(super) fn new(waiting: &'a W, hold: bool) -> Self {
        Self {
            waiting,
            hold,
            stop: None,
        }
    }

    /// Returns `true` if the server was asked to stop.
    pub(super) fn has_asked(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.asked.is_some())
    }

    /// Asks the server to stop if the call is to end, and gives it up if it doesn't.
    pub(super) fn look(&mut self, cancel: impl FnOnce() -> Cancel) -> Result<(), Failure> {
        if self.stop.is_none() && self.waiting.is_interrupted() {
            let since = Instant::now();
            self.stop = Some(Stop { since, asked: None });
        }
        let Some(stop) = &mut self.stop else {
            return Ok(());
        };
        if stop.since.elapsed() > GRACE {
            return Err(Failure::given_up());
        }
        let is_due = match &stop.asked {
            // The request may have overtaken what it is to stop.
            Some((when, asking)) => asking.is_finished() && when.elapsed() > AGAIN,
            None => true,
        };
        if is_due && !self.hold {
            stop.asked = cancel().send().map(|asking| (Instant::now(), asking));
        }
        Ok(())
    }

    /// Returns `false` if the server was given up.
    pub(super) fn has_ended(&self) -> bool {
        let stop = self.stop.as_ref();
        stop.is_none_or(|stop| stop.since.elapsed() <= GRACE)
    }

    /// Waits until the request has arrived, which otherwise might end the next call. Returns
    /// `false` if it doesn't.
    pub(super) fn settle(self) -> bool {
        let Some(Stop { since, asked }) = self.stop else {
            return true;
        };
        let Some((_, asking)) = asked else {
            return true;
        };
        while !asking.is_finished() {
            if since.elapsed() > GRACE {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        asking.join().is_ok()
    }
}

/// What libpq needs to ask a server to stop: a copy of addresses and keys.
pub(super) struct Cancel(*mut pq::PGcancel);

// SAFETY: it is memory that nobody else knows, and libpq binds it to no thread.
unsafe impl Send for Cancel {}

impl Cancel {
    /// Takes what libpq has made, which may be NULL, and which this owns.
    pub(super) fn new(cancel: *mut pq::PGcancel) -> Self {
        Self(cancel)
    }

    /// Asks the server over a connection of its own, and waits until it has closed it: in a
    /// thread, because libpq waits for ever if need be.
    fn send(self) -> Option<thread::JoinHandle<()>> {
        let asking = thread::Builder::new().name("satori-store cancel".to_owned());
        asking.spawn(move || self.ask()).ok()
    }

    fn ask(&self) {
        let mut message = [0; 256];
        // SAFETY: it is live, or NULL, which this function takes; the buffer has the length
        // that is said.
        unsafe {
            pq::PQcancel(self.0, message.as_mut_ptr(), 256);
        }
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        // SAFETY: it is live, or NULL, which this function takes, and it is freed once.
        unsafe { pq::PQfreeCancel(self.0) };
    }
}
