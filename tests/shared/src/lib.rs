//! What the tests of several packages share.

pub mod corpus;
pub mod faces;
pub mod real_worlds;
mod time;

pub use time::{bounded, within};
