//! One answer of the server: an observation, with or without its stream object.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::Item;
use super::scalar::{Object, Scalar, Text};
use super::stream_object::RawStream;
use crate::model::error::Result;
use crate::model::time::Timestamp;

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

/// A payload, read: what there is to store.
pub(super) struct Parsed<'a> {
    /// Where the payload brought one: most say the same as the one before, and
    /// need not be read again.
    pub(super) stream: Option<RawStream<'a>>,
    pub(super) ts: Timestamp,
    pub(super) value: f64,
    pub(super) hash: Option<Cow<'a, str>>,
}

/// Reads an item that is a payload; `None` for `null`: the server has nothing new.
pub(super) fn read<'a>(item: &Item<'a>) -> Result<Option<Parsed<'a>>> {
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
