//! Timestamps as columns store them: numbers, or text in some spelling.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::temporal::Pieces;

use super::error::{Error, Result, excerpt};
use super::python_repr::python_repr;
use super::time::{MICROS, SECONDS_LIMIT, Timestamp, invalid, number_in};
use super::time_unit::TimeUnit;

/// A timestamp as a row stores it.
///
/// The store itself writes Unix seconds, an integer if they are whole. Rows of
/// installed engines may hold text, or milli-, micro- or nanoseconds; so may rows
/// that were inserted in a [spelling](crate::NewObservation::spelled).
///
/// [`Display`](fmt::Display) writes the text that goes into the row's hash: a fraction
/// looks as in Python's `repr(float)`.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredTimestamp {
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Real(f64),
    /// Text, as it is stored.
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
    /// Returns `true` if this one may come before the other in a column's order: numbers
    /// come before text. A column may ignore the case of letters.
    pub(crate) fn may_precede(self, other: Self) -> bool {
        match (self, other) {
            (StoredRef::Integer(one), StoredRef::Integer(other)) => one < other,
            (StoredRef::Integer(one), StoredRef::Real(other)) => (one as f64) < other,
            (StoredRef::Real(one), StoredRef::Integer(other)) => one < other as f64,
            (StoredRef::Real(one), StoredRef::Real(other)) => one < other,
            (StoredRef::Text(one), StoredRef::Text(other)) => {
                one != other && one.to_ascii_lowercase() <= other.to_ascii_lowercase()
            }
            (one, _) => !matches!(one, StoredRef::Text(_)),
        }
    }

    /// Reads any spelling; returns the instant, and what a column stores for the text.
    /// Text that is a number becomes one, an integer if it is whole, because the column
    /// has NUMERIC affinity. Blanks around other text are left out: with them two texts
    /// of one spelling would differ.
    pub(crate) fn from_text(text: &'a str) -> Result<(Timestamp, Self)> {
        let instant: Timestamp = text.parse()?;
        let trimmed = text.trim();
        if let Ok(number) = trimmed.parse() {
            return Ok((instant, StoredRef::Integer(number)));
        }
        let Some(number) = number_in(trimmed) else {
            return Ok((instant, StoredRef::Text(trimmed)));
        };
        let whole = number as i64;
        let stored = match whole as f64 == number && whole != i64::MAX && whole != i64::MIN {
            true => StoredRef::Integer(whole),
            false => StoredRef::Real(number),
        };
        let read = match stored {
            StoredRef::Integer(whole) => Timestamp::from_integer(whole),
            _ => Timestamp::from_real(number)?,
        };
        // A double may lie across the half microsecond at which the digits are rounded.
        if read == instant {
            Ok((instant, stored))
        } else {
            Ok((instant, instant.to_seconds()?))
        }
    }

    /// Returns the timestamp as an SQL literal, for a message.
    pub(crate) fn to_literal(self) -> String {
        match self {
            StoredRef::Text(text) => format!("'{}'", excerpt(&text.replace('\'', "''"))),
            number => number.to_string(),
        }
    }

    /// Returns `true` if this is a number of seconds.
    pub(crate) fn is_seconds(self) -> bool {
        match self {
            StoredRef::Integer(number) => number.unsigned_abs() < SECONDS_LIMIT.unsigned_abs(),
            StoredRef::Real(number) => number.abs() < SECONDS_LIMIT as f64,
            StoredRef::Text(_) => false,
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

impl Timestamp {
    /// Returns what the store itself writes for this instant: a number of seconds, an
    /// integer if they are whole.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if the number would be read back as another
    /// instant: it is 1e11 or more either way, which reads as milliseconds, or its
    /// fraction is too fine for its size.
    pub(crate) fn to_seconds(self) -> Result<StoredRef<'static>> {
        let micros = self.as_micros();
        let (whole, fraction) = (micros.div_euclid(MICROS), micros.rem_euclid(MICROS));
        if whole.unsigned_abs() >= SECONDS_LIMIT.unsigned_abs() {
            return Err(invalid(
                &self.to_string(),
                "it lies after the year 5138 or before -1199",
            ));
        }
        if fraction == 0 {
            return Ok(StoredRef::Integer(whole));
        }
        let real = micros as f64 / 1e6;
        if Timestamp::from_real(real)? == self {
            Ok(StoredRef::Real(real))
        } else {
            Err(invalid(
                &self.to_string(),
                "a fraction this fine cannot be stored so far from 1970",
            ))
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Timestamp::parse_in(text, TimeUnit::Auto)
    }
}

impl fmt::Display for StoredRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredRef::Integer(number) => write!(f, "{number}"),
            StoredRef::Real(number) => f.write_str(&python_repr(*number)),
            StoredRef::Text(text) => f.write_str(text),
        }
    }
}

