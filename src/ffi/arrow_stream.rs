//! A producer's Arrow stream as record batches of the columns that are inserted. Other
//! columns are not looked at.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream as ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use super::arrow_c::{self, Array, malformed};
use super::arrow_column;

type Result<T> = std::result::Result<T, ArrowError>;

/// The record batches of a stream.
pub(super) struct Batches {
    stream: ArrowArrayStream,
    /// How many columns the stream has.
    width: usize,
    /// Which of them are inserted, in the order of `schema`.
    places: Vec<usize>,
    schema: SchemaRef,
    is_done: bool,
}

impl Batches {
    pub(super) fn new(mut stream: ArrowArrayStream) -> Result<Self> {
        if stream.release().is_none() || stream.get_next().is_none() {
            return Err(malformed(
                "the stream was released already, or lacks get_next",
            ));
        }
        let Some(get_schema) = stream.get_schema() else {
            return Err(malformed("the stream lacks get_schema"));
        };
        let mut root = arrow_c::Schema::released();
        // SAFETY: the stream's own function; a schema is what C calls one.
        let status = unsafe { get_schema(&mut stream, (&raw mut root).cast()) };
        if status != 0 {
            root.forget();
            return Err(failed(&mut stream, status));
        }
        if root.is_released() {
            return Err(malformed("the stream's schema is released"));
        }
        if root.format()? != "+s" {
            let message = format!("the stream is of {}, not of rows", root.format()?);
            return Err(ArrowError::SchemaError(message));
        }
        let children = root.children()?;
        let (mut places, mut fields) = (Vec::new(), Vec::new());
        for name in ["ts", "value", "hash", "provider"] {
            let is_wanted =
                |child: &Option<&arrow_c::Schema>| child.is_some_and(|child| child.is_named(name));
            if let Some(place) = children.iter().position(is_wanted)
                && let Some(child) = children[place]
            {
                let kind = arrow_column::type_of(child).map_err(|error| in_column(name, error))?;
                places.push(place);
                fields.push(Field::new(name, kind, true));
            }
        }
        let width = children.len();
        Ok(Self {
            stream,
            width,
            places,
            schema: Arc::new(Schema::new(fields)),
            is_done: false,
        })
    }

    fn read(&mut self) -> Result<Option<RecordBatch>> {
        let mut rows = Array::released();
        let get_next = self.stream.get_next();
        let get_next = get_next.ok_or_else(|| malformed("the stream lacks get_next"))?;
        // SAFETY: the stream's own function; an array is what C calls one.
        let status = unsafe { get_next(&mut self.stream, (&raw mut rows).cast()) };
        if status != 0 {
            rows.forget();
            return Err(failed(&mut self.stream, status));
        }
        match rows.is_released() {
            true => Ok(None),
            false => self.batch(&Arc::new(rows)).map(Some),
        }
    }

    fn batch(&self, rows: &Arc<Array>) -> Result<RecordBatch> {
        let (offset, length) = rows.extent()?;
        let children = rows.children(self.width)?;
        let column = |(place, field): (&usize, &Arc<Field>)| {
            let column = children[*place].ok_or_else(|| malformed("it is NULL, or released"));
            column
                .and_then(|column| {
                    arrow_column::read(column, field.data_type(), (offset, length), rows)
                })
                .map_err(|error| in_column(field.name(), error))
        };
        let columns = self.places.iter().zip(self.schema.fields()).map(column);
        let columns = columns.collect::<Result<Vec<_>>>()?;
        // Only now: if the length is wrong, the columns show it, and memory need not be read.
        if !columns.is_empty() {
            arrow_column::check_rows(rows, (offset, length))?;
        }
        RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &RecordBatchOptions::new().with_row_count(Some(length)),
        )
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let batch = self.read();
        self.is_done = !matches!(batch, Ok(Some(_)));
        batch.transpose()
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Returns the error that a stream's function has failed with.
fn failed(stream: &mut ArrowArrayStream, status: i32) -> ArrowError {
    let text = stream.get_last_error().and_then(|get_last_error| {
        // SAFETY: the stream's own function; its text lives until the next call.
        unsafe {
            let text = get_last_error(stream);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    });
    let text = text.unwrap_or_else(|| format!("the stream failed with {status}"));
    malformed(text)
}

fn in_column(name: &str, error: ArrowError) -> ArrowError {
    let message = match error {
        ArrowError::CDataInterface(message) => message,
        other => other.to_string(),
    };
    malformed(format!("column {name}: {message}"))
}
