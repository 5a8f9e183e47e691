//! Which workload owns a pod.

use std::sync::Arc;

use super::workload_kind::WorkloadKind;

/// The controller of a pod or workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Owner {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name, in the namespace of what it owns.
    pub name: Arc<str>,
}

impl Owner {
    /// The workload of that kind and name.
    pub fn new(kind: WorkloadKind, name: impl Into<Arc<str>>) -> Self {
        Self { kind, name: name.into() }
    }
}
