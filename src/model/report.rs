//! What came of an operation, in numbers and lists.

use std::time::Duration;

use super::error::{Error, Result};
use super::observation::Conflict;
use super::position::Position;
use super::time::Timestamp;
use super::uuid::StreamUuid;

/// What came of ingesting a batch. Each payload is counted exactly once. If the batch
/// was [refused](crate::Error::Refused), payloads that would have been stored are
/// counted in `payloads` alone.
#[derive(Debug, Default, serde::Serialize)]
#[non_exhaustive]
pub struct IngestReport {
    /// Payloads in the batch, `null` ones included.
    pub payloads: usize,
    /// Observations stored.
    pub inserted: u64,
    /// Observations that already existed with the same value.
    pub already_there: u64,
    /// Payloads that were `null`: the server had nothing new.
    pub nothing: u64,
    /// Observations whose instant already has another value; the stored one stays.
    pub conflicts: Vec<IngestConflict>,
    /// Payloads that can't be stored, with the reason; in order of position.
    pub rejected: Vec<Rejected>,
    /// The streams that were written to, in the order they came.
    pub streams: Vec<StreamUuid>,
}

impl IngestReport {
    /// Returns the number of payloads that were not stored: conflicts and rejected ones.
    pub fn refused(&self) -> usize {
        self.conflicts.len() + self.rejected.len()
    }
}

/// A payload whose instant already has another value.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct IngestConflict {
    /// Where the payload begins.
    #[serde(flatten)]
    pub position: Position,
    /// The stream.
    pub stream: StreamUuid,
    /// The instant and both values.
    #[serde(flatten)]
    pub conflict: Conflict,
}

/// A payload that can't be stored.
#[derive(Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Rejected {
    /// Where the payload begins.
    #[serde(flatten)]
    pub position: Position,
    /// Why.
    #[serde(serialize_with = "as_text")]
    pub error: Error,
}

fn as_text<S: serde::Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

/// What came of a sync. Each stream object is counted exactly once.
#[derive(Debug, Default, serde::Serialize)]
#[non_exhaustive]
pub struct SyncReport {
    /// Streams that had no metadata.
    pub new: Vec<StreamUuid>,
    /// Streams whose metadata differed.
    pub changed: Vec<StreamUuid>,
    /// Streams whose metadata already was the same; only `last_synced` moved.
    pub unchanged: Vec<StreamUuid>,
    /// Stream objects that can't be stored, with the reason.
    pub rejected: Vec<Rejected>,
}

/// What [`Store::remove`](crate::Store::remove) removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remove {
    /// The row in `streams`; the observations stay.
    Metadata,
    /// The observations with their table; the metadata stays.
    Data,
    /// Both.
    Both,
}

/// What [`Store::retain`](crate::Store::retain) keeps of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retain {
    /// The observations at this instant and after it.
    Since(Timestamp),
    /// This many observations, the latest ones; all of those that share the instant of the
    /// earliest.
    Last(u64),
}

/// What [`Store::remove`](crate::Store::remove) has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Removed {
    /// `true` if metadata was removed.
    pub metadata: bool,
    /// The number of observations that were removed with their table; `None` if no table
    /// was removed.
    pub rows: Option<u64>,
}

/// What came of normalising a stream's timestamps.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Normalization {
    /// Rows whose timestamp is now a number of seconds.
    pub rewritten: u64,
    /// Timestamps that were left as they are because another row has the same instant:
    /// both rows stay, for a person to decide.
    pub kept: Vec<String>,
    /// Timestamps that were left as they are because they can't be read, or can't be
    /// stored as seconds.
    pub unreadable: Vec<String>,
}

/// How many rows of a stream, of those that can be read, have a timestamp of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spellings {
    /// Numbers of Unix seconds.
    pub(crate) seconds: u64,
    /// Numbers of milli-, micro- or nanoseconds.
    pub(crate) finer: u64,
    /// Text.
    pub(crate) text: u64,
}

impl Spellings {
    /// Returns `true` if there are several kinds.
    pub(crate) fn are_mixed(self) -> bool {
        let kinds = [self.seconds, self.finer, self.text];
        kinds.into_iter().filter(|&rows| rows > 0).count() > 1
    }
}

/// What a stream holds, in numbers.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Rows.
    pub count: u64,
    /// The earliest instant.
    pub first: Option<Timestamp>,
    /// The latest instant.
    pub last: Option<Timestamp>,
    /// The least value; `None` if there is no row that can be read.
    pub minimum: Option<f64>,
    /// The greatest value; `None` if there is no row that can be read.
    pub maximum: Option<f64>,
    /// The sum of the values; infinite if it is too large for a double.
    pub sum: f64,
    /// The median of the times between one row and the next; the lower one of two. `None` if
    /// there are fewer than two rows.
    pub spacing: Option<Duration>,
    /// The number of times that the next row came later than one and a half spacings.
    pub gaps: u64,
    /// Providers and the number of rows that each delivered, the most first.
    pub providers: Vec<(String, u64)>,
    /// Rows that can't be read, as `unreadable` lists them; they count in `count` and
    /// `providers` alone.
    pub unreadable: u64,
}

/// A row that can't be read, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct StoredRow {
    /// The timestamp as an SQL literal, such as `'None'` or `x'0700'`; `CAST(x'…' AS TEXT)` is
    /// a text with a NUL in it, or one that is not UTF-8.
    pub ts: String,
    /// The value, likewise.
    pub value: String,
    /// The hash, likewise.
    pub hash: String,
    /// The provider, likewise.
    pub provider: String,
    /// Why the row can't be read.
    pub reason: String,
}

/// What came of putting rows back that were in the quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// Rows that are back in the stream.
    pub restored: u64,
    /// Rows that stay in the quarantine: their key is taken by now, or their
    /// instant is by a row that came meanwhile, or the stream has no table, or one that
    /// doesn't take them.
    pub kept: u64,
}

/// What a copy of a store comes to; see [`Store::copy_to`](crate::Store::copy_to).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Copied {
    /// Streams with metadata.
    pub streams: u64,
    /// Streams with data.
    pub with_data: u64,
    /// Rows of streams, whether they can be read or not.
    pub rows: u64,
    /// Those of them that an earlier call had copied.
    pub already_there: u64,
    /// Those of them that this call put into the target's quarantine, because the stream can't
    /// hold them there.
    pub set_aside: u64,
    /// Rows that are in the source's quarantine, and in the target's.
    pub quarantined: u64,
}

/// How large a store's database was before [`Store::compact`](crate::Store::compact), and is
/// after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Compacted {
    /// Its size before, in bytes.
    pub before: u64,
    /// Its size now, in bytes.
    pub after: u64,
}
