//! Data: instants, rows, files to begin with.

use std::path::{Path, PathBuf};

use satori_store::{NewObservation, Observation, Result, Store, StreamUuid, Timestamp};
use tempfile::TempDir;

use super::{about_files, database, server, sql};

/// What stands for an instant in a test: a text in any spelling, or seconds since 1970.
pub(crate) trait When {
    /// Returns the instant.
    fn instant(self) -> Timestamp;
}

impl When for &str {
    fn instant(self) -> Timestamp {
        self.parse().unwrap()
    }
}

impl When for i64 {
    fn instant(self) -> Timestamp {
        Timestamp::from_micros(self * 1_000_000)
    }
}

/// Returns the instant of a text or of seconds since 1970.
pub(crate) fn at(when: impl When) -> Timestamp {
    when.instant()
}

/// Returns the stream of this name.
pub(crate) fn uuid(name: &str) -> StreamUuid {
    StreamUuid::new(name).unwrap()
}

/// Returns a row whose hash is given, so that none is computed.
pub(crate) fn row(when: impl When, value: f64) -> NewObservation<'static> {
    NewObservation::new(at(when), value).hash("h")
}

/// Returns a row without a hash, whose value is the second at which it stands.
pub(crate) fn numbered(second: i64) -> NewObservation<'static> {
    NewObservation::new(at(second), second as f64)
}

/// Returns a store of its own: in memory, or on the server of the tests.
pub(crate) fn memory() -> Store {
    match server() {
        Some(server) => Store::connect(&database(&server)).unwrap(),
        None => Store::open_in_memory().unwrap(),
    }
}

/// Makes a folder for a file. Returns it and where a store may be, but isn't yet: the path of
/// a file in the folder, or a URL on the server of the tests.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = match server() {
        Some(server) => PathBuf::from(database(&server)),
        None => folder.path().join("engine.db"),
    };
    (folder, path)
}

/// Copies one of `tests/fixtures` into a folder of its own.
pub(crate) fn fixture(name: &str) -> (TempDir, PathBuf) {
    about_files();
    let (folder, path) = place();
    // Bytes, not a copy: the permissions are not to be copied with them.
    let bytes = std::fs::read(crate_file("tests/fixtures").join(name)).unwrap();
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Returns the path of a file of this repository.
pub(crate) fn crate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Checks each seed of a fuzz target.
pub(crate) fn check_seeds(target: &str, check: fn(&[u8])) {
    let folder = crate_file("fuzz/seeds").join(target);
    let mut checked = 0;
    for seed in std::fs::read_dir(folder).unwrap() {
        let path = seed.unwrap().path();
        println!("{path:?}");
        check(&std::fs::read(path).unwrap());
        checked += 1;
    }
    assert!(checked > 0, "{target} has no seeds");
}

/// Reads one of `tests/feeds`.
pub(crate) fn feed(name: &str) -> Vec<u8> {
    std::fs::read(crate_file("tests/feeds").join(name)).unwrap()
}

/// Reads what `tests/fixtures/manifest.json` expects of a fixture.
pub(crate) fn manifest(name: &str) -> serde_json::Value {
    let manifest = std::fs::read(crate_file("tests/fixtures/manifest.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&manifest).unwrap()[name].clone()
}

/// Returns the path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Returns the SQL of an observation table as engines make it, with rows whose
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

/// Makes a store in which another program has written the stream `s`.
pub(crate) fn store_with(timestamps: &[&str]) -> (TempDir, PathBuf, Store, StreamUuid) {
    store_with_table(&table_sql("s", timestamps))
}

/// Makes a store in which another program has made the stream `s` by this SQL.
pub(crate) fn store_with_table(table: &str) -> (TempDir, PathBuf, Store, StreamUuid) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    sql(&path, table);
    (folder, path, store, uuid("s"))
}

/// Reads all observations in order of time. Returns the first error instead, if there
/// is one.
pub(crate) fn all(store: &Store, stream: &StreamUuid) -> Result<Vec<Observation>> {
    store.observations(stream, ..)?.collect()
}

/// Returns the value of each row.
pub(crate) fn values(observations: &[Observation]) -> Vec<f64> {
    observations.iter().map(|row| row.value).collect()
}

/// Reads the whole seconds of each row of the stream.
pub(crate) fn seconds(store: &Store, stream: &StreamUuid) -> Vec<i64> {
    let rows = all(store, stream).unwrap();
    rows.iter()
        .map(|row| row.ts.as_micros() / 1_000_000)
        .collect()
}
