//! Opening: every kind of file that a store may find at its path.

mod leftover_wal;
mod paths;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod taken_over;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use satori_store::OpenOptions;

/// Returns the names of the files in a folder, sorted.
fn names_in(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    names
}

fn read_only() -> OpenOptions {
    OpenOptions::new().read_only(true)
}
