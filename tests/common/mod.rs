//! What the tests share: fixtures, and "another program" that speaks plain SQL
//! to the same file through Python's own SQLite, as an installed engine does.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use satori_store::{NewObservation, Observation, Store, StreamUuid, Timestamp};
use tempfile::TempDir;

/// Runs a Python script; what it printed.
pub(crate) fn python(script: &str, arguments: &[&str]) -> String {
    // Started some hundred times: without the shim in front of it, if there is
    // one, and without its site packages.
    static PYTHON: OnceLock<String> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let asked = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable, end='')"])
            .output()
            .expect("python3 is needed to write as another program");
        String::from_utf8(asked.stdout).unwrap()
    });
    let output = Command::new(python)
        .args(["-S", "-c", script])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs statements on the file as another program.
pub(crate) fn sql(path: &Path, statements: &str) {
    let script = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\n\
                  c.executescript(open(sys.argv[2]).read())\nc.commit()";
    // By a file: an argument has a limit, a table of a test may not.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statements.sql");
    std::fs::write(&file, statements).unwrap();
    python(script, &[text(path), text(&file)]);
}

/// The rows of a query, as another program sees them.
pub(crate) fn query(path: &Path, sql: &str) -> serde_json::Value {
    let script = "import sqlite3,sys,json\nc=sqlite3.connect(sys.argv[1])\n\
                  print(json.dumps(c.execute(sys.argv[2]).fetchall()))";
    serde_json::from_str(&python(script, &[text(path), sql])).unwrap()
}

/// Every table and view but `streams` and the bookkeeping: its SQL, and its rows
/// with their types, down to the last digit.
pub(crate) fn dump(path: &Path) -> String {
    let script = r#"
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.text_factory = bytes
q = lambda n: '"' + n.replace('"', '""') + '"'
for kind, name, sql in c.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'view')"
        " AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_!_%' ESCAPE '!'"
        " AND name <> 'streams' ORDER BY name").fetchall():
    name = name.decode()
    print(kind, name, sql)
    columns = [r[1].decode() for r in c.execute(f"PRAGMA table_info({q(name)})")]
    picked = ", ".join(f"quote({q(n)}), typeof({q(n)})" for n in columns)
    for row in c.execute(f"SELECT {picked} FROM {q(name)}"):
        print(row)
"#;
    python(script, &[text(path)])
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder for a file, and the file's path; there is no file yet.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.db");
    (folder, path)
}

/// A copy of one of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> (TempDir, PathBuf) {
    let (folder, path) = place();
    // Bytes, not a copy: the permissions are not to be copied with them.
    std::fs::write(
        &path,
        std::fs::read(crate_file("tests/fixtures").join(name)).unwrap(),
    )
    .unwrap();
    (folder, path)
}

pub(crate) fn crate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn feed(name: &str) -> Vec<u8> {
    std::fs::read(crate_file("tests/feeds").join(name)).unwrap()
}

/// What `tests/fixtures/manifest.json` expects of a fixture.
pub(crate) fn manifest(name: &str) -> serde_json::Value {
    let manifest = std::fs::read(crate_file("tests/fixtures/manifest.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&manifest).unwrap()[name].clone()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn uuid(text: &str) -> StreamUuid {
    StreamUuid::new(text).unwrap()
}

/// The SQL of an observation table as engines make it, with rows whose
/// timestamps are SQL literals; the value of each is its number.
pub(crate) fn table_sql(name: &str, timestamps: &[&str]) -> String {
    let name = name.replace('"', "\"\"");
    let mut statements = format!(
        "CREATE TABLE IF NOT EXISTS \"{name}\" (ts TIMESTAMP PRIMARY KEY NOT NULL, \
         value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL);\nBEGIN;\n"
    );
    for (number, ts) in timestamps.iter().enumerate() {
        statements.push_str(&format!(
            "INSERT INTO \"{name}\" VALUES ({ts}, {number}, 'h{number}', 'engine');\n"
        ));
    }
    statements + "COMMIT;\n"
}

/// A store in which another program has written the stream `s`.
pub(crate) fn store_with(timestamps: &[&str]) -> (TempDir, PathBuf, Store, StreamUuid) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    sql(&path, &table_sql("s", timestamps));
    (folder, path, store, uuid("s"))
}

/// A row as [`NewObservation`], its hash given so that none is computed.
pub(crate) fn row(ts: &str, value: f64) -> NewObservation<'static> {
    NewObservation::new(at(ts), value).hash("h")
}

/// All observations in order, or the first error.
pub(crate) fn all(store: &Store, stream: &StreamUuid) -> satori_store::Result<Vec<Observation>> {
    store.observations(stream, ..)?.collect()
}

pub(crate) fn values(observations: &[Observation]) -> Vec<f64> {
    observations.iter().map(|row| row.value).collect()
}
