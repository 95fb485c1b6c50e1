//! Observations as Arrow record batches, out and in.

use std::sync::Arc;

use crate::support::*;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float64Type, Int32Type, TimestampMicrosecondType,
};
use arrow_array::{
    ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal64Array, Decimal128Array, Decimal256Array, DictionaryArray, FixedSizeBinaryArray,
    Float16Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    LargeBinaryArray, LargeStringArray, NullArray, RecordBatch, RecordBatchIterator,
    RecordBatchReader, RunArray, StringArray, StringViewArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::i256;
use arrow_schema::{ArrowError, DataType, TimeUnit as ArrowUnit};
use satori_store::{ErrorCode, NewObservation, Store, TimeUnit, Timestamp};

fn reader(columns: Vec<(&str, ArrayRef)>) -> impl RecordBatchReader {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let schema = batch.schema();
    RecordBatchIterator::new([Ok::<_, ArrowError>(batch)], schema)
}

/// Makes 100,000 rows: more than one batch.
fn filled() -> Store {
    let store = memory();
    let rows: Vec<_> = (0..100_000)
        .map(|n| {
            NewObservation::new(Timestamp::from_micros(n * 1_500_000), n as f64 / 4.0).hash("aa")
        })
        .collect();
    store.insert_many(&uuid("a"), &rows).unwrap();
    store
}

#[test]
fn what_goes_out_is_what_is_stored_in_order_of_time() {
    let store = filled();
    let batches = store.record_batches(&uuid("a"), ..).unwrap();
    let utc = DataType::Timestamp(ArrowUnit::Microsecond, Some("UTC".into()));
    assert_eq!(*batches.schema().field(0).data_type(), utc);
    let expected = store.columns(&uuid("a"), ..).unwrap();
    let (mut ts, mut values, mut texts) = (Vec::new(), Vec::new(), 0);
    for batch in batches {
        let batch = batch.unwrap();
        ts.extend_from_slice(
            batch["ts"]
                .as_primitive::<TimestampMicrosecondType>()
                .values(),
        );
        values.extend_from_slice(batch["value"].as_primitive::<Float64Type>().values());
        texts += batch["hash"]
            .as_string::<i32>()
            .iter()
            .filter(|hash| *hash == Some("aa"))
            .count();
        texts += batch["provider"]
            .as_string::<i32>()
            .iter()
            .filter(|p| *p == Some("central"))
            .count();
    }
    assert_eq!((ts, values, texts), (expected.ts, expected.value, 200_000));
}

#[test]
fn what_went_out_goes_into_another_stream_as_it_was() {
    let store = filled();
    let batches = store.record_batches(&uuid("a"), ..).unwrap();
    let report = store
        .insert_record_batches(&uuid("b"), batches, None, TimeUnit::Auto)
        .unwrap();
    assert_eq!(report.inserted, 100_000);
    assert_eq!(
        store.columns(&uuid("a"), ..).unwrap(),
        store.columns(&uuid("b"), ..).unwrap()
    );
}

#[test]
fn a_text_that_is_no_utf8_ends_the_batches_with_the_error_of_its_row() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    sql(
        &path,
        &format!(
            "{}UPDATE s SET hash = CAST(x'61c3' AS TEXT) WHERE ts = 1;\
             UPDATE s SET hash = CAST(x'a962' AS TEXT) WHERE ts = 2;",
            table_sql("s", &["0", "1", "2", "3"])
        ),
    );
    let mut batches = store.record_batches(&uuid("s"), ..).unwrap();
    // The rows before it come first.
    assert_eq!(batches.next().unwrap().unwrap().num_rows(), 1);
    let Some(Err(ArrowError::ExternalError(error))) = batches.next() else {
        panic!("the batch was given");
    };
    let error = error.downcast_ref::<satori_store::Error>().unwrap();
    assert_eq!(error.code(), ErrorCode::UnreadableRow, "{error}");
    assert!(error.to_string().contains("UTF-8"), "{error}");
    assert!(batches.next().is_none());
}

