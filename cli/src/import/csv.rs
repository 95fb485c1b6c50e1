//! CSV.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use csv::{ErrorKind, ReaderBuilder, StringRecord};
use satori_store::StreamUuid;

use super::columns::Columns;
use super::part::{Fault, Part, ROWS, Rows};
use super::source::Source;
use crate::args::Import;
use crate::failure::Failure;

/// A part has about so many bytes at most.
const BYTES: usize = 64 << 20;

/// Passes the rows to `each`, and those that can't be read; returns the columns that are
/// ignored.
pub(super) fn read(
    source: &Source,
    args: &Import,
    each: &mut dyn FnMut(Part) -> Result<bool, Failure>,
) -> Result<Vec<String>, Failure> {
    let mut reader = ReaderBuilder::new().from_reader(source.open()?);
    let names = reader.headers().map_err(|error| header(source, error))?;
    let names: Vec<_> = names.iter().map(str::trim).collect();
    let columns = Columns::find(source, &names)?;
    if args.stream.is_none() && columns.stream.is_none() {
        let reason = "there is no column stream; name the stream with --stream";
        return Err(source.refused(reason));
    }
    let mut held = Held::new(&columns);
    let mut record = StringRecord::new();
    loop {
        let part = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                match held.push(&record, line, args.stream.as_ref()) {
                    Ok(()) => None,
                    Err(reason) => Some(Fault::new(line, reason)),
                }
            }
            Err(error) => Some(fault(source, error)?),
        };
        if let Some(fault) = part
            && !each(Part::Fault(fault))?
        {
            return Ok(columns.ignored);
        }
        if (held.rows >= ROWS || held.bytes >= BYTES) && !held.pass(each)? {
            return Ok(columns.ignored);
        }
    }
    held.pass(each)?;
    Ok(columns.ignored)
}

/// Rows that wait to be passed on, by their stream.
struct Held<'a> {
    columns: &'a Columns,
    streams: Vec<OfStream>,
    /// Where in `streams` each is.
    places: HashMap<String, usize>,
    /// The stream of the last row: most rows are of the same one.
    last: usize,
    rows: usize,
    bytes: usize,
}

struct OfStream {
    uuid: StreamUuid,
    /// `ts`, `value`, `hash`, `provider`.
    texts: [StringBuilder; 4],
    places: Vec<u64>,
}

impl<'a> Held<'a> {
    fn new(columns: &'a Columns) -> Self {
        Self {
            columns,
            streams: Vec::new(),
            places: HashMap::new(),
            last: 0,
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds a row.
    fn push(
        &mut self,
        record: &StringRecord,
        line: u64,
        stream: Option<&StreamUuid>,
    ) -> Result<(), String> {
        let Columns {
            ts,
            value,
            hash,
            provider,
            ..
        } = *self.columns;
        let field = |column: Option<usize>| column.and_then(|column| record.get(column));
        let named = match stream {
            Some(stream) => stream.as_str(),
            None => field(self.columns.stream).unwrap_or_default(),
        };
        let is_last = self.streams.get(self.last);
        if is_last.is_none_or(|last| last.uuid.as_str() != named) {
            self.last = match self.places.get(named) {
                Some(&place) => place,
                None => {
                    let uuid = StreamUuid::new(named).map_err(|error| error.to_string())?;
                    self.places.insert(named.to_owned(), self.streams.len());
                    self.streams.push(OfStream {
                        uuid,
                        texts: Default::default(),
                        places: Vec::new(),
                    });
                    self.streams.len() - 1
                }
            };
        }
        let texts = [
            field(Some(ts)),
            field(Some(value)),
            field(hash).filter(|hash| !hash.is_empty()),
            field(provider).filter(|provider| !provider.is_empty()),
        ];
        if let Some(held) = self.streams.get_mut(self.last) {
            for (builder, text) in held.texts.iter_mut().zip(texts) {
                builder.append_option(text);
            }
            held.places.push(line);
        }
        self.rows += 1;
        self.bytes += record.as_slice().len();
        Ok(())
    }

    /// Passes the rows on; returns what `each` returns.
    fn pass(
        &mut self,
        each: &mut dyn FnMut(Part) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        (self.rows, self.bytes, self.last) = (0, 0, 0);
        self.places.clear();
        for stream in std::mem::take(&mut self.streams) {
            if !each(Part::Rows(stream.rows()?))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl OfStream {
    fn rows(self) -> Result<Rows, Failure> {
        let names = ["ts", "value", "hash", "provider"].into_iter();
        let columns = names.zip(self.texts).map(|(name, mut texts)| {
            let texts: ArrayRef = Arc::new(texts.finish());
            (name, texts, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns);
        Ok(Rows {
            uuid: self.uuid,
            batch: batch.map_err(|error| Failure::Refused {
                file: "a part of the file".to_owned(),
                reason: error.to_string(),
            })?,
            places: self.places,
        })
    }
}

/// Returns the failure of a header that can't be read.
fn header(source: &Source, error: csv::Error) -> Failure {
    match fault(source, error) {
        Ok(fault) => source.refused(fault.text("line")),
        Err(failure) => failure,
    }
}

/// Returns what is wrong with a line; the failure if the file can't be read.
fn fault(source: &Source, error: csv::Error) -> Result<Fault, Failure> {
    let line = error.position().map_or(1, csv::Position::line);
    let reason = match error.into_kind() {
        ErrorKind::Io(error) => return Err(source.unreadable(error)),
        ErrorKind::Utf8 { err, .. } => {
            format!("field {} is not text in UTF-8", err.field() + 1)
        }
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields, where the header has {expected_len}"),
        other => format!("{other:?}"),
    };
    Ok(Fault::new(line, reason))
}
