//! Timestamps that keep the spelling they were given.

use crate::support::*;
use satori_store::{
    ErrorCode, IngestOptions, Insertion, NewObservation, OpenOptions, Store, StoredTimestamp,
    Timestamp,
};
use serde_json::json;

const NOON: [&str; 8] = [
    "2024-01-03 12:00",
    "2024-01-03T12:00:00Z",
    "2024-01-03 14:00:00.000+02:00",
    "1704283200",
    "1704283200.0",
    "1704283200000",
    "1704283200000000",
    "1.7042832e9",
];

fn spelled(text: &str, value: f64) -> NewObservation<'_> {
    NewObservation::spelled(text, value).unwrap().hash("h")
}

/// Makes `count` texts an hour apart from 2024 on, in three spellings by turns.
fn hourly(count: i64) -> Vec<String> {
    (0..count)
        .map(|n| {
            let iso = Timestamp::from_integer(1_704_067_200 + 3_600 * n).to_string();
            match n % 3 {
                0 => iso,
                1 => iso.trim_end_matches('Z').replace('T', " "),
                _ => iso.replace('Z', "+00:00"),
            }
        })
        .collect()
}

#[test]
fn a_row_is_found_again_under_the_text_it_was_given() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let s = uuid("s");
    store.insert(&s, &spelled("2024-01-03 12:00", 1.0)).unwrap();
    // The control: what is not spelled is a number.
    store.insert(&s, &row("2024-01-03 13:00", 2.0)).unwrap();
    for (text, found) in [("2024-01-03 12:00", 1), ("2024-01-03 13:00", 0)] {
        let counted = query(
            &path,
            &format!("SELECT count(*) FROM s WHERE ts = '{text}'"),
        );
        assert_eq!(counted[0][0], found, "{text}");
    }
    let read = all(&store, &s).unwrap();
    let text = StoredTimestamp::Text("2024-01-03 12:00".to_owned());
    assert_eq!((read[0].ts, &read[0].stored_ts), (at("1704283200"), &text));
    assert_eq!(read[1].stored_ts, StoredTimestamp::Integer(1_704_286_800));
    assert_eq!(store.last(&s, 2).unwrap(), read);
    assert_eq!(
        store.observation(&s, read[0].ts).unwrap(),
        read.first().cloned()
    );
}

#[test]
fn a_table_of_text_goes_on_as_text_and_its_last_row_stays_last_in_plain_sql() {
    let last = "SELECT value FROM s ORDER BY ts DESC LIMIT 1";
    let texts = ["'2024-01-03 11:00:00'", "'2024-01-03 12:00:00'"];
    let (_folder, path, store, s) = store_with(&texts);
    store
        .insert(&s, &spelled("2024-01-03 13:00:00", 7.0))
        .unwrap();
    assert_eq!(query(&path, last)[0][0], 7);
    // The control: a number sorts before all text.
    store.insert(&s, &row("2024-01-03 14:00:00", 8.0)).unwrap();
    assert_eq!(query(&path, last)[0][0], 7);
    assert_eq!(store.latest(&s).unwrap().unwrap().value, 8.0);
}

#[test]
fn the_instant_is_the_key_whatever_is_stored_and_whatever_is_offered() {
    for stored in NOON {
        for offered in NOON {
            // Alone, and among so many that the way of many is gone.
            for others in [0, 40] {
                let store = memory();
                let s = uuid("s");
                assert_eq!(
                    store.insert(&s, &spelled(stored, 1.5)).unwrap(),
                    Insertion::Inserted
                );
                let texts = hourly(others);
                let mut rows: Vec<_> = texts.iter().map(|text| spelled(text, 0.0)).collect();
                rows.extend([spelled(offered, 1.5), spelled(offered, 2.5)]);
                let report = store.insert_many(&s, &rows).unwrap();
                let conflicts: Vec<_> = report
                    .conflicts
                    .iter()
                    .map(|(_, conflict)| (conflict.stored, conflict.offered))
                    .collect();
                assert_eq!(report.inserted, others as u64, "{stored} {offered}");
                assert_eq!(report.already_there, 1, "{stored} {offered}");
                assert_eq!(conflicts, [(Some(1.5), 2.5)], "{stored} {offered}");
            }
        }
    }
}

