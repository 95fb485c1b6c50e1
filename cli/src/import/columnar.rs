//! Parquet and Arrow IPC.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::panic::{self, AssertUnwindSafe};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use arrow_select::take::{take, take_record_batch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use satori_store::StreamUuid;

use super::columns::Columns;
use super::part::{Fault, Part, ROWS, Rows};
use super::source::Source;
use crate::args::Import;
use crate::failure::Failure;
use crate::stream_object;

/// What an Arrow IPC file begins with; a stream of the same has no mark.
const ARROW_FILE: &[u8; 6] = b"ARROW1";

type Each<'a> = &'a mut dyn FnMut(Part) -> Result<bool, Failure>;

/// Passes the rows of a Parquet file to `each`; returns the columns that are ignored.
pub(super) fn parquet(
    source: &Source,
    args: &Import,
    each: Each<'_>,
) -> Result<Vec<String>, Failure> {
    let refused = |error: &dyn std::fmt::Display| refused(source, "Parquet", &error.to_string());
    let file = source.open()?;
    let opened = guarded(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        let schema = SchemaRef::clone(builder.schema());
        Ok((schema, builder.with_batch_size(ROWS).build()?))
    });
    let (schema, reader) = opened.map_err(|error| refused(&error))?;
    read(
        source,
        args,
        &schema,
        reader,
        &|error| refused(&error),
        each,
    )
}

/// Passes the rows of an Arrow IPC file, or stream, to `each`; returns the columns that are
/// ignored.
pub(super) fn arrow(
    source: &Source,
    args: &Import,
    each: Each<'_>,
) -> Result<Vec<String>, Failure> {
    let refused = |error: ArrowError| refused(source, "Arrow IPC", &error.to_string());
    let mut magic = Vec::new();
    let begun = source.open()?.take(6).read_to_end(&mut magic);
    begun.map_err(|error| source.unreadable(error))?;
    let file = BufReader::new(source.open()?);
    if magic == ARROW_FILE {
        let reader = guarded(|| FileReader::try_new(file, None)).map_err(refused)?;
        let schema = reader.schema();
        return read(source, args, &schema, reader, &refused, each);
    }
    let reader = guarded(|| StreamReader::try_new(file, None)).map_err(refused)?;
    let schema = reader.schema();
    read(source, args, &schema, reader, &refused, each)
}

/// Returns the failure of a file that is not of the format, or is compressed by what only few
/// write: each such library would make this program larger.
fn refused(source: &Source, format: &str, error: &str) -> Failure {
    let lacks = error.contains("at compile time") || error.contains("requires the");
    let unread = ["zstd", "brotli", "flate2"];
    match unread
        .into_iter()
        .find(|name| lacks && error.contains(name))
    {
        Some(name) => {
            let name = if name == "flate2" { "gzip" } else { name };
            source.refused(format!(
                "it is compressed by {name}, which can't be read here: write it with {}",
                if format == "Parquet" {
                    "snappy or lz4"
                } else {
                    "lz4"
                }
            ))
        }
        None => source.refused(format!("it can't be read as {format}: {error}")),
    }
}

