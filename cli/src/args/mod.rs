//! The command line's arguments.

mod pictures;
mod read;
mod transfer;
mod upkeep;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SpanRelativeTo;
use satori_store::{OpenOptions, Store, StreamUuid, Synchronous, TimeUnit};

pub(crate) use self::pictures::{Drawn, PictureFile, Plot, Report};
pub(crate) use self::read::{
    Align, FillOf, Format, Observations, Range, Resample, Rows, Show, Streams, Tail, Verify,
};
pub(crate) use self::transfer::{Copy, Export, FileFormat, Import};
pub(crate) use self::upkeep::{Check, Retain};
use crate::exit::{self, Exit};
use crate::failure::Failure;
use crate::json::{self, ErrorLine, ErrorReport};
use crate::text;

/// Fill, list, show and verify the store of a Satori neuron: its engine.db, or a database.
#[derive(Debug, Parser)]
#[command(name = "satori-store", version, after_help = exit::HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// The options of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Print JSON, errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Which writes a power cut may take: with `normal` the newest, with `full` none
    #[arg(long, global = true, value_name = "MODE", default_value = "normal")]
    synchronous: Durability,

    /// How long to wait for another writer, such as 5s or 2m
    #[arg(long, global = true, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    busy_timeout: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Durability {
    Normal,
    Full,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Ingest(Ingest),
    Sync(Sync),
    Streams(Streams),
    Show(Show),
    Observations(Observations),
    Tail(Tail),
    Resample(Resample),
    Align(Align),
    Export(Export),
    Import(Import),
    Plot(Plot),
    Report(Report),
    Verify(Verify),
    Check(Check),
    #[command(name = "restate-digest")]
    RestateDigest(RestateDigest),
    Normalize(Normalize),
    Quarantine(Quarantine),
    Remove(Remove),
    Retain(Retain),
    Backup(Backup),
    Restore(Restore),
    Copy(Copy),
    Compact(Compact),
    Completions(Completions),
    Man(Man),
}

/// Store the server's answers: metadata and observations
///
/// Each file holds payloads, or JSON arrays of payloads, one a line or over several lines.
/// A payload that can't be stored is reported with its place, and the rest is
/// stored. Up to 4 MiB are stored at a time, each time in one transaction.
/// From a pipe, they are stored 0.2 seconds after the last line or one second after the
/// first, whichever comes first. SIGTERM and SIGINT (Ctrl-C) end the reading: the payloads
/// that were read are stored and reported, and the exit code is 128 and the signal's
/// number. A second signal ends the command at once.
/// An observation that already exists is not stored again, so the same file can be
/// ingested twice.
#[derive(Debug, clap::Args)]
pub(crate) struct Ingest {
    /// The store, a file or a URL; created if it doesn't exist
    pub(crate) db: PathBuf,
    /// Files to ingest, `-` for standard input [default: standard input]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The stream of every payload, whatever stream the payload names
    #[arg(long)]
    pub(crate) uuid: Option<StreamUuid>,
    /// Who delivers the rows [default: central]
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Store all of a file or nothing
    #[arg(long)]
    pub(crate) strict: bool,
    /// The unit of timestamps that are numbers, also in text; `auto` takes milliseconds
    /// before 1973 for seconds
    #[arg(long, default_value = "auto")]
    pub(crate) unit: Unit,
    /// Store new rows of a stream whose last timestamp is text as text spelled like it,
    /// for programs that order rows by plain SQL
    #[arg(long)]
    pub(crate) keep_spelling: bool,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Unit {
    /// By the number's magnitude
    Auto,
    /// Seconds
    S,
    /// Milliseconds
    Ms,
    /// Microseconds
    Us,
    /// Nanoseconds
    Ns,
}

impl From<Unit> for TimeUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Auto => Self::Auto,
            Unit::S => Self::Seconds,
            Unit::Ms => Self::Milliseconds,
            Unit::Us => Self::Microseconds,
            Unit::Ns => Self::Nanoseconds,
        }
    }
}

