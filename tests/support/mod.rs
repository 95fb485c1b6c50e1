//! Helpers of the tests with several processes.
#![allow(dead_code, unreachable_pub)] // each test file uses its part

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use satori_store::{NewObservation, Observation, Store, StreamUuid, Timestamp};
use serde_json::{Value, json};

/// Whether the long form of the tests is asked for.
pub fn soak() -> bool {
    std::env::var_os("SATORI_STORE_SOAK").is_some_and(|value| value == "1")
}

/// A process of this test binary that plays a role, or any other program that
/// speaks the same way: told by lines on stdin, telling by lines on stderr that
/// begin with "> " (stdout is the test harness's).
pub struct Player {
    child: Child,
    tells: BufReader<ChildStderr>,
    stdin: Option<ChildStdin>,
}

const ROLE: &str = "SATORI_TEST_ROLE";
const PATH: &str = "SATORI_TEST_PATH";
const ARGUMENT: &str = "SATORI_TEST_ARGUMENT";

/// A role's name, and what who plays it does with its path and argument.
pub type Role = (&'static str, fn(&Path, &str));

/// Plays the role that this process was started for. Does nothing in the process that
/// runs the tests. A binary that starts players has a test `role` that calls it.
pub fn play(roles: &[&[Role]]) {
    let Ok(wanted) = std::env::var(ROLE) else {
        return;
    };
    let text = |name| std::env::var(name).unwrap_or_default();
    let mut found = roles.iter().copied().flatten();
    let mut next = || found.find(|(name, _)| *name == wanted);
    let Some((_, play)) = next() else {
        panic!("no role {wanted}");
    };
    assert!(next().is_none(), "two roles {wanted}");
    play(&PathBuf::from(text(PATH)), &text(ARGUMENT));
}

/// What a player says to who started it.
pub fn tell(message: impl std::fmt::Display) {
    eprintln!("> {message}");
}

/// Waits for a line from who started this process.
pub fn listen() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("stdin");
    line.trim_end().to_owned()
}

impl Player {
    /// Starts this test binary anew, to play `role` on `path`.
    pub fn start(role: &str, path: &Path, argument: impl std::fmt::Display) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command
            .args(["--exact", "role", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(PATH, path)
            .env(ARGUMENT, argument.to_string());
        Self::spawn(command)
    }

    /// Starts a Python script.
    pub fn python(script: &str, arguments: &[&OsStr]) -> Self {
        let mut command = Command::new("python3");
        command.arg("-c").arg(script).args(arguments);
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Self {
            stdin: child.stdin.take(),
            tells: BufReader::new(child.stderr.take().expect("piped")),
            child,
        }
    }

    /// The next thing the player tells; what else it prints is passed on.
    pub fn hear(&mut self) -> String {
        self.try_hear().expect("the player ended without a word")
    }

    fn try_hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.tells.read_line(&mut line).expect("stderr") == 0 {
                return None;
            }
            match line.strip_prefix("> ") {
                Some(told) => return Some(told.trim_end().to_owned()),
                None => eprint!("{line}"),
            }
        }
    }

    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("not ended");
        writeln!(stdin, "{line}").expect("the player listens");
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    /// Lets the player run to its end, which must be a good one.
    pub fn finish(mut self) {
        drop(self.stdin.take());
        while self.try_hear().is_some() {}
        let status = self.child.wait().expect("our own child");
        assert!(status.success(), "a player failed: {status}");
    }
}

impl Drop for Player {
    /// Leaves no process behind where a test fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Python's `sqlite3` with the file open, in a process of its own.
pub struct Python {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Python {
    /// Each statement its own transaction.
    pub fn open(path: &Path) -> Self {
        Self::open_with(path, 5.0, "none")
    }

    /// As an installed engine opens it: WAL, checkpoints often, transactions
    /// begun by the module (deferred) and ended by `commit`.
    pub fn open_as_engine(path: &Path) -> Self {
        let mut python = Self::open_with(path, 5.0, "DEFERRED");
        for pragma in [
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "PRAGMA wal_autocheckpoint = 100",
        ] {
            python.run(pragma);
        }
        python
    }

