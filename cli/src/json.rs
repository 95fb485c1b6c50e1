//! The JSON of `--json`: the types that several commands print, and the writer.

use std::io::{self, Write};

use satori_store::Error;
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::exit;
use crate::text::is_hidden;

/// An error in the output.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorReport {
    /// The library's stable code; null if the error is the command line's own.
    pub(crate) code: Option<i32>,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    /// The database's own code; null if it has none.
    pub(crate) database_code: Option<i32>,
    /// Empty if the database has none.
    pub(crate) sqlstate: String,
}

impl ErrorReport {
    /// Returns an error of the library.
    pub(crate) fn new(error: &Error) -> Self {
        Self {
            code: Some(error.code() as i32),
            kind: exit::kind(error.code()).0,
            message: error.to_string(),
            database_code: error.database_code(),
            sqlstate: error.sqlstate().to_owned(),
        }
    }

    /// Returns an error of the command line itself.
    pub(crate) fn own(kind: &'static str, message: String) -> Self {
        Self {
            code: None,
            kind,
            message,
            database_code: None,
            sqlstate: String::new(),
        }
    }
}

/// A line of standard error: `{"error": {…}}`.
#[derive(Serialize)]
pub(crate) struct ErrorLine {
    pub(crate) error: ErrorReport,
}

/// Writes `value` on one line, without a newline.
pub(crate) fn write(writer: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(writer, Plain);
    Ok(value.serialize(&mut serializer)?)
}

/// Returns `value` on one line, with a newline.
pub(crate) fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    // Only a key that is not text could fail here, and there is none.
    let _ = write(&mut line, value);
    line.push(b'\n');
    line
}

/// A format of compact JSON that can't steer a terminal: characters that would are
/// escaped, and read back as the same text.
struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (plain, hidden) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = hidden.chars();
            if let Some(character) = characters.next() {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}
