//! Text that the library made, and the caller frees.

use std::ffi::{CString, c_char};

use super::error::{Failure, satori_error};
use super::guard::{self, Guard};
use super::output::{self, optional, required};
use super::registry::Handle;
use super::status::satori_status;

/// Text that the library made: a report, as JSON. Free it with
/// `satori_string_free`.
pub struct satori_string {
    _opaque: [u8; 0],
}

impl Handle for satori_string {
    type Object = CString;
    const NAME: &'static str = "satori_string";
}

/// Gives a report as JSON, unless the caller doesn't want it.
///
/// # Safety
/// `place` is NULL or may be written.
pub(super) unsafe fn write_json(
    place: *mut *mut satori_string,
    report: &impl serde::Serialize,
) -> Result<(), Failure> {
    if place.is_null() {
        return Ok(());
    }
    let text = CString::from_vec_with_nul(json_of(report)).unwrap_or_default();
    // SAFETY: by the caller's word.
    unsafe { output::write_handle(place, text) }
}

/// Returns a report as JSON, NUL-terminated. JSON has no NUL of its own: it is spelled
/// `\u0000`.
pub(super) fn json_of(report: &impl serde::Serialize) -> Vec<u8> {
    let mut json = Vec::with_capacity(512);
    if let Err(error) = serde_json::to_writer(&mut json, report) {
        json = format!("{{\"error\":\"{error}\"}}").into_bytes();
    }
    json.push(0);
    json
}

/// Returns the text of a string: UTF-8, NUL-terminated, valid until the string is
/// freed.
///
/// @param string  the string.
/// @param data    receives the address of the first byte.
/// @param length  receives the length in bytes, the NUL not counted; may be NULL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
///         SATORI_POISONED.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_string_get(
    string: *const satori_string,
    data: *mut *const c_char,
    length: *mut usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_string_get",
        error,
        [required(data, "data"), optional(length, "length")],
    );
    // SAFETY: by the caller's word. The registry keeps the text.
    unsafe {
        guard.with(string, |text| {
            output::write(data, text.as_ptr());
            output::write(length, text.as_bytes().len());
            Ok(())
        })
    }
}

/// Frees a string.
///
/// @param string  the string; NULL is fine.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
///         "Processes").
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_string_free(
    string: *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { guard::free("satori_string_free", string, error) }
}
