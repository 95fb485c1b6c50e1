//! Observations as Arrow record batches, out and in (feature `arrow`).

use std::ops::RangeBounds;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, TimestampMicrosecondBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int64Type, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Float64Array, RecordBatch, RecordBatchReader, StringArray,
};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::observation::{InsertReport, NewObservation};
use crate::model::row::not_utf8;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::model::value;
use crate::store::Store;

/// Rows of a record batch.
const BATCH: usize = 65_536;
/// Bytes of a column of text: its offsets are 32 bits.
const LONGEST: usize = i32::MAX as usize;
const TOO_LONG: &str = "a batch has more than 2 GiB of text";

impl Store {
    /// The observations in `range` as Arrow record batches: `ts` (timestamp,
    /// microseconds, UTC), `value` (float64), `hash` and `provider` (utf8).
    ///
    /// # Errors
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound),
    /// [`Error::NotAStream`](crate::Error::NotAStream); the batches
    /// end with an external error, one of this crate's, at a row that can't be read.
    pub fn record_batches(
        &self,
        uuid: &StreamUuid,
        range: impl RangeBounds<Timestamp>,
    ) -> Result<RecordBatches> {
        let cursor = self.cursor(uuid, range)?;
        Ok(RecordBatches::new(self.clone(), uuid.clone(), cursor))
    }

    /// Inserts Arrow record batches in one transaction, as
    /// [`insert_many`](Self::insert_many) does rows. They need columns `ts`
    /// (timestamps of any unit, or what [`Timestamp`] reads: numbers or text) and
    /// `value` (numbers, or text that is one), both without nulls; `hash` and
    /// `provider` are optional, as is each item: a missing hash is computed, a
    /// missing provider is `provider`, or `central`. Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidArrow`](crate::Error::InvalidArrow) where a column is missing
    /// or can't be read so; else as [`insert`](Self::insert).
    pub fn insert_record_batches(
        &self,
        uuid: &StreamUuid,
        batches: impl RecordBatchReader,
        provider: Option<&str>,
    ) -> Result<InsertReport> {
        insert(self, uuid, batches, provider)
    }
}

/// Observations as record batches of `ts` (timestamp, microseconds, UTC), `value`
/// (float64), `hash` and `provider` (utf8), in order of time; see
/// [`Store::record_batches`]. Between batches nothing is locked.
#[derive(Debug)]
pub struct RecordBatches {
    store: Store,
    uuid: StreamUuid,
    cursor: Cursor,
    schema: SchemaRef,
}

impl RecordBatches {
    pub(crate) fn new(store: Store, uuid: StreamUuid, cursor: Cursor) -> Self {
        let ts = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Arc::new(Schema::new(vec![
            Field::new("ts", ts, false),
            Field::new("value", DataType::Float64, false),
            Field::new("hash", DataType::Utf8, false),
            Field::new("provider", DataType::Utf8, false),
        ]));
        Self {
            store,
            uuid,
            cursor,
            schema,
        }
    }

    fn read(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let start = self.cursor.clone();
        let mut rows = BATCH;
        loop {
            match self.read_rows(rows) {
                // Fewer rows have less text.
                Err(error) if is_too_long(&error) && rows > 1 => {
                    self.cursor = start.clone();
                    rows /= 16;
                }
                read => return read,
            }
        }
    }

    fn read_rows(&mut self, rows: usize) -> Result<Option<RecordBatch>, ArrowError> {
        let mut ts = TimestampMicrosecondBuilder::with_capacity(rows);
        let mut values = Vec::with_capacity(rows);
        let mut hashes = BinaryBuilder::with_capacity(rows, rows * 16);
        let mut providers = BinaryBuilder::with_capacity(rows, rows * 8);
        let fits = |builder: &BinaryBuilder, text: &[u8]| {
            builder.values_slice().len() + text.len() <= LONGEST
        };
        let read = self
            .store
            .read_batch(&self.uuid, &mut self.cursor, rows, |row| {
                if !fits(&hashes, row.hash) || !fits(&providers, row.provider) {
                    return Err(Error::InvalidArrow {
                        batch: 0,
                        message: TOO_LONG.to_owned(),
                    });
                }
                ts.append_value(row.ts.as_micros());
                values.push(row.value);
                hashes.append_value(row.hash);
                providers.append_value(row.provider);
                Ok(())
            });
        if read.map_err(external)? == 0 {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(ts.finish().with_timezone("UTC")),
            Arc::new(Float64Array::from(values)),
            self.texts(hashes.finish())?,
            self.texts(providers.finish())?,
        ];
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map(Some)
    }

    /// Checks a whole column at once, a fraction of what it costs row by row.
    fn texts(&self, column: BinaryArray) -> Result<ArrayRef, ArrowError> {
        match StringArray::try_from_binary(column.clone()) {
            Ok(texts) => Ok(Arc::new(texts)),
            Err(_) => Err(external(not_utf8(&self.uuid, column.iter().flatten()))),
        }
    }
}

impl Iterator for RecordBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_done() {
            return None;
        }
        // Behind the C stream interface no frame of ours would catch a panic.
        let read = catch_unwind(AssertUnwindSafe(|| self.read()))
            .unwrap_or_else(|_| Err(external(Error::Poisoned)));
        if !matches!(read, Ok(Some(_))) {
            self.cursor.finish();
        }
        read.transpose()
    }
}

impl RecordBatchReader for RecordBatches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

fn is_too_long(error: &ArrowError) -> bool {
    let ArrowError::ExternalError(error) = error else {
        return false;
    };
    matches!(error.downcast_ref(), Some(Error::InvalidArrow { message, .. }) if message == TOO_LONG)
}

fn external(error: Error) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}

