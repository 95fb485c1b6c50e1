//! What the server answers to one statement.

use std::ffi::c_int;
use std::ptr::NonNull;
use std::slice;

use pq_sys as pq;

use super::failure::text;
use super::params::EPOCH;

/// The rows that the server has answered, in binary format.
pub(crate) struct Answer(NonNull<pq::PGresult>);

// SAFETY: a result is memory that nobody else knows, and libpq binds it to no thread.
unsafe impl Send for Answer {}

impl Answer {
    /// Takes a result, which this answer owns.
    pub(super) fn new(result: NonNull<pq::PGresult>) -> Self {
        Self(result)
    }

    pub(super) fn as_ptr(&self) -> *mut pq::PGresult {
        self.0.as_ptr()
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the result is live.
        let rows = unsafe { pq::PQntuples(self.0.as_ptr()) };
        usize::try_from(rows).unwrap_or(0)
    }

    /// Returns how many bytes of memory the answer takes.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: the result is live.
        unsafe { pq::PQresultMemorySize(self.0.as_ptr()) }
    }

    /// Returns the number in the first column of the first row; 0 if there is none.
    pub(crate) fn number(&self) -> u64 {
        self.first().map_or(0, |row| row.count(0))
    }

    /// Returns what the server says it has done, such as `COMMIT`.
    pub(crate) fn command(&self) -> String {
        // SAFETY: the result is live, and the text within it is copied.
        text(unsafe { pq::PQcmdStatus(self.0.as_ptr()) })
    }

    /// Returns the rows, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|row| Row {
            answer: self,
            row: row as c_int,
        })
    }

    /// Returns the last row; `None` if there is none.
    pub(crate) fn last(&self) -> Option<Row<'_>> {
        let row = self.len().checked_sub(1)? as c_int;
        Some(Row { answer: self, row })
    }

    /// Returns the first row; `None` if there is none.
    pub(crate) fn first(&self) -> Option<Row<'_>> {
        self.rows().next()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the result is live, and nobody else has it.
        unsafe { pq::PQclear(self.0.as_ptr()) };
    }
}

/// A row of an answer. Its columns are counted from 0; one that the statement doesn't have
/// reads as NULL.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    answer: &'a Answer,
    row: c_int,
}

impl<'a> Row<'a> {
    /// Returns the bytes of a column; `None` if it is NULL.
    pub(crate) fn bytes(self, column: c_int) -> Option<&'a [u8]> {
        let result = self.answer.0.as_ptr();
        // SAFETY: the result is live as long as the answer is borrowed. For a row or a column
        // that it doesn't have, libpq reports NULL, and the length 0; otherwise the value has
        // this length.
        unsafe {
            let length = usize::try_from(pq::PQgetlength(result, self.row, column)).ok()?;
            if length == 0 && pq::PQgetisnull(result, self.row, column) == 1 {
                return None;
            }
            let value = pq::PQgetvalue(result, self.row, column);
            (!value.is_null()).then(|| slice::from_raw_parts(value.cast::<u8>(), length))
        }
    }

    /// Returns an `int8`; `None` if it is NULL.
    pub(crate) fn int8(self, column: c_int) -> Option<i64> {
        let bytes = self.bytes(column)?.try_into().ok()?;
        Some(i64::from_be_bytes(bytes))
    }

    /// Returns an `int8` that counts something; 0 if it is NULL.
    pub(crate) fn count(self, column: c_int) -> u64 {
        self.int8(column).unwrap_or(0).unsigned_abs()
    }

    /// Returns a `float8`; `None` if it is NULL.
    pub(crate) fn float8(self, column: c_int) -> Option<f64> {
        let bytes = self.bytes(column)?.try_into().ok()?;
        Some(f64::from_be_bytes(bytes))
    }

    /// Returns a `bool`; `false` if it is NULL.
    pub(crate) fn bool(self, column: c_int) -> bool {
        self.bytes(column) == Some(&[1])
    }

    /// Returns a text; `None` if it is NULL. The session's encoding is UTF-8, which the server
    /// checks.
    pub(crate) fn text(self, column: c_int) -> Option<&'a str> {
        str::from_utf8(self.bytes(column)?).ok()
    }

    /// Returns a `timestamptz` in microseconds since 1970; `None` if it is NULL or infinite.
    pub(crate) fn instant(self, column: c_int) -> Option<i64> {
        match self.int8(column)? {
            i64::MIN | i64::MAX => None,
            micros => micros.checked_add(EPOCH),
        }
    }
}
