//! What went wrong, as the server or libpq reports it.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use pq_sys as pq;

/// What the server or libpq reports.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The SQLSTATE; `None` if the server did not report it.
    pub(crate) state: Option<[u8; 5]>,
    /// What is wrong, in the server's words.
    pub(crate) message: String,
    /// `true` if there is no connection any more.
    pub(crate) lost: bool,
    /// `true` if the caller has ended the call.
    pub(crate) interrupted: bool,
    /// How many statements before it the server has answered.
    pub(crate) answered: usize,
}

impl Failure {
    /// Returns what a result reports that is an error.
    pub(super) fn of_result(result: *const pq::PGresult) -> Self {
        let state = field(result, b'C');
        let message = field(result, b'M').unwrap_or_else(|| {
            // libpq's own errors have no fields.
            // SAFETY: `result` is a live result or NULL, which this function takes.
            text(unsafe { pq::PQresultErrorMessage(result) })
        });
        Self {
            state: state.as_deref().and_then(sqlstate),
            message: message.trim().to_owned(),
            lost: false,
            interrupted: false,
            answered: 0,
        }
    }

    /// Returns what libpq reports of a connection, which is gone or was never made. The
    /// messages were asked for with their SQLSTATE.
    pub(super) fn of_connection(connection: *const pq::PGconn) -> Self {
        // SAFETY: `connection` is live, or NULL, which this function takes.
        let report = text(unsafe { pq::PQerrorMessage(connection) });
        let (state, message) = reported(&report);
        Self {
            state,
            message,
            lost: true,
            interrupted: false,
            answered: 0,
        }
    }

    /// Returns a failure to connect that libpq doesn't know of.
    pub(super) fn lost(message: &str) -> Self {
        Self {
            state: None,
            message: message.to_owned(),
            lost: true,
            interrupted: false,
            answered: 0,
        }
    }

    /// Returns the failure of a statement that no server takes.
    pub(super) fn too_large() -> Self {
        Self {
            // program_limit_exceeded
            state: Some(*b"54000"),
            lost: false,
            ..Self::lost("a text, or the texts of a call, are larger than a gigabyte")
        }
    }

    /// Returns the failure of a call that was ended.
    pub(super) fn interrupted() -> Self {
        Self {
            interrupted: true,
            lost: false,
            ..Self::lost("the call was interrupted")
        }
    }

    /// Returns the failure of a call that was ended, and whose end the server has not noticed.
    pub(super) fn given_up() -> Self {
        Self {
            interrupted: true,
            ..Self::lost("the server did not end the call when it was interrupted")
        }
    }

    pub(crate) fn has_state(&self, state: &[u8; 5]) -> bool {
        self.state.as_ref() == Some(state)
    }

    /// Returns `true` if the SQLSTATE is of this class.
    pub(crate) fn is_of_class(&self, class: &[u8; 2]) -> bool {
        self.state.is_some_and(|state| state.starts_with(class))
    }
}

fn field(result: *const pq::PGresult, code: u8) -> Option<String> {
    // SAFETY: `result` is a live result or NULL; for one without the field it returns NULL.
    let found = unsafe { pq::PQresultErrorField(result, c_int::from(code)) };
    (!ptr::eq(found, ptr::null())).then(|| text(found))
}

/// Copies a text of libpq's; it is empty if there is none.
pub(super) fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: libpq's texts end with NUL, and live while they are copied.
    let text = unsafe { CStr::from_ptr(from) };
    text.to_string_lossy().into_owned()
}

fn sqlstate(text: &str) -> Option<[u8; 5]> {
    let state: [u8; 5] = text.as_bytes().try_into().ok()?;
    state
        .iter()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        .then_some(state)
}

/// Parts a verbose report, `FATAL:  28P01: password authentication failed …` with lines
/// about where in the server's source, into the SQLSTATE and the message. The words before a
/// colon are in the server's language.
fn reported(report: &str) -> (Option<[u8; 5]>, String) {
    let mut state = None;
    let mut lines = Vec::new();
    for line in report.lines().map(str::trim) {
        if is_place(line) {
            continue;
        }
        let parted = line.match_indices(":  ").find_map(|(end, between)| {
            let (code, message) = line[end + between.len()..].split_once(": ")?;
            // What libpq says of the connection is before the severity.
            let before = line[..end].rsplit_once(": ").map(|(before, _)| before);
            Some((sqlstate(code)?, before, message))
        });
        let (before, message) = match parted {
            Some((code, before, message)) => {
                state = Some(code);
                (before, message)
            }
            None => (None, line),
        };
        let parts = before.into_iter().chain([message]);
        lines.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    }
    (state, lines.join("; "))
}

/// Returns `true` if the line, `LOCATION:  auth_failed, auth.c:339`, is about the server's
/// source.
fn is_place(line: &str) -> bool {
    let Some((_, number)) = line
        .split_once(":  ")
        .and_then(|(_, place)| place.rsplit_once(".c:"))
    else {
        return false;
    };
    number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_parted() {
        let report = "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: \
                      password authentication failed for user \"ann\"\nLOCATION:  auth_failed, \
                      auth.c:339\n";
        let (state, message) = reported(report);
        assert_eq!(state, Some(*b"28P01"));
        assert_eq!(
            message,
            "connection to server at \"127.0.0.1\", port 5432 failed; password authentication \
             failed for user \"ann\""
        );
        let (state, message) = reported("ВАЖНО:  53300: слишком много\nORT:  f, postinit.c:3\n");
        assert_eq!(state, Some(*b"53300"));
        assert_eq!(message, "слишком много");
        let (state, message) = reported("could not connect: refused\n\tIs it running?\n");
        assert_eq!(state, None);
        assert_eq!(message, "could not connect: refused; Is it running?");
    }
}
