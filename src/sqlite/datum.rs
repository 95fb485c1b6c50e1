//! Raw rows, as statements read and bind them.

use super::raw::{Cell, Param, Row};
use super::sum::stored;
use crate::model::datum::Datum;
use crate::model::raw_row::RawRow;

/// Reads the columns `ts, value, hash, provider`. Whatever type the table declares, numbers are
/// as a table of the store's keeps them.
pub(super) fn raw_row(row: &Row<'_>) -> RawRow {
    let stored = as_stored(row);
    RawRow {
        ts: stored.ts.numeric(),
        value: stored.value.numeric(),
        ..stored
    }
}

/// Reads the columns `ts, value, hash, provider` as they are.
pub(super) fn as_stored(row: &Row<'_>) -> RawRow {
    let [ts, value, hash, provider] = stored(row).map(|cell| match cell {
        Cell::Null => Datum::Null,
        Cell::Integer(number) => Datum::Integer(number),
        Cell::Real(number) => Datum::Real(number),
        Cell::Text(bytes) => Datum::Text(bytes.to_owned()),
        Cell::Blob(bytes) => Datum::Blob(bytes.to_owned()),
    });
    RawRow {
        ts,
        value,
        hash,
        provider,
        before: 0,
    }
}

pub(super) fn params(row: &RawRow) -> [Param<'_>; 4] {
    row.columns().map(param)
}

pub(super) fn param(datum: &Datum) -> Param<'_> {
    match datum {
        Datum::Null => Param::Null,
        Datum::Integer(number) => Param::Integer(*number),
        Datum::Real(number) => Param::Real(*number),
        Datum::Text(bytes) => Param::TextBytes(bytes),
        Datum::Blob(bytes) => Param::Blob(bytes),
    }
}

pub(super) fn cells(row: &RawRow) -> [Cell<'_>; 4] {
    row.columns().map(|datum| match datum {
        Datum::Null => Cell::Null,
        Datum::Integer(number) => Cell::Integer(*number),
        Datum::Real(number) => Cell::Real(*number),
        Datum::Text(bytes) => Cell::Text(bytes),
        Datum::Blob(bytes) => Cell::Blob(bytes),
    })
}
