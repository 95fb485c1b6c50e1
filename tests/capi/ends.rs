//! What ends a process, as the header says, and takes nothing that was acknowledged.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use crate::host;
use crate::support::{assert_sound, place, plain, row, run, uuid};
use satori_store::Store;

const ABORT: i32 = 6;

/// Runs `ends.cpp`, and looks at the store afterwards.
fn play(mode: &str) -> Output {
    let (_folder, path) = place();
    let stream = uuid("d39cd529-5dd4-5e4b-abc9-90b3751e71f1");
    let store = Store::open(&path).unwrap();
    store.insert(&stream, &row(1, 1.0)).unwrap();

    let mut other = plain(&path);
    if mode != "throw" {
        run(&mut other, "BEGIN IMMEDIATE");
    }
    let mut program = Command::new(host::build(&["ends.cpp"]));
    program.arg(mode).arg(&path).env_remove("LD_LIBRARY_PATH");
    let output = program.output().unwrap();
    drop((other, store));

    assert_sound(&path);
    assert_eq!(Store::open(&path).unwrap().count(&stream, ..).unwrap(), 1);
    output
}

#[test]
fn a_thread_that_is_cancelled_in_a_call_ends_the_process() {
    let output = play("cancel");
    assert_eq!(output.status.signal(), Some(ABORT), "{output:?}");
}

#[test]
fn a_call_during_which_cancelling_is_switched_off_goes_on() {
    let output = play("cancel-disabled");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"went on\n");
}

#[test]
#[cfg(feature = "arrow")]
fn an_exception_out_of_a_callback_ends_the_process() {
    let output = play("throw");
    assert_eq!(output.status.signal(), Some(ABORT), "{output:?}");
}
