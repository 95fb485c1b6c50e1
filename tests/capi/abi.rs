//! Hosts that are compiled stay good: the binary interface is pinned, and a host
//! of the first release runs on the library of today.

use std::process::Command;

use crate::host;

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes_places_and_numbers_are_pinned() {
    host::run(&mut Command::new(host::build(&["layout.c"])));
}

#[test]
fn a_host_of_the_first_release_runs() {
    let folder = tempfile::tempdir().unwrap();
    host::run(Command::new(host::build(&["old_host.c"])).arg(folder.path()));
}
