//! Input files, read in pieces that fit in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use satori_store::Format;

use crate::failure::Failure;

/// A piece is full at this many bytes or at [`PIECE_LINES`].
const PIECE_BYTES: usize = 4 << 20;
const PIECE_LINES: usize = 10_000;
/// A longer line is cut here: the library refuses lines of more than 1 MiB anyway.
const LINE_BYTES: u64 = (1 << 20) + 2;
/// U+FEFF in UTF-8, which some editors write at the start of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An input: a file, or standard input.
pub(crate) struct Input {
    /// The name in messages.
    pub(crate) name: String,
    reader: BufReader<Box<dyn Read>>,
}

/// What is ingested in one transaction.
pub(crate) struct Piece {
    pub(crate) json: Vec<u8>,
    pub(crate) format: Format,
    /// The number of its first line in the file, from 1.
    pub(crate) first_line: usize,
}

impl Piece {
    /// Returns the piece that is a whole file.
    pub(crate) fn whole(json: Vec<u8>) -> Self {
        Self {
            json,
            format: Format::Auto,
            first_line: 1,
        }
    }
}

impl Input {
    /// Opens `path`, or standard input for `-`. Reads through what `watch` returns.
    pub(crate) fn open(
        path: &Path,
        watch: impl Fn(Box<dyn Read>) -> Box<dyn Read>,
    ) -> Result<Self, Failure> {
        let (name, reader): (_, Box<dyn Read>) = if path == Path::new("-") {
            ("standard input".to_owned(), Box::new(io::stdin().lock()))
        } else {
            let name = path.display().to_string();
            match File::open(path) {
                Ok(file) => (name, Box::new(file)),
                Err(error) => return Err(Failure::Read { file: name, error }),
            }
        };
        Ok(Self {
            name,
            reader: BufReader::with_capacity(1 << 16, watch(reader)),
        })
    }

    /// Reads the whole input.
    pub(crate) fn whole(mut self) -> Result<Vec<u8>, Failure> {
        let mut json = Vec::new();
        match self.reader.read_to_end(&mut json) {
            Ok(_) => Ok(json),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// Passes the input to `each` in pieces: whole if it fits in one piece or is an
    /// array, else some lines at a time.
    pub(crate) fn pieces(
        mut self,
        mut each: impl FnMut(&str, Piece) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut json = Vec::new();
        let mut first_line = 1;
        loop {
            let is_first = first_line == 1;
            let read = self
                .fill(&mut json, is_first)
                .map_err(|error| self.unreadable(error))?;
            if is_first && begins_array(&json) {
                let rest = self.reader.read_to_end(&mut json);
                rest.map_err(|error| self.unreadable(error))?;
            }
            let is_last = self.is_at_end().map_err(|error| self.unreadable(error))?;
            let piece = Piece {
                json: std::mem::take(&mut json),
                // A part of a file is lines, even if it begins like an array.
                format: match is_first && is_last {
                    true => Format::Auto,
                    false => Format::NdJson,
                },
                first_line,
            };
            each(&self.name, piece)?;
            if is_last {
                return Ok(());
            }
            first_line += read;
        }
    }

    /// Reads lines until the piece is full or the input ends, and returns how many.
    /// Cuts lines that are too long, but not those of an array, which only the first
    /// piece can begin.
    fn fill(&mut self, json: &mut Vec<u8>, is_first: bool) -> io::Result<usize> {
        let mut lines = 0;
        while lines < PIECE_LINES && json.len() < PIECE_BYTES {
            let start = json.len();
            let mut line = (&mut self.reader).take(LINE_BYTES);
            if line.read_until(b'\n', json)? == 0 {
                break;
            }
            lines += 1;
            if json.len() - start == LINE_BYTES as usize && !json.ends_with(b"\n") {
                if is_first && begins_array(json) {
                    break;
                }
                if self.reader.skip_until(b'\n')? > 0 {
                    json.push(b'\n');
                }
            }
        }
        Ok(lines)
    }

    /// Returns `true` if nothing is left to read.
    fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.reader.fill_buf()?.is_empty())
    }

    /// Returns the failure to read this input.
    fn unreadable(&self, error: io::Error) -> Failure {
        Failure::Read {
            file: self.name.clone(),
            error,
        }
    }
}

/// Returns `true` if the input is an array, which is complete only at its end.
fn begins_array(json: &[u8]) -> bool {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}
