//! The classes of pods, and the intervals of addresses and ports, to look at: the [table](table) over them, and
//! what policies [tell apart](partition), for those who ask one question of each kind.

pub(super) mod intervals;
pub(super) mod partition;
pub(super) mod table;