    pub fn open_with(path: &Path, timeout: f64, isolation: &str) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", include_str!("peer.py")])
            .arg(path)
            .args([&timeout.to_string(), isolation])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed for this test");
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().expect("piped")),
            child,
        }
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let stdin = self.stdin.as_mut().expect("not closed");
        writeln!(stdin, "{request}").expect("python listens");
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).expect("python answers");
        let answer: Value = serde_json::from_str(&answer).expect("an answer of peer.py");
        match answer.get("error") {
            Some(error) => Err(error.as_str().unwrap_or_default().to_owned()),
            None => Ok(answer),
        }
    }

    /// Runs SQL, which may fail; its rows.
    pub fn try_run(&mut self, sql: &str, params: Value) -> Result<Value, String> {
        let answer = self.ask(&json!({"sql": sql, "params": params}))?;
        Ok(answer["rows"].clone())
    }

    /// Runs SQL with parameters; its rows.
    pub fn run_with(&mut self, sql: &str, params: Value) -> Value {
        match self.try_run(sql, params) {
            Ok(rows) => rows,
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// Runs SQL; its rows.
    pub fn run(&mut self, sql: &str) -> Value {
        self.run_with(sql, json!([]))
    }

    /// `executemany`.
    pub fn run_many(&mut self, sql: &str, rows: Value) {
        self.ask(&json!({"sql": sql, "params": [], "many": rows}))
            .expect(sql);
    }

    pub fn commit(&mut self) {
        self.run("commit");
    }

    /// The rows as objects, named as the columns are.
    pub fn objects(&mut self, sql: &str) -> Vec<Value> {
        let answer = self.ask(&json!({"sql": sql, "params": []})).expect(sql);
        let columns = answer["columns"].as_array().expect("columns");
        let rows = answer["rows"].as_array().expect("rows");
        let object = |row: &Value| {
            let names = columns.iter().map(|name| name.as_str().expect("text"));
            let cells = row.as_array().expect("cells").iter();
            let pairs = names
                .zip(cells)
                .map(|(name, cell)| (name.to_owned(), cell.clone()));
            Value::Object(pairs.collect())
        };
        rows.iter().map(object).collect()
    }

    /// Closes the connection and waits for the process to end.
    pub fn close(mut self) {
        drop(self.stdin.take());
        let status = self.child.wait().expect("our own child");
        assert!(status.success(), "python failed: {status}");
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plain connection of the same SQLite as the store's, for controls and looks
/// behind the store. It waits for locks: a process that another thread is just
/// starting may keep those of a file that was closed, for as long as it has not
/// become its program.
pub fn plain(path: &Path) -> SqliteConnection {
    let path = path.to_str().expect("a path of the test's");
    let mut connection = SqliteConnection::establish(path).expect("it opens");
    run(&mut connection, "PRAGMA busy_timeout = 5000");
    connection
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// The lone number that `sql` selects.
pub fn number(connection: &mut SqliteConnection, sql: &str) -> i64 {
    let sql = format!("SELECT ({sql}) AS number");
    let row: Number = diesel::sql_query(&sql).get_result(connection).expect(&sql);
    row.number
}

/// Runs statements that give no rows.
pub fn run(connection: &mut SqliteConnection, sql: &str) {
    connection.batch_execute(sql).expect(sql);
}

/// `PRAGMA integrity_check` finds nothing.
pub fn assert_sound(path: &Path) {
    let mut connection = plain(path);
    let faults = number(
        &mut connection,
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    );
    assert_eq!(faults, 0, "integrity_check of {path:?}");
}

pub fn uuid(name: &str) -> StreamUuid {
    StreamUuid::new(name).expect("a legal name")
}

/// The instant `seconds` after 1970.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// An observation of that instant, whose value tells it again.
pub fn row(seconds: i64) -> NewObservation<'static> {
    NewObservation::new(at(seconds), seconds as f64)
}

/// All rows of the stream.
pub fn rows(store: &Store, stream: &StreamUuid) -> Vec<Observation> {
    store
        .observations(stream, ..)
        .expect("a stream")
        .collect::<Result<_, _>>()
        .expect("readable rows")
}

/// Whole seconds of each row of the stream.
pub fn seconds(store: &Store, stream: &StreamUuid) -> Vec<i64> {
    rows(store, stream)
        .iter()
        .map(|row| row.ts.as_micros() / 1_000_000)
        .collect()
}

/// Waits a moment; for tests that must let another process get somewhere.
pub fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}
