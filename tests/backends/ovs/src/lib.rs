//! NetworkPolicy on Open vSwitch: a data plane of its own, for the oracle to be held against.
//!
//! [`Ovs`] starts a private switch (the user-space datapath; no privileges, no kernel module), compiles policies to
//! OpenFlow flows and asks the switch what becomes of a packet. It reads the objects of a cluster and what a profile
//! says about its capabilities, and never asks the library for a verdict: selectors, ranges of ports and blocks of
//! addresses are worked out here anew.
//!
//! Where the definition says Undefined a switch still does something: this one judges by the rules as they stand.
//!
//! A [`Fault`] makes the compiler wrong in one known way, so that a comparison can be shown to notice.

mod cidrs;
mod compile;
mod ends;
mod error;
mod fault;
mod flows;
mod ids;
mod keeper;
mod masks;
mod packet;
mod plane;
mod selectors;
mod switch;
mod unixctl;

pub use error::Error;
pub use fault::Fault;
pub use plane::Ovs;
pub use switch::{Missing, missing};
