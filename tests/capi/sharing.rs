//! Many threads on one handle, many processes on one file, fork(): through C, and
//! every row that was acknowledged is there. SATORI_STORE_SOAK=1 makes 3 seconds 20.

use std::process::Command;

use crate::host;
use crate::support::soak;

#[test]
fn what_is_shared_loses_nothing() {
    let program = host::build(&["sharing.c"]);
    for what in ["threads", "processes", "fork"] {
        let folder = tempfile::tempdir().unwrap();
        host::run(
            Command::new(&program)
                .arg(what)
                .arg(folder.path().join("engine.db"))
                .arg(if soak() { "20" } else { "3" }),
        );
    }
}
