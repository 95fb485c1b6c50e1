//! Streams side by side on one clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::*;
use proptest::prelude::*;
use satori_store::{Aligned, Error, Fill, NewObservation, Step, Store, StreamUuid, Timestamp};

const AS_OF: Fill = Fill::AsOf { max_age: None };

fn within(micros: u64) -> Fill {
    Fill::AsOf {
        max_age: Some(Duration::from_micros(micros)),
    }
}

/// A store with a stream of each list of rows: microseconds and value.
fn store_of(streams: &[&[(i64, f64)]]) -> (Store, Vec<StreamUuid>) {
    let store = memory();
    let mut uuids = Vec::new();
    for (number, rows) in streams.iter().enumerate() {
        let s = uuid(&format!("s{number}"));
        let one =
            |(ts, value): &(i64, f64)| NewObservation::new(Timestamp::from_micros(*ts), *value);
        let rows: Vec<_> = rows.iter().map(one).collect();
        store.insert_many(&s, &rows).unwrap();
        uuids.push(s);
    }
    (store, uuids)
}

fn micros(length: u64) -> Step {
    Step::every(Duration::from_micros(length)).unwrap()
}

fn refs(uuids: &[StreamUuid]) -> Vec<&StreamUuid> {
    uuids.iter().collect()
}

/// All batches as one.
fn all(batches: impl Iterator<Item = satori_store::Result<Aligned>>) -> Aligned {
    let mut all = Aligned::default();
    for batch in batches {
        let batch = batch.unwrap();
        all.ts.extend(batch.ts);
        all.values.resize(batch.values.len(), Vec::new());
        for (column, part) in all.values.iter_mut().zip(batch.values) {
            column.extend(part);
        }
    }
    all
}

/// NaN equals nothing; as text it equals itself.
fn text(values: &[Vec<f64>]) -> String {
    format!("{values:?}")
}

#[test]
fn each_fill_has_its_value_at_each_instant() {
    let (store, s) = store_of(&[
        &[(0, 1.0), (10, 2.0), (19, 4.0), (30, 8.0)],
        &[(5, -1.0)],
        &[],
    ]);
    let grid = |fill| all(store.align(&refs(&s), .., &micros(10), fill).unwrap());
    let nan = f64::NAN;
    let as_of = grid(AS_OF);
    assert_eq!(
        (as_of.ts.as_slice(), as_of.len()),
        ([0, 10, 20, 30].as_slice(), 4)
    );
    let none = vec![nan; 4];
    let wanted = [
        vec![1.0, 2.0, 4.0, 8.0],
        vec![nan, -1.0, -1.0, -1.0],
        none.clone(),
    ];
    assert_eq!(text(&as_of.values), text(&wanted));
    let wanted = [
        vec![1.0, 2.0, 4.0, 8.0],
        vec![nan, -1.0, nan, nan],
        none.clone(),
    ];
    assert_eq!(text(&grid(within(5)).values), text(&wanted));
    let wanted = [vec![1.0, 2.0, nan, 8.0], none.clone(), none.clone()];
    assert_eq!(text(&grid(Fill::Exact).values), text(&wanted));
    assert_eq!(text(&grid(within(0)).values), text(&wanted));
    let wanted = [vec![1.0, 3.0, nan, 8.0], vec![-1.0, nan, nan, nan], none];
    assert_eq!(text(&grid(Fill::Mean).values), text(&wanted));
}

#[test]
fn the_clock_reaches_as_far_as_the_range() {
    let (store, s) = store_of(&[&[(12, 1.0), (25, 2.0)], &[(31, 3.0)]]);
    let grid = |range: (i64, i64)| {
        let range = Timestamp::from_micros(range.0)..Timestamp::from_micros(range.1);
        all(store.align(&refs(&s), range, &micros(10), AS_OF).unwrap()).ts
    };
    // Open, it begins with the step of the first row.
    let open = all(store.align(&refs(&s), .., &micros(10), AS_OF).unwrap());
    assert_eq!(open.ts, [10, 20, 30]);
    assert!(open.values[0][0].is_nan());
    assert_eq!(grid((0, 50)), [0, 10, 20, 30, 40]);
    assert_eq!(grid((1, 51)), [10, 20, 30, 40, 50]);
    assert_eq!(grid((11, 19)), [] as [i64; 0]);
    assert_eq!(grid((20, 20)), [] as [i64; 0]);
    let from = Timestamp::from_micros(15)..;
    assert_eq!(
        all(store.align(&refs(&s), from, &micros(10), AS_OF).unwrap()).ts,
        [20, 30]
    );
    // Nothing bounds a clock without rows and without a range.
    let (store, s) = store_of(&[&[]]);
    assert!(all(store.align(&refs(&s), .., &micros(10), AS_OF).unwrap()).is_empty());
    assert!(all(store.align(&[], .., &micros(10), AS_OF).unwrap()).is_empty());
}