/// Passes the rows of batches to `each`.
fn read(
    source: &Source,
    args: &Import,
    schema: &SchemaRef,
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    refused: &dyn Fn(ArrowError) -> Failure,
    each: Each<'_>,
) -> Result<Vec<String>, Failure> {
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let columns = Columns::find(source, &names)?;
    let mut has_metadata = false;
    let of_file = match (&args.stream, schema.metadata().get(stream_object::KEY)) {
        (Some(uuid), _) => Some(uuid.clone()),
        (None, None) => None,
        (None, Some(object)) => {
            let wrong = |error: &dyn std::fmt::Display| {
                let key = stream_object::KEY;
                source.refused(format!("its metadata {key} names no stream: {error}"))
            };
            let (uuid, has_more) = stream_object::read(object).map_err(|error| wrong(&error))?;
            let uuid = StreamUuid::new(uuid).map_err(|error| wrong(&error))?;
            has_metadata = has_more;
            if has_more && !each(Part::Metadata(object.as_bytes().to_vec()))? {
                return Ok(columns.ignored);
            }
            Some(uuid)
        }
    };
    let by_row = columns.stream.filter(|_| args.stream.is_none());
    if of_file.is_none() && by_row.is_none() {
        let reason = "neither a column nor the file names the stream; name it with --stream";
        return Err(source.refused(reason));
    }
    let mut before = 0;
    while let Some(batch) = guarded(|| batches.next().transpose()).map_err(refused)? {
        let mut start = 0;
        while start < batch.num_rows() {
            let length = ROWS.min(batch.num_rows() - start);
            let part = batch.slice(start, length);
            let parts = match (by_row, &of_file) {
                (None, Some(uuid)) => vec![Part::Rows(Rows {
                    uuid: uuid.clone(),
                    places: (1..=length as u64).map(|row| before + row).collect(),
                    batch: part,
                })],
                (column, _) => by_stream(&part, column.unwrap_or_default(), before)
                    .map_err(|reason| source.refused(reason))?,
            };
            for part in parts {
                if !each(part)? {
                    return Ok(columns.ignored);
                }
            }
            start += length;
            before += length as u64;
        }
    }
    if let (0, false, Some(uuid)) = (before, has_metadata, of_file) {
        // So that a stream comes back of which there is nothing but its table.
        each(Part::Rows(Rows {
            uuid,
            batch: RecordBatch::new_empty(SchemaRef::clone(schema)),
            places: Vec::new(),
        }))?;
    }
    Ok(columns.ignored)
}

/// Runs `work`, and makes an error of a panic: the readers have asserts that a damaged file
/// can reach.
fn guarded<T>(work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    let hook = panic::take_hook();
    // The error says it.
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    done.unwrap_or_else(|panicked| {
        let message = match panicked.downcast_ref::<String>() {
            Some(message) => message.as_str(),
            None => panicked.downcast_ref().copied().unwrap_or("it is damaged"),
        };
        Err(ArrowError::ParseError(message.to_owned()))
    })
}

/// Parts a batch by the streams that a column names. `before` rows came before it.
fn by_stream(batch: &RecordBatch, column: usize, before: u64) -> Result<Vec<Part>, String> {
    let column = match batch.column(column).as_any_dictionary_opt() {
        Some(dictionary) => &take(dictionary.values(), dictionary.keys(), None)
            .map_err(|error| error.to_string())?,
        None => batch.column(column),
    };
    let mut parts = Vec::new();
    let mut streams: Vec<(StreamUuid, Vec<u32>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in 0..batch.num_rows() {
        let place = before + row as u64 + 1;
        let Some(name) = text(column, row)? else {
            parts.push(Part::Fault(Fault::new(place, "the stream is null")));
            continue;
        };
        let stream = match known.get(name) {
            Some(&stream) => stream,
            None => match StreamUuid::new(name) {
                Ok(uuid) => {
                    streams.push((uuid, Vec::new()));
                    known.insert(name.to_owned(), streams.len() - 1);
                    streams.len() - 1
                }
                Err(error) => {
                    parts.push(Part::Fault(Fault::new(place, error.to_string())));
                    continue;
                }
            },
        };
        if let Some((_, rows)) = streams.get_mut(stream) {
            rows.push(row as u32);
        }
    }
    for (uuid, rows) in streams {
        let places = rows
            .iter()
            .map(|&row| before + u64::from(row) + 1)
            .collect();
        let batch = match rows.len() == batch.num_rows() {
            true => batch.clone(),
            false => take_record_batch(batch, &UInt32Array::from(rows))
                .map_err(|error| error.to_string())?,
        };
        parts.push(Part::Rows(Rows {
            uuid,
            batch,
            places,
        }));
    }
    Ok(parts)
}

/// Returns the text of a row of a column; `None` if it is null.
fn text(column: &ArrayRef, row: usize) -> Result<Option<&str>, String> {
    if column.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row),
        DataType::Utf8View => column.as_string_view().value(row),
        kind => return Err(format!("the column of streams is {kind}, not text")),
    }))
}