/// Store the metadata of many streams
///
/// Each file is a JSON array of stream objects, or one object a line, and is stored in one
/// transaction. An object that can't be stored is reported with its place, and the rest is
/// stored.
#[derive(Debug, clap::Args)]
pub(crate) struct Sync {
    /// The store, a file or a URL; created if it doesn't exist
    pub(crate) db: PathBuf,
    /// Files of stream objects, `-` for standard input [default: standard input]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Make the digest of one stream or of all that of its rows as they are
///
/// A digest is a sum over all four columns of a stream's rows, which `verify` compares with
/// them; files alone have them. The first time, digests are kept from then on by all that write through this
/// library, and inserts take longer. A program that writes rows by plain SQL leaves the
/// digest as it was: `verify` reports that it differs, until it is restated.
#[derive(Debug, clap::Args)]
pub(crate) struct RestateDigest {
    /// The store: a file
    pub(crate) db: PathBuf,
    /// The stream's uuid or name [default: all]
    pub(crate) stream: Option<String>,
}

/// Rewrite timestamps of other spellings into Unix seconds
///
/// Values, hashes and providers stay. If two rows have the same instant, both stay.
/// Each stream is one transaction.
#[derive(Debug, clap::Args)]
pub(crate) struct Normalize {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid or name [default: all]
    pub(crate) stream: Option<String>,
    /// Report what would be done; no row changes
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Move rows that can't be read out of the way, or put them back
///
/// Reading a stream ends at a row that can't be read, such as one with the timestamp
/// `None` or an infinite value. The rows are kept as they are, with the reason, in a table of
/// the same store: in a file `__satori_quarantine`.
#[derive(Debug, clap::Args)]
pub(crate) struct Quarantine {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid or name [default: all]; with --list or --restore also the uuid of a
    /// stream that was removed
    pub(crate) stream: Option<String>,
    /// List the rows that would be moved; no row changes
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// List the rows that were moved
    #[arg(long, conflicts_with_all = ["dry_run", "restore"])]
    pub(crate) list: bool,
    /// Put the rows that were moved back where they were
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) restore: bool,
}

/// Remove a stream: its observations, its metadata, or (the default) both
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// The store: a file or a URL
    pub(crate) db: PathBuf,
    /// The stream's uuid, or a name that only one stream has
    pub(crate) stream: String,
    /// Remove the observations, with their table
    #[arg(long)]
    pub(crate) data: bool,
    /// Remove the metadata
    #[arg(long)]
    pub(crate) metadata: bool,
    /// Don't ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Copy the file of the store, as it is now, into a new file
///
/// A database has its own backups (pg_dump, for one). Others may read and write meanwhile. Copying engine.db by itself is no backup: what was
/// written last is in the `-wal` beside it, which may be whole streams. The copy gets its name
/// once it is complete, checked for damage, and synced to the disk; if the command is killed,
/// a hidden file beside it is left, `.satori-backup.partial-` and numbers. An existing file is
/// never overwritten. The copy can be read by its owner only.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The store: a file
    pub(crate) db: PathBuf,
    /// The new file
    pub(crate) file: PathBuf,
}

/// Make a store of a backup
///
/// The backup is checked for damage and stays as it is. An existing store is never
/// overwritten: move it away first, with the `-wal` beside it if there is one. The store can
/// be read by the user who restores it only: run this as the user of the neuron.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup
    pub(crate) file: PathBuf,
    /// The store to be made: a file
    pub(crate) db: PathBuf,
}

/// Rebuild the file without the room that deleted rows have left
///
/// A server does so by itself. What the store holds stays as it is. Others may read meanwhile; writers wait. As much room
/// on the disk is needed once more while it runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Compact {
    /// The store: a file
    pub(crate) db: PathBuf,
}

/// Print what lets a shell complete this command's arguments
///
/// For bash: satori-store completions bash >~/.local/share/bash-completion/completions/satori-store
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    pub(crate) shell: Shell,
}

/// Write the manual's pages into a folder: one for this command, one for each of its own
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// The folder, such as ~/.local/share/man/man1; made if there is none
    pub(crate) folder: PathBuf,
}

impl Args {
    /// Returns the arguments of this process. If they are wrong or ask for help,
    /// prints the error or the help, and returns the exit code.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        let given: Vec<OsString> = std::env::args_os().collect();
        let json = given.iter().any(|argument| argument == "--json");
        Self::try_parse_from(&given).map_err(|error| {
            // The message may show an argument.
            let shown = given
                .iter()
                .map(|argument| text::place(Path::new(argument)));
            let error = Self::try_parse_from(shown).err().unwrap_or(error);
            if error.use_stderr() && json {
                let message = error.render().to_string().trim_end().to_owned();
                let error = ErrorReport::own("usage", message);
                let line = json::line(&ErrorLine { error });
                let _ = std::io::Write::write_all(&mut std::io::stderr(), &line);
            } else {
                // Fails only if the reader is gone.
                let _ = error.print();
            }
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            exit.into()
        })
    }
}

impl Global {
    /// Opens the store for reading: not one byte of it changes.
    pub(crate) fn read(&self, db: &Path) -> Result<Store, Failure> {
        Ok(self.options().read_only(true).open(db)?)
    }

    /// Opens an existing store for writing.
    pub(crate) fn change(&self, db: &Path) -> Result<Store, Failure> {
        Ok(self.options().create(false).open(db)?)
    }

    /// Opens the store for writing, and creates it if it doesn't exist.
    pub(crate) fn fill(&self, db: &Path, keep_spelling: bool) -> Result<Store, Failure> {
        Ok(self.options().keep_spelling(keep_spelling).open(db)?)
    }

    /// Returns the options that every opening shares.
    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions::new()
            .busy_timeout(self.busy_timeout)
            .synchronous(match self.synchronous {
                Durability::Normal => Synchronous::Normal,
                Durability::Full => Synchronous::Full,
            })
    }
}

/// Parses a duration such as `90m`, `1h 30m` or `2d` (days of 24 hours).
fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a duration such as 90m, \"1h 30m\" or 2d".to_owned();
    let span: jiff::Span = text.trim().parse().map_err(|_| expected())?;
    let signed = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| expected())?;
    Duration::try_from(signed).map_err(|_| "a duration can't be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("90m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("-1h").is_err());
        assert!(duration("90").is_err());
        assert!(duration("1mo").is_err());
    }
}