/// One record batch, its columns brought to the types that are inserted.
struct Columns {
    ts: Vec<Timestamp>,
    values: ArrayRef,
    hashes: Option<ArrayRef>,
    providers: Option<ArrayRef>,
}

/// Inserts record batches in their order, in one transaction.
pub(crate) fn insert(
    store: &Store,
    uuid: &StreamUuid,
    batches: impl RecordBatchReader,
    provider: Option<&str>,
) -> Result<InsertReport> {
    // Read whole before the transaction begins: whoever makes the batches must
    // not do it while the store is locked.
    let columns = batches
        .enumerate()
        .map(|(number, batch)| {
            Columns::new(&batch.map_err(|error| invalid(number, error))?, number)
        })
        .collect::<Result<Vec<_>>>()?;
    let observations = columns
        .iter()
        .flat_map(|columns| columns.observations(provider));
    store.insert_all(uuid, observations)
}

impl Columns {
    fn observations<'a>(
        &'a self,
        provider: Option<&'a str>,
    ) -> impl Iterator<Item = NewObservation<'a>> + Clone {
        let values = self.values.as_primitive::<Float64Type>().values();
        let text = |column: &'a Option<ArrayRef>| column.as_ref().map(|c| c.as_string::<i32>());
        let (hashes, providers) = (text(&self.hashes), text(&self.providers));
        let rows = self.ts.iter().zip(values).enumerate();
        rows.map(move |(row, (ts, value))| {
            let mut observation = NewObservation::new(*ts, *value);
            observation.hash = hashes.filter(|c| c.is_valid(row)).map(|c| c.value(row));
            let named = providers.filter(|c| c.is_valid(row)).map(|c| c.value(row));
            observation.provider = named.or(provider).unwrap_or(observation.provider);
            observation
        })
    }

    fn new(batch: &RecordBatch, number: usize) -> Result<Self> {
        // What comes over the C stream interface is taken at its word; text that is not
        // UTF-8 would be undefined behaviour from here on.
        for name in ["ts", "value", "hash", "provider"] {
            if let Some(column) = batch.column_by_name(name) {
                let checked = column.to_data().validate_full();
                checked.map_err(|error| invalid(number, error))?;
            }
        }
        // What can't be brought to a type is an error: left to itself, the cast would
        // make a null of it, whose place in the column holds 0.
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let cast = |column: &ArrayRef, to: &DataType| {
            cast_with_options(column, to, &options).map_err(|error| invalid(number, error))
        };
        let required = |name: &str| {
            let column = batch.column_by_name(name).ok_or_else(|| {
                invalid(
                    number,
                    ArrowError::SchemaError(format!("there is no column {name}")),
                )
            })?;
            let nulls = column.logical_nulls();
            match nulls.and_then(|nulls| nulls.iter().position(|is_valid| !is_valid)) {
                None => Ok(column),
                Some(row) => Err(invalid(
                    number,
                    ArrowError::InvalidArgumentError(format!("{name} is null in row {row}")),
                )),
            }
        };
        let optional = |name: &str| {
            batch
                .column_by_name(name)
                .map(|column| cast(column, &DataType::Utf8))
                .transpose()
        };
        Ok(Self {
            ts: timestamps(required("ts")?, &cast)?,
            values: values(required("value")?, &cast)?,
            hashes: optional("hash")?,
            providers: optional("provider")?,
        })
    }
}

/// Numbers, or text that the store reads as a value.
fn values(
    column: &ArrayRef,
    cast: &impl Fn(&ArrayRef, &DataType) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    if column.data_type().is_numeric() {
        return cast(column, &DataType::Float64);
    }
    let column = cast(column, &DataType::Utf8)?;
    let texts = column.as_string::<i32>().iter();
    let values: Vec<_> = texts
        .map(|text| value::parse(text.unwrap_or_default()))
        .collect::<Result<_>>()?;
    Ok(Arc::new(Float64Array::from(values)))
}

/// Timestamps, or what the store reads as such: whole and decimal numbers of
/// seconds or finer units, and text.
fn timestamps(
    column: &ArrayRef,
    cast: &impl Fn(&ArrayRef, &DataType) -> Result<ArrayRef>,
) -> Result<Vec<Timestamp>> {
    match column.data_type() {
        // To the nearest microsecond, as every other spelling; a cast would cut.
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let nanos = column.as_primitive::<TimestampNanosecondType>().values();
            Ok(nanos.iter().copied().map(Timestamp::from_nanos).collect())
        }
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => {
            // Whatever zone a column is shown in, it counts from 1970 in UTC.
            let utc = DataType::Timestamp(TimeUnit::Microsecond, None);
            let column = cast(column, &utc)?;
            let micros = column.as_primitive::<TimestampMicrosecondType>().values();
            Ok(micros.iter().copied().map(Timestamp::from_micros).collect())
        }
        kind if kind.is_integer() => {
            let column = cast(column, &DataType::Int64)?;
            let numbers = column.as_primitive::<Int64Type>().values();
            Ok(numbers
                .iter()
                .copied()
                .map(Timestamp::from_integer)
                .collect())
        }
        kind if kind.is_numeric() => {
            let column = cast(column, &DataType::Float64)?;
            column
                .as_primitive::<Float64Type>()
                .values()
                .iter()
                .copied()
                .map(Timestamp::from_real)
                .collect()
        }
        _ => {
            let column = cast(column, &DataType::Utf8)?;
            column
                .as_string::<i32>()
                .iter()
                .map(|text| text.unwrap_or_default().parse())
                .collect()
        }
    }
}

fn invalid(batch: usize, error: ArrowError) -> Error {
    Error::InvalidArrow {
        batch,
        message: error.to_string(),
    }
}
