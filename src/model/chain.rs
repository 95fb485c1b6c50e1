//! The hash chain as it grows.

use std::borrow::Cow;

use crate::model::error::{Error, Result};
use crate::model::hash;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::insert::candidate::Bound;
use crate::sqlite::read;
use crate::sqlite::table::Table;

/// The hash chain while rows go in: the stream's latest row as it stands.
#[derive(Default)]
pub(crate) struct Chain {
    /// Whether any row of the chunk comes without a hash; else nothing is kept.
    needed: bool,
    latest: Option<Option<(Timestamp, String)>>,
}

impl Chain {
    /// Before the rows of a chunk.
    pub(crate) fn begin(&mut self, chunk: &[Bound<'_>]) {
        self.needed = chunk.iter().any(|row| row.observation.hash.is_none());
        if !self.needed {
            self.latest = None;
        }
    }

    /// Whether any row of the chunk comes without a hash.
    pub(crate) fn is_needed(&self) -> bool {
        self.needed
    }

    /// What was believed stored is not: the latest row is read anew.
    pub(crate) fn look_again(&mut self) {
        self.latest = None;
    }

    /// The row's hash, as given or computed on the latest row.
    pub(crate) fn hash<'a>(
        &mut self,
        table: &mut Table,
        stream: &StreamUuid,
        row: &Bound<'a>,
    ) -> Result<Cow<'a, str>> {
        if self.needed && self.latest.is_none() {
            match read::latest(table, stream) {
                Ok(latest) => self.latest = Some(latest.map(|latest| (latest.ts, latest.hash))),
                // This row needs it not.
                Err(Error::UnreadableRow { .. }) if row.observation.hash.is_some() => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(hash) = row.observation.hash {
            return Ok(Cow::Borrowed(hash));
        }
        let previous = match &self.latest {
            Some(Some((_, hash))) => hash.as_str(),
            _ => "",
        };
        // SQLite keeps no negative zero, and the hash is of what is kept.
        let value = hash::python_repr(row.observation.value + 0.0);
        Ok(Cow::Owned(hash::chain(
            previous,
            &row.ts.to_string(),
            &value,
        )))
    }

    /// The row is stored.
    pub(crate) fn advance(&mut self, row: &Bound<'_>, hash: &str) {
        let ts = row.observation.ts;
        if let Some(latest) = &mut self.latest
            && latest.as_ref().is_none_or(|(latest, _)| *latest <= ts)
        {
            *latest = Some((ts, hash.to_owned()));
        }
    }
}
