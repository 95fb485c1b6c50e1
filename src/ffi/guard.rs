//! The one frame around every exported function.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{Failure, satori_code, satori_error, satori_status};
use super::registry;

/// Runs the body of an exported function: its result becomes a status and an
/// error, a panic becomes SATORI_PANIC and poisons `handle` (0 where there is
/// none). Since Rust 1.81 a panic that reached C would abort the host.
///
/// # Safety
/// `error` is NULL, misaligned or points to a `satori_error`.
pub(super) unsafe fn call(
    name: &str,
    handle: usize,
    error: *mut satori_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> satori_status {
    if !error.is_aligned() {
        // No place to say more.
        return satori_code::SATORI_INVALID_ARGUMENT as satori_status;
    }
    let guarded = AssertUnwindSafe(|| {
        panic_on_request(name);
        body()
    });
    // A second frame: making the message, or dropping what the body left, may
    // panic as well.
    let outcome = catch_unwind(AssertUnwindSafe(|| match catch_unwind(guarded) {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure),
        Err(panic) => {
            registry::poison(handle);
            let message = format!("{name} panicked: {}", message_of(panic.as_ref()));
            Some(Failure::Misuse(satori_code::SATORI_PANIC, message))
        }
    }));
    match outcome {
        Ok(None) => satori_code::SATORI_OK as satori_status,
        // SAFETY: by the caller's word.
        Ok(Some(failure)) => unsafe { failure.report(error) },
        Err(_) => satori_code::SATORI_PANIC as satori_status,
    }
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// With feature `panic-test`, which no artefact has, the environment variable
/// SATORI_STORE_PANIC names the function that panics: so the test can show that
/// none of them brings its host down.
#[cfg(feature = "panic-test")]
#[allow(clippy::panic)]
fn panic_on_request(name: &str) {
    if std::env::var("SATORI_STORE_PANIC").is_ok_and(|wanted| wanted == name) {
        panic!("asked to");
    }
}

#[cfg(not(feature = "panic-test"))]
fn panic_on_request(_name: &str) {}
