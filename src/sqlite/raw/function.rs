//! The SQL functions that the store defines.
//!
//! SQLite calls each with a valid context and `count` valid values, whose bytes stay until
//! the function returns. Nothing here panics.

use std::array;
use std::ffi::c_int;

use libsqlite3_sys as ffi;

use super::cell::{self, Cell};
use crate::model::time::Timestamp;
use crate::model::value;

/// Computes SQL's `satori_instant(ts)`: the microseconds since 1970 that a stored timestamp
/// stands for, NULL if it can't be read.
pub(super) unsafe extern "C" fn satori_instant(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: by SQLite's word, above.
    unsafe {
        match cells(count, values).and_then(|[ts]| instant(ts)) {
            Some(instant) => ffi::sqlite3_result_int64(context, instant.as_micros()),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

/// Computes SQL's `satori_value(value)`: the finite number that a stored value stands for,
/// NULL if it can't be read.
pub(super) unsafe extern "C" fn satori_value(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: by SQLite's word, above.
    unsafe {
        match cells(count, values).and_then(|[value]| number(value)) {
            Some(number) => ffi::sqlite3_result_double(context, number),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

/// Computes SQL's `satori_literal(text, bytes)`: the literal of a text that is stored as these
/// bytes.
pub(super) unsafe extern "C" fn satori_literal(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: by SQLite's word, above.
    unsafe {
        match cells(count, values) {
            Some([Cell::Text(text), Cell::Blob(bytes)]) => {
                result_text(context, &cell::literal(text, bytes));
            }
            _ => ffi::sqlite3_result_null(context),
        }
    }
}

/// Computes SQL's `satori_fault(ts, value, hash, provider)`: the reason why a row of these
/// columns can't be read, NULL if it can.
pub(super) unsafe extern "C" fn satori_fault(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: by SQLite's word, above.
    unsafe {
        match cells(count, values).and_then(fault) {
            Some(fault) => result_text(context, &fault),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

/// Makes `text` the result of a function.
///
/// # Safety
/// The context is valid.
unsafe fn result_text(context: *mut ffi::sqlite3_context, text: &str) {
    // SAFETY: by the caller's word. SQLite copies the text.
    unsafe {
        ffi::sqlite3_result_text64(
            context,
            text.as_ptr().cast(),
            text.len() as ffi::sqlite3_uint64,
            ffi::SQLITE_TRANSIENT(),
            ffi::SQLITE_UTF8 as u8,
        );
    }
}

/// Reads a function's arguments; `None` if their number is not `N`.
///
/// # Safety
/// There are `count` values, and their bytes stay for `'a`.
unsafe fn cells<'a, const N: usize>(
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> Option<[Cell<'a>; N]> {
    // SAFETY: by the caller's word.
    let read = |index| unsafe { Cell::of(*values.add(index)) };
    (usize::try_from(count) == Ok(N)).then(|| array::from_fn(read))
}

fn instant(ts: Cell<'_>) -> Option<Timestamp> {
    match ts {
        Cell::Integer(number) => Some(Timestamp::from_integer(number)),
        Cell::Real(number) => Timestamp::from_real(number).ok(),
        Cell::Text(text) => Timestamp::from_stored_text(str::from_utf8(text).ok()?).ok(),
        Cell::Blob(_) | Cell::Null => None,
    }
}

fn number(value: Cell<'_>) -> Option<f64> {
    match value {
        Cell::Integer(number) => Some(number as f64),
        Cell::Real(number) => value::finite(number).ok(),
        Cell::Text(text) => value::parse(str::from_utf8(text).ok()?).ok(),
        Cell::Blob(_) | Cell::Null => None,
    }
}

fn fault([ts, value, hash, provider]: [Cell<'_>; 4]) -> Option<String> {
    fault_of_ts(ts)
        .or_else(|| fault_of_value(value))
        .or_else(|| fault_of_text("hash", hash))
        .or_else(|| fault_of_text("provider", provider))
}

fn fault_of_ts(ts: Cell<'_>) -> Option<String> {
    match ts {
        Cell::Text(text) => match str::from_utf8(text).map(Timestamp::from_stored_text) {
            Ok(read) => read.err().map(|error| error.to_string()),
            Err(_) => Some("ts is not UTF-8".to_owned()),
        },
        Cell::Blob(_) | Cell::Null => Some("ts is neither a number nor text".to_owned()),
        number => match instant(number) {
            Some(_) => None,
            None => Some("ts is out of range".to_owned()),
        },
    }
}

fn fault_of_value(value: Cell<'_>) -> Option<String> {
    match value {
        Cell::Text(text) => match str::from_utf8(text).map(value::parse) {
            Ok(read) => read.err().map(|error| error.to_string()),
            Err(_) => Some("value is not UTF-8".to_owned()),
        },
        Cell::Blob(_) | Cell::Null => Some("value is neither a number nor text".to_owned()),
        number => match self::number(number) {
            Some(_) => None,
            None => Some("value is not finite".to_owned()),
        },
    }
}

/// Looks at a cell of column `hash` or `provider`, which may be a blob.
fn fault_of_text(column: &str, cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) | Cell::Blob(text) => match str::from_utf8(text) {
            Ok(_) => None,
            Err(_) => Some(format!("{column} is not UTF-8")),
        },
        _ => Some(format!("{column} is not text")),
    }
}
