//! Reading a file without a lock, where SQLite can't make or read the files beside it that
//! it locks by. Nothing keeps others from writing the file meanwhile, so every call looks
//! before and after whether they did.

use std::time::Duration;

use libsqlite3_sys as ffi;

use super::file::File;
use super::held::{self, Identity};
use crate::model::database_code::DatabaseCode;
use crate::model::error::{Error, Result};
use crate::model::options::OpenOptions;

/// The code of [`changed`]. SQLite's own errors of this code become `Error::Busy`.
const CHANGED: DatabaseCode = DatabaseCode::Number(ffi::SQLITE_BUSY_SNAPSHOT);

/// The file as it was when a connection opened it to read without a lock.
pub(super) struct Unlocked {
    pub(super) options: OpenOptions,
    seen: Option<Seen>,
    /// `true` if the next change will show.
    is_at_rest: bool,
}

/// Which file it is, how long it is, and when it last changed.
#[derive(PartialEq, Eq)]
struct Seen {
    identity: Identity,
    length: u64,
    changed: Duration,
}

impl Unlocked {
    /// Notes how the file is, before it is opened.
    pub(super) fn note(file: &File, options: &OpenOptions) -> Result<Self> {
        let seen = look(file)?;
        Ok(Self {
            options: options.clone(),
            is_at_rest: seen
                .as_ref()
                .is_some_and(|seen| held::is_at_rest(seen.changed)),
            seen,
        })
    }

    /// Returns `true` if nobody has written the file since, and the next who does will be
    /// noticed.
    pub(super) fn is_current(&self, file: &File) -> bool {
        self.is_at_rest && self.check(file).is_ok()
    }

    /// Checks that nobody has begun to write the file since.
    ///
    /// # Errors
    /// One for which [`is_torn`] returns `true`; another `Database` if the system can't say.
    pub(super) fn check(&self, file: &File) -> Result<()> {
        match self.seen.is_some() && self.seen == look(file)? {
            true => Ok(()),
            false => Err(changed()),
        }
    }
}

/// Returns `true` if the error says that what was read before it may be of several states.
pub(super) fn is_torn(error: &Error) -> bool {
    matches!(error, Error::Database { code, .. } if *code == CHANGED)
}

/// Looks at the file; `None` if it is gone, or if a program that writes it may be there.
fn look(file: &File) -> Result<Option<Seen>> {
    if file.has_shm() || file.has_wal() || file.has_journal() {
        return Ok(None);
    }
    let Some(found) = held::metadata(&file.path)? else {
        return Ok(None);
    };
    Ok(held::changed(&found).map(|changed| Seen {
        identity: Identity::of(&found),
        length: found.len(),
        changed,
    }))
}

fn changed() -> Error {
    Error::Database {
        code: CHANGED,
        message: "another program wrote the file while it was read without a lock; read again"
            .to_owned(),
    }
}
