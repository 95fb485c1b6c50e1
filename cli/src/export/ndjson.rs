//! NDJSON in the server's shape: payloads, as `ingest` reads them.

use std::io::{self, BufWriter, Write};

use arrow_array::RecordBatch;
use satori_store::{Stream, StreamUuid, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use super::writer::{Row, Writer, rows};
use crate::json;
use crate::stream_object;
use crate::text;

/// A payload, and the provider, which the server's have not.
#[derive(Serialize)]
struct Payload<'a> {
    value: String,
    observed_at: String,
    hash: &'a str,
    provider: &'a str,
    stream: &'a RawValue,
}

pub(super) struct NdjsonWriter<W: Write> {
    out: BufWriter<W>,
    /// What the payloads say of their stream: the first, until it is written, all, the others
    /// the uuid, which leaves the rest as it is.
    first: Option<Box<RawValue>>,
    others: Box<RawValue>,
}

impl<W: Write> NdjsonWriter<W> {
    pub(super) fn new(
        out: W,
        uuid: &StreamUuid,
        metadata: Option<&Stream>,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            out: BufWriter::with_capacity(1 << 16, out),
            first: Some(RawValue::from_string(stream_object::text(uuid, metadata))?),
            others: RawValue::from_string(stream_object::text(uuid, None))?,
        })
    }
}

impl<W: Write> Writer for NdjsonWriter<W> {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        for Row {
            ts,
            value,
            hash,
            provider,
        } in rows(batch)
        {
            let first = self.first.take();
            let payload = Payload {
                value: text::number(value),
                observed_at: observed_at(ts),
                hash,
                provider,
                stream: first.as_deref().unwrap_or(&self.others),
            };
            json::write(&mut self.out, &payload)?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns the instant as the server writes it. Seconds after the year 5138 would be read as
/// milliseconds.
fn observed_at(ts: Timestamp) -> String {
    match ts.as_micros() < 100_000_000_000_000_000 {
        true => text::seconds(ts),
        false => ts.to_string(),
    }
}
