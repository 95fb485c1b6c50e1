//! Numbers as text, as the engine writes them: it is Python.

/// Returns the shortest decimal that reads back as the same `f64`, written as Python's
/// `repr(float)` writes it: with an exponent, of at least two digits, below 1e-4 and from
/// 1e16 on, and with `.0` after a whole number.
pub(crate) fn python_repr(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific; // NaN and infinities have no exponent
    };
    let Ok(exponent) = exponent.parse::<i32>() else {
        return scientific;
    };
    // Two decimals of that length may lie equally near. Rust writes the greater one and
    // Python the even one, as Rust does too if the number of digits is given.
    let fraction = mantissa
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    let even = match fraction >= 15 {
        true => Some(format!("{value:.fraction$e}")),
        false => None,
    };
    let even = even.filter(|even| *even != scientific && even.parse() == Ok(value));
    if !(-4..16).contains(&exponent) {
        let written = even.as_deref().unwrap_or(&scientific);
        let mantissa = written.split_once('e').map_or(mantissa, |(m, _)| m);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    match (even, usize::try_from(fraction as i64 - i64::from(exponent))) {
        (Some(_), Ok(digits)) if digits > 0 => format!("{value:.digits$}"),
        _ => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_python_writes_it() {
        for (value, text) in [
            (45000.5, "45000.5"),
            (100.0, "100.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (123_456_789.125, "123456789.125"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-0.0, "-0.0"),
            (2_204_138_485_456_065.2, "2204138485456065.2"),
            (-882_296_447_354_041.2, "-882296447354041.2"),
            (2_204_138_485_456_065.8, "2204138485456065.8"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(python_repr(value), text);
        }
    }
}
