//! Reading what the caller points to.

use std::ffi::c_char;
use std::mem;
use std::ops::Bound;
use std::path::Path;
use std::slice;

use super::error::Failure;
use super::status::satori_code;
use crate::{StreamUuid, Timestamp};

/// UTF-8 text: `length` bytes from `data`, no NUL needed. NULL with length 0 is
/// empty text, or no text if the function says what that stands for.
/// `satori_text_of` makes one of NUL-terminated text.
///
/// One that the library gives out is NUL-terminated as well, the NUL not counted;
/// NULL stands for no text. The function says how long the text lives.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_text {
    /// The first byte.
    pub data: *const c_char,
    /// The number of bytes.
    pub length: usize,
}

impl satori_text {
    /// Returns the text; `None` if `data` is NULL.
    ///
    /// # Safety
    /// `data` is NULL or points to `length` bytes that live through the call.
    pub(super) unsafe fn get<'a>(self, name: &str) -> Result<Option<&'a str>, Failure> {
        if self.data.is_null() {
            return match self.length {
                0 => Ok(None),
                _ => Err(Failure::null(name)),
            };
        }
        // SAFETY: by the caller's word.
        unsafe { text(self.data, self.length, name) }.map(Some)
    }
}

/// Reads the bytes at `data`; none if it is NULL and `length` 0.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn bytes<'a>(
    data: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a [u8], Failure> {
    // SAFETY: by the caller's word; bytes need no alignment.
    unsafe { array(data.cast::<u8>(), length, name) }
}

/// Reads the UTF-8 at `data`; empty if it is NULL and `length` 0.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn text<'a>(
    data: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a str, Failure> {
    // SAFETY: by the caller's word.
    let bytes = unsafe { bytes(data, length, name) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        Failure::Misuse(
            satori_code::SATORI_INVALID_UTF8,
            format!("{name} is not UTF-8 from byte {}", error.valid_up_to()),
        )
    })
}

/// Reads a text that may be missing; NULL stands for none.
///
/// # Safety
/// `text` is NULL or points to a text that lives through the call.
pub(super) unsafe fn optional_text<'a>(
    text: *const satori_text,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    check_pointer(text, name)?;
    // SAFETY: by the caller's word.
    unsafe { text.read().get(name) }
}

/// Reads a stream's uuid.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn uuid(data: *const c_char, length: usize) -> Result<StreamUuid, Failure> {
    // SAFETY: by the caller's word.
    let text = unsafe { text(data, length, "uuid") }?;
    Ok(StreamUuid::new(text)?)
}

/// Reads the path of a file.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that live through the call.
pub(super) unsafe fn path<'a>(data: *const c_char, length: usize) -> Result<&'a Path, Failure> {
    // SAFETY: by the caller's word.
    to_path(unsafe { bytes(data, length, "path") }?)
}

#[cfg(unix)]
fn to_path(path: &[u8]) -> Result<&Path, Failure> {
    use std::os::unix::ffi::OsStrExt;
    if path.is_empty() || path.contains(&0) {
        return Err(Failure::argument("path is empty, or has a NUL in it"));
    }
    Ok(Path::new(std::ffi::OsStr::from_bytes(path)))
}

#[cfg(not(unix))]
fn to_path(path: &[u8]) -> Result<&Path, Failure> {
    match std::str::from_utf8(path) {
        Ok(path) if !path.is_empty() && !path.contains('\0') => Ok(Path::new(path)),
        _ => Err(Failure::argument(
            "path is empty, not UTF-8, or has a NUL in it",
        )),
    }
}

/// Reads the uuids of several streams.
///
/// # Safety
/// `uuids` is NULL or points to `count` texts that live through the call.
pub(super) unsafe fn uuids(
    uuids: *const satori_text,
    count: usize,
) -> Result<Vec<StreamUuid>, Failure> {
    // SAFETY: by the caller's word.
    unsafe { texts(uuids, count, "uuids") }?
        .into_iter()
        .map(|uuid| Ok(StreamUuid::new(uuid)?))
        .collect()
}

