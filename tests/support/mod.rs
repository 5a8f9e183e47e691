//! What the test modules share.

#[cfg(feature = "yaml")]
pub(crate) mod case;

pub(crate) mod fuzz;
pub(crate) mod two_valued;
pub(crate) mod worlds;
