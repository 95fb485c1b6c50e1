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
            hash: text_of(stream, self.hash)?.to_owned(),
            provider: text_of(stream, self.provider)?.to_owned(),
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

/// Returns the error for a row of `stream` that can't be read because of `source`.
#[cold]
pub(crate) fn unreadable(stream: &StreamUuid, source: Error) -> Error {
    Error::UnreadableRow {
        stream: stream.to_string(),
        source: Box::new(source),
    }
}

/// Reads `bytes` as a text in a row of `stream`.
pub(crate) fn text_of<'a>(stream: &StreamUuid, bytes: &'a [u8]) -> Result<&'a str> {
    utf8(bytes).map_err(|error| unreadable(stream, error))
}

/// Returns the error for the first of `texts`, in rows of `stream`, that is not UTF-8.
#[cold]
pub(crate) fn not_utf8<'a>(
    stream: &StreamUuid,
    mut texts: impl Iterator<Item = &'a [u8]>,
) -> Error {
    let text = texts.find(|text| str::from_utf8(text).is_err());
    unreadable(stream, no_text(text.unwrap_or_default()))
}

/// Reads bytes as text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|_| no_text(bytes))
}

#[cold]
fn no_text(bytes: &[u8]) -> Error {
    Error::InvalidValue {
        text: excerpt(&String::from_utf8_lossy(bytes)),
        reason: "it is not UTF-8",
    }
}
