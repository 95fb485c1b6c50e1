//! Parquet and Arrow's IPC file. Both have the stream's object as metadata of the file.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use satori_store::{Stream, StreamUuid};

use super::writer::{Writer, of_arrow, of_parquet};
use crate::stream_object;

/// The number of rows of a row group: as many are held in memory, encoded.
const ROW_GROUP: usize = 4 * 65_536;

/// Begins a Parquet file.
pub(super) fn parquet<W: Write + Send>(
    out: W,
    schema: &SchemaRef,
    uuid: &StreamUuid,
    metadata: Option<&Stream>,
) -> io::Result<ArrowWriter<BufWriter<W>>> {
    let object = stream_object::text(uuid, metadata);
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(vec![KeyValue::new(
            stream_object::KEY.to_owned(),
            object,
        )]))
        // What all readers know, and the quickest.
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        // No two hashes are alike, nor most instants and values: a dictionary of them would be
        // built for nothing. Instants have much the same distances.
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled("provider".into(), true)
        .set_column_encoding("ts".into(), Encoding::DELTA_BINARY_PACKED)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled("hash".into(), EnabledStatistics::None)
        .build();
    let out = BufWriter::new(out);
    ArrowWriter::try_new(out, SchemaRef::clone(schema), Some(properties)).map_err(of_parquet)
}

impl<W: Write + Send> Writer for ArrowWriter<W> {
    fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        ArrowWriter::write(self, rows).map_err(of_parquet)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.into_inner().map_err(of_parquet)?.flush()
    }
}

/// Begins an IPC file.
pub(super) fn arrow<W: Write>(
    out: W,
    schema: &SchemaRef,
    uuid: &StreamUuid,
    metadata: Option<&Stream>,
) -> io::Result<FileWriter<BufWriter<W>>> {
    let object = stream_object::text(uuid, metadata);
    let named = HashMap::from([(stream_object::KEY.to_owned(), object)]);
    let schema = Schema::clone(schema).with_metadata(named);
    FileWriter::try_new_buffered(out, &schema).map_err(of_arrow)
}

impl<W: Write> Writer for FileWriter<W> {
    fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        FileWriter::write(self, rows).map_err(of_arrow)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        FileWriter::finish(&mut self).map_err(of_arrow)?;
        self.get_mut().flush()
    }
}
