//! Work that nothing ends before it is done, such as the look-up of a host's name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::patience::Waiting;

/// How long it is until it is looked at whether the call is to end.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether anybody still waits for work that is done aside.
pub(crate) struct Abandoned(Arc<AtomicBool>);

impl Waiting for Abandoned {
    fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does work in a thread of its own, and waits for it until the call is to end, or until `end`.
/// Then the thread is left to itself, and what it has made is dropped.
pub(crate) fn aside<T: Send + 'static>(
    end: Option<Instant>,
    waiting: &impl Waiting,
    work: impl FnOnce(&Abandoned) -> T + Send + 'static,
) -> Result<T, Failure> {
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let abandoned = Abandoned(Arc::clone(&is_abandoned));
    let (done, waits) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("satori-store connect".to_owned());
    thread
        .spawn(move || {
            // Perhaps nobody waits any more.
            let _ = done.send(work(&abandoned));
        })
        .map_err(|error| Failure::lost(&error.to_string()))?;
    loop {
        match waits.recv_timeout(PAUSE) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::lost("it was given up")),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let failure = if waiting.is_interrupted() {
            Failure::interrupted()
        } else if end.is_some_and(|end| Instant::now() >= end) {
            Failure::lost("the server did not answer in time")
        } else {
            continue;
        };
        is_abandoned.store(true, Ordering::Relaxed);
        return Err(failure);
    }
}
