//! Laws that hold for any input: spellings, reads against a naive model.

use std::collections::BTreeMap;

use crate::support::*;
use proptest::prelude::*;
use satori_store::{Insertion, NewObservation, Timestamp};

const MICROS: i64 = 1_000_000;

/// Returns spellings of one instant as SQL literals. Those that hold whole seconds alone
/// are among them if it is one.
fn spellings(micros: i64) -> Vec<String> {
    let ts = Timestamp::from_micros(micros);
    let iso = ts.to_string();
    let moved = Timestamp::from_micros(micros + 5_400 * MICROS).to_string();
    let mut all = vec![
        format!("'{iso}'"),
        format!("'{}'", iso.trim_end_matches('Z').replace('T', " ")),
        format!("'{}+01:30'", moved.trim_end_matches('Z')),
    ];
    if micros % MICROS == 0 {
        all.push(format!("{}", micros / MICROS));
        all.push(format!("{}.0", micros / MICROS));
        all.push(format!("'{}'", micros / MICROS));
    } else {
        all.push(format!("{:?}", micros as f64 / 1e6));
    }
    // By magnitude, numbers near 1970 are seconds whatever was meant.
    if micros.abs() >= 100_000_000_000_000 {
        all.push(format!("{micros}"));
        if micros.abs() < i64::MAX / 1_000 {
            all.push(format!("{micros}000"));
        }
        if micros % 1_000 == 0 {
            all.push(format!("{}", micros / 1_000));
        }
    }
    all
}

/// Generates instants near each other, that meet often; some are no whole seconds.
fn instant() -> impl Strategy<Value = i64> + Clone {
    let fraction = prop_oneof![3 => Just(0), 1 => Just(250_000i64), 1 => Just(1i64)];
    (
        prop_oneof![
            1_704_067_200i64..1_704_067_230,
            -1_000_000_010i64..-1_000_000_000
        ],
        fraction,
    )
        .prop_map(|(seconds, fraction)| seconds * MICROS + fraction)
}

fn any_instant() -> impl Strategy<Value = i64> {
    // The years 0 to 5137, which all spellings can hold.
    (
        -62_167_000_000i64..99_990_000_000,
        prop_oneof![Just(0), 0..MICROS],
    )
        .prop_map(|(seconds, fraction)| seconds * MICROS + fraction)
}

