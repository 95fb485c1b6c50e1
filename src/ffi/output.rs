//! Writing what the caller asked for; only once everything else has succeeded.

use std::ffi::{CString, c_char};
use std::mem;
use std::ptr;
use std::slice;
use std::sync::Arc;

use super::error::Failure;
use super::input::{Growable, check_pointer, satori_text, size_of_caller};
use super::registry::{self, Handled};
use super::string::satori_string;

/// Writes `value`.
///
/// # Safety
/// `out` is NULL or may be written.
pub(super) unsafe fn write<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: by the caller's word; what was there is plain data.
        unsafe { out.write(value) }
    }
}

/// Gives `object` a handle and writes it.
///
/// # Safety
/// `out` may be written.
pub(super) unsafe fn write_handle<T: Handled, H>(
    out: *mut *mut H,
    object: T,
) -> Result<(), Failure> {
    let handle = registry::add(object)?;
    // SAFETY: by the caller's word.
    unsafe { out.write(ptr::without_provenance_mut(handle)) };
    Ok(())
}

/// Writes a struct that may be older or newer than ours: no more than the
/// caller has room for, and 0 to what we don't know.
///
/// # Safety
/// `out` points to as many bytes as its first member says.
pub(super) unsafe fn write_growable<T: Growable>(
    out: *mut T,
    value: &T,
    what: &str,
) -> Result<(), Failure> {
    check_pointer(out, what)?;
    // SAFETY: by the caller's word. The size itself is left as it is.
    unsafe {
        let size = size_of_caller(out, what)?;
        let header = mem::size_of::<usize>();
        let known = size.min(mem::size_of::<T>());
        let bytes = out.cast::<u8>();
        let ours = ptr::from_ref(value).cast::<u8>();
        bytes
            .add(header)
            .copy_from_nonoverlapping(ours.add(header), known - header);
        slice::from_raw_parts_mut(bytes.add(known), size - known).fill(0);
    }
    Ok(())
}

/// Writes a handle to `text`, unless the caller doesn't want it.
///
/// # Safety
/// `out` is NULL or may be written.
pub(super) unsafe fn write_string(
    out: *mut *mut satori_string,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if out.is_null() {
        return Ok(());
    }
    // SAFETY: by the caller's word.
    unsafe { write_handle(out, Arc::new(c_string(&text()))) }
}

/// NUL-terminated text.
fn c_string(text: &str) -> CString {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    push_c_string(&mut bytes, text);
    CString::from_vec_with_nul(bytes).unwrap_or_default()
}

/// Adds a text and its closing NUL. A NUL within, which no text of ours has but
/// which a file written by others may, is shown as U+FFFD.
pub(super) fn push_c_string(buffer: &mut Vec<u8>, text: &str) {
    if text.as_bytes().contains(&0) {
        buffer.extend_from_slice(text.replace('\0', "\u{fffd}").as_bytes());
    } else {
        buffer.extend_from_slice(text.as_bytes());
    }
    buffer.push(0);
}

/// No text.
pub(super) const NO_TEXT: satori_text = satori_text {
    data: ptr::null::<c_char>(),
    length: 0,
};

/// A report as JSON.
pub(super) fn json(report: &impl serde::Serialize) -> String {
    serde_json::to_string(report).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
