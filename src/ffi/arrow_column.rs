//! Columns of Arrow's C data interface, checked before anything reads them.
//!
//! How long a producer's memory is, nobody can see. All that it says is checked against
//! all else that it says: types, lengths, counts, offsets, keys and text.

use std::ptr::NonNull;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array as _, ArrayRef, ArrowPrimitiveType, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::{ArrayData, ArrayDataBuilder, BufferSpec, layout};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field};

use super::arrow_c::{Array, Schema, malformed};

type Result<T> = std::result::Result<T, ArrowError>;

/// How many dictionaries or runs may hold one another.
const DEEPEST: usize = 4;

/// Returns the type of a column.
pub(super) fn type_of(schema: &Schema) -> Result<DataType> {
    nested_type(schema, DEEPEST)
}

fn nested_type(schema: &Schema, depth: usize) -> Result<DataType> {
    let deeper = |schema| match depth.checked_sub(1) {
        Some(depth) => nested_type(schema, depth),
        None => Err(malformed("it is nested too deeply")),
    };
    let format = schema.format()?;
    let kind = match format {
        "+r" => match schema.children()?.as_slice() {
            [Some(ends), Some(values)] => {
                let ends = deeper(ends)?;
                if !DataType::is_run_ends_type(&ends) {
                    return Err(malformed(format!("its runs end at {ends}")));
                }
                DataType::RunEndEncoded(
                    Arc::new(Field::new("run_ends", ends, false)),
                    Arc::new(Field::new("values", deeper(values)?, true)),
                )
            }
            _ => return Err(malformed("runs have two children")),
        },
        nested if nested.starts_with('+') => {
            return Err(malformed(format!(
                "its format is {nested}, not of one item a row"
            )));
        }
        _ => DataType::try_from(&FFI_ArrowSchema::try_new(format, Vec::new(), None)?)?,
    };
    let is_sound = match kind {
        DataType::FixedSizeBinary(size) => size >= 0,
        DataType::Decimal32(precision, _) => (1..=9).contains(&precision),
        DataType::Decimal64(precision, _) => (1..=18).contains(&precision),
        DataType::Decimal128(precision, _) => (1..=38).contains(&precision),
        DataType::Decimal256(precision, _) => (1..=76).contains(&precision),
        _ => true,
    };
    if !is_sound {
        return Err(malformed(format!("its format is {format}")));
    }
    match schema.dictionary() {
        None => Ok(kind),
        Some(_) if !DataType::is_dictionary_key_type(&kind) => {
            Err(malformed(format!("its keys are {kind}, not integers")))
        }
        Some(values) => Ok(DataType::Dictionary(
            Box::new(kind),
            Box::new(deeper(values)?),
        )),
    }
}

/// Checks that none of a stream's rows is null as a whole: `length` of them from `offset` on.
pub(super) fn check_rows(rows: &Arc<Array>, (offset, length): (usize, usize)) -> Result<()> {
    let memory = Memory {
        items: offset + length,
        buffers: rows.buffers()?,
        owner: rows,
    };
    let [bitmap] = memory.buffers else {
        return Err(malformed(format!(
            "rows have {} buffers, not one",
            memory.buffers.len()
        )));
    };
    if bitmap.is_null() {
        return rows.check_nulls(None);
    }
    let bitmap = memory.buffer(0, memory.items.div_ceil(8))?;
    let nulls = NullBuffer::new(BooleanBuffer::new(bitmap, offset, length));
    rows.check_nulls(Some(nulls.null_count()))?;
    match nulls.iter().position(|is_valid| !is_valid) {
        None => Ok(()),
        Some(row) => Err(ArrowError::InvalidArgumentError(format!(
            "row {row} is null"
        ))),
    }
}

/// Returns `length` items of a column from `offset` on. `owner` keeps its memory.
pub(super) fn read(
    column: &Array,
    kind: &DataType,
    (offset, length): (usize, usize),
    owner: &Arc<Array>,
) -> Result<ArrayRef> {
    let data = data(column, kind, owner)?;
    if data.len() < offset + length {
        return Err(malformed(format!(
            "it has {} of {} items",
            data.len(),
            offset + length
        )));
    }
    Ok(make_array(data).slice(offset, length))
}

/// Returns the array's data, checked in all parts.
fn data(array: &Array, kind: &DataType, owner: &Arc<Array>) -> Result<ArrayData> {
    let (offset, length) = array.extent()?;
    let builder = ArrayDataBuilder::new(kind.clone())
        .offset(offset)
        .len(length);
    let builder = match kind {
        DataType::Null => return builder.build(),
        DataType::RunEndEncoded(ends, values) => {
            let children = array.children(2)?;
            let [Some(run_ends), Some(run_values)] = children.as_slice() else {
                return Err(malformed("runs have two children"));
            };
            let run_ends = data(run_ends, ends.data_type(), owner)?;
            let run_values = data(run_values, values.data_type(), owner)?;
            check_runs(&run_ends, run_values.len(), offset + length)?;
            return builder.child_data(vec![run_ends, run_values]).build();
        }
        DataType::Dictionary(_, values) => {
            let dictionary = array.dictionary();
            let dictionary = dictionary.ok_or_else(|| malformed("it has no dictionary"))?;
            builder.add_child_data(data(dictionary, values, owner)?)
        }
        _ => builder,
    };
    if array.dictionary().is_some() != matches!(kind, DataType::Dictionary(_, _)) {
        return Err(malformed("it has a dictionary, and its schema has none"));
    }
    let memory = Memory {
        items: offset + length,
        buffers: array.buffers()?,
        owner,
    };
    let (validity, buffers) = memory.buffers_of(kind)?;
    let has_bitmap = validity.is_some();
    let data = builder
        .null_bit_buffer(validity)
        .buffers(buffers)
        .align_buffers(true)
        .build()?;
    array.check_nulls(has_bitmap.then(|| data.null_count()))?;
    Ok(data)
}

