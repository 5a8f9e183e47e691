//! Containers that share what has not changed with the snapshots taken of them: copied where they are written, and no more
//! than that. The engine's objects are kept in [`Arena`]s, which ids of one kind index.

mod arena;
mod chunked;
mod flat;
mod persistent;
mod sharded;

pub(super) use arena::Arena;
pub(super) use chunked::Chunked;
pub(super) use flat::Flat;
pub(super) use persistent::PersistentVec;
pub(super) use sharded::Sharded;
