#![no_main]

#[path = "../checks/c_api.rs"]
mod c_api;
#[path = "../checks/arrow/mod.rs"]
mod arrow;

libfuzzer_sys::fuzz_target!(|data: &[u8]| arrow::check(data));