/// Checks that runs end after one another, and not before the last of `items`.
fn check_runs(ends: &ArrayData, values: usize, items: usize) -> Result<()> {
    let ends = make_array(ends.clone());
    let ends: Vec<i64> = match ends.data_type() {
        DataType::Int16 => numbers::<Int16Type>(&ends),
        DataType::Int32 => numbers::<Int32Type>(&ends),
        _ => numbers::<Int64Type>(&ends),
    };
    let rises = ends.windows(2).all(|pair| pair[0] < pair[1]);
    let begins = ends.first().is_none_or(|first| *first > 0);
    let reaches = ends.last().map_or(0, |last| *last) >= items as i64;
    match rises && begins && reaches && ends.len() <= values {
        true => Ok(()),
        false => Err(malformed("the ends of its runs don't rise to its length")),
    }
}

fn numbers<N: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef) -> Vec<i64> {
    let numbers = array.as_primitive::<N>().values().iter();
    numbers.map(|number| (*number).into()).collect()
}

/// An array's buffers, which hold `items`.
struct Memory<'a> {
    items: usize,
    buffers: &'a [*const u8],
    owner: &'a Arc<Array>,
}

impl Memory<'_> {
    /// Returns the bitmap of nulls, and the buffers of the items.
    fn buffers_of(&self, kind: &DataType) -> Result<(Option<Buffer>, Vec<Buffer>)> {
        let layout = layout(kind);
        let expected = 1 + layout.buffers.len();
        // Views are followed by as many buffers of text as there are, and their lengths.
        // A view names its buffer by a number of 32 bits.
        let is_right = match layout.variadic {
            true => self.buffers.len() > expected && self.buffers.len() <= i32::MAX as usize,
            false => self.buffers.len() == expected,
        };
        if !is_right {
            return Err(malformed(format!(
                "it has {} buffers, and a column of {kind} has {expected}",
                self.buffers.len()
            )));
        }
        let validity = match self.buffers[0].is_null() {
            true => None,
            false => Some(self.buffer(0, self.items.div_ceil(8))?),
        };
        let mut buffers = Vec::with_capacity(layout.buffers.len());
        let is_text = layout.buffers.contains(&BufferSpec::VariableWidth);
        for (index, spec) in (1..).zip(&layout.buffers) {
            buffers.push(match spec {
                // The offsets of no text need not be there.
                BufferSpec::FixedWidth { .. } if is_text && self.items == 0 => empty(),
                BufferSpec::FixedWidth { byte_width, .. } => {
                    let count = self.items + usize::from(is_text);
                    let bytes = count.checked_mul(*byte_width);
                    self.buffer(index, bytes.unwrap_or(usize::MAX))?
                }
                BufferSpec::BitMap => self.buffer(index, self.items.div_ceil(8))?,
                BufferSpec::VariableWidth if self.items == 0 => empty(),
                BufferSpec::VariableWidth => {
                    let end = last_offset(&buffers[0], self.items)?;
                    self.buffer(index, end)?
                }
                BufferSpec::AlwaysNull => empty(),
            });
        }
        if layout.variadic {
            self.add_view_buffers(expected, &mut buffers)?;
        }
        Ok((validity, buffers))
    }

    /// Adds the buffers of text that views look into, from `first` on.
    fn add_view_buffers(&self, first: usize, buffers: &mut Vec<Buffer>) -> Result<()> {
        let last = self.buffers.len() - 1;
        let lengths = self.buffer(last, (last - first) * size_of::<i64>())?;
        for (index, length) in (first..last).zip(lengths.chunks_exact(size_of::<i64>())) {
            let length = integer(length);
            let bytes = usize::try_from(length)
                .map_err(|_| malformed(format!("buffer {index} has {length} bytes")))?;
            buffers.push(self.buffer(index, bytes)?);
        }
        Ok(())
    }

    /// Returns the first `bytes` of a buffer.
    fn buffer(&self, index: usize, bytes: usize) -> Result<Buffer> {
        if bytes == 0 {
            return Ok(empty());
        }
        if bytes > isize::MAX as usize {
            return Err(malformed(format!("no memory holds {bytes} bytes")));
        }
        let first = NonNull::new(self.buffers[index].cast_mut());
        let first = first.ok_or_else(|| malformed(format!("its buffer {index} is NULL")))?;
        // SAFETY: so long by the producer's word, and kept by its owner.
        Ok(unsafe { Buffer::from_custom_allocation(first, bytes, self.owner.clone()) })
    }
}

/// Returns where the text of `items` ends.
fn last_offset(offsets: &Buffer, items: usize) -> Result<usize> {
    let width = offsets.len() / (items + 1);
    let last = integer(&offsets[items * width..]);
    usize::try_from(last).map_err(|_| malformed(format!("its last offset is {last}")))
}

/// Reads a number of 4 or 8 bytes, wherever it lies.
fn integer(bytes: &[u8]) -> i64 {
    match bytes.try_into() {
        Ok(bytes) => i64::from_ne_bytes(bytes),
        Err(_) => bytes.try_into().map_or(-1, i32::from_ne_bytes).into(),
    }
}

fn empty() -> Buffer {
    Buffer::from_vec(Vec::<u8>::new())
}