#[test]
fn timestamps_of_any_unit_numbers_and_text_are_one_instant() {
    let noon = 1_704_283_200;
    let columns: [ArrayRef; 5] = [
        Arc::new(TimestampNanosecondArray::from(vec![noon * 1_000_000_000])),
        Arc::new(
            TimestampNanosecondArray::from(vec![noon * 1_000_000_000]).with_timezone("+02:00"),
        ),
        Arc::new(Int64Array::from(vec![noon])),
        Arc::new(Float64Array::from(vec![noon as f64])),
        Arc::new(StringArray::from(vec!["2024-01-03 12:00"])),
    ];
    let store = memory();
    for (number, ts) in columns.into_iter().enumerate() {
        let value: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        let rows = reader(vec![("ts", ts), ("value", value)]);
        let report = store
            .insert_record_batches(&uuid("a"), rows, Some("engine"), TimeUnit::Auto)
            .unwrap();
        assert_eq!(
            (report.inserted, report.already_there),
            if number == 0 { (1, 0) } else { (0, 1) }
        );
    }
    let row = store.latest(&uuid("a")).unwrap().unwrap();
    assert_eq!(
        (row.ts.to_string().as_str(), row.value),
        ("2024-01-03T12:00:00Z", 7.0)
    );
    assert_eq!(row.provider, "engine");
    assert_eq!(store.verify(&uuid("a")).unwrap().verified, 1);
}

#[test]
fn a_missing_column_a_null_and_a_bad_value_are_refused_whole() {
    let store = memory();
    let ts: ArrayRef = Arc::new(Int64Array::from(vec![1_000, 2_000]));
    type Columns = Vec<(&'static str, ArrayRef)>;
    let cases: [(Columns, ErrorCode, &str); 9] = [
        (
            vec![("ts", Arc::clone(&ts))],
            ErrorCode::InvalidArrow,
            "value",
        ),
        (
            vec![
                ("ts", Arc::clone(&ts)),
                ("value", Arc::new(Float64Array::from(vec![Some(1.0), None]))),
            ],
            ErrorCode::InvalidArrow,
            "row 1",
        ),
        (
            vec![
                ("ts", Arc::clone(&ts)),
                ("value", Arc::new(Float64Array::from(vec![1.0, f64::NAN]))),
            ],
            ErrorCode::InvalidValue,
            "NaN",
        ),
        (
            vec![
                (
                    "ts",
                    Arc::new(StringArray::from(vec!["2024-01-03", "noon"])),
                ),
                ("value", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
            ],
            ErrorCode::InvalidTimestamp,
            "noon",
        ),
        // What Arrow's own casts make a null of, whose place holds 0.
        (
            vec![
                ("ts", Arc::clone(&ts)),
                ("value", Arc::new(StringArray::from(vec!["1", "one"]))),
            ],
            ErrorCode::InvalidValue,
            "one",
        ),
        (
            vec![
                ("ts", Arc::clone(&ts)),
                ("value", Arc::new(NullArray::new(2))),
            ],
            ErrorCode::InvalidArrow,
            "row 0",
        ),
        (
            vec![
                ("ts", Arc::clone(&ts)),
                (
                    "value",
                    Arc::new(DictionaryArray::new(
                        Int32Array::from(vec![0, 1]),
                        Arc::new(Float64Array::from(vec![Some(1.0), None])),
                    )),
                ),
            ],
            ErrorCode::InvalidArrow,
            "row 1",
        ),
        (
            vec![
                ("ts", Arc::new(UInt64Array::from(vec![1, u64::MAX]))),
                ("value", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
            ],
            ErrorCode::InvalidArrow,
            "18446744073709551615",
        ),
        (
            vec![
                (
                    "ts",
                    Arc::new(TimestampSecondArray::from(vec![1, i64::MAX / 2])),
                ),
                ("value", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
            ],
            ErrorCode::InvalidArrow,
            "4611686018427387903",
        ),
    ];
    for (columns, code, word) in cases {
        let error = store
            .insert_record_batches(&uuid("a"), reader(columns), None, TimeUnit::Auto)
            .unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    assert_eq!(store.streams_without_metadata().unwrap(), []);
}

#[test]
fn nanoseconds_are_the_nearest_microsecond_as_in_every_spelling() {
    let store = memory();
    let instants = [
        (
            "2024-01-03T12:00:00.1234569Z",
            1_704_283_200_123_456_900_i64,
        ),
        ("2024-01-03T12:00:01.0000005Z", 1_704_283_201_000_000_500),
        ("1969-12-31T23:59:59.999999001Z", -999),
    ];
    for (text, nanos) in instants {
        let ts: Timestamp = text.parse().unwrap();
        store
            .insert(&uuid("a"), &NewObservation::new(ts, 1.0))
            .unwrap();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("ts", Arc::new(TimestampNanosecondArray::from(vec![nanos]))),
            ("value", Arc::new(Float64Array::from(vec![1.0]))),
        ];
        let report = store
            .insert_record_batches(&uuid("a"), reader(columns), None, TimeUnit::Auto)
            .unwrap();
        assert_eq!((report.inserted, report.already_there), (0, 1), "{text}");
    }
}

#[test]
fn a_table_that_another_program_has_replaced_takes_no_batch() {
    let (_folder, path, store, s) = store_with(&["10", "20"]);
    let insert = |second| {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("ts", Arc::new(Int64Array::from(vec![second]))),
            ("value", Arc::new(Float64Array::from(vec![1.0]))),
        ];
        store.insert_record_batches(&s, reader(columns), None, TimeUnit::Auto)
    };
    assert_eq!(insert(30).unwrap().inserted, 1);
    sql(
        &path,
        "DROP TABLE s; CREATE TABLE s (ts INTEGER, value REAL, hash TEXT, provider TEXT); \
         INSERT INTO s VALUES (40, 4, 'h', 'p')",
    );
    assert_eq!(insert(35).unwrap_err().code(), ErrorCode::NotAStream);
    assert_eq!(query(&path, "SELECT ts FROM s"), serde_json::json!([[40]]));
}

/// A column of one item, as a dictionary and as runs of it.
fn indirect(item: &ArrayRef) -> [ArrayRef; 2] {
    [
        Arc::new(DictionaryArray::new(
            Int32Array::from(vec![0]),
            Arc::clone(item),
        )),
        Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(vec![1]), item).unwrap()),
    ]
}

#[test]
fn timestamps_of_every_type_are_taken() {
    let day = 19_725; // 2024-01-03
    let seconds = day * 86_400_i64;
    let decimal = |scale| {
        Decimal128Array::from(vec![i128::from(seconds) * 1_000])
            .with_precision_and_scale(20, scale)
            .unwrap()
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampSecondArray::from(vec![seconds])),
        Arc::new(TimestampSecondArray::from(vec![seconds]).with_timezone("Europe/Berlin")),
        Arc::new(TimestampMillisecondArray::from(vec![seconds * 1_000])),
        Arc::new(TimestampMicrosecondArray::from(vec![seconds * 1_000_000])),
        Arc::new(TimestampNanosecondArray::from(vec![
            seconds * 1_000_000_000,
        ])),
        Arc::new(Date32Array::from(vec![day as i32])),
        Arc::new(Date64Array::from(vec![seconds * 1_000])),
        Arc::new(Int32Array::from(vec![seconds as i32])),
        Arc::new(Int64Array::from(vec![seconds * 1_000])),
        Arc::new(UInt32Array::from(vec![seconds as u32])),
        Arc::new(UInt64Array::from(vec![seconds as u64])),
        Arc::new(Float64Array::from(vec![seconds as f64])),
        Arc::new(decimal(3)),
        Arc::new(StringArray::from(vec!["2024-01-03"])),
        Arc::new(LargeStringArray::from(vec!["2024-01-03 00:00"])),
        Arc::new(StringViewArray::from(vec!["2024-01-03T00:00:00.000Z"])),
        Arc::new(BinaryArray::from(vec![b"1704240000".as_slice()])),
        Arc::new(LargeBinaryArray::from(vec![b"1704240000.0".as_slice()])),
        Arc::new(BinaryViewArray::from(vec![b"2024-01-03".as_slice()])),
    ];
    let store = memory();
    let mut taken = 0;
    for column in columns {
        let all = [Arc::clone(&column)].into_iter().chain(indirect(&column));
        for ts in all {
            let kind = ts.data_type().clone();
            let value: ArrayRef = Arc::new(Int64Array::from(vec![7]));
            let rows = reader(vec![("ts", ts), ("value", value)]);
            let report = store.insert_record_batches(&uuid("a"), rows, None, TimeUnit::Auto);
            let report = report.unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(report.inserted + report.already_there, 1);
            taken += 1;
            assert_eq!(store.count(&uuid("a"), ..).unwrap(), 1, "{kind}");
        }
    }
    assert_eq!(taken, 57);
}

