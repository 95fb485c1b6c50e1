//! The arguments of commands that look after a store.

use std::path::PathBuf;
use std::time::Duration;

use satori_store::Timestamp;

/// Check the store: what is wrong or worth knowing, and what to do
///
/// It looks for damage, tables that are no streams', timestamps of several kinds, rows that
/// can't be read, hash chains and digests that don't fit, gaps, streams without rows or
/// metadata or not synced for long, free room, a large -wal, and what locks and SQLite can't
/// promise here. It reads every row, and changes nothing. The exit code is 0 if it found
/// nothing but notes, 1 if a warning, 6 if damage.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid or name [default: the store and all streams]
    pub(crate) stream: Option<String>,
    /// Don't read the rows: check the store alone
    #[arg(long, conflicts_with = "stream")]
    pub(crate) quick: bool,
    /// How long a stream may go without a sync, such as 90m, "1h 30m" or 2d
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = super::duration)]
    pub(crate) stale_after: Duration,
}

/// Delete old observations, of one stream or of all
///
/// A thousand rows are deleted in a transaction, the earliest first, so that others can write
/// in between; if the command is ended, or stops at a row that can't be read, what it has deleted
/// stays deleted, and it can be repeated. The room is used for new rows, and
/// `compact` makes a file smaller.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("keep").required(true))]
#[command(group = clap::ArgGroup::new("streams").required(true))]
pub(crate) struct Retain {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid, or a name that only one stream has
    #[arg(group = "streams")]
    pub(crate) stream: Option<String>,
    /// Of every stream
    #[arg(long, group = "streams")]
    pub(crate) all: bool,
    /// Keep the observations from this time on
    #[arg(long, value_name = "TIME", group = "keep", allow_hyphen_values = true)]
    pub(crate) since: Option<Timestamp>,
    /// Delete the observations older than this, such as 90m, "1h 30m" or 365d
    #[arg(long, value_name = "DURATION", group = "keep", value_parser = super::duration)]
    pub(crate) older_than: Option<Duration>,
    /// Keep the last N observations, and those of the same time as the first of them
    #[arg(long, value_name = "N", group = "keep")]
    pub(crate) last: Option<u64>,
    /// Report what would be deleted; no row changes
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Don't ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
}
