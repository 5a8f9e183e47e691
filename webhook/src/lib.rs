#![doc = include_str!("../README.md")]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod answer;
pub mod judge;
pub mod routes;
pub mod server;
pub mod signals;
pub mod tls;
pub mod warnings;
