//! The exit codes. A number never changes its meaning.

use std::process::ExitCode;

use satori_store::ErrorCode;

/// An exit code; [`HELP`] says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Refused = 1,
    Usage = 2,
    NotFound = 3,
    BadInput = 4,
    Busy = 5,
    Damaged = 6,
    Schema = 7,
    CannotWrite = 8,
    Other = 9,
    Interrupted = 130,
    Terminated = 143,
}

/// The list of exit codes in `--help`.
pub(crate) const HELP: &str = "\
A store is a file, the neuron's engine.db, or, if this program was built for PostgreSQL, the
database that a URL names: postgres://user@host/database. Others on the machine can see a
command's arguments, so leave the password to ~/.pgpass or PGPASSWORD.

Exit codes:
  0  done
  1  done, but something was refused or left as it was, or rows are suspect, or foreign
     between verified rows, or `check` warns
  2  the command line is wrong, or a confirmation is missing
  3  no such stream, or a file is missing or can't be opened, or there is no connection to a
     server, or it was lost, and nothing was stored
  4  bad input: JSON, a stream's uuid, a timestamp, a name that several streams have
  5  another program kept the store locked too long
  6  the file is damaged or not a store, or a stored row can't be read
  7  the schema is not a store's, or is that of a later release
  8  can't write: read-only, disk full, or the file was replaced meanwhile, or the connection
     to a server was lost during a commit: repeat the command, which stores nothing twice
  9  anything else, as what the store's database does not offer
  130, 143  ended by SIGINT (Ctrl-C) or SIGTERM; what was read is stored";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// Returns `Refused` if anything was refused, else `Done`.
    pub(crate) fn refused_if(refused: bool) -> Exit {
        if refused { Exit::Refused } else { Exit::Done }
    }

    /// Returns this code, unless `first` already stands for an error.
    pub(crate) fn after(self, first: Exit) -> Exit {
        match first {
            Exit::Done | Exit::Refused if self != Exit::Done => self,
            _ => first,
        }
    }
}

/// Returns the name that JSON gives a kind of error, and its exit code.
pub(crate) fn kind(code: ErrorCode) -> (&'static str, Exit) {
    match code {
        ErrorCode::CannotOpen => ("cannot_open", Exit::NotFound),
        ErrorCode::NotAStore => ("not_a_store", Exit::Damaged),
        ErrorCode::Corrupt => ("corrupt", Exit::Damaged),
        ErrorCode::LaterRelease => ("later_release", Exit::Schema),
        ErrorCode::SchemaMismatch => ("schema_mismatch", Exit::Schema),
        ErrorCode::Busy => ("busy", Exit::Busy),
        ErrorCode::ReadOnly => ("read_only", Exit::CannotWrite),
        ErrorCode::DiskFull => ("disk_full", Exit::CannotWrite),
        ErrorCode::Database => ("database", Exit::Other),
        ErrorCode::FileReplaced => ("file_replaced", Exit::CannotWrite),
        ErrorCode::ConnectionLost => ("connection_lost", Exit::NotFound),
        ErrorCode::UnknownOutcome => ("unknown_outcome", Exit::CannotWrite),
        ErrorCode::Unsupported => ("unsupported", Exit::Other),
        ErrorCode::Forked => ("forked", Exit::Other),
        ErrorCode::Poisoned => ("poisoned", Exit::Other),
        ErrorCode::InvalidUuid => ("invalid_uuid", Exit::BadInput),
        ErrorCode::NotAStream => ("not_a_stream", Exit::BadInput),
        ErrorCode::StreamNotFound => ("stream_not_found", Exit::NotFound),
        ErrorCode::InvalidTimestamp => ("invalid_timestamp", Exit::BadInput),
        ErrorCode::InvalidValue => ("invalid_value", Exit::BadInput),
        ErrorCode::UnreadableRow => ("unreadable_row", Exit::Damaged),
        ErrorCode::InvalidJson => ("invalid_json", Exit::BadInput),
        ErrorCode::MissingUuid => ("missing_uuid", Exit::BadInput),
        ErrorCode::InvalidStep => ("invalid_step", Exit::BadInput),
        ErrorCode::InvalidArrow => ("invalid_arrow", Exit::BadInput),
        ErrorCode::Refused => ("refused", Exit::Refused),
        _ => ("other", Exit::Other),
    }
}
