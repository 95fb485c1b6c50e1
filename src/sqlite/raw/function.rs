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
    // SAFETY: the value is text or a blob, and its bytes stay until the function that
    // SQLite has called returns.
    unsafe {
        let text = match ffi::sqlite3_value_type(value) {
            // Asking for text would make text of it, for others too.
            ffi::SQLITE_BLOB => ffi::sqlite3_value_blob(value).cast(),
            _ => ffi::sqlite3_value_text(value),
        };
        let length = usize::try_from(ffi::sqlite3_value_bytes(value)).ok()?;
        if text.is_null() {
            return None;
        }
        std::str::from_utf8(slice::from_raw_parts(text, length)).ok()
    }
}

/// `satori_fault(ts, value, hash, provider)`: the reason why a row of these columns can't
/// be read, NULL if it can.
pub(super) unsafe extern "C" fn satori_fault(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as in `satori_instant`. SQLite copies the text.
    unsafe {
        let fault = match count {
            4 => fault_of(slice::from_raw_parts(values, 4)),
            _ => None,
        };
        match fault {
            Some(fault) => ffi::sqlite3_result_text(
                context,
                fault.as_ptr().cast(),
                c_int::try_from(fault.len()).unwrap_or(0),
                ffi::SQLITE_TRANSIENT(),
            ),
            None => ffi::sqlite3_result_null(context),
        }
    }
}

unsafe fn fault_of(row: &[*mut ffi::sqlite3_value]) -> Option<String> {
    // SAFETY: as in `satori_instant`.
    unsafe {
        let [ts, value, hash, provider] = *row else {
            return None;
        };
        if instant_of(ts).is_none() {
            return Some(match (ffi::sqlite3_value_type(ts), text_of(ts)) {
                (ffi::SQLITE_TEXT, Some(text)) => match Timestamp::from_stored_text(text) {
                    Err(error) => error.to_string(),
                    Ok(_) => String::new(),
                },
                (ffi::SQLITE_TEXT, None) => "ts is not UTF-8".to_owned(),
                (ffi::SQLITE_FLOAT, _) => "ts is out of range".to_owned(),
                _ => "ts is neither a number nor text".to_owned(),
            });
        }
        if number_of(value).is_none() {
            return Some(match (ffi::sqlite3_value_type(value), text_of(value)) {
                (ffi::SQLITE_TEXT, Some(text)) => match value::parse(text) {
                    Err(error) => error.to_string(),
                    Ok(_) => String::new(),
                },
                (ffi::SQLITE_TEXT, None) => "value is not UTF-8".to_owned(),
                (ffi::SQLITE_FLOAT, _) => "value is not finite".to_owned(),
                _ => "value is neither a number nor text".to_owned(),
            });
        }
        for (text, name) in [(hash, "hash"), (provider, "provider")] {
            match ffi::sqlite3_value_type(text) {
                ffi::SQLITE_TEXT | ffi::SQLITE_BLOB if text_of(text).is_some() => {}
                ffi::SQLITE_TEXT | ffi::SQLITE_BLOB => {
                    return Some(format!("{name} is not UTF-8"));
                }
                _ => return Some(format!("{name} is not text")),
            }
        }
        None
    }
}
