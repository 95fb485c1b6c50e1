//! Instants: every spelling that is read, the one that is written.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use super::error::{Error, Result, excerpt};
use super::plain_iso;
use super::rounding::{self, Decimal};
use super::time_unit::TimeUnit;

/// A number from here on is read as milliseconds, not as seconds.
pub(crate) const SECONDS_LIMIT: i64 = 100_000_000_000;
pub(crate) const MICROS: i64 = 1_000_000;
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);
const OUT_OF_RANGE: &str = "the number is out of range";
const HOUR: i64 = 3_600 * MICROS;

/// An instant in UTC: microseconds since 1970-01-01 00:00:00 UTC.
///
/// It is read from Unix seconds (integer, decimal or numeric text); from
/// milli-, micro- or nanoseconds, recognised by their magnitude (at or above 1e11,
/// 1e14, 1e17); and from ISO 8601 text with a space or `T`, with or without
/// seconds, fraction, `Z` or offset. Text without an offset is UTC. A second 60 and an
/// hour 24 are refused. [`TimeUnit`] names the unit where the magnitude misleads.
///
/// What is finer than a microsecond is rounded to the nearest one, and a half to the
/// later: in every way in alike, before 1970 as after. Text and integers are exact. A
/// double counts at the value that it has.
///
/// ```
/// use satori_store::Timestamp;
///
/// let noon: Timestamp = "2024-01-03 12:00".parse()?;
/// for text in ["2024-01-03T12:00:00Z", "2024-01-03T13:00+01:00", "1704283200", "1704283200000"] {
///     assert_eq!(text.parse::<Timestamp>()?, noon);
/// }
/// assert_eq!(noon.as_micros(), 1_704_283_200_000_000);
/// assert_eq!(noon.to_string(), "2024-01-03T12:00:00Z");
/// # Ok::<(), satori_store::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The latest instant.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// Converts from microseconds since 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Timestamp(micros)
    }

    /// Converts from nanoseconds since 1970-01-01 UTC, to the nearest microsecond.
    #[cfg(feature = "arrow")]
    pub(crate) fn from_nanos(nanos: i64) -> Self {
        Timestamp(rounding::divided(nanos, 1_000))
    }

    /// Returns the microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the present instant, by the system's clock.
    pub fn now() -> Self {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        };
        Timestamp(micros)
    }

    /// Returns the instant that lies `duration` before this one, [`MIN`](Self::MIN) at
    /// the earliest.
    pub fn before(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(micros))
    }

    /// Converts from a whole number of seconds, milli-, micro- or nanoseconds,
    /// recognised by its magnitude.
    ///
    /// Every `i64` is an instant.
    pub fn from_integer(number: i64) -> Self {
        Timestamp(match number.unsigned_abs() {
            0..100_000_000_000 => number * MICROS,
            100_000_000_000..100_000_000_000_000 => number * 1_000,
            100_000_000_000_000..100_000_000_000_000_000 => number,
            _ => rounding::divided(number, 1_000),
        })
    }

    /// Converts from a whole number of `unit`.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if the instant lies beyond microseconds in 64 bits.
    pub fn from_integer_in(number: i64, unit: TimeUnit) -> Result<Self> {
        let micros = match unit {
            TimeUnit::Auto => Some(Self::from_integer(number).0),
            TimeUnit::Seconds => number.checked_mul(MICROS),
            TimeUnit::Milliseconds => number.checked_mul(1_000),
            TimeUnit::Microseconds => Some(number),
            TimeUnit::Nanoseconds => Some(rounding::divided(number, 1_000)),
        };
        micros
            .map(Timestamp)
            .ok_or_else(|| invalid(&number.to_string(), OUT_OF_RANGE))
    }

    /// Converts from a decimal number of seconds, milli-, micro- or nanoseconds,
    /// recognised by its magnitude.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if the number is NaN, infinite, or too large for
    /// nanoseconds in 64 bits.
    pub fn from_real(number: f64) -> Result<Self> {
        Self::from_real_in(number, TimeUnit::Auto)
    }

    /// Converts from a decimal number of `unit`.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if the number is NaN, infinite, or the instant lies
    /// beyond microseconds in 64 bits.
    pub fn from_real_in(number: f64, unit: TimeUnit) -> Result<Self> {
        let micros = match unit.of(number.abs() as u128) {
            TimeUnit::Auto | TimeUnit::Seconds if number.abs() < SECONDS_LIMIT as f64 => {
                // The whole is scaled by itself, because the product may have more digits
                // than a double.
                let whole = number.trunc();
                let fraction = rounding::multiplied(number - whole, 1e6);
                return Ok(Timestamp(whole as i64 * MICROS + fraction as i64));
            }
            TimeUnit::Auto | TimeUnit::Seconds => rounding::multiplied(number, 1e6),
            TimeUnit::Milliseconds => rounding::multiplied(number, 1e3),
            TimeUnit::Microseconds => rounding::multiplied(number, 1.0),
            TimeUnit::Nanoseconds => rounding::quotient(number, 1e3),
        };
        // Nanoseconds that are recognised by their magnitude end where 64 bits do.
        let beyond = unit == TimeUnit::Auto && number.abs() > i64::MAX as f64;
        if micros.abs() <= i64::MAX as f64 && !beyond {
            Ok(Timestamp(micros as i64))
        } else {
            Err(invalid(&number.to_string(), OUT_OF_RANGE))
        }
    }

    /// Reads text as [`FromStr`](std::str::FromStr) does, but numbers as numbers of `unit`.
    ///
    /// ```
    /// use satori_store::{TimeUnit, Timestamp};
    ///
    /// let day = Timestamp::parse_in("86400000", TimeUnit::Milliseconds)?;
    /// assert_eq!(day, "1970-01-02".parse()?);
    /// assert_eq!(Timestamp::parse_in("1970-01-02", TimeUnit::Milliseconds)?, day);
    /// # Ok::<(), satori_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if it can't be read, or the instant lies beyond
    /// microseconds in 64 bits.
    pub fn parse_in(text: &str, unit: TimeUnit) -> Result<Self> {
        let trimmed = text.trim();
        if let Ok(number) = trimmed.parse() {
            return Self::from_integer_in(number, unit).map_err(|_| invalid(text, OUT_OF_RANGE));
        }
        let Some(number) = number_in(trimmed) else {
            return Self::from_stored_text(trimmed);
        };
        let Some(decimal) = Decimal::parse(trimmed) else {
            return Self::from_real_in(number, unit).map_err(|_| invalid(text, OUT_OF_RANGE));
        };
        let magnitude = decimal.magnitude();
        let beyond = unit == TimeUnit::Auto && magnitude > i64::MAX as u128 + 1;
        let exponent = unit.of(magnitude).exponent();
        match decimal.scaled(exponent) {
            Some(micros) if !beyond => Ok(Timestamp(micros)),
            _ => Err(invalid(text, OUT_OF_RANGE)),
        }
    }

    /// Reads text as [`FromStr`](std::str::FromStr) does, but only in spellings that stay
    /// text in a column and sort by their date: without blanks around, and no plain
    /// numbers (a column of NUMERIC affinity stores those as numbers).
    pub(crate) fn from_stored_text(text: &str) -> Result<Self> {
        let bytes = text.as_bytes();
        if let Some(micros) = plain_iso::micros(bytes) {
            return Ok(Timestamp(micros));
        }
        let dated =
            bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-';
        if !dated {
            return Err(invalid(text, "expected a date such as 2024-01-03"));
        }
        let pieces = Pieces::parse(text).map_err(|_| {
            invalid(
                text,
                "expected ISO 8601, such as 2024-01-03T12:00:00Z, or Unix seconds",
            )
        })?;
        if pieces.time_zone_annotation().is_some() {
            return Err(invalid(
                text,
                "an offset can be read, the name of a time zone cannot",
            ));
        }
        if is_second_60(&text[10..]) {
            return Err(invalid(
                text,
                "a minute has the seconds 0 to 59: a leap second needs the instant that it stands for",
            ));
        }
        let local = pieces.date().to_datetime(pieces.time().unwrap_or_default());
        let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
        // Not by jiff's own timestamp, which ends a day before the year 9999 does.
        let since = local.duration_since(EPOCH);
        let seconds = since.as_secs() - i64::from(offset.seconds());
        let micros = rounding::divided(i64::from(since.subsec_nanos()), 1_000);
        Ok(Timestamp(seconds * MICROS + micros))
    }

    /// Returns the date in UTC, `hours` later, as text that sorts as the dates in a
    /// column of text timestamps do; `None` outside the years 0000 to 9999.
    pub(crate) fn date_text(self, hours: i64) -> Option<String> {
        let moved = Timestamp(self.0.saturating_add(hours * HOUR));
        moved.civil().map(|moment| moment.date().to_string())
    }

    /// Returns ISO 8601 text in UTC without `Z`, with `separator` between date and time
    /// and `digits` digits of a second's fraction, six at most; `None` outside the years
    /// 0000 to 9999.
    pub(crate) fn iso_text(self, separator: char, digits: usize) -> Option<String> {
        let moment = self.civil()?;
        // By hand, because whole lists of streams are spelled: a format that is read anew for
        // each takes five times as long.
        let mut text = String::with_capacity(26);
        let mut push = |before: Option<char>, number: i64, digits: usize| {
            text.extend(before);
            for place in (0..digits as u32).rev() {
                let digit = number / 10_i64.pow(place) % 10;
                text.push(char::from(b'0' + digit as u8));
            }
        };
        push(None, moment.year().into(), 4);
        push(Some('-'), moment.month().into(), 2);
        push(Some('-'), moment.day().into(), 2);
        push(Some(separator), moment.hour().into(), 2);
        push(Some(':'), moment.minute().into(), 2);
        push(Some(':'), moment.second().into(), 2);
        if digits > 0 {
            let fraction = i64::from(moment.subsec_nanosecond()) * 10_i64.pow(digits as u32);
            push(Some('.'), fraction / 1_000_000_000, digits);
        }
        Some(text)
    }

    fn civil(self) -> Option<DateTime> {
        let moment = EPOCH
            .checked_add(SignedDuration::from_micros(self.0))
            .ok()?;
        (moment.year() >= 0).then_some(moment)
    }
}

