//! The unit in which numbers count time.

/// The unit in which a number counts the time since 1970-01-01 UTC, also if it is given as
/// text. Text of a date and a time has no unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeUnit {
    /// Seconds, milli-, micro- or nanoseconds, recognised by the number's magnitude: the
    /// finer ones begin at 1e11, 1e14 and 1e17, either way.
    ///
    /// Seconds reach to the year 5138. Milliseconds of the years 1967 to 1973 look like
    /// seconds, and so do the finer units closer to 1970: name the unit of a feed that has
    /// such instants.
    #[default]
    Auto,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl TimeUnit {
    /// Returns the unit of a number; `magnitude` is the number without its sign.
    pub(super) fn of(self, magnitude: u128) -> Self {
        match (self, magnitude) {
            (Self::Auto, ..100_000_000_000) => Self::Seconds,
            (Self::Auto, ..100_000_000_000_000) => Self::Milliseconds,
            (Self::Auto, ..100_000_000_000_000_000) => Self::Microseconds,
            (Self::Auto, _) => Self::Nanoseconds,
            (named, _) => named,
        }
    }

    /// Returns the power of ten by which a number of this unit becomes microseconds.
    pub(super) fn exponent(self) -> i32 {
        match self {
            Self::Auto | Self::Seconds => 6,
            Self::Milliseconds => 3,
            Self::Microseconds => 0,
            Self::Nanoseconds => -3,
        }
    }
}
