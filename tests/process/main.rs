//! Several processes on one file: of the library's, of Python's `sqlite3`, killed,
//! forked, without room or rights.

mod backup;
mod changes;
mod crash;
mod flat;
mod fork;
mod interrupt;
mod locks;
mod model;
mod opening;
mod python;
mod python_tables;
mod readers;
mod replaced;
mod rights;
mod room;
mod schema_changes;
#[path = "../support/mod.rs"]
mod support;
mod unlocked;
mod waiting;
mod writers;

/// Plays a role, in a process that another test has started for it.
#[test]
fn role() {
    support::play(&[
        backup::ROLES,
        crash::ROLES,
        flat::ROLES,
        fork::ROLES,
        model::ROLES,
        opening::ROLES,
        readers::ROLES,
        rights::ROLES,
        room::ROLES,
        unlocked::ROLES,
        writers::ROLES,
    ]);
}