#[test]
fn the_column_makes_of_each_text_what_plain_sql_makes_of_it() {
    let texts = [
        "2024-01-03",
        "2024-01-03 12:00",
        "2024-01-03T12:00:00.25Z",
        "2024-01-04t12:00:00-05:30",
        "1704283201",
        "1704283202.0",
        "1704283203.25",
        "+1704283204",
        "-86400",
        "-86401.5",
        "0",
        "1.704283205e9",
        "1704283206000",
        "1704283206000000.5",
        "17042832070000000",
        "1704283208000000000",
        "9007199254740993",
        "9e18",
        "9223372036854775807",
        ".5",
        "5.",
        " 1704283209 ",
    ];
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let report = store.insert_many(
        &uuid("s"),
        &texts.map(|text| spelled(text, 1.0).provider("engine")),
    );
    assert_eq!(report.unwrap().inserted, texts.len() as u64);
    let (_folder, plain) = place();
    drop(Store::open(&plain).unwrap());
    let literals = texts.map(|text| format!("'{text}'"));
    let literals: Vec<_> = literals.iter().map(String::as_str).collect();
    sql(&plain, &table_sql("s", &literals));
    let select = "SELECT typeof(ts), ts FROM s ORDER BY ts";
    assert_eq!(query(&path, select), query(&plain, select));

    // Blanks would set text apart from its like in the key: they are left out.
    store
        .insert(&uuid("s"), &spelled("\t2024-01-05 12:00 ", 1.0))
        .unwrap();
    let found = query(
        &path,
        "SELECT count(*) FROM s WHERE ts = '2024-01-05 12:00'",
    );
    assert_eq!(found[0][0], 1);
}

#[test]
fn many_go_in_as_one_by_one_into_tables_of_each_kind() {
    for there in [
        &[][..],
        &["1704067200", "1704070800"],
        &["'2024-01-02'"],
        &["1704067200000"],
    ] {
        let texts = hourly(700);
        let mut rows: Vec<_> = texts.iter().map(|text| spelled(text, 3.0)).collect();
        for (number, row) in rows.iter_mut().enumerate() {
            row.hash = (number % 5 == 0).then_some("given");
            row.provider = if number < 300 { "central" } else { "engine" };
        }
        rows.swap(3, 650);
        rows.push(rows[10]);
        rows.push(row("2024-01-02 12:00", 4.0));
        rows.push(row("2024-03-02 12:00", 4.0));
        let (_a, _, bulk, s) = store_with(there);
        let (_b, _, single, _) = store_with(there);
        let report = bulk.insert_many(&s, &rows).unwrap();
        let mut inserted = 0;
        for row in &rows {
            inserted += u64::from(single.insert(&s, row).unwrap() == Insertion::Inserted);
        }
        assert_eq!(report.inserted, inserted, "{there:?}");
        assert_eq!(report.already_there, 1, "{there:?}");
        assert_eq!(
            all(&bulk, &s).unwrap(),
            all(&single, &s).unwrap(),
            "{there:?}"
        );
        assert_eq!(bulk.insert_many(&s, &rows).unwrap().inserted, 0);
    }
}

#[test]
fn a_hash_that_is_missing_is_that_of_the_text_and_verifies() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let mut texts = hourly(100);
    texts.extend([
        "1704427200".to_owned(),
        "1704430800.25".to_owned(),
        "1704434400000".to_owned(),
    ]);
    let rows: Vec<_> = texts
        .iter()
        .zip(0..)
        .map(|(text, n)| NewObservation::spelled(text, f64::from(n) + 0.5).unwrap())
        .collect();
    store.insert_many(&uuid("s"), &rows[..50]).unwrap();
    for row in &rows[50..] {
        store.insert(&uuid("s"), row).unwrap();
    }
    let report = store.verify(&uuid("s")).unwrap();
    assert_eq!((report.rows, report.verified), (103, 103));
    // As the engine computes it, of what it finds in the row.
    let last = python(
        "import sqlite3,sys,hashlib\nh=''\n\
         rows=sqlite3.connect(sys.argv[1]).execute('SELECT ts,value,hash FROM s ORDER BY value')\n\
         for ts,v,was in rows:\n\
         \x20h=hashlib.blake2s((h+str(ts)+repr(float(v))).encode(),digest_size=8).hexdigest()\n assert h==was\n\
         print(h)",
        &[text(&path)],
    );
    assert_eq!(store.latest(&uuid("s")).unwrap().unwrap().hash, last.trim());
}

#[test]
fn what_is_no_timestamp_or_another_one_is_refused_before_anything_is_stored() {
    let store = memory();
    let s = uuid("s");
    for text in [
        "",
        " ",
        "noon",
        "2024-02-30",
        "20240103T12",
        "1e400",
        "2024-01-03 12:00\0",
        "NaN",
    ] {
        let error = NewObservation::spelled(text, 1.0).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidTimestamp, "{text}");
    }
    let texts = hourly(300);
    let mut rows: Vec<_> = texts.iter().map(|text| spelled(text, 1.0)).collect();
    rows[299].ts = at("1970-01-01");
    let error = store.insert_many(&s, &rows).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidTimestamp);
    let error = store.insert(&s, &rows[299]).unwrap_err();
    assert!(error.to_string().contains(&texts[299]), "{error}");
    rows[299] = spelled(&texts[299], f64::NAN);
    assert_eq!(
        store.insert_many(&s, &rows).unwrap_err().code(),
        ErrorCode::InvalidValue
    );
    assert_eq!(
        store.count(&s, ..).unwrap_err().code(),
        ErrorCode::StreamNotFound
    );
}

