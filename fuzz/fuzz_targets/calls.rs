#![no_main]

#[path = "../checks/c_api.rs"]
mod c_api;
#[path = "../checks/calls/mod.rs"]
mod calls;

libfuzzer_sys::fuzz_target!(|data: &[u8]| calls::check(data));
