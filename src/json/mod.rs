//! The server's JSON: payloads and stream objects, read whole and then written.

pub(crate) mod ingest;
pub(crate) mod payload;
pub(crate) mod sync;
