//! Observations in: record batches, converted and inserted.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int64Type, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, RecordBatchReader};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, TimeUnit as ArrowUnit};

use crate::model::error::{Error, Result};
use crate::model::observation::{InsertReport, NewObservation};
use crate::model::time::Timestamp;
use crate::model::time_unit::TimeUnit;
use crate::model::uuid::StreamUuid;
use crate::model::value;
use crate::store::Store;

/// One record batch, its columns converted to the types that are inserted.
struct BatchColumns {
    ts: Vec<Timestamp>,
    values: ArrayRef,
    hashes: Option<ArrayRef>,
    providers: Option<ArrayRef>,
}

/// Inserts record batches in their order, in one transaction.
pub(super) fn insert(
    store: &Store,
    uuid: &StreamUuid,
    batches: impl RecordBatchReader,
    provider: Option<&str>,
    unit: TimeUnit,
) -> Result<InsertReport> {
    // All batches are read before the transaction begins: they must not be made while
    // the store is locked.
    let columns = batches
        .enumerate()
        .map(|(number, batch)| {
            BatchColumns::new(
                &batch.map_err(|error| invalid(number, error))?,
                number,
                unit,
            )
        })
        .collect::<Result<Vec<_>>>()?;
    let observations = columns
        .iter()
        .flat_map(|columns| columns.observations(provider));
    store.insert_all(uuid, observations)
}

impl BatchColumns {
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

    fn new(batch: &RecordBatch, number: usize, unit: TimeUnit) -> Result<Self> {
        // What comes over the C stream interface has not been checked, and from here on
        // text that is not UTF-8 would be undefined behaviour.
        for name in ["ts", "value", "hash", "provider"] {
            if let Some(column) = batch.column_by_name(name) {
                let checked = column.to_data().validate_full();
                checked.map_err(|error| invalid(number, error))?;
            }
        }
        // An item that can't be cast is an error. By default it would become a null, and
        // its place in the column would hold 0.
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
            ts: timestamps(required("ts")?, unit, &cast)?,
            values: values(required("value")?, &cast)?,
            hashes: optional("hash")?,
            providers: optional("provider")?,
        })
    }
}

/// Converts a column of numbers, or of text that the store reads as values.
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

/// Converts a column of timestamps, or of what the store reads as such: whole and
/// decimal numbers of seconds or finer units, and text.
fn timestamps(
    column: &ArrayRef,
    unit: TimeUnit,
    cast: &impl Fn(&ArrayRef, &DataType) -> Result<ArrayRef>,
) -> Result<Vec<Timestamp>> {
    match column.data_type() {
        // Rounded to the nearest microsecond, as every other spelling; a cast would
        // truncate.
        DataType::Timestamp(ArrowUnit::Nanosecond, _) => {
            let nanos = column.as_primitive::<TimestampNanosecondType>().values();
            Ok(nanos.iter().copied().map(Timestamp::from_nanos).collect())
        }
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => {
            // Whatever zone a column is shown in, it counts from 1970 in UTC.
            let utc = DataType::Timestamp(ArrowUnit::Microsecond, None);
            let column = cast(column, &utc)?;
            let micros = column.as_primitive::<TimestampMicrosecondType>().values();
            Ok(micros.iter().copied().map(Timestamp::from_micros).collect())
        }
        kind if kind.is_integer() => {
            let column = cast(column, &DataType::Int64)?;
            let numbers = column.as_primitive::<Int64Type>().values().iter();
            numbers
                .map(|number| Timestamp::from_integer_in(*number, unit))
                .collect()
        }
        kind if kind.is_floating() => {
            let column = cast(column, &DataType::Float64)?;
            column
                .as_primitive::<Float64Type>()
                .values()
                .iter()
                .map(|number| Timestamp::from_real_in(*number, unit))
                .collect()
        }
        // Decimals too: their text is exact.
        _ => {
            let column = cast(column, &DataType::Utf8)?;
            column
                .as_string::<i32>()
                .iter()
                .map(|text| Timestamp::parse_in(text.unwrap_or_default(), unit))
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
