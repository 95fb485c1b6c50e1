//! Values: finite numbers, however they are spelled.

use super::error::{Error, Result, excerpt};

/// Returns the value; refuses NaN and infinities.
pub(crate) fn finite(value: f64) -> Result<f64> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(invalid(&value.to_string(), "it is not finite"))
    }
}

/// Reads `"45000.50"` and `" 42.5 "`; refuses `nan`, `inf` and what overflows.
pub(crate) fn parse(text: &str) -> Result<f64> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(invalid(text, "it is not finite")),
        Err(_) => Err(invalid(text, "it is not a number")),
    }
}

fn invalid(text: &str, reason: &'static str) -> Error {
    Error::InvalidValue {
        text: excerpt(text),
        reason,
    }
}
