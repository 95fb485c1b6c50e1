//! Stores on a PostgreSQL server: what opening finds, connections that are lost, limits,
//! several writers, a server that is killed, a pooler, and the same calls on a file.
//!
//! Each test is skipped, and says so, unless `SATORI_STORE_POSTGRES` names a server
//! (`scripts/with-postgres` starts one). Servers that are to be stopped the tests start
//! themselves, from Debian's packages.

#[cfg(feature = "postgres")]
mod differential;
#[cfg(feature = "postgres")]
mod full;
#[cfg(feature = "postgres")]
mod interrupt;
#[cfg(feature = "postgres")]
mod killed;
#[cfg(feature = "postgres")]
mod limits;
#[cfg(feature = "postgres")]
mod lost;
#[cfg(feature = "postgres")]
mod opening;
#[cfg(feature = "postgres")]
mod pooled;
#[cfg(feature = "postgres")]
mod proxy;
#[cfg(feature = "postgres")]
mod refused;
#[cfg(feature = "postgres")]
mod removing;
#[cfg(feature = "postgres")]
mod server;
#[cfg(feature = "postgres")]
mod spelling;
#[cfg(feature = "postgres")]
mod standby;
#[path = "../support/mod.rs"]
#[cfg(feature = "postgres")]
mod support;
#[cfg(feature = "postgres")]
mod unknown;
#[cfg(feature = "postgres")]
mod writers;

/// Stands for all of them in a build without the feature.
#[cfg(not(feature = "postgres"))]
#[test]
#[ignore = "it needs the feature `postgres` and a server: scripts/with-postgres scripts/test-postgres"]
fn on_a_server() {
    panic!("this build has no PostgreSQL");
}

/// Plays a role, in a process that another test has started for it.
#[cfg(feature = "postgres")]
#[test]
fn role() {
    support::play(&[
        interrupt::ROLES,
        opening::ROLES,
        pooled::ROLES,
        writers::ROLES,
    ]);
}
