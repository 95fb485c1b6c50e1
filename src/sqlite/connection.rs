//! One connection: how it is opened, its transactions, its errors.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::SqliteConnection;
use libsqlite3_sys as ffi;

use crate::model::error::{Error, Result};
use crate::model::options::{OpenOptions, Synchronous};
use crate::model::stream::{self, StreamPatch, StreamRef};
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;
use crate::sqlite::file::{self, File};
use crate::sqlite::migrate;
use crate::sqlite::raw::{self, BusyState, Handle, Hardening, Param, Statement};
use crate::sqlite::table::{Tables, prepared};

/// A checkpoint comes after this many pages (40 MB): 1.4 to 1.8 times the rate
/// of durable inserts that the 100 pages give which engines set (measured).
const AUTOCHECKPOINT: u32 = 10_000;
/// The WAL is cut back to this many bytes after a checkpoint.
const WAL_LIMIT: u32 = 64 << 20;

/// Pages are kept in memory up to this many KiB: a table of some 300,000 rows, which
/// engines read whole time and again. A tenth of the time of such a read (measured).
const CACHE_KIB: u32 = 16 << 10;

/// A connection and what hangs on it. The fields are dropped in this order: all
/// raw statements before Diesel closes the connection, the busy state last.
pub(crate) struct Connection {
    tables: Tables,
    begin: Option<Statement>,
    begin_read: Option<Statement>,
    commit: Option<Statement>,
    rollback: Option<Statement>,
    stream: Option<Statement>,
    upsert: Option<Statement>,
    metadata: SqliteConnection,
    db: Handle,
    busy: Box<BusyState>,
    file: Option<File>,
    read_only: bool,
}

