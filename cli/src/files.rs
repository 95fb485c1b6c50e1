//! Input files, read in pieces that fit in memory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use satori_store::{Format, whole_payloads};
use serde::de::IgnoredAny;

use crate::failure::Failure;
use crate::live::{Feed, Pause};
use crate::signals::{Signal, Signals};
use crate::text;

/// How many bytes are read before a piece is cut off.
const PIECE_BYTES: usize = 4 << 20;
/// What is kept of a value that is too long: the library refuses those of more than 1 MiB.
const VALUE_BYTES: usize = (1 << 20) + 2;

/// An input: a file, or standard input.
pub(crate) struct Input {
    /// The name in messages.
    pub(crate) name: String,
    feed: Feed,
}

/// What is ingested in one transaction.
pub(crate) struct Piece<'a> {
    pub(crate) json: &'a [u8],
    pub(crate) format: Format,
    /// The number of its first line in the file, from 1.
    pub(crate) first_line: usize,
}

impl<'a> Piece<'a> {
    /// Returns the piece that is a whole file.
    pub(crate) fn whole(json: &'a [u8]) -> Self {
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
        signals: Option<&Signals>,
        watch: impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
    ) -> Result<Self, Failure> {
        let is_live = is_live(path);
        let (name, reader): (_, Box<dyn Read + Send>) = if path == Path::new("-") {
            ("standard input".to_owned(), Box::new(io::stdin()))
        } else {
            let name = text::place(path);
            match File::open(path) {
                Ok(file) => (name, Box::new(file)),
                Err(error) => return Err(Failure::Read { file: name, error }),
            }
        };
        Ok(Self {
            name,
            feed: Feed::new(watch(reader), is_live, signals.cloned()),
        })
    }

    /// Returns an input that `reader` reads, whose writer is done.
    pub(crate) fn over(name: &str, reader: impl Read + Send + 'static) -> Self {
        Self {
            name: name.to_owned(),
            feed: Feed::new(Box::new(reader), false, None),
        }
    }

    /// Reads the whole input. A signal that comes before its end is a failure.
    pub(crate) fn whole(&self) -> Result<Vec<u8>, Failure> {
        let mut json = Vec::new();
        loop {
            match self.fill(&mut json, usize::MAX)? {
                Pause::More => {}
                Pause::End => return Ok(json),
                Pause::Signal(signal) => {
                    let lost = "nothing of it was stored";
                    return Err(self.stopped(signal, lost));
                }
            }
        }
    }

    /// Passes the input to `each` in pieces, which hold whole payloads. Those of a live input
    /// don't wait for more than a moment. After a signal no more is read, and it is returned.
    pub(crate) fn pieces(
        &self,
        mut each: impl FnMut(&str, Piece<'_>) -> Result<(), Failure>,
    ) -> Result<Option<Signal>, Failure> {
        let mut held = Vec::new();
        let mut first_line = 1;
        let mut is_skipping = false;
        loop {
            // Of an array that is not complete ever more is held; each look takes as long.
            let enough = PIECE_BYTES.max(2 * held.len());
            let pause = self.fill(&mut held, enough)?;
            if is_skipping {
                // Its end stays: lines are counted by it.
                let rest = held.iter().position(|&byte| byte == b'\n');
                held.drain(..rest.unwrap_or(held.len()));
                is_skipping = rest.is_none();
            }
            let mut length = match pause {
                Pause::End => held.len(),
                _ => whole_payloads(&held).len(),
            };
            match pause {
                Pause::Signal(_) if is_whole(&held[length..]) => length = held.len(),
                Pause::More if length == 0 && held.len() >= PIECE_BYTES && !begins_array(&held) => {
                    // No payload is that long. Its first line is refused, or its beginning.
                    let line = line_length(&held);
                    length = line.unwrap_or(VALUE_BYTES);
                    is_skipping = line.is_none();
                }
                _ => {}
            }
            if length > 0 {
                let json = &held[..length];
                // What a live input begins with may be cut, or be no JSON at all.
                let is_start = first_line == 1 && (!self.feed.is_live || pause == Pause::End);
                let format = match is_start {
                    true => Format::Auto,
                    false => Format::NdJson,
                };
                each(
                    &self.name,
                    Piece {
                        json,
                        format,
                        first_line,
                    },
                )?;
                first_line += json.iter().filter(|&&byte| byte == b'\n').count();
                held.drain(..length);
            }
            match pause {
                Pause::More => {}
                Pause::End => return Ok(None),
                Pause::Signal(signal) if held.is_empty() => return Ok(Some(signal)),
                Pause::Signal(signal) => {
                    let lost = "its last payload is incomplete and was not stored";
                    return Err(self.stopped(signal, lost));
                }
            }
        }
    }

    /// Reads on; see [`Feed::fill`].
    fn fill(&self, json: &mut Vec<u8>, enough: usize) -> Result<Pause, Failure> {
        self.feed.fill(json, enough).map_err(|error| Failure::Read {
            file: self.name.clone(),
            error,
        })
    }

    /// Returns the failure of an input that a signal has cut short.
    fn stopped(&self, signal: Signal, lost: &'static str) -> Failure {
        Failure::Stopped {
            file: self.name.clone(),
            signal,
            lost,
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
    let db = fs::metadata(db).ok();
    for file in files {
        if file == Path::new("-") {
            bytes = None;
            continue;
        }
        let unreadable = |error| Failure::Read {
            file: text::place(file),
            error,
        };
        let found = fs::metadata(file).map_err(unreadable)?;
        // Opening and closing the store's file would drop SQLite's locks on it.
        if db.as_ref().is_some_and(|db| is_same(db, &found)) {
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

/// Returns `true` if it is the same file, by whatever name.
#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_one: &fs::Metadata, _other: &fs::Metadata) -> bool {
    false
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

/// Returns `true` if these are whole JSON values, or none.
fn is_whole(json: &[u8]) -> bool {
    serde_json::Deserializer::from_slice(json)
        .into_iter::<IgnoredAny>()
        .all(|value| value.is_ok())
}

/// Returns the length of the first line, its end included, if it ends.
fn line_length(json: &[u8]) -> Option<usize> {
    let end = json.iter().position(|&byte| byte == b'\n')?;
    Some(end + 1)
}

/// Returns `true` if an array begins here, which is complete only at its end.
fn begins_array(json: &[u8]) -> bool {
    json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}
