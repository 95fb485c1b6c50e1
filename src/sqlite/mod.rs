//! Streams and observations in a SQLite file: a [`Backend`](crate::backend::Backend).
//!
//! Table `streams` goes through Diesel; the tables that a stream's uuid names, and the
//! two statements on `streams` that are run most, through [`raw`].

mod backend;
mod connection;
mod cursor;
mod file;
mod insert;
mod key;
mod migrate;
mod normalize;
mod open;
mod query;
mod raw;
mod read;
mod row;
mod schema;
mod shape;
mod statistics;
mod streams;
mod table;
mod tables;

pub(crate) use connection::Connection;
pub use raw::info::{BesideOtherSqlite, SqliteInfo, sqlite_info};
#[cfg(feature = "capi")]
pub(crate) use raw::info::{source_id, version};
