//! The store of a Satori neuron: everything its prediction engine keeps, in one
//! SQLite file.
//!
//! `engine.db` has one table for each data stream, named by the stream's UUID,
//! with columns `ts, value, hash, provider`, and a table `streams` that says what
//! each UUID stands for. This crate owns that file: it takes over files that
//! installed engines have written without changing one observation, takes in the
//! server's JSON whole, and stays readable and writable by any program that
//! speaks SQL to the same file at the same time.
//!
//! ```
//! use satori_store::{IngestOptions, NewObservation, Store, Timestamp};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("engine.db");
//! let store = Store::open(&path)?;
//!
//! // What the server answers goes in as it is: metadata and observation together.
//! let answer = br#"{"value": "45000.50", "observed_at": "1704283200", "hash": "8c1f2f34ac1d7f2c",
//!     "stream": {"id": 1, "uuid": "d39cd529-5dd4-5e4b-abc9-90b3751e71f1", "name": "bitcoin"}}"#;
//! store.ingest(answer, &IngestOptions::new())?;
//!
//! // From a name to the data.
//! let bitcoin = store.stream_by_name("bitcoin")?.expect("it has just been stored").uuid;
//!
//! // One more row; its hash is chained to the latest one's.
//! let later: Timestamp = "2024-01-03T13:00:00Z".parse()?;
//! store.insert(&bitcoin, &NewObservation::new(later, 45100.25).provider("engine"))?;
//!
//! for observation in store.observations(&bitcoin, ..)? {
//!     let observation = observation?;
//!     println!("{} {}", observation.ts, observation.value);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//! - An observation is never overwritten. Its key is the instant, however it is
//!   spelled: `2024-01-03 12:00`, `2024-01-03T12:00:00Z` and `1704283200` are one.
//!   An insert reports whether the row is new, already exists, or has another value.
//! - Each call that writes is one transaction: it is stored whole, or not at all.
//! - Reading never writes. Old spellings are rewritten by
//!   [`Store::normalize`] alone.
//! - Instants are [`Timestamp`]s: microseconds since 1970-01-01 UTC.
//!
//! # Features
//! `bundled` (on by default) compiles SQLite in; without it and with
//! `system-sqlite` the system's is linked. See the README for which to choose.
//!
//! `postgres` adds [`Store::connect`], the same store in a PostgreSQL database, through the
//! system's libpq; `postgres-bundled` compiles libpq in, without TLS. On Unix.
//!
//! `arrow` gives and takes observations as Arrow record batches. `capi` is for the C
//! artefacts.
//!
//! In a bundled build the first opening turns SQLite's mutex per connection off
//! for the whole process (`SQLITE_CONFIG_MULTITHREAD`), as each store takes turns
//! on its connection anyway. Another crate that shares this SQLite and uses one
//! connection from several threads must ask for `SQLITE_OPEN_FULLMUTEX`.
//!
//! On Linux it also replaces the calls by which that SQLite opens, locks and closes
//! files, so that another copy in the process (Python's, say) may use the same file;
//! [`sqlite_info`] reports whether it could. A program that uses the bundled SQLite
//! itself must first call that function or open a store.

#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[cfg(feature = "arrow")]
mod arrow;
mod backend;
#[cfg(feature = "capi")]
mod ffi;
mod json;
mod model;
#[cfg(feature = "postgres")]
mod postgres;
mod process;
mod sqlite;
mod store;

/// Runs the README's examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "arrow")]
pub use arrow::RecordBatches;
pub use json::block::whole_payloads;
pub use json::options::{Format, IngestOptions};
pub use model::aligned::{Aligned, Fill};
pub use model::columns::{Columns, TextColumn};
pub use model::database_code::DatabaseCode;
pub use model::digest::Digest;
pub use model::error::{Error, Result};
pub use model::error_code::ErrorCode;
pub use model::finding::{Finding, FindingKind, Severity};
pub use model::location::Location;
pub use model::observation::{Conflict, InsertReport, Insertion, NewObservation, Observation};
pub use model::options::{OpenOptions, Synchronous};
pub use model::password::without_password;
pub use model::position::Position;
pub use model::report::{
    Compacted, Copied, IngestConflict, IngestReport, Normalization, Rejected, Remove, Removed,
    Restored, Retain, Statistics, StoredRow, SyncReport,
};
pub use model::spelling::StoredTimestamp;
pub use model::step::Step;
pub use model::stream::{Stream, StreamPatch};
pub use model::summary::Summary;
pub use model::time::Timestamp;
pub use model::time_unit::TimeUnit;
pub use model::uuid::StreamUuid;
pub use model::verify::Verification;
pub use sqlite::{BesideOtherSqlite, SqliteInfo, sqlite_info};
pub use store::Store;
pub use store::align::AlignedBatches;
pub use store::changes::Follow;
pub use store::iter::Observations;
pub use store::resample::Summaries;
