//! What the tests of several packages share.

pub mod corpus;
mod time;

pub use time::{bounded, within};
