//! Rows summed up in steps of time.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::*;
use proptest::prelude::*;
use satori_store::{
    Error, NewObservation, OpenOptions, Step, Store, StreamUuid, Summary, Timestamp,
};

fn step(text: &str) -> Step {
    text.parse().unwrap()
}

/// A store with rows at these instants; the values count from 0.
fn store_of(instants: &[&str]) -> (Store, StreamUuid) {
    let (store, s) = (memory(), uuid("s"));
    let rows: Vec<_> = instants
        .iter()
        .zip(0..)
        .map(|(ts, number)| NewObservation::new(at(*ts), f64::from(number)))
        .collect();
    store.insert_many(&s, &rows).unwrap();
    (store, s)
}

fn all(store: &Store, s: &StreamUuid, step: &Step) -> Vec<Summary> {
    let summaries = store.resample(s, .., step).unwrap();
    summaries.collect::<Result<_, _>>().unwrap()
}

/// Where each step begins, and how many rows it has.
fn counts(summaries: &[Summary]) -> Vec<(String, u64)> {
    let one = |summary: &Summary| (summary.start.to_string(), summary.count);
    summaries.iter().map(one).collect()
}

fn named(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    let one = |(start, count): &(&str, u64)| (at(*start).to_string(), *count);
    counts.iter().map(one).collect()
}

#[test]
fn each_step_says_what_its_rows_come_to() {
    let (store, s) = (memory(), uuid("s"));
    for (ts, value) in [
        ("2024-01-03 12:59:59.999999", 4.0),
        ("2024-01-03 12:00", 3.0),
        ("2024-01-03 12:30", -1.5),
        ("2024-01-03 13:00", 7.0),
        ("1969-12-31 23:59:59.999999", 1.0),
    ] {
        store
            .insert(&s, &NewObservation::new(at(ts), value))
            .unwrap();
    }
    let hours = all(&store, &s, &step("1h"));
    assert_eq!(
        counts(&hours),
        named(&[
            ("1969-12-31 23:00", 1),
            ("2024-01-03 12:00", 3),
            ("2024-01-03 13:00", 1)
        ])
    );
    let Summary {
        end,
        first,
        last,
        min,
        max,
        mean,
        sum,
        ..
    } = hours[1];
    assert_eq!(end, at("2024-01-03 13:00"));
    assert_eq!((first, last, min, max), (3.0, 4.0, -1.5, 4.0));
    assert_eq!((mean, sum), (5.5 / 3.0, 5.5));
}

#[test]
fn rows_in_every_spelling_come_in_order_of_time() {
    let (_folder, _path, store, s) = store_with(&[
        "'2024-01-03 12:00:00'",
        "1704286800",
        "'2024-01-03T09:00:00-05:00'",
        "1704294000000",
    ]);
    let halves = all(&store, &s, &step("2h"));
    assert_eq!(
        counts(&halves),
        named(&[("2024-01-03 12:00", 2), ("2024-01-03 14:00", 2)])
    );
    assert_eq!((halves[1].first, halves[1].last), (2.0, 3.0));
}

#[test]
fn rows_outside_of_the_range_count_in_no_step() {
    let (store, s) = store_of(&["2024-01-03 12:10", "2024-01-03 12:50", "2024-01-03 13:10"]);
    let range = at("2024-01-03 12:50")..at("2024-01-03 13:10");
    let hours: Vec<_> = store.resample(&s, range, &step("1h")).unwrap().collect();
    assert_eq!(hours.len(), 1);
    let hour = hours[0].as_ref().unwrap();
    assert_eq!((hour.start, hour.count), (at("2024-01-03 12:00"), 1));
    let none = at("2024-01-04")..at("2024-01-03");
    assert_eq!(store.resample(&s, none, &step("1h")).unwrap().count(), 0);
}

