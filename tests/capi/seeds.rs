//! The seeds of the fuzz targets of the C API (`scripts/fuzz`), each checked once.

#[path = "../../fuzz/checks/arrow/mod.rs"]
mod arrow;
#[path = "../../fuzz/checks/c_api.rs"]
mod c_api;
#[path = "../../fuzz/checks/calls/mod.rs"]
mod calls;

use crate::support::*;

#[test]
fn arrow_streams_are_stored_or_refused() {
    check_seeds("arrow", arrow::check);
}

#[test]
fn calls_answer_as_the_header_says() {
    check_seeds("calls", calls::check);
}

/// A new function belongs into a target.
#[test]
fn every_function_is_called() {
    let read = |name: &str| std::fs::read_to_string(crate_file(name)).unwrap();
    let checks: String = [
        "calls/mod.rs",
        "calls/rows.rs",
        "arrow/mod.rs",
        "arrow/store.rs",
    ]
    .map(|name| read(&format!("fuzz/checks/{name}")))
    .concat();
    for symbol in read("capi/symbols.txt").lines() {
        let is_called = checks
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == symbol);
        assert!(is_called, "{symbol} is called in no fuzz target");
    }
}
