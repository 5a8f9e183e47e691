//! What each sort of object is drawn from: a stream of numbers of its own, so that more of one leave the others as they are.

pub(super) const PLAN: u64 = 1;
pub(super) const PODS: u64 = 2;
pub(super) const POLICIES: u64 = 3;
pub(super) const SERVICES: u64 = 4;
pub(super) const FLOWS: u64 = 5;
