//! The items of a batch, and how a batch is split into them.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

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

/// Splits a batch into its items: the elements of a JSON array, or the lines of
/// NDJSON, or the one value that fills the whole input. `first_line` is the number
/// of its first line.
///
/// # Errors
/// `InvalidJson` if an array is cut short or malformed: then it is unknown where its
/// elements begin.
pub(super) fn split(input: &[u8], format: Format, first_line: usize) -> Result<Vec<Item<'_>>> {
    // At the very beginning only: a piece of a longer input has none.
    let input = match input.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if first_line <= 1 => rest,
        _ => input,
    };
    let start = Position::start_of(first_line);
    if format == Format::Auto {
        let first = input.iter().position(|byte| !byte.is_ascii_whitespace());
        let Some(first) = first else {
            return Ok(Vec::new());
        };
        if input[first] == b'[' {
            return elements(input, start);
        }
        let rest = &input[first..];
        if is_one_value(rest) {
            return Ok(vec![Item {
                position: start.behind(&input[..first]),
                json: rest,
            }]);
        }
    }
    let lines = input.split(|&byte| byte == b'\n').enumerate();
    Ok(lines
        .filter(|(_, json)| !json.iter().all(u8::is_ascii_whitespace))
        .enumerate()
        .map(|(index, (line, json))| Item {
            position: Position {
                index,
                ..Position::start_of(first_line.saturating_add(line))
            },
            json,
        })
        .collect())
}

/// Returns the elements of a JSON array.
fn elements(input: &[u8], start: Position) -> Result<Vec<Item<'_>>> {
    let elements: Vec<&RawValue> =
        serde_json::from_slice(input).map_err(|error| json_error(&error, start))?;
    let mut position = start;
    let mut reached = 0;
    Ok(elements
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
        .collect())
}

/// Returns `true` if the input is one value that goes on after its first line.
fn is_one_value(json: &[u8]) -> bool {
    let line = json.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_cut = |json| matches!(serde_json::from_slice::<IgnoredAny>(json), Err(e) if e.is_eof());
    line.len() < json.len() && is_cut(line) && serde_json::from_slice::<IgnoredAny>(json).is_ok()
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
