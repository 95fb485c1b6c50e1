//! One connection: how it is opened, its transactions, its errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use diesel::SqliteConnection;
use libsqlite3_sys as ffi;

use crate::error::{Error, Result};
use crate::migrate;
use crate::options::{OpenOptions, Synchronous};
use crate::sqlite::{self, BusyState, Handle, Hardening, SqliteError, Statement};
use crate::stream;
use crate::table::Tables;
use crate::uuid::StreamUuid;

/// A checkpoint comes after this many pages (40 MB): 1.4 to 1.8 times the rate
/// of durable inserts that the 100 pages give which engines set (measured).
const AUTOCHECKPOINT: u32 = 10_000;
/// The WAL is cut back to this many bytes after a checkpoint.
const WAL_LIMIT: u32 = 64 << 20;

/// A connection and what hangs on it. The fields are dropped in this order: all
/// raw statements before Diesel closes the connection, the busy state last.
pub(crate) struct Connection {
    tables: Tables,
    begin: Option<Statement>,
    commit: Option<Statement>,
    rollback: Option<Statement>,
    metadata: SqliteConnection,
    db: Handle,
    busy: Box<BusyState>,
    file: Option<File>,
    read_only: bool,
}

/// The file as it was when it was opened.
struct File {
    path: PathBuf,
    identity: Option<Identity>,
}

/// What tells one file from another at the same path: device and inode.
#[derive(PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    /// By `stat`, never by opening the file: closing it again would drop the
    /// POSIX locks that SQLite holds on it (<https://sqlite.org/howtocorrupt.html>).
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|_| Self(0, 0))
    }
}

impl Connection {
    /// Opens `path` in phases: the file, the connection's guards, a look at what
    /// it is, and only then anything that writes.
    pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let cannot_open = |reason: String| Error::CannotOpen {
            path: path.to_owned(),
            reason,
            sqlite_code: None,
        };
        let mut absolute = PathBuf::new();
        let uri = uri(path, options)?;
        let (metadata, db) = sqlite::establish::<Error>(&uri, || {
            let create = options.create && !options.read_only;
            match fs::metadata(path) {
                Ok(found) if !found.is_file() => {
                    return Err(cannot_open("it is not a file".to_owned()));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && create => {
                    create_private(path).map_err(|error| cannot_open(error.to_string()))?;
                }
                Err(error) => return Err(cannot_open(error.to_string())),
                Ok(_) => {}
            }
            absolute = fs::canonicalize(path).map_err(|error| cannot_open(error.to_string()))?;
            Ok(())
        })
        .map_err(|error| match error {
            Error::CannotOpen {
                reason,
                sqlite_code,
                ..
            } => Error::CannotOpen {
                path: path.to_owned(),
                reason,
                sqlite_code,
            },
            other => other,
        })?;
        let identity = Identity::of(&absolute);
        let file = File {
            path: absolute,
            identity,
        };
        let mut connection = Self::new(metadata, db, Some(file), options);
        connection.configure()?;
        connection
            .prepare_file(options)
            .map_err(|error| connection.located(error))?;
        Ok(connection)
    }

    /// Opens a database that lives in memory.
    pub(crate) fn open_in_memory(options: &OpenOptions) -> Result<Self> {
        let (metadata, db) = sqlite::establish::<Error>(":memory:", || Ok(()))?;
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
            tables: Tables::new(db),
            begin: None,
            commit: None,
            rollback: None,
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
        self.db.register_instant()?;
        self.pragma("mmap_size = 0")?;
        Ok(())
    }

