//! Addresses and ports as numbers, and what blocks and rules are in them: intervals.

pub(super) mod blocks;
pub(super) mod cuts;
pub(super) mod ports;
