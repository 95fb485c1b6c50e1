//! What the methods of the contract take and return, beside the nouns of `model`.

use std::borrow::Cow;

use crate::model::error::{Error, Result};
use crate::model::observation::InsertReport;
use crate::model::stream::StreamPatch;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Several reads of one state of the store.
    Read,
    /// Writes, which no other writer interrupts.
    Write,
}

/// Which streams a look-up is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StreamQuery<'a> {
    /// All that have metadata, by id.
    All,
    /// All of this name: the most recently synced first, those never synced last, and
    /// among equals by id.
    Named(&'a str),
    /// All to which the server gives this number, in the order of [`Named`](Self::Named).
    Numbered(i64),
    /// Those whose name or description contains this, by id; ASCII letters match in either
    /// case.
    Containing(&'a str),
    /// Those not synced since: the never synced first, then the longest unsynced, and
    /// among equals by id.
    NotSyncedSince(Timestamp),
}

/// What came of inserting the rows of one stream.
#[derive(Debug, Default)]
pub(crate) struct Inserted {
    pub(crate) report: InsertReport,
    /// Rows that were not inserted although the others were: the index of each, and why.
    /// Either the stored row that it must be compared with, or chained to, can't be read,
    /// or a rule that another program has set keeps it out.
    pub(crate) refused: Vec<(usize, Error)>,
}

/// What is to be stored of a stream: rows, and what its stream objects set, if it came with
/// some.
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "only a database behind a network takes it")
)]
pub(crate) struct New<'a, Rows> {
    pub(crate) uuid: &'a StreamUuid,
    pub(crate) rows: Rows,
    pub(crate) patch: Option<Cow<'a, StreamPatch>>,
}

/// The result of a call on a stream's data: `None` if the store has no data of the stream,
/// not even an empty table; it may have metadata. The error is `NotAStream` if the name
/// stands for something else.
pub(crate) type Found<T> = Result<Option<T>>;
