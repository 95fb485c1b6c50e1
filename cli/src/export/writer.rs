//! Writing the rows of a stream, a record batch at a time, in whichever format.

use std::error::Error as StdError;
use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_array::RecordBatchReader;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use satori_store::{Error, RecordBatches, Stream, StreamUuid, Timestamp};

use super::{columnar, csv, ndjson};
use crate::args::FileFormat;
use crate::failure::Failure;

/// How rows are written.
pub(super) struct Form {
    pub(super) format: FileFormat,
    /// A terminal shows them, which no text may steer.
    pub(super) is_terminal: bool,
}

/// What writes a file.
pub(super) trait Writer {
    /// Writes rows behind those that were written before.
    fn write(&mut self, rows: &RecordBatch) -> io::Result<()>;

    /// Ends the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Writes the rows of a stream, and what it is, to `out`; returns the number of rows. `failed`
/// makes a failure of an error of `out`.
pub(super) fn write(
    uuid: &StreamUuid,
    metadata: Option<&Stream>,
    batches: RecordBatches,
    form: Form,
    out: &mut (impl Write + Send),
    failed: &dyn Fn(io::Error) -> Failure,
) -> Result<u64, Failure> {
    let schema = batches.schema();
    let mut writer: Box<dyn Writer + '_> = match form.format {
        FileFormat::Csv => {
            Box::new(csv::CsvWriter::new(out, uuid, form.is_terminal).map_err(failed)?)
        }
        FileFormat::Ndjson => {
            let begun = ndjson::NdjsonWriter::new(out, uuid, metadata);
            Box::new(begun.map_err(|error| failed(error.into()))?)
        }
        FileFormat::Parquet => {
            Box::new(columnar::parquet(out, &schema, uuid, metadata).map_err(failed)?)
        }
        FileFormat::Arrow => {
            Box::new(columnar::arrow(out, &schema, uuid, metadata).map_err(failed)?)
        }
    };
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|error| read_failure(error, uuid))?;
        writer.write(&batch).map_err(failed)?;
        rows += batch.num_rows() as u64;
    }
    writer.finish().map_err(failed)?;
    Ok(rows)
}

/// One row of a record batch.
pub(super) struct Row<'a> {
    pub(super) ts: Timestamp,
    pub(super) value: f64,
    pub(super) hash: &'a str,
    pub(super) provider: &'a str,
}

/// Iterates over the rows of a batch that the store has read.
pub(super) fn rows(batch: &RecordBatch) -> impl Iterator<Item = Row<'_>> {
    let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>();
    let value = batch.column(1).as_primitive::<Float64Type>();
    let (hash, provider) = (
        batch.column(2).as_string::<i32>(),
        batch.column(3).as_string::<i32>(),
    );
    (0..batch.num_rows()).map(move |row| Row {
        ts: Timestamp::from_micros(ts.value(row)),
        value: value.value(row),
        hash: hash.value(row),
        provider: provider.value(row),
    })
}

/// Returns the failure of a stream whose rows can't be read.
fn read_failure(error: ArrowError, uuid: &StreamUuid) -> Failure {
    let error: Box<dyn StdError + Send + Sync> = match error {
        ArrowError::ExternalError(error) => error,
        other => other.into(),
    };
    match error.downcast::<Error>() {
        Ok(error) => Failure::Store(*error),
        Err(error) => Failure::Read {
            file: uuid.to_string(),
            error: io::Error::other(error),
        },
    }
}

/// Returns the system's error that an error of Parquet holds, so that a full disk and a reader
/// that is gone are known for what they are.
pub(super) fn of_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

/// Returns the system's error that an error of Arrow holds.
pub(super) fn of_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}