#[test]
fn empty_steps_are_shown_as_far_as_the_range_reaches() {
    let (store, s) = store_of(&["2024-01-03 12:10", "2024-01-03 15:00"]);
    let hour = step("1h");
    let between = store.resample(&s, .., &hour).unwrap().with_empty();
    let between: Vec<_> = between.map(Result::unwrap).collect();
    let wanted = ["12:00", "13:00", "14:00", "15:00"].map(|time| format!("2024-01-03T{time}:00Z"));
    assert_eq!(
        counts(&between),
        wanted.iter().cloned().zip([1, 0, 0, 1]).collect::<Vec<_>>()
    );
    assert_eq!(
        (between[1].sum, between[1].end),
        (0.0, at("2024-01-03 14:00"))
    );
    let Summary {
        first,
        last,
        min,
        max,
        mean,
        ..
    } = between[1];
    assert!([first, last, min, max, mean].into_iter().all(f64::is_nan));

    let day = at("2024-01-03 10:30")..at("2024-01-03 18:00");
    let shown = store.resample(&s, day, &hour).unwrap().with_empty();
    let shown: Vec<_> = shown.map(|summary| summary.unwrap().count).collect();
    assert_eq!(shown, [0, 0, 1, 0, 0, 1, 0, 0]);

    // Without rows too, but an open end is none.
    let later = store.resample(&s, at("2025-01-01").., &hour).unwrap();
    assert_eq!(later.with_empty().count(), 0);
    let later = at("2025-01-01")..at("2025-01-02");
    let later = store.resample(&s, later, &hour).unwrap();
    assert_eq!(later.with_empty().count(), 24);
}

#[test]
fn days_and_months_are_those_of_the_time_zone() {
    let rows = [
        "2024-03-30 23:30", // the 31st in Berlin
        "2024-03-31 21:59", // a day of 23 hours
        "2024-03-31 22:00",
        "2024-10-26 22:00", // a day of 25 hours
        "2024-10-27 22:59",
        "2024-10-27 23:00",
    ];
    let (store, s) = store_of(&rows);
    let days = all(&store, &s, &step("1d[Europe/Berlin]"));
    assert_eq!(
        counts(&days),
        named(&[
            ("2024-03-30 23:00", 2),
            ("2024-03-31 22:00", 1),
            ("2024-10-26 22:00", 2),
            ("2024-10-27 23:00", 1)
        ])
    );
    let months = all(&store, &s, &step("1 month"));
    assert_eq!(
        counts(&months),
        named(&[("2024-03-01", 3), ("2024-10-01", 3)])
    );
    let quarters = all(&store, &s, &step("3mo[Europe/Berlin]"));
    assert_eq!(
        counts(&quarters),
        named(&[
            ("2023-12-31 23:00", 2),
            ("2024-03-31 22:00", 1),
            ("2024-09-30 22:00", 3)
        ])
    );
    assert_eq!(
        counts(&all(&store, &s, &step("1y"))),
        named(&[("2024-01-01", 6)])
    );
    // Weeks begin on Monday.
    let weeks = all(&store, &s, &step("1w"));
    assert_eq!(
        counts(&weeks),
        named(&[("2024-03-25", 3), ("2024-10-21", 3)])
    );
}

