//! Deleting what a stream holds beyond what is to be kept.

use std::ffi::c_char;

use super::error::{Failure, satori_error};
use super::guard::Guard;
use super::output::{self, optional};
use super::status::satori_status;
use super::store::satori_store;
use super::stream;
use crate::Retain;

/// Deletes a stream's observations but for those from an instant on, or for the last ones; the
/// earliest go first.
///
/// It deletes a thousand rows in a transaction, so that others can write in between. If it
/// fails, or satori_interrupt ends it, what it has deleted by then stays deleted, and the next
/// call goes on from there; satori_count before and after says how much that is. The room in the
/// file is used for new rows; satori_compact makes the file smaller. Rows without a timestamp
/// that can be read stay. The first row that is left is foreign to satori_verify, as the row
/// that its hash follows from is gone.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param since        microseconds UTC: keeps the observations from then on; SATORI_NO_INSTANT
///                     to keep the last ones.
/// @param last         how many of the last ones to keep, with all of those that share the
///                     instant of the earliest; 0 if `since` is an instant.
/// @param dry_run      not 0: nothing is deleted; those that would be are counted. The store may
///                     be read-only.
/// @param deleted      receives how many there were; may be NULL.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM,
///         SATORI_UNREADABLE_ROW (a row can't be read: if it is one of those that would be
///         deleted, those before it are; satori_quarantine moves it out of the way; a dry run
///         counts it), SATORI_INVALID_ARGUMENT (both `since`
///         and `last` are given), or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_retain(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    since: i64,
    last: u64,
    dry_run: i32,
    deleted: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_retain", error, [optional(deleted, "deleted")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let keep = match (stream::instant(since), last) {
                (None, last) => Retain::Last(last),
                (Some(since), 0) => Retain::Since(since),
                (Some(_), _) => {
                    return Err(Failure::argument(
                        "since is an instant and last is not 0: only one of them can be meant",
                    ));
                }
            };
            let rows = match dry_run {
                0 => store.retain(uuid, keep)?,
                _ => store.retain_dry_run(uuid, keep)?,
            };
            output::write(deleted, rows);
            Ok(())
        })
    }
}
