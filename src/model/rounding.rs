//! How what is finer than a microsecond is rounded: one rule for every way in.
//!
//! An instant becomes the nearest microsecond; if it lies halfway between two, the later
//! one. This is the rule by which ISO 8601 text has always been read. It moves with time:
//! whole seconds added to an instant never change how its fraction is rounded, before 1970
//! as after.
//!
//! What is rounded is the exact value of the input. Text counts digit by digit, also if it
//! is a number. An integer counts as it is. A double counts at the value that it has, which
//! so far from 1970 may lie a tenth of a microsecond from the digits that somebody wrote:
//! an `f64`, a column's REAL, a number with a fraction in JSON.

/// Divides a whole number.
pub(super) fn divided(number: i64, by: i64) -> i64 {
    number.div_euclid(by) + i64::from(number.rem_euclid(by) >= by - by / 2)
}

/// Multiplies a double with a whole number.
pub(super) fn multiplied(number: f64, by: f64) -> f64 {
    let product = number * by;
    rounded(product, || number.mul_add(by, -product))
}

/// Divides a double by a whole number.
pub(super) fn quotient(number: f64, by: f64) -> f64 {
    let quotient = number / by;
    rounded(quotient, || (-quotient).mul_add(by, number))
}

/// Rounds a double that was computed. `lost` has the sign of what the computation has cut
/// off, which matters at a half alone: a result beside it is on the side of the exact one.
fn rounded(computed: f64, lost: impl Fn() -> f64) -> f64 {
    let floor = computed.floor();
    let rest = computed - floor;
    if rest > 0.5 || (rest == 0.5 && lost() >= 0.0) {
        floor + 1.0
    } else {
        floor
    }
}

/// A decimal number as text spells it: `mantissa` times ten to the power of `exponent`.
#[derive(Clone, Copy)]
pub(super) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// Reads text that is known to be a number; returns `None` if it has more digits than
    /// any instant needs.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse().ok()?),
            None => (text, 0_i32),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}");
        Some(Self {
            mantissa: match digits.trim_start_matches(['+', '-']) {
                "" => 0,
                _ => digits.parse().ok()?,
            },
            exponent: exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?,
        })
    }

    /// Returns the number without its sign and its fraction.
    pub(super) fn magnitude(self) -> u128 {
        let whole = match power(self.exponent.unsigned_abs()) {
            Some(power) if self.exponent < 0 => Some(self.mantissa / power),
            Some(power) => self.mantissa.checked_mul(power),
            None if self.exponent < 0 || self.mantissa == 0 => Some(0),
            None => None,
        };
        whole.map_or(u128::MAX, i128::unsigned_abs)
    }

    /// Returns the number times ten to the power of `exponent`; `None` if that is too large
    /// for 64 bits.
    pub(super) fn scaled(self, exponent: i32) -> Option<i64> {
        let exponent = self.exponent.checked_add(exponent)?;
        let scaled = match power(exponent.unsigned_abs()) {
            Some(power) if exponent < 0 => {
                let rest = self.mantissa.rem_euclid(power);
                self.mantissa.div_euclid(power) + i128::from(rest >= power - power / 2)
            }
            Some(power) => self.mantissa.checked_mul(power)?,
            None if exponent < 0 || self.mantissa == 0 => 0,
            None => return None,
        };
        i64::try_from(scaled).ok()
    }
}

fn power(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}
