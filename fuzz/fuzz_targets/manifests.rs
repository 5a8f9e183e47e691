//! Runs `manifests` of the checks that the tests replay.
#![no_main]

#[allow(dead_code, reason = "the other targets' checks")]
#[path = "../../tests/support/fuzz.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::manifests(bytes));