impl fmt::Display for Timestamp {
    /// Writes ISO 8601 in UTC with `Z`, with six digits of fraction if there is one;
    /// outside the years 0000 to 9999, seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.0 % MICROS == 0 { 0 } else { 6 };
        match self.iso_text('T', digits) {
            Some(text) => write!(f, "{text}Z"),
            None => write!(f, "{}", self.0 as f64 / 1e6),
        }
    }
}

impl serde::Serialize for Timestamp {
    /// Writes the text of [`Display`](fmt::Display).
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns `true` if the time behind a date, such as `T12:00:60Z`, has the second 60, which
/// the parser takes for 59.
fn is_second_60(time: &str) -> bool {
    let time = time.split(['.', ',', 'Z', 'z', '+', '-', '[']).next();
    let digits = time.unwrap_or_default().bytes().filter(u8::is_ascii_digit);
    digits.skip(4).eq(*b"60")
}

/// Returns the number that text is. Rust's parser also reads words, such as `nan`.
pub(super) fn number_in(text: &str) -> Option<f64> {
    let numeric = |b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    match text.bytes().all(numeric) {
        true => text.parse().ok(),
        false => None,
    }
}

pub(crate) fn invalid(text: &str, reason: &'static str) -> Error {
    Error::InvalidTimestamp {
        text: excerpt(text),
        reason,
    }
}
