//! A place in a stream, from which rows are read a batch at a time.

use super::span::Span;
use super::spelling::StoredTimestamp;
use super::time::Timestamp;

/// Where the next batch begins. Holds no statement and no transaction, so that
/// nothing stays open between batches; rows that others insert ahead of it are
/// seen, rows behind it are not.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    /// What is left: its first instant moves on.
    pub(crate) span: Span,
    /// The last row handed out: rows of its instant follow by their stored ts.
    pub(crate) after: Option<(Timestamp, StoredTimestamp)>,
    /// Nothing is left.
    pub(crate) done: bool,
}

impl Cursor {
    /// Returns a cursor over `span`; over nothing if it is `None`.
    pub(crate) fn new(span: Option<Span>) -> Self {
        Self {
            span: span.unwrap_or(Span::ALL),
            after: None,
            done: span.is_none(),
        }
    }

    /// Returns `true` if nothing is left to read.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }
}
