//! Opening and closing.

use std::ffi::c_char;
use std::mem;
use std::time::Duration;

use super::error::{Failure, satori_error};
use super::growable::{self, Growable};
use super::guard::{self, Guard};
use super::output::required;
use super::registry::Handle;
use super::status::satori_status;
use super::{input, output};
use crate::{OpenOptions, Store, Synchronous};

/// A store: one engine.db, open. Any number of threads may use it at once; their
/// calls take turns. Close it with `satori_store_close`.
pub struct satori_store {
    _opaque: [u8; 0],
}

impl Handle for satori_store {
    type Object = Store;
    const NAME: &'static str = "satori_store";

    fn freed(store: &Store) {
        store.end_waits();
    }
}

/// What a power cut may take.
#[repr(i32)]
#[allow(dead_code, reason = "C reads both")]
pub enum satori_synchronous {
    /// A crash of the process takes nothing; a power cut may take the writes
    /// since the last checkpoint, the newest first. What the engine uses.
    SATORI_SYNCHRONOUS_NORMAL = 0,
    /// Neither takes a write that was acknowledged: each waits for the disk.
    SATORI_SYNCHRONOUS_FULL = 1,
}

/// How a store is opened. All 0, except for the size, is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_open_options {
    /// sizeof(satori_open_options); see "Structs that may grow".
    pub size: usize,
    /// Not 0: open without writing one byte, whatever the file is; every write is
    /// SATORI_READ_ONLY. A closed store is read even where its folder can't be written,
    /// without a lock. Every call looks before and after whether another program writes the
    /// file, and opens it anew if so; a call during which that happens returns
    /// SATORI_DATABASE, and can be repeated. Opening, and after it any call, is
    /// SATORI_CANNOT_OPEN if the -wal holds commits and the folder can't be written, or if a
    /// program has the file open and this user may not read its -wal and -shm.
    pub read_only: i32,
    /// Not 0: a missing file is an error instead of a new store.
    pub must_exist: i32,
    /// A `satori_synchronous`.
    pub synchronous: i32,
    /// Not 0: `path` is ignored, the store lives in memory and is gone when it
    /// is closed.
    pub in_memory: i32,
    /// How long a write waits for another writer, in microseconds; 0 is the
    /// default of 5 seconds, a negative number is no wait.
    pub busy_timeout: i64,
    /// Not 0: if a stream's timestamps are stored as text, its new rows are stored as
    /// text spelled like the last of them, instead of as Unix seconds. SQLite sorts
    /// numbers before all text: a program that orders such a table by plain SQL would
    /// never take a number for the last. On a server the latest row says how new ones are
    /// spelled.
    pub keep_spelling: i32,
    /// Not 0: reads leave out rows that can't be read, instead of ending at the first with
    /// SATORI_UNREADABLE_ROW. satori_count and satori_get_statistics still count them,
    /// and satori_unreadable lists them.
    pub skip_unreadable: i32,
    /// Not 0: a digest of each stream is kept, which satori_verify compares with the rows: a
    /// sum over all four columns, in the table `__satori_digest` of the file, that every
    /// write through this library updates from then on, whoever has opened the file. Inserts
    /// take longer with it. The first opening that asks reads every stream. A program that
    /// writes rows by plain SQL leaves it as it was: see satori_restate_digest.
    pub digest: i32,
    /// 0.
    pub reserved: i32,
}

// SAFETY: plain data.
unsafe impl Growable for satori_open_options {}

impl satori_open_options {
    fn to_options(self) -> Result<OpenOptions, Failure> {
        let synchronous = match self.synchronous {
            0 => Synchronous::Normal,
            1 => Synchronous::Full,
            other => {
                return Err(Failure::argument(format!(
                    "synchronous is {other}: no such level"
                )));
            }
        };
        let options = OpenOptions::new()
            .read_only(self.read_only != 0)
            .create(self.must_exist == 0)
            .synchronous(synchronous)
            .keep_spelling(self.keep_spelling != 0)
            .skip_unreadable(self.skip_unreadable != 0)
            .digest(self.digest != 0);
        Ok(match self.busy_timeout {
            0 => options,
            micros => {
                options.busy_timeout(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
            }
        })
    }
}

/// Opens the store at `path`: a missing or empty file becomes a new one, an
/// installed engine's file is taken over without changing one observation, and a
/// file that is damaged, of a later release or of another shape is refused and
/// not changed.
///
/// In a library that was built with the feature `postgres`, a path that is a URL,
/// postgres://user@host/database, opens the store in that database, and makes its tables if
/// there are none. The password may be in the URL, in PGPASSWORD or in ~/.pgpass; no message
/// shows it. What this header says of the file is true of the database; satori_backup,
/// satori_compact and digests are SATORI_UNSUPPORTED there, and any call may return
/// SATORI_CONNECTION_LOST, one that writes also SATORI_UNKNOWN_OUTCOME.
///
/// @param path         the file; bytes as the system takes them, no NUL needed. Or a URL.
/// @param path_length  its length in bytes.
/// @param options      how; NULL for the defaults.
/// @param store        receives the handle; close it with satori_store_close.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_CANNOT_OPEN (also if the path looks like another URL,
///         scheme://...), SATORI_NOT_A_STORE, SATORI_CORRUPT, SATORI_LATER_RELEASE,
///         SATORI_SCHEMA_MISMATCH, SATORI_BUSY, SATORI_READ_ONLY, SATORI_DISK_FULL,
///         SATORI_DATABASE, SATORI_NULL_POINTER, SATORI_INVALID_ARGUMENT.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_store_open(
    path: *const c_char,
    path_length: usize,
    options: *const satori_open_options,
    store: *mut *mut satori_store,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_store_open", error, [required(store, "store")]);
    let body = || {
        // SAFETY: by the caller's word.
        let options = unsafe { growable::read(options, "options") }?;
        let in_memory = options.is_some_and(|options| options.in_memory != 0);
        let options = match options {
            Some(options) => options.to_options()?,
            None => OpenOptions::new(),
        };
        let opened = if in_memory {
            options.open_in_memory()?
        } else {
            // SAFETY: by the caller's word.
            let path = unsafe { input::path(path, path_length) }?;
            options.open(path)?
        };
        // SAFETY: by the caller's word.
        unsafe { output::write_handle(store, opened) }
    };
    // SAFETY: by the caller's word.
    unsafe { guard.run(body) }
}

/// Closes a store. The handle is invalid from then on. Calls that other threads
/// have under way end as they would have, and the last of them closes the file;
/// a satori_wait ends with SATORI_INTERRUPTED.
/// Cursors of the store live on until they are freed, and keep the file open.
///
/// @param store  the store; NULL is fine.
/// @param error  see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_HANDLE, SATORI_FORKED (nothing is freed; see
///         "Processes").
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_store_close(
    store: *mut satori_store,
    error: *mut satori_error,
) -> satori_status {
    // SAFETY: by the caller's word.
    unsafe { guard::free("satori_store_close", store, error) }
}

const _: () = assert!(mem::size_of::<satori_open_options>() == mem::size_of::<usize>() + 40);
