//! Why a command failed, and what to do about it.

use std::fmt;
use std::io;
use std::path::Path;

use satori_store::{Error, ErrorCode};

use crate::exit::{self, Exit};
use crate::json::ErrorReport;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The store objects.
    Store(Error),
    /// The store objects to this input file.
    Input { file: String, error: Error },
    /// An input file can't be read.
    Read { file: String, error: io::Error },
    /// What was asked for can't be printed.
    Print(io::Error),
    /// Several streams have this name, and the command must not guess.
    Ambiguous { name: String, uuids: Vec<String> },
    /// Nobody is there to confirm.
    Unconfirmed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Store(error)
    }
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Store(error) | Failure::Input { error, .. } => exit::kind(error.code()).1,
            Failure::Read { .. } => Exit::NotFound,
            // Whoever read has had enough: no fault of ours.
            Failure::Print(error) if is_broken_pipe(error) => Exit::Done,
            Failure::Print(_) => Exit::CannotWrite,
            Failure::Ambiguous { .. } => Exit::BadInput,
            Failure::Unconfirmed => Exit::Usage,
        }
    }

    /// Whether nobody needs to be told.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self, Failure::Print(error) if is_broken_pipe(error))
    }

    /// As `--json` tells it.
    pub(crate) fn report(&self) -> ErrorReport {
        let own = |kind| ErrorReport {
            code: None,
            kind,
            message: self.to_string(),
            database_code: None,
            sqlstate: String::new(),
        };
        match self {
            Failure::Store(error) | Failure::Input { error, .. } => ErrorReport {
                message: self.to_string(),
                ..ErrorReport::new(error)
            },
            Failure::Read { .. } => own("cannot_read"),
            Failure::Print(_) => own("cannot_print"),
            Failure::Ambiguous { .. } => own("ambiguous_name"),
            Failure::Unconfirmed => own("unconfirmed"),
        }
    }

    /// What to do, where the message doesn't say it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Failure::Store(error) | Failure::Input { error, .. } => hint(error),
            Failure::Ambiguous { .. } => Some("name the stream by its uuid"),
            Failure::Unconfirmed => Some("pass --yes where no person is asked"),
            Failure::Read { .. } | Failure::Print(_) => None,
        }
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    if let Error::CannotOpen { location, .. } = error {
        return Some(if location.path().is_some_and(Path::exists) {
            "see whether the file and its folder are yours to read"
        } else {
            "check the path; `satori-store ingest` and `satori-store sync` create a store"
        });
    }
    Some(match error.code() {
        ErrorCode::NotAStore => "name the neuron's engine.db",
        ErrorCode::LaterRelease => {
            "`streams`, `show`, `observations` and `verify` read it even so, and change nothing"
        }
        ErrorCode::SchemaMismatch => {
            "is it an engine.db? what else made a table `streams` has to rename it"
        }
        ErrorCode::Busy => "wait longer with --busy-timeout, such as --busy-timeout 1m",
        ErrorCode::ReadOnly => "see whether the file and its folder are yours to write",
        ErrorCode::DiskFull => "make room and repeat the command: what is stored stays",
        ErrorCode::StreamNotFound => "`satori-store streams` lists those there are",
        ErrorCode::MissingUuid => "name the stream with --uuid",
        ErrorCode::InvalidTimestamp => {
            "write 2024-01-03, 2024-01-03T12:00:00Z or Unix seconds such as 1704283200"
        }
        _ => return None,
    })
}

fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Store(error) => error.fmt(f),
            Failure::Input { file, error } => write!(f, "{file}: {error}"),
            Failure::Read { file, error } => write!(f, "cannot read {file}: {error}"),
            Failure::Print(error) => write!(f, "cannot print: {error}"),
            Failure::Ambiguous { name, uuids } => {
                write!(f, "{} streams are named {name:?}: ", uuids.len())?;
                f.write_str(&uuids.join(", "))
            }
            Failure::Unconfirmed => f.write_str("nothing was removed: nobody can confirm it here"),
        }
    }
}
