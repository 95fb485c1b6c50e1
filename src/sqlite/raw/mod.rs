//! Raw SQLite: what Diesel does not wrap, and the hot paths.
//!
//! The one place of this crate with `unsafe` code. Everything it lends to the
//! rest is safe to call as long as a [`Handle`] and the [`Statement`]s made from
//! it are dropped before the Diesel connection that owns the handle; `connection`
//! holds them in one struct whose fields are declared in that order.
#![allow(unsafe_code)]

#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
mod descriptors;
mod error;
mod function;
mod handle;
pub(crate) mod info;
#[cfg(all(feature = "bundled", target_os = "linux", target_pointer_width = "64"))]
mod locks;
mod new_file;
mod statement;

pub(crate) use error::SqliteError;
pub(crate) use handle::{BusyState, Handle, Hardening, establish};
pub(crate) use new_file::create_private;
pub(crate) use statement::{Cell, Param, Row, Statement};
