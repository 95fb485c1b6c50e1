//! Raw SQLite: what Diesel does not wrap, and the hot paths.
//!
//! `unsafe` is allowed here, in `ffi` and in `process`. What this folder exports is safe to
//! call on one condition: a [`Handle`] and the [`Statement`]s made from it are dropped before
//! the Diesel connection that owns the handle. `connection` keeps them in one struct, whose
//! fields are declared in that order.
#![allow(unsafe_code)]

mod backup;
mod busy;
mod cell;
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
mod descriptors;
mod error;
mod establish;
pub(crate) mod failed;
mod file_system;
mod function;
mod handle;
pub(crate) mod info;
mod interrupt;
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
mod locks;
mod new_file;
mod rights;
mod statement;

pub(crate) use backup::Alone;
pub(crate) use busy::BusyState;
pub(crate) use cell::Cell;
pub(crate) use error::{
    SqliteError, corrupt, is_schema_changed, no_room, not_a_database, schema_changed,
    unreadable_disk,
};
pub(crate) use establish::establish;
pub(crate) use file_system::shared as shared_file_system;
pub(crate) use handle::{Handle, Hardening};
pub(crate) use new_file::{create_new_private, create_private};
pub(crate) use rights::{may_read, may_write};
pub(crate) use statement::{Param, Row, Rows, Statement, prepared, prepared_for_schema};
