//! Faults below SQLite: system calls that fail, power that goes.
//!
//! `SATORI_STORE_SOAK=1` fails every call and looks at 21,000 images. With
//! `SATORI_STORE_FAULT_SECONDS=3600` both go on for an hour, with scripts by chance.
//! `SATORI_STORE_SEED` repeats a run on as many processors. What fails is printed, with
//! the folder where its files are kept.
#![cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
#![allow(unsafe_code)] // the calls of the C library, and SQLite's

mod calls;
mod controls;
mod cuts;
mod disk;
mod fault;
mod points;
mod refused;
mod scripts;
mod soak;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod watch;
mod work;

/// Plays a role, in a process that another test has started for it.
#[test]
fn role() {
    support::play(&[soak::ROLES]);
}
