//! The C API: its header, and hosts in C and C++ that are built against the library
//! and run. All but the header needs features; see CONTRIBUTING.md.

#[cfg(all(feature = "capi", target_os = "linux"))]
mod abi;
#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "arrow")]
mod clocks;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod copies;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod cpp;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod ends;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod failing;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod faults;
mod header;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod host;
mod json;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod memory;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod misuse;
#[cfg(all(feature = "panic-test", target_os = "linux"))]
mod panics;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod scenario;
#[cfg(all(feature = "capi", target_pointer_width = "64"))]
mod seeds;
#[cfg(all(feature = "capi", target_os = "linux"))]
mod sharing;
#[path = "../support/mod.rs"]
mod support;
// Its controls need the switch to plain locks.
#[cfg(all(feature = "panic-test", target_os = "linux"))]
mod two_sqlites;
