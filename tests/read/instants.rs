//! One rounding for every way in: to the nearest microsecond, a half to the later one.

use proptest::prelude::*;
use satori_store::{IngestOptions, NewObservation, TimeUnit, Timestamp};

use crate::support::*;

/// Spells nanoseconds since 1970 as a decimal number of seconds.
fn decimal(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    format!(
        "{sign}{}.{:09}",
        nanos / 1_000_000_000,
        nanos % 1_000_000_000
    )
}

/// Spells nanoseconds since 1970 as ISO 8601 text with nine digits.
fn iso(nanos: i64) -> String {
    let seconds = Timestamp::from_integer_in(nanos.div_euclid(1_000_000_000), TimeUnit::Seconds);
    let text = seconds.unwrap().to_string();
    let text = text.strip_suffix('Z').unwrap();
    format!("{text}.{:09}Z", nanos.rem_euclid(1_000_000_000))
}

/// Nanoseconds around a half microsecond, or anywhere in the years 1800 to 2200.
fn nanos() -> impl Strategy<Value = i64> {
    let micros = -5_000_000_000_000_000..7_000_000_000_000_000_i64;
    prop_oneof![
        (micros.clone(), 499..=501_i64).prop_map(|(micros, rest)| micros * 1_000 + rest),
        micros.prop_map(|micros| micros * 1_000 + micros.rem_euclid(997)),
        -2_000_000_i64..2_000_000,
    ]
}

