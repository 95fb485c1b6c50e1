//! `export`: files, folders, standard output, and what is in the way of them.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::common::{BITCOIN, Folder, create};
use diesel::connection::SimpleConnection;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use satori_store::{NewObservation, Store, StreamUuid, Timestamp};

/// Returns the names in the folder, without those of the stores.
fn files(folder: &Folder) -> Vec<String> {
    let names = fs::read_dir(folder.path(".")).unwrap();
    let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.contains(".db")).collect();
    names.sort();
    names
}

#[test]
fn a_parquet_file_is_what_other_programs_expect() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&[
        "export",
        "engine.db",
        "bitcoin",
        "-o",
        "b.parquet",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["format"], "parquet");
    assert_eq!(report["streams"][0]["rows"], 156);
    let file = fs::File::open(folder.path("b.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let fields = reader.schema().fields().iter();
    let fields: Vec<_> = fields
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect();
    assert_eq!(
        fields,
        [
            "ts Timestamp(µs, \"UTC\")",
            "value Float64",
            "hash Utf8",
            "provider Utf8"
        ]
    );
    let group = reader.metadata().row_group(0);
    assert_eq!(group.num_rows(), 156);
    assert_eq!(group.column(0).compression(), Compression::SNAPPY);
    let object: serde_json::Value =
        serde_json::from_str(&reader.schema().metadata()["satori.stream"]).unwrap();
    assert_eq!(object["uuid"], BITCOIN);
    assert_eq!(object["name"], "bitcoin");
}

#[test]
fn standard_output_takes_one_stream_in_each_format() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["export", "engine.db", "bitcoin"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("ts,value,hash,provider,stream\n"));
    assert_eq!(ran.out.lines().count(), 157);
    let observations = folder.run(&["observations", "engine.db", "bitcoin", "--format", "csv"]);
    let cut: String = ran
        .out
        .lines()
        .map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n")
        .collect();
    assert_eq!(cut, observations.out, "the same meaning in both commands");
    for format in ["ndjson", "parquet", "arrow"] {
        let args = ["export", "engine.db", "bitcoin", "--format", format, "-o"];
        let out = folder
            .command(&[&args[..], &["-"]].concat())
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        let ran = folder.run(&[&args[..], &["file"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(
            out.stdout,
            fs::read(folder.path("file")).unwrap(),
            "{format}"
        );
        fs::remove_file(folder.path("file")).unwrap();
    }
    let all = folder.run(&["export", "engine.db", "-o", "-"]);
    assert_eq!(all.code, 2, "{all:?}");
}

#[test]
fn an_existing_file_stays_unless_force_is_said() {
    let folder = Folder::with_bitcoin();
    folder.write("b.csv", "mine");
    let export = ["export", "engine.db", "bitcoin", "-o", "b.csv"];
    let ran = folder.run(&export);
    assert_eq!(ran.code, 8, "{ran:?}");
    assert!(ran.err.contains("--force"), "{ran:?}");
    let json = folder.run(&[&export[..], &["--json"]].concat());
    assert_eq!(json.error()["kind"], "exists");
    assert_eq!(fs::read(folder.path("b.csv")).unwrap(), b"mine");
    let forced = folder.run(&[&export[..], &["--force"]].concat());
    assert_eq!(forced.code, 0, "{forced:?}");
    assert_eq!(files(&folder), ["b.csv"]);
    assert!(fs::read(folder.path("b.csv")).unwrap().starts_with(b"ts,"));
}

#[test]
fn the_store_is_never_written_over() {
    let folder = Folder::with_bitcoin();
    let before = fs::read(folder.path("engine.db")).unwrap();
    let csv = ["--format", "csv", "--force"];
    for db in [
        "engine.db",
        "./engine.db",
        "engine.db-wal",
        "./engine.db-shm",
    ] {
        let ran = folder.run(&[&["export", "engine.db", "bitcoin", "-o", db], &csv[..]].concat());
        assert_eq!(ran.code, 8, "{ran:?}");
        assert!(ran.err.contains("the store itself"), "{ran:?}");
    }
    assert_eq!(fs::read(folder.path("engine.db")).unwrap(), before);
    assert_eq!(files(&folder), [] as [&str; 0]);
}

#[test]
fn what_cannot_be_made_leaves_nothing() {
    let folder = Folder::with_bitcoin();
    let ran = folder.run(&["export", "engine.db", "bitcoin", "-o", "none/b.csv"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    let ran = folder.run(&["export", "engine.db", "bitcoin", "-o", "b.txt"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("--format"), "{ran:?}");
    let ran = folder.run(&["export", "engine.db", "unknown", "-o", "b.csv"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let ran = folder.run(&["export", "none.db", "-o", "all"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(files(&folder), [] as [&str; 0]);

    fs::create_dir(folder.path("all")).unwrap();
    folder.write("all/mine", "");
    let ran = folder.run(&["export", "engine.db", "-o", "all"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    assert!(ran.err.contains("not empty"), "{ran:?}");
    fs::remove_file(folder.path("all/mine")).unwrap();
    let ran = folder.run(&["export", "engine.db", "-o", "all"]);
    assert_eq!(ran.code, 0, "an empty folder is as good as none: {ran:?}");
    assert_eq!(files(&folder), ["all"]);
}

#[test]
fn rows_that_cannot_be_read_are_never_dropped_in_silence() {
    let folder = Folder::with("unreadable_rows.db");
    let one = folder.run(&["export", "engine.db", "engine", "-o", "e.csv"]);
    assert_eq!(one.code, 6, "{one:?}");
    assert_eq!(files(&folder), [] as [&str; 0]);
    let skip = ["--skip-unreadable", "--json"];
    let one = folder.run(&[&["export", "engine.db", "engine", "-o", "e.csv"], &skip[..]].concat());
    assert_eq!(one.code, 1, "{one:?}");
    assert_eq!(one.json()["streams"][0]["unreadable"], 5);
    assert_eq!(one.json()["streams"][0]["rows"], 1);

    // Of all, the others are exported.
    let store = Store::open(folder.path("engine.db")).unwrap();
    let row = NewObservation::new(Timestamp::from_micros(0), 1.0);
    store
        .insert(&StreamUuid::new("good").unwrap(), &row)
        .unwrap();
    drop(store);
    let all = folder.run(&["export", "engine.db", "-o", "all", "--json"]);
    assert_eq!(all.code, 6, "{all:?}");
    assert!(folder.path("all/good.parquet").exists());
    assert!(!folder.path("all/engine.parquet").exists());
    let report = all.json();
    let streams = report["streams"].as_array().unwrap();
    let engine = streams.iter().find(|stream| stream["uuid"] == "engine");
    assert_eq!(engine.unwrap()["error"]["kind"], "unreadable_row");
}

/// Fills the store with so many streams of so many rows each.
fn fill(folder: &Folder, streams: usize, rows: usize) {
    Store::open(folder.path("engine.db")).unwrap();
    let mut other = folder.sqlite();
    let tables: String = (0..streams)
        .map(|number| create(&format!("s{number}"), rows, "i, i, 'h' || i, 'p'"))
        .collect();
    other
        .batch_execute(&format!("BEGIN; {tables} COMMIT"))
        .unwrap();
}

#[test]
fn killed_at_any_moment_it_leaves_no_half_of_a_file() {
    let folder = Folder::new();
    fill(&folder, 6, 40_000);
    let mut killed = 0;
    for (round, delay) in (0..24u64).map(|round| (round, 7 * round + round * round)) {
        let (args, path) = match round % 4 {
            0 => (vec!["s1", "-o", "one.parquet"], "one.parquet"),
            1 => (vec!["s1", "-o", "one.csv"], "one.csv"),
            2 => (vec!["-o", "all"], "all"),
            _ => (vec!["-o", "nd", "--format", "ndjson"], "nd"),
        };
        let mut child = folder
            .command(&[&["export", "engine.db"], &args[..]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        killed += usize::from(!ended.success());
        let path = folder.path(path);
        if !path.exists() {
            continue;
        }
        // It was complete before the signal came.
        let db = format!("check{round}.db");
        let ran = folder.run(&["import", &db, path.to_str().unwrap(), "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let streams = if round % 4 < 2 { 1 } else { 6 };
        assert_eq!(ran.json()["inserted"], 40_000 * streams, "{ran:?}");
        match path.is_dir() {
            true => fs::remove_dir_all(&path).unwrap(),
            false => fs::remove_file(&path).unwrap(),
        }
    }
    assert!(killed > 4, "only {killed} were killed");
    for name in files(&folder) {
        assert!(name.starts_with(".satori-store.partial-"), "{name}");
    }
    let verified = folder.run(&["streams", "engine.db", "--json"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn nothing_of_the_store_and_no_device_is_written_over() {
    let folder = Folder::with_bitcoin();
    for name in [
        "engine.db-wal",
        "engine.db-shm",
        "engine.db-journal",
        "engine.db",
    ] {
        let ran = folder.run(&["export", "engine.db", "-o", name]);
        assert_eq!(ran.code, 8, "{name}: {ran:?}");
    }
    assert_eq!(folder.run(&["verify", "engine.db"]).code, 0);
    // A link is not written through, and not replaced either.
    folder.write("target.csv", "mine");
    #[cfg(unix)]
    std::os::unix::fs::symlink("target.csv", folder.path("link.csv")).unwrap();
    #[cfg(unix)]
    for output in ["link.csv", "/dev/null"] {
        let args = [
            "export",
            "engine.db",
            "bitcoin",
            "--format",
            "csv",
            "--force",
            "-o",
            output,
        ];
        let ran = folder.run(&args);
        assert_eq!(ran.code, 8, "{output}: {ran:?}");
        assert!(ran.err.contains("not a file"), "{output}: {ran:?}");
    }
    // A name that ends like a file's is not a folder's.
    let ran = folder.run(&["export", "engine.db", "-o", "all.csv"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!folder.path("all.csv").exists());
}

#[test]
fn rows_left_out_are_those_of_the_range() {
    let folder = Folder::with("unreadable_rows.db");
    let skip = |more: &[&str]| {
        let args = [
            "export",
            "engine.db",
            "engine",
            "--skip-unreadable",
            "--format",
            "csv",
        ];
        folder.run(&[&args, more].concat())
    };
    assert_eq!(skip(&[]).code, 1);
    let none = skip(&["--to", "1900-01-01"]);
    assert_eq!((none.code, none.err.as_str()), (0, ""), "{none:?}");
}
