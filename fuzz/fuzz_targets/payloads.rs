#![no_main]

#[path = "../checks/payloads.rs"]
mod payloads;

libfuzzer_sys::fuzz_target!(|data: &[u8]| payloads::check(data));
