//! Workloads: what stands for pods that are not there yet, and owns those that are.

use std::sync::Arc;

use super::container_port::ContainerPort;
use super::owner::Owner;
use super::workload_kind::WorkloadKind;
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
    /// Labels of its pod template; its controller adds others ([`controller_values`](Self::controller_values))
    /// ([K27](crate::semantics#k27)).
    pub labels: Labels,
    /// `spec.selector`; the template's labels where there is none.
    pub selector: Selector,
    /// `replicas` (a Job's `parallelism`) as given; absent is not 0 ([K23](crate::semantics#k23)), of a StatefulSet it is 1
    /// ([K27](crate::semantics#k27)).
    pub replicas: Option<u32>,
    /// `ordinals.start` of a StatefulSet ([K27](crate::semantics#k27)).
    pub first_ordinal: u32,
    /// What only Jobs and CronJobs have ([K27](crate::semantics#k27)).
    pub job: JobFacts,
    /// `nodeName` of its template.
    pub node: Option<Arc<str>>,
    /// `nodeSelector` of its template ([U8](crate::semantics#u8)).
    pub node_selector: Labels,
    /// Its pods share their node's network.
    pub host_network: bool,
    /// Ports of the template's containers and restartable init containers.
    pub ports: Vec<ContainerPort>,
    /// `runtimeClassName` of its template ([C8](crate::semantics#c8)).
    pub runtime_class: Option<Arc<str>>,
    /// Its own controller: a Deployment of a ReplicaSet, a CronJob of a Job.
    pub owner: Option<Owner>,
}

/// What of a Job decides which labels its pods get ([K27](crate::semantics#k27)); by default nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobFacts {
    /// `metadata.uid`; a CronJob's is not its Jobs'.
    pub uid: Option<Arc<str>>,
    /// `completions` of an indexed Job (`completionMode: Indexed`), 0 where it says none.
    pub indexes: Option<u32>,
    /// `manualSelector`: its pods get neither its name nor its uid.
    pub manual_selector: bool,
}

impl Workload {
    /// Whether its selector can select a pod that nobody controls ([K23](crate::semantics#k23)): a CronJob has none, and that of a Job
    /// which writes none the server makes of a uid.
    pub(crate) fn selects_loose_pods(&self) -> bool {
        let is_of_template = self.selector.expressions().is_empty() && *self.selector.match_labels() == self.labels;
        match self.kind {
            WorkloadKind::CronJob => false,
            WorkloadKind::Job => self.job.manual_selector || !is_of_template,
            _ => true,
        }
    }

    /// A workload whose pods bear `labels`, and which selects by them; nothing else is known of it.
    #[must_use]
    pub fn new(kind: WorkloadKind, name: ObjectName, labels: Labels) -> Self {
        Self {
            name,
            kind,
            selector: Selector::new(labels.clone(), Vec::new()),
            labels,
            replicas: None,
            first_ordinal: 0,
            job: JobFacts::default(),
            node: None,
            node_selector: Labels::new(),
            host_network: false,
            ports: Vec::new(),
            runtime_class: None,
            owner: None,
        }
    }
}
