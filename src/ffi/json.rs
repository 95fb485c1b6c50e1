//! The server's JSON: payloads, and the stream objects of a sync.

use std::ffi::c_char;
use std::mem;

use super::convert;
use super::error::{Failure, satori_error};
use super::growable::{self, Growable};
use super::guard::Guard;
use super::input;
use super::input::satori_text;
use super::output::{optional, optional_struct};
use super::status::satori_status;
use super::store::satori_store;
use super::string::{self, satori_string};
use crate::{Error, Format, IngestOptions, IngestReport, StreamUuid};

/// How an input falls into payloads.
#[repr(i32)]
#[allow(dead_code, reason = "C reads all of them")]
pub enum satori_format {
    /// Payloads and JSON arrays of them, one a line or over several lines. A line that is
    /// no JSON is rejected by itself. If the input begins with an array that is malformed
    /// or cut short, the whole input is.
    SATORI_FORMAT_AUTO = 0,
    /// The same, but a line that begins such an array is rejected by itself too: for
    /// lines, and for the pieces of a long input.
    SATORI_FORMAT_NDJSON = 1,
}

/// How payloads are taken in. All 0, except for the size, is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_ingest_options {
    /// sizeof(satori_ingest_options); see "Structs that may grow".
    pub size: usize,
    /// The stream that every payload belongs to, whatever it says itself; data NULL:
    /// each names its own. Payloads of the old shape name none and need this.
    pub uuid: satori_text,
    /// Who delivers the rows; data NULL is "central".
    pub provider: satori_text,
    /// Not 0: all is stored or nothing. Nothing of the batch is stored if one payload can't
    /// be, or if its instant already has another value.
    pub strict: i32,
    /// A `satori_format`.
    pub format: i32,
    /// The number of the input's first line, from 1, if it is a piece of a longer
    /// input: reports and errors count from there. 0 means 1; more than INT64_MAX is
    /// SATORI_INVALID_ARGUMENT.
    pub first_line: u64,
    /// A `satori_time_unit`, of timestamps that are numbers, also in text.
    pub unit: i32,
    /// Must be 0.
    pub reserved: i32,
}

// SAFETY: plain data, and NULL is a pointer.
unsafe impl Growable for satori_ingest_options {}

impl satori_ingest_options {
    /// # Safety
    /// The texts are NULL or live through the call.
    unsafe fn to_options(self) -> Result<IngestOptions, Failure> {
        let format = match self.format {
            0 => Format::Auto,
            1 => Format::NdJson,
            other => {
                let message = format!("options.format is {other}: no such format");
                return Err(Failure::argument(message));
            }
        };
        if self.reserved != 0 {
            let message = format!("options.reserved is {}, not 0", self.reserved);
            return Err(Failure::argument(message));
        }
        let first_line = match isize::try_from(self.first_line) {
            Ok(line) => line.unsigned_abs(),
            Err(_) => {
                let message = format!(
                    "options.first_line is {}: no input has so many lines",
                    self.first_line
                );
                return Err(Failure::argument(message));
            }
        };
        let mut options = IngestOptions::new()
            .strict(self.strict != 0)
            .format(format)
            .unit(convert::time_unit(self.unit, "options.unit")?)
            .first_line(first_line.max(1));
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

/// What came of ingesting a batch: each payload is counted exactly once. If a strict batch
/// is refused, the payloads that would have been stored are counted in `payloads` alone.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct satori_ingest_report {
    /// sizeof(satori_ingest_report); see "Structs that may grow".
    pub size: usize,
    /// Payloads in the batch, `null` ones included.
    pub payloads: u64,
    /// Observations stored.
    pub inserted: u64,
    /// Observations that already exist with the same value.
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

/// Takes in the server's answers, metadata and observation together: one payload,
/// a JSON array of them, or one a line; `null` if the server had nothing new.
/// All that can be stored is stored in one transaction.
///
/// The report of the three payloads in "JSON", on this header's first page:
///
///     {"payloads":3,"inserted":1,"already_there":0,"nothing":0,"conflicts":[{"index":1,"line":2,"column":1,"stream":"d39cd529-5dd4-5e4b-abc9-90b3751e71f1","ts":"2024-01-03T13:00:00Z","stored":42750.5,"offered":42800.0}],"rejected":[{"index":2,"line":3,"column":1,"error":"\"much\" is not a value: it is not a number"}],"streams":["d39cd529-5dd4-5e4b-abc9-90b3751e71f1"]}
///
/// @param store    the store.
/// @param json     the JSON.
/// @param length   its length in bytes.
/// @param options  how; NULL for the defaults.
/// @param report   receives the counts, also if the status is SATORI_REFUSED; set its
///                 size first. May be NULL.
/// @param details  receives the whole report as JSON, likewise. May be NULL.
/// @param error    see satori_error; may be NULL.
/// @return SATORI_OK (also if payloads were not taken: see the report),
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
    let guard = Guard::new(
        "satori_ingest",
        error,
        [
            optional_struct(report, "report"),
            optional(details, "details"),
        ],
    );
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let options = match growable::read(options, "options")? {
                Some(options) => options.to_options()?,
                None => IngestOptions::new(),
            };
            let outcome = store.ingest(input::bytes(json, length, "json")?, &options);
            match &outcome {
                Ok(answer) => write_report(answer, report, details)?,
                Err(Error::Refused(answer)) => write_report(answer, report, details)?,
                Err(_) => {}
            }
            outcome?;
            Ok(())
        })
    }
}

/// # Safety
/// Each is NULL or may be written.
unsafe fn write_report(
    answer: &IngestReport,
    report: *mut satori_ingest_report,
    details: *mut *mut satori_string,
) -> Result<(), Failure> {
    let counts = satori_ingest_report {
        size: mem::size_of::<satori_ingest_report>(),
        payloads: answer.payloads as u64,
        inserted: answer.inserted,
        already_there: answer.already_there,
        nothing: answer.nothing,
        conflicts: answer.conflicts.len() as u64,
        rejected: answer.rejected.len() as u64,
    };
    // SAFETY: by the caller's word.
    unsafe {
        growable::write(report, &counts, "report")?;
        string::write_json(details, answer)
    }
}

/// Writes the metadata of many streams in one transaction: a JSON array of stream
/// objects, which is what the server sends for a sync of all streams, or one object a
/// line. An absent field keeps what is stored; a field that is null clears it.
///
/// The report of the two stream objects in "JSON", on this header's first page:
///
///     {"new":[],"changed":[],"unchanged":["d39cd529-5dd4-5e4b-abc9-90b3751e71f1"],"rejected":[{"index":1,"line":1,"column":57,"error":"no uuid names the stream: its stream object needs one, or, for a payload, the call"}]}
///
/// @param store   the store.
/// @param json    the JSON.
/// @param length  its length in bytes.
/// @param report  receives the report as JSON. May be NULL.
/// @param error   see satori_error; may be NULL.
/// @return SATORI_OK (also if objects were rejected), SATORI_INVALID_JSON, or what any
///         call that writes returns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_sync_streams(
    store: *const satori_store,
    json: *const c_char,
    length: usize,
    report: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_sync_streams", error, [optional(report, "report")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with(store, |store| {
            let answer = store.sync_streams(input::bytes(json, length, "json")?)?;
            string::write_json(report, &answer)
        })
    }
}