#[test]
fn each_instant_lies_in_one_step_whatever_the_clocks_do() {
    for (zone, from, to) in [
        // The clocks go back at 00:01, to the day before.
        ("America/St_Johns", "2006-10-27", "2006-10-31"),
        // There was no 30th.
        ("Pacific/Apia", "2011-12-28", "2012-01-02"),
        // There is no midnight.
        ("America/Sao_Paulo", "2018-11-03", "2018-11-06"),
        ("Asia/Kathmandu", "1985-12-30", "1986-01-03"),
        // The evening of the day before goes on into a gap over midnight.
        ("America/Toronto", "1919-03-29", "1919-04-02"),
        ("UTC", "1969-12-30", "1970-01-03"),
    ] {
        for length in ["1d", "2d", "1w", "1mo"] {
            let step = step(&format!("{length}[{zone}]"));
            let mut ts = at(from);
            let (_, mut next) = step.around(ts).unwrap();
            while ts < at(to) {
                let (start, end) = step.around(ts).unwrap();
                assert!(
                    start <= ts && ts < end,
                    "{zone} {length} {ts}: {start} {end}"
                );
                if ts >= next {
                    assert_eq!(start, next, "{zone} {length} {ts}");
                    next = end;
                }
                ts = Timestamp::from_micros(ts.as_micros() + 30_000_000);
            }
        }
    }
    let (start, _) = step("1d[America/Toronto]")
        .around(at("1919-03-31 04:30"))
        .unwrap();
    assert_eq!(start, at("1919-03-31 04:30"));
    let long = step("10000y");
    let (start, end) = long.around(at("2024-01-01")).unwrap();
    assert!(start < at("0001-01-01") && end == Timestamp::MAX);
    let days = |zone: &str| (step(&format!("1d[{zone}]")), at("2011-12-30 09:00"));
    let (day, ts) = days("Pacific/Apia");
    let (start, end) = day.around(ts).unwrap();
    assert_eq!(
        (start, end),
        (at("2011-12-29 10:00"), at("2011-12-30 10:00"))
    );
}

#[test]
fn what_is_no_step_is_refused_in_words() {
    for (text, why) in [
        ("", "expected a length"),
        ("hour", "expected a length"),
        ("1h[UTC", "expected a length"),
        ("1h]", "expected a length"),
        ("0s", "longer than nothing"),
        ("-1h", "longer than nothing"),
        ("1ns", "whole microseconds"),
        ("1d 2h", "mixed"),
        ("1mo 1d", "mixed"),
        ("1mo 1s", "mixed"),
        ("1h[Europe/Berlin]", "cut in UTC"),
        ("1d[Europe/Atlantis]", "no time zone of this name"),
        ("1d[../../etc/passwd]", "no time zone of this name"),
        ("1d[]", "no time zone of this name"),
    ] {
        let error = text.parse::<Step>().unwrap_err();
        assert!(
            matches!(error, Error::InvalidStep { .. }),
            "{text}: {error}"
        );
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
    }
    for duration in [Duration::ZERO, Duration::from_nanos(1_500), Duration::MAX] {
        let error = Step::every(duration).unwrap_err();
        assert!(matches!(error, Error::InvalidStep { .. }), "{error}");
    }
}

#[test]
fn the_ends_of_time_have_steps_too_but_the_calendar_ends() {
    let century = Step::every(Duration::from_secs(36_525 * 86_400)).unwrap();
    let (start, end) = century.around(Timestamp::MIN).unwrap();
    assert!(start == Timestamp::MIN && end > start);
    let (start, end) = century.around(Timestamp::MAX).unwrap();
    assert!(end == Timestamp::MAX && end > start);
    let (_folder, _path, store, s) = store_with(&["'9999-12-31 23:00:00'"]);
    assert_eq!(all(&store, &s, &century)[0].count, 1);
    let error = store.resample(&s, .., &step("1d")).unwrap().next();
    assert!(matches!(error, Some(Err(Error::InvalidTimestamp { .. }))));
    let error = store
        .resample(&s, Timestamp::from_micros(i64::MIN + 1).., &step("1mo"))
        .unwrap()
        .with_empty()
        .next();
    assert!(matches!(error, Some(Err(Error::InvalidTimestamp { .. }))));
}

#[test]
fn sums_are_compensated_and_the_mean_is_finite() {
    let (store, s) = (memory(), uuid("s"));
    let values = [1e100, 1.0, -1e100, 1.0];
    let huge = [f64::MAX, f64::MAX, f64::MAX];
    let rows = values
        .into_iter()
        .zip(0..)
        .chain(huge.into_iter().zip(60..));
    for (value, second) in rows {
        let ts = Timestamp::from_integer(second);
        store.insert(&s, &NewObservation::new(ts, value)).unwrap();
    }
    let minutes = all(&store, &s, &step("1min"));
    assert_eq!((minutes[0].sum, minutes[0].mean), (2.0, 0.5));
    assert_eq!((minutes[1].sum, minutes[1].mean), (f64::INFINITY, f64::MAX));
}

