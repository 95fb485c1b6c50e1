//! Walking a stream's hash chain.

use std::ffi::c_char;
use std::mem;

use super::error::satori_error;
use super::growable::{self, Growable};
use super::guard::Guard;
use super::output::{optional, required_struct};
use super::status::satori_status;
use super::store::satori_store;
use super::string::{self, satori_string};
use crate::Digest;

/// What a stream's digest says about its rows.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_digest {
    /// The stream has none.
    SATORI_DIGEST_NOT_KEPT = 0,
    /// The rows are those that were written through this library, in all four columns.
    SATORI_DIGEST_MATCHES = 1,
    /// Rows were changed, added or removed by something else: another program by plain
    /// SQL, or a fault of the disk or the memory.
    SATORI_DIGEST_DIFFERS = 2,
}

/// What a walk along a hash chain found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_verification {
    /// sizeof(satori_verification); see "Structs that may grow".
    pub size: usize,
    /// Rows walked.
    pub rows: u64,
    /// Rows whose hash is made by the rule.
    pub verified: u64,
    /// Rows whose hash is not made by the rule, as a server may send, or that
    /// arrived late.
    pub foreign: u64,
    /// Rows that fail although their neighbours hold: changed since.
    pub suspect: u64,
    /// How many of the foreign rows have verified rows both before and after them:
    /// their hash was changed, or they arrived late, or the hashes of the stream come
    /// from several places.
    pub foreign_between: u64,
    /// A satori_digest.
    pub digest: i32,
    /// 0.
    pub reserved: i32,
}

// SAFETY: plain data.
unsafe impl Growable for satori_verification {}

/// Walks a stream's hash chain in order of time. Before that the database checks its own
/// structures.
///
/// It can't see a changed provider, which is not part of the hash, nor that the last rows
/// were removed. A changed hash makes its row and the row after it foreign: see
/// `foreign_between`. At the ends a change is foreign too, and can't be told from rows of
/// another origin: that of ts, value or hash of the first or the last row, that of the hash
/// of the last but one, and the first row that is left where the first were removed. Any
/// other change of ts or value is suspect. The stream's digest covers all of these, if one is
/// kept: see `digest` of satori_open_options.
///
/// The report of a stream of one row, whose hash the server has given:
///
///     {"rows":1,"verified":0,"foreign":["2024-01-03T13:00:00Z"],"suspect":[],"foreign_between":0,"digest":"not_kept"}
///
/// @param store         the store.
/// @param uuid          the stream's uuid.
/// @param uuid_length   its length in bytes.
/// @param verification  receives the counts; set its size first.
/// @param report        receives the report as JSON, with the instants of the rows that
///                      are foreign or suspect. May be NULL.
/// @param error         see satori_error; may be NULL.
/// @return as satori_observations, or SATORI_UNREADABLE_ROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_verify(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    verification: *mut satori_verification,
    report: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new(
        "satori_verify",
        error,
        [
            required_struct(verification, "verification"),
            optional(report, "report"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let found = store.verify(uuid)?;
            let answer = satori_verification {
                size: mem::size_of::<satori_verification>(),
                rows: found.rows,
                verified: found.verified,
                foreign: found.foreign.len() as u64,
                suspect: found.suspect.len() as u64,
                foreign_between: found.foreign_between,
                digest: found.digest as i32,
                reserved: 0,
            };
            growable::write(verification, &answer, "verification")?;
            string::write_json(report, &found)
        })
    }
}

/// Makes the stream's digest that of its rows as they are, whatever has written them: after
/// another program has changed the stream by plain SQL, which leaves the digest as it was.
/// If the store keeps no digests yet, it does from now on, of this stream and of new ones.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param error        see satori_error; may be NULL.
/// @return SATORI_OK, SATORI_INVALID_UUID, SATORI_STREAM_NOT_FOUND, SATORI_NOT_A_STREAM,
///         or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_restate_digest(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_restate_digest", error, []);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            Ok(store.restate_digest(uuid)?)
        })
    }
}

// The numbers of the store's own answers are those of the same name.
const _: () = assert!(
    Digest::NotKept as i32 == satori_digest::SATORI_DIGEST_NOT_KEPT as i32
        && Digest::Matches as i32 == satori_digest::SATORI_DIGEST_MATCHES as i32
        && Digest::Differs as i32 == satori_digest::SATORI_DIGEST_DIFFERS as i32
);
