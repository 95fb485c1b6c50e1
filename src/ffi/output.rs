//! The places for results: checked before any work is done, written once everything
//! else has succeeded.

use std::ffi::c_char;
use std::mem;
use std::ptr;

use super::error::{Failure, without_nul};
use super::growable::{Growable, size_of_caller};
use super::input::{check_place, satori_text};
use super::registry::{self, Handle};
use super::status::satori_code;

/// A place for a result, as the caller gives it.
#[derive(Clone, Copy)]
pub(super) struct Output<'a> {
    name: &'a str,
    place: *const u8,
    alignment: usize,
    may_be_null: bool,
    /// A struct that may grow, with its size first.
    is_growable: bool,
}

/// A place that the caller must give.
pub(super) fn required<T>(place: *const T, name: &str) -> Output<'_> {
    Output {
        name,
        place: place.cast(),
        alignment: mem::align_of::<T>(),
        may_be_null: false,
        is_growable: false,
    }
}

/// A place that is NULL if the caller doesn't want the result.
pub(super) fn optional<T>(place: *const T, name: &str) -> Output<'_> {
    Output {
        may_be_null: true,
        ..required(place, name)
    }
}

/// A struct that may grow, which the caller must give.
pub(super) fn required_struct<T: Growable>(place: *const T, name: &str) -> Output<'_> {
    Output {
        is_growable: true,
        ..required(place, name)
    }
}

/// A struct that may grow, or NULL if the caller doesn't want it.
pub(super) fn optional_struct<T: Growable>(place: *const T, name: &str) -> Output<'_> {
    Output {
        is_growable: true,
        ..optional(place, name)
    }
}

impl Output<'_> {
    /// Refuses a place that can't be written.
    ///
    /// # Safety
    /// A struct that may grow begins with its size, if it is given.
    pub(super) unsafe fn check(self) -> Result<(), Failure> {
        if self.place.is_null() && self.may_be_null {
            return Ok(());
        }
        check_place(self.place, self.alignment, self.name)?;
        if self.is_growable {
            // SAFETY: by the caller's word.
            unsafe { size_of_caller(self.place.cast(), self.name) }?;
        }
        Ok(())
    }
}

/// Writes `value`, unless the caller doesn't want it.
///
/// # Safety
/// `place` is NULL or may be written.
pub(super) unsafe fn write<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: by the caller's word; what was there is plain data.
        unsafe { place.write(value) }
    }
}

/// Gives `object` a handle and writes it.
///
/// # Safety
/// `place` may be written.
pub(super) unsafe fn write_handle<H: Handle>(
    place: *mut *mut H,
    object: H::Object,
) -> Result<(), Failure> {
    let handle = registry::add(object)?;
    // SAFETY: by the caller's word.
    unsafe { place.write(handle) };
    Ok(())
}

/// Adds a text and its closing NUL. A NUL within, which no text of ours has but
/// which a file written by others may, is shown as U+FFFD.
pub(super) fn push_c_string(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(without_nul(text).as_bytes());
    buffer.push(0);
}

/// No text.
pub(super) const NO_TEXT: satori_text = satori_text {
    data: ptr::null::<c_char>(),
    length: 0,
};

/// Copies texts into the caller's memory, and writes how many bytes they take, also if there
/// is no room for them.
///
/// # Safety
/// `needed` may be written.
pub(super) unsafe fn write_texts(
    texts: &[u8],
    room: &mut [u8],
    needed: *mut usize,
) -> Result<(), Failure> {
    // SAFETY: by the caller's word.
    unsafe { write(needed, texts.len()) };
    let capacity = room.len();
    let room = room.get_mut(..texts.len()).ok_or_else(|| {
        let message = format!("capacity is {capacity}: the texts need {}", texts.len());
        Failure::Misuse(satori_code::SATORI_BUFFER_TOO_SMALL, message)
    })?;
    room.copy_from_slice(texts);
    Ok(())
}
