//! The identity of a stream in the server's JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::{Item, json_error};
use super::scalar::{Object, Scalar, Text, present};
use crate::model::error::{Error, Result};
use crate::model::stream::StreamPatch;
use crate::model::uuid::StreamUuid;

/// The identity of a stream, as the JSON has it. Absent and null differ for each field
/// but `uuid`.
#[derive(Deserialize)]
struct StreamObject<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<Option<Scalar<'a>>>,
    #[serde(borrow, default)]
    uuid: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    name: Option<Option<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    author: Option<Option<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    secondary: Option<Option<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    target: Option<Option<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    meta: Option<Option<&'a RawValue>>,
    #[serde(borrow, default, deserialize_with = "present")]
    description: Option<Option<Text<'a>>>,
}

/// A stream object in its payload, which [`read`] reads.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct RawStream<'a> {
    pub(super) json: &'a str,
    /// The payload's own `stream_id`, for an object without an `id`.
    pub(super) stream_id: Option<i64>,
}

/// A stream object that has been read.
pub(super) struct ParsedStream<'a> {
    pub(super) uuid: Option<Cow<'a, str>>,
    pub(super) metadata: StreamPatch,
}

impl<'a> StreamObject<'a> {
    /// Reads the fields of the object, which is a part of the item.
    fn parse(self, item: &Item<'_>, stream_id: Option<i64>) -> Result<ParsedStream<'a>> {
        let text =
            |text: Option<Option<Text<'a>>>| text.map(|text| text.map(|text| text.0.into_owned()));
        let id = match self.id {
            Some(id) => Some(id.map(|id| id.id()).transpose()?),
            None => stream_id.map(Some),
        };
        let meta = match self.meta {
            Some(meta) => Some(meta.map(|meta| raw_text(item, meta)).transpose()?),
            None => None,
        };
        Ok(ParsedStream {
            uuid: self.uuid.map(|uuid| uuid.0),
            metadata: StreamPatch {
                server_stream_id: id,
                name: text(self.name),
                author: text(self.author),
                secondary: text(self.secondary),
                target: text(self.target),
                meta,
                description: text(self.description),
            },
        })
    }
}

/// Reads `meta`, which should be text. If the server sends an object there, nothing is
/// lost: its JSON is kept.
fn raw_text(item: &Item<'_>, raw: &RawValue) -> Result<String> {
    if raw.get().starts_with('"') {
        let start = item.position_of(raw.get());
        serde_json::from_str(raw.get()).map_err(|error| json_error(&error, start))
    } else {
        Ok(raw.get().to_owned())
    }
}

/// Reads the stream object of an item's payload.
pub(super) fn read<'a>(item: &Item<'a>, stream: RawStream<'a>) -> Result<ParsedStream<'a>> {
    let start = item.position_of(stream.json);
    let Object(object) = serde_json::from_str::<Object<StreamObject<'a>>>(stream.json)
        .map_err(|error| json_error(&error, start))?;
    object.parse(item, stream.stream_id)
}

/// Reads an item that is a stream object.
pub(super) fn read_item(item: &Item<'_>) -> Result<(StreamUuid, StreamPatch)> {
    item.check_bounds()?;
    let Object(stream) = item.read::<Object<StreamObject<'_>>>()?;
    let stream = stream.parse(item, None)?;
    let uuid = stream.uuid.ok_or(Error::MissingUuid)?;
    Ok((StreamUuid::new(uuid)?, stream.metadata))
}

#[cfg(test)]
mod tests {
    use super::super::item::split;
    use super::super::options::Format;
    use super::*;

    /// Returns the line and column of the error in the only item of `input`.
    fn fault(input: &str, format: Format, first_line: usize) -> Option<(usize, usize)> {
        let items = split(input.as_bytes(), format, first_line).ok()?;
        match read_item(items.first()?) {
            Err(Error::InvalidJson { line, column, .. }) => Some((line, column)),
            _ => None,
        }
    }

    #[test]
    fn a_fault_in_meta_is_placed_in_the_input() {
        let input = "\n  {\"uuid\": \"u\", \"meta\": \"\\ud800\"}\n";
        assert_eq!(fault(input, Format::NdJson, 7), Some((8, 32)));
    }

    #[test]
    fn lines_are_counted_to_the_last_number() {
        for input in ["\n\n{\n", "{\n\n"] {
            let found = fault(input, Format::NdJson, usize::MAX);
            assert_eq!(found.map(|(line, _)| line), Some(usize::MAX));
        }
        assert!(split(b"[\n1,\n]", Format::Auto, usize::MAX).is_err());
    }
}