proptest! {
    #[test]
    fn each_way_in_rounds_alike(nanos in nanos()) {
        let nearest = (i128::from(nanos) + 500).div_euclid(1_000) as i64;
        let read = |text: &str, unit| Timestamp::parse_in(text, unit).unwrap().as_micros();
        let auto = TimeUnit::Auto;
        prop_assert_eq!(read(&iso(nanos), auto), nearest);
        prop_assert_eq!(read(&decimal(nanos), auto), nearest);
        prop_assert_eq!(read(&format!("{nanos}"), TimeUnit::Nanoseconds), nearest);
        prop_assert_eq!(read(&format!("{nanos}e-3"), TimeUnit::Microseconds), nearest);
        prop_assert_eq!(read(&format!("{nanos}e-6"), TimeUnit::Milliseconds), nearest);
        let integer = Timestamp::from_integer_in(nanos, TimeUnit::Nanoseconds).unwrap();
        prop_assert_eq!(integer.as_micros(), nearest);

        // The server's JSON and text that is stored as it is meet at the same instant.
        let store = memory();
        let stream = uuid("s");
        store.insert(&stream, &NewObservation::new(integer, 1.0)).unwrap();
        for observed_at in [iso(nanos), decimal(nanos)] {
            let payload = format!(r#"{{"value": 1, "observed_at": "{observed_at}"}}"#);
            let options = IngestOptions::new().uuid(stream.clone());
            prop_assert_eq!(store.ingest(payload.as_bytes(), &options).unwrap().already_there, 1);
            let spelled = NewObservation::spelled(&observed_at, 1.0).unwrap();
            store.insert(&stream, &spelled).unwrap();
            let other = uuid("other");
            store.insert(&other, &spelled).unwrap();
            prop_assert_eq!(store.latest(&other).unwrap().unwrap().ts, integer);
        }
        prop_assert_eq!(store.count(&stream, ..).unwrap(), 1);
    }

    #[test]
    fn a_double_counts_at_its_value(seconds in -1e10..1e10_f64, far in any::<f64>()) {
        for number in [seconds, seconds / 1e9, seconds / 1e5, (seconds * 2.0).trunc() / 2e6] {
            // All the digits that the double has.
            let exact = format!("{number:.80}");
            let Some(exact) = exact.get(..number.abs().log10().max(0.0) as usize + 36) else { continue };
            for unit in [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Nanoseconds] {
                prop_assert_eq!(
                    Timestamp::from_real_in(number, unit).unwrap(),
                    Timestamp::parse_in(exact, unit).unwrap(),
                    "{} as {:?}", exact, unit
                );
            }
        }
        // Any double is an instant or an error.
        let _ = Timestamp::from_real(far);
    }
}

#[test]
fn halves_go_to_the_later_microsecond() {
    for (nanos, micros) in [
        (499, 0),
        (500, 1),
        (-499, 0),
        (-500, 0),
        (-501, -1),
        (-1_500, -1),
    ] {
        assert_eq!(
            iso(nanos).parse::<Timestamp>().unwrap().as_micros(),
            micros,
            "{nanos}"
        );
        assert_eq!(
            decimal(nanos).parse::<Timestamp>().unwrap().as_micros(),
            micros,
            "{nanos}"
        );
    }
    // Doubles that lie halfway, before 1970 and after.
    for (number, micros) in [(0.5, 1), (-0.5, 0), (-1.5, -1), (2.5, 3)] {
        let read = Timestamp::from_real_in(number, TimeUnit::Microseconds).unwrap();
        assert_eq!(read.as_micros(), micros, "{number}");
    }
    // Further from 1970 than 2^53 microseconds the fraction is not lost.
    let far = Timestamp::from_real(20_000_000_000.25).unwrap();
    assert_eq!(far.as_micros(), 20_000_000_000_250_000);
}

#[test]
fn a_unit_is_what_the_caller_names() {
    use TimeUnit::{Auto, Microseconds, Milliseconds, Nanoseconds, Seconds};
    for (unit, micros) in [
        (Auto, 86_400_000_000_000),
        (Seconds, 86_400_000_000_000),
        (Milliseconds, 86_400_000_000),
        (Microseconds, 86_400_000),
        (Nanoseconds, 86_400),
    ] {
        let wanted = Timestamp::from_micros(micros);
        assert_eq!(
            Timestamp::from_integer_in(86_400_000, unit).unwrap(),
            wanted
        );
        assert_eq!(Timestamp::from_real_in(86_400_000.0, unit).unwrap(), wanted);
        for text in ["86400000", " 86400000.0 ", "8.64e7"] {
            assert_eq!(Timestamp::parse_in(text, unit).unwrap(), wanted, "{text}");
        }
        let day = Timestamp::parse_in("1970-01-02", unit).unwrap();
        assert_eq!(day.as_micros(), 86_400_000_000);
    }
    // Beyond microseconds in 64 bits there is no instant.
    assert!(Timestamp::from_integer_in(i64::MAX, Seconds).is_err());
    assert!(Timestamp::from_integer_in(i64::MIN, Milliseconds).is_err());
    assert!(Timestamp::from_real_in(1e300, Seconds).is_err());
    assert!(Timestamp::from_real_in(f64::NAN, Nanoseconds).is_err());
    assert!(Timestamp::parse_in("1e300", Microseconds).is_err());
    assert!(Timestamp::parse_in("1e-300", Seconds).is_ok());
}

#[test]
fn a_second_60_is_no_instant() {
    let texts = [
        "2024-01-03T12:00:60Z",
        "2024-01-03 12:00:60",
        "2024-01-03t12:00:60.5+02:00",
        "2024-01-03T12:00:60,25z",
        "2024-01-03T120060Z",
        "2016-12-31T23:59:60Z",
        "2024-01-03T12:00:60-05:30",
        "2024-01-03T12:00:61Z",
        "2024-01-03T24:00:00Z",
        "2024-01-03 24:00",
        "2024-01-03T12:60:00Z",
    ];
    let store = memory();
    for text in texts {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
        assert!(NewObservation::spelled(text, 1.0).is_err(), "{text}");
        let payload =
            format!(r#"{{"value": 1, "observed_at": "{text}", "stream": {{"uuid": "s"}}}}"#);
        let report = store
            .ingest(payload.as_bytes(), &IngestOptions::new())
            .unwrap();
        assert_eq!((report.inserted, report.rejected.len()), (0, 1), "{text}");
    }
    // What looks like it and is none.
    for text in [
        "2024-01-03T12:00:59Z",
        "2024-01-03T12:00:00.60Z",
        "2024-01-03T12:00+05:30",
    ] {
        assert!(text.parse::<Timestamp>().is_ok(), "{text}");
    }
}

/// Text without an offset mostly takes a quicker way than the parser, which reads all others.
#[test]
fn text_without_an_offset_is_that_in_utc() {
    let check = |text: &str| {
        let plain = text.parse::<Timestamp>().ok();
        let parsed = format!("{text}+00:00").parse().ok();
        assert_eq!(plain, parsed, "{text}");
    };
    for year in (0..10_000).filter(|year| year % 97 == 0 || (1890..2110).contains(year)) {
        for month in 0..14 {
            for day in [0, 1, 2, 15, 28, 29, 30, 31, 32] {
                check(&format!("{year:04}-{month:02}-{day:02} 23:59"));
            }
        }
    }
    for date in ["1969-12-31", "0000-01-01", "9999-12-31", "2024-02-29"] {
        for separator in [" ", "T"] {
            for time in [
                "00:00",
                "23:59",
                "24:00",
                "12:60",
                "1:00",
                "12:0a",
                "00:00:00",
                "23:59:59",
                "12:00:60",
                "12:00:0",
                "12:00:00.",
                "12:00:00.5",
                "12:00:00.000001",
                "12:00:00.999999",
                "12:00:00.25",
                "12:00:00.1234567",
                "12:00:00:00",
            ] {
                check(&format!("{date}{separator}{time}"));
            }
        }
    }
    for text in [
        "2024-01-0a 12:00",
        "２024-01-03 12:00",
        "2024/01/03 12:00",
        "2024-01-03é12:00",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
}
