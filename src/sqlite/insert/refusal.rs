//! Rows that are kept out, by a stored row that can't be read or by a rule of the table.

use libsqlite3_sys as ffi;

use super::super::read;
use super::super::table::Table;
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::observation::NewObservation;
use crate::model::uuid::StreamUuid;

/// Returns `true` if the error keeps out one row and the others may still be inserted: a
/// stored row can't be read, or the row breaks a constraint that another program has given
/// the table. A constraint may also end the transaction; then nothing may follow.
pub(super) fn is_of_row(table: &Table, error: &Error) -> bool {
    matches!(error, Error::UnreadableRow { .. }) || is_constraint(error) && table.in_transaction()
}

/// Returns `true` if the row breaks a rule that another program has given the table.
pub(super) fn is_constraint(error: &Error) -> bool {
    match error {
        Error::Database {
            code: DatabaseCode::Number(code),
            ..
        } => matches!(code & 0xff, ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH),
        _ => false,
    }
}

/// Returns SQLite's error as one that names the stream.
pub(super) fn not_a_stream(stream: &StreamUuid, error: Error) -> Error {
    match error {
        Error::Database { message, .. } => Error::NotAStream {
            name: stream.shown(),
            reason: message,
        },
        other => other,
    }
}

/// Checks that all rows were stored. A trigger of another program may keep rows out without
/// an error; then the call fails and stores none.
pub(super) fn check_stored(stream: &StreamUuid, stored: usize, given: usize) -> Result<()> {
    if stored == given {
        return Ok(());
    }
    Err(interfered(stream))
}

/// Checks that the row was stored as it is. A trigger of another program may have changed it
/// or taken it away again.
pub(super) fn check_triggered(
    table: &mut Table,
    stream: &StreamUuid,
    given: &NewObservation<'_>,
    hash: &str,
) -> Result<()> {
    match read::at(table, stream, given.ts)? {
        Some(stored)
            if stored.value == given.value
                && stored.hash == hash
                && stored.provider == given.provider =>
        {
            Ok(())
        }
        _ => Err(interfered(stream)),
    }
}

fn interfered(stream: &StreamUuid) -> Error {
    Error::NotAStream {
        name: stream.shown(),
        reason: "its triggers keep rows out, or change them".to_owned(),
    }
}
