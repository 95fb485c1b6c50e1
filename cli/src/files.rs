//! Input files, read in pieces that fit in memory.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use satori_store::Format;
use serde::de::IgnoredAny;

use crate::failure::Failure;
use crate::live::{Live, Pause};
use crate::signals::{Signal, Signals};

/// A piece is full at this many bytes or at [`PIECE_LINES`].
const PIECE_BYTES: usize = 4 << 20;
const PIECE_LINES: usize = 10_000;
/// A longer line is cut here: the library refuses lines of more than 1 MiB anyway.
pub(crate) const LINE_BYTES: u64 = (1 << 20) + 2;
/// U+FEFF in UTF-8, which some editors write at the start of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An input: a file, or standard input.
pub(crate) struct Input {
    /// The name in messages.
    pub(crate) name: String,
    reader: BufReader<Box<dyn Read + Send>>,
    /// `true` if somebody may still be writing it.
    is_live: bool,
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
        watch: impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
    ) -> Result<Self, Failure> {
        let is_live = is_live(path);
        let (name, reader): (_, Box<dyn Read + Send>) = if path == Path::new("-") {
            ("standard input".to_owned(), Box::new(io::stdin()))
        } else {
            let name = path.display().to_string();
            match File::open(path) {
                Ok(file) => (name, Box::new(file)),
                Err(error) => return Err(Failure::Read { file: name, error }),
            }
        };
        Ok(Self {
            name,
            is_live,
            reader: BufReader::with_capacity(1 << 16, watch(reader)),
        })
    }

    /// Reads the whole input. A signal that comes before the end of a live one is a
    /// failure.
    pub(crate) fn whole(mut self, signals: Option<&Signals>) -> Result<Vec<u8>, Failure> {
        let mut json = Vec::new();
        if let Some(signals) = signals.filter(|_| self.is_live) {
            let live = Live::new(self.reader, signals.clone());
            let file = self.name;
            return match live.fill(&mut json, |_, _| false, |_| false) {
                Ok((_, Pause::Signal(signal))) => Err(Failure::Stopped { file, signal }),
                Ok(_) => Ok(json),
                Err(error) => Err(Failure::Read { file, error }),
            };
        }
        match self.reader.read_to_end(&mut json) {
            Ok(_) => Ok(json),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// Passes the input to `each` in pieces: whole if it fits in one piece, is an array or
    /// begins with a value of several lines, else some lines at a time. Lines of a live input don't wait for more than
    /// a moment. After a signal no more is read, and it is returned.
    pub(crate) fn pieces(
        mut self,
        signals: Option<&Signals>,
        mut each: impl FnMut(&str, Piece) -> Result<(), Failure>,
    ) -> Result<Option<Signal>, Failure> {
        if let Some(signals) = signals.filter(|_| self.is_live) {
            return self.live_pieces(signals, each);
        }
        let mut json = Vec::new();
        let mut first_line = 1;
        loop {
            let is_first = first_line == 1;
            let read = self
                .fill(&mut json, is_first)
                .map_err(|error| self.unreadable(error))?;
            if is_first && begin(&json) == Begin::Whole {
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
            let signal = signals.and_then(Signals::came);
            if is_last || signal.is_some() {
                return Ok(signal);
            }
            first_line += read;
        }
    }

    /// Passes a live input to `each` in pieces.
    fn live_pieces(
        self,
        signals: &Signals,
        mut each: impl FnMut(&str, Piece) -> Result<(), Failure>,
    ) -> Result<Option<Signal>, Failure> {
        let Self { name, reader, .. } = self;
        let live = Live::new(reader, signals.clone());
        let mut first_line = 1;
        loop {
            let is_first = first_line == 1;
            let mut json = Vec::new();
            let is_full = |json: &[u8], lines| {
                let is_large = lines >= PIECE_LINES || json.len() >= PIECE_BYTES;
                is_large && !(is_first && begin(json) == Begin::Whole)
            };
            // A payload may go on over several lines, in the first piece alone.
            let may_pause = |json: &[u8]| !is_first || begins_with_whole_line(json);
            let (read, pause) =
                live.fill(&mut json, is_full, may_pause)
                    .map_err(|error| Failure::Read {
                        file: name.clone(),
                        error,
                    })?;
            if let Pause::Signal(signal) = pause
                && is_first
                && !json.is_empty()
                && !begins_with_whole_line(&json)
            {
                return Err(Failure::Stopped { file: name, signal });
            }
            let piece = Piece {
                json,
                format: match is_first && pause == Pause::End {
                    true => Format::Auto,
                    false => Format::NdJson,
                },
                first_line,
            };
            each(&name, piece)?;
            match pause {
                Pause::More => first_line += read,
                Pause::End => return Ok(None),
                Pause::Signal(signal) => return Ok(Some(signal)),
            }
        }
    }

    /// Reads lines until the piece is full or the input ends, and returns how many.
    /// Cuts lines that are too long, but not those of an input that must be read whole, which
    /// only the first piece shows.
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
                if is_first && begin(json) == Begin::Whole {
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

/// Returns the files that were named, or standard input if none was.
pub(crate) fn named(files: &[PathBuf]) -> Vec<PathBuf> {
    match files {
        [] => vec![PathBuf::from("-")],
        files => files.to_vec(),
    }
}

/// Checks that each file can be read, and returns the bytes of all, if they are
/// known.
pub(crate) fn check(files: &[PathBuf], db: &Path) -> Result<Option<u64>, Failure> {
    let mut bytes = Some(0);
    let db = fs::canonicalize(db).ok();
    for file in files {
        if file == Path::new("-") {
            bytes = None;
            continue;
        }
        let unreadable = |error| Failure::Read {
            file: file.display().to_string(),
            error,
        };
        let found = fs::metadata(file).map_err(unreadable)?;
        // Opening and closing the store's file would drop SQLite's locks on it.
        if db.is_some() && fs::canonicalize(file).ok() == db {
            return Err(unreadable(io::Error::other("it is the store itself")));
        }
        if found.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        bytes = bytes
            .filter(|_| found.is_file())
            .map(|bytes| bytes + found.len());
    }
    Ok(bytes)
}

/// Returns `true` if somebody may still be writing the input: it is no regular file.
pub(crate) fn is_live(path: &Path) -> bool {
    let found = match path == Path::new("-") {
        true => stdin_metadata(),
        false => fs::metadata(path),
    };
    found.is_ok_and(|found| !found.is_file())
}

#[cfg(unix)]
fn stdin_metadata() -> io::Result<fs::Metadata> {
    use std::os::fd::AsFd;
    File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata()
}

#[cfg(not(unix))]
fn stdin_metadata() -> io::Result<fs::Metadata> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns `true` if the first line that is not blank is a JSON value by itself, so that
/// the input is lines.
fn begins_with_whole_line(json: &[u8]) -> bool {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let mut lines = json.split(|&byte| byte == b'\n');
    let first = lines.find(|line| !line.iter().all(u8::is_ascii_whitespace));
    first.is_some_and(|line| serde_json::from_slice::<IgnoredAny>(line).is_ok())
}

/// How an input is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// It isn't known yet.
    Unknown,
    /// By its lines.
    Lines,
    /// As a whole: it is an array, or begins with a value of several lines.
    Whole,
}

/// Returns how an input that begins like this is to be read.
pub(crate) fn begin(json: &[u8]) -> Begin {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let mut lines = json
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let parse = |line| serde_json::from_slice::<IgnoredAny>(line);
    match (lines.next(), lines.next()) {
        (None, _) => Begin::Unknown,
        (Some(first), _) if first.starts_with(b"[") => Begin::Whole,
        (Some(first), second) => match (parse(first), second) {
            (Err(error), None) if error.is_eof() => Begin::Unknown,
            // Unless it is only the first of many payloads that was cut short.
            (Err(error), Some(second)) if error.is_eof() => {
                match second.starts_with(b"{") && parse(second).is_ok() {
                    true => Begin::Lines,
                    false => Begin::Whole,
                }
            }
            _ => Begin::Lines,
        },
    }
}
