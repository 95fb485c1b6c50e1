//! Timestamps in text, against a second reader that knows the plain spellings alone.

use arbitrary::{Arbitrary, Unstructured};
use satori_store::Timestamp;

/// A moment as it is spelled, for inputs that random text would seldom reach.
#[derive(Arbitrary, Debug)]
struct Spelled {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: Option<u8>,
    fraction: Option<u32>,
    offset: Option<i16>,
    letter: bool,
}

/// Reads the text with both readers: what the plain one reads, the store reads likewise.
pub(crate) fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        compare(text);
    }
    if let Ok(spelled) = Spelled::arbitrary(&mut Unstructured::new(data)) {
        compare(&spelled.text());
    }
}

impl Spelled {
    fn text(&self) -> String {
        // Fields are sometimes out of range by one, which both must refuse.
        let mut text = format!(
            "{:04}-{:02}-{:02}{}{:02}:{:02}",
            self.year % 10_000,
            self.month % 14,
            self.day % 33,
            if self.letter { 'T' } else { ' ' },
            self.hour % 25,
            self.minute % 61,
        );
        if let Some(second) = self.second {
            text += &format!(":{:02}", second % 61);
            if let Some(fraction) = self.fraction {
                text += &format!(".{fraction}");
            }
        }
        match self.offset {
            Some(0) => text.push('Z'),
            Some(offset) => {
                let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
                text += &format!("{sign}{:02}:{:02}", offset / 60 % 24, offset % 60);
            }
            None => {}
        }
        text
    }
}

fn compare(text: &str) {
    let read = text.parse::<Timestamp>().ok();
    if let Some(expected) = plain(text) {
        assert_eq!(read.map(Timestamp::as_micros), expected, "{text:?}");
    }
    // What it writes it reads again, as long as it writes a date.
    if let Some(read) = read
        && read.to_string().ends_with('Z')
    {
        assert_eq!(
            read.to_string().parse::<Timestamp>().ok(),
            Some(read),
            "{text:?}"
        );
    }
}

/// Reads whole numbers, and dates with a time. Returns `None` for what it doesn't know, and
/// `Some(None)` for what is of a known form but no instant.
fn plain(text: &str) -> Option<Option<i64>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.len() < 19 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Some(number(text.parse().ok()?)));
    }
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes()[10], b' ' | b'T') {
        return None;
    }
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let (time, offset) = match time
        .char_indices()
        .find(|(_, c)| matches!(c, 'Z' | '+' | '-'))
    {
        Some((at, 'Z')) if at + 1 == time.len() => (&time[..at], 0),
        Some((_, 'Z')) => return None,
        Some((at, sign)) => {
            let [hours, minutes] = fields(&time[at + 1..], ':', [2, 2])?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            (&time[..at], if sign == '-' { -minutes } else { minutes })
        }
        None => (time, 0),
    };
    let (time, micros) = match time.split_once('.') {
        // Minutes have no fraction.
        Some((time, _)) if time.len() == 5 => return None,
        Some((time, fraction)) => (time, micros(fraction)?),
        None => (time, 0),
    };
    let [hour, minute, second] = match time.len() {
        5 => {
            let [hour, minute] = fields(time, ':', [2, 2])?;
            [hour, minute, 0]
        }
        _ => fields(time, ':', [2, 2, 2])?,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = usize::try_from(month - 1)
        .ok()
        .and_then(|month| lengths.get(month));
    let valid = length.is_some_and(|length| (1..=*length).contains(&day));
    if !valid || hour > 23 || minute > 59 || second > 59 {
        return Some(None);
    }
    // Years of 365 days, the leap days before this year, the months before this one.
    let before = year - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months: i64 = lengths[..(month - 1) as usize].iter().sum();
    let days = year * 365 + leaps + months + day - 1 - 719_527;
    let seconds = days * 86_400 + hour * 3_600 + (minute - offset) * 60 + second;
    Some(Some(seconds * 1_000_000 + micros))
}

/// Reads fields of digits, of these lengths.
fn fields<const N: usize>(text: &str, separator: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut fields = [0; N];
    for (field, length) in fields.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *field = part.parse().ok()?;
    }
    parts.next().is_none().then_some(fields)
}

/// Reads up to nine digits of a fraction, to the nearest microsecond.
fn micros(fraction: &str) -> Option<i64> {
    if !(1..=9).contains(&fraction.len()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    Some((nanos + 500) / 1_000)
}

/// Reads a number of seconds or finer units by its magnitude.
fn number(number: i64) -> i64 {
    match number.unsigned_abs().to_string().len() {
        ..=11 => number * 1_000_000,
        12..=14 => number * 1_000,
        15..=17 => number,
        _ => (number + 500).div_euclid(1_000),
    }
}
