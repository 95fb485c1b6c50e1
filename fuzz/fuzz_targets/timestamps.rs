#![no_main]

#[path = "../checks/timestamps.rs"]
mod timestamps;

libfuzzer_sys::fuzz_target!(|data: &[u8]| timestamps::check(data));
