//! A value of any kind as a column stores it, and the SQL literal that stands for it.

use std::fmt::{self, Write as _};

use super::time::number_in;

/// A value as a column stores it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Null,
    Integer(i64),
    Real(f64),
    /// It may be no UTF-8, and have a NUL in it.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Datum {
    /// Returns a number as a column for numbers stores it: as an integer if it is whole.
    pub(crate) fn number(number: f64) -> Self {
        let whole = number as i64;
        match whole as f64 == number && whole != i64::MAX && whole != i64::MIN {
            true => Self::Integer(whole),
            false => Self::Real(number),
        }
    }

    /// Returns what a column for numbers makes of the value: a number of a text that is one.
    pub(crate) fn numeric(self) -> Self {
        let text = match &self {
            Self::Real(number) => return Self::number(*number),
            Self::Text(text) => str::from_utf8(text).unwrap_or_default(),
            _ => return self,
        };
        let text = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
        match (text.parse(), number_in(text)) {
            (Ok(whole), _) => Self::Integer(whole),
            (Err(_), Some(number)) => Self::number(number),
            (Err(_), None) => self,
        }
    }

    /// Returns about how many bytes of memory the value takes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Blob(bytes) => size_of::<Self>() + bytes.len(),
            _ => size_of::<Self>(),
        }
    }
}

impl fmt::Display for Datum {
    /// Writes the SQL literal, whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(number) => write!(f, "{number}"),
            // There is no literal for infinity, but for a number that is too large.
            Self::Real(number) if number.is_infinite() => f.write_str(if *number > 0.0 {
                "9.0e+999"
            } else {
                "-9.0e+999"
            }),
            Self::Real(number) => write!(f, "{number:?}"),
            Self::Text(bytes) => match str::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => write!(f, "'{}'", text.replace('\'', "''")),
                _ => write!(f, "CAST(x'{}' AS TEXT)", hex(bytes)),
            },
            Self::Blob(bytes) => write!(f, "x'{}'", hex(bytes)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_for_numbers_makes_numbers_of_texts() {
        let numeric = |text: &str| Datum::Text(text.as_bytes().to_owned()).numeric();
        assert_eq!(numeric(" 42.50 "), Datum::Real(42.5));
        assert_eq!(numeric("100.0"), Datum::Integer(100));
        assert_eq!(
            numeric("9007199254740993"),
            Datum::Integer(9_007_199_254_740_993)
        );
        assert_eq!(numeric("nan"), Datum::Text(b"nan".to_vec()));
        assert_eq!(
            numeric("\u{a0}42"),
            Datum::Text("\u{a0}42".as_bytes().to_owned())
        );
        assert_eq!(Datum::Real(-0.0).numeric(), Datum::Integer(0));
    }
}
