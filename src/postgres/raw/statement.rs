//! What is sent to a server.

use std::borrow::Cow;

use super::params::Params;

/// How many bytes the parameters of a statement have at most. The server takes a gigabyte.
const LARGEST: usize = (1 << 30) - (1 << 20);

/// A statement and its parameters.
pub(crate) struct Statement {
    pub(super) sql: Cow<'static, str>,
    pub(super) params: Params,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>, params: Params) -> Self {
        Self {
            sql: sql.into(),
            params,
        }
    }

    /// Returns a statement without parameters.
    pub(crate) fn plain(sql: &'static str) -> Self {
        Self::new(sql, Params::new())
    }

    /// Returns `true` if no server takes it, and libpq, which counts in 32 bits, might not.
    pub(super) fn is_too_large(&self) -> bool {
        self.params.bytes.len() > LARGEST
    }
}
