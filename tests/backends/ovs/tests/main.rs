//! The switch against the definition.
//!
//! Where Open vSwitch is missing the tests say so and pass, unless `NETPOL_BACKENDS=required`.

mod ask;
mod corpus;
mod crash;
mod faults;
mod harness;
mod large;
mod packets;
mod updates;
mod worlds_agree;
