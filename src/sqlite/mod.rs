//! Raw SQLite: what Diesel does not wrap, and the hot paths.
//!
//! The one place of this crate with `unsafe` code. Everything it lends to the
//! rest is safe to call as long as a [`Handle`] and the [`Statement`]s made from
//! it are dropped before the Diesel connection that owns the handle; `connection`
//! holds them in one struct whose fields are declared in that order.
#![allow(unsafe_code)]

mod function;
mod handle;
mod statement;

pub(crate) use handle::{BusyState, Handle, Hardening, establish};
pub(crate) use statement::{Cell, Param, Row, Statement};

/// SQLite's answer where it was not OK.
#[derive(Debug)]
pub(crate) struct SqliteError {
    /// The extended result code.
    pub(crate) code: i32,
    pub(crate) message: String,
    /// The system refused to let the file grow: a quota or a limit, which SQLite
    /// knows as an I/O error, where it knows the full disk by name.
    pub(crate) no_room: bool,
}

impl SqliteError {
    /// The primary result code: the low byte of the extended one.
    pub(crate) fn primary(&self) -> i32 {
        self.code & 0xff
    }
}
