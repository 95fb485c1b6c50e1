//! What a check of a store has found.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::uuid::StreamUuid;

/// Something that a check of a store has found; see [`Store::check`](crate::Store::check).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The stream that it is about; `None` if it is about the file.
    pub stream: Option<StreamUuid>,
    /// How many rows, streams or bytes it is about, as `message` says.
    pub count: u64,
    /// What was found, in words. The wording may change.
    pub message: String,
}

impl Finding {
    pub(crate) fn of_file(kind: FindingKind, count: u64, message: impl Into<String>) -> Self {
        Self {
            kind,
            stream: None,
            count,
            message: message.into(),
        }
    }

    pub(crate) fn of_stream(
        kind: FindingKind,
        stream: &StreamUuid,
        count: u64,
        message: impl Into<String>,
    ) -> Self {
        Self {
            stream: Some(stream.clone()),
            ..Self::of_file(kind, count, message)
        }
    }
}

/// As JSON it also has its severity, and what to do.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut finding = serializer.serialize_struct("Finding", 6)?;
        finding.serialize_field("kind", &self.kind)?;
        finding.serialize_field("severity", &self.kind.severity())?;
        finding.serialize_field("stream", &self.stream)?;
        finding.serialize_field("count", &self.count)?;
        finding.serialize_field("message", &self.message)?;
        finding.serialize_field("advice", self.kind.advice())?;
        finding.end()
    }
}

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Nothing needs to be done.
    Note,
    /// Something is not as it should be, or may go wrong.
    Warning,
    /// The file is damaged.
    Damage,
}

/// What a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// SQLite's own check of the file or of a stream's table found damage.
    Damage,
    /// A table is neither a stream's nor the store's own.
    OtherTable,
    /// The declared types of a stream's table would change what is inserted, so that it can be
    /// read but takes no rows.
    TakesNoRows,
    /// A stream has timestamps of several kinds, by which plain SQL doesn't sort in order of
    /// time; `count` is the rows that don't have Unix seconds.
    MixedSpellings,
    /// A stream has rows that can't be read.
    UnreadableRows,
    /// A stream has rows in the quarantine.
    QuarantinedRows,
    /// A stream has rows whose content has changed since their hash was made, or of which the
    /// row before is gone.
    SuspectRows,
    /// A stream has foreign rows between verified ones: their hash was changed, or they
    /// arrived late.
    ForeignBetween,
    /// A stream's rows are not those of its digest.
    DigestDiffers,
    /// A stream has metadata but no rows.
    NoData,
    /// A stream has rows but no metadata.
    NoMetadata,
    /// A stream was not synced since the instant that was asked for.
    Stale,
    /// A stream has gaps, as [`Statistics::gaps`](crate::Statistics::gaps) counts them.
    Gaps,
    /// The `-wal` beside the file is large; `count` is its bytes.
    LargeWal,
    /// Much of the file is room that deleted rows have left; `count` is its bytes.
    FreeRoom,
    /// The database library in use is old, and can lose commits; `count` is its version number.
    OldLibrary,
    /// No other SQLite in this process may use the file.
    SharedLocks,
    /// The file is on a file system whose locks may not hold between machines.
    NetworkFileSystem,
    /// The file has no WAL: readers and writers wait for each other.
    NoWal,
}

impl FindingKind {
    /// Returns how much it matters.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Damage => Severity::Damage,
            Self::TakesNoRows
            | Self::MixedSpellings
            | Self::UnreadableRows
            | Self::SuspectRows
            | Self::ForeignBetween
            | Self::DigestDiffers
            | Self::LargeWal
            | Self::OldLibrary
            | Self::NetworkFileSystem => Severity::Warning,
            Self::OtherTable
            | Self::QuarantinedRows
            | Self::NoData
            | Self::NoMetadata
            | Self::Stale
            | Self::Gaps
            | Self::FreeRoom
            | Self::SharedLocks
            | Self::NoWal => Severity::Note,
        }
    }

    /// Returns what to do about it. The operations that it names have the same name in Rust,
    /// Python and on the command line.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Damage => {
                "stop what writes it, copy the file and what lies beside it, and restore a backup"
            }
            Self::OtherTable => "nothing: it is left alone",
            Self::TakesNoRows => {
                "make the table anew with the declared types of a new stream's, and copy its rows"
            }
            Self::MixedSpellings => {
                "`normalize` rewrites the timestamps, unless installed engines use the file"
            }
            Self::UnreadableRows => "`quarantine` moves them out of the way, as they are",
            Self::QuarantinedRows => {
                "look at them with `quarantined`; `restore` puts them back if they were mended"
            }
            Self::SuspectRows => "`verify` lists them: compare them with a backup or the server",
            Self::ForeignBetween => "nothing if they arrived late; else compare them with a backup",
            Self::DigestDiffers => {
                "if another program was meant to write the stream, `restate_digest` takes its \
                 rows as they are; else compare them with a backup"
            }
            Self::NoData => "nothing if it is new; `remove` removes its metadata",
            Self::NoMetadata => "it gets metadata with the next payload that has a stream object",
            Self::Stale => "see whether the server still has the stream",
            Self::Gaps => "see whether the provider has what is missing",
            Self::LargeWal => {
                "look for a program that keeps a read transaction open; the file shrinks once it \
                 ends, or when all programs have closed the store"
            }
            Self::FreeRoom => "`compact` makes the file smaller; new rows use the room otherwise",
            Self::OldLibrary => "use a build with a later one",
            Self::SharedLocks => {
                "open the file in this process through this library only, not through another \
                 SQLite such as Python's"
            }
            Self::NetworkFileSystem => {
                "keep the file on a disk of the machine that uses it, and let one machine use it"
            }
            Self::NoWal => "nothing if the file system has none; else open it once for writing",
        }
    }
}
