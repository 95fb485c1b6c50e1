//! Observations in: record batches, converted and inserted.

use arrow_array::{Array, RecordBatch, RecordBatchReader, StringArray};
use arrow_schema::ArrowError;

use super::items::Items;
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
    values: Vec<f64>,
    hashes: Option<StringArray>,
    providers: Option<StringArray>,
}

/// Inserts record batches in their order, in one transaction.
pub(super) fn insert(
    store: &Store,
    uuid: &StreamUuid,
    batches: impl RecordBatchReader,
    provider: Option<&str>,
    unit: TimeUnit,
) -> Result<InsertReport> {
    let store = store.as_one_call();
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
        let (hashes, providers) = (self.hashes.as_ref(), self.providers.as_ref());
        let rows = self.ts.iter().zip(&self.values).enumerate();
        rows.map(move |(row, (ts, value))| {
            let mut observation = NewObservation::new(*ts, *value);
            observation.hash = hashes.filter(|c| c.is_valid(row)).map(|c| c.value(row));
            let named = providers.filter(|c| c.is_valid(row)).map(|c| c.value(row));
            observation.provider = named.or(provider).unwrap_or(observation.provider);
            observation
        })
    }

    fn new(batch: &RecordBatch, number: usize, unit: TimeUnit) -> Result<Self> {
        // Not every reader checks what it makes batches of: arrow-rs's own of the C stream
        // interface doesn't. From here on text that is not UTF-8 would be undefined behaviour.
        for name in ["ts", "value", "hash", "provider"] {
            if let Some(column) = batch.column_by_name(name) {
                let checked = column.to_data().validate_full();
                checked.map_err(|error| invalid(number, error))?;
            }
        }
        let invalid = |error| invalid(number, error);
        let required = |name: &str| {
            let column = batch.column_by_name(name).ok_or_else(|| {
                invalid(ArrowError::SchemaError(format!(
                    "there is no column {name}"
                )))
            })?;
            let items = Items::new(column);
            match items.first_null() {
                None => Ok(items),
                Some(row) => Err(invalid(ArrowError::InvalidArgumentError(format!(
                    "{name} is null in row {row}"
                )))),
            }
        };
        let optional = |name: &str| {
            let column = batch.column_by_name(name);
            column
                .map(|column| Items::new(column).to_strings().map_err(invalid))
                .transpose()
        };
        Ok(Self {
            ts: timestamps(&required("ts")?, unit, &invalid)?,
            values: values(&required("value")?, &invalid)?,
            hashes: optional("hash")?,
            providers: optional("provider")?,
        })
    }
}

/// Converts a column of numbers, or of text that the store reads as values.
fn values(items: &Items<'_>, invalid: &impl Fn(ArrowError) -> Error) -> Result<Vec<f64>> {
    match items.reals() {
        Some(numbers) => numbers.map_err(invalid),
        None => items.read(invalid, value::parse),
    }
}

/// Converts a column of timestamps, or of what the store reads as such: whole and
/// decimal numbers of seconds or finer units, and text.
fn timestamps(
    items: &Items<'_>,
    unit: TimeUnit,
    invalid: &impl Fn(ArrowError) -> Error,
) -> Result<Vec<Timestamp>> {
    if let Some(instants) = items.instants() {
        return instants.map_err(invalid);
    }
    if let Some(numbers) = items.integers() {
        let numbers = numbers.map_err(invalid)?.into_iter();
        return numbers
            .map(|number| Timestamp::from_integer_in(number, unit))
            .collect();
    }
    // Of decimals the text is read, which is exact.
    match items.reals().filter(|_| !items.are_decimals()) {
        Some(numbers) => {
            let numbers = numbers.map_err(invalid)?.into_iter();
            numbers
                .map(|number| Timestamp::from_real_in(number, unit))
                .collect()
        }
        None => items.read(invalid, |text| Timestamp::parse_in(text, unit)),
    }
}

fn invalid(batch: usize, error: ArrowError) -> Error {
    Error::InvalidArrow {
        batch,
        message: error.to_string(),
    }
}