impl Connection {
    /// Opens `path` in phases: the file, the connection's guards, a look at what
    /// it is, and only then anything that writes.
    pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let mut absolute = PathBuf::new();
        let uri = file::uri(path, options.read_only)?;
        let opened = raw::establish(&uri, || {
            absolute = file::prepare(path, options.read_only, options.create)?;
            Ok(())
        });
        let (metadata, db) = opened.map_err(|error| error.located(path, Duration::ZERO))?;
        let mut connection = Self::new(metadata, db, Some(File::of(absolute)), options);
        let prepared = connection
            .configure()
            .and_then(|()| connection.prepare_file(options));
        prepared.map_err(|error| {
            if connection.file.as_ref().is_some_and(File::has_wal) {
                // What a crash has left there stays there.
                connection.db.harden(Hardening::NoCheckpoint);
            }
            connection.located(error)
        })?;
        if let Some(file) = &mut connection.file {
            file.note_wal();
        }
        Ok(connection)
    }

    /// Opens a database that lives in memory.
    pub(crate) fn open_in_memory(options: &OpenOptions) -> Result<Self> {
        let (metadata, db) = raw::establish(":memory:", || Ok(()))?;
        let mut connection = Self::new(metadata, db, None, options);
        connection.configure()?;
        connection.migrate()?;
        Ok(connection)
    }

    fn new(
        metadata: SqliteConnection,
        db: Handle,
        file: Option<File>,
        options: &OpenOptions,
    ) -> Self {
        let busy = Box::new(BusyState::new(options.busy_timeout));
        db.on_busy(&busy);
        Self {
            tables: Tables::new(db, options.keep_spelling),
            begin: None,
            begin_read: None,
            commit: None,
            rollback: None,
            stream: None,
            upsert: None,
            metadata,
            db,
            busy,
            file,
            read_only: options.read_only,
        }
    }

    /// The guards, none of which reads the file.
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

    /// Looks at the file, refuses what can't be taken over, and takes it over.
    fn prepare_file(&mut self, options: &OpenOptions) -> Result<()> {
        let mut found = migrate::inspect(self.db)?;
        if options.read_only {
            found.check_shape()?;
            if let Some(stand_in) = found.stand_in() {
                self.run(&stand_in)?;
            }
            self.pragma("query_only = 1")?;
            return Ok(());
        }
        if let Some(version) = found.later()? {
            return Err(Error::LaterRelease {
                path: self.path(),
                version,
            });
        }
        if self.db.is_read_only() {
            return Err(Error::ReadOnly {
                reason: "no permission to write the file; open it read-only".to_owned(),
                sqlite_code: None,
            });
        }
        found.check_shape()?;
        let is_pending = found.is_pending()?;
        // Before the first byte is written to a file that we did not make.
        if found.is_foreign() && !found.is_empty {
            self.check_integrity()?;
        }
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

    /// Migrates; the busy handler settles who does it first.
    fn migrate(&mut self) -> Result<()> {
        let db = self.db;
        migrate::run(&mut self.metadata, db).map_err(|error| match error.downcast::<Error>() {
            Ok(error) => self.located(*error),
            Err(error) => {
                let mut last = db.last_error();
                if last.code == ffi::SQLITE_OK {
                    last.message = error.to_string();
                }
                self.located(last.into())
            }
        })
    }

    /// Refuses a damaged file. Reads all of it, which is why it is done once:
    /// when a file is taken over.
    fn check_integrity(&mut self) -> Result<()> {
        let mut check = Statement::prepare(self.db, "PRAGMA quick_check(1)")?;
        let answer = check.first(&[], |row| row.text(0))?.unwrap_or_default();
        if answer == "ok" {
            return Ok(());
        }
        Err(Error::Corrupt {
            path: self.path(),
            detail: answer.replace('\n', ", "),
            sqlite_code: None,
        })
    }

    /// Switches to WAL. SQLite asks no busy handler for some of the locks that it
    /// needs for that, so two processes that open a new file must try again; what
    /// it has waited for the others counts.
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
                            sqlite_code: error.code,
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

    fn path(&self) -> PathBuf {
        self.file
            .as_ref()
            .map_or_else(|| ":memory:".into(), |file| file.path.clone())
    }

    /// The observation tables.
    pub(crate) fn tables(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// The metadata of the stream of this uuid.
    pub(crate) fn stream<T>(&mut self, uuid: &StreamUuid) -> Result<Option<T>>
    where
        T: for<'a> From<StreamRef<'a>>,
    {
        let statement = prepared(&mut self.stream, self.db, stream::BY_UUID)?;
        let params = [Param::Text(uuid.as_str())];
        Ok(statement.first(&params, |row| StreamRef::new(row).into())?)
    }

    /// Writes the patch and `last_synced`, making the row where there is none. Only
    /// in a transaction.
    pub(crate) fn upsert(
        &mut self,
        uuid: &StreamUuid,
        patch: &StreamPatch,
        now: Timestamp,
    ) -> Result<()> {
        let last_synced = now.iso_text('T', 6).unwrap_or_else(|| now.to_string());
        let statement = prepared(&mut self.upsert, self.db, stream::UPSERT)?;
        statement.execute(&stream::upsert_params(uuid, patch, &last_synced))?;
        Ok(())
    }

    /// Runs Diesel queries on table `streams`.
    pub(crate) fn metadata<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        work(&mut self.metadata).map_err(|error| {
            let last = self.db.last_error();
            match last.code {
                // Diesel objected, not SQLite.
                ffi::SQLITE_OK | ffi::SQLITE_ROW | ffi::SQLITE_DONE => Error::Sqlite {
                    sqlite_code: ffi::SQLITE_ERROR,
                    message: error.to_string(),
                },
                _ => last.into(),
            }
        })
    }

    /// Refuses a name that a table or view of another shape has, or that
    /// another stream has in other upper and lower case.
    pub(crate) fn check_name(&mut self, stream: &StreamUuid) -> Result<()> {
        if self.tables.with(stream, |_| Ok(()))?.is_some() {
            return Ok(());
        }
        match self.metadata(|metadata| stream::other_case(metadata, stream))? {
            None => Ok(()),
            Some(other) => Err(Error::NotObservationTable {
                name: stream.to_string(),
                reason: format!(
                    "SQLite takes it for the stream {other:?}, which is spelled in another case"
                ),
            }),
        }
    }

    /// Runs `work` in an immediate transaction: all of it is stored, or nothing.
    pub(crate) fn write<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.check_writable()?;
        step(&mut self.begin, self.db, "BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|value| {
            step(&mut self.commit, self.db, "COMMIT")?;
            Ok(value)
        });
        if done.is_err() {
            self.roll_back();
        }
        let value = done?;
        self.check_file()?;
        Ok(value)
    }

    /// Runs `work` in an immediate transaction and takes it back.
    pub(crate) fn try_out<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.check_writable()?;
        step(&mut self.begin, self.db, "BEGIN IMMEDIATE")?;
        let done = work(self);
        self.roll_back();
        done
    }

    /// Runs `work`, several reads, on one state of the file.
    pub(crate) fn read<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        step(&mut self.begin_read, self.db, "BEGIN")?;
        let done = work(self);
        self.roll_back();
        done
    }

    /// Runs `work`, a single statement that is its own transaction.
    pub(crate) fn write_one<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.check_writable()?;
        let value = work(self)?;
        self.check_file()?;
        Ok(value)
    }

    fn roll_back(&mut self) {
        // SQLite has rolled back by itself after some errors (a full disk).
        if !self.db.is_autocommit() {
            // Nothing better can be done where even this fails: the transaction
            // is not committed, and the next BEGIN says what is wrong.
            let _ = step(&mut self.rollback, self.db, "ROLLBACK");
        }
    }

    fn check_writable(&self) -> Result<()> {
        self.busy.begin();
        if self.read_only {
            return Err(Error::ReadOnly {
                reason: "it was opened read-only".to_owned(),
                sqlite_code: None,
            });
        }
        Ok(())
    }

    fn check_file(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), File::check)
    }

    /// Closes, in a forked child, what the child has inherited, without a touch
    /// on the file: the parent uses it still. SQLite in the child would believe
    /// otherwise that it holds the locks which are the parent's.
    pub(crate) fn let_go(self) {
        if self.db.is_autocommit() {
            self.db.harden(Hardening::NoCheckpoint);
            drop(self);
        } else {
            // Forked in the middle of a write: taking that back would change the
            // memory that all processes share.
            std::mem::forget(self);
        }
    }

    /// Completes an error with what only the connection knows.
    pub(crate) fn located(&self, error: Error) -> Error {
        error.located(&self.path(), self.busy.waited())
    }
}

fn step(slot: &mut Option<Statement>, db: Handle, sql: &str) -> Result<()> {
    prepared(slot, db, sql)?.execute(&[])?;
    Ok(())
}
