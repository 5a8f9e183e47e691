//! The webhook over real TLS on a loopback port: what it answers, within which bounds, and how it stops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod api_server;
mod bounds;
mod client;
mod command;
mod connections;
mod deploying;
mod impacts;
mod observing;
mod process;
mod reloading;
mod stopping;
mod watching;
mod wording;
