//! Deleting rows.

use super::key;
use super::raw::Param;
use super::table::Table;
use crate::model::error::Result;
use crate::model::span::Span;

/// Deletes the rows of the span and returns their number. If it is all of time, this
/// includes rows that can't be read.
pub(super) fn delete(table: &Table, span: Span) -> Result<u64> {
    let mut params = Vec::new();
    let ranges = key::ranges(span);
    let mut statement = table.prepare(|t| {
        if span == Span::ALL {
            return format!("DELETE FROM {t}");
        }
        let condition = key::condition(&ranges, &mut params);
        params.extend([Param::Integer(span.first), Param::Integer(span.last)]);
        let next = params.len();
        format!(
            "DELETE FROM {t} WHERE {condition} AND satori_instant(ts) BETWEEN ?{} AND ?{next}",
            next - 1
        )
    })?;
    Ok(statement.execute(&params)? as u64)
}
