//! Arrow's C data interface: schemas and arrays as a producer has made them. Nothing that
//! they say is trusted.

use std::ffi::{CStr, c_char, c_void};
use std::{ptr, slice};

use arrow_schema::ArrowError;

type Result<T> = std::result::Result<T, ArrowError>;

/// `struct ArrowSchema`, released when it is dropped.
#[repr(C)]
pub(super) struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *const *const Schema,
    dictionary: *const Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`, released when it is dropped.
#[repr(C)]
pub(super) struct Array {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const u8,
    children: *const *const Array,
    dictionary: *const Array,
    release: Option<unsafe extern "C" fn(*mut Array)>,
    private_data: *mut c_void,
}

// SAFETY: the interface has a producer's memory immutable, and lets any thread release it.
unsafe impl Send for Array {}
// SAFETY: as above.
unsafe impl Sync for Array {}

impl Schema {
    /// Returns a schema that is released: the place for a producer's.
    pub(super) fn released() -> Self {
        Self {
            format: ptr::null(),
            name: ptr::null(),
            metadata: ptr::null(),
            flags: 0,
            n_children: 0,
            children: ptr::null(),
            dictionary: ptr::null(),
            release: None,
            private_data: ptr::null_mut(),
        }
    }

    pub(super) fn is_released(&self) -> bool {
        self.release.is_none()
    }

    /// Keeps `self` from being released: a producer that failed has not made it.
    pub(super) fn forget(&mut self) {
        self.release = None;
    }

    pub(super) fn format(&self) -> Result<&str> {
        // SAFETY: NULL or NUL-terminated, by the producer's word.
        let format = unsafe { text(self.format) }.ok_or_else(|| malformed("its format is NULL"))?;
        let format = format.to_str();
        format.map_err(|_| malformed("its format is not UTF-8"))
    }

    /// Returns `true` if the schema has this name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        // SAFETY: NULL or NUL-terminated, by the producer's word.
        unsafe { text(self.name) }.is_some_and(|text| text.to_bytes() == name.as_bytes())
    }

    /// Returns the children; `None` in the place of one that is NULL.
    pub(super) fn children(&self) -> Result<Vec<Option<&Schema>>> {
        // SAFETY: as long as it says, by the producer's word.
        let children = unsafe { pointers(self.children, self.n_children, "children") }?;
        // SAFETY: each is NULL or a schema that lives as long as this one.
        Ok(children
            .iter()
            .map(|child| unsafe { child.as_ref() })
            .collect())
    }

    pub(super) fn dictionary(&self) -> Option<&Schema> {
        // SAFETY: NULL or a schema that lives as long as this one.
        unsafe { self.dictionary.as_ref() }
    }
}

impl Array {
    /// Returns an array that is released: the place for a producer's.
    pub(super) fn released() -> Self {
        Self {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: ptr::null(),
            children: ptr::null(),
            dictionary: ptr::null(),
            release: None,
            private_data: ptr::null_mut(),
        }
    }

    pub(super) fn is_released(&self) -> bool {
        self.release.is_none()
    }

    /// Keeps `self` from being released: a producer that failed has not made it.
    pub(super) fn forget(&mut self) {
        self.release = None;
    }

    /// Returns offset and length, whose sum is a length in memory.
    pub(super) fn extent(&self) -> Result<(usize, usize)> {
        let number = |number: i64, what: &str| {
            usize::try_from(number).map_err(|_| malformed(format!("its {what} is {number}")))
        };
        let (offset, length) = (
            number(self.offset, "offset")?,
            number(self.length, "length")?,
        );
        match offset.checked_add(length) {
            Some(end) if end < isize::MAX as usize / 64 => Ok((offset, length)),
            _ => Err(malformed(format!(
                "no memory holds {length} items after {offset}"
            ))),
        }
    }

    /// Checks that there are as many nulls as the array says; `found` is how many there are,
    /// `None` if it has no bitmap of them.
    pub(super) fn check_nulls(&self, found: Option<usize>) -> Result<()> {
        let found = found.unwrap_or(0) as i64;
        // -1: the producer has not counted them.
        match self.null_count == -1 || self.null_count == found {
            true => Ok(()),
            false => Err(malformed(format!(
                "its null_count is {}, and it has {found} nulls",
                self.null_count
            ))),
        }
    }

    pub(super) fn buffers(&self) -> Result<&[*const u8]> {
        // SAFETY: as long as it says, by the producer's word.
        unsafe { pointers(self.buffers, self.n_buffers, "buffers") }
    }

    /// Returns the children, `count` of them as the schema says; `None` in the place of one
    /// that is NULL or released.
    pub(super) fn children(&self, count: usize) -> Result<Vec<Option<&Array>>> {
        // SAFETY: as long as it says, by the producer's word.
        let children = unsafe { pointers(self.children, self.n_children, "children") }?;
        if children.len() != count {
            return Err(malformed(format!(
                "it has {} children, and its schema {count}",
                children.len()
            )));
        }
        let child = |child: &*const Array| {
            // SAFETY: NULL or an array that lives as long as this one.
            unsafe { child.as_ref() }.filter(|child| !child.is_released())
        };
        Ok(children.iter().map(child).collect())
    }

    pub(super) fn dictionary(&self) -> Option<&Array> {
        // SAFETY: NULL or an array that lives as long as this one.
        unsafe { self.dictionary.as_ref() }.filter(|dictionary| !dictionary.is_released())
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the producer's own function, called once.
            unsafe { release(self) }
        }
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the producer's own function, called once.
            unsafe { release(self) }
        }
    }
}

/// # Safety
/// `text` is NULL or NUL-terminated, and lives as long as `'a`.
unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: by the caller's word.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// # Safety
/// `first` is NULL or leads to `count` pointers, which live as long as `'a`.
unsafe fn pointers<'a, T>(
    first: *const *const T,
    count: i64,
    what: &str,
) -> Result<&'a [*const T]> {
    match usize::try_from(count) {
        Ok(0) => Ok(&[]),
        Ok(_) if first.is_null() => Err(malformed(format!("its {what} are NULL"))),
        Ok(count) if first.is_aligned() && count < isize::MAX as usize / 64 => {
            // SAFETY: by the caller's word, and neither NULL nor misaligned.
            Ok(unsafe { slice::from_raw_parts(first, count) })
        }
        _ => Err(malformed(format!("it has {count} {what}"))),
    }
}

pub(super) fn malformed(message: impl Into<String>) -> ArrowError {
    ArrowError::CDataInterface(message.into())
}
