//! Text that the library made, and the caller frees.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::error::{satori_error, satori_status};
use super::input::{check_optional, check_pointer};
use super::{guard, output, registry};

/// Text that the library made: a report, as JSON. Free it with
/// `satori_string_free`.
pub struct satori_string {
    _opaque: [u8; 0],
}

/// The text of a string: UTF-8, NUL-terminated, valid until the string is freed.
///
/// @param string  the string.
/// @param data    receives where the text begins.
/// @param length  receives its length in bytes, the NUL not counted; may be NULL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_string_get(
    string: *const satori_string,
    data: *mut *const c_char,
    length: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let text: Arc<CString> = registry::get(string.addr())?;
        check_pointer(data, "data")?;
        check_optional(length, "length")?;
        // SAFETY: by the caller's word. The registry keeps the text.
        unsafe {
            data.write(text.as_ptr());
            output::write(length, text.as_bytes().len());
        }
        Ok(())
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_string_get", string.addr(), error, body) }
}

/// Frees a string.
///
/// @param string  the string; NULL is fine.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_string_free(
    string: *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { registry::free::<Arc<CString>>("satori_string_free", string.addr(), error) }
}
