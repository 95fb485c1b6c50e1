//! Memory that the system refuses: see `memory.c`.

use std::path::Path;
use std::process::Command;

use crate::host;
use crate::support::soak;

/// Plays a call with one after the other of its allocations failing: every one in a soak, else
/// each time a tenth further. Returns how many plays ended as an error, and how many ended the
/// process.
fn play(program: &Path, call: &str) -> (u32, u32) {
    let folder = tempfile::tempdir().unwrap();
    let stride = if soak() { "1000000000" } else { "10" };
    let said = host::run(
        Command::new(program)
            .arg(call)
            .arg(folder.path())
            .arg(stride),
    );
    let numbers: Vec<u32> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [errors, ends] = numbers[..] else {
        panic!("{said}");
    };
    (errors, ends)
}

#[test]
fn memory_that_is_refused_is_an_error_or_the_end_and_takes_nothing() {
    let program = &host::build(&["memory.c"]);
    let calls = [
        "insert",
        "insert_many",
        "ingest",
        "upsert",
        "observe",
        "verify",
        "open",
    ];
    std::thread::scope(|scope| {
        for call in calls {
            scope.spawn(move || {
                let (errors, ends) = play(program, call);
                assert!(errors > 10 && ends > 0, "{call}: {errors} {ends}");
            });
        }
    });
    let (errors, ends) = play(program, "large_text");
    assert!(errors > 0 && ends == 0, "a large text: {errors} {ends}");
}
