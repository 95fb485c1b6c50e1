//! The kinds of error, as numbers.

/// The kind of an [`Error`](crate::Error), as a number that never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorCode {
    /// [`Error::CannotOpen`](crate::Error::CannotOpen)
    CannotOpen = 1,
    /// [`Error::NotAStore`](crate::Error::NotAStore)
    NotAStore = 2,
    /// [`Error::Corrupt`](crate::Error::Corrupt)
    Corrupt = 3,
    /// [`Error::LaterRelease`](crate::Error::LaterRelease)
    LaterRelease = 4,
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch)
    SchemaMismatch = 5,
    /// [`Error::Busy`](crate::Error::Busy)
    Busy = 6,
    /// [`Error::ReadOnly`](crate::Error::ReadOnly)
    ReadOnly = 7,
    /// [`Error::DiskFull`](crate::Error::DiskFull)
    DiskFull = 8,
    /// [`Error::Database`](crate::Error::Database)
    Database = 9,
    /// [`Error::FileReplaced`](crate::Error::FileReplaced)
    FileReplaced = 10,
    /// [`Error::Forked`](crate::Error::Forked)
    Forked = 11,
    /// [`Error::Poisoned`](crate::Error::Poisoned)
    Poisoned = 12,
    /// [`Error::InvalidUuid`](crate::Error::InvalidUuid)
    InvalidUuid = 13,
    /// [`Error::NotAStream`](crate::Error::NotAStream)
    NotAStream = 14,
    /// [`Error::StreamNotFound`](crate::Error::StreamNotFound)
    StreamNotFound = 15,
    /// [`Error::InvalidTimestamp`](crate::Error::InvalidTimestamp)
    InvalidTimestamp = 16,
    /// [`Error::InvalidValue`](crate::Error::InvalidValue),
    /// [`Error::InvalidText`](crate::Error::InvalidText)
    InvalidValue = 17,
    /// [`Error::UnreadableRow`](crate::Error::UnreadableRow)
    UnreadableRow = 18,
    /// [`Error::InvalidJson`](crate::Error::InvalidJson)
    InvalidJson = 19,
    /// [`Error::MissingUuid`](crate::Error::MissingUuid)
    MissingUuid = 20,
    /// [`Error::Refused`](crate::Error::Refused), [`Error::NotACopy`](crate::Error::NotACopy)
    Refused = 21,
    /// [`Error::InvalidArrow`](crate::Error::InvalidArrow)
    InvalidArrow = 22,
    /// [`Error::InvalidStep`](crate::Error::InvalidStep)
    InvalidStep = 23,
    /// [`Error::Interrupted`](crate::Error::Interrupted)
    Interrupted = 24,
    /// `Error::ConnectionLost`, with the feature `postgres`
    ConnectionLost = 25,
    /// `Error::UnknownOutcome`, with the feature `postgres`
    UnknownOutcome = 26,
    /// `Error::Unsupported`, with the feature `postgres`
    Unsupported = 27,
}
