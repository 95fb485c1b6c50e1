//! CSV: the columns of `observations`, and the stream.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use satori_store::{StreamUuid, Timestamp};

use super::writer::{Row, Writer, rows};
use crate::text;

pub(super) struct CsvWriter<'a, W: Write> {
    out: csv::Writer<W>,
    uuid: &'a StreamUuid,
    is_terminal: bool,
}

impl<'a, W: Write> CsvWriter<'a, W> {
    /// Begins a file, with its header line. For a terminal, characters that would steer it are
    /// escaped.
    pub(super) fn new(out: W, uuid: &'a StreamUuid, is_terminal: bool) -> io::Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        let header = ["ts", "value", "hash", "provider", "stream"];
        out.write_record(header).map_err(of_csv)?;
        Ok(Self {
            out,
            uuid,
            is_terminal,
        })
    }
}

impl<W: Write> Writer for CsvWriter<'_, W> {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let uuid = self.uuid.as_str();
        for Row {
            ts,
            value,
            hash,
            provider,
        } in rows(batch)
        {
            let (ts, value) = (exact(ts), text::number(value));
            let row = [ts.as_str(), &value, hash, provider, uuid];
            match self.is_terminal {
                true => self.out.write_record(row.map(text::plain).iter()),
                false => self.out.write_record(row),
            }
            .map_err(of_csv)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns the instant as every command prints it, but exact also before the year 0.
fn exact(ts: Timestamp) -> String {
    let text = ts.to_string();
    match text.ends_with('Z') {
        true => text,
        false => text::seconds(ts),
    }
}

/// Returns the system's error that an error of the writer holds, so that a full disk and a reader
/// that is gone are known for what they are.
fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