/// Returns `instant` as text in the spelling of `sample`, finer if it needs to be;
/// `None` if there is no such text, as outside the years 0000 to 9999.
pub(crate) fn like(sample: &str, instant: Timestamp) -> Option<String> {
    let offset = Pieces::parse(sample).ok()?.to_numeric_offset();
    let offset = offset.map_or(0, |offset| i64::from(offset.seconds()));
    let micros = instant.as_micros().checked_add(offset * MICROS)?;
    let local = Timestamp::from_micros(micros);
    // `2024-01-03`, ` 12:00:00.25`, `+02:00`: all but the first may be missing.
    let time = sample.get(10..)?;
    let zone = time.find(['Z', 'z', '+', '-', '[']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let given = time.split_once(['.', ',']).map_or(0, |(_, f)| f.len());
    let digits = match micros.rem_euclid(10_i64.pow(6_u32.saturating_sub(given as u32))) {
        0 => given,
        _ => 6,
    };
    let separator = time.chars().next();
    let mut text = local.iso_text(separator.unwrap_or(' '), digits.min(6))?;
    text.extend(std::iter::repeat_n('0', digits.saturating_sub(6)));
    if let Some(date) = text.strip_suffix(" 00:00:00")
        && separator.is_none()
    {
        text.truncate(date.len());
    } else if let Some(minutes) = text.strip_suffix(":00")
        && time.matches(':').count() == 1
    {
        text.truncate(minutes.len());
    }
    text.push_str(zone);
    let read = Timestamp::from_stored_text(&text).ok();
    (read == Some(instant)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_spelled_like_the_one_before() {
        for (sample, ts, wanted) in [
            (
                "2024-01-03 12:00",
                "2024-01-04T01:05:00Z",
                "2024-01-04 01:05",
            ),
            (
                "2024-01-03 12:00",
                "2024-01-04T01:05:07Z",
                "2024-01-04 01:05:07",
            ),
            (
                "2024-01-03 12:00",
                "2024-01-04T01:05:00.5Z",
                "2024-01-04 01:05:00.500000",
            ),
            (
                "2024-01-03T12:00:00",
                "2024-01-04T01:05:00Z",
                "2024-01-04T01:05:00",
            ),
            (
                "2024-01-03T12:00:00Z",
                "2024-01-04T01:05:00.25Z",
                "2024-01-04T01:05:00.250000Z",
            ),
            (
                "2024-01-03T12:00:00.250Z",
                "2024-01-04T01:05:00Z",
                "2024-01-04T01:05:00.000Z",
            ),
            (
                "2024-01-03T12:00:00.25",
                "2024-01-04T01:05:00.123456Z",
                "2024-01-04T01:05:00.123456",
            ),
            (
                "2024-01-03T12:00:00.250000000Z",
                "2024-01-04T01:05Z",
                "2024-01-04T01:05:00.000000000Z",
            ),
            (
                "2024-01-03 12:00:00+00:00",
                "2024-01-04T01:05:00Z",
                "2024-01-04 01:05:00+00:00",
            ),
            (
                "2024-01-03 12:00-05:30",
                "2024-01-04T01:05:00Z",
                "2024-01-03 19:35-05:30",
            ),
            (
                "2024-01-03 12:00+0200",
                "2024-01-04T23:05:00Z",
                "2024-01-05 01:05+0200",
            ),
            ("2024-01-03", "2024-01-04", "2024-01-04"),
            ("2024-01-03", "2024-01-04T01:05:00Z", "2024-01-04 01:05:00"),
            (
                "2024-01-03",
                "2024-01-04T01:05:00.5Z",
                "2024-01-04 01:05:00.500000",
            ),
            ("2024-01-03T12:00:00Z", "-1", "1969-12-31T23:59:59Z"),
        ] {
            let written = StoredRef::from_text(ts).ok();
            let written = written.and_then(|(ts, _)| like(sample, ts));
            assert_eq!(written.as_deref(), Some(wanted), "{sample}");
        }
        assert_eq!(like("someday", Timestamp::from_integer(0)), None);
        assert_eq!(like("2024-01-03", Timestamp::MAX), None);
    }
}
