//! What the tests share: data, another program on the same file, players, and a plain
//! connection to look behind the store.
#![allow(dead_code, unused_imports, reason = "each binary uses its part")]

mod data;
mod figure;
mod player;
mod postgres;
mod python;
mod sqlite;

pub(crate) use data::*;
pub(crate) use figure::*;
pub(crate) use player::*;
pub(crate) use postgres::*;
pub(crate) use python::*;
pub(crate) use sqlite::*;
