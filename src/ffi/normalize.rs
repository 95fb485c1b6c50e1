//! Rewriting a stream's timestamps.

use std::ffi::c_char;

use super::error::satori_error;
use super::guard::Guard;
use super::output::{self, optional};
use super::status::satori_status;
use super::store::satori_store;
use super::string::{self, satori_string};

/// Rewrites a stream's timestamps into Unix seconds, in one transaction: text, and
/// numbers of milli-, micro- or nanoseconds. Values, hashes and providers stay; of two
/// rows with one instant both stay.
///
/// The report, if there was nothing to do. `kept` and `unreadable` hold timestamps as they
/// are stored:
///
///     {"rewritten":0,"kept":[],"unreadable":[]}
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param dry_run      not 0: it is done and taken back.
/// @param rewritten    receives how many rows were rewritten; may be NULL.
/// @param report       receives the report as JSON. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations, or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_normalize(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    dry_run: i32,
    rewritten: *mut u64,
    report: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_normalize",
        error,
        [optional(rewritten, "rewritten"), optional(report, "report")],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let done = match dry_run {
                0 => store.normalize(uuid)?,
                _ => store.normalize_dry_run(uuid)?,
            };
            output::write(rewritten, done.rewritten);
            string::write_json(report, &done)
        })
    }
}
