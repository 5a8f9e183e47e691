//! The search that analyses have in common: what there is to tell of each pair of ends, on each port, of one snapshot or of two.

mod ask;
mod ends;
mod fold;
mod fronts;
mod gather;
mod pairs;
mod ports;
mod selection;
mod sets;

pub(super) use ask::{Ask, Pair};
pub use ends::Ends;
pub use fold::Detail;
pub(super) use fold::Folding;
pub(super) use gather::{Told, gathered};
pub(super) use pairs::Search;
pub use ports::Ports;
pub(super) use selection::Selection;
