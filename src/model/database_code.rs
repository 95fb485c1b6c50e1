//! The code by which a database names what it objects to.

use std::fmt;

/// The code by which a database names what it objects to: a number or an SQLSTATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatabaseCode {
    /// A number of the database's own: SQLite's extended result code.
    Number(i32),
    /// An SQLSTATE, five letters and digits of ASCII.
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
