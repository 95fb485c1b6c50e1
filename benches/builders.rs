//! Arrow's builders for the four columns of an observation table.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};

/// One builder for each column.
pub(crate) struct Builders {
    pub(crate) ts: TimestampMicrosecondBuilder,
    pub(crate) values: Float64Builder,
    pub(crate) hashes: StringBuilder,
    pub(crate) providers: StringBuilder,
}

impl Builders {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            ts: TimestampMicrosecondBuilder::with_capacity(rows),
            values: Float64Builder::with_capacity(rows),
            hashes: StringBuilder::with_capacity(rows, rows * 16),
            providers: StringBuilder::with_capacity(rows, rows * 8),
        }
    }

    pub(crate) fn finish(mut self) -> RecordBatch {
        let columns: [(&str, ArrayRef); 4] = [
            ("ts", Arc::new(self.ts.finish().with_timezone("UTC"))),
            ("value", Arc::new(self.values.finish())),
            ("hash", Arc::new(self.hashes.finish())),
            ("provider", Arc::new(self.providers.finish())),
        ];
        RecordBatch::try_from_iter(columns).expect("columns of one length")
    }
}
