//! Steps: how time is cut into pieces of one length.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, date};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp as Moment};

use super::error::{Error, Result, excerpt};
use super::time::{self, Timestamp};

const EPOCH: Date = date(1970, 1, 1);
/// 1970-01-01 was a Thursday: the third day of a week that begins on Monday, from 0.
const WEEKDAY_OF_EPOCH: i64 = 3;
const ZERO: &str = "it must be longer than nothing";
const NOT_READ: &str =
    "expected a length of time, such as 15m, 1h, 1d, 1w, 1mo or 1d[Europe/Berlin]";
const MIXED: &str = "days and weeks, months and years, and what is shorter can't be mixed";
const TOO_LONG: &str = "it is too long";
const TOO_FINE: &str = "it must be whole microseconds";

/// A length of time into which a stream's time is cut: so many hours, days or months.
///
/// Steps of hours and shorter begin at multiples of their length since 1970-01-01 00:00 UTC.
/// Days begin at midnight, weeks on Monday, months on the first, in UTC or in the time zone
/// that is named. Several days count from 1970-01-01, several weeks from the Monday before it,
/// several months from January of the year 0. A day in a time zone may have 23 or 25 hours.
/// If the clocks skip midnight, the day begins at the first instant after the gap's begin.
///
/// As text it is a number and a unit, the short or the long word, or a duration of ISO 8601:
/// `15m`, `1 hour`, `1d`, `2 weeks`, `1mo` (`m` is a minute), `3 months`, `1y`, `PT90S`. A time
/// zone of the IANA database stands behind it in brackets: `1d[Europe/Berlin]`. The database is
/// the system's (on Windows one that is compiled in).
///
/// ```
/// use satori_store::Step;
///
/// let day: Step = "1d[Europe/Berlin]".parse()?;
/// // The clocks went forward that night.
/// let (start, end) = day.around("2024-03-31 12:00".parse()?)?;
/// assert_eq!(start.to_string(), "2024-03-30T23:00:00Z");
/// assert_eq!(end.to_string(), "2024-03-31T22:00:00Z");
/// # Ok::<(), satori_store::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Step(Length);

#[derive(Clone, Debug)]
enum Length {
    /// Microseconds.
    Fixed(i64),
    Calendar(Calendar),
}

#[derive(Clone, Debug)]
struct Calendar {
    unit: CalendarUnit,
    zone: TimeZone,
}

#[derive(Clone, Copy, Debug)]
enum CalendarUnit {
    Days(i64),
    /// Days that count from a Monday.
    Weeks(i64),
    Months(i64),
}

impl Step {
    /// Returns a step of this duration, cut in UTC.
    ///
    /// # Errors
    /// [`Error::InvalidStep`] if it is zero, longer than 292,000 years, or not whole
    /// microseconds.
    pub fn every(duration: Duration) -> Result<Self> {
        let refuse = |reason| Err(invalid(&format!("{duration:?}"), reason));
        match i64::try_from(duration.as_micros()) {
            Err(_) => refuse(TOO_LONG),
            Ok(_) if !duration.subsec_nanos().is_multiple_of(1_000) => refuse(TOO_FINE),
            Ok(0) => refuse(ZERO),
            Ok(micros) => Ok(Self(Length::Fixed(micros))),
        }
    }

    /// Returns the step around an instant: where it begins, and where the next one begins.
    /// Both are cut off at the earliest and the latest [`Timestamp`], and so is a step of days or
    /// months that begins before the calendar does, or ends after it.
    ///
    /// # Errors
    /// [`Error::InvalidTimestamp`] if the step is of days or months, and the instant lies
    /// outside of the years -9998 to 9998.
    pub fn around(&self, ts: Timestamp) -> Result<(Timestamp, Timestamp)> {
        match &self.0 {
            Length::Fixed(micros) => {
                let (micros, ts) = (i128::from(*micros), i128::from(ts.as_micros()));
                let start = ts.div_euclid(micros) * micros;
                Ok((cut_off(start), cut_off(start + micros)))
            }
            Length::Calendar(calendar) => calendar.around(ts).ok_or_else(|| {
                time::invalid(&ts.to_string(), "the calendar has the years -9998 to 9998")
            }),
        }
    }
}

impl FromStr for Step {
    type Err = Error;

