//! The server's JSON.

use std::ffi::c_char;
use std::mem;

use super::error::{Failure, satori_error, satori_status};
use super::input::{Growable, check_optional, satori_text};
use super::insert::check_report;
use super::store::satori_store;
use super::string::satori_string;
use super::{guard, input, output, registry};
use crate::json::ingest::{IngestOptions, IngestReport};
use crate::model::error::Error;
use crate::model::uuid::StreamUuid;
use crate::store::Store;

/// How payloads are taken in. All 0, but for the size, is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_ingest_options {
    /// sizeof(satori_ingest_options); see "Structs that may grow".
    pub size: usize,
    /// Every payload belongs to this stream; data NULL: each names its own.
    /// Payloads of the old shape name none and need this.
    pub uuid: satori_text,
    /// Who delivers the rows; data NULL is "central".
    pub provider: satori_text,
    /// Not 0: all or nothing. One payload that can't be stored, or whose instant
    /// has another value, and none of the batch is.
    pub strict: i32,
    /// 0.
    pub reserved: i32,
}

// SAFETY: plain data, and NULL is a pointer.
unsafe impl Growable for satori_ingest_options {}

/// What came of ingesting a batch: each payload is counted exactly once. But of a
/// strict batch that is refused, those that would have been stored are counted in
/// `payloads` alone.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_ingest_report {
    /// sizeof(satori_ingest_report); see "Structs that may grow".
    pub size: usize,
    /// Payloads in the batch.
    pub payloads: u64,
    /// Observations stored.
    pub inserted: u64,
    /// Observations that were there with the same value.
    pub already_there: u64,
    /// Payloads that were `null`: the server had nothing new.
    pub nothing: u64,
    /// Observations whose instant has another value; the stored ones stay.
    pub conflicts: u64,
    /// Payloads that can't be stored.
    pub rejected: u64,
}

// SAFETY: plain data.
unsafe impl Growable for satori_ingest_report {}

impl satori_ingest_options {
    /// # Safety
    /// The texts are NULL or live through the call.
    unsafe fn to_options(self) -> Result<IngestOptions, Failure> {
        if self.reserved != 0 {
            return Err(Failure::argument("options.reserved is not 0"));
        }
        let mut options = IngestOptions::new().strict(self.strict != 0);
        // SAFETY: by the caller's word.
        unsafe {
            if let Some(uuid) = self.uuid.get("options.uuid")? {
                options = options.uuid(StreamUuid::new(uuid)?);
            }
            if let Some(provider) = self.provider.get("options.provider")? {
                options = options.provider(provider);
            }
        }
        Ok(options)
    }
}

/// Takes in the server's answers, metadata and observation together: one payload,
/// a JSON array of them, or one a line; `null` where the server had nothing new.
/// All that can be stored is stored in one transaction.
///
/// @param store    the store.
/// @param json     the JSON.
/// @param length   its length in bytes.
/// @param options  how; NULL for the defaults.
/// @param report   receives the counts, also where the status is SATORI_REFUSED;
///                 set its size first. May be NULL.
/// @param details  receives the whole report as JSON, likewise: `conflicts` and
///                 `rejected` with their index and line. May be NULL.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK (also where payloads were not taken: see the report),
///         SATORI_REFUSED (strict, and nothing was stored), SATORI_INVALID_JSON (an
///         array that is malformed or cut short), SATORI_INVALID_UUID (of the
///         options), or what any call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_ingest(
    store: *const satori_store,
    json: *const c_char,
    length: usize,
    options: *const satori_ingest_options,
    report: *mut satori_ingest_report,
    details: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let body = || {
        let opened: Store = registry::get(store.addr())?;
        check_optional(details, "details")?;
        // SAFETY: by the caller's word.
        let (json, options) = unsafe {
            check_report(report)?;
            let options = match input::growable(options, "options")? {
                Some(options) => options.to_options()?,
                None => IngestOptions::new(),
            };
            (input::bytes(json, length, "json")?, options)
        };
        let outcome = opened.ingest(json, &options);
        let answer: &IngestReport = match &outcome {
            Ok(answer) => answer,
            Err(Error::Refused(refused)) => refused,
            Err(_) => return outcome.map(drop).map_err(Failure::from),
        };
        // SAFETY: by the caller's word.
        unsafe {
            if !report.is_null() {
                let counts = satori_ingest_report {
                    size: mem::size_of::<satori_ingest_report>(),
                    payloads: answer.payloads as u64,
                    inserted: answer.inserted,
                    already_there: answer.already_there,
                    nothing: answer.nothing,
                    conflicts: answer.conflicts.len() as u64,
                    rejected: answer.rejected.len() as u64,
                };
                output::write_growable(report, &counts, "report")?;
            }
            output::write_string(details, || output::json(answer))?;
        }
        outcome.map(drop).map_err(Failure::from)
    };
    // SAFETY: by the caller's word.
    unsafe { guard::call("satori_ingest", store.addr(), error, body) }
}
