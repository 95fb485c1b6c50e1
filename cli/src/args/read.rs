//! The arguments of commands that only read.

use std::ops::Bound;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use satori_store::{Step, Timestamp};

/// List the streams, with and without metadata
#[derive(Debug, clap::Args)]
pub(crate) struct Streams {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// Only streams not synced for this long, such as 90m, "1h 30m" or 2d
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    pub(crate) stale: Option<Duration>,
    /// Only streams with TEXT in their name or description
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only streams that have observations but no metadata
    #[arg(long, conflicts_with_all = ["stale", "search"])]
    pub(crate) without_metadata: bool,
}

/// Show one stream: metadata, rows, spacing, gaps, providers, hash chain
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid, or its name (if several have it, the most recently synced)
    pub(crate) stream: String,
}

/// Print a stream's observations in order of time
#[derive(Debug, clap::Args)]
pub(crate) struct Observations {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid, or its name (if several have it, the most recently synced)
    pub(crate) stream: String,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Only the first N
    #[arg(long, value_name = "N", conflicts_with = "last")]
    pub(crate) first: Option<usize>,
    /// Only the last N
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Only the one as of this instant: the last one at it or before it
    #[arg(long, value_name = "TIME", allow_hyphen_values = true,
        conflicts_with_all = ["from", "to", "first", "last"])]
    pub(crate) as_of: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

/// Print the last observations of streams, and with `-f` those that come
///
/// The rows of several streams are printed in order of time, as far as they are there. With `-f`
/// it goes on until it is ended (Ctrl-C), and prints each row that is stored by whichever
/// program, if its instant lies after the last one printed of its stream. `json` then is one
/// object a line.
#[derive(Debug, clap::Args)]
pub(crate) struct Tail {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The streams' uuids, or their names (if several have one, the most recently synced)
    #[arg(required = true, value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// How many rows of each stream
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) last: usize,
    /// Go on with those that come
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

/// Sum a stream up in steps of time: count, first, last, min, max, mean and sum of each
///
/// Steps of hours and shorter begin at multiples of their length since 1970-01-01 UTC. Days
/// begin at midnight, weeks on Monday, months on the first, in UTC or in the time zone that is
/// named.
#[derive(Debug, clap::Args)]
pub(crate) struct Resample {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid, or its name (if several have it, the most recently synced)
    pub(crate) stream: String,
    /// The length of a step, such as 15m, 1h, 1d, 1w, 1mo (m is a minute) or
    /// '1d[Europe/Berlin]'
    pub(crate) step: Step,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Show steps without rows too
    #[arg(long)]
    pub(crate) empty: bool,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

/// Put streams side by side on one clock: a row for each step, a column for each stream
///
/// Where the range is open, it reaches as far as the streams' rows.
#[derive(Debug, clap::Args)]
pub(crate) struct Align {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The length of a step, as in `resample`: a row for each step that begins in the range
    pub(crate) step: Step,
    /// The streams' uuids, or their names (if several have one, the most recently synced)
    #[arg(required = true, value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Which value of a stream stands in a row
    #[arg(long, default_value = "as-of")]
    pub(crate) fill: FillOf,
    /// How old the row may be as of an instant, such as 90m or 2d; only with --fill as-of
    /// [default: of any age]
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    pub(crate) max_age: Option<Duration>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FillOf {
    /// That of the last row at the step's begin or before it
    AsOf,
    /// That of the row at the step's begin
    Exact,
    /// The mean of the step's rows
    Mean,
}

/// A range of time.
#[derive(Debug, clap::Args)]
pub(crate) struct Range {
    /// From this instant on: ISO 8601 (UTC unless it has an offset) or Unix seconds
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) from: Option<Timestamp>,
    /// Before this instant
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) to: Option<Timestamp>,
}

impl Range {
    /// Returns the bounds.
    pub(crate) fn bounds(&self) -> (Bound<Timestamp>, Bound<Timestamp>) {
        (
            self.from.map_or(Bound::Unbounded, Bound::Included),
            self.to.map_or(Bound::Unbounded, Bound::Excluded),
        )
    }
}

/// How rows are read and printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Rows {
    /// How to print them [default: table; json with --json]
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// Leave out rows that can't be read, instead of ending at the first
    #[arg(long)]
    pub(crate) skip_unreadable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// With a header line, quoted by RFC 4180
    Csv,
    /// One array
    Json,
    /// One object a line
    Ndjson,
}

/// Walk the hash chain of one stream or of all
///
/// A row is verified if its hash follows from its timestamp, its value and the
/// hash before it. It is suspect if its hash does not, although the row before
/// verifies and the row after verifies on its hash: the row has changed since, or
/// an observation right before it was never stored. Any other row is foreign: its
/// hash was made by another rule, as a server may do, or it arrived late, or its
/// hash or that of the row before was changed. The exit code is 1 if a row is suspect,
/// or foreign between verified rows, or if the rows differ from the stream's digest. At the
/// ends a change is foreign too, and the exit code 0: that of timestamp, value or hash of the
/// first or the last row, that of the hash of the last but one, and the removal of the first
/// rows. A changed provider, which is not part of the hash, and the removal of the last rows
/// can't be seen. A digest sees all of these: see restate-digest.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid or name [default: all]
    pub(crate) stream: Option<String>,
}
