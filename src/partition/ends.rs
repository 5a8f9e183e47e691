//! Ends inside the cluster, each met by its name.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::{PodId, Snapshot};
use crate::labels::Labels;
use crate::model::cluster::WorkloadKind;
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::AddressNumber;
use crate::partition::index::{Index, Object};

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

    pub(super) fn pod_id(&self, snapshot: &Snapshot) -> Option<PodId> {
        match self {
            Self::Pod(name) => snapshot.pod_id(name),
            Self::Workload(..) | Self::Node(_) => None,
        }
    }

    /// Whether it is a node, or shares one's network: it may be what a pod runs on.
    pub(super) fn is_host(&self, snapshot: &Snapshot) -> bool {
        let cluster = snapshot.cluster();
        match self {
            Self::Pod(name) => cluster.pod(name).is_some_and(|pod| pod.host_network),
            Self::Workload(name, kind) => cluster.workload(kind, name).is_some_and(|workload| workload.host_network),
            Self::Node(_) => true,
        }
    }

    /// In their order.
    pub(super) fn addresses(&self, snapshot: &Snapshot) -> Vec<AddressNumber> {
        match self {
            Self::Pod(name) => {
                let addresses = snapshot.cluster().pod(name).map_or(&[][..], |pod| &pod.addresses);
                addresses.iter().copied().map(AddressNumber::of).collect()
            }
            Self::Workload(..) | Self::Node(_) => Vec::new(),
        }
    }
}

/// What makes an end's own node: where it runs, or may (K18, U8).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Standing {
    node: Option<Arc<str>>,
    hosts: Vec<IpAddr>,
    selector: Vec<(String, String)>,
}

impl Standing {
    fn new(node: Option<&Arc<str>>, hosts: &[IpAddr], selector: &Labels) -> Self {
        let selector = if node.is_none() { selector.iter().collect() } else { Vec::new() };
        let selector = selector.into_iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Self { node: node.cloned(), hosts: hosts.to_vec(), selector }
    }

    /// Of every end of a snapshot: live pods, workloads that stand for pods nobody loaded, nodes by every name that there is.
    pub(super) fn of_all(snapshot: &Snapshot) -> BTreeMap<Who, Self> {
        let cluster = snapshot.cluster();
        let mut all = BTreeMap::new();
        for object in Index::new(cluster).objects() {
            let (who, standing) = match object {
                Object::Pod(pod) => {
                    let standing = Self::new(pod.node.as_ref(), &pod.host_addresses, &pod.node_selector);
                    (Who::Pod(pod.name.clone()), standing)
                }
                Object::Workload(workload) => {
                    let standing = Self::new(workload.node.as_ref(), &[], &workload.node_selector);
                    (Who::Workload(workload.name.clone(), workload.kind.clone()), standing)
                }
            };
            all.insert(who, standing);
        }
        let named = cluster.pods().iter().filter(|pod| pod.is_live()).filter_map(|pod| pod.node.clone());
        for name in cluster.nodes().iter().map(|node| node.name.clone()).chain(named) {
            let standing = Self::new(Some(&name), &[], &Labels::new());
            all.insert(Who::Node(name), standing);
        }
        all
    }
}

/// A pod, a workload or a node.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) who: Who,
    /// Of a pod, in each snapshot.
    pub(crate) ids: Vec<Option<PodId>>,
    /// It is a node, or shares one's network, in some snapshot.
    pub(crate) is_host: bool,
    /// Where it runs, or may, in each snapshot: a number for each of the ways that there are.
    pub(super) standing: u32,
}
