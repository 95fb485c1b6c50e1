//! A value as SQLite stores it.

use std::borrow::Cow;
use std::fmt;
use std::slice;

use libsqlite3_sys as ffi;

use crate::model::error::excerpt;

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl<'a> Cell<'a> {
    /// Returns a value of SQLite's as it is stored.
    ///
    /// # Safety
    /// The value is valid, and its bytes stay for `'a`.
    #[inline]
    pub(super) unsafe fn of(value: *mut ffi::sqlite3_value) -> Self {
        // SAFETY: by the caller's word. Asking for the bytes of a text or blob as what they
        // are converts nothing.
        unsafe {
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Cell::Integer(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => Cell::Real(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => Cell::Text(bytes(ffi::sqlite3_value_text(value), value)),
                ffi::SQLITE_BLOB => Cell::Blob(bytes(ffi::sqlite3_value_blob(value).cast(), value)),
                _ => Cell::Null,
            }
        }
    }

    /// Returns the cell as text; `None` if it is NULL. U+FFFD replaces what is not UTF-8.
    pub(crate) fn to_text(self) -> Option<Cow<'a, str>> {
        match self {
            Cell::Text(bytes) | Cell::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
            Cell::Integer(number) => Some(number.to_string().into()),
            Cell::Real(number) => Some(number.to_string().into()),
            Cell::Null => None,
        }
    }
}

/// Returns the bytes of a text or a blob, which begin at `start`.
#[inline]
unsafe fn bytes<'a>(start: *const u8, value: *mut ffi::sqlite3_value) -> &'a [u8] {
    // SAFETY: `start` is the value's text or blob, whose length SQLite reports. A null
    // pointer stands for an empty blob, or for a lack of memory.
    unsafe {
        let length = ffi::sqlite3_value_bytes(value);
        match usize::try_from(length) {
            Ok(length) if !start.is_null() => slice::from_raw_parts(start, length),
            _ => &[],
        }
    }
}

impl fmt::Display for Cell<'_> {
    /// Writes the value as an SQL literal, shortened if it is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("NULL"),
            Cell::Integer(number) => write!(f, "{number}"),
            Cell::Real(number) => write!(f, "{number:?}"),
            Cell::Text(bytes) => {
                let text = String::from_utf8_lossy(bytes).replace('\'', "''");
                write!(f, "'{}'", excerpt(&text))
            }
            Cell::Blob(bytes) => {
                f.write_str("x'")?;
                for byte in bytes.iter().take(LONGEST_BLOB) {
                    write!(f, "{byte:02x}")?;
                }
                match bytes.len() {
                    0..=LONGEST_BLOB => f.write_str("'"),
                    length => write!(f, "…' ({length} bytes)"),
                }
            }
        }
    }
}

/// How many bytes of a blob a message shows.
const LONGEST_BLOB: usize = 40;
