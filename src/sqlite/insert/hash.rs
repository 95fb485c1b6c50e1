//! The hash of a row that is to be inserted.

use std::borrow::Cow;

use super::super::read;
use super::super::table::Table;
use super::candidate::Candidate;
use crate::model::chain::Chain;
use crate::model::error::Result;

/// Returns the row's hash: the given one, or one chained to the latest row's.
pub(super) fn hash<'a>(
    table: &mut Table,
    chain: &mut Chain,
    row: &Candidate<'a>,
) -> Result<Cow<'a, str>> {
    if chain.lacks_end() {
        chain.set_end(read::chain_end(table)?);
    }
    Ok(chain.hash(&row.observation, row.ts))
}