#[test]
fn values_of_every_type_are_taken() {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int8Array::from(vec![42])),
        Arc::new(Int16Array::from(vec![42])),
        Arc::new(Int32Array::from(vec![42])),
        Arc::new(Int64Array::from(vec![42])),
        Arc::new(UInt8Array::from(vec![42])),
        Arc::new(UInt16Array::from(vec![42])),
        Arc::new(UInt32Array::from(vec![42])),
        Arc::new(UInt64Array::from(vec![42])),
        Arc::new(Float32Array::from(vec![42.0])),
        Arc::new(Float64Array::from(vec![42.0])),
        Arc::new(Float16Array::from(vec![
            <Float16Type as ArrowPrimitiveType>::Native::from_f64(42.0),
        ])),
        Arc::new(
            Decimal32Array::from(vec![4200])
                .with_precision_and_scale(9, 2)
                .unwrap(),
        ),
        Arc::new(
            Decimal64Array::from(vec![4200])
                .with_precision_and_scale(9, 2)
                .unwrap(),
        ),
        Arc::new(
            Decimal128Array::from(vec![4200])
                .with_precision_and_scale(9, 2)
                .unwrap(),
        ),
        Arc::new(
            Decimal256Array::from(vec![i256::from(4200)])
                .with_precision_and_scale(9, 2)
                .unwrap(),
        ),
        Arc::new(StringArray::from(vec!["42"])),
        Arc::new(LargeStringArray::from(vec![" 42.0 "])),
        Arc::new(StringViewArray::from(vec!["4.2e1"])),
        Arc::new(BinaryArray::from(vec![b"42".as_slice()])),
        Arc::new(FixedSizeBinaryArray::try_from_iter([b"42"].into_iter()).unwrap()),
    ];
    let store = memory();
    for column in columns {
        for value in [Arc::clone(&column)].into_iter().chain(indirect(&column)) {
            let kind = value.data_type().clone();
            let ts: ArrayRef = Arc::new(Int64Array::from(vec![1_000]));
            let report = store.insert_record_batches(
                &uuid("a"),
                reader(vec![("ts", ts), ("value", value)]),
                None,
                TimeUnit::Auto,
            );
            let report = report.unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(
                (
                    report.conflicts.len(),
                    report.inserted + report.already_there
                ),
                (0, 1)
            );
        }
    }
    // The nearest number to a decimal; dividing rounds twice.
    let many = Decimal128Array::from(vec![123_456_789_012_345_678_901_i128]);
    let many: ArrayRef = Arc::new(many.with_precision_and_scale(38, 10).unwrap());
    let ts: ArrayRef = Arc::new(Int64Array::from(vec![2_000]));
    let rows = reader(vec![("ts", ts), ("value", many)]);
    store
        .insert_record_batches(&uuid("a"), rows, None, TimeUnit::Auto)
        .unwrap();
    let row = store.latest(&uuid("a")).unwrap().unwrap();
    assert_eq!(row.value, "12345678901.2345678901".parse::<f64>().unwrap());
}

