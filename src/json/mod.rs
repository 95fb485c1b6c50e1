//! The server's JSON: payloads and stream objects, read whole and then written.

pub(crate) mod block;
mod encoding;
pub(crate) mod ingest;
mod item;
pub(crate) mod options;
mod payload;
mod scalar;
mod stream_object;
pub(crate) mod sync;
