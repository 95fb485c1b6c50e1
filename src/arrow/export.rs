//! Observations out: record batches, read as they are asked for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, TimestampMicrosecondBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, Float64Array, RecordBatch, RecordBatchReader, StringArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::uuid::StreamUuid;
use crate::store::Store;

/// The number of rows in a record batch.
pub(super) const BATCH: usize = 65_536;
/// The most bytes that a column of text can hold: its offsets have 32 bits.
const LONGEST: usize = i32::MAX as usize;

/// Observations as record batches of `ts` (timestamp, microseconds, UTC), `value`
/// (float64), `hash` and `provider` (utf8), in order of time; see
/// [`Store::record_batches`]. Between batches nothing is locked.
#[derive(Debug)]
pub struct RecordBatches {
    store: Store,
    uuid: StreamUuid,
    cursor: Cursor,
    /// How many batches were read.
    count: usize,
    schema: SchemaRef,
}

impl RecordBatches {
    pub(crate) fn new(store: Store, uuid: StreamUuid, cursor: Cursor) -> Self {
        let schema = Arc::new(Schema::new(vec![
            Field::new("ts", instant(), false),
            Field::new("value", DataType::Float64, false),
            Field::new("hash", DataType::Utf8, false),
            Field::new("provider", DataType::Utf8, false),
        ]));
        Self {
            store,
            uuid,
            cursor,
            count: 0,
            schema,
        }
    }

    fn read(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let start = self.cursor.clone();
        let mut rows = BATCH;
        loop {
            match self.read_rows(rows) {
                Ok(batch) => return Ok(batch),
                // Fewer rows may fit.
                Err(Failed::TooLong) if rows > 1 => {
                    self.cursor = start.clone();
                    rows /= 16;
                }
                Err(Failed::TooLong) => return Err(external(too_long(self.count))),
                Err(Failed::NotUtf8) => {
                    let (before, error) = self.store.unreadable_text(&self.uuid, start.clone());
                    if before == 0 {
                        return Err(external(error));
                    }
                    // The rows before it come first.
                    self.cursor = start.clone();
                    rows = before.min(rows);
                }
                Err(Failed::Arrow(error)) => return Err(error),
            }
        }
    }

    fn read_rows(&mut self, rows: usize) -> Result<Option<RecordBatch>, Failed> {
        let mut ts = TimestampMicrosecondBuilder::with_capacity(rows);
        let mut values = Vec::with_capacity(rows);
        let mut hashes = BinaryBuilder::with_capacity(rows, rows * 16);
        let mut providers = BinaryBuilder::with_capacity(rows, rows * 8);
        let mut is_too_long = false;
        let fits = |builder: &BinaryBuilder, text: &[u8]| {
            builder.values_slice().len() + text.len() <= LONGEST
        };
        let read = self
            .store
            .read_batch(&self.uuid, &mut self.cursor, rows, |row| {
                if !fits(&hashes, row.hash) || !fits(&providers, row.provider) {
                    is_too_long = true;
                    return Err(too_long(0)); // it goes no farther than `is_too_long`
                }
                ts.append_value(row.ts.as_micros());
                values.push(row.value);
                hashes.append_value(row.hash);
                providers.append_value(row.provider);
                Ok(())
            });
        if is_too_long {
            return Err(Failed::TooLong);
        }
        if read.map_err(external)? == 0 {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(ts.finish().with_timezone("UTC")),
            Arc::new(Float64Array::from(values)),
            texts(hashes.finish()).ok_or(Failed::NotUtf8)?,
            texts(providers.finish()).ok_or(Failed::NotUtf8)?,
        ];
        Ok(Some(RecordBatch::try_new(
            Arc::clone(&self.schema),
            columns,
        )?))
    }
}

/// Converts a column to text; `None` if a text is not UTF-8. All of it is checked at once:
/// a fraction of the cost of checking row by row.
fn texts(column: BinaryArray) -> Option<ArrayRef> {
    let texts = StringArray::try_from_binary(column).ok()?;
    Some(Arc::new(texts))
}

impl Iterator for RecordBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_done() {
            return None;
        }
        // No other frame of ours would catch a panic below the C stream interface.
        let read = catch_unwind(AssertUnwindSafe(|| self.read()))
            .unwrap_or_else(|_| Err(external(Error::Poisoned)));
        if !matches!(read, Ok(Some(_))) {
            self.cursor.done = true;
        }
        self.count += 1;
        read.transpose()
    }
}

impl RecordBatchReader for RecordBatches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Why a batch was not read.
enum Failed {
    /// It has more text than a column can hold.
    TooLong,
    /// It has text that is not UTF-8.
    NotUtf8,
    Arrow(ArrowError),
}

impl From<ArrowError> for Failed {
    fn from(error: ArrowError) -> Self {
        Failed::Arrow(error)
    }
}

#[cold]
fn too_long(batch: usize) -> Error {
    Error::InvalidArrow {
        batch,
        message: "a row has more than 2 GiB of text".to_owned(),
    }
}

/// Returns the type of a column of instants.
pub(super) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(super) fn external(error: Error) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}
