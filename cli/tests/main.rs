//! The built command, run as people run it: answers, messages and exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod decide;
mod diff;
mod generate;
mod input;
mod oracle;
mod packed;
mod pictures;
mod reach;
mod readme;
mod review;
mod shell;
mod support;
mod vectors;
