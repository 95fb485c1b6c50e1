//! Iteration over a stream's observations.

use std::collections::VecDeque;

use super::Store;
use super::connection::Connection;
use crate::backend::Backend;
use crate::model::cursor::Cursor;
use crate::model::error::{Error, Result};
use crate::model::observation::Observation;
use crate::model::uuid::StreamUuid;

/// The number of rows that are read, and kept in memory, at a time.
const BATCH: usize = 1_024;

/// The observations of a stream in order of time; see
/// [`Store::observations`]. Between batches nothing is locked and no
/// transaction is open: the iteration sees rows that others insert ahead of it.
///
/// It ends after the first error, which comes behind the rows that were read before it.
#[derive(Debug)]
pub struct Observations {
    store: Store,
    uuid: StreamUuid,
    cursor: Cursor,
    batch: VecDeque<Observation>,
    ended: bool,
    /// What ended the reading, until it is reported.
    error: Option<Error>,
}

impl Observations {
    pub(crate) fn new(store: Store, uuid: StreamUuid, cursor: Cursor) -> Self {
        Self {
            store,
            uuid,
            cursor,
            batch: VecDeque::new(),
            ended: false,
            error: None,
        }
    }
}

impl Iterator for Observations {
    type Item = Result<Observation>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch.is_empty() && !self.cursor.is_done() && !self.ended {
            let (batch, uuid) = (&mut self.batch, &self.uuid);
            let read = self.store.read_batch(uuid, &mut self.cursor, BATCH, |row| {
                batch.push_back(row.to_observation(uuid)?);
                Ok(())
            });
            match read {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    if Connection::is_torn(&error) {
                        self.batch.clear();
                    }
                    self.ended = true;
                    self.error = Some(error);
                }
            }
        }
        match self.batch.pop_front() {
            Some(row) => Some(Ok(row)),
            None => self.error.take().map(Err),
        }
    }
}

impl std::iter::FusedIterator for Observations {}
