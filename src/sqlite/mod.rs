//! Streams and observations in a SQLite file: a [`Backend`](crate::backend::Backend).
//!
//! Diesel reads and writes table `streams`. [`raw`] serves the observation tables, which
//! are named by their stream's uuid, and the two statements on `streams` that run most.

mod backend;
mod backup;
mod catalog;
mod check;
mod compact;
mod connection;
mod copying;
mod cursor;
mod datum;
mod delete;
mod digest;
mod file;
mod held;
mod insert;
mod integrity;
mod key;
mod migrate;
mod normalize;
mod open;
mod order;
mod prepared;
mod quarantine;
mod query;
mod raw;
mod read;
mod row;
mod schema;
mod shape;
mod statistics;
mod streams;
mod sum;
mod table;
mod tables;
mod unlocked;

pub(crate) use connection::Connection;
pub use raw::info::{BesideOtherSqlite, SqliteInfo, sqlite_info};
#[cfg(feature = "capi")]
pub(crate) use raw::info::{source_id, version};
