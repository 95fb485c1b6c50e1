//! The frame around every exported function, and what all of them do first.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{Failure, satori_error};
use super::input;
use super::output::Output;
use super::registry::{self, Handle};
use super::status::{satori_code, satori_status};
use crate::{Store, StreamUuid};

/// What an exported function needs to be run safely.
pub(super) struct Guard<'a, const OUTPUTS: usize> {
    /// The function's name.
    name: &'a str,
    error: *mut satori_error,
    outputs: [Output<'a>; OUTPUTS],
}

impl<'a, const OUTPUTS: usize> Guard<'a, OUTPUTS> {
    pub(super) fn new(
        name: &'a str,
        error: *mut satori_error,
        outputs: [Output<'a>; OUTPUTS],
    ) -> Self {
        Self {
            name,
            error,
            outputs,
        }
    }

    /// Runs the body of a function that takes no handle, once the places for its
    /// results are checked.
    ///
    /// # Safety
    /// `error` is NULL, misaligned or points to a `satori_error`. The outputs are NULL,
    /// misaligned or may be written.
    pub(super) unsafe fn run(self, body: impl FnOnce() -> Result<(), Failure>) -> satori_status {
        // SAFETY: by the caller's word.
        unsafe {
            frame(self.name, 0, self.error, || {
                self.check_outputs()?;
                body()
            })
        }
    }

    /// Runs the body of a function on what its handle stands for, once the places for
    /// its results are checked.
    ///
    /// # Safety
    /// As [`run`](Self::run).
    pub(super) unsafe fn with<H: Handle>(
        self,
        handle: *const H,
        body: impl FnOnce(&H::Object) -> Result<(), Failure>,
    ) -> satori_status {
        // SAFETY: by the caller's word.
        unsafe {
            frame(self.name, handle.addr(), self.error, || {
                let object = registry::get(handle)?;
                self.check_outputs()?;
                body(&object)
            })
        }
    }

    /// Runs the body of a function on one stream of a store: as [`with`](Self::with),
    /// once the uuid is read too.
    ///
    /// # Safety
    /// As [`run`](Self::run); `uuid` is NULL or points to `uuid_length` bytes that live
    /// through the call.
    pub(super) unsafe fn with_stream<H: Handle<Object = Store>>(
        self,
        store: *const H,
        uuid: *const c_char,
        uuid_length: usize,
        body: impl FnOnce(&Store, &StreamUuid) -> Result<(), Failure>,
    ) -> satori_status {
        // SAFETY: by the caller's word.
        unsafe { self.with(store, |store| body(store, &input::uuid(uuid, uuid_length)?)) }
    }

    /// # Safety
    /// As [`Output::check`], for each.
    unsafe fn check_outputs(&self) -> Result<(), Failure> {
        // SAFETY: by the caller's word.
        self.outputs
            .iter()
            .try_for_each(|output| unsafe { output.check() })
    }
}

/// Runs the body of every function that frees a handle. NULL is fine.
///
/// # Safety
/// `error` is NULL, misaligned or points to a `satori_error`.
pub(super) unsafe fn free<H: Handle>(
    name: &str,
    handle: *const H,
    error: *mut satori_error,
) -> satori_status {
    let body = || match handle.is_null() {
        true => Ok(()),
        false => registry::remove(handle).map(|object| H::freed(&object)),
    };
    // SAFETY: by the caller's word.
    unsafe { frame(name, handle.addr(), error, body) }
}

/// Runs the body of an exported function: its result becomes a status and an
/// error, a panic becomes SATORI_PANIC and poisons `handle` (0 if there is none). Since
/// Rust 1.81 a panic that reached C would abort the host.
///
/// # Safety
/// `error` is NULL, misaligned or points to a `satori_error`.
unsafe fn frame(
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

/// Panics in the function that the environment variable SATORI_STORE_PANIC names, so
/// that a test can show that none of them brings its host down. Only with feature
/// `panic-test`, which no artefact has.
#[cfg(feature = "panic-test")]
#[allow(clippy::panic)]
fn panic_on_request(name: &str) {
    if std::env::var("SATORI_STORE_PANIC").is_ok_and(|wanted| wanted == name) {
        panic!("asked to");
    }
}

#[cfg(not(feature = "panic-test"))]
fn panic_on_request(_name: &str) {}
