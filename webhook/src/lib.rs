#![doc = include_str!("../README.md")]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod answer;
pub mod decision;
pub mod deploy;
pub mod files;
pub mod head;
pub mod health;
pub mod impact;
pub mod judge;
pub mod metrics;
pub mod peers;
pub mod routes;
pub mod server;
pub mod signals;
pub mod tls;
pub mod view;
pub mod warnings;
pub mod watch;
