//! Reading what the caller points to.

use std::ffi::c_char;
use std::mem;
use std::slice;

use super::error::{Failure, satori_code};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// UTF-8 text: `length` bytes from `data`, no NUL needed. NULL with length 0 is
/// empty text, or no text where the function says what that stands for.
/// `satori_text_of` makes one of NUL-terminated text.
///
/// Where the library gives one out it is NUL-terminated as well, the NUL not
/// counted; NULL stands for no text. What it lives as long as is said there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_text {
    /// The first byte.
    pub data: *const c_char,
    /// The number of bytes.
    pub length: usize,
}

impl satori_text {
    /// The text, or `None` where `data` is NULL.
    ///
    /// # Safety
    /// `data` is NULL or points to `length` bytes that live through the call.
    pub(super) unsafe fn get<'a>(self, what: &str) -> Result<Option<&'a str>, Failure> {
        if self.data.is_null() {
            return match self.length {
                0 => Ok(None),
                _ => Err(Failure::null(what)),
            };
        }
        // SAFETY: by the caller's word.
        unsafe { text(self.data, self.length, what) }.map(Some)
    }
}

/// Bytes at `data`; none where it is NULL and `length` 0.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn bytes<'a>(
    data: *const c_char,
    length: usize,
    what: &str,
) -> Result<&'a [u8], Failure> {
    // SAFETY: by the caller's word; bytes need no alignment.
    unsafe { array(data.cast::<u8>(), length, what) }
}

/// UTF-8 at `data`; empty where it is NULL and `length` 0.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn text<'a>(
    data: *const c_char,
    length: usize,
    what: &str,
) -> Result<&'a str, Failure> {
    // SAFETY: by the caller's word.
    let bytes = unsafe { bytes(data, length, what) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        Failure::Misuse(
            satori_code::SATORI_INVALID_UTF8,
            format!("{what} is not UTF-8 from byte {}", error.valid_up_to()),
        )
    })
}

/// Reads an optional text, NULL for none.
///
/// # Safety
/// `text` is NULL or points to a text that lives through the call.
pub(super) unsafe fn optional<'a>(
    text: *const satori_text,
    what: &str,
) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    check_pointer(text, what)?;
    // SAFETY: by the caller's word.
    unsafe { text.read().get(what) }
}

/// A stream's uuid.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn uuid(data: *const c_char, length: usize) -> Result<StreamUuid, Failure> {
    // SAFETY: by the caller's word.
    let text = unsafe { text(data, length, "uuid") }?;
    Ok(StreamUuid::new(text)?)
}

/// `length` items at `data`; none where it is NULL and `length` 0.
///
/// # Safety
/// `data` is NULL or points to `length` items that live through the call.
pub(super) unsafe fn array<'a, T>(
    data: *const T,
    length: usize,
    what: &str,
) -> Result<&'a [T], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    check_pointer(data, what)?;
    check_length::<T>(length, what)?;
    // SAFETY: by the caller's word; alignment and size are checked above.
    Ok(unsafe { slice::from_raw_parts(data, length) })
}

/// `length` items at `data` to be written.
///
/// # Safety
/// `data` is NULL or points to `length` items that nobody else uses.
pub(super) unsafe fn array_mut<'a, T>(
    data: *mut T,
    length: usize,
    what: &str,
) -> Result<&'a mut [T], Failure> {
    if length == 0 {
        return Ok(&mut []);
    }
    check_pointer(data, what)?;
    check_length::<T>(length, what)?;
    // SAFETY: by the caller's word; alignment and size are checked above.
    Ok(unsafe { slice::from_raw_parts_mut(data, length) })
}

/// Refuses NULL and pointers that can't be right for their type.
pub(super) fn check_pointer<T>(pointer: *const T, what: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        Err(Failure::null(what))
    } else if !pointer.is_aligned() {
        Err(Failure::argument(format!("{what} is not aligned")))
    } else {
        Ok(())
    }
}

/// As [`check_pointer`], for what may be NULL.
pub(super) fn check_optional<T>(pointer: *const T, what: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Ok(());
    }
    check_pointer(pointer, what)
}

fn check_length<T>(length: usize, what: &str) -> Result<(), Failure> {
    let size = length.checked_mul(mem::size_of::<T>().max(1));
    match size {
        Some(size) if size <= isize::MAX as usize => Ok(()),
        _ => Err(Failure::argument(format!(
            "{what} has an impossible length: {length}"
        ))),
    }
}

/// A struct that may grow: its first member is its size as the caller knows it.
///
/// # Safety
/// `repr(C)`, plain data for which all bytes 0 is a value, with a `usize` first.
pub(super) unsafe trait Growable: Copy {}

/// What a struct's size is checked against: no release will need as much.
const LARGEST: usize = 4_096;

/// Reads a struct that may be older or newer than ours: what an older one lacks
/// is 0; a newer one's tail must be 0, for we don't know what it asks for. NULL
/// gives `None`.
///
/// # Safety
/// `pointer` is NULL or points to as many bytes as its first member says.
pub(super) unsafe fn growable<T: Growable>(
    pointer: *const T,
    what: &str,
) -> Result<Option<T>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    check_pointer(pointer, what)?;
    // SAFETY: by the caller's word, whatever the struct's version, a size is
    // there, and that many bytes behind it. `T` may be all zero.
    unsafe {
        let size = size_of_caller(pointer, what)?;
        let bytes = pointer.cast::<u8>();
        let mut value: T = mem::zeroed();
        let known = size.min(mem::size_of::<T>());
        bytes.copy_to_nonoverlapping((&raw mut value).cast(), known);
        let tail = slice::from_raw_parts(bytes.add(known), size - known);
        if tail.iter().any(|&byte| byte != 0) {
            let message =
                format!("{what} sets what this release does not know: update the library");
            return Err(Failure::argument(message));
        }
        Ok(Some(value))
    }
}

/// Refuses a struct that could not be written, before any work is done for it.
///
/// # Safety
/// `pointer` is NULL or points to a struct whose first member is its size.
pub(super) unsafe fn check_growable<T: Growable>(
    pointer: *const T,
    what: &str,
) -> Result<(), Failure> {
    check_pointer(pointer, what)?;
    // SAFETY: by the caller's word.
    unsafe { size_of_caller(pointer, what) }.map(drop)
}

/// The size that a growable struct says it has.
///
/// # Safety
/// `pointer` points to a struct whose first member is its size.
pub(super) unsafe fn size_of_caller<T: Growable>(
    pointer: *const T,
    what: &str,
) -> Result<usize, Failure> {
    // SAFETY: by the caller's word.
    let size = unsafe { pointer.cast::<usize>().read() };
    if (mem::size_of::<usize>()..=LARGEST).contains(&size) {
        Ok(size)
    } else {
        Err(Failure::argument(format!(
            "{what}.size is {size}: initialise the struct first"
        )))
    }
}

/// The instants from `from`, included, to `to`, excluded.
pub(super) fn range(
    from: i64,
    to: i64,
) -> (std::ops::Bound<Timestamp>, std::ops::Bound<Timestamp>) {
    use std::ops::Bound;
    let start = match from {
        i64::MIN => Bound::Unbounded,
        from => Bound::Included(Timestamp::from_micros(from)),
    };
    let end = match to {
        i64::MAX => Bound::Unbounded,
        to => Bound::Excluded(Timestamp::from_micros(to)),
    };
    (start, end)
}
