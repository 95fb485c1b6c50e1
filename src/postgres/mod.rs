//! The backend in PostgreSQL: many engines on several machines share one store.
//!
//! One table holds the observations of all streams, by a key that is made from the stream's
//! uuid (`key`). Statements go to the server by libpq itself (`raw`), several in one trip
//! over the network; Diesel runs the migrations.

mod backend;
mod connection;
mod copying;
mod error;
mod insert;
mod key;
mod migrate;
mod observations;
mod open;
mod quarantine;
mod raw;
mod statistics;
mod streams;
mod upsert;

pub(crate) use connection::Connection;
