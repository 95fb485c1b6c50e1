//! Which error is which.

use std::time::Duration;

use super::raw::Failure;
use crate::model::database_code::DatabaseCode;
use crate::model::error::Error;
use crate::model::location::Location;

/// Returns the error for a statement that failed.
/// See <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(super) fn error(failure: Failure) -> Error {
    if failure.interrupted {
        return Error::Interrupted;
    }
    if is_lost(&failure) {
        return Error::ConnectionLost {
            location: Location::UNKNOWN,
            code: code(&failure),
            reason: failure.message,
        };
    }
    let message = failure.message;
    let Some(state) = failure.state else {
        return Error::Database {
            code: DatabaseCode::SqlState(*b"XX000"),
            message,
        };
    };
    let code = DatabaseCode::SqlState(state);
    match &state {
        // lock_not_available, deadlock_detected, serialization_failure
        b"55P03" | b"40P01" | b"40001" => Error::Busy {
            waited: Duration::ZERO,
            code,
        },
        // read_only_sql_transaction
        b"25006" => Error::ReadOnly {
            reason: message,
            code: Some(code),
        },
        // disk_full
        b"53100" => Error::DiskFull { code },
        // data_corrupted, index_corrupted
        b"XX001" | b"XX002" => Error::Corrupt {
            location: Location::UNKNOWN,
            detail: message,
            code: Some(code),
        },
        _ => Error::Database { code, message },
    }
}

/// Returns the error for a connection that was not made, or for a look at what is there that
/// failed.
pub(super) fn not_opened(failure: Failure) -> Error {
    if failure.interrupted {
        return Error::Interrupted;
    }
    Error::CannotOpen {
        location: Location::UNKNOWN,
        code: code(&failure),
        reason: failure.message,
    }
}

/// Returns the error for a transaction that a store of an open connection could not begin. A
/// server that only follows another one takes none that writes.
pub(super) fn not_begun(failure: Failure) -> Error {
    // feature_not_supported: transaction read-write mode
    match failure.has_state(b"0A000") {
        true => Error::ReadOnly {
            code: code(&failure),
            reason: failure.message,
        },
        false => error(failure),
    }
}

/// Returns the error for a connection that could not be made anew.
pub(super) fn not_reconnected(error: Error) -> Error {
    match error {
        Error::CannotOpen {
            location,
            reason,
            code,
        } => Error::ConnectionLost {
            location,
            reason,
            code,
        },
        error => error,
    }
}

/// Returns the error for statements that end with `COMMIT`, behind `before` others, and that
/// failed: if the connection was lost meanwhile, nobody knows whether it was made, unless the
/// server itself has reported a failure before it came to it. A pooler that has lost the server
/// reports one of class 08, whatever the server has done.
pub(super) fn not_committed(failure: Failure, before: usize) -> Error {
    let is_known =
        failure.state.is_some() && !failure.is_of_class(b"08") && failure.answered < before;
    match is_lost(&failure) && !is_known {
        true => Error::UnknownOutcome {
            location: Location::UNKNOWN,
            reason: failure.message.clone(),
            code: code(&failure),
        },
        false => error(failure),
    }
}

/// Returns `true` if the session is over: the server says that it ends it, or there is no
/// connection any more.
fn is_lost(failure: &Failure) -> bool {
    // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped,
    // idle_session_timeout
    let ends: [&[u8; 5]; 5] = [b"57P01", b"57P02", b"57P03", b"57P04", b"57P05"];
    failure.lost || failure.is_of_class(b"08") || ends.iter().any(|end| failure.has_state(end))
}

fn code(failure: &Failure) -> Option<DatabaseCode> {
    failure.state.map(DatabaseCode::SqlState)
}

/// Returns the error for what PostgreSQL can't do for a store.
pub(super) fn unsupported(what: &'static str, instead: &'static str) -> Error {
    Error::Unsupported { what, instead }
}