#[test]
fn what_can_not_be_aligned_is_refused() {
    let (store, s) = store_of(&[&[(12, 1.0)]]);
    let at =
        |micros: &[i64]| -> Vec<_> { micros.iter().copied().map(Timestamp::from_micros).collect() };
    for wrong in [at(&[1, 1]), at(&[5, 9, 8])] {
        let error = store.align_to(&refs(&s), &wrong, AS_OF).unwrap_err();
        assert!(matches!(error, Error::InvalidTimestamp { .. }), "{error}");
    }
    let error = store
        .align_to(&refs(&s), &at(&[1, 2]), Fill::Mean)
        .unwrap_err();
    assert!(matches!(error, Error::InvalidStep { .. }), "{error}");
    let unknown = uuid("unknown");
    for error in [
        store
            .align_to(&[&s[0], &unknown], &at(&[1]), AS_OF)
            .unwrap_err(),
        store
            .align(&[&s[0], &unknown], .., &micros(1), AS_OF)
            .unwrap_err(),
    ] {
        assert!(matches!(error, Error::StreamNotFound { .. }), "{error}");
    }
    assert_eq!(
        store.align_to(&refs(&s), &[], AS_OF).unwrap(),
        [[0.0; 0]; 1]
    );
    assert_eq!(
        store.align_to(&[], &at(&[1]), AS_OF).unwrap(),
        [[0.0; 0]; 0]
    );

    let (_folder, _path, store, s) = store_with(&["1704283200", "'None'"]);
    let day: Step = "1d".parse().unwrap();
    let error = store.align(&[&s], .., &day, AS_OF);
    assert!(matches!(error, Err(Error::UnreadableRow { .. })));
}

#[test]
fn rows_in_every_spelling_are_aligned_and_two_of_an_instant_as_elsewhere() {
    let (_folder, _path, store, s) = store_with(&[
        "'2024-01-03 12:00:00'",
        "1704283200",
        "'2024-01-03T09:00:00-05:00'",
        "1704294000000",
    ]);
    let hours = "1h".parse().unwrap();
    let ts = at("2024-01-03 12:00");
    for (fill, single) in [
        (AS_OF, store.as_of(&s, ts).unwrap()),
        (Fill::Exact, store.observation(&s, ts).unwrap()),
    ] {
        let aligned = all(store.align(&[&s], .., &hours, fill).unwrap());
        assert_eq!(aligned.values[0][0], single.unwrap().value, "{fill:?}");
        assert_eq!(aligned.values[0][2..], [2.0, 3.0]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against a look-up of each value by itself in a sorted map.
    #[test]
    fn values_are_those_of_single_look_ups(
        streams in prop::collection::vec(
            prop::collection::btree_map(-500_i64..500, -1e6..1e6_f64, 0..60), 1..4),
        length in 1_u64..90,
        first in -600_i64..600,
        reach in 0_i64..600,
        max_age in prop::option::of(0_u64..100),
    ) {
        let lists: Vec<Vec<_>> = streams.iter().map(|s| s.iter().map(|(t, v)| (*t, *v)).collect()).collect();
        let (store, s) = store_of(&lists.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let last = first + reach;
        let step = length as i64;
        let begin = (first + step - 1).div_euclid(step) * step;
        let ts: Vec<i64> = (0..).map(|number| begin + number * step).take_while(|ts| *ts <= last).collect();
        let as_of = |rows: &BTreeMap<i64, f64>, ts: i64| {
            let (of, value) = rows.range(..=ts).next_back()?;
            max_age.is_none_or(|age| ts.abs_diff(*of) <= age).then_some(*value)
        };
        let exact = |rows: &BTreeMap<i64, f64>, ts: i64| rows.get(&ts).copied();
        let mean = |rows: &BTreeMap<i64, f64>, ts: i64| {
            let values: Vec<f64> = rows.range(ts..ts + step).map(|(_, value)| *value).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (!values.is_empty()).then_some(mean)
        };
        type LookUp<'a> = &'a dyn Fn(&BTreeMap<i64, f64>, i64) -> Option<f64>;
        let max_age = max_age.map(Duration::from_micros);
        let fills: [(Fill, LookUp<'_>); 3] =
            [(Fill::AsOf { max_age }, &as_of), (Fill::Exact, &exact), (Fill::Mean, &mean)];
        for (fill, look_up) in fills {
            let range = Timestamp::from_micros(first)..=Timestamp::from_micros(last);
            let aligned = all(store.align(&refs(&s), range, &micros(length), fill).unwrap());
            prop_assert_eq!(&aligned.ts, &ts);
            let single = |rows: &BTreeMap<i64, f64>| -> Vec<f64> {
                ts.iter().map(|ts| look_up(rows, *ts).unwrap_or(f64::NAN)).collect()
            };
            let wanted: Vec<Vec<f64>> = streams.iter().map(single).collect();
            for (column, wanted) in aligned.values.iter().flatten().zip(wanted.iter().flatten()) {
                let near = (column - wanted).abs() <= 1e-6 || column.is_nan() && wanted.is_nan();
                prop_assert!(near, "{:?} {:?}: {} {}", fill, ts, column, wanted);
            }
            if fill != Fill::Mean {
                let instants: Vec<_> = ts.iter().copied().map(Timestamp::from_micros).collect();
                let given = store.align_to(&refs(&s), &instants, fill).unwrap();
                let empty = vec![Vec::new(); s.len()];
                let wanted = if ts.is_empty() { &empty } else { &aligned.values };
                prop_assert_eq!(text(&given), text(wanted));
            }
        }
    }
}
