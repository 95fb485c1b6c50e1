//! Backing a store up: a copy of what it holds at one moment, in a new file.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use libsqlite3_sys::SQLITE_IOERR;

use super::connection::Connection;
use super::file::{self, Mode};
use super::integrity;
use super::raw::{self, Alone, SqliteError, Statement};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::location::Location;

/// How the names of the files end that SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The system's number for a device that fails, where it has one.
#[cfg(unix)]
const EIO: i32 = libc::EIO;
#[cfg(not(unix))]
const EIO: i32 = -1;

/// Copies the database to a new file at `to`, as the present transaction sees it, and returns
/// the size of the file in bytes.
///
/// The copy is made under another name beside it, checked, and synced, before it gets its own
/// name; so whatever has that name is whole. `to` is never overwritten.
pub(super) fn back_up(connection: &Connection, to: &Path) -> Result<u64> {
    let location = Location::new(to);
    let failed = |error| system_error(&location, &error);
    let not_copied = |error| copy_error(&location, error);
    let to = std::path::absolute(to).map_err(failed)?;
    check_is_new(&to)?;
    let copy = Partial::make(&to).map_err(failed)?;

    let target = Alone::open(&file::uri(&copy.0, Mode::Write)?).map_err(not_copied)?;
    // Nobody reads the file before it has its name, and by then it is synced.
    for pragma in ["PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF"] {
        let set = Statement::prepare(target.handle(), pragma);
        set.and_then(|mut set| set.execute(&[]))
            .map_err(not_copied)?;
    }
    let interrupts = &connection.busy.interrupts;
    let copied = target.copy_from(connection.db, || !interrupts.is_pending());
    copied.map_err(not_copied)?;
    drop(target);

    // What is wrong with the copy is wrong with the store, unless it was read without a lock
    // while somebody wrote.
    let written = Alone::open(&file::uri(&copy.0, Mode::Immutable)?).map_err(not_copied)?;
    written.handle().on_interrupt(interrupts);
    let sound = integrity::quick_check(written.handle());
    drop(written);
    let size = copy.sync().map_err(failed)?;
    connection.check_unchanged()?;
    sound?;
    copy.publish(&to).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(&to),
        _ => system_error(&location, &error),
    })?;
    Ok(size)
}

/// Refuses the name of a file that exists, or of one whose WAL or journal lies there: SQLite
/// would take it for the new file's. And the name of a WAL or journal, for which SQLite would
/// take the backup.
fn check_is_new(to: &Path) -> Result<()> {
    let name = to.as_os_str().as_encoded_bytes();
    if let Some(suffix) = BESIDE.iter().find(|end| name.ends_with(end.as_bytes())) {
        return Err(Error::CannotOpen {
            location: Location::new(to),
            reason: format!("SQLite takes a file whose name ends in {suffix} for part of another"),
            code: None,
        });
    }
    for suffix in BESIDE.iter().chain(&[""]) {
        let path = file::beside(to, suffix);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(exists(&path));
        }
    }
    Ok(())
}

/// Returns the error for a file that is in the way of the new one.
fn exists(path: &Path) -> Error {
    Error::CannotOpen {
        location: Location::new(path),
        reason: "it already exists, and would be overwritten; name another file, or move it away"
            .to_owned(),
        code: None,
    }
}

/// Returns the error for a copy that could not be written or read.
fn copy_error(location: &Location, error: SqliteError) -> Error {
    let message = format!("{} while {location} was written", error.message);
    match Error::from(error) {
        // No write of the store's is at stake.
        Error::Database { code, .. } => Error::Database { code, message },
        error => error.located(location, Duration::ZERO),
    }
}

/// Returns the error for what the system refuses.
fn system_error(location: &Location, error: &io::Error) -> Error {
    if raw::failed::is_no_room(error) {
        return raw::no_room();
    }
    if error.raw_os_error() == Some(EIO) {
        return Error::Database {
            code: DatabaseCode::Number(SQLITE_IOERR),
            message: format!("disk I/O error: {error} while {location} was written"),
        };
    }
    Error::CannotOpen {
        location: location.clone(),
        reason: error.to_string(),
        code: None,
    }
}

/// A file that is being made. Dropping it removes it.
struct Partial(PathBuf);

impl Partial {
    /// Makes an empty file beside `to` that only its owner can read.
    fn make(to: &Path) -> io::Result<Self> {
        let mut number = 0;
        loop {
            // Without the file's own name, which may be as long as a name can be.
            let name = format!(".satori-backup.partial-{}-{number}", process::id());
            let path = to.with_file_name(name);
            match raw::create_new_private(&path) {
                // Another thread's, or what was left by a process of this number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                made => return made.map(|()| Self(path)),
            }
        }
    }

    /// Writes the file to the disk; returns its size in bytes.
    fn sync(&self) -> io::Result<u64> {
        let file = fs::OpenOptions::new().write(true).open(&self.0)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }

    /// Gives the file its name, unless another has it by now.
    fn publish(self, to: &Path) -> io::Result<()> {
        match fs::hard_link(&self.0, to) {
            // Some file systems have no links. Renaming replaces a file that has just got
            // the name.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                if fs::symlink_metadata(to).is_ok() {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                fs::rename(&self.0, to)?;
            }
            linked => linked?,
        }
        drop(self);
        // So that a power cut doesn't take the name. A folder that can't be read, and one on a
        // file system without such a sync, is passed over, as SQLite does.
        #[cfg(unix)]
        if let Some(folder) = to.parent()
            && let Ok(folder) = fs::File::open(folder)
            && let Err(error) = folder.sync_all()
            && error.raw_os_error() == Some(EIO)
        {
            let _ = fs::remove_file(to);
            return Err(error);
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
