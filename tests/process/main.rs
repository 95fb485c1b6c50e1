//! Several processes on one file: of the library's, of Python's `sqlite3`, killed,
//! forked, without room or rights.

mod crash;
mod file_changes;
mod fork;
mod locks;
mod opening;
mod python;
mod readers;
#[path = "../support/mod.rs"]
mod support;
mod writers;

/// What the players do that this binary starts of itself.
#[test]
fn role() {
    support::play(&[
        crash::ROLES,
        file_changes::ROLES,
        fork::ROLES,
        opening::ROLES,
        readers::ROLES,
        writers::ROLES,
    ]);
}
