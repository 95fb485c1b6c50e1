//! Work that nothing ends before it is done, such as the look-up of a host's name.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    end: Instant,
    waiting: &impl Waiting,
    work: impl FnOnce(&Abandoned) -> T + Send + 'static,
) -> Result<T, Failure> {
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let abandoned = Abandoned(Arc::clone(&is_abandoned));
    let made = Arc::new(Mutex::new(None));
    let (place, caller) = (Arc::clone(&made), thread::current());
    let thread = thread::Builder::new().name("satori-store connect".to_owned());
    let thread = thread.spawn(move || {
        let done = work(&abandoned);
        *lock(&place) = Some(done);
        caller.unpark();
    });
    let thread = thread.map_err(|error| Failure::lost(&error.to_string()))?;
    loop {
        // Asked first: what has ended meanwhile has left something.
        let is_over = thread.is_finished();
        if let Some(done) = lock(&made).take() {
            return Ok(done);
        }
        let failure = if is_over {
            Failure::lost("it was given up")
        } else if waiting.is_interrupted() {
            Failure::interrupted()
        } else if Instant::now() >= end {
            Failure::lost("the server did not answer in time")
        } else {
            thread::park_timeout(PAUSE);
            continue;
        };
        is_abandoned.store(true, Ordering::Relaxed);
        return Err(failure);
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
