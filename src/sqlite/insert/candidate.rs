//! An observation that is to be inserted, and its parameters.

use super::super::query::Query;
use super::super::raw::{Cell, Param};
use super::super::row::param;
use super::super::table::Table;
use super::super::{key, read};
use super::refusal::check_stored;
use crate::model::error::Result;
use crate::model::observation::NewObservation;
use crate::model::span::Span;
use crate::model::spelling::{self, StoredRef};
use crate::model::uuid::StreamUuid;

/// An observation that can be stored, and its timestamp as it will be stored.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) observation: NewObservation<'a>,
    pub(super) ts: StoredRef<'a>,
}

impl<'a> Candidate<'a> {
    /// Checks that the observation can be stored.
    ///
    /// # Errors
    /// `InvalidValue`, `InvalidTimestamp`.
    pub(super) fn new(observation: NewObservation<'a>) -> Result<Self> {
        let ts = observation.stored()?;
        Ok(Self { observation, ts })
    }

    /// Returns the timestamp as text spelled like `sample`; `None` if it already is text or
    /// has no such spelling.
    pub(super) fn text_like(&self, sample: &str) -> Option<String> {
        match self.ts {
            StoredRef::Text(_) => None,
            _ => spelling::like(sample, self.observation.ts),
        }
    }

    /// Returns the parameters of [`Query::Insert`].
    pub(super) fn params<'b>(&self, hash: &'b str) -> [Param<'b>; 4]
    where
        'a: 'b,
    {
        let NewObservation {
            value, provider, ..
        } = self.observation;
        [
            param(self.ts),
            Param::Real(value),
            Param::Text(hash),
            Param::Text(provider),
        ]
    }

    /// Returns the columns `ts, value, hash, provider`.
    pub(super) fn cells<'b>(&'b self, hash: &'b str) -> [Cell<'b>; 4] {
        let NewObservation {
            value, provider, ..
        } = &self.observation;
        [
            match &self.ts {
                StoredRef::Integer(number) => Cell::Integer(*number),
                StoredRef::Real(number) => Cell::Real(*number),
                StoredRef::Text(text) => Cell::Text(text.as_bytes()),
            },
            Cell::Real(*value),
            Cell::Text(hash.as_bytes()),
            Cell::Text(provider.as_bytes()),
        ]
    }

    /// Inserts the row in one statement if no stored row is in its way. Returns `false` if
    /// nothing was done, because one may be.
    pub(super) fn insert_new(&self, table: &mut Table, hash: &str) -> Result<bool> {
        if !self.ts.is_seconds() || table.has_triggers {
            // The statements below insert only into a table of seconds, and this one most
            // likely holds other spellings already. If a row is in the way, a trigger would
            // see that row's ts, and might make room for it.
            return Ok(false);
        }
        let params = self.guarded(hash);
        if self.observation.ts.as_micros() >= 0
            && table.cached(Query::InsertLast)?.execute(&params[..5])? == 1
        {
            return Ok(true);
        }
        Ok(table.cached(Query::InsertNew)?.execute(&params)? == 1)
    }

    /// Inserts the row if its timestamp is text and it is later than all others. Returns
    /// `false` if nothing was done. Only in a transaction.
    pub(super) fn insert_last_text(
        &self,
        table: &mut Table,
        stream: &StreamUuid,
        hash: &str,
    ) -> Result<bool> {
        if table.has_triggers {
            return Ok(false);
        }
        let (StoredRef::Text(text), Some((last, last_text))) = (self.ts, read::last_text(table)?)
        else {
            return Ok(false);
        };
        if self.observation.ts <= last || !read::last_is_latest(table, last, &last_text)? {
            return Ok(false);
        }
        let version = table.last_is_latest.get();
        let stored = table.cached(Query::Insert)?.execute(&self.params(hash))?;
        check_stored(stream, stored, 1)?;
        if text > last_text.as_str() {
            // The row sorts last now, and is the latest.
            table.last_is_latest.set(version);
        }
        Ok(true)
    }

    /// Returns the parameters of [`Query::InsertNew`]; all but the last are those of
    /// [`Query::InsertLast`].
    fn guarded<'b>(&self, hash: &'b str) -> [Param<'b>; 6]
    where
        'a: 'b,
    {
        let (low, high) = key::seconds(Span::at(self.observation.ts));
        let [ts, value, hash, provider] = self.params(hash);
        [
            ts,
            value,
            hash,
            provider,
            Param::Real(low),
            Param::Real(high),
        ]
    }
}
