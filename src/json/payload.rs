//! The server's JSON: what a payload is, and how a batch falls into payloads.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::error::{Error, Result};
use crate::model::stream::StreamPatch;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::model::value;

/// A payload larger than this is refused: real ones have 300 bytes.
const MAX_PAYLOAD: usize = 1 << 20;
/// A payload nested deeper than this is refused: real ones have two levels.
const MAX_DEPTH: usize = 32;

/// One answer of the server, as it stands in the JSON.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    value: Scalar<'a>,
    #[serde(borrow, default)]
    observed_at: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    ts: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    hash: Option<Text<'a>>,
    #[serde(borrow, default)]
    stream_id: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
}

/// The identity of a stream, as it stands in the JSON. Of each field, absent and
/// null are told apart.
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

/// A `T` that is a JSON object. Derived, it would be read from an array as well,
/// whose elements it takes for its fields in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A field that stands in the JSON, null or not.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Text, borrowed from the JSON where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A number, or text that should be one.
enum Scalar<'a> {
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or text that is one")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Integer(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(number).map_or(Scalar::Real(number as f64), Scalar::Integer))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Real(number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl Scalar<'_> {
    fn timestamp(&self) -> Result<Timestamp> {
        match self {
            Scalar::Integer(number) => Ok(Timestamp::from_integer(*number)),
            Scalar::Real(number) => Timestamp::from_real(*number),
            Scalar::Text(text) => text.parse(),
        }
    }

    fn value(&self) -> Result<f64> {
        match self {
            Scalar::Integer(number) => Ok(*number as f64),
            Scalar::Real(number) => value::finite(*number),
            Scalar::Text(text) => value::parse(text),
        }
    }

    /// A server's number for a stream.
    fn id(&self) -> Result<i64> {
        let invalid = |text: String| Error::InvalidValue {
            text,
            reason: "a stream's id is a whole number",
        };
        match self {
            Scalar::Integer(number) => Ok(*number),
            // Up to here every whole number is a double of its own.
            Scalar::Real(number)
                if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 =>
            {
                Ok(*number as i64)
            }
            Scalar::Real(number) => Err(invalid(format!("{number:?}"))),
            Scalar::Text(text) => text
                .trim()
                .parse()
                .map_err(|_| invalid(crate::model::error::excerpt(text))),
        }
    }
}

/// A payload, read: what there is to store.
pub(crate) struct Parsed<'a> {
    /// Where the payload brought one: most say the same as the one before, and
    /// need not be read again.
    pub(crate) stream: Option<RawStream<'a>>,
    pub(crate) ts: Timestamp,
    pub(crate) value: f64,
    pub(crate) hash: Option<Cow<'a, str>>,
}

/// A stream object as it stands in its payload, which [`Item::metadata`] reads.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct RawStream<'a> {
    json: &'a str,
    /// The payload's own `stream_id`, where the object has none.
    stream_id: Option<i64>,
}

/// A stream object, read.
pub(crate) struct ParsedStream<'a> {
    pub(crate) uuid: Option<Cow<'a, str>>,
    pub(crate) metadata: StreamPatch,
}

impl<'a> StreamObject<'a> {
    fn parse(self, stream_id: Option<i64>) -> Result<ParsedStream<'a>> {
        fn set<T>(
            patch: StreamPatch,
            field: Option<Option<T>>,
            setter: impl FnOnce(StreamPatch, Option<T>) -> StreamPatch,
        ) -> StreamPatch {
            match field {
                Some(value) => setter(patch, value),
                None => patch,
            }
        }
        let text = |text: Text<'a>| text.0.into_owned();
        let id = match self.id {
            Some(id) => Some(id.map(|id| id.id()).transpose()?),
            None => stream_id.map(Some),
        };
        let meta = match self.meta {
            Some(meta) => Some(meta.map(raw_text).transpose()?),
            None => None,
        };
        let mut patch = StreamPatch::new();
        patch = set(patch, id, StreamPatch::server_stream_id);
        patch = set(patch, self.name, |p, v| p.name(v.map(text)));
        patch = set(patch, self.author, |p, v| p.author(v.map(text)));
        patch = set(patch, self.secondary, |p, v| p.secondary(v.map(text)));
        patch = set(patch, self.target, |p, v| p.target(v.map(text)));
        patch = set(patch, meta, StreamPatch::meta);
        patch = set(patch, self.description, |p, v| p.description(v.map(text)));
        Ok(ParsedStream {
            uuid: self.uuid.map(|uuid| uuid.0),
            metadata: patch,
        })
    }
}

/// `meta` is text, but a server that sends an object there loses nothing: its
/// JSON is kept.
fn raw_text(raw: &RawValue) -> Result<String> {
    if raw.get().starts_with('"') {
        serde_json::from_str(raw.get()).map_err(|error| json_error(&error, Place::START))
    } else {
        Ok(raw.get().to_owned())
    }
}

/// Where in the input something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in bytes.
    pub(crate) column: usize,
}

impl Place {
    const START: Place = Place { line: 1, column: 1 };

    /// The place behind `bytes` that begin here.
    fn behind(self, bytes: &[u8]) -> Self {
        match bytes.iter().rposition(|&byte| byte == b'\n') {
            None => Place {
                column: self.column + bytes.len(),
                ..self
            },
            Some(last) => Place {
                line: self.line + bytes.iter().filter(|&&byte| byte == b'\n').count(),
                column: bytes.len() - last,
            },
        }
    }

