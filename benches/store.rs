//! The store against SQLite's C API: the same work, in the same process, on the
//! same disk, in turns. Each line says what a call of the store costs beside
//! what SQLite itself costs; BENCHMARKS.md says how to read the table.
//!
//! `cargo bench --features capi -- [--quick] [part of a workload's name]…`
#![allow(missing_docs, reason = "a benchmark has no interface")]

mod capi;
mod feed;
mod host;
mod ingest;
mod metadata;
mod observations;
mod raw;
mod runner;
mod scale;

use std::path::{Path, PathBuf};

use runner::Runner;

fn main() {
    let mut args = std::env::args().skip(1).peekable();
    if args.next_if_eq(scale::CHILD).is_some() {
        return scale::child(args);
    }
    if args.next_if_eq("--sqlite-version").is_some() {
        return println!("{}", raw::version());
    }
    let runner = Runner::new(args);
    observations::bench(&runner);
    metadata::bench(&runner);
    ingest::bench(&runner);
    capi::bench(&runner);
    scale::bench(&runner);
}

/// A folder for files, on the disk that the build is on.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        Self(tempfile::tempdir_in(parent).expect("a folder can be made"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
