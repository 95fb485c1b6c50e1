//! Another program that has the file open: Python with a SQLite of its own, as an
//! installed engine has it.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::about_files;

/// Returns a command that starts Python.
pub(crate) fn python3() -> Command {
    // Started some hundred times: without the shim in front of it, if there is one, and
    // without its site packages.
    static PYTHON: OnceLock<String> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let asked = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable, end='')"])
            .output()
            .expect("python3 is needed as another program");
        String::from_utf8(asked.stdout).unwrap()
    });
    let mut command = Command::new(python);
    command.args(["-S", "-X", "utf8"]);
    command
}

/// Runs a Python script. Returns what it printed.
pub(crate) fn python(script: &str, arguments: &[&str]) -> String {
    about_files();
    let mut command = python3();
    let output = command.args(["-c", script]).args(arguments).output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs statements on the file as another program, which then closes it.
pub(crate) fn sql(path: &Path, statements: &str) {
    once(path, &json!({"script": statements}));
}

/// Reads the rows of a query as another program, which then closes the file.
pub(crate) fn query(path: &Path, sql: &str) -> Value {
    once(path, &json!({"sql": sql, "params": []}))["rows"].take()
}

/// Reads every table and view but `streams` and the bookkeeping, as another program:
/// its SQL, and its rows with their types, down to the last digit.
pub(crate) fn dump(path: &Path) -> String {
    let dump = once(path, &json!({"dump": true}));
    dump["dump"].as_str().expect("text").to_owned()
}

/// Opens the file, asks once, and closes it. A test's requests go to one process, as its
/// start takes longer than they do.
fn once(path: &Path, request: &Value) -> Value {
    thread_local! {
        static IDLE: RefCell<Option<Python>> = const { RefCell::new(None) };
    }
    IDLE.with_borrow_mut(|idle| {
        let python = idle.get_or_insert_with(Python::start);
        python.connect(path, 5.0, "none");
        let answer = python.ask(request);
        python.ask(&json!({"close": true})).expect("it closes");
        answer.unwrap_or_else(|error| panic!("{request}: {error}"))
    })
}

/// Python's `sqlite3` with the file open, in a process of its own.
pub(crate) struct Python {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Python {
    /// Opens the file. Each statement is its own transaction.
    pub(crate) fn open(path: &Path) -> Self {
        Self::open_with(path, 5.0, "none")
    }

    /// Opens the file as an installed engine does: WAL, checkpoints often, transactions
    /// begun by the module (deferred) and ended by `commit`.
    pub(crate) fn open_as_engine(path: &Path) -> Self {
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

    /// Opens the file. Waits for locks for `timeout` seconds.
    pub(crate) fn open_with(path: &Path, timeout: f64, isolation: &str) -> Self {
        let mut python = Self::start();
        python.connect(path, timeout, isolation);
        python
    }

    /// Closes the file, and opens another. Each statement is its own transaction.
    pub(crate) fn reopen(&mut self, path: &Path) {
        self.ask(&json!({"close": true})).expect("it closes");
        self.connect(path, 5.0, "none");
    }

    fn start() -> Self {
        about_files();
        let mut child = python3()
            .args(["-c", include_str!("peer.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().expect("piped")),
            child,
        }
    }

    fn connect(&mut self, path: &Path, timeout: f64, isolation: &str) {
        let path = path.to_str().expect("a path of the test's");
        let request = json!({"open": path, "timeout": timeout, "isolation": isolation});
        self.ask(&request).expect("it opens");
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

    /// Runs SQL with parameters. Returns its rows, or the text of its error.
    pub(crate) fn try_run(&mut self, sql: &str, params: Value) -> Result<Value, String> {
        let answer = self.ask(&json!({"sql": sql, "params": params}))?;
        Ok(answer["rows"].clone())
    }

    /// Runs SQL with parameters. Returns its rows.
    pub(crate) fn run_with(&mut self, sql: &str, params: Value) -> Value {
        match self.try_run(sql, params) {
            Ok(rows) => rows,
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// Runs SQL. Returns its rows.
    pub(crate) fn run(&mut self, sql: &str) -> Value {
        self.run_with(sql, json!([]))
    }

    /// Commits what the module has begun.
    pub(crate) fn commit(&mut self) {
        self.ask(&json!({"commit": true})).expect("it commits");
    }

    /// Runs SQL. Returns its rows as objects, named as the columns are.
    pub(crate) fn objects(&mut self, sql: &str) -> Vec<Value> {
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
    pub(crate) fn close(mut self) {
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
