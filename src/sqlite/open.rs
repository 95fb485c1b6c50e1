//! Opening a file in phases: finding it, setting the connection's guards, inspecting what
//! it holds, and only then writing.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;

use super::connection::Connection;
use super::file::{self, File, Mode, NO_PERMISSION};
use super::integrity;
use super::migrate::{self, Found};
use super::raw::{self, Hardening, Statement};
use super::shape::texts;
use super::unlocked::Unlocked;
use crate::backend::Backend;
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::location::Location;
use crate::model::options::{OpenOptions, Synchronous};

/// How many pages (40 MB) the WAL holds before a checkpoint. Durable inserts are 1.4 to 1.8
/// times as fast as with the 100 pages that engines set (measured).
const AUTOCHECKPOINT: u32 = 10_000;
/// The size in bytes to which SQLite truncates the WAL after a checkpoint.
const WAL_LIMIT: u32 = 64 << 20;

/// The size of the page cache in KiB. It holds a table of some 300,000 rows, which engines
/// read whole again and again, and saves a tenth of the time of such a read (measured).
const CACHE_KIB: u32 = 16 << 10;

/// How often a file that is hard to open for reading is tried, and the time in between. A
/// program that is just opening or closing it makes and removes the files beside it one
/// after the other.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(5);

impl Connection {
    /// Opens the file at `path`, and makes or migrates it if need be.
    pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        if !options.read_only {
            return Self::open_as(path, options, Mode::Write);
        }
        let mut tries = TRIES;
        loop {
            let error = match Self::open_as(path, options, Mode::Read) {
                // If the system has no descriptor left, say, others may well have it open.
                Err(error)
                    if wants_to_write(&error) && raw::failed::open_with_rights().is_none() =>
                {
                    error
                }
                done => return done,
            };
            tries -= 1;
            match Self::open_unlocked(path, options, error) {
                Err(_) if tries > 0 => thread::sleep(PAUSE),
                done => return done,
            }
        }
    }

    /// Opens the file at `path` as [`open`](Self::open) does, if it holds a store; `None` if one can
    /// be made there.
    pub(crate) fn preview(path: &Path, options: &OpenOptions) -> Result<Option<Self>> {
        match file::is_vacant(path, options.create)? {
            true => Ok(None),
            false => Self::open(path, options).map(Some),
        }
    }

    /// Opens a file to read that SQLite can't open as usual: one in WAL mode has two files
    /// beside it while it is open, and here they can't be made. `error` says so.
    fn open_unlocked(path: &Path, options: &OpenOptions, error: Error) -> Result<Self> {
        let file = File::new(file::prepare(path, true, false)?);
        let unlocked = Unlocked::note(&file, options)?;
        match file.why_locked() {
            None => {}
            // The reason is another: no descriptor is left, the system has no memory.
            Some(_) if file.can_be_locked() => return Err(error),
            Some(reason) => {
                return Err(Error::CannotOpen {
                    location: Location::new(path),
                    reason,
                    code: error.database_code().map(DatabaseCode::Number),
                });
            }
        }
        let opened = Self::open_as(path, options, Mode::Immutable);
        unlocked.check(&file)?;
        let mut connection = opened?;
        connection.unlocked = Some(unlocked);
        Ok(connection)
    }

    /// Opens the file anew if it is read without a lock and somebody has written it, or may
    /// be about to.
    pub(super) fn refresh(&mut self) -> Result<()> {
        let (Some(unlocked), Some(file)) = (&self.unlocked, &self.file) else {
            return Ok(());
        };
        if !unlocked.is_current(file) {
            let changes = self.changes.wrapping_add(1);
            *self = Self::open(&file.path.clone(), &unlocked.options.clone())?;
            self.changes = changes;
        }
        Ok(())
    }

    /// Opens the file as [`open`](Self::open) does, in the given mode.
    fn open_as(path: &Path, options: &OpenOptions, mode: Mode) -> Result<Self> {
        let mut absolute = PathBuf::new();
        let uri = file::uri(path, mode)?;
        let opened = raw::establish(&uri, || {
            absolute = file::prepare(path, options.read_only, options.create)?;
            Ok(())
        });
        let (metadata, db) =
            opened.map_err(|error| error.located(&Location::new(path), Duration::ZERO))?;
        let mut connection = Self::new(metadata, db, Some(File::new(absolute)), options);
        let prepared = connection
            .configure()
            .and_then(|()| connection.prepare_file(options));
        let noted = prepared.and_then(|()| connection.note(options));
        noted.map_err(|error| {
            if connection.file.as_ref().is_some_and(File::has_wal) {
                // What a crash has left in the WAL stays there.
                connection.db.harden(Hardening::NoCheckpoint);
            }
            connection.located(connection.why_not_written(error, options))
        })?;
        Ok(connection)
    }

    /// Returns the error that opening the file has ended with; the true reason if it is that
    /// the file can't be written. SQLite reports that of its last attempt, which may be
    /// another.
    fn why_not_written(&self, error: Error, options: &OpenOptions) -> Error {
        if options.read_only || !wants_to_write(&error) {
            return error;
        }
        match self.file.as_ref().and_then(File::why_read_only) {
            Some(reason) => Error::ReadOnly {
                reason: reason.to_owned(),
                code: error.database_code().map(DatabaseCode::Number),
            },
            None => error,
        }
    }

    /// Takes its first look at the schema, by which SQLite opens what it needs beside the
    /// file, and notes the files.
    fn note(&mut self, options: &OpenOptions) -> Result<()> {
        self.in_one_state(|_| Ok(()))?;
        match &mut self.file {
            Some(file) if !options.read_only => {
                // Some file systems have no WAL.
                let mode = texts(self.db, "PRAGMA journal_mode")?;
                file.note(mode == ["wal"])
            }
            _ => Ok(()),
        }
    }

    /// Opens a new store in memory.
    pub(crate) fn open_in_memory(options: &OpenOptions) -> Result<Self> {
        let (metadata, db) = raw::establish(":memory:", || Ok(()))?;
        let mut connection = Self::new(metadata, db, None, options);
        connection.configure()?;
        connection.migrate()?;
        Ok(connection)
    }

    /// Sets SQLite's guards, which don't read the file, and registers the functions.
    fn configure(&mut self) -> Result<()> {
        for guard in [
            Hardening::Untrusted,
            Hardening::Defensive,
            Hardening::NoExtensions,
        ] {
            self.db.harden(guard);
        }
        self.db.register_functions()?;
        self.pragma("mmap_size = 0")?;
        Ok(())
    }

    /// Inspects the file, refuses one that can't be taken over, and takes it over.
    fn prepare_file(&mut self, options: &OpenOptions) -> Result<()> {
        // Each look by itself could see another schema, and begin anew whenever another
        // program makes a table.
        let found = self.in_one_state(|connection| connection.inspect(options))?;
        if options.read_only {
            if let Some(stand_in) = found.stand_in() {
                self.run(&stand_in)?;
            }
            self.pragma("query_only = 1")?;
            return Ok(());
        }
        let is_pending = found.is_pending()?;
        self.use_wal()?;
        self.pragma(match options.synchronous {
            Synchronous::Normal => "synchronous = NORMAL",
            Synchronous::Full => "synchronous = FULL",
        })?;
        self.pragma(&format!("wal_autocheckpoint = {AUTOCHECKPOINT}"))?;
        self.pragma(&format!("journal_size_limit = {WAL_LIMIT}"))?;
        self.pragma(&format!("cache_size = -{CACHE_KIB}"))?;
        if is_pending {
            self.migrate()?;
        }
        Ok(())
    }

    /// Inspects the file and refuses one that can't be taken over. Only in a transaction, which
    /// writes nothing.
    fn inspect(&mut self, options: &OpenOptions) -> Result<Found> {
        let mut found = migrate::inspect(self.db)?;
        if options.read_only {
            found.check_shape()?;
            return Ok(found);
        }
        if let Some(version) = found.later()? {
            return Err(Error::LaterRelease {
                location: self.location(),
                version,
            });
        }
        if self.db.is_read_only() {
            let why = self.file.as_ref().and_then(File::why_read_only);
            return Err(Error::ReadOnly {
                reason: why.unwrap_or(NO_PERMISSION).to_owned(),
                code: None,
            });
        }
        found.check_shape()?;
        // This comes before the first byte is written to a file that is yet to be migrated, and
        // reads the whole file. One that seems to have no table may be damaged, too.
        if found.is_pending()? {
            integrity::quick_check(self.db)?;
        }
        Ok(found)
    }

    /// Runs the pending migrations. Another process that does the same waits.
    fn migrate(&mut self) -> Result<()> {
        let migrated = self.write(|connection| {
            let db = connection.db;
            let run = migrate::run(&mut connection.metadata, db);
            run.map_err(|error| match error.downcast::<Error>() {
                Ok(error) => *error,
                Err(error) => db.error_of(&error.to_string()).into(),
            })
        });
        migrated.map_err(|error| self.located(error))
    }

    /// Switches the file to WAL. SQLite calls no busy handler for some of the locks that
    /// this needs, so if two processes open a new file, one must try again here. The limit
    /// includes the time that SQLite's own waiting has taken.
    fn use_wal(&mut self) -> Result<()> {
        let started = Instant::now();
        self.busy.begin();
        loop {
            let mut pragma = Statement::prepare(self.db, "PRAGMA journal_mode = WAL")?;
            match pragma.first(&[], |row| row.text(0)) {
                Ok(_) => return Ok(()),
                Err(error) if error.is_busy() => {
                    if !self.busy.wait(false) {
                        return Err(Error::Busy {
                            waited: started.elapsed(),
                            code: DatabaseCode::Number(error.code),
                        });
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn pragma(&mut self, pragma: &str) -> Result<()> {
        self.run(&format!("PRAGMA {pragma}"))
    }

    fn run(&mut self, sql: &str) -> Result<()> {
        Statement::prepare(self.db, sql)?.execute(&[])?;
        Ok(())
    }
}

/// Returns `true` if SQLite can't open a file to read because it can't make or write a file
/// beside it.
fn wants_to_write(error: &Error) -> bool {
    // Of a write that must be rolled back first, the error says all there is to say.
    error.database_code().is_some_and(|code| {
        code != ffi::SQLITE_READONLY_ROLLBACK
            && matches!(code & 0xff, ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN)
    })
}
