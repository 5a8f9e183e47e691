//! Policies of other kinds.

/// A policy of a kind that is not judged: answers ignore it ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct OtherPolicy {
    /// Its kind: `AdminNetworkPolicy`.
    pub kind: String,
    /// Its apiVersion.
    pub api_version: String,
    /// `namespace/name`, or `name`.
    pub name: String,
}

impl OtherPolicy {
    /// The policy `name` (`namespace/name`, or `name`) of that kind.
    pub fn new(kind: impl Into<String>, api_version: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), api_version: api_version.into(), name: name.into() }
    }
}
