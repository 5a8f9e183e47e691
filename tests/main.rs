//! The crate's tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "yaml")]
mod admission;
mod changes;
mod cluster_manifests;
mod connectivity;
mod console;
mod counts;
mod diff;
mod engine;
mod errors;
#[cfg(feature = "yaml")]
mod examples;
#[cfg(feature = "yaml")]
mod explain;
mod exposure;
mod flow_text;
mod fuzz_replay;
mod generate;
#[cfg(feature = "yaml")]
mod help;
mod interop;
mod json;
mod layers;
mod lints;
mod oracle;
mod plane;
mod profile;
mod properties;
#[cfg(feature = "yaml")]
mod repair;
mod strategies;
mod support;

mod api_model;
#[cfg(feature = "yaml")]
mod api_truth;
#[cfg(feature = "yaml")]
mod conformance;
#[cfg(feature = "yaml")]
mod kinds;
#[cfg(feature = "yaml")]
mod loading;
#[cfg(feature = "yaml")]
mod readme;
#[cfg(feature = "yaml")]
mod robustness;
mod round_trip;
mod semantics;
#[cfg(feature = "yaml")]
mod streaming;
