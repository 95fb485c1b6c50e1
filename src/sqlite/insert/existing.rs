//! Which instants of a batch the table has rows of already, in whichever spelling.

use std::collections::{HashMap, HashSet};

use crate::model::error::Result;
use crate::model::span::Span;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::read::{self, RowRef};
use crate::sqlite::table::Table;

/// Instants no further apart than this are looked up together: as text lies only
/// roughly in order of time, a look at one goes through the rows of three days.
const NEAR: i64 = 3 * 86_400 * 1_000_000;

/// What stored rows stand in a batch's way, where the table's key doesn't sort by
/// time. To look each instant up would go through its neighbours each time.
pub(crate) struct Taken {
    /// The value of the row; `None` where it can't be read.
    values: HashMap<Timestamp, Option<f64>>,
}

impl Taken {
    /// Looks the instants up. Only in a transaction, so that nobody else adds to
    /// them.
    pub(crate) fn read(
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
            Span { first, last }.within(table, -1, |row| {
                let ts = Timestamp::from_micros(row.integer(4));
                if wanted.contains(&ts) {
                    let value = RowRef::new(row, stream).map(|row| row.value);
                    values.entry(ts).or_insert(value.ok());
                }
                Ok(())
            })?;
        }
        Ok(Self { values })
    }

    /// The value that a row has at this instant, which is one of those looked up.
    pub(crate) fn value(
        &self,
        table: &mut Table,
        stream: &StreamUuid,
        ts: Timestamp,
    ) -> Result<Option<f64>> {
        match self.values.get(&ts) {
            // To tell why it can't be read.
            Some(None) => Ok(read::at(table, stream, ts)?.map(|stored| stored.value)),
            Some(value) => Ok(*value),
            None => Ok(None),
        }
    }

    /// A row is stored.
    pub(crate) fn add(&mut self, ts: Timestamp, value: f64) {
        self.values.insert(ts, Some(value));
    }
}
