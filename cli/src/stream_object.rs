//! A stream's identity as the server's JSON has it, which says in a file whose rows it has.

use satori_store::{Stream, StreamUuid};
use serde::{Deserialize, Serialize};

use crate::json;

/// The key under which Parquet and Arrow files have the object.
pub(crate) const KEY: &str = "satori.stream";

/// A stream that has metadata: every field, so that null is not taken for absent.
#[derive(Serialize)]
struct Known<'a> {
    id: Option<i64>,
    uuid: &'a StreamUuid,
    name: Option<&'a str>,
    author: Option<&'a str>,
    secondary: Option<&'a str>,
    target: Option<&'a str>,
    meta: Option<&'a str>,
    description: Option<&'a str>,
}

/// A stream without metadata, or one whose metadata was written before.
#[derive(Serialize)]
struct Named<'a> {
    uuid: &'a StreamUuid,
}

/// Returns the object of a stream on one line, with a newline.
pub(crate) fn line(uuid: &StreamUuid, metadata: Option<&Stream>) -> Vec<u8> {
    match metadata {
        None => json::line(&Named { uuid }),
        Some(stream) => json::line(&Known {
            id: stream.server_stream_id,
            uuid,
            name: stream.name.as_deref(),
            author: stream.author.as_deref(),
            secondary: stream.secondary.as_deref(),
            target: stream.target.as_deref(),
            meta: stream.meta.as_deref(),
            description: stream.description.as_deref(),
        }),
    }
}

/// Returns the object of a stream on one line, as text.
pub(crate) fn text(uuid: &StreamUuid, metadata: Option<&Stream>) -> String {
    let line = line(uuid, metadata);
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// Returns the uuid that an object names, and whether it says more of the stream.
pub(crate) fn read(object: &str) -> Result<(String, bool), serde_json::Error> {
    #[derive(Deserialize)]
    struct Object {
        uuid: String,
        #[serde(flatten)]
        others: serde_json::Map<String, serde_json::Value>,
    }
    let object: Object = serde_json::from_str(object)?;
    Ok((object.uuid, !object.others.is_empty()))
}
