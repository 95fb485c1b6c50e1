//! Summaries of steps, and streams side by side, as record batches.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchIterator, RecordBatchReader,
    TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::export::{BATCH, external, instant};
use crate::model::aligned::Aligned;
use crate::model::error::Result;
use crate::model::summary::Summary;
use crate::model::uuid::StreamUuid;
use crate::store::align::AlignedBatches;
use crate::store::resample::Summaries;

impl Summaries {
    /// Returns the summaries as Arrow record batches of `start`, `end` (timestamp, microseconds,
    /// UTC), `count` (int64), `first`, `last`, `min`, `max`, `mean` and `sum` (float64). A step
    /// without rows has nulls, but for its `count` and `sum`.
    ///
    /// # Errors
    /// The batches end with an external error that holds the one with which the summaries end;
    /// what comes before it is lost in that batch.
    pub fn record_batches(mut self) -> impl RecordBatchReader {
        let ts = ["start", "end"].map(|name| Field::new(name, instant(), false));
        let count = [Field::new("count", DataType::Int64, false)];
        let number = |name| Field::new(name, DataType::Float64, name != "sum");
        let numbers = ["first", "last", "min", "max", "mean", "sum"].map(number);
        let fields: Vec<_> = ts.into_iter().chain(count).chain(numbers).collect();
        let schema = Arc::new(Schema::new(fields));
        let of = Arc::clone(&schema);
        let batches = std::iter::from_fn(move || {
            let batch: Result<Vec<_>> = self.by_ref().take(BATCH).collect();
            match batch {
                Ok(batch) if batch.is_empty() => None,
                Ok(batch) => Some(batch_of(&of, &batch)),
                Err(error) => Some(Err(external(error))),
            }
        });
        RecordBatchIterator::new(batches, schema)
    }
}

impl AlignedBatches {
    /// Returns the rows as Arrow record batches of `ts` (timestamp, microseconds, UTC) and a
    /// column (float64) for each stream, with its uuid as its name and null for no value.
    ///
    /// # Errors
    /// The batches end with an external error that holds the one with which these batches end.
    pub fn record_batches(self) -> impl RecordBatchReader {
        let number = |uuid: &StreamUuid| Field::new(uuid.as_str(), DataType::Float64, true);
        let ts = [Field::new("ts", instant(), false)];
        let fields: Vec<_> = ts
            .into_iter()
            .chain(self.uuids().iter().map(number))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let of = Arc::clone(&schema);
        let batches = self.map(move |batch| match batch {
            Ok(Aligned { ts, values }) => {
                let values = values.into_iter().map(|column| numbers(column.into_iter()));
                let columns = std::iter::once(instants(ts)).chain(values);
                RecordBatch::try_new(Arc::clone(&of), columns.collect())
            }
            Err(error) => Err(external(error)),
        });
        RecordBatchIterator::new(batches, schema)
    }
}

fn batch_of(schema: &SchemaRef, batch: &[Summary]) -> Result<RecordBatch, ArrowError> {
    let column = |of: fn(&Summary) -> f64| numbers(batch.iter().map(of));
    let counts = batch.iter().map(|one| one.count as i64);
    let columns = vec![
        instants(batch.iter().map(|one| one.start.as_micros()).collect()),
        instants(batch.iter().map(|one| one.end.as_micros()).collect()),
        Arc::new(Int64Array::from_iter_values(counts)),
        column(|one| one.first),
        column(|one| one.last),
        column(|one| one.min),
        column(|one| one.max),
        column(|one| one.mean),
        column(|one| one.sum),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn instants(ts: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(ts).with_timezone("UTC"))
}

/// Returns numbers as a column; NaN is null.
fn numbers(values: impl Iterator<Item = f64>) -> ArrayRef {
    let values = values.map(|value| (!value.is_nan()).then_some(value));
    Arc::new(values.collect::<Float64Array>())
}
