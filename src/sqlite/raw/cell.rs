//! A value as SQLite stores it.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
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
            Cell::Text(bytes) => match plain(bytes) {
                Some(text) => write!(f, "'{}'", excerpt(&text.replace('\'', "''"))),
                None => write!(f, "CAST({} AS TEXT)", Cell::Blob(bytes)),
            },
            Cell::Blob(bytes) => {
                let shown = bytes.get(..LONGEST_BLOB).unwrap_or(bytes);
                match bytes.len() {
                    0..=LONGEST_BLOB => write!(f, "x'{}'", hex(shown)),
                    length => write!(f, "x'{}…' ({length} bytes)", hex(shown)),
                }
            }
        }
    }
}

/// Returns the SQL literal of a text that is stored as `bytes`. SQLite ends a literal at a
/// NUL, and a report holds UTF-8 alone: other texts are written as their bytes.
pub(super) fn literal(text: &[u8], bytes: &[u8]) -> String {
    match plain(text) {
        Some(text) => format!("'{}'", text.replace('\'', "''")),
        None => format!("CAST(x'{}' AS TEXT)", hex(bytes)),
    }
}

/// Returns the text if it can stand in an SQL literal.
fn plain(text: &[u8]) -> Option<&str> {
    str::from_utf8(text)
        .ok()
        .filter(|text| !text.contains('\0'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// How many bytes of a blob a message shows.
const LONGEST_BLOB: usize = 40;
