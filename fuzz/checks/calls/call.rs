//! A call, and what it is given.

use std::ptr;

use arbitrary::{Arbitrary, Unstructured};

use super::super::c_api::*;

/// A call.
#[derive(Arbitrary, Debug)]
pub(super) struct Call {
    pub(super) function: u8,
    pub(super) handle: u8,
    pub(super) text: Input,
    pub(super) other: Input,
    pub(super) numbers: [Number; 2],
    pub(super) value: Value,
    pub(super) rows: Vec<(i8, i8, u8)>,
    pub(super) size: u8,
    pub(super) places: u64,
}

/// A text. Most mean something.
#[derive(Debug)]
pub(super) enum Input {
    Known(u8),
    Bytes([u8; 6]),
    /// NULL, of this length.
    Null(bool),
    /// Longer than memory.
    Endless,
}

/// A number. Most are small.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Small(i8),
    Any(i64),
    Limit(bool),
}

#[derive(Arbitrary, Debug)]
pub(super) enum Value {
    Small(i8),
    Any(f64),
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match input.arbitrary()? {
            number @ 0..208 => Input::Known(number),
            208..232 => Input::Bytes(input.arbitrary()?),
            number @ 232..248_u8 => Input::Null(number & 1 == 1),
            248.. => Input::Endless,
        })
    }
}

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match input.arbitrary()? {
            number @ 0..208_u8 => Number::Small((number % 12) as i8 - 2),
            208..232 => Number::Any(input.arbitrary()?),
            number => Number::Limit(number & 1 == 1),
        })
    }
}

/// Texts that mean something to some function.
pub(super) const KNOWN: [&str; 12] = [
    "a",
    "b",
    "A",
    "streams",
    "__ours",
    "name",
    "1704283203",
    "2024-01-03 12:00:04",
    "2024-01-03T12:00:05Z",
    r#"{"value": 1, "ts": 1704283201, "stream": {"uuid": "a", "name": "name"}}"#,
    r#"[{"value": "2", "ts": 1704283202}, null, {"value": "x"}]"#,
    r#"[{"uuid": "b", "name": null, "server_stream_id": 5}, {"uuid": 7}]"#,
];

impl Input {
    pub(super) fn text(&self) -> Text {
        let (data, length) = match self {
            Input::Known(number) => {
                // Half of them are the first, so that calls meet on one stream.
                let known = match *number {
                    0..104 => KNOWN[0],
                    number => KNOWN[usize::from(number) % KNOWN.len()],
                };
                (known.as_ptr(), known.len())
            }
            Input::Bytes(bytes) => (bytes.as_ptr(), bytes.len()),
            Input::Null(has_length) => (ptr::null(), usize::from(*has_length)),
            Input::Endless => (KNOWN[0].as_ptr(), usize::MAX),
        };
        Text { data, length }
    }

    /// Returns the text, or JSON if it is a known one.
    pub(super) fn json(&self) -> Text {
        match self {
            Input::Known(number) => {
                let known = KNOWN[KNOWN.len() - 1 - usize::from(*number) % 3];
                Text {
                    data: known.as_ptr(),
                    length: known.len(),
                }
            }
            other => other.text(),
        }
    }

    /// Returns the status that refuses it, wherever it is read.
    pub(super) fn fault(&self) -> Option<i32> {
        match self {
            Input::Null(true) => Some(NULL_POINTER),
            Input::Endless => Some(INVALID_ARGUMENT),
            Input::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => Some(INVALID_UTF8),
            _ => None,
        }
    }
}

impl Number {
    pub(super) fn plain(self) -> i64 {
        match self {
            Number::Small(number) => number.into(),
            Number::Any(number) => number,
            Number::Limit(is_upper) => [i64::MIN, i64::MAX][usize::from(is_upper)],
        }
    }

    /// A small one counts seconds from where the rows are.
    pub(super) fn instant(self) -> i64 {
        match self {
            Number::Small(second) => (1_704_283_200 + i64::from(second)) * 1_000_000,
            other => other.plain(),
        }
    }
}

/// Returns a `satori_stream_patch`.
pub(super) fn patch(call: &Call, size: usize) -> [u64; 40] {
    let [text, other] = [&call.text, &call.other].map(Input::text);
    let mut words = [0; 40];
    words[0] = size as u64;
    // Bits that no field has, too; and what is both set and cleared.
    words[1] = call.numbers[0].plain() as u64;
    words[2] = call.numbers[1].plain() as u64;
    for (place, text) in words[3..15]
        .chunks_mut(2)
        .zip([text, other].into_iter().cycle())
    {
        place.copy_from_slice(&[text.data.addr() as u64, text.length as u64]);
    }
    words[size.clamp(8, 120) / 8..].fill(0);
    words
}

/// Returns a `satori_ingest_options`.
pub(super) fn ingest_options(call: &Call, size: usize) -> [u64; 40] {
    let uuid = call.other.text();
    let mut words = [0; 40];
    words[..3].copy_from_slice(&[size as u64, uuid.data.addr() as u64, uuid.length as u64]);
    // Strict and format; the first line; the unit.
    words[5] = call.numbers[0].plain() as u64 & 1;
    words[6] = call.numbers[1].plain() as u64;
    words[7] = u64::from(call.size) % 6;
    words[size.clamp(8, 64) / 8..].fill(0);
    words
}
