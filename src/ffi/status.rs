//! Statuses, and their names.

use std::ffi::{CStr, c_char};

use crate::ErrorCode;

/// What a function returns: a `satori_code`.
pub type satori_status = i32;

/// Statuses. A number never changes its meaning; later releases add to them, so
/// treat one that you don't know as an error.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum satori_code {
    /// Done.
    SATORI_OK = 0,
    /// The store can't be opened or created: missing, a folder, a URL, no permission, no
    /// descriptor left; or missing or empty beside a -wal that holds what was written last.
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
    /// another program has set keeps rows out, or a column as it has declared it would
    /// change them.
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
    /// A stream object has no uuid, or a payload names no stream and the caller named none.
    SATORI_MISSING_UUID = 20,
    /// A strict batch was refused: nothing of it was stored.
    SATORI_REFUSED = 21,
    /// An Arrow stream is not what can be inserted. The message says why.
    SATORI_INVALID_ARROW = 22,
    /// The text is no step of time.
    SATORI_INVALID_STEP = 23,
    /// satori_interrupt has ended the call. Nothing of it was stored.
    SATORI_INTERRUPTED = 24,
    /// The connection to the server was lost. Nothing of the call was stored; the next call
    /// connects anew.
    SATORI_CONNECTION_LOST = 25,
    /// The connection to the server was lost while a write was being committed: it may be
    /// stored or not. To repeat it is safe.
    SATORI_UNKNOWN_OUTCOME = 26,
    /// The database in which the store is doesn't have this. The message says what to use
    /// instead.
    SATORI_UNSUPPORTED = 27,
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
    /// The caller's memory is too small: `needed` says how much it takes.
    SATORI_BUFFER_TOO_SMALL = 106,
}

impl satori_code {
    /// All of them, by their names in C.
    const NAMES: &[(Self, &CStr)] = &[
        (Self::SATORI_OK, c"SATORI_OK"),
        (Self::SATORI_CANNOT_OPEN, c"SATORI_CANNOT_OPEN"),
        (Self::SATORI_NOT_A_STORE, c"SATORI_NOT_A_STORE"),
        (Self::SATORI_CORRUPT, c"SATORI_CORRUPT"),
        (Self::SATORI_LATER_RELEASE, c"SATORI_LATER_RELEASE"),
        (Self::SATORI_SCHEMA_MISMATCH, c"SATORI_SCHEMA_MISMATCH"),
        (Self::SATORI_BUSY, c"SATORI_BUSY"),
        (Self::SATORI_READ_ONLY, c"SATORI_READ_ONLY"),
        (Self::SATORI_DISK_FULL, c"SATORI_DISK_FULL"),
        (Self::SATORI_DATABASE, c"SATORI_DATABASE"),
        (Self::SATORI_FILE_REPLACED, c"SATORI_FILE_REPLACED"),
        (Self::SATORI_FORKED, c"SATORI_FORKED"),
        (Self::SATORI_POISONED, c"SATORI_POISONED"),
        (Self::SATORI_INVALID_UUID, c"SATORI_INVALID_UUID"),
        (Self::SATORI_NOT_A_STREAM, c"SATORI_NOT_A_STREAM"),
        (Self::SATORI_STREAM_NOT_FOUND, c"SATORI_STREAM_NOT_FOUND"),
        (Self::SATORI_INVALID_TIMESTAMP, c"SATORI_INVALID_TIMESTAMP"),
        (Self::SATORI_INVALID_VALUE, c"SATORI_INVALID_VALUE"),
        (Self::SATORI_UNREADABLE_ROW, c"SATORI_UNREADABLE_ROW"),
        (Self::SATORI_INVALID_JSON, c"SATORI_INVALID_JSON"),
        (Self::SATORI_MISSING_UUID, c"SATORI_MISSING_UUID"),
        (Self::SATORI_REFUSED, c"SATORI_REFUSED"),
        (Self::SATORI_INVALID_ARROW, c"SATORI_INVALID_ARROW"),
        (Self::SATORI_INVALID_STEP, c"SATORI_INVALID_STEP"),
        (Self::SATORI_INTERRUPTED, c"SATORI_INTERRUPTED"),
        #[cfg(feature = "postgres")]
        (Self::SATORI_CONNECTION_LOST, c"SATORI_CONNECTION_LOST"),
        #[cfg(feature = "postgres")]
        (Self::SATORI_UNKNOWN_OUTCOME, c"SATORI_UNKNOWN_OUTCOME"),
        #[cfg(feature = "postgres")]
        (Self::SATORI_UNSUPPORTED, c"SATORI_UNSUPPORTED"),
        (Self::SATORI_NULL_POINTER, c"SATORI_NULL_POINTER"),
        (Self::SATORI_INVALID_HANDLE, c"SATORI_INVALID_HANDLE"),
        (Self::SATORI_INVALID_ARGUMENT, c"SATORI_INVALID_ARGUMENT"),
        (Self::SATORI_INVALID_UTF8, c"SATORI_INVALID_UTF8"),
        (Self::SATORI_PANIC, c"SATORI_PANIC"),
        (Self::SATORI_BUFFER_TOO_SMALL, c"SATORI_BUFFER_TOO_SMALL"),
    ];
}

/// Returns the name of a status, such as "SATORI_BUSY": for logs, as numbers say little.
/// It needs no handle, and nothing is to be freed: the text lives as long as the library
/// is loaded.
///
/// @param status  what a function returned.
/// @return the name; "unknown" if this library knows no such status.
/// @since 0.1
#[unsafe(no_mangle)]
pub extern "C" fn satori_status_name(status: satori_status) -> *const c_char {
    let is_it = |(code, _): &&(satori_code, &CStr)| *code as satori_status == status;
    let name = satori_code::NAMES.iter().find(is_it);
    name.map_or(c"unknown", |(_, name)| name).as_ptr()
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
        && ErrorCode::InvalidStep as i32 == satori_code::SATORI_INVALID_STEP as i32
        && ErrorCode::Interrupted as i32 == satori_code::SATORI_INTERRUPTED as i32
        && ErrorCode::ConnectionLost as i32 == satori_code::SATORI_CONNECTION_LOST as i32
        && ErrorCode::UnknownOutcome as i32 == satori_code::SATORI_UNKNOWN_OUTCOME as i32
        && ErrorCode::Unsupported as i32 == satori_code::SATORI_UNSUPPORTED as i32
);
