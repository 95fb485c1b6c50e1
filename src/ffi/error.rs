//! Status codes, and the error that a caller may ask for.

use std::ffi::c_char;

use crate::model::error::{Error, ErrorCode};

/// What every function returns: a `satori_code`.
pub type satori_status = i32;

/// Statuses. A number never changes its meaning; later releases add to them, so
/// treat one that you don't know as an error.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    dead_code,
    reason = "C reads all of them; Rust makes those of the store by their number"
)]
pub enum satori_code {
    /// Done.
    SATORI_OK = 0,
    /// The file can't be opened or created: missing, a folder, no permission.
    SATORI_CANNOT_OPEN = 1,
    /// The file is not a SQLite database. It was left as it is.
    SATORI_NOT_A_DATABASE = 2,
    /// The file is damaged. It was left as it is.
    SATORI_CORRUPT = 3,
    /// A later release has migrated the file: open it read-only, or update.
    SATORI_LATER_RELEASE = 4,
    /// The file's `streams` table has another shape. It was left as it is.
    SATORI_SCHEMA_MISMATCH = 5,
    /// Another writer held the lock for longer than the limit. Try again.
    SATORI_BUSY = 6,
    /// The store was opened read-only, or the file can't be written.
    SATORI_READ_ONLY = 7,
    /// The disk is full. Nothing was stored; it works again once there is room.
    SATORI_DISK_FULL = 8,
    /// Any other refusal by SQLite; see `sqlite_code`.
    SATORI_SQLITE = 9,
    /// The path no longer leads to the file that was opened. What was just
    /// written may be lost: open the store again and repeat the write.
    SATORI_FILE_REPLACED = 10,
    /// The handle was opened before fork(): open the store again in the child.
    SATORI_FORKED = 11,
    /// An earlier call on the handle panicked: close it, open the store again.
    SATORI_POISONED = 12,
    /// The text can't name a stream.
    SATORI_INVALID_UUID = 13,
    /// The name belongs to a table or view that holds no observations.
    SATORI_NOT_OBSERVATION_TABLE = 14,
    /// No stream of that uuid or name.
    SATORI_STREAM_NOT_FOUND = 15,
    /// The text or number is no instant that can be read, or stored.
    SATORI_INVALID_TIMESTAMP = 16,
    /// The text or number is no finite value.
    SATORI_INVALID_VALUE = 17,
    /// A stored row can't be read as an observation.
    SATORI_UNREADABLE_ROW = 18,
    /// The input is not the JSON that was expected; the message says where.
    SATORI_INVALID_JSON = 19,
    /// A payload names no stream, and the caller named none.
    SATORI_MISSING_UUID = 20,
    /// A strict batch was refused: nothing of it was stored.
    SATORI_REFUSED = 21,
    /// An Arrow stream is not what can be inserted; the message says why.
    SATORI_INVALID_ARROW = 22,
    /// A pointer that must lead somewhere is NULL.
    SATORI_NULL_POINTER = 101,
    /// The handle is none: freed, of another type, or never given out.
    SATORI_INVALID_HANDLE = 102,
    /// A number, a length or a struct's size is out of range.
    SATORI_INVALID_ARGUMENT = 103,
    /// The text is not UTF-8.
    SATORI_INVALID_UTF8 = 104,
    /// A defect in the library: it panicked. The message says where. The handle
    /// is poisoned; the process and all other handles go on.
    SATORI_PANIC = 105,
}

/// Bytes of an error's message, the closing NUL included.
pub const SATORI_MESSAGE_SIZE: usize = 504;

/// An error, owned by the caller: declare one, pass its address, read it where
/// the status is not SATORI_OK. It needs no initialising and no freeing, and it
/// will never grow. A function that succeeds leaves it as it is.
#[repr(C)]
pub struct satori_error {
    /// The status that the function returned.
    pub code: satori_status,
    /// SQLite's extended result code, or 0 where SQLite was not the one to
    /// object (<https://sqlite.org/rescode.html>).
    pub sqlite_code: i32,
    /// What is wrong and what to do, in English: UTF-8, NUL-terminated, cut
    /// where it is longer.
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

    /// Writes the failure to `error`, unless that is NULL, and gives its status.
    ///
    /// # Safety
    /// `error` is NULL or points to a `satori_error`, initialised or not.
    pub(super) unsafe fn report(&self, error: *mut satori_error) -> satori_status {
        let status = self.status();
        if error.is_null() {
            return status;
        }
        let (sqlite_code, message) = match self {
            Failure::Store(error) => (error.sqlite_code().unwrap_or(0), error.to_string()),
            Failure::Misuse(_, message) => (0, message.clone()),
        };
        let mut end = message.len().min(SATORI_MESSAGE_SIZE - 1);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        // SAFETY: by the caller's word; fields are written, never read.
        unsafe {
            (&raw mut (*error).code).write(status);
            (&raw mut (*error).sqlite_code).write(sqlite_code);
            let text = (&raw mut (*error).message).cast::<u8>();
            text.copy_from_nonoverlapping(message.as_ptr(), end);
            text.add(end).write(0);
        }
        status
    }
}

/// The numbers of the store's own errors are the statuses of the same name.
const _: () = assert!(
    ErrorCode::CannotOpen as i32 == satori_code::SATORI_CANNOT_OPEN as i32
        && ErrorCode::Busy as i32 == satori_code::SATORI_BUSY as i32
        && ErrorCode::Refused as i32 == satori_code::SATORI_REFUSED as i32
        && ErrorCode::InvalidArrow as i32 == satori_code::SATORI_INVALID_ARROW as i32
);