#[test]
fn a_row_that_cannot_be_read_stands_in_the_way_of_its_own_instant_alone() {
    let texts = hourly(40);
    let (_folder, path, store, s) = store_with(&["'2024-01-01T05:00:00Z'", "'someday'"]);
    sql(&path, "UPDATE s SET value = 'much' WHERE ts <> 'someday'");
    let rows: Vec<_> = texts.iter().map(|text| spelled(text, 1.0)).collect();
    let report = store.insert_many(&s, &rows).unwrap();
    assert_eq!(report.inserted, 39);
    let [(5, conflict)] = report.conflicts[..] else {
        panic!("{report:?}");
    };
    assert_eq!((conflict.ts, conflict.stored), (rows[5].ts, None));
}

/// Reads what plain SQL takes for the last row.
fn last(path: &std::path::Path) -> serde_json::Value {
    query(path, "SELECT ts, value FROM s ORDER BY ts DESC LIMIT 1")[0].clone()
}

#[test]
fn a_table_that_holds_text_goes_on_as_text_where_that_is_asked_for() {
    for there in [
        &["'2024-01-03 12:00:00'", "'2024-01-03 13:00:00'"][..],
        &["'2024-01-03 12:00:00'", "1704286800"],
    ] {
        let (_folder, path, store, s) = store_with(there);
        // The control: plain SQL never comes to a number.
        store.insert(&s, &row("2024-01-03 14:00", 7.0)).unwrap();
        assert_ne!(last(&path)[1], 7);
        drop(store);

        let keeping = OpenOptions::new().keep_spelling(true).open(&path).unwrap();
        keeping.insert(&s, &row("2024-01-03 15:00", 8.0)).unwrap();
        assert_eq!(last(&path), json!(["2024-01-03 15:00:00", 8]));
        let rows: Vec<_> = (0..500)
            .map(|n| NewObservation::new(Timestamp::from_integer(1_704_297_600 + n), 9.0))
            .collect();
        assert_eq!(keeping.insert_many(&s, &rows).unwrap().inserted, 500);
        assert_eq!(keeping.insert_many(&s, &rows).unwrap().already_there, 500);
        assert_eq!(last(&path), json!(["2024-01-03 16:08:19", 9]));
        let numeric = NewObservation::spelled("1704301200", 10.0).unwrap();
        keeping.insert(&s, &numeric).unwrap();
        assert_eq!(last(&path), json!(["2024-01-03 17:00:00", 10]));
        let payload = br#"{"value": 11, "observed_at": "1704304800"}"#;
        let options = IngestOptions::new().uuid(s.clone());
        assert_eq!(keeping.ingest(payload, &options).unwrap().inserted, 1);
        assert_eq!(last(&path), json!(["2024-01-03 18:00:00", 11]));
        keeping
            .insert(&s, &spelled("2024-01-03T19:00Z", 12.0))
            .unwrap();
        assert_eq!(last(&path), json!(["2024-01-03T19:00Z", 12]));
        assert_eq!(keeping.latest(&s).unwrap().unwrap().value, 12.0);
        // The hashes are those of the text.
        assert_eq!(keeping.verify(&s).unwrap().verified, 502);
    }
}

#[test]
fn a_table_of_numbers_or_a_new_one_stays_one_of_numbers() {
    let (_folder, path) = place();
    let store = OpenOptions::new().keep_spelling(true).open(&path).unwrap();
    for ts in ["2024-01-03 12:00", "2024-01-03 13:00:00.5"] {
        store.insert(&uuid("s"), &row(ts, 1.0)).unwrap();
    }
    let stored = query(&path, "SELECT ts FROM s ORDER BY ts");
    assert_eq!(stored, json!([[1_704_283_200], [1_704_286_800.5]]));
    // What no text can be like is a number still.
    sql(&path, "INSERT INTO s VALUES ('someday', 1, 'h', 'p')");
    store
        .insert(&uuid("s"), &row("2024-01-03 14:00", 1.0))
        .unwrap();
    assert_eq!(
        query(&path, "SELECT count(*) FROM s WHERE ts = 1704290400")[0][0],
        1
    );
}
