//! Namespaces.

use std::sync::Arc;

use crate::labels::Labels;

/// The label every namespace carries, whatever its manifest says ([K10](crate::semantics#k10)).
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels; the cluster adds `kubernetes.io/metadata.name` ([K10](crate::semantics#k10)).
    pub labels: Labels,
}
