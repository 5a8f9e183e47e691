//! Whole clusters: who reaches whom, what differs between two, what a change does.
//!
//! [`Connectivity`] lists every connection that is not denied, or counts pairs of ends by how much of theirs is allowed, and says
//! whom no policy isolates; [`Diff`] lists every connection that differs between two snapshots. Both ask once for all ends that no
//! policy tells apart. [`impact`] compares two clusters by the definition, within bounds: who becomes isolated or free, and which
//! connections open and close, each kind of them once, with a witness flow. [`why_not`] says which changes of policies would allow
//! or deny a flow, and what else each changes.

mod changes;
mod connectivity;
mod controlled;
mod diff;
mod end;
mod ends;
mod fronts;
mod groups;
mod impact;
mod isolation;
mod left_out;
mod place;
mod port_set;
mod region;
mod repair;
mod search;
mod summary;
mod world;

pub use changes::{FlowChange, Impact, Isolation, IsolationChange, Relation};
pub use connectivity::{Connection, Connectivity, PairCounts, Unprotected};
pub use diff::{ConnectionChange, Diff};
pub use ends::Ends;
pub use impact::{MAX_CHANGES, MAX_FLOWS, impact};
pub use left_out::LeftOut;
pub use port_set::PortSet;
pub use region::Region;
pub use repair::{Action, Edit, Irreparable, MAX_REPAIRS, MAX_TRIED, Repair, Unlimited, why_not};
pub use search::{Detail, Ends as ConnectionEnds, Ports};