#[test]
fn a_row_that_cannot_be_read_comes_behind_the_steps_before_it() {
    let (_folder, path, store, s) = store_with(&["1704283200", "1704290400", "'None'"]);
    let mut hours = store.resample(&s, .., &step("1h")).unwrap();
    let read: Vec<_> = hours.by_ref().collect();
    assert!(
        matches!(read.last(), Some(Err(Error::UnreadableRow { .. }))),
        "{read:?}"
    );
    assert!(hours.next().is_none());
    drop(store);
    let store = OpenOptions::new().skip_unreadable(true).open(path).unwrap();
    assert_eq!(all(&store, &s, &step("1h")).len(), 2);
    let unknown = store.resample(&uuid("unknown"), .., &step("1h"));
    assert!(matches!(unknown, Err(Error::StreamNotFound { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a map from each step to its values, put together in the plain way.
    #[test]
    fn summaries_are_those_of_a_sorted_map(
        rows in prop::collection::btree_map(-2_000_i64..2_000, -1e6..1e6_f64, 0..200),
        length in 1_u64..500,
        bounds in prop::option::of((-2_000_i64..2_000, 0_i64..2_000)),
        with_empty: bool,
    ) {
        let (store, s) = (memory(), uuid("s"));
        let new: Vec<_> = rows
            .iter()
            .map(|(ts, value)| NewObservation::new(Timestamp::from_micros(*ts), *value))
            .collect();
        store.insert_many(&s, &new).unwrap();
        let step = Step::every(Duration::from_micros(length)).unwrap();
        let bounds = bounds.map(|(first, length)| (first, first + length));
        let (first, last) = bounds.unwrap_or((i64::MIN, i64::MAX));
        let range = Timestamp::from_micros(first)..=Timestamp::from_micros(last);

        let length = length as i64;
        let mut steps: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (ts, value) in rows.range(first..=last) {
            steps.entry(ts.div_euclid(length)).or_default().push(*value);
        }
        if with_empty {
            let of = |ts: i64| ts.div_euclid(length);
            let ends = bounds.map(|(first, last)| (of(first), of(last)));
            let ends = ends.or_else(|| Some((*steps.keys().next()?, *steps.keys().last()?)));
            for number in ends.into_iter().flat_map(|(first, last)| first..=last) {
                steps.entry(number).or_default();
            }
        }

        let summaries = store.resample(&s, range, &step).unwrap();
        let summaries: Vec<_> = match with_empty {
            true => summaries.with_empty().collect::<Result<_, _>>().unwrap(),
            false => summaries.collect::<Result<_, _>>().unwrap(),
        };
        prop_assert_eq!(summaries.len(), steps.len());
        for (summary, (number, values)) in summaries.iter().zip(steps) {
            prop_assert_eq!(summary.start.as_micros(), number * length);
            prop_assert_eq!(summary.end.as_micros(), (number + 1) * length);
            prop_assert_eq!(summary.count, values.len() as u64);
            if let [first, ..] = values[..] {
                prop_assert_eq!(summary.first, first);
                prop_assert_eq!(Some(summary.last), values.last().copied());
                prop_assert_eq!(summary.min, values.iter().copied().fold(f64::MAX, f64::min));
                prop_assert_eq!(summary.max, values.iter().copied().fold(f64::MIN, f64::max));
                let sum: f64 = values.iter().sum();
                prop_assert!((summary.sum - sum).abs() < 1e-6, "{} {}", summary.sum, sum);
                prop_assert_eq!(summary.mean, (summary.sum / values.len() as f64).clamp(summary.min, summary.max));
            }
        }
    }
}
