//! Opening: every kind of file that a store may find at its path.

#[path = "../common/mod.rs"]
mod common;
mod taken_over;
