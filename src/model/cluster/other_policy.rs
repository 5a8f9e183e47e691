//! Policies of other kinds.

/// A policy of a kind that is not judged: answers ignore it ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherPolicy {
    /// Its kind: `AdminNetworkPolicy`.
    pub kind: String,
    /// Its apiVersion.
    pub api_version: String,
    /// `namespace/name`, or `name`.
    pub name: String,
}
