//! No panic leaves the library: every exported function is made to panic.

use std::process::Command;

use crate::host;

#[test]
fn every_exported_function_survives_a_panic() {
    let symbols = host::run(
        Command::new("nm")
            .args(["-D", "--defined-only"])
            .arg(host::library()),
    );
    let functions: Vec<_> = symbols
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        // With a version, `name@@VERSION`.
        .map(|name| name.split('@').next().unwrap_or(name))
        // The name of a status has no error to return.
        .filter(|name| name.starts_with("satori_") && *name != "satori_status_name")
        .collect();
    assert!(functions.len() > 30, "{functions:?}");
    let answer = host::run(Command::new(host::build(&["panics.c"])).args(&functions));
    assert_eq!(
        answer.trim(),
        format!("{} functions panicked", functions.len())
    );
}
