//! One answer of the server: an observation, with or without its stream object.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::Item;
use super::scalar::{Object, Scalar, Text};
use super::stream_object::RawStream;
use crate::model::error::Result;
use crate::model::time::Timestamp;
use crate::model::time_unit::TimeUnit;

/// One answer of the server, as the JSON has it.
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

/// A payload that has been read: what there is to store.
pub(super) struct Parsed<'a> {
    /// The stream object, if the payload has one. It is not read yet: most repeat the one
    /// before, and need not be.
    pub(super) stream: Option<RawStream<'a>>,
    pub(super) ts: Timestamp,
    pub(super) value: f64,
    pub(super) hash: Option<Cow<'a, str>>,
}

/// Reads an item that is a payload; returns `None` for `null`, by which the server says
/// that it has nothing new. `unit` is that of timestamps that are numbers.
pub(super) fn read<'a>(item: &Item<'a>, unit: TimeUnit) -> Result<Option<Parsed<'a>>> {
    item.check_bounds()?;
    let payload: Option<Object<Payload<'a>>> = item.read()?;
    let Some(Object(payload)) = payload else {
        return Ok(None);
    };
    let Some(ts) = payload.observed_at.or(payload.ts) else {
        return Err(item
            .position
            .error("missing field `observed_at`, and `ts` too"));
    };
    let ts = ts.timestamp(unit)?;
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
