//! How the server's JSON is taken in.

use crate::model::time_unit::TimeUnit;
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
    pub(super) unit: TimeUnit,
}

/// How an input is split into payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Payloads and JSON arrays of them, one a line or over several lines. A line that is no
    /// JSON is rejected by itself. If the input begins with an array that is malformed or
    /// cut short, the whole input is.
    #[default]
    Auto,
    /// The same, but a line that begins such an array is rejected by itself too. It is for
    /// lines (<https://github.com/ndjson/ndjson-spec>), and for the pieces of a long input,
    /// as [`whole_payloads`](crate::whole_payloads) cuts them.
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
            unit: TimeUnit::Auto,
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

    /// Sets whether the batch is stored whole or not at all: then nothing is stored if one
    /// payload can't be, or if its instant already has another value. By default all other
    /// payloads are stored.
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// Sets how the input is split into payloads.
    pub fn format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// Sets the number of the input's first line, from 1, if it is a piece of a longer
    /// input: reports and errors count from there. A number above `isize::MAX`, which no
    /// input reaches, stands for that one.
    pub fn first_line(self, first_line: usize) -> Self {
        // No number of a line overflows: an input has no more bytes than that.
        Self {
            first_line: first_line.clamp(1, isize::MAX as usize),
            ..self
        }
    }

    /// Sets the unit of timestamps that are numbers, also in text. By default it is
    /// recognised by their magnitude, which takes milliseconds before 1973 for seconds.
    pub fn unit(self, unit: TimeUnit) -> Self {
        Self { unit, ..self }
    }
}
