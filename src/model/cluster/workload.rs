//! Workloads: what stands for pods that are not there yet, and owns those that are.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::pod::ContainerPort;
use crate::labels::{Labels, Selector};
use crate::name::ObjectName;

/// The controller of a pod or workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name, in the namespace of what it owns.
    pub name: Arc<str>,
}

/// The kinds that stand for their pods ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[allow(missing_docs)]
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
    pub const ALL: [Self; 7] = [
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

impl FromStr for WorkloadKind {
    type Err = ();

    /// Upper and lower case are the same.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// A workload: stands for its pods, without addresses, under its own name ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Namespace and name.
    pub name: ObjectName,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Labels of its pod template.
    pub labels: Labels,
    /// `spec.selector`; the template's labels where there is none.
    pub selector: Selector,
    /// `replicas` (a Job's `parallelism`) as given; absent is not 0 ([K23](crate::semantics#k23)).
    pub replicas: Option<u32>,
    /// `nodeName` of its template.
    pub node: Option<Arc<str>>,
    /// Its pods share their node's network.
    pub host_network: bool,
    /// Ports of the template's containers and restartable init containers.
    pub ports: Vec<ContainerPort>,
    /// `runtimeClassName` of its template ([C8](crate::semantics#c8)).
    pub runtime_class: Option<Arc<str>>,
    /// Its own controller: a Deployment of a ReplicaSet, a CronJob of a Job.
    pub owner: Option<Owner>,
}
