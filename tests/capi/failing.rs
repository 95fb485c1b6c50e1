//! A system that fails below the library, through C, whose host can stand before the
//! system's own functions: each failure is reported as what it is.

use std::process::Command;

use crate::host;
use crate::support::*;

// One test, for all share one program.
#[test]
fn each_failure_of_the_system_is_reported_as_what_it_is() {
    let program = host::build(&["failing.c"]);
    for fault in [
        "database",
        "wal",
        "taken over",
        "descriptors",
        "hidden",
        "commit",
    ] {
        println!("{fault}");
        let (folder, path) = place();
        if fault == "taken over" {
            let rows: Vec<_> = (0..5_000).map(|n| n.to_string()).collect();
            let rows: Vec<_> = rows.iter().map(String::as_str).collect();
            sql(&path, &table_sql("s", &rows));
        }
        host::run(Command::new(&program).arg(fault).arg(folder.path()));
    }
}
