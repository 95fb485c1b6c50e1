//! The rows of a stream that are to be inserted, and what comes of them.

use super::super::key::key;
use super::super::raw::{Copied, Params};
use super::super::streams::check_text;
use crate::backend::Inserted;
use crate::model::error::{Error, Result, excerpt};
use crate::model::observation::{Insertion, NewObservation};
use crate::model::spelling::StoredRef;
use crate::model::uuid::{StreamUuid, fault};

/// The rows of one stream.
pub(super) struct Rows<'u, 'r> {
    pub(super) uuid: &'u StreamUuid,
    pub(super) key: i64,
    pub(super) rows: Vec<(NewObservation<'r>, StoredRef<'r>)>,
    /// What comes of each row, as soon as it is known.
    pub(super) outcomes: Vec<Option<Result<Insertion>>>,
    /// Why the stream can't hold rows.
    pub(super) refused: Option<Error>,
}

/// Returns the parameters by which rows are inserted, those of `streams` that were sent.
pub(super) fn params(streams: &[Rows<'_, '_>], sent: &[Sent]) -> Params {
    Params::new()
        .int8s(sent.iter().map(|sent| sent.key))
        .int8s(sent.iter().map(|sent| sent.ts))
        .float8s(sent.iter().map(|sent| sent.value))
        .texts(sent.iter().map(|sent| sent.hash(streams)))
        .texts(sent.iter().map(|sent| sent.provider(streams)))
        .some_texts(sent.iter().map(|sent| sent.spelling.as_deref()))
}

/// Returns the rows that were sent, to be copied in.
pub(super) fn copied(streams: &[Rows<'_, '_>], sent: &[Sent]) -> Copied {
    // Three numbers, a hash of 16 letters, a provider, and their lengths.
    let mut rows = Copied::new(sent.len(), 80);
    for sent in sent {
        rows.push([
            Some(&sent.key.to_be_bytes()),
            Some(&sent.ts.to_be_bytes()),
            Some(&sent.value.to_be_bytes()),
            Some(sent.hash(streams).as_bytes()),
            Some(sent.provider(streams).as_bytes()),
            sent.spelling.as_ref().map(String::as_bytes),
        ]);
    }
    rows
}

/// A row that is sent to be inserted.
pub(super) struct Sent {
    /// The stream's index, and the row's within the stream.
    pub(super) place: (usize, usize),
    pub(super) key: i64,
    pub(super) ts: i64,
    pub(super) value: f64,
    /// The hash that was computed; else the row's own is used.
    pub(super) hash: Option<String>,
    pub(super) spelling: Option<String>,
}

impl Sent {
    /// Returns about how many bytes the row takes on its way.
    pub(super) fn size(&self, streams: &[Rows<'_, '_>]) -> usize {
        let spelling = self.spelling.as_ref().map_or(0, String::len);
        64 + self.hash(streams).len() + self.provider(streams).len() + spelling
    }

    fn row<'a>(&self, streams: &'a [Rows<'_, 'a>]) -> Option<&'a NewObservation<'a>> {
        let (stream, row) = self.place;
        streams.get(stream)?.rows.get(row).map(|(row, _)| row)
    }

    fn hash<'a>(&'a self, streams: &'a [Rows<'_, 'a>]) -> &'a str {
        let own = || self.row(streams)?.hash;
        self.hash.as_deref().or_else(own).unwrap_or_default()
    }

    fn provider<'a>(&self, streams: &'a [Rows<'_, 'a>]) -> &'a str {
        self.row(streams).map_or("", |row| row.provider)
    }
}

impl<'u, 'r> Rows<'u, 'r> {
    pub(super) fn new(
        uuid: &'u StreamUuid,
        rows: impl Iterator<Item = NewObservation<'r>>,
    ) -> Result<Self> {
        if let Some(reason) = fault(uuid.as_str()) {
            return Err(Error::InvalidUuid {
                uuid: excerpt(uuid.as_str()),
                reason,
            });
        }
        let mut all = Vec::with_capacity(rows.size_hint().0);
        let mut outcomes = Vec::with_capacity(all.capacity());
        for row in rows {
            let stored = row.stored()?;
            let texts = [
                ("hash", row.hash.unwrap_or_default()),
                ("provider", row.provider),
            ];
            let texts = texts
                .into_iter()
                .try_for_each(|(column, text)| check_text(column, text));
            outcomes.push(texts.err().map(Err));
            all.push((row, stored));
        }
        Ok(Self {
            uuid,
            key: key(uuid),
            rows: all,
            outcomes,
            refused: None,
        })
    }

    /// Returns `true` if the stream needs a place: it can hold rows, and not all are refused.
    pub(super) fn is_wanted(&self) -> bool {
        let is_left = || self.outcomes.iter().any(Option::is_none);
        self.refused.is_none() && (self.rows.is_empty() || is_left())
    }

    /// Returns `true` if a row is to be chained to the latest one.
    pub(super) fn is_chained(&self) -> bool {
        self.rows.iter().any(|(row, _)| row.hash.is_none())
    }

    /// Returns what came of the rows.
    pub(super) fn finish(self) -> Result<Inserted> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let mut inserted = Inserted::default();
        for (index, outcome) in self.outcomes.into_iter().enumerate() {
            match outcome {
                Some(Ok(insertion)) => inserted.report.count(index, insertion),
                Some(Err(error)) => inserted.refused.push((index, error)),
                None => inserted.report.count(index, Insertion::Inserted),
            }
        }
        Ok(inserted)
    }
}
