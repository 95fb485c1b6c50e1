//! Stores on a PostgreSQL server: what opening finds, connections that are lost, limits,
//! several writers, a server that is killed, a pooler, and a model.
//!
//! Each test is skipped, and says so, unless `SATORI_STORE_POSTGRES` names a server
//! (`scripts/with-postgres` starts one). Servers that are to be stopped the tests start
//! themselves, from Debian's packages.
#![cfg(feature = "postgres")]

mod full;
mod interrupt;
mod killed;
mod limits;
mod lost;
mod model;
mod opening;
mod pooled;
mod proxy;
mod refused;
mod server;
mod standby;
#[path = "../support/mod.rs"]
mod support;
mod unknown;
mod writers;

/// Plays a role, in a process that another test has started for it.
#[test]
fn role() {
    support::play(&[
        interrupt::ROLES,
        model::ROLES,
        opening::ROLES,
        pooled::ROLES,
        writers::ROLES,
    ]);
}
