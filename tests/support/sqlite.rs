//! The SQLite of the store, used plainly in the process of the test: for controls and
//! looks behind the store.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use satori_store::sqlite_info;

use super::about_files;

/// Opens a connection. It waits for locks: a process that another thread is just
/// starting may keep those of a file that was closed, until it has become its program.
pub(crate) fn plain(path: &Path) -> SqliteConnection {
    // The library first: if SQLite is used before, it takes POSIX locks in the whole
    // process, that of the other tests.
    let _ = sqlite_info();
    bare(path)
}

/// Opens a connection as [`plain`] does, without calling the library first.
pub(crate) fn bare(path: &Path) -> SqliteConnection {
    about_files();
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

/// Reads the lone number that `sql` selects.
pub(crate) fn number(connection: &mut SqliteConnection, sql: &str) -> i64 {
    let sql = format!("SELECT ({sql}) AS number");
    let row: Number = diesel::sql_query(&sql).get_result(connection).expect(&sql);
    row.number
}

/// Returns `true` if a check of SQLite's, `quick_check` or `integrity_check`, finds nothing.
pub(crate) fn passes(path: &Path, check: &str) -> bool {
    let sql = format!("SELECT sum({check} <> 'ok') AS number FROM pragma_{check}");
    let faults: QueryResult<Number> = diesel::sql_query(sql).get_result(&mut plain(path));
    faults.is_ok_and(|faults| faults.number == 0)
}

/// Runs statements that return no rows.
pub(crate) fn run(connection: &mut SqliteConnection, sql: &str) {
    connection.batch_execute(sql).expect(sql);
}

/// Asserts that `PRAGMA integrity_check` finds nothing.
pub(crate) fn assert_sound(path: &Path) {
    let mut connection = plain(path);
    let faults = number(
        &mut connection,
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    );
    assert_eq!(faults, 0, "integrity_check of {path:?}");
}
