//! The whole file: backing it up, and compacting it.

use std::ffi::c_char;

use super::error::satori_error;
use super::guard::Guard;
use super::input;
use super::output::{self, optional};
use super::status::satori_status;
use super::store::satori_store;

/// Copies the store, as it is at one moment, into a new file: the way to copy a store.
/// engine.db by itself lacks what is still in the -wal beside it, which may be whole streams.
///
/// Others may read and write meanwhile, other threads on this handle among them, unless the
/// store is in memory; where a file system has no WAL, writers wait. The copy is made beside
/// `path` as the hidden file .satori-backup.partial- and numbers, checked for damage and
/// synced to the disk before it gets its name, so a file of that name is whole. It can be read
/// by its owner only (mode 0600). To restore a backup, open it read-only and back it up to the
/// place where the store was.
///
/// @param store        the store.
/// @param path         the new file; bytes as the system takes them, no NUL needed.
/// @param path_length  its length in bytes.
/// @param size         receives the file's size in bytes; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_CANNOT_OPEN (the file, or a -wal, -shm or -journal beside it,
///         already exists, and is left as it is; its name ends in one of these; or it can't
///         be made), SATORI_DISK_FULL, SATORI_CORRUPT (the store is damaged),
///         SATORI_FILE_REPLACED, SATORI_INVALID_ARGUMENT, what satori_store_open returns
///         (the store is opened once more to be read), or what any call returns. If it is
///         not SATORI_OK, the call made no file of that name.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_backup(
    store: *const satori_store,
    path: *const c_char,
    path_length: usize,
    size: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_backup", error, [optional(size, "size")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            output::write(size, store.backup(input::path(path, path_length)?)?);
            Ok(())
        })
    }
}

/// Rebuilds the file without the room that deleted rows and removed streams have left in it.
/// What the store holds stays as it is. Without it that room is used for new rows, and the
/// file doesn't shrink. It takes the write lock, and as much room on the disk once more, while
/// it runs; others may read meanwhile.
///
/// @param store   the store.
/// @param before  receives the size of the database in bytes, as it was; may be NULL.
/// @param after   receives its size as it is; may be NULL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_DISK_FULL (the file is as it was), or what any call that writes
///         returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_compact(
    store: *const satori_store,
    before: *mut u64,
    after: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_compact",
        error,
        [optional(before, "before"), optional(after, "after")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let compacted = store.compact()?;
            output::write(before, compacted.before);
            output::write(after, compacted.after);
            Ok(())
        })
    }
}
