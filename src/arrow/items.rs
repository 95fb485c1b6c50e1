//! The items of a column, whatever its type is: numbers, instants or text.
//!
//! Arrow's own casts are megabytes of code, for every pair of types that there is.

use std::borrow::Cow;
use std::str;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType, StringArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, TimeUnit};

use crate::model::error::Error;
use crate::model::python_repr::python_repr;
use crate::model::time::Timestamp;

type Result<T, E = ArrowError> = std::result::Result<T, E>;

/// Reads the text of the item at a place.
type ReadText<'a> = Box<dyn Fn(usize) -> Result<Cow<'a, str>> + 'a>;

/// The items of a column. In a dictionary and in runs a row has its item elsewhere.
pub(super) struct Items<'a> {
    array: &'a dyn Array,
    /// The place of each row's item; `None`: where the row is.
    places: Option<Vec<usize>>,
    rows: usize,
    nulls: Option<NullBuffer>,
}

impl<'a> Items<'a> {
    pub(super) fn new(column: &'a dyn Array) -> Self {
        let mut items = Self {
            array: column,
            places: None,
            rows: column.len(),
            nulls: column.logical_nulls(),
        };
        while let Some((array, places)) = elsewhere(items.array) {
            items.array = array;
            items.places = Some(match items.places {
                None => places,
                Some(before) => before.into_iter().map(|place| places[place]).collect(),
            });
        }
        items
    }

    /// Returns the first row that has no item.
    pub(super) fn first_null(&self) -> Option<usize> {
        self.nulls.as_ref()?.iter().position(|is_valid| !is_valid)
    }

    /// Converts each item; there must be no nulls.
    fn convert<T>(&self, mut item: impl FnMut(usize) -> T) -> impl Iterator<Item = T> {
        let places = self.places.as_deref();
        (0..self.rows).map(move |row| item(places.map_or(row, |places| places[row])))
    }

    /// Converts the items of a column of `P`; there must be no nulls.
    fn primitives<P: ArrowPrimitiveType, T>(
        &self,
        mut convert: impl FnMut(P::Native) -> Result<T>,
    ) -> Result<Vec<T>> {
        let values = self.array.as_primitive::<P>().values();
        self.convert(|place| convert(values[place])).collect()
    }

    /// Returns whole numbers, if that is what the items are.
    pub(super) fn integers(&self) -> Option<Result<Vec<i64>>> {
        Some(match self.array.data_type() {
            DataType::Int8 => self.primitives::<Int8Type, _>(|number| Ok(number.into())),
            DataType::Int16 => self.primitives::<Int16Type, _>(|number| Ok(number.into())),
            DataType::Int32 => self.primitives::<Int32Type, _>(|number| Ok(number.into())),
            DataType::Int64 => self.primitives::<Int64Type, _>(Ok),
            DataType::UInt8 => self.primitives::<UInt8Type, _>(|number| Ok(number.into())),
            DataType::UInt16 => self.primitives::<UInt16Type, _>(|number| Ok(number.into())),
            DataType::UInt32 => self.primitives::<UInt32Type, _>(|number| Ok(number.into())),
            DataType::UInt64 => self.primitives::<UInt64Type, _>(|number| {
                number.try_into().map_err(|_| too_large(number))
            }),
            _ => return None,
        })
    }

    /// Returns numbers, if that is what the items are.
    pub(super) fn reals(&self) -> Option<Result<Vec<f64>>> {
        Some(match self.array.data_type() {
            DataType::UInt64 => self.primitives::<UInt64Type, _>(|number| Ok(number as f64)),
            DataType::Float16 => self.primitives::<Float16Type, _>(|number| Ok(number.to_f64())),
            DataType::Float32 => self.primitives::<Float32Type, _>(|number| Ok(number.into())),
            DataType::Float64 => self.primitives::<Float64Type, _>(Ok),
            DataType::Decimal32(_, _) => self.decimals::<Decimal32Type>(),
            DataType::Decimal64(_, _) => self.decimals::<Decimal64Type>(),
            DataType::Decimal128(_, _) => self.decimals::<Decimal128Type>(),
            DataType::Decimal256(_, _) => self.decimals::<Decimal256Type>(),
            _ => {
                let integers = self.integers()?;
                integers.map(|numbers| numbers.into_iter().map(|number| number as f64).collect())
            }
        })
    }

    pub(super) fn are_decimals(&self) -> bool {
        self.array.data_type().is_decimal()
    }

    /// Returns the numbers nearest to decimals. Their text is read, since a division rounds
    /// twice.
    fn decimals<D: DecimalType>(&self) -> Result<Vec<f64>> {
        let decimals = self.array.as_primitive::<D>();
        self.convert(|place| {
            let text = decimals.value_as_string(place);
            text.parse()
                .map_err(|_| ArrowError::ParseError(format!("{text} is no number")))
        })
        .collect()
    }

