//! The store against SQLite's C API: the same work, in the same process, on the
//! same disk, in turns. Each line shows what a call of the store costs beside
//! what SQLite itself costs; BENCHMARKS.md says how to read the table.
//!
//! Each file imports only what stands below it in this list:
//!
//! | | |
//! |---|---|
//! | `workloads/` | what is measured; no workload imports another |
//! | `sides.rs` | sides that several workloads have in common |
//! | `stores.rs` | stores that several workloads begin with |
//! | `host/`, `raw/` | the store through C; SQLite's C API |
//! | `feed.rs`, `builders.rs` | the data; Arrow's builders for it |
//! | `folder.rs`, `runner.rs` | where files lie; how to measure |
//!
//! `cargo bench --features capi -- [--quick] [part of a workload's name]…`
#![allow(missing_docs, reason = "a benchmark has no interface")]

mod builders;
mod feed;
mod folder;
mod host;
mod raw;
mod runner;
mod sides;
mod stores;
mod workloads;

use runner::Runner;
use workloads::{backup, capi, ingest, metadata, observations, scale};

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
    backup::bench(&runner);
    capi::bench(&runner);
    scale::bench(&runner);
}
