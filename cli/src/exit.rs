//! What the exit code says. The numbers never change their meaning.

use std::process::ExitCode;

use satori_store::ErrorCode;

/// The exit code; [`HELP`] says what each means.
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
}

/// As `--help` tells them.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  done but for what was refused or left as it was, or suspect rows were found
  2  the command line is wrong, or a confirmation is missing
  3  no such stream, or a file that is missing or can't be opened
  4  bad input: JSON, a stream's uuid, a timestamp, a name of several streams
  5  another program held the database locked too long
  6  damaged, not a store, or a stored row that can't be read
  7  the schema is not ours, or that of a later release
  8  can't write: read-only, disk full, the file replaced meanwhile
  9  anything else";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// Refused where anything was.
    pub(crate) fn refused_if(refused: bool) -> Exit {
        if refused { Exit::Refused } else { Exit::Done }
    }

    /// This one, unless `first` has told of something already.
    pub(crate) fn after(self, first: Exit) -> Exit {
        match first {
            Exit::Done | Exit::Refused if self != Exit::Done => self,
            _ => first,
        }
    }
}

/// The library's kinds of error: their names in JSON, and their exit codes.
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
        ErrorCode::Refused => ("refused", Exit::Refused),
        _ => ("other", Exit::Other),
    }
}
