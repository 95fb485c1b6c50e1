//! The command line, as its users run it. One program, which is linked once.
#![allow(missing_docs, reason = "a test has no interface")]

mod common;
mod copy;
mod exit;
mod export;
mod import;
mod ingest;
#[cfg(unix)]
mod kill;
#[cfg(unix)]
mod live;
#[cfg(unix)]
mod manual;
mod meanwhile;
mod pictures;
mod plot;
mod read;
mod report;
#[cfg(unix)]
mod tail;
mod transfer;
mod upkeep;
mod url;
mod write;
