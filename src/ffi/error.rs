//! The error that a caller may ask for.

use std::borrow::Cow;
use std::ffi::c_char;

use super::status::{satori_code, satori_status};
use crate::Error;

/// Bytes of an error's SQLSTATE, the closing NUL included.
pub const SATORI_SQLSTATE_SIZE: usize = 6;

/// Bytes of an error's message, the closing NUL included.
pub const SATORI_MESSAGE_SIZE: usize = 498;

/// An error, owned by the caller: declare one, pass its address, read it if the
/// status is not SATORI_OK. It needs no initialising and no freeing, and it will
/// never grow. A function that succeeds leaves it as it is.
#[repr(C)]
pub struct satori_error {
    /// The status that the function returned.
    pub code: satori_status,
    /// The database's own number for what it objects to: SQLite's extended result code
    /// (<https://sqlite.org/rescode.html>). 0 if the database has none, or was not the
    /// one to object.
    pub database_code: i32,
    /// The SQLSTATE of what the database objects to: five letters and digits, and a
    /// NUL. Empty if the database has none, as SQLite, or was not the one to object.
    pub sqlstate: [c_char; SATORI_SQLSTATE_SIZE],
    /// What is wrong and what to do, in English: UTF-8, NUL-terminated, cut if it is
    /// longer.
    pub message: [c_char; SATORI_MESSAGE_SIZE],
}

/// Why a call failed: an error of the store, or misuse of this API.
pub(super) enum Failure {
    Store(Error),
    Misuse(satori_code, String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Store(error)
    }
}

impl Failure {
    pub(super) fn null(what: &str) -> Self {
        Failure::Misuse(satori_code::SATORI_NULL_POINTER, format!("{what} is NULL"))
    }

    pub(super) fn argument(message: impl Into<String>) -> Self {
        Failure::Misuse(satori_code::SATORI_INVALID_ARGUMENT, message.into())
    }

    fn status(&self) -> satori_status {
        match self {
            Failure::Store(error) => error.code() as satori_status,
            Failure::Misuse(code, _) => *code as satori_status,
        }
    }

    /// Writes the failure to `error`, unless that is NULL, and returns its status.
    ///
    /// # Safety
    /// `error` is NULL or points to a `satori_error`, initialised or not.
    pub(super) unsafe fn report(&self, error: *mut satori_error) -> satori_status {
        let status = self.status();
        if error.is_null() {
            return status;
        }
        let (database_code, sqlstate, message) = match self {
            Failure::Store(error) => (
                error.database_code().unwrap_or(0),
                error.sqlstate(),
                error.to_string(),
            ),
            Failure::Misuse(_, message) => (0, "", message.clone()),
        };
        // SAFETY: by the caller's word; fields are written, never read.
        unsafe {
            (&raw mut (*error).code).write(status);
            (&raw mut (*error).database_code).write(database_code);
            put(&raw mut (*error).sqlstate, sqlstate);
            put(&raw mut (*error).message, &message);
        }
        status
    }
}

/// Writes a text and a NUL, as much of it as there is room for.
///
/// # Safety
/// `room` may be written.
unsafe fn put<const SIZE: usize>(room: *mut [c_char; SIZE], text: &str) {
    let text = without_nul(text);
    let mut end = text.len().min(SIZE - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // SAFETY: by the caller's word; `end` leaves room for the NUL.
    unsafe {
        let room = room.cast::<u8>();
        room.copy_from_nonoverlapping(text.as_ptr(), end);
        room.add(end).write(0);
    }
}

/// Returns a text as C can have it: a NUL within is shown as U+FFFD.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    match text.as_bytes().contains(&0) {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}
