//! A row of an observation table, as a statement reads or binds it.

use super::raw::{Cell, Param, Row};
use crate::model::error::{Error, Result, excerpt};
use crate::model::observation::Observation;
use crate::model::row::{RowRef, no_text, unreadable};
use crate::model::spelling::StoredRef;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::model::value;

/// The SQL of the reason why a row can't be read; NULL if it can.
pub(super) const FAULT: &str = "satori_fault(ts, value, hash, provider)";

/// Reads columns `ts, value, hash, provider` without copying them.
#[inline]
pub(super) fn read<'a>(row: &'a Row<'_>, stream: &StreamUuid) -> Result<RowRef<'a>> {
    let unreadable = |source| unreadable(stream, row.cell(0).to_string(), source);
    let (ts, stored) = timestamp(row.cell(0)).map_err(unreadable)?;
    Ok(RowRef {
        ts,
        stored,
        value: number(row.cell(1)).map_err(unreadable)?,
        hash: text("hash", row.cell(2)).map_err(unreadable)?,
        provider: text("provider", row.cell(3)).map_err(unreadable)?,
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
        row.hash_text(stream)?;
        row.provider_text(stream)?;
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
            let text = str::from_utf8(bytes).map_err(|_| Error::InvalidTimestamp {
                text: lossy(bytes),
                reason: "it is not UTF-8",
            })?;
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
        Cell::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => value::parse(text),
            Err(_) => Err(Error::InvalidValue {
                text: lossy(bytes),
                reason: "it is not UTF-8",
            }),
        },
        Cell::Blob(_) | Cell::Null => Err(Error::InvalidValue {
            text: cell.to_string(),
            reason: "it is neither a number nor text",
        }),
    }
}

/// Returns a cell of column `hash` or `provider`, whose TEXT affinity makes text of numbers.
#[inline]
fn text<'a>(column: &'static str, cell: Cell<'a>) -> Result<&'a [u8]> {
    match cell {
        Cell::Text(bytes) | Cell::Blob(bytes) => Ok(bytes),
        _ => Err(no_text(column, &cell.to_string(), "is not text")),
    }
}

/// Returns bytes that are no text as a message shows them.
#[cold]
fn lossy(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(bytes))
}
