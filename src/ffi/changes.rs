//! Waiting for what others commit, following streams, and ending calls that are under way.

use super::cursor::{OpenCursor, Source, satori_cursor};
use super::error::satori_error;
use super::guard::Guard;
use super::input::{self, satori_text};
use super::output::{self, required};
use super::status::satori_status;
use super::store::satori_store;
use crate::Timestamp;
use std::time::Duration;

/// Returns a number that is another once anybody has committed to the store: this handle,
/// another one, another process. It means nothing else, and nothing on another handle.
///
/// @param store    the store.
/// @param version  receives the number.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_FILE_REPLACED, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_data_version(
    store: *const satori_store,
    version: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_data_version", error, [required(version, "version")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            output::write(version, store.data_version()?);
            Ok(())
        })
    }
}

/// Waits until somebody has committed since satori_data_version was `seen`. Take the number
/// before you read: what is committed while you read then ends the next wait at once. The
/// commit may be of any stream, or of the metadata, and may have changed nothing. It is noticed
/// within 50 ms; while it waits, the call looks every 20 ms, and holds no lock.
///
/// @param store    the store. Other threads may use it meanwhile.
/// @param seen     the number.
/// @param timeout  how long to wait at most, in microseconds; less than 0 without an end.
/// @param version  receives the number as it is then: `seen` after the timeout.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INTERRUPTED, SATORI_FILE_REPLACED, or what any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_wait(
    store: *const satori_store,
    seen: u64,
    timeout: i64,
    version: *mut u64,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_wait", error, [required(version, "version")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let timeout = u64::try_from(timeout).map_or(Duration::MAX, Duration::from_micros);
            output::write(version, store.wait(seen, timeout)?);
            Ok(())
        })
    }
}

/// Opens a cursor over the rows of each stream that lie after an instant: stream by stream in
/// the order of `uuids`, and each in order of time, all of one state of the store.
/// satori_cursor_streams says of which stream each row is. A stream that is not in the store has
/// none.
///
/// To follow streams, take satori_data_version, read with this function, note the last instant
/// of each stream, and satori_wait. A row that arrives late, so that its instant lies before the
/// last one noted, is not seen that way; satori_observations has it.
///
/// @param store   the store.
/// @param count   how many streams.
/// @param uuids   their uuids.
/// @param after   the instant of each, in microseconds UTC; it is excluded.
/// @param limit   how many rows there are at most; they are held in memory. There may be a few
///                more, as it never stops between two rows of one instant. If there are as many,
///                call it again with the last instants.
/// @param cursor  receives the handle.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_NOT_A_STREAM, SATORI_UNREADABLE_ROW, or what
///         any call returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_newer(
    store: *const satori_store,
    count: usize,
    uuids: *const satori_text,
    after: *const i64,
    limit: usize,
    cursor: *mut *mut satori_cursor,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_newer", error, [required(cursor, "cursor")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let uuids = input::uuids(uuids, count)?;
            let after = input::array(after, count, "after")?;
            let after = after.iter().map(|ts| Timestamp::from_micros(*ts));
            let rows = store.newer(&uuids.iter().zip(after).collect::<Vec<_>>(), limit)?;
            output::write_handle(cursor, OpenCursor::new(store, Source::Streams(rows)))
        })
    }
}

/// Ends the calls that are under way on a store in other threads, whether they wait for a lock,
/// for their turn or for a change, or read, verify, insert, back up or compact: each returns
/// SATORI_INTERRUPTED within a few milliseconds, with nothing stored (satori_retain keeps what
/// it has deleted by then). One that has begun to commit is completed. Calls that begin later are not affected, nor are other handles.
///
/// @param store  the store.
/// @param error  see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_NULL_POINTER, SATORI_INVALID_HANDLE, SATORI_FORKED,
///         SATORI_POISONED.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_interrupt(
    store: *const satori_store,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_interrupt", error, []);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            store.interrupt();
            Ok(())
        })
    }
}
