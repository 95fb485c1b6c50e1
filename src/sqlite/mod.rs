//! Raw SQLite: what Diesel does not wrap, and the hot paths.
//!
//! The one place of this crate with `unsafe` code. Everything it lends to the
//! rest is safe to call as long as a [`Handle`] and the [`Statement`]s made from
//! it are dropped before the Diesel connection that owns the handle; `connection`
//! holds them in one struct whose fields are declared in that order.
#![allow(unsafe_code)]

mod error;
mod function;
mod handle;
mod new_file;
mod statement;

pub(crate) use error::SqliteError;
pub(crate) use handle::{BusyState, Handle, Hardening, establish};
pub(crate) use new_file::create_private;
pub(crate) use statement::{Cell, Param, Row, Statement};
