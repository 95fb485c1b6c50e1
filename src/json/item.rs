//! The items of a batch, and how a batch is split into them.

use memchr::memchr2_iter;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::block::{Block, is_cut};
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

/// Splits a batch into its items: its values, one a line or going on over several lines, and
/// of an array its elements. A line that is no JSON is an item that can't be read.
/// `first_line` is the number of its first line.
///
/// # Errors
/// `InvalidJson` if the input is another encoding or compressed, or if its format is `Auto`
/// and it begins with an array that is cut short or malformed: then it is unknown where the
/// elements begin.
pub(super) fn split(input: &[u8], format: Format, first_line: usize) -> Result<Vec<Item<'_>>> {
    let start = Position::start_of(first_line);
    let input = match first_line {
        0 | 1 => encoding::decode(input, start)?,
        // A later piece of a longer input is what the first one was.
        _ => input,
    };
    let mut items = Items {
        input,
        reached: 0,
        position: start,
        items: Vec::new(),
    };
    let mut rest = input;
    while !rest.is_empty() {
        let Block {
            json: block, line, ..
        } = Block::first(rest);
        let is_array = begins_array(block);
        if (is_array || line < block.len())
            && let Some(values) = values(block)
        {
            for value in values {
                items.push(value.get().as_bytes());
            }
            rest = &rest[block.len()..];
            continue;
        }
        let (line, next) = rest.split_at(line);
        let is_first = items.items.is_empty();
        if format == Format::Auto && is_array && is_first && (is_cut(line) || is_blank(next)) {
            return Err(array_error(input, start));
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if !is_blank(line) {
            // Texts that were joined may each begin with a mark.
            items.push(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line));
        }
        rest = next;
    }
    Ok(items.items)
}

/// The items of an input, as they are found.
struct Items<'a> {
    input: &'a [u8],
    /// The offset of the item that was found last, and its position.
    reached: usize,
    position: Position,
    items: Vec<Item<'a>>,
}

impl<'a> Items<'a> {
    /// Adds an item, which is a slice of the input.
    fn push(&mut self, json: &'a [u8]) {
        let offset = offset(self.input, json);
        self.position = Position {
            index: self.items.len(),
            ..self.position.behind(&self.input[self.reached..offset])
        };
        self.reached = offset;
        self.items.push(Item {
            position: self.position,
            json,
        });
    }
}

/// Returns the values that stand one after the other in the block, of an array its
/// elements; `None` if one is malformed or cut short.
fn values(block: &[u8]) -> Option<Vec<&RawValue>> {
    let block = block.strip_prefix(BYTE_ORDER_MARK).unwrap_or(block);
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_slice(block).into_iter::<&RawValue>() {
        let value = value.ok()?;
        match value.get().starts_with('[') {
            true => values.extend(serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()?),
            false => values.push(value),
        }
    }
    Some(values)
}

/// Returns `true` if an array begins the block.
fn begins_array(block: &[u8]) -> bool {
    let block = block.strip_prefix(BYTE_ORDER_MARK).unwrap_or(block);
    block.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

fn is_blank(json: &[u8]) -> bool {
    json.iter().all(u8::is_ascii_whitespace)
}

/// Returns the error of an input that begins with an array that is malformed or cut short.
fn array_error(input: &[u8], start: Position) -> Error {
    let Err(error) = serde_json::from_slice::<Vec<&RawValue>>(input) else {
        return start.error("an array that is malformed");
    };
    match encoding::is_mark_at(input, (error.line(), error.column())) {
        true => json_error_at(
            &error,
            start,
            "a byte order mark, which can only begin a text",
        ),
        false => json_error(&error, start),
    }
}

/// Returns the offset at which `part` begins in `whole`, of which it is a slice.
fn offset(whole: &[u8], part: &[u8]) -> usize {
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
        self.position
            .behind(&self.json[..offset(self.json, part.as_bytes())])
    }

    /// Parses the item.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Result<T> {
        serde_json::from_slice(self.json).map_err(|error| {
            // Of an array that is malformed, that it is none of `T` is the lesser fault.
            let malformed = serde_json::from_slice::<IgnoredAny>(self.json).err();
            json_error(&malformed.unwrap_or(error), self.position)
        })
    }

    /// Refuses an item that is too large or nested too deep, before it is parsed.
    pub(super) fn check_bounds(&self) -> Result<()> {
        if self.json.len() > MAX_SIZE {
            return Err(self.position.error(format!("larger than {MAX_SIZE} bytes")));
        }
        // Almost always there are too few brackets to nest too deep.
        if memchr2_iter(b'{', b'[', self.json).nth(MAX_DEPTH).is_none() {
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
