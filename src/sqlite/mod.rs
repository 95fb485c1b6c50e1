//! Streams and observations in a SQLite file.

pub(crate) mod connection;
pub(crate) mod file;
pub(crate) mod insert;
pub(crate) mod migrate;
pub(crate) mod normalize;
pub(crate) mod raw;
pub(crate) mod read;
pub(crate) mod schema;
pub(crate) mod statistics;
pub(crate) mod table;
