//! The seeds of the fuzz targets (`scripts/fuzz`), each checked once; for machines without
//! the nightly toolchain too. An input on which a target has failed is added to them.

#[path = "../../fuzz/checks/files.rs"]
mod files;
#[path = "../../fuzz/checks/payloads.rs"]
mod payloads;
#[path = "../../fuzz/checks/timestamps.rs"]
mod timestamps;

use crate::support::*;

fn check_all(target: &str, check: fn(&[u8])) {
    let folder = crate_file("fuzz/seeds").join(target);
    let mut checked = 0;
    for seed in std::fs::read_dir(folder).unwrap() {
        let path = seed.unwrap().path();
        println!("{path:?}");
        check(&std::fs::read(path).unwrap());
        checked += 1;
    }
    assert!(checked > 0, "{target} has no seeds");
}

#[test]
fn damaged_files_are_read_or_refused() {
    check_all("files", files::check);
}

#[test]
fn payloads_are_stored_as_a_plain_reading_has_them() {
    check_all("payloads", payloads::check);
}

#[test]
fn timestamps_are_read_as_by_a_second_reader() {
    check_all("timestamps", timestamps::check);
}
