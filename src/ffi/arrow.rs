//! Observations through Arrow's C stream interface, without a copy.

use std::ffi::c_char;

use arrow_array::ffi_stream::FFI_ArrowArrayStream as ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

use super::arrow_stream::Batches;
use super::convert::time_unit;
use super::error::{satori_error, without_nul};
use super::guard::Guard;
use super::input;
use super::input::{optional_text, satori_text};
use super::insert::{report_outputs, satori_insert_report, write_report};
use super::output::required;
use super::status::satori_status;
use super::store::satori_store;
use super::string::satori_string;
use crate::{Error, RecordBatches};

/// Exports the observations from `from`, included, to `to`, excluded, as an Arrow
/// stream of `ts` (timestamp[us, UTC]), `value` (float64), `hash` and `provider`
/// (utf8), in order of time. It reads as it is asked, and keeps the file open until it
/// is released.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param from         microseconds UTC; INT64_MIN for all from the first on.
/// @param to           microseconds UTC; INT64_MAX for all up to the last.
/// @param stream       receives the stream; what is there is overwritten, not
///                     released. The caller releases it by its own callback.
/// @param error        see satori_error; may be NULL.
/// @return as satori_observations. The stream's get_last_error reports what goes wrong
///         later.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_export_arrow(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    from: i64,
    to: i64,
    stream: *mut ArrowArrayStream,
    error: *mut satori_error,
) -> satori_status {
    let guard = Guard::new("satori_export_arrow", error, [required(stream, "stream")]);
    // SAFETY: by the caller's word.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let batches = Exported(store.record_batches(uuid, input::range(from, to))?);
            stream.write(ArrowArrayStream::new(Box::new(batches)));
            Ok(())
        })
    }
}

/// Record batches whose errors are fit for C. A stored row may have a NUL in it, of which
/// the stream interface could make no text.
struct Exported(RecordBatches);

impl Iterator for Exported {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = |error: ArrowError| match error {
            ArrowError::ExternalError(error) => error.to_string(),
            error => error.to_string(),
        };
        let batch = self.0.next()?;
        let fit = |error| ArrowError::from_external_error(without_nul(&text(error)).into());
        Some(batch.map_err(fit))
    }
}

impl RecordBatchReader for Exported {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}

/// Inserts an Arrow stream in one transaction. It needs columns `ts` (timestamps of
/// any unit, or numbers or text as satori_parse_timestamp reads) and `value`, both
/// without nulls; `hash` and `provider` are optional, as is each item of them.
///
/// @param store        the store.
/// @param uuid         the stream's uuid.
/// @param uuid_length  its length in bytes.
/// @param stream       the stream. It is taken over and released, also if the insert
///                     fails; then its `release` is NULL. Only if the store or another
///                     argument is refused is it left as it is.
/// @param provider     who delivers rows that don't say so; NULL is "central".
/// @param unit         a `satori_time_unit`, of timestamps that are numbers, also in text.
/// @param report       receives the counts; set its size first. May be NULL.
/// @param conflicts    as in satori_insert_many. May be NULL.
/// @param error        see satori_error; may be NULL.
/// @return as satori_insert, or SATORI_INVALID_ARROW.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn satori_import_arrow(
    store: *const satori_store,
    uuid: *const c_char,
    uuid_length: usize,
    stream: *mut ArrowArrayStream,
    provider: *const satori_text,
    unit: i32,
    report: *mut satori_insert_report,
    conflicts: *mut *mut satori_string,
    error: *mut satori_error,
) -> satori_status {
    let [report_output, conflicts_output] = report_outputs(report, conflicts);
    let guard = Guard::new(
        "satori_import_arrow",
        error,
        [required(stream, "stream"), report_output, conflicts_output],
    );
    // SAFETY: by the caller's word; `from_raw` takes the stream over and marks it
    // released.
    unsafe {
        guard.with_stream(store, uuid, uuid_length, |store, uuid| {
            let provider = optional_text(provider, "provider")?;
            let unit = time_unit(unit, "unit")?;
            let stream = ArrowArrayStream::from_raw(stream);
            let batches = Batches::new(stream).map_err(|error| Error::InvalidArrow {
                batch: 0,
                message: error.to_string(),
            })?;
            let answer = store.insert_record_batches(uuid, batches, provider, unit)?;
            write_report(&answer, report, conflicts)
        })
    }
}
