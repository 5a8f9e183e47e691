//! What a change does, over whole clusters.
//!
//! [`impact`] compares two snapshots: who becomes isolated or free, and which connections open and close,
//! each kind of them once, with a witness flow.

mod changes;
mod ends;
mod groups;
mod impact;
pub(crate) mod index;
mod port_set;
mod summary;

pub use changes::{FlowChange, Impact, Isolation, IsolationChange};
pub use ends::Ends;
pub use impact::{MAX_CHANGES, MAX_FLOWS, impact};
pub use port_set::PortSet;
