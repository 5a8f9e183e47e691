//! Any text is a flow or a located error, and what parses prints and parses back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netpol_oracle::Flow;

fuzz_target!(|text: &str| {
    match text.parse::<Flow>() {
        Ok(flow) => assert_eq!(flow.to_string().parse(), Ok(flow)),
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column)),
    }
});
