//! The rows that already exist at a batch's instants, however they are spelled.

use std::collections::{HashMap, HashSet};

use super::super::table::Table;
use super::super::{key, read, row};
use crate::model::error::Result;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

/// Instants that are no further apart than this (three days in microseconds) are looked up
/// together. Text sorts only roughly by time, so looking one instant up reads the rows of
/// three days.
const NEAR: i64 = 3 * 86_400 * 1_000_000;

/// The rows that exist at a batch's instants, in a table whose key doesn't sort by time.
/// Looking each instant up by itself would read its neighbours every time.
pub(super) struct Existing {
    /// The value of the first row at each instant that can be read; `None` if none can.
    values: HashMap<Timestamp, Option<f64>>,
}

impl Existing {
    /// Looks the instants up. Only in a transaction, so that nobody else inserts rows
    /// meanwhile.
    pub(super) fn read(
        table: &mut Table,
        stream: &StreamUuid,
        instants: impl Iterator<Item = Timestamp>,
    ) -> Result<Self> {
        let wanted: HashSet<_> = instants.collect();
        let mut sorted: Vec<_> = wanted.iter().map(|ts| ts.as_micros()).collect();
        sorted.sort_unstable();
        let mut values = HashMap::new();
        for near in sorted.chunk_by(|one, next| next - one <= NEAR) {
            let (Some(&first), Some(&last)) = (near.first(), near.last()) else {
                continue;
            };
            key::rows_within(table, Span { first, last }, -1, |found| {
                let ts = Timestamp::from_micros(found.integer(4));
                if wanted.contains(&ts) {
                    let value = values.entry(ts).or_insert(None);
                    if value.is_none() {
                        *value = row::read(found, stream).ok().map(|row| row.value);
                    }
                }
                Ok(())
            })?;
        }
        Ok(Self { values })
    }

    /// Returns the value of the row at this instant, which must be one of those looked up;
    /// `None` if there is no row.
    pub(super) fn value(
        &self,
        table: &mut Table,
        stream: &StreamUuid,
        ts: Timestamp,
    ) -> Result<Option<f64>> {
        match self.values.get(&ts) {
            // The row is read again for the error that says why it can't be read.
            Some(None) => Ok(read::at(table, stream, ts)?.map(|stored| stored.value)),
            Some(value) => Ok(*value),
            None => Ok(None),
        }
    }

    /// Adds a row that has just been stored.
    pub(super) fn add(&mut self, ts: Timestamp, value: f64) {
        self.values.insert(ts, Some(value));
    }
}