    /// Looks at the file, refuses what can't be taken over, and takes it over.
    fn prepare_file(&mut self, options: &OpenOptions) -> Result<()> {
        let found = migrate::inspect(self.db)?;
        if options.read_only {
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
        if found.is_pending()? {
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

    /// Switches to WAL. SQLite asks no busy handler where it needs the file for
    /// itself for that, so two processes that open a new file must try again.
    fn use_wal(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut first = true;
        loop {
            let mut pragma = Statement::prepare(self.db, "PRAGMA journal_mode = WAL")?;
            match pragma.first(&[], |row| row.text(0)) {
                Ok(_) => return Ok(()),
                Err(error) if is_busy(&error) => {
                    if !self.busy.wait(first) {
                        return Err(Error::Busy {
                            waited: started.elapsed(),
                            sqlite_code: error.code,
                        });
                    }
                    first = false;
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
        self.run("BEGIN")?;
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
        if self.read_only {
            return Err(Error::ReadOnly {
                reason: "it was opened read-only".to_owned(),
                sqlite_code: None,
            });
        }
        Ok(())
    }

    /// Whether the path still leads to the file that was opened: a write that
    /// went to an unlinked file must not be acknowledged.
    fn check_file(&self) -> Result<()> {
        match &self.file {
            Some(file) if Identity::of(&file.path) != file.identity => Err(Error::FileReplaced {
                path: file.path.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Completes an error with what only the connection knows.
    pub(crate) fn located(&self, error: Error) -> Error {
        match error {
            Error::CannotOpen {
                reason,
                sqlite_code,
                ..
            } => Error::CannotOpen {
                path: self.path(),
                reason,
                sqlite_code,
            },
            Error::NotADatabase { .. } => Error::NotADatabase { path: self.path() },
            Error::Corrupt {
                detail,
                sqlite_code,
                ..
            } => Error::Corrupt {
                path: self.path(),
                detail,
                sqlite_code,
            },
            Error::Busy { sqlite_code, .. } => Error::Busy {
                waited: self.busy.waited(),
                sqlite_code,
            },
            other => other,
        }
    }
}

fn step(slot: &mut Option<Statement>, db: Handle, sql: &str) -> Result<()> {
    let statement = match slot {
        Some(statement) => statement,
        None => slot.insert(Statement::prepare(db, sql)?),
    };
    statement.execute(&[])?;
    Ok(())
}

/// The path as a URI, every byte but the plainest escaped, so that no path is
/// ever taken for a URI of the caller's (or for `:memory:`).
fn uri(path: &Path, options: &OpenOptions) -> Result<String> {
    let absolute = std::path::absolute(path).map_err(|error| Error::CannotOpen {
        path: path.to_owned(),
        reason: error.to_string(),
        sqlite_code: None,
    })?;
    let mut uri = String::from("file:");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str(if options.read_only {
        "?mode=ro"
    } else {
        "?mode=rw"
    });
    Ok(uri)
}

/// Creates an empty file that only its owner can read. SQLite gives the WAL
/// beside it the same permissions.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut create = fs::OpenOptions::new();
    create.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut create, 0o600);
    match create.open(path) {
        // Another process was faster.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

fn is_busy(error: &SqliteError) -> bool {
    matches!(error.primary(), ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED)
}

impl From<SqliteError> for Error {
    /// What the connection knows (the path, the time waited) is filled in by
    /// [`Connection::located`], on the way out.
    fn from(error: SqliteError) -> Self {
        let sqlite_code = error.code;
        let message = error.message;
        match error.code & 0xff {
            _ if error.no_room => Error::DiskFull { sqlite_code },
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Error::Busy {
                waited: std::time::Duration::ZERO,
                sqlite_code,
            },
            ffi::SQLITE_CORRUPT => Error::Corrupt {
                path: PathBuf::new(),
                detail: message,
                sqlite_code: Some(sqlite_code),
            },
            ffi::SQLITE_NOTADB => Error::NotADatabase {
                path: PathBuf::new(),
            },
            ffi::SQLITE_CANTOPEN => Error::CannotOpen {
                path: PathBuf::new(),
                reason: message,
                sqlite_code: Some(sqlite_code),
            },
            ffi::SQLITE_READONLY => Error::ReadOnly {
                reason: message,
                sqlite_code: Some(sqlite_code),
            },
            ffi::SQLITE_FULL => Error::DiskFull { sqlite_code },
            _ => Error::Sqlite {
                sqlite_code,
                message,
            },
        }
    }
}

impl From<diesel::ConnectionError> for Error {
    fn from(error: diesel::ConnectionError) -> Self {
        Error::CannotOpen {
            path: PathBuf::new(),
            reason: error.to_string(),
            sqlite_code: None,
        }
    }
}

/// For Diesel's transactions, whose own errors come as Diesel's.
impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Error::Sqlite {
            sqlite_code: ffi::SQLITE_ERROR,
            message: error.to_string(),
        }
    }
}
