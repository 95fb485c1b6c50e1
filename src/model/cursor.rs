//! A place in a stream, from which rows are read a batch at a time.

use super::span::Span;
use super::spelling::StoredTimestamp;
use super::time::Timestamp;

/// Where the next batch begins. A cursor holds no statement and no transaction, so that
/// nothing stays open between batches. It sees rows that others insert ahead of it, and
/// none behind it.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    /// What is left to read; its first instant moves on.
    pub(crate) span: Span,
    /// The row that was handed out last. Rows of the same instant follow in the order of
    /// their stored timestamps.
    pub(crate) after: Option<(Timestamp, StoredTimestamp)>,
    /// `true` if nothing is left.
    pub(crate) done: bool,
}

impl Cursor {
    /// Returns a cursor over `span`, or over nothing if it is `None`.
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
