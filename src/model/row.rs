//! A stored row, borrowed while it is read.

use super::error::{Error, Result, excerpt};
use super::observation::Observation;
use super::spelling::StoredRef;
use super::time::Timestamp;
use super::uuid::StreamUuid;

/// A row, borrowed from the database until the next one.
pub(crate) struct RowRef<'a> {
    pub(crate) ts: Timestamp,
    pub(crate) stored: StoredRef<'a>,
    pub(crate) value: f64,
    /// The hash's text. Like the provider's it may not be UTF-8 if another program has
    /// written it; a reader of many rows checks all texts at once.
    pub(crate) hash: &'a [u8],
    pub(crate) provider: &'a [u8],
}

impl RowRef<'_> {
    /// Copies the row, whose texts must be UTF-8.
    pub(crate) fn to_observation(&self, stream: &StreamUuid) -> Result<Observation> {
        Ok(Observation {
            ts: self.ts,
            stored_ts: self.stored.to_owned(),
            value: self.value,
            hash: self.hash_text(stream)?.to_owned(),
            provider: self.provider_text(stream)?.to_owned(),
        })
    }

    /// Reads the hash of this row of `stream`.
    pub(crate) fn hash_text(&self, stream: &StreamUuid) -> Result<&str> {
        self.text(stream, "hash", self.hash)
    }

    /// Reads the provider of this row of `stream`.
    pub(crate) fn provider_text(&self, stream: &StreamUuid) -> Result<&str> {
        self.text(stream, "provider", self.provider)
    }

    fn text<'a>(
        &self,
        stream: &StreamUuid,
        column: &'static str,
        bytes: &'a [u8],
    ) -> Result<&'a str> {
        str::from_utf8(bytes).map_err(|_| {
            let source = no_text(column, &String::from_utf8_lossy(bytes), NOT_UTF8);
            unreadable(stream, self.stored.to_literal(), source)
        })
    }
}

impl Observation {
    /// Borrows the observation as a row.
    #[cfg(feature = "capi")]
    pub(crate) fn as_row(&self) -> RowRef<'_> {
        RowRef {
            ts: self.ts,
            stored: self.stored_ts.borrowed(),
            value: self.value,
            hash: self.hash.as_bytes(),
            provider: self.provider.as_bytes(),
        }
    }
}

/// Returns the error for a row of `stream` that can't be read because of `source`; `row` is
/// its timestamp as an SQL literal.
#[cold]
pub(crate) fn unreadable(stream: &StreamUuid, row: String, source: Error) -> Error {
    Error::UnreadableRow {
        stream: stream.shown(),
        row,
        source: Box::new(source),
    }
}

/// Why bytes are no text.
pub(crate) const NOT_UTF8: &str = "is not UTF-8";

/// Returns the error for a hash or a provider that is no text.
#[cold]
pub(crate) fn no_text(column: &'static str, text: &str, reason: &'static str) -> Error {
    Error::InvalidText {
        column,
        text: excerpt(text),
        reason,
    }
}
