//! Reading: observations in order of time, however their timestamps are spelled;
//! streams by what is known of them; hash chains.

mod align;
mod check;
mod damaged;
mod ends;
mod flips;
mod instants;
mod latest;
mod observations;
mod properties;
mod resample;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod unreadable;
mod verify;
