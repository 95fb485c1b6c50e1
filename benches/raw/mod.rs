//! The other side: the same work through SQLite's C API, as a good C programmer
//! would write it. Statements are prepared once and reset. Texts are bound
//! without a copy. Nothing is checked that the work does not need.
#![allow(
    unsafe_code,
    reason = "this is the C API that the store is measured against"
)]

mod backup;
mod connection;
mod insert;
mod lookup;
mod observation;
mod scan;
mod statement;
mod streams;
mod trace;

pub(crate) use backup::{back_up, check_and_sync};
pub(crate) use connection::{Connection, Transaction, version};
pub(crate) use insert::{Insert, InsertChunk};
pub(crate) use lookup::{LatestLookup, Lookup};
pub(crate) use scan::{columns, each, fill, hours};
pub(crate) use streams::{Stream, Streams};
pub(crate) use trace::{count_schema_queries, schema_queries};
