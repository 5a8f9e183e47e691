//! The oracle: a data plane held against the engine.
//!
//! Hand over what enforces policies, as a [`DataPlane`]; the flows to probe it with are chosen, what it does is compared
//! with what the engine says, and what differs is cut down to the smallest case that still differs.

mod batches;
mod case;
mod check;
mod covering;
mod data_plane;
mod doors;
mod end_kinds;
mod face;
mod face_flows;
mod frontends;
mod obstacle;
mod outside;
mod pairs;
mod probe;
mod probe_end;
mod report;
mod resolve;
mod shrink;

pub use case::{Answer, AnswerSide, Case, CaseError, CaseFlow, Expected, Replay, ReplayError, Stale};
pub use check::{Options, SequenceError, check, check_changes, check_installed};
pub use covering::{Budgeted, Covering, CoveringFlows, covering_flows};
pub use data_plane::{DataPlane, Observed, Outcome};
pub use face::{ComesFrom, Face};
pub use obstacle::Obstacle;
pub use probe::Probe;
pub use probe_end::{ProbeEnd, ProbeWho};
pub use report::{Coverage, Mismatch, ProbeError, Report, Stop, Strength};
pub use resolve::probes;
pub use shrink::{ShrinkError, ShrinkOptions, Shrunk, shrink};
