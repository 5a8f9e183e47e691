//! Ends inside the cluster, each met by its name.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::PodId;
use crate::labels::Labels;
use crate::model::cluster::WorkloadKind;
use crate::model::flow::Endpoint;
use crate::name::ObjectName;

/// The place of an end among all of a partition, which are in the order of [`Who`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EndIx(pub(super) u32);

/// Who an end is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    /// A live pod.
    Pod(ObjectName),
    /// A workload: it stands for pods that nobody loaded.
    Workload(ObjectName, WorkloadKind),
    /// A node by its name.
    Node(Arc<str>),
}

impl Who {
    /// As flows name it.
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Pod(name) => Endpoint::Named(name.clone()),
            Self::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() },
            Self::Node(name) => Endpoint::Node(name.clone()),
        }
    }
}

/// What makes an end's own node: where it runs, or may (K18, U8).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Standing {
    pub(super) node: Option<Arc<str>>,
    pub(super) hosts: Vec<IpAddr>,
    pub(super) selector: Vec<(String, String)>,
}

impl Standing {
    pub(super) fn new(node: Option<&Arc<str>>, hosts: &[IpAddr], selector: &Labels) -> Self {
        let selector = if node.is_none() { selector.iter().collect() } else { Vec::new() };
        let selector = selector.into_iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Self { node: node.cloned(), hosts: hosts.to_vec(), selector }
    }
}

/// A pod, a workload or a node.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) who: Who,
    /// Of a pod.
    pub(crate) id: Option<PodId>,
    /// It is a node, or shares one's network: it may be what a pod runs on.
    pub(crate) is_host: bool,
    pub(super) standing: Standing,
}
