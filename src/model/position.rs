//! A place in an input.

use super::error::Error;
use super::password::without_password;

/// A place in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Position {
    /// The number of payloads, or stream objects, before it, `null` ones included.
    pub index: usize,
    /// The line of the input on which it begins, from 1.
    pub line: usize,
    /// The byte of that line at which it begins, from 1.
    pub column: usize,
}

impl Position {
    /// Returns the position of the first byte of an input that begins on `line`.
    pub(crate) fn start_of(line: usize) -> Self {
        Self {
            index: 0,
            line,
            column: 1,
        }
    }

    /// Returns the position just after `bytes`, which begin here.
    pub(crate) fn behind(self, bytes: &[u8]) -> Self {
        match bytes.iter().rposition(|&byte| byte == b'\n') {
            None => Self {
                column: self.column + bytes.len(),
                ..self
            },
            Some(last) => Self {
                line: self
                    .line
                    .saturating_add(bytes.iter().filter(|&&byte| byte == b'\n').count()),
                column: bytes.len() - last,
                ..self
            },
        }
    }

    /// Returns the error that reports `message` here.
    pub(crate) fn error(self, message: impl Into<String>) -> Error {
        Error::InvalidJson {
            line: self.line,
            column: self.column,
            // The parser quotes what it did not expect.
            message: without_password(&message.into()).into_owned(),
        }
    }
}
