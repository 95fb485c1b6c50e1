//! What the tests share: a temporary folder, and runs of the program in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::{Connection, SqliteConnection};

pub(crate) const BITCOIN: &str = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1";

/// A folder that is removed when the test ends.
pub(crate) struct Folder(tempfile::TempDir);

/// What the program printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    /// Creates an empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Creates a folder with a copy of the fixture as `engine.db`.
    pub(crate) fn with(fixture: &str) -> Self {
        let folder = Self::new();
        let fixture = tests().join("fixtures").join(fixture);
        fs::write(folder.path("engine.db"), fs::read(fixture).unwrap()).unwrap();
        folder
    }

    /// Creates a folder with the bitcoin feed in `engine.db`.
    pub(crate) fn with_bitcoin() -> Self {
        let folder = Self::new();
        let ran = folder.run(&["ingest", "engine.db", &feed("bitcoin.ndjson")]);
        assert_eq!(ran.code, 0, "{ran:?}");
        folder
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Opens `engine.db` as another program does.
    pub(crate) fn sqlite(&self) -> SqliteConnection {
        SqliteConnection::establish(self.path("engine.db").to_str().unwrap()).unwrap()
    }

    /// Returns the program's command, to be run in the folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_satori-store"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs the program with `input` on standard input.
    pub(crate) fn feed(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may refuse before it reads.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Parses standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Parses the error on standard error.
    pub(crate) fn error(&self) -> serde_json::Value {
        let value: serde_json::Value =
            serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        value["error"].clone()
    }
}

/// Returns the password of a URL: that of the tests' server, which the server may not ask for.
pub(crate) fn password(url: &str) -> &str {
    let (user, _) = url.rsplit_once('@').unwrap();
    user.rsplit_once(':').unwrap().1
}

/// Makes an empty place for a store on the server of the tests, and returns its URL, with a
/// password in it. Returns `None` if there is no server, or if this
/// build can't use one.
pub(crate) fn database() -> Option<String> {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let server = std::env::var("SATORI_STORE_POSTGRES").ok();
    let server = server.filter(|_| cfg!(feature = "postgres"))?;
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let schema = format!("test_cli_{}_{number}", std::process::id());
    let create = format!("CREATE SCHEMA {schema}");
    let psql = Command::new("psql")
        .args(["-Xqc", &create, &server])
        .status();
    assert!(psql.unwrap().success());
    let (user, host) = server.split_once('@').unwrap();
    let user = match user.matches(':').count() {
        1 => format!("{user}:secret"),
        _ => user.to_owned(),
    };
    Some(format!("{user}@{host}?options=-csearch_path%3D{schema}"))
}

/// Returns the folder of the library's tests.
fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
}

/// Returns the path of a feed.
pub(crate) fn feed(name: &str) -> String {
    tests()
        .join("feeds")
        .join(name)
        .to_str()
        .unwrap()
        .to_owned()
}

/// Returns the SQL that makes a stream's table as engines do, with so many rows. `row` is the
/// SQL of the four columns of the row `i`, which counts from 1.
pub(crate) fn create(name: &str, rows: impl std::fmt::Display, row: &str) -> String {
    format!(
        "CREATE TABLE {name} (ts TIMESTAMP PRIMARY KEY NOT NULL, \
         value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL); \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
         INSERT INTO {name} SELECT {row} FROM n;"
    )
}

/// Returns a payload of stream `s`.
pub(crate) fn payload(seconds: usize, value: impl std::fmt::Display) -> String {
    format!(r#"{{"value": "{value}", "observed_at": "{seconds}", "stream": {{"uuid": "s"}}}}"#)
}
