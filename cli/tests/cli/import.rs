//! `import`: columns by name, and what is refused, with its place.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{Folder, Ran};
use arrow_array::types::Int32Type;
use arrow_array::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use parquet::arrow::ArrowWriter;
use satori_store::{Store, StreamUuid};

const DAY: i64 = 1_704_240_000;

/// Imports `content` as `file`; returns what the program says.
fn import(folder: &Folder, file: &str, content: impl AsRef<[u8]>) -> Ran {
    folder.write(file, content);
    folder.run(&["import", "engine.db", file])
}

/// Returns the rows of a stream as text.
fn rows(folder: &Folder, stream: &str) -> Vec<String> {
    let ran = folder.run(&["observations", "engine.db", stream, "--format", "csv"]);
    ran.out.lines().skip(1).map(str::to_owned).collect()
}

/// Writes columns as a Parquet file.
fn parquet(folder: &Folder, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = fs::File::create(folder.path("f.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn columns_are_known_by_name_in_any_order() {
    let folder = Folder::new();
    let csv = "provider,note,stream,value,ts\n\
               engine,x,a,1.5,2024-01-03\n\
               ,y,b,2,1704326400\n\
               engine,\"z\nz\",a,3,2024-01-05 00:00\n";
    let ran = import(&folder, "f.csv", csv);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out, "3 rows of 1 file: 3 inserted, 0 already there\n");
    assert!(ran.err.contains("f.csv: ignored note"), "{ran:?}");
    let a = rows(&folder, "a");
    assert_eq!(a.len(), 2);
    assert!(
        a[0].starts_with("2024-01-03T00:00:00Z,1.5,") && a[0].ends_with(",engine"),
        "{a:?}"
    );
    assert!(rows(&folder, "b")[0].ends_with(",central"));
    // Hashes that are not given are computed, and so verify.
    let verified = folder.run(&["verify", "engine.db", "a", "--json"]);
    assert_eq!(
        verified.json()["streams"][0]["chain"]["verified"],
        2,
        "{verified:?}"
    );

    let named = [
        "import",
        "engine.db",
        "f.csv",
        "--stream",
        "c",
        "--provider",
        "me",
        "--json",
    ];
    let ran = folder.run(&named);
    assert_eq!(ran.json()["inserted"], 3, "{ran:?}");
    let providers: Vec<_> = rows(&folder, "c")
        .iter()
        .map(|row| row.rsplit(',').next().unwrap().to_owned())
        .collect();
    assert_eq!(providers, ["engine", "me", "engine"]);
}

#[test]
fn a_row_that_cannot_be_read_refuses_its_file_with_the_line() {
    let folder = Folder::new();
    let csv = "ts,value,stream\n\
               2024-01-01,1,s\n\
               \"2024\n-01\",1,s\n\
               2024-01-02,x,s\n\
               ,1,s\n\
               2024-01-03,inf,s\n\
               2024-01-04,1\n\
               2024-01-05,1,streams\n\
               2024-01-06,1e400,s\n\
               9999-12-31,1,s\n";
    folder.write("good.csv", "ts,value,stream\n2024-01-01,7,good\n");
    folder.write("bad.csv", csv);
    let ran = folder.run(&["import", "engine.db", "bad.csv", "good.csv"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    for (line, what) in [
        (3, "is not a timestamp"),
        (5, "\"x\" is not a value"),
        (6, "\"\" is not a timestamp"),
        (7, "it is not finite"),
        (8, "2 fields, where the header has 3"),
        (9, "reserved for the metadata"),
        (10, "it is not finite"),
        (11, "after the year 5138"),
    ] {
        let place = format!("warning: bad.csv:{line}: ");
        let found = ran.err.lines().find(|text| text.starts_with(&place));
        assert!(
            found.is_some_and(|text| text.contains(what)),
            "{line}: {}",
            ran.err
        );
    }
    assert!(
        ran.err
            .contains("error: bad.csv: nothing of it was stored, since 8 rows"),
        "{ran:?}"
    );
    assert_eq!(rows(&folder, "good").len(), 1, "the other file is stored");
    assert_eq!(folder.run(&["show", "engine.db", "s"]).code, 3);

    let json = folder.run(&["import", "engine.db", "bad.csv", "--json"]);
    let rejected = &json.json()["rejected"];
    assert_eq!(rejected[0]["line"], 3);
    assert_eq!(rejected[0]["file"], "bad.csv");
    assert_eq!(json.error()["kind"], "bad_input");
}

#[test]
fn a_bad_line_is_found_wherever_it_stands() {
    let folder = Folder::new();
    let mut csv = "ts,value,stream\n".to_owned();
    for row in 0..70_000 {
        let value = match row {
            12 | 65_535 | 65_536 | 69_999 => "x".to_owned(),
            _ => row.to_string(),
        };
        csv += &format!("{},{value},{}\n", DAY + row, ["a", "b"][row as usize % 2]);
    }
    folder.write("f.csv", &csv);
    let ran = folder.run(&["import", "engine.db", "f.csv", "--json"]);
    let report = ran.json();
    let lines = report["rejected"].as_array().unwrap().iter();
    let lines: Vec<_> = lines.map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [14, 65_537, 65_538, 70_001]);
    assert_eq!((ran.code, &report["inserted"]), (4, &0.into()));
}

#[test]
fn columns_that_are_missing_or_double_are_named() {
    let folder = Folder::new();
    for (csv, what) in [
        ("time,value\n", "there is no column ts; it has time, value"),
        ("ts;value\n", "there is no column ts; it has ts;value"),
        ("ts,hash\n", "there is no column value"),
        ("", "there is no column ts; it has none"),
        ("ts,value,ts\n", "two columns are named ts"),
        (
            "ts,value,uuid,stream\n",
            "both a column uuid and a column stream",
        ),
        ("ts,value\n1,2\n", "name the stream with --stream"),
        ("ts,value,\u{fffd}\n", "there is no column stream"),
    ] {
        let ran = import(&folder, "f.csv", csv);
        assert_eq!(ran.code, 4, "{csv}: {ran:?}");
        assert!(
            ran.err.contains(&format!("error: f.csv: {what}")) || ran.err.contains(what),
            "{csv}: {ran:?}"
        );
    }
    let ran = import(&folder, "f.csv", b"ts,value,stream\n2024-01-01,1,\xff\n");
    assert!(
        ran.err.contains("f.csv:2: field 3 is not text in UTF-8"),
        "{ran:?}"
    );
    let ran = import(
        &folder,
        "f.csv",
        "\u{feff}ts,value,stream\r\n2024-01-01,1,bom\r\n",
    );
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn an_existing_row_stays() {
    let folder = Folder::new();
    import(&folder, "f.csv", "ts,value,stream\n2024-01-01,1,s\n");
    let csv = "ts,value,stream\n2024-01-01,1,s\n2024-01-01T00:00Z,2,s\n2024-01-02,3,s\n";
    let ran = import(&folder, "f.csv", csv);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(
        ran.out,
        "3 rows of 1 file: 1 inserted, 1 already there, 1 in conflict\n"
    );
    let expected = "f.csv:3: 2024-01-01T00:00:00Z has the value 1 already, 2 is refused";
    assert!(ran.err.contains(expected), "{ran:?}");
}

#[test]
fn payloads_may_name_a_provider() {
    let folder = Folder::new();
    let ndjson = r#"{"value": 1, "ts": "2024-01-01", "provider": "engine", "stream": {"uuid": "s", "name": "n"}}
{"value": 2, "ts": "2024-01-02", "stream": {"uuid": "s"}}
null

{"value": 3,
 "ts": "2024-01-03", "stream": {"uuid": "s"}}
{"value": 4, "ts": "2024-01-04", "provider": "engine", "stream": {"uuid": "s"}}
"#;
    let ran = import(&folder, "f.ndjson", ndjson);
    assert_eq!(ran.code, 0, "{ran:?}");
    let providers = rows(&folder, "s");
    let providers: Vec<_> = providers
        .iter()
        .map(|row| row.rsplit(',').next().unwrap())
        .collect();
    assert_eq!(providers, ["engine", "central", "central", "engine"]);

    let bad = r#"{"value": 1, "ts": "2025-01-01", "stream": {"uuid": "s"}}
{"value": 1, "ts": "2025-01-02", "provider": 5, "stream": {"uuid": "s"}}
{"value": "x", "ts": "2025-01-03", "stream": {"uuid": "s"}}
{"value": 1
{"value": 1, "ts": "2025-01-03"}
"#;
    let ran = import(&folder, "f.ndjson", bad);
    assert_eq!(ran.code, 4, "{ran:?}");
    for line in [
        "f.ndjson:2: the provider is no text",
        "f.ndjson:3: \"x\"",
        "f.ndjson:4: ",
        "f.ndjson:5: no uuid",
    ] {
        assert!(ran.err.contains(line), "{line}: {}", ran.err);
    }
    assert_eq!(rows(&folder, "s").len(), 4, "nothing of it was stored");
}

#[test]
fn parquet_of_other_programs_is_read() {
    let folder = Folder::new();
    let value = || -> ArrayRef { Arc::new(Float32Array::from(vec![0.5, 0.25])) };
    let days: [ArrayRef; 8] = [
        Arc::new(Int64Array::from(vec![DAY, DAY + 86_400])),
        Arc::new(Int64Array::from(vec![DAY * 1_000, (DAY + 86_400) * 1_000])),
        Arc::new(Float64Array::from(vec![DAY as f64, (DAY + 86_400) as f64])),
        Arc::new(TimestampSecondArray::from(vec![DAY, DAY + 86_400])),
        Arc::new(TimestampMillisecondArray::from(vec![
            DAY * 1_000,
            (DAY + 86_400) * 1_000,
        ])),
        Arc::new(TimestampNanosecondArray::from(vec![
            DAY * 1_000_000_000,
            (DAY + 86_400) * 1_000_000_000,
        ])),
        Arc::new(StringArray::from(vec![
            "2024-01-03",
            "2024-01-04T00:00:00Z",
        ])),
        Arc::new(Date32Array::from(vec![19_725, 19_726])),
    ];
    for (number, ts) in days.into_iter().enumerate() {
        let kind = ts.data_type().clone();
        parquet(&folder, vec![("value", value()), ("ts", ts)]);
        let stream = format!("s{number}");
        let ran = folder.run(&["import", "engine.db", "f.parquet", "--stream", &stream]);
        assert_eq!(ran.code, 0, "{kind}: {ran:?}");
        let found = rows(&folder, &stream);
        assert!(
            found[0].starts_with("2024-01-03T00:00:00Z,0.5,"),
            "{kind}: {found:?}"
        );
        assert!(
            found[1].starts_with("2024-01-04T00:00:00Z,0.25,"),
            "{kind}: {found:?}"
        );
    }
    let streams: [ArrayRef; 3] = [
        Arc::new(StringArray::from(vec!["a", "b"])),
        Arc::new(LargeStringArray::from(vec!["a", "b"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["a", "b"])),
    ];
    for (number, stream) in streams.into_iter().enumerate() {
        let ts = DAY + number as i64;
        let ts: ArrayRef = Arc::new(Int64Array::from(vec![ts, ts]));
        parquet(
            &folder,
            vec![("uuid", stream), ("ts", ts), ("value", value())],
        );
        let ran = folder.run(&["import", "engine.db", "f.parquet"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(rows(&folder, "a").len(), number + 1);
        assert_eq!(rows(&folder, "b").len(), number + 1);
    }
}

#[test]
fn files_that_pyarrow_has_written_are_read_unless_they_are_compressed_by_zstd() {
    let folder = Folder::new();
    let file = |name: &str| format!("{}/../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    for name in ["snappy.parquet", "lz4.arrow"] {
        let ran = folder.run(&["import", "engine.db", &file(name), "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.json()["rows"], 200);
        assert_eq!(rows(&folder, "s").len(), 200);
    }
    for name in ["zstd.parquet", "zstd.arrow"] {
        let ran = folder.run(&["import", "engine.db", &file(name)]);
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(ran.err.contains("it is compressed by zstd"), "{ran:?}");
    }
}

#[test]
fn parquet_that_is_no_stream_is_refused_in_words() {
    let folder = Folder::new();
    let ts = || -> ArrayRef { Arc::new(Int64Array::from(vec![DAY, DAY + 1, DAY + 2])) };
    let value = || -> ArrayRef { Arc::new(Int64Array::from(vec![1, 2, 3])) };
    let text = |texts: [&str; 3]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let cases: Vec<(Vec<(&str, ArrayRef)>, &str)> = vec![
        (vec![("ts", ts())], "there is no column value; it has ts"),
        (
            vec![
                ("ts", ts()),
                ("value", text(["1", "x", "3"])),
                ("stream", text(["s"; 3])),
            ],
            "row 2: \"x\" is not a value",
        ),
        (
            vec![
                ("ts", text(["1", "2", "monday"])),
                ("value", value()),
                ("stream", text(["s"; 3])),
            ],
            "row 3: \"monday\"",
        ),
        (
            vec![
                ("ts", ts()),
                (
                    "value",
                    Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::NAN)])),
                ),
                ("stream", text(["s"; 3])),
            ],
            "row 2: ",
        ),
        (
            vec![
                ("ts", Arc::new(BooleanArray::from(vec![true; 3]))),
                ("value", value()),
                ("stream", text(["s"; 3])),
            ],
            "row 1: \"true\"",
        ),
        (
            vec![("ts", ts()), ("value", value()), ("stream", ts())],
            "the column of streams is Int64, not text",
        ),
        (
            vec![
                ("ts", ts()),
                ("value", value()),
                ("stream", text(["s", "", "s"])),
            ],
            "row 2: \"\" ",
        ),
        (
            vec![("ts", ts()), ("value", value())],
            "name it with --stream",
        ),
    ];
    for (columns, what) in cases {
        parquet(&folder, columns);
        let ran = folder.run(&["import", "engine.db", "f.parquet"]);
        assert_eq!(ran.code, 4, "{what}: {ran:?}");
        assert!(ran.err.contains(what), "{what}: {ran:?}");
    }
    assert_eq!(folder.run(&["streams", "engine.db"]).out, "no streams\n");
}

#[test]
fn damaged_files_are_refused() {
    let folder = Folder::with_bitcoin();
    for format in ["parquet", "arrow"] {
        let file = format!("b.{format}");
        folder.run(&["export", "engine.db", "bitcoin", "-o", &file]);
        let whole = fs::read(folder.path(&file)).unwrap();
        for cut in [
            0,
            3,
            8,
            100,
            whole.len() / 2,
            whole.len() - 9,
            whole.len() - 1,
        ] {
            let name = format!("cut.{format}");
            folder.write(&name, &whole[..cut]);
            let ran = folder.run(&["import", "cut.db", &name]);
            assert_eq!(ran.code, 4, "{cut}: {ran:?}");
            assert!(
                ran.err
                    .contains(&format!("error: {name}: it can't be read as")),
                "{ran:?}"
            );
        }
        // A bit that is turned may go unseen where no checksum is; it never ends the program.
        for (at, bit) in (0..whole.len())
            .step_by(251)
            .zip([0, 3, 7].into_iter().cycle())
        {
            let mut turned = whole.clone();
            turned[at] ^= 1 << bit;
            let name = format!("turned.{format}");
            folder.write(&name, &turned);
            let ran = folder.run(&["import", "turned.db", &name]);
            assert!([0, 1, 4].contains(&ran.code), "{at}: {ran:?}");
        }
    }
    // The length of a buffer, where the reader of Arrow has an assert.
    let mut whole = fs::read(folder.path("b.arrow")).unwrap();
    let ts = (156 * 8i64).to_le_bytes();
    let buffer = [[0; 8], ts].concat();
    let at = whole.windows(16).position(|bytes| bytes == buffer).unwrap();
    whole[at + 11] = 4;
    let ran = import(&folder, "turned.arrow", whole);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    for (name, what) in [("a.parquet", "Parquet"), ("a.arrow", "Arrow IPC")] {
        let ran = import(&folder, name, "ts,value\n1,2\n");
        assert_eq!(ran.code, 4, "{ran:?}");
        assert!(
            ran.err.contains(&format!("it can't be read as {what}")),
            "{ran:?}"
        );
    }
}

#[test]
fn standard_input_and_the_store_itself() {
    let folder = Folder::with_bitcoin();
    for format in ["csv", "ndjson", "parquet", "arrow"] {
        let export = ["export", "engine.db", "bitcoin", "--format", format];
        let out = folder.command(&export).output().unwrap().stdout;
        let db = format!("{format}.db");
        let ran = folder.feed(&["import", &db, "-", "--format", format, "--json"], &out);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.json()["inserted"], 156, "{format}");
    }
    let ran = folder.feed(&["import", "engine.db", "-"], b"");
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = folder.run(&["import", "engine.db", "engine.db", "--format", "csv"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("the store itself"), "{ran:?}");
    let ran = folder.run(&["import", "none.db", "none.csv"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(!folder.path("none.db").exists());
}

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

#[test]
fn killed_at_any_moment_the_store_is_sound_and_the_import_can_be_repeated() {
    let folder = Folder::new();
    let mut csv = "ts,value,stream\n".to_owned();
    for row in 0..60_000 {
        csv += &format!("{},{},s{}\n", DAY + row, row, row / 20_000);
    }
    folder.write("f.csv", &csv);
    let mut killed = 0;
    for round in 0..12u64 {
        let mut child = folder
            .command(&["import", "engine.db", "f.csv"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(10 + 30 * round));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        if !folder.path("engine.db").exists() {
            continue;
        }
        let mut other = folder.sqlite();
        other.batch_execute("PRAGMA busy_timeout = 60000").unwrap();
        let check = diesel::sql_query("PRAGMA integrity_check").load::<Check>(&mut other);
        let check: Vec<_> = check
            .unwrap()
            .into_iter()
            .map(|one| one.integrity_check)
            .collect();
        assert_eq!(check, ["ok"]);
    }
    assert!(killed > 2, "only {killed} were killed");
    let ran = folder.run(&["import", "engine.db", "f.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let store = Store::open(folder.path("engine.db")).unwrap();
    for stream in ["s0", "s1", "s2"] {
        let uuid = StreamUuid::new(stream).unwrap();
        assert_eq!(store.count(&uuid, ..).unwrap(), 20_000);
        let verified = store.verify(&uuid).unwrap();
        assert_eq!(verified.verified, 20_000, "{verified:?}");
    }
}

#[test]
fn streams_whose_names_can_be_no_tables_are_refused() {
    let folder = Folder::new();
    let ran = import(&folder, "f.csv", "ts,value,stream\n1,1,ab\n1,1,aB\n");
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("warning: f.csv:3: "), "{ran:?}");
    // Of two files, only the store can say it.
    folder.write("one.csv", "ts,value,stream\n1,1,ab\n");
    folder.write("two.csv", "ts,value,stream\n1,1,AB\n");
    folder.write("three.csv", "ts,value,stream\n1,1,c\n");
    let ran = folder.run(&["import", "engine.db", "one.csv", "two.csv", "three.csv"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("error: two.csv: "), "{ran:?}");
    assert_eq!(
        (rows(&folder, "ab").len(), rows(&folder, "c").len()),
        (1, 1)
    );
}

#[test]
fn streams_may_stand_side_by_side() {
    let folder = Folder::new();
    let mut csv = "ts,value,stream\n".to_owned();
    for row in 0..3_000 {
        csv += &format!("{},{row},s{}\n", DAY + row, row % 300);
    }
    let ran = import(&folder, "f.csv", csv);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        (rows(&folder, "s0").len(), rows(&folder, "s299").len()),
        (10, 10)
    );
}

#[test]
fn a_payload_is_its_providers_however_many_lines_it_has() {
    let folder = Folder::new();
    let one = |ts: u32, provider: &str| {
        format!(
            "{{\n \"value\": {ts}, \"observed_at\": {ts}, \"provider\": \"{provider}\",\n \
             \"stream\":\n{{\"uuid\": \"s\"}}\n}}\n"
        )
    };
    let plain = "{\"value\": 9, \"observed_at\": 9, \"stream\": {\"uuid\": \"s\"}}\n";
    let lines = [one(1, "p"), one(2, "p"), plain.to_owned(), one(3, "q")].concat();
    folder.write("lines.ndjson", lines);
    folder.write("array.ndjson", format!("[{},{}]", one(4, "r"), one(5, "r")));
    for (file, rows) in [("lines.ndjson", 4), ("array.ndjson", 2)] {
        let ran = folder.run(&["import", "engine.db", file, "--json"]);
        assert_eq!(ran.code, 0, "{file}: {ran:?}");
        assert_eq!(ran.json()["inserted"], rows, "{file}");
    }
    let csv = folder.run(&["export", "engine.db", "s"]).out;
    let providers: Vec<_> = csv
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(3))
        .collect();
    assert_eq!(providers, ["p", "p", "q", "r", "r", "central"]);

    // What can't be read, or split, is refused and takes no other's provider.
    let double =
        r#"{"value":1,"observed_at":11,"provider":"x","provider":"y","stream":{"uuid":"s"}}"#;
    folder.write("double.ndjson", format!("{}{double}\n", one(10, "p")));
    folder.write("two.ndjson", format!("[{},{}]", one(12, "p"), one(13, "q")));
    for (file, line) in [("double.ndjson", 6), ("two.ndjson", 1)] {
        let ran = folder.run(&["import", "engine.db", file, "--json"]);
        assert_eq!(ran.code, 4, "{file}: {ran:?}");
        assert_eq!(ran.json()["rejected"][0]["line"], line, "{file}: {ran:?}");
        assert_eq!(ran.json()["inserted"], 0, "{file}");
    }
}

#[test]
fn a_stream_that_is_named_takes_no_metadata_of_others() {
    let folder = Folder::with_bitcoin();
    let out = folder.run(&["export", "engine.db", "-o", "all", "--format", "csv"]);
    assert_eq!(out.code, 0, "{out:?}");
    let ran = folder.run(&["import", "other.db", "all", "--stream", "x"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let streams = folder.run(&["streams", "other.db", "--json"]).json();
    assert_eq!(
        streams["streams"].as_array().map(Vec::len),
        Some(1),
        "{streams}"
    );
    assert_eq!(streams["streams"][0]["uuid"], "x");
    // The store by another name is no input: closing it would drop SQLite's locks.
    std::fs::hard_link(folder.path("engine.db"), folder.path("link.csv")).unwrap();
    let ran = folder.run(&["import", "engine.db", "link.csv"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("it is the store itself"), "{ran:?}");
}
