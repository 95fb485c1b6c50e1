//! How the server's JSON is taken in.

use crate::model::uuid::StreamUuid;

/// How payloads are taken in.
///
/// ```
/// use satori_store::{IngestOptions, StreamUuid};
///
/// let options = IngestOptions::new()
///     .uuid(StreamUuid::from_parts("central", "satori", "bitcoin", ""))
///     .provider("central")
///     .strict(true);
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct IngestOptions {
    pub(super) uuid: Option<StreamUuid>,
    pub(super) provider: Option<String>,
    pub(super) strict: bool,
    pub(super) format: Format,
    pub(super) first_line: usize,
}

/// How an input falls into payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The input says it itself: a JSON array, one payload that fills the input, or one
    /// payload a line.
    #[default]
    Auto,
    /// One payload a line (<https://github.com/ndjson/ndjson-spec>): for the pieces of a
    /// long input, of which the first may look like another format.
    NdJson,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            uuid: None,
            provider: None,
            strict: false,
            format: Format::Auto,
            first_line: 1,
        }
    }
}

impl IngestOptions {
    /// Returns the defaults: each payload's own stream, provider `central`, tolerant,
    /// format [`Auto`](Format::Auto).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the stream that every payload belongs to, whatever it says itself. Payloads
    /// of the old shape name no stream and need this.
    pub fn uuid(self, uuid: StreamUuid) -> Self {
        Self {
            uuid: Some(uuid),
            ..self
        }
    }

    /// Sets who delivers the rows; `central` by default.
    pub fn provider(self, provider: impl Into<String>) -> Self {
        Self {
            provider: Some(provider.into()),
            ..self
        }
    }

    /// Sets whether all is stored or nothing: one payload that can't be read, or whose
    /// instant has another value, and none of the batch is stored.
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// Sets how the input falls into payloads.
    pub fn format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// Sets the number of the input's first line, from 1, if it is a piece of a longer
    /// input: reports and errors count from there.
    pub fn first_line(self, first_line: usize) -> Self {
        Self { first_line, ..self }
    }
}