#[test]
fn texts_of_every_type_are_taken() {
    let columns: Vec<(ArrayRef, Option<&str>)> = vec![
        (Arc::new(StringArray::from(vec!["engine"])), Some("engine")),
        (
            Arc::new(LargeStringArray::from(vec!["engine"])),
            Some("engine"),
        ),
        (
            Arc::new(StringViewArray::from(vec!["engine"])),
            Some("engine"),
        ),
        (
            Arc::new(BinaryArray::from(vec![b"engine".as_slice()])),
            Some("engine"),
        ),
        (
            Arc::new(LargeBinaryArray::from(vec![b"engine".as_slice()])),
            Some("engine"),
        ),
        (
            Arc::new(BinaryViewArray::from(vec![b"engine".as_slice()])),
            Some("engine"),
        ),
        (
            Arc::new(FixedSizeBinaryArray::try_from_iter([b"engine"].into_iter()).unwrap()),
            Some("engine"),
        ),
        (Arc::new(Int64Array::from(vec![7])), Some("7")),
        (
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            Some("18446744073709551615"),
        ),
        (Arc::new(Float64Array::from(vec![1.5])), Some("1.5")),
        (Arc::new(BooleanArray::from(vec![true])), Some("true")),
        // Nothing at all, as a data frame without providers gives.
        (Arc::new(NullArray::new(1)), None),
        (Arc::new(Float64Array::from(vec![None])), None),
        (Arc::new(TimestampSecondArray::from(vec![None])), None),
        (Arc::new(StringArray::from(vec![None::<&str>])), None),
    ];
    let store = memory();
    let mut number = 0;
    for (column, text) in columns {
        for provider in [Arc::clone(&column)].into_iter().chain(indirect(&column)) {
            number += 1;
            let kind = provider.data_type().clone();
            let rows = reader(vec![
                ("ts", Arc::new(Int64Array::from(vec![number])) as ArrayRef),
                ("value", Arc::new(Int64Array::from(vec![number]))),
                ("hash", Arc::clone(&provider)),
                ("provider", provider),
            ]);
            let report = store.insert_record_batches(&uuid("a"), rows, None, TimeUnit::Auto);
            let report = report.unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(report.inserted, 1, "{kind}");
            let row = store.latest(&uuid("a")).unwrap().unwrap();
            assert_eq!(row.provider, text.unwrap_or("central"), "{kind}");
            assert_eq!(row.hash == row.provider, text.is_some(), "{kind}");
        }
    }
}
