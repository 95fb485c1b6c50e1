//! Deleting rows.

use super::digest;
use super::key;
use super::raw::Param;
use super::table::Table;
use crate::model::error::Result;
use crate::model::span::Span;

/// Deletes the rows of the span and returns their number. If it is all of time, this
/// includes rows that can't be read.
pub(super) fn delete(table: &mut Table, span: Span) -> Result<u64> {
    let mut params = Vec::new();
    if span == Span::ALL {
        digest::subtract(table, "TRUE", &[])?;
        let mut statement = table.prepare(|t| format!("DELETE FROM {t}"))?;
        return Ok(statement.execute(&[])? as u64);
    }
    let ranges = key::ranges(span);
    let condition = key::condition(&ranges, &mut params);
    params.extend([Param::Integer(span.first), Param::Integer(span.last)]);
    let next = params.len();
    let condition = format!(
        "{condition} AND satori_instant(ts) BETWEEN ?{} AND ?{next}",
        next - 1
    );
    digest::subtract(table, &condition, &params)?;
    let mut statement = table.prepare(|t| format!("DELETE FROM {t} WHERE {condition}"))?;
    Ok(statement.execute(&params)? as u64)
}
