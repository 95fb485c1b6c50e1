//! A row that is read.

use super::statement::Statement;

/// A row with texts of its own.
pub(crate) struct Observation {
    pub(crate) micros: i64,
    pub(crate) value: f64,
    pub(crate) hash: String,
    pub(crate) provider: String,
}

impl Observation {
    /// Reads the row that a statement of `ts, value, hash, provider` stands on.
    #[inline]
    pub(super) unsafe fn read(statement: &Statement) -> Self {
        unsafe {
            Self {
                micros: statement.micros(0),
                value: statement.real(1),
                hash: statement.string(2),
                provider: statement.string(3),
            }
        }
    }
}
