//! The C API: pointers to types and back. No SQL and no rules live here.
//!
//! Every function is built the same way: [`guard::call`] runs its body, so that
//! no panic crosses into C; [`registry`] turns a handle into the object it
//! stands for, or refuses it; `input` reads what the caller points to and
//! `output` writes it, only on success. The header `include/satori_store.h` is
//! made from these files by `tests/capi/header.rs`.
#![allow(unsafe_code)]
#![allow(unreachable_pub, reason = "cbindgen reads what is `pub`")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what C callers must keep to is written once, on the header's opening page"
)]
#![allow(non_camel_case_types, reason = "these are the names that C sees")]

mod guard;
mod input;
mod output;
mod registry;

// In the order of the header.

mod error;

mod info;

mod store;

mod stream;

mod streams;

mod insert;

mod observations;

mod cursor;

mod arrow;

mod ingest;

mod string;
