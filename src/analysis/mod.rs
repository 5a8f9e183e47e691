//! Whole clusters: who reaches whom, what differs between two, what a change does.
//!
//! [`Connectivity`] lists every connection that is not denied, or counts pairs of ends by how much of theirs is allowed, and says
//! whom no policy isolates; [`Diff`] lists every connection that differs between two snapshots, and who becomes isolated or free, and a [`Baseline`] is
//! kept for changes of policies to be held against;
//! [`exposure`](fn@exposure) says what pods could do that are not there yet. All ask once for all ends that no policy tells apart.
//! [`notes`](fn@notes) says what such answers hang on that was not given. [`why_not`] says which changes of policies would allow or
//! deny a flow, and what else each changes.

mod baseline;
mod connectivity;
mod diff;
mod exposure;
mod isolation;
mod notes;
mod region;
mod repair;
mod search;

pub use baseline::Baseline;
pub use connectivity::{Connection, Connectivity, PairCounts, Unprotected};
pub use diff::{ConnectionChange, Diff};
pub use exposure::{Exposure, ExposureEnds, NewcomerPlace, Newcomers, TooManyNewcomers, exposure};
pub use isolation::{Isolation, IsolationChange};
pub use notes::notes;
pub use region::Region;
pub use repair::{Action, Edit, Irreparable, MAX_REPAIRS, MAX_TRIED, Repair, Unlimited, why_not};
pub use search::{Detail, Ends, Ports};