fn micros(rows: &[satori_store::Observation]) -> Vec<i64> {
    rows.iter().map(|row| row.ts.as_micros()).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Insert(i64, f64),
    InsertMany(Vec<(i64, f64)>),
    InsertSpelled(Vec<(i64, f64, prop::sample::Index)>),
    Delete(i64, i64),
    Normalize,
    Check(i64, i64, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let value = (0..3u8).prop_map(f64::from);
    let row = (instant(), value.clone());
    let spelled = (instant(), value, any::<prop::sample::Index>());
    prop_oneof![
        3 => row.clone().prop_map(|(ts, value)| Step::Insert(ts, value)),
        2 => prop::collection::vec(row, 0..20).prop_map(Step::InsertMany),
        2 => prop::collection::vec(spelled, 0..60).prop_map(Step::InsertSpelled),
        1 => (instant(), 0..3 * MICROS).prop_map(|(from, length)| Step::Delete(from, from + length)),
        1 => Just(Step::Normalize),
        4 => (instant(), instant(), 0..70usize).prop_map(|(from, to, count)| Step::Check(from, to, count)),
    ]
}

/// Inserts into the model what was inserted into the store. Asserts that both agree on what
/// happened.
fn insert(model: &mut BTreeMap<i64, f64>, ts: i64, value: f64, done: Insertion) {
    match (model.get(&ts), done) {
        (None, Insertion::Inserted) => drop(model.insert(ts, value)),
        (Some(stored), Insertion::AlreadyThere) => assert_eq!(*stored, value),
        (Some(stored), Insertion::Conflict(conflict)) => {
            assert_eq!((conflict.stored, conflict.offered), (Some(*stored), value));
            assert_ne!(*stored, value);
        }
        (stored, done) => panic!("{stored:?}, and yet {done:?}"),
    }
}

/// Does the same for many rows.
fn insert_many(
    model: &mut BTreeMap<i64, f64>,
    rows: &[NewObservation<'_>],
    report: &satori_store::InsertReport,
) {
    let conflicts: BTreeMap<_, _> = report.conflicts.iter().copied().collect();
    let mut inserted = 0;
    for (index, row) in rows.iter().enumerate() {
        let ts = row.ts.as_micros();
        let done = match conflicts.get(&index) {
            Some(conflict) => Insertion::Conflict(*conflict),
            None if model.contains_key(&ts) => Insertion::AlreadyThere,
            None => {
                inserted += 1;
                Insertion::Inserted
            }
        };
        insert(model, ts, row.value, done);
    }
    assert_eq!(report.inserted, inserted);
    assert_eq!(
        report.inserted + report.already_there + conflicts.len() as u64,
        rows.len() as u64
    );
}

fn new(ts: i64, value: f64) -> NewObservation<'static> {
    NewObservation::new(Timestamp::from_micros(ts), value).hash("h")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_spelling_of_an_instant_is_that_instant(instant in any_instant()) {
        for literal in spellings(instant) {
            let text = literal.trim_matches('\'');
            let read = text.parse::<Timestamp>().unwrap().as_micros();
            // A number past 2^53 microseconds has the precision of a double.
            let slack = if text.contains('.') && !literal.starts_with('\'') { instant.abs() >> 51 } else { 0 };
            prop_assert!((read - instant).abs() <= slack, "{} is {}, not {}", text, read, instant);
        }
    }

    #[test]
    fn what_is_written_is_read_again(micros in any::<i64>()) {
        let ts = Timestamp::from_micros(micros);
        if let Ok(read) = ts.to_string().parse::<Timestamp>() && ts.to_string().ends_with('Z') {
            prop_assert_eq!(read, ts);
        }
        prop_assert_eq!(Timestamp::from_integer(micros).as_micros().signum() * micros.signum() >= 0, true);
    }

    #[test]
    fn no_text_makes_a_timestamp_panic(text in "[-+0-9TZ:. eE\\[\\]é]{0,40}") {
        let _ = text.parse::<Timestamp>();
    }

    #[test]
    fn an_insert_far_from_1970_is_found_again_or_refused(seconds in -99_999_999_999f64..99_999_999_999.0) {
        let store = memory();
        let ts = Timestamp::from_real(seconds).unwrap();
        let observation = NewObservation::new(ts, 1.0).hash("h");
        if store.insert(&uuid("s"), &observation).is_ok() {
            prop_assert_eq!(store.insert(&uuid("s"), &observation).unwrap(), Insertion::AlreadyThere);
            prop_assert_eq!(store.observation(&uuid("s"), ts).unwrap().unwrap().ts, ts);
            prop_assert_eq!(store.observations(&uuid("s"), ts..=ts).unwrap().count(), 1);
        }
    }
}

proptest! {
    // Each case starts another program.
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_of_any_spellings_reads_as_a_sorted_map_does(
        rows in prop::collection::btree_map(instant(), any::<prop::sample::Index>(), 1..40),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut model = BTreeMap::new();
        let mut literals = Vec::new();
        for (number, (instant, pick)) in rows.iter().enumerate() {
            let spellings = spellings(*instant);
            literals.push(spellings[pick.index(spellings.len())].clone());
            model.insert(*instant, number as f64);
        }
        let literals: Vec<_> = literals.iter().map(String::as_str).collect();
        let (_folder, _path, store, s) = store_with(&literals);
        for step in steps {
            match step {
                Step::Insert(ts, value) => insert(&mut model, ts, value, store.insert(&s, &new(ts, value)).unwrap()),
                Step::InsertMany(rows) => {
                    let batch: Vec<_> = rows.iter().map(|(ts, value)| new(*ts, *value)).collect();
                    insert_many(&mut model, &batch, &store.insert_many(&s, &batch).unwrap());
                }
                Step::InsertSpelled(rows) => {
                    let texts: Vec<_> = rows.iter().map(|(ts, _, pick)| {
                        let spellings = spellings(*ts);
                        spellings[pick.index(spellings.len())].trim_matches('\'').to_owned()
                    }).collect();
                    let batch: Vec<_> = rows.iter().zip(&texts)
                        .map(|((_, value, _), text)| NewObservation::spelled(text, *value).unwrap().hash("h"))
                        .collect();
                    insert_many(&mut model, &batch, &store.insert_many(&s, &batch).unwrap());
                }
                Step::Delete(from, to) => {
                    let doomed: Vec<_> = model.range(from..to).map(|(ts, _)| *ts).collect();
                    let range = Timestamp::from_micros(from)..Timestamp::from_micros(to);
                    assert_eq!(store.delete(&s, range).unwrap(), doomed.len() as u64);
                    model.retain(|ts, _| !doomed.contains(ts));
                }
                Step::Normalize => {
                    let report = store.normalize(&s).unwrap();
                    assert!(report.kept.is_empty() && report.unreadable.is_empty());
                }
                Step::Check(from, to, count) => {
                    let (from, to) = (from.min(to), from.max(to));
                    let wanted: Vec<_> = model.range(from..=to).map(|(ts, value)| (*ts, *value)).collect();
                    let range = Timestamp::from_micros(from)..=Timestamp::from_micros(to);
                    let columns = store.columns(&s, range.clone()).unwrap();
                    let pairs: Vec<_> = columns.ts.into_iter().zip(columns.value).collect();
                    assert_eq!(pairs, wanted);
                    let iterated: Vec<_> = store.observations(&s, range.clone()).unwrap().map(Result::unwrap).collect();
                    assert_eq!(micros(&iterated), wanted.iter().map(|(ts, _)| *ts).collect::<Vec<_>>());
                    assert_eq!(store.count(&s, range).unwrap(), wanted.len() as u64);
                    let last: Vec<_> = model.keys().copied().skip(model.len().saturating_sub(count)).collect();
                    assert_eq!(micros(&store.last(&s, count).unwrap()), last);
                    let first: Vec<_> = model.keys().copied().take(count).collect();
                    assert_eq!(micros(&store.first(&s, count).unwrap()), first);
                    let mut before: Vec<_> = model.range(..to).rev().map(|(ts, _)| *ts).take(count).collect();
                    before.reverse();
                    let bound = Timestamp::from_micros(to);
                    assert_eq!(micros(&store.last_before(&s, bound, count).unwrap()), before);
                    let known = model.range(..=to).next_back().map(|(ts, value)| (*ts, *value));
                    let as_of = store.as_of(&s, bound).unwrap();
                    assert_eq!(as_of.map(|row| (row.ts.as_micros(), row.value)), known);
                    let latest = store.latest(&s).unwrap().map(|row| row.ts.as_micros());
                    assert_eq!(latest, model.last_key_value().map(|(ts, _)| *ts));
                    let found = store.observation(&s, Timestamp::from_micros(from)).unwrap();
                    assert_eq!(found.map(|row| row.value), model.get(&from).copied());
                    assert_eq!(store.statistics(&s).unwrap().count, model.len() as u64);
                }
            }
        }
        let read = all(&store, &s).unwrap();
        assert_eq!(micros(&read), model.keys().copied().collect::<Vec<_>>());
        assert_eq!(values(&read), model.values().copied().collect::<Vec<_>>());
    }
}
