//! The C API: from pointers to types, and back. It knows no SQL and no rules of its own.
//!
//! Every exported function is built the same way. [`guard`] runs its body, so that no
//! panic crosses into C, and does first what all of them have in common: it finds what
//! the handle stands for in the [`registry`], checks the places for the results and
//! reads the uuid. `input` and `growable` read what the caller points to; `output`
//! writes, only on success. The header `include/satori_store.h` is made from these
//! files by `tests/capi/header.rs`.
#![allow(unsafe_code)]
#![allow(unreachable_pub, reason = "cbindgen reads what is `pub`")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what C callers must keep to is written once, on the header's opening page"
)]
#![allow(non_camel_case_types, reason = "these are the names that C sees")]

// What all functions share.

mod arrays;
mod error;
mod growable;
mod guard;
mod input;
mod output;
mod registry;
mod status;
mod stream_fields;

// What C sees, in the order of the header.

mod info;

mod store;

mod stream;

mod list;

mod find_stream;

mod find_streams;

mod write_streams;

mod insert;

mod observations;

mod ends;

mod changes;

mod resample;

mod align;

mod cursor;

mod statistics;

mod verify;

mod normalize;

mod quarantine;

mod retain;

mod check;

mod backup;

mod arrow;
mod arrow_c;
mod arrow_column;
mod arrow_stream;

mod json;

mod convert;

mod string;
