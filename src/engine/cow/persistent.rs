//! An array of counted references.

/// An array of counted references: a change after a clone copies a few dozen of them, where [`Chunked`](super::chunked::Chunked) would copy more, and
/// a count is a miss of the cache.
pub(in crate::engine) type PersistentVec<T> = imbl::Vector<T>;
