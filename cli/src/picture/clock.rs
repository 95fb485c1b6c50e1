//! The axis of time: round instants of UTC, and their labels.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span as Length, Timestamp as Instant};
use satori_store::Timestamp;

use super::columns::Span;
use super::scale::Tick;

/// How far ticks are apart.
#[derive(Clone, Copy, Debug)]
enum Step {
    Micros(i64),
    Days(i64),
    Months(i32),
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The steps and about how long they are, the shortest first.
fn steps() -> impl Iterator<Item = (Step, i64)> {
    let fractions = (0..6).flat_map(|power| {
        let power = 10_i64.pow(power);
        [1, 2, 5].map(|times| times * power)
    });
    let seconds = [1, 2, 5, 10, 15, 30].map(|seconds| seconds * SECOND);
    let minutes = [1, 2, 5, 10, 15, 30].map(|minutes| minutes * 60 * SECOND);
    let hours = [1, 2, 3, 6, 12].map(|hours| hours * 3_600 * SECOND);
    let micros = fractions.chain(seconds).chain(minutes).chain(hours);
    let micros = micros.map(|micros| (Step::Micros(micros), micros));
    let days = [1, 2, 7, 14].map(|days| (Step::Days(days), days * DAY));
    let months = [1, 2, 3, 6].into_iter();
    let years = (0..4).flat_map(|power| {
        let power = 10_i32.pow(power);
        [1, 2, 5].map(|times| times * power * 12)
    });
    let months = months.chain(years);
    let months = months.map(|months| (Step::Months(months), i64::from(months) * 30 * DAY));
    micros.chain(days).chain(months)
}

/// Returns round instants in the range, at most `most`. Instants that no calendar has get none.
pub(crate) fn ticks(span: Span, most: usize) -> Vec<Tick> {
    let Some((from, to)) = civil(span.from).zip(civil(span.to)) else {
        return Vec::new();
    };
    let width = span.to.as_micros().saturating_sub(span.from.as_micros());
    let fitting = steps().filter(|(_, length)| width / length <= 4 * most as i64 + 1);
    for (step, _) in fitting {
        let ticks = ticks_of(step, from, to, span);
        if ticks.len() <= most {
            return ticks;
        }
    }
    Vec::new()
}

/// Returns the instants of one step in the range.
fn ticks_of(step: Step, from: DateTime, to: DateTime, span: Span) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut next = floor(step, from);
    while let Some(at) = next.filter(|at| *at <= to) {
        if let Some(ts) = micros(at).filter(|ts| span.contains(*ts)) {
            ticks.push(Tick {
                part: span.part(ts),
                label: label(step, at),
            });
        }
        let length = match step {
            Step::Micros(micros) => Length::new().try_microseconds(micros),
            Step::Days(days) => Length::new().try_days(days),
            Step::Months(months) => Length::new().try_months(months),
        };
        next = length.and_then(|length| at.checked_add(length)).ok();
    }
    ticks
}

/// Returns the last instant of the step that is not later.
fn floor(step: Step, at: DateTime) -> Option<DateTime> {
    match step {
        Step::Micros(length) => {
            let micros = micros(at)?.as_micros();
            civil(Timestamp::from_micros(micros.div_euclid(length) * length))
        }
        // Weeks begin on Monday; the first day of 1970 is a Thursday.
        Step::Days(days) => {
            let number = micros(at)?.as_micros().div_euclid(DAY);
            let begin = match days % 7 {
                0 => (number + 3).div_euclid(days) * days - 3,
                _ => number.div_euclid(days) * days,
            };
            civil(Timestamp::from_micros(begin * DAY))
        }
        Step::Months(months) => {
            let number = i32::from(at.year()) * 12 + i32::from(at.month()) - 1;
            let begin = number.div_euclid(months) * months;
            let year = i16::try_from(begin.div_euclid(12)).ok()?;
            let month = i8::try_from(begin.rem_euclid(12) + 1).ok()?;
            DateTime::new(year, month, 1, 0, 0, 0, 0).ok()
        }
    }
}

/// Returns the label of a tick, as exact as its step. Midnight has its date.
fn label(step: Step, at: DateTime) -> String {
    let (date, time) = (at.date(), at.time());
    let is_midnight = time == jiff::civil::Time::midnight();
    match step {
        Step::Months(months) if months % 12 == 0 => format!("{:04}", at.year()),
        Step::Months(_) => format!("{:04}-{:02}", at.year(), at.month()),
        Step::Days(_) => date.to_string(),
        Step::Micros(_) if is_midnight => date.to_string(),
        Step::Micros(length) if length % (60 * SECOND) == 0 => {
            format!("{:02}:{:02}", at.hour(), at.minute())
        }
        // Its fraction is as long as it need be.
        Step::Micros(_) => time.to_string(),
    }
}

fn civil(ts: Timestamp) -> Option<DateTime> {
    let instant = Instant::from_microsecond(ts.as_micros()).ok()?;
    Some(TimeZone::UTC.to_datetime(instant))
}

fn micros(at: DateTime) -> Option<Timestamp> {
    let instant = TimeZone::UTC.to_timestamp(at).ok()?;
    Some(Timestamp::from_micros(instant.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: &str, to: &str, most: usize) -> Vec<String> {
        let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else {
            return vec!["no instant".to_owned()];
        };
        let span = Span { from, to };
        let ticks = ticks(span, most);
        assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.part)));
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels("2012-01-31", "2024-12-31", 8),
            ["2014", "2016", "2018", "2020", "2022", "2024"]
        );
        assert_eq!(
            labels("2024-01-31", "2024-07-10", 6),
            [
                "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07"
            ]
        );
        assert_eq!(
            labels("2024-01-03", "2024-01-25", 4),
            ["2024-01-08", "2024-01-15", "2024-01-22"],
            "Mondays"
        );
        assert_eq!(
            labels("2024-01-03 20:00", "2024-01-04 09:00", 6),
            ["21:00", "2024-01-04", "03:00", "06:00", "09:00"]
        );
        assert_eq!(
            labels("2024-01-03 20:00:01", "2024-01-03 20:00:02", 3),
            ["20:00:01", "20:00:01.5", "20:00:02"]
        );
        assert_eq!(
            labels("1066-10-14", "1969-12-31", 4),
            ["1200", "1400", "1600", "1800"]
        );
    }

    #[test]
    fn the_widest_and_the_narrowest_range_have_ticks_or_none() {
        let all = Span {
            from: Timestamp::MIN,
            to: Timestamp::MAX,
        };
        assert!(ticks(all, 5).len() <= 5);
        assert_eq!(
            labels("2024-01-03 12:00", "2024-01-03 12:00", 3),
            ["12:00:00"]
        );
        assert!(labels("0001-01-01", "9999-01-01", 6).len() >= 2);
    }
}
