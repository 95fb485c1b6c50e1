//! Failures of a command, and hints what to do about them.

use std::fmt;
use std::io;

use satori_store::{Error, ErrorCode};

use crate::exit::{self, Exit};
use crate::json::ErrorReport;
use crate::signals::Signal;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The store returned an error.
    Store(Error),
    /// A copy of the store can't be made; the error says of what file it speaks.
    Copy(Error),
    /// The store refused this input file.
    Input { file: String, error: Error },
    /// An input file can't be read.
    Read { file: String, error: io::Error },
    /// A file or a folder can't be written.
    Write { file: String, error: io::Error },
    /// An input file is not what it should be, and nothing of it was stored.
    Refused { file: String, reason: String },
    /// The file or folder that was to be made already exists.
    Exists { file: String, is_folder: bool },
    /// Standard output, or a file of this name, can't take several streams.
    OneStream { output: String },
    /// The file's ending names no format, and no option does.
    UnknownFormat { file: String },
    /// The output can't be written.
    Print(io::Error),
    /// Several streams have this name, and the command must not choose.
    Ambiguous { name: String, uuids: Vec<String> },
    /// A signal ended the reading of an input of which a part can't be stored.
    Stopped {
        file: String,
        signal: Signal,
        /// What was not stored.
        lost: &'static str,
    },
    /// An option doesn't go with another.
    Unfit {
        option: &'static str,
        reason: &'static str,
    },
    /// There is no terminal on which to ask for confirmation.
    Unconfirmed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Store(error)
    }
}

impl Failure {
    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Store(error) | Failure::Copy(error) | Failure::Input { error, .. } => {
                exit::kind(error.code()).1
            }
            Failure::Read { .. } => Exit::NotFound,
            // The reader closed the pipe, which is no failure.
            Failure::Print(error) if is_broken_pipe(error) => Exit::Done,
            Failure::Print(_) | Failure::Write { .. } => Exit::CannotWrite,
            Failure::Exists { .. } => Exit::CannotWrite,
            Failure::OneStream { .. } | Failure::UnknownFormat { .. } => Exit::Usage,
            Failure::Ambiguous { .. } | Failure::Refused { .. } => Exit::BadInput,
            Failure::Stopped { signal, .. } => signal.exit(),
            Failure::Unfit { .. } | Failure::Unconfirmed => Exit::Usage,
        }
    }

    /// Returns `true` if the failure is not reported: the reader closed the pipe.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self, Failure::Print(error) if is_broken_pipe(error))
    }

    /// Returns the failure as `--json` prints it.
    pub(crate) fn report(&self) -> ErrorReport {
        let own = |kind| ErrorReport::own(kind, self.to_string());
        match self {
            Failure::Store(error) | Failure::Copy(error) | Failure::Input { error, .. } => {
                ErrorReport {
                    message: self.to_string(),
                    ..ErrorReport::new(error)
                }
            }
            Failure::Read { .. } => own("cannot_read"),
            Failure::Write { .. } => own("cannot_write"),
            Failure::Refused { .. } => own("bad_input"),
            Failure::Exists { .. } => own("exists"),
            Failure::OneStream { .. } => own("one_stream"),
            Failure::UnknownFormat { .. } => own("unknown_format"),
            Failure::Print(_) => own("cannot_print"),
            Failure::Ambiguous { .. } => own("ambiguous_name"),
            Failure::Stopped { .. } => own("stopped"),
            Failure::Unfit { .. } => own("unfit_option"),
            Failure::Unconfirmed => own("unconfirmed"),
        }
    }

    /// Returns what to do, if the message doesn't say it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Failure::Store(error) | Failure::Input { error, .. } => hint(error),
            Failure::Ambiguous { .. } => Some("name the stream by its uuid"),
            Failure::Unconfirmed => Some("pass --yes to go on without confirmation"),
            Failure::Exists { is_folder, .. } => Some(match is_folder {
                true => "name a new folder, or an empty one",
                false => "name another file, or pass --force to write over it",
            }),
            Failure::OneStream { .. } => Some("name a stream, or a folder with --output"),
            Failure::UnknownFormat { .. } => Some(
                "end its name in .csv, .ndjson, .parquet or .arrow, or name the format with --format",
            ),
            Failure::Copy(Error::CannotOpen { .. }) => None,
            Failure::Copy(error) => hint(error),
            Failure::Read { .. }
            | Failure::Refused { .. }
            | Failure::Write { .. }
            | Failure::Print(_)
            | Failure::Unfit { .. }
            | Failure::Stopped { .. } => None,
        }
    }
}

