//! Workloads: what stands for pods that are not there yet, and owns those that are.

use std::sync::Arc;

use super::owner::{Owner, WorkloadKind};
use super::pod::ContainerPort;
use crate::labels::{Labels, Selector};
use crate::name::ObjectName;

/// A workload: stands for its pods, without addresses, under its own name ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

impl Workload {
    /// A workload whose pods bear `labels`, and which selects by them; nothing else is known of it.
    #[must_use]
    pub fn new(kind: WorkloadKind, name: ObjectName, labels: Labels) -> Self {
        Self {
            name,
            kind,
            selector: Selector::new(labels.clone(), Vec::new()),
            labels,
            replicas: None,
            node: None,
            host_network: false,
            ports: Vec::new(),
            runtime_class: None,
            owner: None,
        }
    }
}
