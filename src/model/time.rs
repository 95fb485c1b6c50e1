//! Instants: every spelling that is read, the one that is written.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use super::error::{Error, Result, excerpt};

/// A number from here on is read as milliseconds, not as seconds.
pub(crate) const SECONDS_LIMIT: i64 = 100_000_000_000;
pub(crate) const MICROS: i64 = 1_000_000;
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);
const HOUR: i64 = 3_600 * MICROS;

/// An instant in UTC: microseconds since 1970-01-01 00:00:00 UTC.
///
/// It is read from Unix seconds (integer, decimal or numeric text); from
/// milli-, micro- or nanoseconds, recognised by their magnitude (at or above 1e11,
/// 1e14, 1e17); and from ISO 8601 text with a space or `T`, with or without
/// seconds, fraction, `Z` or offset. Text without an offset is UTC. Fractions are
/// rounded to the nearest microsecond.
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
        Timestamp(round_div(nanos, 1_000))
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
            _ => round_div(number, 1_000),
        })
    }

    /// Converts from a decimal number of seconds, milli-, micro- or nanoseconds,
    /// recognised by its magnitude.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if the number is NaN, infinite, or too large for
    /// nanoseconds in 64 bits.
    pub fn from_real(number: f64) -> Result<Self> {
        let magnitude = number.abs();
        let micros = if magnitude < 1e11 {
            // The fraction is scaled apart from the whole, so that the product's
            // rounding can't reach the microsecond.
            let whole = number.trunc();
            whole * 1e6 + ((number - whole) * 1e6).round()
        } else if magnitude < 1e14 {
            (number * 1e3).round()
        } else if magnitude < 1e17 {
            number.round()
        } else {
            (number / 1e3).round()
        };
        if magnitude <= i64::MAX as f64 {
            Ok(Timestamp(micros as i64))
        } else {
            Err(invalid(&number.to_string(), "the number is out of range"))
        }
    }

    /// Reads text as [`FromStr`](std::str::FromStr) does, but only in spellings that stay
    /// text in a column and sort by their date: without blanks around, and no plain
    /// numbers (a column of NUMERIC affinity stores those as numbers).
    pub(crate) fn from_stored_text(text: &str) -> Result<Self> {
        let bytes = text.as_bytes();
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
        let local = pieces.date().to_datetime(pieces.time().unwrap_or_default());
        let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
        // Not by jiff's own timestamp, which ends a day before the year 9999 does.
        let since = local.duration_since(EPOCH);
        let seconds = since.as_secs() - i64::from(offset.seconds());
        let micros = round_div(i64::from(since.subsec_nanos()), 1_000);
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
        let mut text = moment.strftime("%Y-%m-%d %H:%M:%S").to_string();
        text.replace_range(10..11, separator.encode_utf8(&mut [0; 4]));
        if digits > 0 {
            let fraction = format!(".{:06}", moment.subsec_nanosecond() / 1_000);
            text.push_str(&fraction[..=digits]);
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

pub(crate) fn invalid(text: &str, reason: &'static str) -> Error {
    Error::InvalidTimestamp {
        text: excerpt(text),
        reason,
    }
}

/// Divides, rounding to the nearest whole number, halves up.
fn round_div(number: i64, by: i64) -> i64 {
    number.div_euclid(by) + i64::from(number.rem_euclid(by) * 2 >= by)
}
