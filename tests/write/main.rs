//! Writing: observations, metadata, the server's JSON, and what is refused.

#[path = "../common/mod.rs"]
mod common;
mod hostile_json;
mod ingest;
mod insert;
mod names;
mod spelling;
mod streams;
mod table_gone;
mod table_rules;
