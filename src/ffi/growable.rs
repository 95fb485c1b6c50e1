//! Structs that may grow: a later release may add members at their end.

use std::mem;
use std::ptr;
use std::slice;

use super::error::Failure;
use super::input::check_pointer;

/// A struct that may grow: its first member is its size as the caller knows it.
///
/// # Safety
/// `repr(C)`, plain data for which all bytes 0 is a value, with a `usize` first.
pub(super) unsafe trait Growable: Copy {}

/// What a struct's size is checked against: no release will need as much.
const LARGEST: usize = 4_096;

/// Returns the size that the caller gives the struct at `place`.
///
/// # Safety
/// A struct whose first member is its size is at `place`.
pub(super) unsafe fn size_of_caller(place: *const usize, name: &str) -> Result<usize, Failure> {
    // SAFETY: by the caller's word.
    let size = unsafe { place.read() };
    if (mem::size_of::<usize>()..=LARGEST).contains(&size) {
        Ok(size)
    } else {
        Err(Failure::argument(format!(
            "{name}.size is {size}: initialise the struct first"
        )))
    }
}

/// Reads a struct that may be older or newer than ours; `None` if it is NULL. What an
/// older one lacks is 0. What a newer one adds must be 0, for we don't know what it
/// asks for.
///
/// # Safety
/// `place` is NULL or points to as many bytes as its first member says.
pub(super) unsafe fn read<T: Growable>(place: *const T, name: &str) -> Result<Option<T>, Failure> {
    if place.is_null() {
        return Ok(None);
    }
    check_pointer(place, name)?;
    // SAFETY: by the caller's word, whatever the struct's version, a size is
    // there, and that many bytes behind it. `T` may be all zero.
    unsafe {
        let size = size_of_caller(place.cast(), name)?;
        let bytes = place.cast::<u8>();
        let mut value: T = mem::zeroed();
        let known = size.min(mem::size_of::<T>());
        bytes.copy_to_nonoverlapping((&raw mut value).cast(), known);
        let tail = slice::from_raw_parts(bytes.add(known), size - known);
        if tail.iter().any(|&byte| byte != 0) {
            let message =
                format!("{name} sets what this release does not know: update the library");
            return Err(Failure::argument(message));
        }
        Ok(Some(value))
    }
}

/// Writes a struct that may be older or newer than ours, unless it is NULL: no more
/// than the caller has room for, and 0 to what we don't know. Its size stays.
///
/// # Safety
/// `place` is NULL, or aligned and points to as many bytes as its first member says.
pub(super) unsafe fn write<T: Growable>(
    place: *mut T,
    value: &T,
    name: &str,
) -> Result<(), Failure> {
    if place.is_null() {
        return Ok(());
    }
    // SAFETY: by the caller's word.
    unsafe {
        let size = size_of_caller(place.cast(), name)?;
        let header = mem::size_of::<usize>();
        let known = size.min(mem::size_of::<T>());
        let bytes = place.cast::<u8>();
        let ours = ptr::from_ref(value).cast::<u8>();
        bytes
            .add(header)
            .copy_from_nonoverlapping(ours.add(header), known - header);
        slice::from_raw_parts_mut(bytes.add(known), size - known).fill(0);
    }
    Ok(())
}
