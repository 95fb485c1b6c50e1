//! Misuse from C: over 200 ways, an error each, nothing lost. Again under valgrind
//! if that is installed.

use std::process::Command;

use crate::host;

const SOURCES: [&str; 6] = [
    "misuse.c",
    "misuse_arrow.c",
    "misuse_handles.c",
    "misuse_inputs.c",
    "misuse_structs.c",
    "misuse_races.c",
];

fn cases(command: &mut Command, rounds: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let answer = host::run(command.arg(folder.path()).arg(rounds));
    let last = answer.lines().last().unwrap_or_default();
    last.strip_suffix(" cases").unwrap().parse().unwrap()
}

#[test]
fn misuse_is_an_error_and_takes_nothing() {
    let program = host::build(&SOURCES);
    assert!(cases(&mut Command::new(&program), "10") >= 200);

    // AddressSanitizer and valgrind don't go together.
    let sanitized = std::env::var_os("SATORI_STORE_CFLAGS").is_some();
    if sanitized || Command::new("valgrind").arg("--version").output().is_err() {
        println!("not under valgrind: not installed, or under AddressSanitizer");
        return;
    }
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
        "--fair-sched=yes",
    ]);
    assert!(cases(valgrind.arg(&program), "1") >= 200);
}
