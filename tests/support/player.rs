//! Players: other processes, which say and hear lines.

use std::env;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::python3;

/// A process of this test binary that plays a role, or any other program that speaks
/// the same way. It hears lines on stdin. What it says are lines on stderr that begin
/// with "> ", as stdout is the test harness's.
pub(crate) struct Player {
    child: Child,
    stderr: BufReader<ChildStderr>,
    stdin: Option<ChildStdin>,
}

const ROLE: &str = "SATORI_TEST_ROLE";
const PATH: &str = "SATORI_TEST_PATH";
const ARGUMENT: &str = "SATORI_TEST_ARGUMENT";

/// A role's name, and what its player does with the path and the argument.
pub(crate) type Role = (&'static str, fn(&Path, &str));

/// Plays the role that this process was started for. Does nothing in the process that
/// runs the tests. A binary that starts players has a test `role` that calls it.
pub(crate) fn play(roles: &[&[Role]]) {
    let Ok(wanted) = env::var(ROLE) else {
        return;
    };
    let text = |name| env::var(name).unwrap_or_default();
    let mut found = roles.iter().copied().flatten();
    let mut next = || found.find(|(name, _)| *name == wanted);
    let Some((_, play)) = next() else {
        panic!("no role {wanted}");
    };
    assert!(next().is_none(), "two roles {wanted}");
    play(&PathBuf::from(text(PATH)), &text(ARGUMENT));
}

/// Says a line to the process that started this one.
pub(crate) fn say(message: impl Display) {
    eprintln!("> {message}");
}

/// Waits for a line from the process that started this one.
pub(crate) fn hear() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("stdin");
    line.trim_end().to_owned()
}

impl Player {
    /// Starts this test binary anew, to play `role` on `path`.
    pub(crate) fn start(role: &str, path: &Path, argument: impl Display) -> Self {
        let program = env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command
            .args(["--exact", "role", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(PATH, path)
            .env(ARGUMENT, argument.to_string());
        Self::spawn(command)
    }

    /// Starts a Python script.
    pub(crate) fn python(script: &str, arguments: &[&OsStr]) -> Self {
        let mut command = python3();
        command.arg("-c").arg(script).args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Self {
            stdin: child.stdin.take(),
            stderr: BufReader::new(child.stderr.take().expect("piped")),
            child,
        }
    }

    /// Waits for the next thing that the player says. What else it prints is passed on.
    pub(crate) fn hear(&mut self) -> String {
        self.try_hear().expect("the player ended without a word")
    }

    fn try_hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.stderr.read_line(&mut line).expect("stderr") == 0 {
                return None;
            }
            match line.strip_prefix("> ") {
                Some(said) => return Some(said.trim_end().to_owned()),
                None => eprint!("{line}"),
            }
        }
    }

    /// Says a line to the player.
    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("not ended");
        writeln!(stdin, "{line}").expect("the player listens");
    }

    /// Ends the player as kill -9 does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    /// Lets the player run to its end, which must be a good one.
    pub(crate) fn finish(mut self) {
        drop(self.stdin.take());
        while self.try_hear().is_some() {}
        let status = self.child.wait().expect("our own child");
        assert!(status.success(), "a player failed: {status}");
    }
}

impl Drop for Player {
    /// Leaves no process behind if a test fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until no other test of this binary has its turn: those that keep every
/// processor busy, and those that measure how long something takes.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns `true` if the long form of the tests is asked for.
pub(crate) fn soak() -> bool {
    env::var_os("SATORI_STORE_SOAK").is_some_and(|value| value == "1")
}

/// Waits a moment; for tests that must let another process get somewhere.
pub(crate) fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}
