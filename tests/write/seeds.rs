//! The seeds of the fuzz targets (`scripts/fuzz`), each checked once; for machines without
//! the nightly toolchain too. An input on which a target has failed is added to them.

#[path = "../../fuzz/checks/files.rs"]
mod files;
#[path = "../../fuzz/checks/payloads.rs"]
mod payloads;
#[path = "../../fuzz/checks/timestamps.rs"]
mod timestamps;

use crate::support::*;

#[test]
fn damaged_files_are_read_or_refused() {
    check_seeds("files", files::check);
}

#[test]
fn payloads_are_stored_as_a_plain_reading_has_them() {
    check_seeds("payloads", payloads::check);
}

#[test]
fn timestamps_are_read_as_by_a_second_reader() {
    check_seeds("timestamps", timestamps::check);
}
