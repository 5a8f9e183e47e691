//! The data plane inside the kernel, held against the definition.
//!
//! Needs root, clang and libbpf's headers. Where one is missing the tests say so and pass, unless
//! `NETPOL_BACKENDS=required`. `NETPOL_WORLDS` is the number of generated worlds, `NETPOL_SEED` what they grow from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// Prints past the test harness, which keeps what a passing test prints to itself.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let mut terminal = std::io::stderr().lock();
        writeln!(terminal, $($text)*).unwrap();
    }};
}

mod comparison;
mod corpus;
mod exam;
mod faults;
mod generated;
mod probes;
mod speed;
mod updates;

use netpol_backend_ebpf::{EbpfPlane, missing};

/// The data plane; `None`, and a loud word, where this machine cannot run it.
fn plane(test: &str) -> Option<EbpfPlane> {
    match missing() {
        None => Some(EbpfPlane::load().unwrap()),
        Some(what) if std::env::var("NETPOL_BACKENDS").is_ok_and(|value| value == "required") => {
            panic!("{test}: cannot run the eBPF data plane: {what}")
        }
        Some(what) => {
            say!("SKIPPED {test}: cannot run the eBPF data plane: {what}");
            None
        }
    }
}

/// A number from the environment.
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}
