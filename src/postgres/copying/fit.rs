//! Which rows the table of observations can hold as they are.

use super::super::observations::stored;
use crate::model::datum::Datum;
use crate::model::raw_row::RawRow;
use crate::model::value;

/// A row that the table of observations can hold as it is.
pub(super) struct Fit<'a> {
    pub(super) row: &'a RawRow,
    pub(super) ts: i64,
    pub(super) value: f64,
    pub(super) hash: &'a str,
    pub(super) provider: &'a str,
    pub(super) spelling: Option<String>,
}

impl<'a> Fit<'a> {
    /// Looks at a row.
    ///
    /// # Errors
    /// Why the table can't hold it, in words.
    pub(super) fn new(row: &'a RawRow) -> Result<Self, String> {
        let (ts, spelled) = row.timestamp()?;
        let is_usual = ts.to_seconds().is_ok_and(|usual| usual == spelled);
        let spelling = (!is_usual).then(|| spelled.to_string());
        if stored(ts, spelling.as_deref()) != spelled {
            return Err("ts is spelled as no text says".to_owned());
        }
        Ok(Self {
            row,
            ts: ts.as_micros(),
            value: number(&row.value)?,
            hash: text("hash", &row.hash)?,
            provider: text("provider", &row.provider)?,
            spelling,
        })
    }
}

fn number(value: &Datum) -> Result<f64, String> {
    let number = match value {
        Datum::Integer(number) => *number as f64,
        Datum::Real(number) => value::finite(*number).map_err(|error| error.to_string())?,
        Datum::Text(text) => match str::from_utf8(text).map(value::parse) {
            Ok(Err(error)) => return Err(error.to_string()),
            _ => return Err("value is text".to_owned()),
        },
        _ => return Err("value is neither a number nor text".to_owned()),
    };
    match Datum::number(number) == *value {
        true => Ok(number),
        false => Err("value has more digits than a double".to_owned()),
    }
}

fn text<'a>(column: &str, datum: &'a Datum) -> Result<&'a str, String> {
    let Datum::Text(bytes) = datum else {
        return Err(format!("{column} is not text"));
    };
    match str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => {
            Err(format!("{column} has a NUL, which PostgreSQL cannot store"))
        }
        Ok(text) => Ok(text),
        Err(_) => Err(format!("{column} is not UTF-8")),
    }
}
