//! Status codes, and the error that a caller may ask for.

use std::ffi::c_char;

use crate::{Error, ErrorCode};

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
    /// The store can't be opened or created: missing, a folder, a URL, no permission; or
    /// missing or empty beside a -wal that holds what was written last.
    SATORI_CANNOT_OPEN = 1,
    /// What is there is no store: no database, or one of another kind. It was left as
    /// it is.
    SATORI_NOT_A_STORE = 2,
    /// The store is damaged. It was left as it is.
    SATORI_CORRUPT = 3,
    /// A later release has migrated the store: open it read-only, or update.
    SATORI_LATER_RELEASE = 4,
    /// The table `streams` has another shape than this library's. It was left as it is.
    SATORI_SCHEMA_MISMATCH = 5,
    /// Another writer held the lock for longer than the limit. Try again.
    SATORI_BUSY = 6,
    /// The store was opened read-only, or can't be written.
    SATORI_READ_ONLY = 7,
    /// The disk is full. Nothing was stored; the store works again once there is room.
    SATORI_DISK_FULL = 8,
    /// Any other objection of the database; see `database_code` and `sqlstate`. Among them
    /// are a disk that fails (SQLite's codes of SQLITE_IOERR), a file that the system can't
    /// look at, and no descriptor left.
    SATORI_DATABASE = 9,
    /// The path no longer leads to the file that was opened: the database, or the -wal
    /// or -shm beside it, was replaced or removed. What was just written may be lost.
    /// Close every handle on the store, open it again and repeat the write.
    SATORI_FILE_REPLACED = 10,
    /// The handle was opened before fork(): open the store again in the child.
    SATORI_FORKED = 11,
    /// An earlier call on the handle panicked: close it, open the store again.
    SATORI_POISONED = 12,
    /// The text can't name a stream.
    SATORI_INVALID_UUID = 13,
    /// The name stands for something that holds no stream's observations, or for
    /// another stream, whose name differs in upper and lower case alone; or a rule that
    /// another program has set keeps rows out.
    SATORI_NOT_A_STREAM = 14,
    /// No stream of that uuid or name has metadata or data here.
    SATORI_STREAM_NOT_FOUND = 15,
    /// The text or number is no instant that can be read, or stored.
    SATORI_INVALID_TIMESTAMP = 16,
    /// The text or number is no finite value.
    SATORI_INVALID_VALUE = 17,
    /// A stored row can't be read as an observation.
    SATORI_UNREADABLE_ROW = 18,
    /// The input is not the JSON that was expected. The message names the place.
    SATORI_INVALID_JSON = 19,
    /// A payload names no stream, and the caller named none.
    SATORI_MISSING_UUID = 20,
    /// A strict batch was refused: nothing of it was stored.
    SATORI_REFUSED = 21,
    /// An Arrow stream is not what can be inserted. The message says why.
    SATORI_INVALID_ARROW = 22,
    /// A pointer that must lead somewhere is NULL.
    SATORI_NULL_POINTER = 101,
    /// The handle is none: freed, of another type, or never given out.
    SATORI_INVALID_HANDLE = 102,
    /// A number, a length or a struct's size is out of range.
    SATORI_INVALID_ARGUMENT = 103,
    /// The text is not UTF-8.
    SATORI_INVALID_UTF8 = 104,
    /// A defect in the library: it panicked. The message names the function. The
    /// handle is poisoned; the process and all other handles go on.
    SATORI_PANIC = 105,
}

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

// The numbers of the store's own errors are the statuses of the same name.
const _: () = assert!(
    ErrorCode::CannotOpen as i32 == satori_code::SATORI_CANNOT_OPEN as i32
        && ErrorCode::NotAStore as i32 == satori_code::SATORI_NOT_A_STORE as i32
        && ErrorCode::Busy as i32 == satori_code::SATORI_BUSY as i32
        && ErrorCode::Database as i32 == satori_code::SATORI_DATABASE as i32
        && ErrorCode::NotAStream as i32 == satori_code::SATORI_NOT_A_STREAM as i32
        && ErrorCode::Refused as i32 == satori_code::SATORI_REFUSED as i32
        && ErrorCode::InvalidArrow as i32 == satori_code::SATORI_INVALID_ARROW as i32
);
