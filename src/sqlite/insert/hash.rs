//! The hash of a row that is to be inserted.

use std::borrow::Cow;

use super::super::read;
use super::super::table::Table;
use super::candidate::Candidate;
use crate::model::chain::Chain;
use crate::model::error::{Error, Result};
use crate::model::uuid::StreamUuid;

/// Returns the row's hash: the given one, or one chained to the latest row's.
pub(super) fn hash<'a>(
    table: &mut Table,
    stream: &StreamUuid,
    chain: &mut Chain,
    row: &Candidate<'a>,
) -> Result<Cow<'a, str>> {
    if chain.lacks_end() {
        match read::latest(table, stream) {
            Ok(latest) => chain.set_end(latest.map(|latest| (latest.ts, latest.hash))),
            // This row doesn't need the latest one.
            Err(Error::UnreadableRow { .. }) if row.observation.hash.is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(chain.hash(&row.observation, row.ts))
}
