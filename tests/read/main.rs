//! Reading: observations in order of time, however their timestamps are spelled;
//! streams by what is known of them; hash chains.

#[path = "../common/mod.rs"]
mod common;
mod latest;
mod observations;
mod properties;
mod verify;
