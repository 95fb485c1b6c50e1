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
}

/// What a power cut may take (SQLite: `PRAGMA synchronous`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// A crash of the process takes nothing. A power cut or a crash of the
    /// operating system may take the writes since the last checkpoint, the
    /// newest first; what is left is consistent. What the engine uses.
    #[default]
    Normal,
    /// Neither takes a write that was acknowledged: each waits for the disk.
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
        }
    }
}

impl OpenOptions {
    /// For reading and writing, a missing file created, `synchronous` NORMAL, a
    /// wait of 5 seconds for another writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens without writing one byte of the file, whatever it is: one without
    /// metadata, one of a later release. Every write is [`Error::ReadOnly`](crate::Error::ReadOnly).
    ///
    /// A file in WAL mode that nobody has open needs its folder writable even so (SQLite's
    /// documentation, "Read-Only Databases" of Write-Ahead Logging).
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    /// Whether a missing file is created (with permissions 0600); it is by default.
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// What a power cut may take.
    pub fn synchronous(self, synchronous: Synchronous) -> Self {
        Self {
            synchronous,
            ..self
        }
    }

    /// How long a write waits for another writer, and opening for another
    /// opening, before it is [`Error::Busy`](crate::Error::Busy).
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self {
            busy_timeout,
            ..self
        }
    }

    /// Where a stream's table holds timestamps that are text, stores its new rows
    /// as text spelled like the last of them, instead of as Unix seconds.
    ///
    /// For installed engines that have the file open too: SQLite sorts numbers
    /// before all text, so in a table of text their `ORDER BY ts DESC LIMIT 1`
    /// would never come to a number.
    pub fn keep_spelling(self, keep_spelling: bool) -> Self {
        Self {
            keep_spelling,
            ..self
        }
    }
}
