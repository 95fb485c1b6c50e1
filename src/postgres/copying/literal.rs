//! The SQL literals by which the quarantine keeps the columns of a row.

use crate::model::datum::Datum;
use crate::model::error::{Error, Result, excerpt};
use crate::model::raw_row::RawRow;

/// Returns the row that these literals stand for.
///
/// # Errors
/// `InvalidText` if one is none: another program has written it.
pub(super) fn row(literals: [&str; 4]) -> Result<RawRow> {
    let columns = ["ts", "value", "hash", "provider"];
    let read = |index: usize| {
        datum(literals[index]).ok_or_else(|| Error::InvalidText {
            column: columns[index],
            text: excerpt(literals[index]),
            reason: "in the quarantine is no SQL literal",
        })
    };
    let [ts, value, hash, provider] = [0, 1, 2, 3].map(read);
    Ok(RawRow {
        ts: ts?,
        value: value?,
        hash: hash?,
        provider: provider?,
        before: 0,
    })
}

/// Reads an SQL literal; `None` if it is none.
fn datum(literal: &str) -> Option<Datum> {
    if literal == "NULL" {
        return Some(Datum::Null);
    }
    let quoted = |literal: &str, before: &str, after: &str| {
        let inner = literal.strip_prefix(before)?.strip_suffix(after)?;
        Some(inner.to_owned())
    };
    if let Some(hex) = quoted(literal, "CAST(x'", "' AS TEXT)") {
        return bytes_of(&hex).map(Datum::Text);
    }
    if let Some(hex) = quoted(literal, "x'", "'").or_else(|| quoted(literal, "X'", "'")) {
        return bytes_of(&hex).map(Datum::Blob);
    }
    if let Some(text) = quoted(literal, "'", "'") {
        // A lone quote would end the literal.
        let is_whole = text.replace("''", "").contains('\'');
        return (!is_whole).then(|| Datum::Text(text.replace("''", "'").into_bytes()));
    }
    match literal.parse() {
        Ok(whole) => Some(Datum::Integer(whole)),
        Err(_) => real(literal),
    }
}

/// Reads a number with a fraction or an exponent; one that is too large is infinite. Rust's
/// parser also reads words, such as `nan`.
fn real(literal: &str) -> Option<Datum> {
    let is_number = literal
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    is_number.then(|| literal.parse().ok().map(Datum::Real))?
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::datum::Datum;

    #[test]
    fn a_literal_is_read_back() {
        for datum in [
            Datum::Null,
            Datum::Integer(i64::MIN),
            Datum::Integer(0),
            Datum::Real(0.1),
            Datum::Real(1e300),
            Datum::Real(5e-324),
            Datum::Real(f64::INFINITY),
            Datum::Real(f64::NEG_INFINITY),
            Datum::Text(b"None".to_vec()),
            Datum::Text(b"it's '' 'quoted'".to_vec()),
            Datum::Text(b"'".to_vec()),
            Datum::Text(Vec::new()),
            Datum::Text(b"a\0b".to_vec()),
            Datum::Text(b"\xff".to_vec()),
            Datum::Blob(b"\x00\xffx".to_vec()),
            Datum::Blob(Vec::new()),
        ] {
            let literal = datum.to_string();
            assert_eq!(super::datum(&literal), Some(datum), "{literal}");
        }
    }

    #[test]
    fn what_is_no_literal_is_none() {
        for text in [
            "",
            "'",
            "'a'b'",
            "x'0'",
            "x'zz'",
            "1; DROP TABLE s",
            "nan",
            "CAST(1 AS TEXT)",
        ] {
            assert_eq!(super::datum(text), None, "{text}");
        }
    }
}
