//! Two copies of the library in one process: each refuses the other's handles.

use std::process::Command;

use crate::host;

#[test]
fn a_handle_of_another_copy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(host::build(&["copies.c"]));
    for name in ["first.so", "second.so"] {
        let copy = folder.path().join(name);
        std::fs::copy(host::library(), &copy).unwrap();
        command.arg(copy);
    }
    host::run(&mut command);
}