    /// Reads a step.
    ///
    /// # Errors
    /// [`Error::InvalidStep`] if it can't be read, is zero or negative, mixes units of which
    /// one is no multiple of the other, names a time zone that the system doesn't know, or
    /// one with hours and shorter, which are cut in UTC.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = |reason| invalid(text, reason);
        let (length, zone) = match text.trim().strip_suffix(']') {
            Some(rest) => {
                let (length, zone) = rest.split_once('[').ok_or_else(|| refuse(NOT_READ))?;
                (length, Some(zone))
            }
            None => (text, None),
        };
        let span: Span = length.trim().parse().map_err(|_| refuse(NOT_READ))?;
        if span.is_negative() || span.is_zero() {
            return Err(refuse(ZERO));
        }
        let unit = match calendar_unit(&span) {
            Ok(unit) => unit,
            Err(Some(reason)) => return Err(refuse(reason)),
            Err(None) if zone.is_some() => {
                return Err(refuse(
                    "hours and what is shorter are cut in UTC: a time zone needs days or months",
                ));
            }
            Err(None) => {
                let duration = Duration::try_from(span).map_err(|_| refuse(TOO_LONG))?;
                return Self::every(duration).map_err(|error| match error {
                    Error::InvalidStep { reason, .. } => refuse(reason),
                    error => error,
                });
            }
        };
        let zone = zone.map_or(Ok(TimeZone::UTC), TimeZone::get).map_err(|_| {
            refuse("the system has no time zone of this name (Debian: the package tzdata)")
        })?;
        Ok(Self(Length::Calendar(Calendar { unit, zone })))
    }
}

/// Returns the calendar's unit that a span counts. The error is `None` if it counts hours or
/// what is shorter, else why it can't be a step.
fn calendar_unit(span: &Span) -> std::result::Result<CalendarUnit, Option<&'static str>> {
    let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
    let (weeks, days) = (i64::from(span.get_weeks()), i64::from(span.get_days()));
    let is_shorter = !span.years(0).months(0).weeks(0).days(0).is_zero();
    match (months, weeks, days, is_shorter) {
        (0, 0, 0, _) => Err(None),
        (months, 0, 0, false) => Ok(CalendarUnit::Months(months)),
        (0, weeks, 0, false) => Ok(CalendarUnit::Weeks(weeks)),
        (0, weeks, days, false) => Ok(CalendarUnit::Days(weeks * 7 + days)),
        _ => Err(Some(MIXED)),
    }
}

impl Calendar {
    /// Returns the step around an instant; `None` beyond the calendar's end.
    fn around(&self, ts: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let moment = Moment::from_microsecond(ts.as_micros()).ok()?;
        let mut number = self.number(self.zone.to_datetime(moment).date());
        // A step may begin before the calendar does, or end after it.
        let mut start = self.start(number).unwrap_or(Timestamp::MIN);
        let end_of = |number| self.start(number + 1).unwrap_or(Timestamp::MAX);
        let mut end = end_of(number);
        // If the clocks go back over midnight, the day before comes once more.
        while ts >= end {
            number += 1;
            (start, end) = (end, end_of(number));
        }
        Some((start, end))
    }

    /// Returns the number of the step in which a date lies.
    fn number(&self, date: Date) -> i64 {
        let days = || date.duration_since(EPOCH).as_hours() / 24;
        match self.unit {
            CalendarUnit::Days(count) => days().div_euclid(count),
            CalendarUnit::Weeks(count) => (days() + WEEKDAY_OF_EPOCH).div_euclid(7 * count),
            CalendarUnit::Months(count) => {
                (i64::from(date.year()) * 12 + i64::from(date.month()) - 1).div_euclid(count)
            }
        }
    }

    /// Returns where a step begins: at the first midnight of its first day.
    fn start(&self, number: i64) -> Option<Timestamp> {
        let after = |days: i64| EPOCH.checked_add(Span::new().try_days(days).ok()?).ok();
        let date = match self.unit {
            CalendarUnit::Days(count) => after(number.checked_mul(count)?),
            CalendarUnit::Weeks(count) => after(
                number
                    .checked_mul(7 * count)?
                    .checked_sub(WEEKDAY_OF_EPOCH)?,
            ),
            CalendarUnit::Months(count) => {
                let months = number.checked_mul(count)?;
                let year = i16::try_from(months.div_euclid(12)).ok()?;
                Date::new(year, months.rem_euclid(12) as i8 + 1, 1).ok()
            }
        }?;
        let midnight = self.zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
        let is_skipped = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
        let mut midnight = midnight.compatible().ok()?;
        if is_skipped {
            // The gap may have begun the evening before.
            let next = midnight.checked_add(SignedDuration::from_nanos(1)).ok()?;
            midnight = self.zone.preceding(next).next()?.timestamp();
        }
        Some(Timestamp::from_micros(midnight.as_microsecond()))
    }
}

fn cut_off(micros: i128) -> Timestamp {
    let micros = micros.clamp(i64::MIN.into(), i64::MAX.into());
    Timestamp::from_micros(micros as i64)
}

fn invalid(text: &str, reason: &'static str) -> Error {
    Error::InvalidStep {
        text: excerpt(text),
        reason,
    }
}
