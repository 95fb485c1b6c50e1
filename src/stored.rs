//! Timestamps as columns store them: numbers, or text in some spelling.

use std::fmt;

use crate::error::Result;
use crate::hash;
use crate::sqlite::Param;
use crate::time::{SECONDS_LIMIT, Timestamp, invalid};

/// A timestamp as a row stores it.
///
/// The store itself writes Unix seconds, an integer where they are whole. Rows of
/// installed engines may hold text, or milli-, micro- or nanoseconds, and so do
/// rows that were inserted in a [spelling](crate::NewObservation::spelled).
///
/// Its text is that which the hash chain takes: a fraction is written as Python's
/// `repr(float)` writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredTimestamp {
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Real(f64),
    /// Text, as it stands.
    Text(String),
}

impl StoredTimestamp {
    pub(crate) fn borrowed(&self) -> StoredRef<'_> {
        match self {
            StoredTimestamp::Integer(number) => StoredRef::Integer(*number),
            StoredTimestamp::Real(number) => StoredRef::Real(*number),
            StoredTimestamp::Text(text) => StoredRef::Text(text),
        }
    }
}

impl fmt::Display for StoredTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

/// [`StoredTimestamp`], borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum StoredRef<'a> {
    Integer(i64),
    Real(f64),
    Text(&'a str),
}

impl<'a> StoredRef<'a> {
    /// Reads any spelling: the instant, and what the column makes of the text.
    /// By its NUMERIC affinity text that is a number becomes one, an integer
    /// where it is whole. Blanks around other text would set it apart from its
    /// like, and are left out.
    pub(crate) fn from_text(text: &'a str) -> Result<(Timestamp, Self)> {
        let trimmed = text.trim();
        if let Ok(number) = trimmed.parse() {
            return Ok((Timestamp::from_integer(number), StoredRef::Integer(number)));
        }
        let numeric = trimmed
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        if numeric && let Ok(number) = trimmed.parse::<f64>() {
            let instant = Timestamp::from_real(number)
                .map_err(|_| invalid(text, "the number is out of range"))?;
            let whole = number as i64;
            if whole as f64 == number && whole != i64::MAX && whole != i64::MIN {
                return Ok((Timestamp::from_integer(whole), StoredRef::Integer(whole)));
            }
            return Ok((instant, StoredRef::Real(number)));
        }
        Ok((
            Timestamp::from_stored_text(trimmed)?,
            StoredRef::Text(trimmed),
        ))
    }

    /// Whether it is a number of seconds.
    pub(crate) fn is_plain(self) -> bool {
        match self {
            StoredRef::Integer(number) => number.unsigned_abs() < SECONDS_LIMIT.unsigned_abs(),
            StoredRef::Real(number) => number.abs() < SECONDS_LIMIT as f64,
            StoredRef::Text(_) => false,
        }
    }

    pub(crate) fn param(self) -> Param<'a> {
        match self {
            StoredRef::Integer(number) => Param::Integer(number),
            StoredRef::Real(number) => Param::Real(number),
            StoredRef::Text(text) => Param::Text(text),
        }
    }

    pub(crate) fn to_owned(self) -> StoredTimestamp {
        match self {
            StoredRef::Integer(number) => StoredTimestamp::Integer(number),
            StoredRef::Real(number) => StoredTimestamp::Real(number),
            StoredRef::Text(text) => StoredTimestamp::Text(text.to_owned()),
        }
    }
}

impl fmt::Display for StoredRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredRef::Integer(number) => write!(f, "{number}"),
            StoredRef::Real(number) => f.write_str(&hash::python_repr(*number)),
            StoredRef::Text(text) => f.write_str(text),
        }
    }
}
