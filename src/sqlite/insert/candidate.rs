//! An observation on its way in, as the statements take it.

use crate::model::error::Result;
use crate::model::observation::NewObservation;
use crate::model::span::Span;
use crate::model::spelling::{self, StoredRef};
use crate::model::time::invalid;
use crate::model::value;
use crate::sqlite::raw::Param;
use crate::sqlite::table::{Query, Table};

/// An observation as the statements take it.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub(crate) observation: NewObservation<'a>,
    pub(crate) ts: StoredRef<'a>,
}

impl<'a> Bound<'a> {
    pub(crate) fn new(observation: NewObservation<'a>) -> Result<Self> {
        value::finite(observation.value)?;
        let ts = match observation.spelling {
            None => observation.ts.to_seconds()?,
            Some(text) => match StoredRef::from_text(text)? {
                (instant, stored) if instant == observation.ts => stored,
                _ => return Err(invalid(text, "it spells another instant than that given")),
            },
        };
        Ok(Self { observation, ts })
    }

    /// The timestamp in the spelling of `sample`; `None` where it is text already.
    pub(crate) fn text_like(&self, sample: &str) -> Option<String> {
        match self.ts {
            StoredRef::Text(_) => None,
            _ => spelling::like(sample, self.observation.ts),
        }
    }

    /// For [`Query::Insert`].
    pub(crate) fn params<'b>(&self, hash: &'b str) -> [Param<'b>; 4]
    where
        'a: 'b,
    {
        let NewObservation {
            value, provider, ..
        } = self.observation;
        [
            self.ts.param(),
            Param::Real(value),
            Param::Text(hash),
            Param::Text(provider),
        ]
    }

    /// Inserts the row where nothing stands in its way, in one statement; false:
    /// nothing was done, a row may.
    pub(crate) fn insert_new(&self, table: &mut Table, hash: &str) -> Result<bool> {
        if !self.ts.is_plain() {
            // Its like are there already, most likely.
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

    /// For [`Query::InsertNew`], and all but the last for [`Query::InsertLast`].
    fn guarded<'b>(&self, hash: &'b str) -> [Param<'b>; 6]
    where
        'a: 'b,
    {
        let (low, high) = Span::at(self.observation.ts).seconds();
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