    pub(crate) fn error(self, message: impl Into<String>) -> Error {
        Error::InvalidJson {
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }
}

fn json_error(error: &serde_json::Error, start: Place) -> Error {
    let message = error.to_string();
    // serde_json ends its messages with the place, counted from the item's start.
    let message = message.split(" at line ").next().unwrap_or_default();
    Place {
        line: start.line + error.line().saturating_sub(1),
        column: match error.line() {
            0 | 1 => start.column + error.column().saturating_sub(1),
            // At the end of a line serde_json counts the next one's bytes: none.
            _ => error.column().max(1),
        },
    }
    .error(message)
}

/// One item of a batch.
pub(crate) struct Item<'a> {
    pub(crate) place: Place,
    pub(crate) json: &'a [u8],
}

/// Splits a batch into its items: the elements of a JSON array, or the lines of
/// NDJSON, or the one value that fills the whole input.
///
/// # Errors
/// `InvalidJson` where an array is cut short or malformed between its elements:
/// then nobody can tell where the next one begins.
pub(crate) fn split(input: &[u8]) -> Result<Vec<Item<'_>>> {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let first = input.iter().position(|byte| !byte.is_ascii_whitespace());
    let Some(first) = first else {
        return Ok(Vec::new());
    };
    if input[first] == b'[' {
        let elements: Vec<&RawValue> =
            serde_json::from_slice(input).map_err(|error| json_error(&error, Place::START))?;
        let mut place = Place::START;
        let mut reached = 0;
        return Ok(elements
            .into_iter()
            .map(|element| {
                let json = element.get().as_bytes();
                let offset = offset(input, element.get());
                place = place.behind(&input[reached..offset]);
                reached = offset;
                Item { place, json }
            })
            .collect());
    }
    let place = Place::START.behind(&input[..first]);
    let rest = &input[first..];
    let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_cut = |json| matches!(serde_json::from_slice::<IgnoredAny>(json), Err(e) if e.is_eof());
    if line.len() < rest.len() && is_cut(line) && serde_json::from_slice::<IgnoredAny>(rest).is_ok()
    {
        return Ok(vec![Item { place, json: rest }]);
    }
    let lines = input.split(|&byte| byte == b'\n');
    Ok((1..)
        .zip(lines)
        .filter(|(_, json)| !json.iter().all(u8::is_ascii_whitespace))
        .map(|(line, json)| Item {
            place: Place { line, column: 1 },
            json,
        })
        .collect())
}

/// Where in `whole` its part `part` begins.
fn offset(whole: &[u8], part: &str) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

impl<'a> Item<'a> {
    /// Reads the item as a payload; `None` for `null`: the server has nothing new.
    pub(crate) fn payload(&self) -> Result<Option<Parsed<'a>>> {
        self.check_bounds()?;
        let payload: Option<Object<Payload<'a>>> = self.read()?;
        let Some(Object(payload)) = payload else {
            return Ok(None);
        };
        let Some(ts) = payload.observed_at.or(payload.ts) else {
            return Err(self
                .place
                .error("missing field `observed_at`, and `ts` too"));
        };
        let ts = ts.timestamp()?;
        // What can't be stored is this payload's fault, not its batch's.
        ts.to_seconds()?;
        let stream_id = payload.stream_id.map(|id| id.id()).transpose()?;
        let stream = payload.stream.map(|stream| RawStream {
            json: stream.get(),
            stream_id,
        });
        Ok(Some(Parsed {
            stream,
            ts,
            value: payload.value.value()?,
            hash: payload
                .hash
                .map(|hash| hash.0)
                .filter(|hash| !hash.is_empty()),
        }))
    }

    /// Reads the stream object of this item's payload.
    pub(crate) fn metadata(&self, stream: RawStream<'a>) -> Result<ParsedStream<'a>> {
        let start = self
            .place
            .behind(&self.json[..offset(self.json, stream.json)]);
        let Object(object) = serde_json::from_str::<Object<StreamObject<'a>>>(stream.json)
            .map_err(|error| json_error(&error, start))?;
        object.parse(stream.stream_id)
    }

    /// Reads the item as a stream object.
    pub(crate) fn stream(&self) -> Result<(StreamUuid, StreamPatch)> {
        self.check_bounds()?;
        let Object(stream) = self.read::<Object<StreamObject<'a>>>()?;
        let stream = stream.parse(None)?;
        let uuid = stream.uuid.ok_or(Error::MissingUuid)?;
        Ok((StreamUuid::new(uuid)?, stream.metadata))
    }

    fn read<T: Deserialize<'a>>(&self) -> Result<T> {
        serde_json::from_slice(self.json).map_err(|error| json_error(&error, self.place))
    }

    /// Refuses what is too large or nested too deep, before any of it is parsed.
    fn check_bounds(&self) -> Result<()> {
        if self.json.len() > MAX_PAYLOAD {
            return Err(self.place.error(format!("larger than {MAX_PAYLOAD} bytes")));
        }
        // Almost always the few brackets there are can't nest too deep.
        let opens = |byte: &u8| matches!(byte, b'{' | b'[');
        if self.json.iter().filter(|byte| opens(byte)).count() <= MAX_DEPTH {
            return Ok(());
        }
        let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
        for (offset, byte) in self.json.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                let place = self.place.behind(&self.json[..offset]);
                return Err(place.error(format!("nested deeper than {MAX_DEPTH} levels")));
            }
        }
        Ok(())
    }
}
