//! The SQL functions that the store defines.

use std::ffi::c_int;
use std::slice;

use libsqlite3_sys as ffi;

use crate::model::time::Timestamp;
use crate::model::value;

/// Computes SQL's `satori_instant(ts)`: the microseconds since 1970 that a stored timestamp
/// stands for, NULL if it can't be read.
pub(super) unsafe extern "C" fn satori_instant(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite passes `count` (we registered 1) valid values and a valid
    // context; the text stays valid until the value's type is converted, which
    // happens nowhere here. Nothing below panics.
    unsafe {
        let instant = if count == 1 {
            instant_of(*values)
        } else {
            None
        };
        match instant {
            Some(instant) => ffi::sqlite3_result_int64(context, instant.as_micros()),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

unsafe fn instant_of(value: *mut ffi::sqlite3_value) -> Option<Timestamp> {
    // SAFETY: as in `satori_instant`, the only caller.
    unsafe {
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => Some(Timestamp::from_integer(ffi::sqlite3_value_int64(value))),
            ffi::SQLITE_FLOAT => Timestamp::from_real(ffi::sqlite3_value_double(value)).ok(),
            ffi::SQLITE_TEXT => Timestamp::from_stored_text(text_of(value)?).ok(),
            _ => None,
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
    // SAFETY: as in `satori_instant`.
    unsafe {
        let number = if count == 1 { number_of(*values) } else { None };
        match number {
            Some(number) => ffi::sqlite3_result_double(context, number),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

unsafe fn number_of(value: *mut ffi::sqlite3_value) -> Option<f64> {
    // SAFETY: as in `satori_instant`.
    unsafe {
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER | ffi::SQLITE_FLOAT => {
                value::finite(ffi::sqlite3_value_double(value)).ok()
            }
            ffi::SQLITE_TEXT => value::parse(text_of(value)?).ok(),
            _ => None,
        }
    }
}

unsafe fn text_of<'a>(value: *mut ffi::sqlite3_value) -> Option<&'a str> {
    // SAFETY: the value is text, and the text stays valid until the function that SQLite
    // has called returns.
    unsafe {
        let text = ffi::sqlite3_value_text(value);
        let length = usize::try_from(ffi::sqlite3_value_bytes(value)).ok()?;
        if text.is_null() {
            return None;
        }
        std::str::from_utf8(slice::from_raw_parts(text, length)).ok()
    }
}
