//! The hash chain as it grows.

use std::borrow::Cow;

use super::hash;
use super::observation::NewObservation;
use super::spelling::StoredRef;
use super::time::Timestamp;

/// The end of a stream's hash chain while rows are inserted: the latest row, to whose
/// hash the next one is chained.
#[derive(Default)]
pub(crate) struct Chain {
    /// Some row of the chunk comes without a hash; else the end is not kept.
    needed: bool,
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

    /// Forgets the latest row: rows that were hashed are not stored after all.
    pub(crate) fn forget_end(&mut self) {
        self.end = None;
    }

    /// Returns the row's hash: the given one, or that of `stored` (its timestamp as it is
    /// stored) and the latest row.
    pub(crate) fn hash<'a>(&self, row: &NewObservation<'a>, stored: StoredRef<'_>) -> Cow<'a, str> {
        if let Some(hash) = row.hash {
            return Cow::Borrowed(hash);
        }
        let previous = match &self.end {
            Some(Some((_, hash))) => hash.as_str(),
            _ => "",
        };
        // A database keeps no negative zero, and the hash is that of what is kept.
        let value = hash::python_repr(row.value + 0.0);
        Cow::Owned(hash::chain(previous, &stored.to_string(), &value))
    }

    /// Goes on behind a row that is stored under this hash.
    pub(crate) fn advance(&mut self, ts: Timestamp, hash: &str) {
        if let Some(end) = &mut self.end
            && end.as_ref().is_none_or(|(latest, _)| *latest <= ts)
        {
            *end = Some((ts, hash.to_owned()));
        }
    }
}