    /// Returns instants, if the items are timestamps or dates. In whichever zone a column
    /// is shown, it counts from 1970 in UTC.
    pub(super) fn instants(&self) -> Option<Result<Vec<Timestamp>>> {
        fn times(factor: i64) -> impl Fn(i64) -> Result<Timestamp> {
            move |number| {
                let micros = number.checked_mul(factor);
                micros
                    .map(Timestamp::from_micros)
                    .ok_or_else(|| too_large(number))
            }
        }
        Some(match self.array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                self.primitives::<TimestampSecondType, _>(times(1_000_000))
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                self.primitives::<TimestampMillisecondType, _>(times(1_000))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.primitives::<TimestampMicrosecondType, _>(times(1))
            }
            // Rounded to the nearest microsecond, as every other spelling.
            DataType::Timestamp(TimeUnit::Nanosecond, _) => self
                .primitives::<TimestampNanosecondType, _>(|nanos| Ok(Timestamp::from_nanos(nanos))),
            DataType::Date32 => {
                let days = times(24 * 3_600 * 1_000_000);
                self.primitives::<Date32Type, _>(|number| days(number.into()))
            }
            DataType::Date64 => self.primitives::<Date64Type, _>(times(1_000)),
            _ => return None,
        })
    }

    /// Reads each item's text; there must be no nulls.
    pub(super) fn read<T>(
        &self,
        invalid: impl Fn(ArrowError) -> Error,
        read: impl Fn(&str) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let text = self.texts().map_err(&invalid)?;
        self.convert(|place| read(&text(place).map_err(&invalid)?))
            .collect()
    }

    /// Returns the items as a column of text.
    pub(super) fn to_strings(&self) -> Result<StringArray> {
        if let (None, Some(strings)) = (&self.places, self.array.as_string_opt::<i32>()) {
            return Ok(strings.clone());
        }
        let text = self.texts()?;
        let mut bytes = 0;
        let strings = self.convert(|place| place).enumerate().map(|(row, place)| {
            if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                return Ok(None);
            }
            let text = text(place)?;
            bytes += text.len();
            match i32::try_from(bytes) {
                Ok(_) => Ok(Some(text)),
                Err(_) => Err(ArrowError::InvalidArgumentError(format!(
                    "row {row} is past 2 GiB of text: insert smaller batches"
                ))),
            }
        });
        strings.collect()
    }

    /// Returns what reads the text of the item at a place.
    fn texts(&self) -> Result<ReadText<'a>> {
        let array = self.array;
        Ok(match array.data_type() {
            DataType::Null => Box::new(|_| Ok(Cow::Borrowed(""))),
            DataType::Utf8 => {
                let texts = array.as_string::<i32>();
                Box::new(|place| Ok(texts.value(place).into()))
            }
            DataType::LargeUtf8 => {
                let texts = array.as_string::<i64>();
                Box::new(|place| Ok(texts.value(place).into()))
            }
            DataType::Utf8View => {
                let texts = array.as_string_view();
                Box::new(|place| Ok(texts.value(place).into()))
            }
            DataType::Binary => {
                let texts = array.as_binary::<i32>();
                Box::new(|place| utf8(texts.value(place)))
            }
            DataType::LargeBinary => {
                let texts = array.as_binary::<i64>();
                Box::new(|place| utf8(texts.value(place)))
            }
            DataType::BinaryView => {
                let texts = array.as_binary_view();
                Box::new(|place| utf8(texts.value(place)))
            }
            DataType::FixedSizeBinary(_) => {
                let texts = array.as_fixed_size_binary();
                Box::new(|place| utf8(texts.value(place)))
            }
            DataType::Boolean => {
                let values = array.as_boolean();
                Box::new(|place| Ok(values.value(place).to_string().into()))
            }
            DataType::UInt64 => {
                let numbers = array.as_primitive::<UInt64Type>();
                Box::new(|place| Ok(numbers.value(place).to_string().into()))
            }
            DataType::Decimal32(_, _) => decimal_texts::<Decimal32Type>(array),
            DataType::Decimal64(_, _) => decimal_texts::<Decimal64Type>(array),
            DataType::Decimal128(_, _) => decimal_texts::<Decimal128Type>(array),
            DataType::Decimal256(_, _) => decimal_texts::<Decimal256Type>(array),
            kind => {
                let items = Items {
                    array,
                    places: None,
                    rows: array.len(),
                    nulls: None,
                };
                if let Some(numbers) = items.integers() {
                    let numbers = numbers?;
                    return Ok(Box::new(move |place| Ok(numbers[place].to_string().into())));
                }
                let Some(numbers) = items.reals() else {
                    // Nothing is asked of a column of nulls.
                    let message = format!("a column of {kind} is neither numbers nor text");
                    return Ok(Box::new(move |_| {
                        Err(ArrowError::CastError(message.clone()))
                    }));
                };
                let numbers = numbers?;
                Box::new(move |place| Ok(python_repr(numbers[place]).into()))
            }
        })
    }
}

/// Returns the array that has the items of a dictionary or of runs, and each row's place in
/// it.
fn elsewhere(array: &dyn Array) -> Option<(&dyn Array, Vec<usize>)> {
    fn runs<R: RunEndIndexType>(array: &dyn Array) -> (&dyn Array, Vec<usize>) {
        let runs = array.as_run::<R>();
        let places = (0..runs.len()).map(|row| runs.get_physical_index(row));
        (runs.values(), places.collect())
    }
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let values = dictionary.values();
        let places = match values.is_empty() {
            // Every key is null.
            true => vec![0; array.len()],
            false => dictionary.normalized_keys(),
        };
        return Some((values, places));
    }
    match array.data_type() {
        DataType::RunEndEncoded(ends, _) => Some(match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array),
            DataType::Int32 => runs::<Int32Type>(array),
            _ => runs::<Int64Type>(array),
        }),
        _ => None,
    }
}

fn decimal_texts<D: DecimalType>(array: &dyn Array) -> ReadText<'_> {
    let decimals = array.as_primitive::<D>();
    Box::new(|place| Ok(decimals.value_as_string(place).into()))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>> {
    str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| ArrowError::InvalidArgumentError(format!("text is not UTF-8: {error}")))
}

fn too_large(number: impl std::fmt::Display) -> ArrowError {
    ArrowError::CastError(format!("{number} is too large"))
}
