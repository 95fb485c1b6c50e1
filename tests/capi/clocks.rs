//! Summaries of steps, and streams side by side, as Arrow record batches.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{RecordBatch, RecordBatchReader};
use satori_store::{Fill, NewObservation, Step, Store, StreamUuid, Timestamp};

#[test]
fn summaries_and_streams_side_by_side_are_record_batches() {
    let store = Store::open_in_memory().unwrap();
    let (a, b) = (StreamUuid::new("a").unwrap(), StreamUuid::new("b").unwrap());
    let at = |seconds| Timestamp::from_integer(seconds);
    for (uuid, seconds, value) in [(&a, 0, 1.5), (&a, 10, 2.5), (&b, 20, -1.0)] {
        store
            .insert(uuid, &NewObservation::new(at(seconds), value))
            .unwrap();
    }
    let step: Step = "10s".parse().unwrap();
    let steps = store.resample(&a, at(0)..at(30), &step).unwrap();
    let mut batches = steps.with_empty().record_batches();
    let batch = batches.next().unwrap().unwrap();
    assert_eq!(batch.schema(), batches.schema());
    assert!(batches.next().is_none());
    let column = |batch: &RecordBatch, name: &str| batch.column_by_name(name).unwrap().clone();
    let means = column(&batch, "mean");
    let means: Vec<_> = means.as_primitive::<Float64Type>().iter().collect();
    assert_eq!(means, [Some(1.5), Some(2.5), None]);
    let counts = column(&batch, "count");
    assert_eq!(
        counts.as_primitive::<Int64Type>().values().to_vec(),
        [1, 1, 0]
    );
    let ends = column(&batch, "end");
    let ends = ends
        .as_primitive::<TimestampMicrosecondType>()
        .values()
        .to_vec();
    assert_eq!(ends, [10_000_000, 20_000_000, 30_000_000]);

    let fill = Fill::AsOf { max_age: None };
    let rows = store.align(&[&a, &b], .., &step, fill).unwrap();
    let mut batches = rows.record_batches();
    let batch = batches.next().unwrap().unwrap();
    assert_eq!(batch.schema(), batches.schema());
    assert!(batches.next().is_none());
    for (name, wanted) in [
        ("a", [Some(1.5), Some(2.5), Some(2.5)]),
        ("b", [None, None, Some(-1.0)]),
    ] {
        let values = column(&batch, name);
        let values: Vec<_> = values.as_primitive::<Float64Type>().iter().collect();
        assert_eq!(values, wanted);
    }
}
