//! Inserting a chunk of rows as one statement.

use super::super::key;
use super::super::query::Query;
use super::super::raw::Param;
use super::super::row::param;
use super::super::table::Table;
use super::candidate::Candidate;
use super::hash::hash;
use super::refusal::{check_stored, is_of_row};
use crate::model::chain::Chain;
use crate::model::error::Result;
use crate::model::span::Span;
use crate::model::uuid::StreamUuid;

/// How many rows one INSERT has at most. It is 1.6 to 1.7 times as fast as single rows
/// (measured); more rows gain nothing, and SQLite takes at most 32,766 parameters.
pub(super) const CHUNK: usize = 250;
/// How many rows one INSERT has at least: for fewer, preparing it would not pay.
pub(super) const LEAST_CHUNK: usize = 32;

/// Inserts a chunk with one statement. Returns `false` if nothing was done, because its rows
/// have to be inserted one by one.
pub(super) fn insert(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    chunk: &[Candidate<'_>],
) -> Result<bool> {
    if !is_run(table, chunk)? {
        return Ok(false);
    }
    match execute(table, stream, chain, chunk) {
        Ok(()) => Ok(true),
        Err(error) if is_of_row(table, &error) => {
            chain.forget_end();
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Returns `true` if one statement can insert the chunk into a table whose key sorts by
/// time: the table has no triggers, the rows are in order of time, no stored row lies between
/// the first and the last, and one provider delivers them all.
fn is_run(table: &mut Table, chunk: &[Candidate<'_>]) -> Result<bool> {
    let [first, .., last] = chunk else {
        return Ok(false);
    };
    let fits = !table.has_triggers
        && chunk.len() >= LEAST_CHUNK
        && chunk.windows(2).all(|pair| {
            let (one, next) = (pair[0].observation, pair[1].observation);
            one.ts < next.ts && one.provider == next.provider
        });
    if !fits {
        return Ok(false);
    }
    let (low, _) = key::seconds(Span::at(first.observation.ts));
    let (_, high) = key::seconds(Span::at(last.observation.ts));
    let params = [Param::Real(low), Param::Real(high)];
    let between = table.cached(Query::Between)?;
    let between = between.first(&params, |row| row.integer(0))?;
    Ok(between == Some(0))
}

/// Inserts the chunk, whose rows [`is_run`] has checked, and hashes those that need it.
fn execute(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    chunk: &[Candidate<'_>],
) -> Result<()> {
    let mut computed = Vec::new();
    if chain.is_needed() {
        for row in chunk {
            let hash = hash(table, chain, row)?.into_owned();
            chain.advance(row.observation.ts, &hash);
            computed.push(hash);
        }
    }
    let mut params = Vec::with_capacity(1 + 3 * chunk.len());
    params.push(Param::Text(chunk[0].observation.provider));
    for (index, row) in chunk.iter().enumerate() {
        let hash = computed
            .get(index)
            .map(String::as_str)
            .or(row.observation.hash);
        params.push(param(row.ts));
        params.push(Param::Real(row.observation.value));
        params.push(Param::Text(hash.unwrap_or_default()));
    }
    let stored = table.chunk(chunk.len())?.execute(&params)?;
    check_stored(stream, stored, chunk.len())?;
    if table.keeps_digest {
        for (index, row) in chunk.iter().enumerate() {
            let hash = computed
                .get(index)
                .map(String::as_str)
                .or(row.observation.hash);
            table.delta.add(row.cells(hash.unwrap_or_default()));
        }
    }
    Ok(())
}
