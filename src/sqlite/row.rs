//! A row of an observation table, as a statement reads or binds it.

use super::raw::{Cell, Param, Row};
use crate::model::error::{Error, Result};
use crate::model::observation::Observation;
use crate::model::row::{RowRef, unreadable, utf8};
use crate::model::spelling::StoredRef;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::model::value;

/// Reads columns `ts, value, hash, provider` without copying them.
#[inline]
pub(super) fn read<'a>(row: &'a Row<'_>, stream: &StreamUuid) -> Result<RowRef<'a>> {
    let unreadable = |source| unreadable(stream, row.cell(0).to_string(), source);
    let (ts, stored) = timestamp(row.cell(0)).map_err(unreadable)?;
    Ok(RowRef {
        ts,
        stored,
        value: number(row.cell(1)).map_err(unreadable)?,
        hash: text(row.cell(2)).map_err(unreadable)?,
        provider: text(row.cell(3)).map_err(unreadable)?,
    })
}

/// Reads the columns as [`read`] does; `None` if the row can't be read and is to be skipped.
#[inline]
pub(super) fn read_or_skip<'a>(
    row: &'a Row<'_>,
    stream: &StreamUuid,
    skip_unreadable: bool,
) -> Result<Option<RowRef<'a>>> {
    let found = read(row, stream);
    if !skip_unreadable {
        return found.map(Some);
    }
    let found = found.and_then(|row| {
        row.text(stream, row.hash)?;
        row.text(stream, row.provider)?;
        Ok(row)
    });
    match found {
        Err(Error::UnreadableRow { .. }) => Ok(None),
        found => found.map(Some),
    }
}

/// Reads columns `ts, value, hash, provider` into an observation.
pub(super) fn observation(row: &Row<'_>, stream: &StreamUuid) -> Result<Observation> {
    read(row, stream)?.to_observation(stream)
}

/// Reads a column that SQL's `satori_instant` has computed; `None` if it is NULL.
pub(super) fn instant(row: &Row<'_>, column: i32) -> Option<Timestamp> {
    match row.cell(column) {
        Cell::Integer(micros) => Some(Timestamp::from_micros(micros)),
        _ => None,
    }
}

/// Returns a stored timestamp as a parameter.
pub(super) fn param(stored: StoredRef<'_>) -> Param<'_> {
    match stored {
        StoredRef::Integer(number) => Param::Integer(number),
        StoredRef::Real(number) => Param::Real(number),
        StoredRef::Text(text) => Param::Text(text),
    }
}

/// Reads a cell of column `ts`: the instant, and the timestamp as it is stored.
#[inline]
pub(super) fn timestamp(cell: Cell<'_>) -> Result<(Timestamp, StoredRef<'_>)> {
    match cell {
        Cell::Integer(number) => Ok((Timestamp::from_integer(number), StoredRef::Integer(number))),
        Cell::Real(number) => Ok((Timestamp::from_real(number)?, StoredRef::Real(number))),
        Cell::Text(bytes) => {
            let text = utf8(bytes)?;
            Ok((Timestamp::from_stored_text(text)?, StoredRef::Text(text)))
        }
        Cell::Blob(_) | Cell::Null => Err(Error::InvalidTimestamp {
            text: cell.to_string(),
            reason: "it is neither a number nor text",
        }),
    }
}

#[inline]
fn number(cell: Cell<'_>) -> Result<f64> {
    match cell {
        Cell::Integer(number) => Ok(number as f64),
        Cell::Real(number) => value::finite(number),
        Cell::Text(bytes) => value::parse(utf8(bytes)?),
        Cell::Blob(_) | Cell::Null => Err(Error::InvalidValue {
            text: cell.to_string(),
            reason: "it is neither a number nor text",
        }),
    }
}

/// Returns a cell of column `hash` or `provider`, whose TEXT affinity makes text of numbers.
#[inline]
fn text(cell: Cell<'_>) -> Result<&[u8]> {
    match cell {
        Cell::Text(bytes) | Cell::Blob(bytes) => Ok(bytes),
        _ => Err(Error::InvalidValue {
            text: cell.to_string(),
            reason: "it is not text",
        }),
    }
}
