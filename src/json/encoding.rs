//! What an input is, if it is no JSON: text of another encoding, or compressed.

use crate::model::error::Result;
use crate::model::position::Position;

/// U+FEFF in UTF-8, which some programs write at the start of a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const COMPRESSED: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
];

/// Returns the input without the byte order mark at its start.
///
/// # Errors
/// `InvalidJson` that says what the input is, if its first bytes show that it is no JSON.
pub(super) fn decode(input: &[u8], start: Position) -> Result<&[u8]> {
    for (magic, name) in COMPRESSED {
        if input.starts_with(magic) {
            return Err(start.error(format!("the input is {name}: decompress it first")));
        }
    }
    if let Some(name) = other_unicode(input) {
        return Err(start.error(format!("the input is {name}: convert it to UTF-8 first")));
    }
    Ok(input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input))
}

/// Returns the encoding whose mark the input begins with, or by whose width JSON's first
/// character, which is ASCII, stands in it. JSON itself has no NUL.
fn other_unicode(input: &[u8]) -> Option<&'static str> {
    match *input {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [0, 0, 0, 1..=0x7f, ..] | [1..=0x7f, 0, 0, 0, ..] => Some("UTF-32"),
        [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// Returns `true` if a byte order mark stands at this line and column, which count from 1.
pub(super) fn is_mark_at(input: &[u8], (line, column): (usize, usize)) -> bool {
    let line = input
        .split(|&byte| byte == b'\n')
        .nth(line.saturating_sub(1));
    line.and_then(|line| line.get(column.saturating_sub(1)..))
        .is_some_and(|rest| rest.starts_with(BYTE_ORDER_MARK))
}
