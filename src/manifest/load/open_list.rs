//! A list that is too large to be read as a whole, while it is read.

use super::taken::Takings;
use crate::manifest::tree::Read;

/// A list whose items come one by one.
#[derive(Debug, Default)]
pub(super) struct OpenList {
    /// What was taken before it.
    pub(super) before: Takings,
    /// How many of its items were taken.
    pub(super) count: usize,
    /// Items that cannot be taken before the list has said what they are, and all behind them.
    pub(super) held: Vec<Read>,
    pub(super) held_nodes: usize,
}
