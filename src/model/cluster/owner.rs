//! The kinds of workloads, and which one owns a pod.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use crate::text::quoted;

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

/// The kinds that stand for their pods ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum WorkloadKind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    ReplicationController,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::ReplicationController,
    ];

    /// The first in their order.
    pub(super) const LEAST: Self = Self::Deployment;

    /// The kind as manifests write it: `Deployment`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ReplicationController => "ReplicationController",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no kind of workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a kind of workload such as `Deployment`", quoted(text))]
pub struct WorkloadKindError {
    text: String,
}

impl FromStr for WorkloadKind {
    type Err = WorkloadKindError;

    /// Upper and lower case are the same.
    fn from_str(text: &str) -> Result<Self, WorkloadKindError> {
        let kind = Self::ALL.iter().copied().find(|kind| kind.as_str().eq_ignore_ascii_case(text));
        kind.ok_or_else(|| WorkloadKindError { text: text.to_owned() })
    }
}
