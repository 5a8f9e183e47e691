//! Ends inside the cluster, each met by its name.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::{PodId, Snapshot};
use crate::labels::Labels;
use crate::model::cluster::{Pod, Workload, WorkloadKind};
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::partition::index::Index;

/// The place of an end among all of a partition, which are in the order of [`Who`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EndIx(pub(super) u32);

impl EndIx {
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }

    /// The one of that place.
    pub(crate) fn at(place: usize) -> Option<Self> {
        u32::try_from(place).ok().map(Self)
    }
}

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

/// What an end is in one snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'c> {
    /// Live.
    Pod(&'c Pod),
    /// It stands for pods that nobody loaded.
    Workload(&'c Workload),
    /// By every name that there is.
    Node(&'c Arc<str>),
}

/// What makes an end's own node: where it runs, or may (K18, U8).
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Standing<'c> {
    node: Option<&'c str>,
    hosts: &'c [IpAddr],
    /// Of one that says no node.
    selector: Vec<(&'c str, &'c str)>,
}

impl<'c> Found<'c> {
    /// Every end of a snapshot, in the order of [`Who`].
    pub(super) fn all(snapshot: &'c Snapshot) -> Vec<Self> {
        let cluster = snapshot.cluster();
        let live = || cluster.pods().iter().filter(|pod| pod.is_live());
        let mut nodes: BTreeSet<&Arc<str>> = cluster.nodes().iter().map(|node| &node.name).collect();
        let mut last: Option<&Arc<str>> = None;
        for name in live().filter_map(|pod| pod.node.as_ref()) {
            if last != Some(name) {
                nodes.insert(name);
                last = Some(name);
            }
        }
        let workloads = Index::workloads(cluster).into_iter().map(Found::Workload);
        live().map(Found::Pod).chain(workloads).chain(nodes.into_iter().map(Found::Node)).collect()
    }

    fn key(self) -> (u8, &'c str, &'c str, Option<&'c WorkloadKind>) {
        match self {
            Self::Pod(pod) => (0, pod.name.namespace(), pod.name.name(), None),
            Self::Workload(workload) => (1, workload.name.namespace(), workload.name.name(), Some(&workload.kind)),
            Self::Node(name) => (2, name, "", None),
        }
    }

    /// By who they are.
    pub(super) fn order(self, other: Self) -> Ordering {
        if let (Self::Pod(one), Self::Pod(other)) = (self, other) {
            if std::ptr::eq(one, other) {
                return Ordering::Equal;
            }
        }
        self.key().cmp(&other.key())
    }

    pub(super) fn who(self) -> Who {
        match self {
            Self::Pod(pod) => Who::Pod(pod.name.clone()),
            Self::Workload(workload) => Who::Workload(workload.name.clone(), workload.kind.clone()),
            Self::Node(name) => Who::Node(name.clone()),
        }
    }

    /// Whether both are the same, in all that a snapshot says of it.
    pub(super) fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Pod(one), Self::Pod(other)) => std::ptr::eq(one, other) || one == other,
            (Self::Workload(one), Self::Workload(other)) => std::ptr::eq(one, other) || one == other,
            (Self::Node(one), Self::Node(other)) => one == other,
            _ => false,
        }
    }

    /// Whether it is a node, or shares one's network: it may be what a pod runs on.
    pub(super) fn is_host(self) -> bool {
        match self {
            Self::Pod(pod) => pod.host_network,
            Self::Workload(workload) => workload.host_network,
            Self::Node(_) => true,
        }
    }

    /// In their order; a node's are its object's.
    pub(super) fn addresses(self) -> &'c [IpAddr] {
        match self {
            Self::Pod(pod) => &pod.addresses,
            Self::Workload(_) | Self::Node(_) => &[],
        }
    }

    pub(super) fn standing(self) -> Standing<'c> {
        let (node, hosts, selector): (_, &'c [IpAddr], _) = match self {
            Self::Pod(pod) => (pod.node.as_ref(), &pod.host_addresses, Some(&pod.node_selector)),
            Self::Workload(workload) => (workload.node.as_ref(), &[], Some(&workload.node_selector)),
            Self::Node(name) => (Some(name), &[], None),
        };
        let selector = selector.filter(|_| node.is_none()).into_iter().flat_map(Labels::iter);
        let selector = selector.map(|(key, value)| (key.as_str(), value.as_str())).collect();
        Standing { node: node.map(|name| &**name), hosts, selector }
    }
}

/// A pod, a workload or a node.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) who: Who,
    /// Of a pod, in each snapshot; in those that share all objects it is the same.
    pub(super) ids: Vec<Option<PodId>>,
    /// It is a node, or shares one's network, in some snapshot.
    pub(crate) is_host: bool,
    /// Where it runs, or may, in each snapshot: a number for each of the ways that there are.
    pub(super) standing: u32,
}

impl End {
    /// Of a pod, in the snapshot of that place.
    pub(crate) fn id(&self, view: usize) -> Option<PodId> {
        self.ids.get(view).or_else(|| self.ids.last()).copied().flatten()
    }
}
