//! The items of a batch, and how a batch is split into them.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::encoding::{self, BYTE_ORDER_MARK};
use super::options::Format;
use crate::model::error::{Error, Result};
use crate::model::position::Position;

/// An item of more bytes than this is refused; real ones have 300.
const MAX_SIZE: usize = 1 << 20;
/// An item nested deeper than this is refused; real ones have two levels.
const MAX_DEPTH: usize = 32;

/// One item of a batch: a payload, or a stream object.
pub(super) struct Item<'a> {
    pub(super) position: Position,
    json: &'a [u8],
}

/// Splits a batch into its items: the elements of JSON arrays, or the lines of NDJSON, or
/// values that go on over several lines. `first_line` is the number of its first line.
///
/// # Errors
/// `InvalidJson` if the input is another encoding or compressed, or if an array is cut short or malformed: then it is unknown where its
/// elements begin.
pub(super) fn split(input: &[u8], format: Format, first_line: usize) -> Result<Vec<Item<'_>>> {
    let start = Position::start_of(first_line);
    // A later piece of a longer input can only be lines.
    let input = match first_line {
        0 | 1 => encoding::decode(input, start)?,
        _ => input,
    };
    if format == Format::Auto {
        let first = input.iter().position(|byte| !byte.is_ascii_whitespace());
        let Some(first) = first else {
            return Ok(Vec::new());
        };
        if input[first] == b'[' {
            return elements(input, start);
        }
        let rest = &input[first..];
        if goes_on(rest)
            && let Some(values) = values(rest)
        {
            return Ok(items(input, values, start));
        }
    }
    let lines = input.split(|&byte| byte == b'\n').enumerate();
    Ok(lines
        .filter(|(_, json)| !json.iter().all(u8::is_ascii_whitespace))
        .enumerate()
        .map(|(index, (line, json))| {
            let start = Position {
                index,
                ..Position::start_of(first_line.saturating_add(line))
            };
            // Texts that were joined may each begin with a mark.
            match json.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) => Item {
                    position: start.behind(BYTE_ORDER_MARK),
                    json: rest,
                },
                None => Item {
                    position: start,
                    json,
                },
            }
        })
        .collect())
}

/// Returns the elements of a JSON array, or of several, one after the other.
fn elements(input: &[u8], start: Position) -> Result<Vec<Item<'_>>> {
    let elements = match serde_json::from_slice(input) {
        Ok(elements) => elements,
        Err(error) => values(input).ok_or_else(|| {
            let position = (error.line(), error.column());
            match encoding::is_mark_at(input, position) {
                true => json_error_at(
                    &error,
                    start,
                    "a byte order mark, which can only begin a text",
                ),
                false => json_error(&error, start),
            }
        })?,
    };
    Ok(items(input, elements, start))
}

/// Returns the values that stand one after the other in the input, of an array its
/// elements; `None` if one is malformed or cut short.
fn values(input: &[u8]) -> Option<Vec<&RawValue>> {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_slice(input).into_iter::<&RawValue>() {
        let value = value.ok()?;
        match value.get().starts_with('[') {
            true => values.extend(serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()?),
            false => values.push(value),
        }
    }
    Some(values)
}

/// Returns the values, which are slices of the input, as items.
fn items<'a>(input: &[u8], values: Vec<&'a RawValue>, start: Position) -> Vec<Item<'a>> {
    let mut position = start;
    let mut reached = 0;
    values
        .into_iter()
        .enumerate()
        .map(|(index, element)| {
            let json = element.get().as_bytes();
            let offset = offset(input, element.get());
            position = Position {
                index,
                ..position.behind(&input[reached..offset])
            };
            reached = offset;
            Item { position, json }
        })
        .collect()
}

/// Returns `true` if the first value goes on after its first line.
fn goes_on(json: &[u8]) -> bool {
    let line = json.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_cut = |json| matches!(serde_json::from_slice::<IgnoredAny>(json), Err(e) if e.is_eof());
    line.len() < json.len() && is_cut(line)
}

/// Returns the offset at which `part` begins in `whole`, of which it is a slice.
fn offset(whole: &[u8], part: &str) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

/// Converts an error of the parser, whose position is counted from `start`.
pub(super) fn json_error(error: &serde_json::Error, start: Position) -> Error {
    let message = error.to_string();
    // serde_json ends its messages with the position, counted from the item's start.
    let message = message.split(" at line ").next().unwrap_or_default();
    json_error_at(error, start, message)
}

/// Returns the error that reports `message` where the parser has stopped.
fn json_error_at(error: &serde_json::Error, start: Position, message: &str) -> Error {
    Position {
        line: start.line.saturating_add(error.line().saturating_sub(1)),
        column: match error.line() {
            0 | 1 => start.column + error.column().saturating_sub(1),
            // For the end of a line serde_json reports column 0 of the next line.
            _ => error.column().max(1),
        },
        ..start
    }
    .error(message)
}

impl<'a> Item<'a> {
    /// Returns the position in the input of `part`, which is a slice of the item.
    pub(super) fn position_of(&self, part: &str) -> Position {
        self.position.behind(&self.json[..offset(self.json, part)])
    }

    /// Returns the item as it is.
    pub(super) fn json(&self) -> &'a [u8] {
        self.json
    }

    /// Parses the item.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Result<T> {
        serde_json::from_slice(self.json).map_err(|error| json_error(&error, self.position))
    }

    /// Refuses an item that is too large or nested too deep, before it is parsed.
    pub(super) fn check_bounds(&self) -> Result<()> {
        if self.json.len() > MAX_SIZE {
            return Err(self.position.error(format!("larger than {MAX_SIZE} bytes")));
        }
        // Almost always there are too few brackets to nest too deep.
        let opens = |byte: &u8| matches!(byte, b'{' | b'[');
        if self.json.iter().filter(|byte| opens(byte)).count() <= MAX_DEPTH {
            return Ok(());
        }
        let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
        for (offset, byte) in self.json.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                let position = self.position.behind(&self.json[..offset]);
                return Err(position.error(format!("nested deeper than {MAX_DEPTH} levels")));
            }
        }
        Ok(())
    }
}
