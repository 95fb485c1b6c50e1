//! The arguments of commands that carry rows elsewhere: `export`, `import`, `copy`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use satori_store::StreamUuid;

use super::{Range, Unit};

/// Write streams into files that other programs read: CSV, NDJSON, Parquet, Arrow
///
/// One stream goes into a file or to standard output, all streams into a new folder: a file for
/// each, and `streams.ndjson` with their metadata. `import` reads them back, with each value and
/// instant as it was. The rows have the columns ts, value, hash and provider; each file also says
/// which stream it is of. NDJSON has the server's shape, which `ingest` reads too: a payload a
/// line, the stream's metadata in the first.
/// A file or folder gets its name once it is complete and on the disk. If the command is killed, a
/// hidden one beside it is left, `.satori-store.partial-` and letters. Others may write to the
/// store meanwhile; to have all streams as of one moment, export a backup.
/// Rows that share an instant, in several spellings, come back as one and conflicts; text after
/// the year 5138 can't be imported; CSV and NDJSON say nothing of a stream without rows.
/// In Parquet and Arrow an instant is a timestamp in microseconds, UTC; in CSV it is ISO 8601; in
/// NDJSON, Unix seconds.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid, or its name (if several have it, the most recently synced) [default:
    /// all]
    pub(crate) stream: Option<String>,
    /// The new file, or of all streams the new folder; `-` for standard output [default:
    /// standard output]
    #[arg(long, short, value_name = "PATH", required_unless_present = "stream")]
    pub(crate) output: Option<PathBuf>,
    /// The format [default: by the file's ending; to standard output csv; into a folder parquet]
    #[arg(long)]
    pub(crate) format: Option<FileFormat>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Leave out rows that can't be read, and report how many, instead of failing at the first
    #[arg(long)]
    pub(crate) skip_unreadable: bool,
    /// Write over an existing file
    #[arg(long, requires = "stream")]
    pub(crate) force: bool,
}

/// Store rows from files: CSV, NDJSON, Parquet, Arrow
///
/// Columns are recognised by their names, in any order: ts and value, which each row needs; hash,
/// which is computed where there is none; provider; and stream (or uuid), which names the row's
/// stream unless the file does, or --stream. Other columns are ignored, and reported. NDJSON has
/// the server's shape, as `ingest` reads it, and may have a provider in each payload. In CSV and
/// NDJSON an empty hash or provider counts as none. Of a folder, `streams.ndjson` (metadata, as
/// `sync` reads it) comes first, and then each file with a known ending: csv; ndjson or jsonl;
/// parquet; arrow, feather or ipc. Parquet may be compressed by snappy or lz4, Arrow by lz4.
/// Each file is read through before anything of it is stored. If a row can't be read, nothing
/// of the file is stored, and up to 100 such rows are reported with their line (in Parquet and
/// Arrow, their row from 1). Then its rows are stored, 65,536 or 4 MiB at a time, each time in one
/// transaction. A row that already exists is not stored again, so if the command is killed it can
/// simply be repeated. A stream that the store refuses by its name or its table is found then
/// only, when rows before it are stored.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The store, a file or a URL; created if it doesn't exist
    pub(crate) db: PathBuf,
    /// Files, or folders of files; `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// The stream of every row, whatever stream the file names; `streams.ndjson` is left out, and
    /// a payload's metadata becomes this stream's
    #[arg(long, value_name = "UUID")]
    pub(crate) stream: Option<StreamUuid>,
    /// The format of every file [default: by its ending]
    #[arg(long)]
    pub(crate) format: Option<FileFormat>,
    /// Who delivers the rows that name no provider [default: central]
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// The unit of timestamps that are numbers, also in text; `auto` takes milliseconds
    /// before 1973 for seconds
    #[arg(long, default_value = "auto")]
    pub(crate) unit: Unit,
}

/// Copy a store into another: from a file into PostgreSQL, back, or into one of its kind
///
/// All rows keep timestamp, value, hash and provider as they are stored, metadata its ids and
/// times, and streams the order in which they got data. What PostgreSQL can't hold, rows that can't
/// be read and further rows of an instant, goes to the quarantine there with the reason; a copy
/// into a file puts it back where it was. The target is empty, or an earlier part of the same copy:
/// if the command is ended or killed, repeat it, and it goes on. A target that holds anything else
/// is left as it is. 8,192 rows at a time are copied in a transaction and then compared with those
/// in the target; metadata comes last. Others may write to the store meanwhile: what comes too late
/// is copied when the command is repeated, as long as no metadata has changed since.
#[derive(Debug, clap::Args)]
pub(crate) struct Copy {
    /// The store to copy: a file or a URL
    pub(crate) from: PathBuf,
    /// The store to copy into, a file or a URL; created if it doesn't exist
    pub(crate) to: PathBuf,
    /// Report what would be copied; nothing is written
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The format of a file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// With a header line, quoted by RFC 4180
    Csv,
    /// The server's payloads, one a line
    Ndjson,
    /// Apache Parquet
    Parquet,
    /// Apache Arrow's IPC file
    Arrow,
}

impl FileFormat {
    /// Returns the format that the file's ending names.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "csv" => Self::Csv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "parquet" => Self::Parquet,
            "arrow" | "feather" | "ipc" => Self::Arrow,
            _ => return None,
        })
    }

    /// Returns the ending that names the format.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}
