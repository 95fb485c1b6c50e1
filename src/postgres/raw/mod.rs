//! libpq: a session with a server, what is sent to it and what it answers. The only
//! `unsafe` code about PostgreSQL.

#![allow(unsafe_code)]

mod answer;
mod aside;
mod connect;
mod copy;
mod failure;
mod params;
mod patience;
mod receive;
mod session;
mod statement;

pub(super) use answer::{Answer, Row};
pub(super) use aside::aside;
pub(super) use copy::Copied;
pub(super) use failure::Failure;
pub(super) use params::Params;
pub(super) use patience::Waiting;
pub(super) use session::Session;
pub(super) use statement::Statement;
