//! How a store is opened.

use std::time::Duration;

/// How a store is opened.
///
/// ```
/// use std::time::Duration;
/// use satori_store::{OpenOptions, Synchronous};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("engine.db");
/// let store = OpenOptions::new()
///     .synchronous(Synchronous::Full)
///     .busy_timeout(Duration::from_secs(30))
///     .open(&path)?;
/// # drop(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub(crate) read_only: bool,
    pub(crate) create: bool,
    pub(crate) synchronous: Synchronous,
    pub(crate) busy_timeout: Duration,
    pub(crate) keep_spelling: bool,
    pub(crate) skip_unreadable: bool,
    pub(crate) digest: bool,
}

/// What a power cut may take (SQLite: `PRAGMA synchronous`).
///
/// On a PostgreSQL server both are the same: each write is committed with
/// `synchronous_commit = on`, so that neither a crash of the server nor a power cut takes it.
/// Without that the server may lose acknowledged writes even if it alone crashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// A crash of the process takes nothing. A power cut or a crash of the
    /// operating system may take the writes since the last checkpoint, the
    /// newest first; what is left is consistent. The engine uses this.
    #[default]
    Normal,
    /// Neither takes a write that was acknowledged: each write waits for the disk.
    Full,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            read_only: false,
            create: true,
            synchronous: Synchronous::Normal,
            busy_timeout: Duration::from_secs(5),
            keep_spelling: false,
            skip_unreadable: false,
            digest: false,
        }
    }
}

impl OpenOptions {
    /// Returns the defaults: reading and writing, a missing file created, `synchronous`
    /// NORMAL, a wait of 5 seconds for another writer, new rows in Unix seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the store is opened without writing one byte of the file, whatever the
    /// file is: one without metadata, one of a later release. Every write then is
    /// [`Error::ReadOnly`](crate::Error::ReadOnly).
    ///
    /// A file in WAL mode that nobody has open is read even where its folder can't be
    /// written, as on a read-only mount, if its `-wal` holds nothing. No lock is taken
    /// then. Every call looks before and after whether another program writes the file, and
    /// opens it anew if so; if that is during the call, it returns
    /// [`Error::Database`](crate::Error::Database), and can be repeated. The opening, and
    /// after it any call, is [`Error::CannotOpen`](crate::Error::CannotOpen) if the `-wal`
    /// holds commits and the folder can't be written, or if a program has the file open and
    /// this user may not read the `-wal` and the `-shm` beside it.
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    /// Sets whether a missing file is created (with permissions 0600); by default it is.
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// Sets what a power cut may take.
    pub fn synchronous(self, synchronous: Synchronous) -> Self {
        Self {
            synchronous,
            ..self
        }
    }

    /// Sets how long a write waits for another writer, and an opening for another
    /// opening, before it returns [`Error::Busy`](crate::Error::Busy). On a server a writer
    /// waits for those of the same streams alone.
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self {
            busy_timeout,
            ..self
        }
    }

    /// Sets whether new rows of a stream whose last timestamp is text are stored as text
    /// of the same spelling; by default they store Unix seconds.
    ///
    /// This is for installed engines that have the file open too. SQLite sorts numbers
    /// before all text, so in a table of text their `ORDER BY ts DESC LIMIT 1` would
    /// never find a number. On a server, where rows are in order of time, the last timestamp
    /// is the latest row's.
    pub fn keep_spelling(self, keep_spelling: bool) -> Self {
        Self {
            keep_spelling,
            ..self
        }
    }

    /// Sets whether reads leave out rows that can't be read; by default they end at the
    /// first with [`Error::UnreadableRow`](crate::Error::UnreadableRow).
    ///
    /// `Store::count` and `Store::statistics` still count such rows, `Store::unreadable` lists
    /// them, and a row whose instant has no other row is still in the way of a new one.
    pub fn skip_unreadable(self, skip_unreadable: bool) -> Self {
        Self {
            skip_unreadable,
            ..self
        }
    }

    /// Sets whether a digest of each stream is kept: a sum over all four columns of its rows,
    /// which every write through a store updates in its own transaction, and which
    /// [`Store::verify`](crate::Store::verify) compares with the rows. By default none is,
    /// since inserts take longer with it.
    ///
    /// The digests are in the table `__satori_digest` of the file. Once it exists, every
    /// store that opens the file updates it, whether it asked for it or not. The first
    /// opening that asks reads every stream. A program that writes rows by plain SQL leaves
    /// the digest as it was: then `verify` reports
    /// [`Digest::Differs`](crate::Digest::Differs), until
    /// [`Store::restate_digest`](crate::Store::restate_digest) takes the rows as they are. To
    /// keep no digests any more, drop the table while no store is open. A store that is
    /// opened read-only makes none. A PostgreSQL server keeps none: to ask for them is
    /// `Error::Unsupported`.
    pub fn digest(self, digest: bool) -> Self {
        Self { digest, ..self }
    }
}
