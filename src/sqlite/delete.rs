//! Deleting rows.

use super::digest;
use super::key::{self, KeyRange};
use super::raw::Param;
use super::table::Table;
use crate::model::error::Result;
use crate::model::span::Span;

/// Deletes the rows of the span and returns their number. If it is all of time, this
/// includes rows that can't be read.
pub(super) fn delete(table: &mut Table, span: Span) -> Result<u64> {
    if span == Span::ALL {
        return delete_where(table, "TRUE", &[]);
    }
    let mut deleted = 0;
    // Each range by itself: of several with OR between them, SQLite reads the whole table.
    for range in key::ranges(span) {
        if matches!(range, KeyRange::Null) {
            // Rows without an instant lie in no span.
            continue;
        }
        let mut params = Vec::new();
        let condition = range.condition(&mut params);
        params.extend([Param::Integer(span.first), Param::Integer(span.last)]);
        let next = params.len();
        let condition = format!(
            "{condition} AND satori_instant(ts) BETWEEN ?{} AND ?{next}",
            next - 1
        );
        deleted += delete_where(table, &condition, &params)?;
    }
    Ok(deleted)
}

fn delete_where(table: &mut Table, condition: &str, params: &[Param<'_>]) -> Result<u64> {
    digest::subtract(table, condition, params)?;
    let mut statement = table.prepare(|t| format!("DELETE FROM {t} WHERE {condition}"))?;
    Ok(statement.execute(params)? as u64)
}