/// Returns what to do about an error of the library.
fn hint(error: &Error) -> Option<&'static str> {
    if let Error::CannotOpen { location, .. } = error {
        return Some(match location.path() {
            None if cfg!(feature = "postgres") => {
                "check host, database, user and password, and that the server takes connections"
            }
            None => "give the path of a file",
            Some(path) if path.exists() => "check that you may read the file and its folder",
            Some(_) => "check the path; `satori-store ingest`, `sync` and `import` create a store",
        });
    }
    Some(match error.code() {
        ErrorCode::NotAStore if of_database(error) => return None,
        ErrorCode::NotAStore => "name the neuron's engine.db",
        ErrorCode::LaterRelease => {
            "`streams`, `show`, `observations` and `verify` can read it all the same, and change nothing"
        }
        ErrorCode::SchemaMismatch => {
            "is it an engine.db? if another program made the table `streams`, rename it there"
        }
        ErrorCode::Busy => "wait longer with --busy-timeout, such as --busy-timeout 1m",
        ErrorCode::ReadOnly if !error.sqlstate().is_empty() => {
            "name the primary server: a replica takes no writes"
        }
        ErrorCode::ReadOnly => "check that you may write the file and its folder",
        ErrorCode::DiskFull => "free space and repeat the command: what it stored stays",
        ErrorCode::StreamNotFound => "`satori-store streams` lists the streams",
        ErrorCode::MissingUuid => "name the stream with --uuid",
        ErrorCode::InvalidTimestamp => {
            "write 2024-01-03, 2024-01-03T12:00:00Z or Unix seconds such as 1704283200"
        }
        _ => return None,
    })
}

/// Returns `true` if it is about a store that is not a file.
fn of_database(error: &Error) -> bool {
    matches!(error, Error::NotAStore { location, .. } if location.path().is_none())
}

/// Returns `true` if the reader of the output is gone.
fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Store(error) | Failure::Copy(error) => error.fmt(f),
            Failure::Input { file, error } => write!(f, "{file}: {error}"),
            Failure::Read { file, error } => write!(f, "cannot read {file}: {error}"),
            Failure::Write { file, error } => write!(f, "cannot write {file}: {error}"),
            Failure::Refused { file, reason } => write!(f, "{file}: {reason}"),
            Failure::Exists { file, is_folder } => match is_folder {
                true => write!(f, "{file} already exists, and is not empty"),
                false => write!(f, "{file} already exists"),
            },
            Failure::OneStream { output } => write!(f, "{output} takes one stream"),
            Failure::UnknownFormat { file } => {
                write!(f, "the ending of {file} names no format")
            }
            Failure::Print(error) => write!(f, "cannot print: {error}"),
            Failure::Ambiguous { name, uuids } => {
                write!(f, "{} streams are named {name:?}: ", uuids.len())?;
                f.write_str(&uuids.join(", "))
            }
            Failure::Stopped { file, signal, lost } => {
                write!(f, "{signal} came before the end of {file}: {lost}")
            }
            Failure::Unfit { option, reason } => write!(f, "{option} is given, but {reason}"),
            Failure::Unconfirmed => {
                f.write_str("nothing was changed: there is no terminal to confirm it on")
            }
        }
    }
}
