//! The search that analyses have in common: what there is to tell of each pair of ends, on each port, of one snapshot or of two.
//!
//! A verdict is what two sides say. What a side says is asked once for all whom the same policies isolate and all whom these see
//! alike ([`Subjects`](crate::partition::Subjects)), and what two sides say together once for all pairs that say it
//! ([courses]).

mod alike;
mod ask;
mod backends;
mod courses;
mod ends;
mod fold;
mod fronts;
mod hosts;
mod kinds;
mod lines;
mod numbered;
mod outside;
mod plain;
mod pods;
mod ports;
mod run;
mod searched;
mod selection;
mod sets;
mod through;

pub(super) use ask::{Ask, Pair, Said};
pub use ends::Ends;
pub use fold::Detail;
pub(super) use fold::Folding;
pub(super) use lines::{Gathered, Told};
pub(super) use numbered::LineIx;
pub use ports::Ports;
pub(super) use searched::Search;
pub(super) use selection::Selection;
pub(super) use sets::{EndSet, Sources, Targets};
