//! The classes of pods, and the intervals of addresses and ports, to look at: the [table](table) over them, and
//! what policies [tell apart](partition), whom they [match](met) or [select](selected), what is [new of them](touching) and who [runs where](nearness), for those who
//! ask one question of each kind.

pub(super) mod intervals;
pub(super) mod met;
pub(super) mod nearness;
pub(super) mod partition;
pub(super) mod selected;
pub(super) mod table;
pub(super) mod touching;
