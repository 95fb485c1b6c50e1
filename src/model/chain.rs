//! The hash chain as it grows.

use std::borrow::Cow;

use super::hash;
use super::observation::NewObservation;
use super::python_repr::python_repr;
use super::spelling::StoredRef;
use super::time::Timestamp;

/// The end of a stream's hash chain while rows are inserted: the latest row, whose hash
/// goes into the next row's.
#[derive(Default)]
pub(crate) struct Chain {
    /// `true` if some row of the chunk comes without a hash; otherwise no end is kept.
    needed: bool,
    /// The latest row's instant and hash: `None` while it is not known, `Some(None)` if
    /// the stream has no rows.
    end: Option<Option<(Timestamp, String)>>,
}

impl Chain {
    /// Begins a chunk of rows.
    pub(crate) fn begin<'a>(&mut self, chunk: impl Iterator<Item = &'a NewObservation<'a>>) {
        self.needed = chunk.into_iter().any(|row| row.hash.is_none());
        if !self.needed {
            self.end = None;
        }
    }

    /// Returns `true` if some row of the chunk comes without a hash.
    pub(crate) fn is_needed(&self) -> bool {
        self.needed
    }

    /// Returns `true` if the latest row has to be [set](Self::set_end) before a row is
    /// hashed.
    pub(crate) fn lacks_end(&self) -> bool {
        self.needed && self.end.is_none()
    }

    /// Sets the stream's latest row; `None` if it has no rows.
    pub(crate) fn set_end(&mut self, latest: Option<(Timestamp, String)>) {
        self.end = Some(latest);
    }

    /// Forgets the latest row, because rows that were hashed were not stored after all.
    pub(crate) fn forget_end(&mut self) {
        self.end = None;
    }

    /// Returns the row's hash: the given one, or one that is chained to the latest row's.
    /// `stored` is the row's timestamp as it is stored.
    pub(crate) fn hash<'a>(&self, row: &NewObservation<'a>, stored: StoredRef<'_>) -> Cow<'a, str> {
        if let Some(hash) = row.hash {
            return Cow::Borrowed(hash);
        }
        let previous = match &self.end {
            Some(Some((_, hash))) => hash.as_str(),
            _ => "",
        };
        // A database stores -0.0 as 0.0, and the hash must be that of the stored value.
        let value = python_repr(row.value + 0.0);
        Cow::Owned(hash::chain(previous, &stored.to_string(), &value))
    }

    /// Takes a row that was stored with this hash as the end, unless it is earlier than
    /// the end so far.
    pub(crate) fn advance(&mut self, ts: Timestamp, hash: &str) {
        if let Some(end) = &mut self.end
            && end.as_ref().is_none_or(|(latest, _)| *latest <= ts)
        {
            *end = Some((ts, hash.to_owned()));
        }
    }
}
