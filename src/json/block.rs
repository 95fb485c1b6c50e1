//! Where an input of many JSON values falls apart: into blocks.

use memchr::memchr3;
use serde::de::IgnoredAny;

use super::encoding::BYTE_ORDER_MARK;

/// A value that is deeper than this at the end of a line is taken for malformed. Without a
/// limit a line of brackets after the other would be tried to the end of the input.
const MAX_DEPTH: usize = 64;

/// The fewest lines that hold whole values: one line most often, all lines of a value that
/// goes on over several. If a line begins no value, or one that turns out to be malformed,
/// it is a block by itself, and the next block begins behind it.
pub(super) struct Block<'a> {
    /// The lines, the end of the last one included.
    pub(super) json: &'a [u8],
    /// The length of the first line, its end included.
    pub(super) line: usize,
    /// `false` if what follows the input may belong to the block.
    pub(super) is_ended: bool,
}

impl<'a> Block<'a> {
    /// Returns the first block of an input that begins a line.
    pub(super) fn first(input: &'a [u8]) -> Self {
        let block = |end, line, is_ended| Self {
            json: &input[..end],
            line,
            is_ended,
        };
        let mut depth = 0usize;
        // The length of the first line if it has been passed.
        let mut first_line = None;
        // How many bytes must have been passed for the next look at the syntax. Each look
        // parses all of them, so they double.
        let mut next_look = 0;
        let mut at = 0;
        let is_malformed = loop {
            let Some(byte) = input.get(at) else {
                break first_line.is_some() && depth > 0 && !is_cut(input);
            };
            at += 1;
            match byte {
                b'"' => match end_of_text(input, at) {
                    Text::Closed(end) => at = end,
                    Text::Open => at = input.len(),
                    Text::Malformed(end) => {
                        at = end;
                        break true;
                    }
                },
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => depth -= 1,
                b'}' | b']' => break true,
                b'\n' => {
                    let line = *first_line.get_or_insert(at);
                    if depth == 0 {
                        return block(at, line, true);
                    }
                    if at >= next_look {
                        if !is_cut(&input[..at]) {
                            break true;
                        }
                        next_look = 2 * at;
                    }
                    if depth > MAX_DEPTH {
                        break true;
                    }
                }
                _ => {}
            }
        };
        match is_malformed {
            // Its first line is a block by itself.
            true => match first_line.or_else(|| end_of_line(input, at)) {
                Some(line) => block(line, line, true),
                None => block(input.len(), input.len(), false),
            },
            false => block(input.len(), first_line.unwrap_or(input.len()), false),
        }
    }
}

/// How a text goes on.
enum Text {
    /// It ends before this offset.
    Closed(usize),
    /// It goes on to the end of the input.
    Open,
    /// It goes on to the end of a line, which is before this offset.
    Malformed(usize),
}

/// Finds the end of a text, of which `input` holds what follows its quote from `at` on.
fn end_of_text(input: &[u8], mut at: usize) -> Text {
    while let Some(rest) = input.get(at..)
        && let Some(next) = memchr3(b'"', b'\\', b'\n', rest)
    {
        at += next + 1;
        match rest[next] {
            b'"' => return Text::Closed(at),
            b'\n' => return Text::Malformed(at),
            _ if input.get(at) != Some(&b'\n') => at += 1,
            _ => {}
        }
    }
    Text::Open
}

/// Returns the length of the first line if it ends; nothing before `at - 1` ends it.
fn end_of_line(input: &[u8], at: usize) -> Option<usize> {
    let before = at.saturating_sub(1);
    let length = input[before..].iter().position(|&byte| byte == b'\n')?;
    Some(before + length + 1)
}

/// Returns `true` if the input is the beginning of values and ends within one.
pub(super) fn is_cut(input: &[u8]) -> bool {
    let input = input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input);
    serde_json::Deserializer::from_slice(input)
        .into_iter::<IgnoredAny>()
        .find_map(Result::err)
        .is_some_and(|error| error.is_eof())
}

/// Returns the part of the input, from its start, that [`Store::ingest`](crate::Store::ingest)
/// can take by itself: whole lines that hold whole payloads. What follows is the beginning of
/// a payload, or of an array of payloads, and is to be ingested with what comes after it. So
/// an input that is too long to be held, or never ends, is ingested in pieces, each with the
/// format [`NdJson`](crate::Format::NdJson).
///
/// A line that is no JSON doesn't hold back those that follow it.
///
/// ```
/// let read = b"connecting\n{\"value\": 1}\n[{\"value\": 2},\n";
/// let piece = satori_store::whole_payloads(read);
/// assert_eq!(piece, b"connecting\n{\"value\": 1}\n");
/// ```
pub fn whole_payloads(input: &[u8]) -> &[u8] {
    let mut rest = input;
    loop {
        let block = Block::first(rest);
        if !block.is_ended {
            return &input[..input.len() - rest.len()];
        }
        rest = &rest[block.json.len()..];
    }
}
