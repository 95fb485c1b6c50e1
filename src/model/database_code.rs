//! The code of an error that a database reports.

use std::fmt;

/// The code of an error that a database reports: a number or an SQLSTATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatabaseCode {
    /// A number of the database's own; SQLite's is its extended result code.
    Number(i32),
    /// An SQLSTATE: five ASCII letters and digits.
    SqlState([u8; 5]),
}

impl fmt::Display for DatabaseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseCode::Number(number) => write!(f, "code {number}"),
            DatabaseCode::SqlState(state) => write!(f, "SQLSTATE {}", state.escape_ascii()),
        }
    }
}