/// Reads several texts, none of which may be missing.
///
/// # Safety
/// `texts` is NULL or points to `count` texts that live through the call.
pub(super) unsafe fn texts<'a>(
    texts: *const satori_text,
    count: usize,
    name: &str,
) -> Result<Vec<&'a str>, Failure> {
    // SAFETY: by the caller's word.
    let given: &[satori_text] = unsafe { array(texts, count, name) }?;
    let mut read = Vec::new();
    read.try_reserve_exact(count)
        .map_err(|_| Failure::argument(format!("no memory for {count} {name}")))?;
    for given in given {
        // SAFETY: by the caller's word.
        let given = unsafe { given.get(name) }?;
        read.push(given.ok_or_else(|| Failure::null(name))?);
    }
    Ok(read)
}

/// Borrows the `length` items at `data`; none if `length` is 0.
///
/// # Safety
/// `data` is NULL or points to `length` items that live through the call.
pub(super) unsafe fn array<'a, T>(
    data: *const T,
    length: usize,
    name: &str,
) -> Result<&'a [T], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    check_pointer(data, name)?;
    check_length::<T>(length, name)?;
    // SAFETY: by the caller's word; alignment and size are checked above.
    Ok(unsafe { slice::from_raw_parts(data, length) })
}

/// Borrows an array as [`array`] does; none if it is NULL.
///
/// # Safety
/// As [`array`].
pub(super) unsafe fn optional_array<'a, T>(
    data: *const T,
    length: usize,
    name: &str,
) -> Result<&'a [T], Failure> {
    if data.is_null() {
        return Ok(&[]);
    }
    // SAFETY: by the caller's word.
    unsafe { array(data, length, name) }
}

/// Borrows the `length` items at `data` to be written; none if `length` is 0.
///
/// # Safety
/// `data` is NULL or points to `length` items that nobody else uses.
pub(super) unsafe fn array_mut<'a, T>(
    data: *mut T,
    length: usize,
    name: &str,
) -> Result<&'a mut [T], Failure> {
    if length == 0 {
        return Ok(&mut []);
    }
    check_pointer(data, name)?;
    check_length::<T>(length, name)?;
    // SAFETY: by the caller's word; alignment and size are checked above.
    Ok(unsafe { slice::from_raw_parts_mut(data, length) })
}

/// Refuses room for no rows.
pub(super) fn check_capacity(capacity: usize) -> Result<(), Failure> {
    match capacity {
        0 => Err(Failure::argument(
            "capacity is 0: no row would ever be read",
        )),
        _ => Ok(()),
    }
}

/// Borrows the caller's room for `capacity` items, which must be some.
///
/// # Safety
/// As [`array_mut`].
pub(super) unsafe fn room<'a, T>(
    data: *mut T,
    capacity: usize,
    name: &str,
) -> Result<&'a mut [T], Failure> {
    check_capacity(capacity)?;
    // SAFETY: by the caller's word.
    unsafe { array_mut(data, capacity, name) }
}

/// Borrows an array as [`array_mut`] does; none if it is NULL.
///
/// # Safety
/// As [`array_mut`].
pub(super) unsafe fn optional_array_mut<'a, T>(
    data: *mut T,
    length: usize,
    name: &str,
) -> Result<&'a mut [T], Failure> {
    if data.is_null() {
        return Ok(&mut []);
    }
    // SAFETY: by the caller's word.
    unsafe { array_mut(data, length, name) }
}

/// Refuses NULL and pointers that can't be right for their type.
pub(super) fn check_pointer<T>(pointer: *const T, name: &str) -> Result<(), Failure> {
    check_place(pointer.cast(), mem::align_of::<T>(), name)
}

/// Refuses NULL and what can't be a pointer to something of this alignment.
pub(super) fn check_place(place: *const u8, alignment: usize, name: &str) -> Result<(), Failure> {
    if place.is_null() {
        Err(Failure::null(name))
    } else if !place.addr().is_multiple_of(alignment) {
        Err(Failure::argument(format!("{name} is not aligned")))
    } else {
        Ok(())
    }
}

fn check_length<T>(length: usize, name: &str) -> Result<(), Failure> {
    let size = length.checked_mul(mem::size_of::<T>().max(1));
    match size {
        Some(size) if size <= isize::MAX as usize => Ok(()),
        _ => Err(Failure::argument(format!(
            "{name} has an impossible length: {length}"
        ))),
    }
}

/// Returns the range from `from`, included, to `to`, excluded.
pub(super) fn range(from: i64, to: i64) -> (Bound<Timestamp>, Bound<Timestamp>) {
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
