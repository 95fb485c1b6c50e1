//! A PostgreSQL server, on which the tests run that are not about files, if the environment
//! names one: `scripts/with-postgres` starts it.

use std::env;
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the URL of the server's database; `None` if the tests are to run on files.
pub(crate) fn server() -> Option<String> {
    env::var("SATORI_STORE_POSTGRES").ok()
}

/// Ends a test that is about files if the tests run on a server. `scripts/test-postgres`
/// counts it as skipped.
pub(crate) fn about_files() {
    assert!(server().is_none(), "skipped: it is about files");
}

/// Makes an empty place for a store on the server, and returns its URL.
pub(crate) fn database(server: &str) -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let schema = format!("test_{}_{number}", process::id());
    psql(server, &format!("CREATE SCHEMA {schema}"));
    format!("{server}?options=-csearch_path%3D{schema}")
}

/// Runs SQL as another program does, and returns what it answers, a line a row.
pub(crate) fn psql(url: &str, sql: &str) -> String {
    let run = Command::new("psql")
        .args(["-XAtqv", "ON_ERROR_STOP=1", "-c", sql, url])
        .output()
        .expect("psql runs");
    let report = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{sql}: {report}");
    String::from_utf8(run.stdout).expect("psql writes UTF-8")
}
