//! Who the ends of a flow are, as far as policies can name them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::model::cluster::{Cluster, NAMESPACE_NAME_LABEL, Pod, Workload};
use crate::model::flow::{Destination, Endpoint, Flow};
use crate::model::policy::{Namespaces, Peer, PodPeer};
use crate::name::ObjectName;
use crate::net::{Cidr, IpBlock, canonical};
use crate::verdict::Backend;

/// Labels that controllers set (K27), and that nobody selects by who wants to name the pods of a workload.
const CONTROLLED: [&str; 10] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "job-name",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
];

/// Most addresses of one end that blocks are made of.
const MAX_ADDRESSES: usize = 4;

/// One end of a flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Party {
    /// The namespace, name and labels of a pod.
    pub(super) pod: Option<(Arc<str>, Arc<str>, Labels)>,
    /// Its addresses; of a pod that is met by one of them that one alone.
    pub(super) addresses: Vec<IpAddr>,
}

impl Party {
    pub(super) fn source(cluster: &Cluster, flow: &Flow) -> Self {
        Self::endpoint(cluster, &flow.source)
    }

    /// The destination: of a Service the backend.
    pub(super) fn destination(cluster: &Cluster, flow: &Flow, backend: Option<&Backend>) -> Self {
        match (backend, &flow.destination) {
            (Some(Backend::Object(name)), _) => Self::named(cluster, name),
            (Some(Backend::Workload(name, kind)), _) => {
                Self::endpoint(cluster, &Endpoint::Workload { kind: kind.clone(), name: name.clone() })
            }
            (Some(Backend::Address(address)), _) => Self::address(cluster, *address),
            (None, Destination::Endpoint(endpoint)) => Self::endpoint(cluster, endpoint),
            (None, Destination::Service(_)) => Self::default(),
        }
    }

    fn endpoint(cluster: &Cluster, endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Named(name) => Self::named(cluster, name),
            Endpoint::Workload { kind, name } => {
                cluster.workloads_meant(kind, name).next().map_or_else(Self::default, Self::workload)
            }
            Endpoint::Labelled { namespace, labels } => {
                Self { pod: Some((namespace.clone(), "pods".into(), labels.clone())), addresses: Vec::new() }
            }
            Endpoint::PodAddress { pod, address } => Self { addresses: vec![*address], ..Self::named(cluster, pod) },
            Endpoint::Node(name) => {
                let addresses = cluster.node(name).map(|node| node.addresses.iter().map(|entry| entry.address));
                Self { pod: None, addresses: addresses.into_iter().flatten().take(MAX_ADDRESSES).collect() }
            }
            Endpoint::NodeAddress { address, .. } => Self { pod: None, addresses: vec![*address] },
            Endpoint::Address(address) => Self::address(cluster, *address),
        }
    }

    fn named(cluster: &Cluster, name: &ObjectName) -> Self {
        if let Some(pod) = cluster.pod(name) {
            return Self::of_pod(pod);
        }
        if let Some(workload) = cluster.workloads_named(name).next() {
            return Self::workload(workload);
        }
        // A replica of a StatefulSet (K27).
        let set = name.name().rsplit_once('-').map(|(set, _)| ObjectName::new(name.namespace().clone(), set));
        let workload = set.and_then(|set| cluster.workloads_named(&set).next());
        workload.map_or_else(Self::default, Self::workload)
    }

    fn address(cluster: &Cluster, address: IpAddr) -> Self {
        let address = canonical(address);
        let owns = |pod: &&Pod| pod.is_live() && !pod.host_network && pod.addresses.contains(&address);
        let pod = cluster.pods().iter().find(owns).map(Self::of_pod);
        Self { addresses: vec![address], ..pod.unwrap_or_default() }
    }

    fn of_pod(pod: &Pod) -> Self {
        let named = (pod.name.namespace().clone(), pod.name.name().clone(), pod.labels.clone());
        Self { pod: Some(named), addresses: pod.addresses.iter().copied().take(MAX_ADDRESSES).collect() }
    }

    fn workload(workload: &Workload) -> Self {
        let named = (workload.name.namespace().clone(), workload.name.name().clone(), workload.labels.clone());
        Self { pod: Some(named), addresses: Vec::new() }
    }

    /// The labels by which a policy names it.
    pub(super) fn labels(&self) -> Labels {
        let all = self.pod.iter().flat_map(|(_, _, labels)| labels.iter());
        let lasting = all.filter(|(key, _)| !CONTROLLED.contains(&key.as_str()));
        lasting.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The selector of those that are labelled like it.
    pub(super) fn selector(&self) -> Selector {
        Selector::new(self.labels(), Vec::new())
    }

    /// The peer of a policy in `own` that selects those that are labelled like it.
    pub(super) fn by_labels(&self, own: &str) -> Option<Peer> {
        let (namespace, _, _) = self.pod.as_ref()?;
        let namespaces = if **namespace == *own {
            Namespaces::Own
        } else {
            let pair = (LabelKey::new(NAMESPACE_NAME_LABEL).ok()?, LabelValue::new(namespace).ok()?);
            Namespaces::Matching(Selector::new([pair].into_iter().collect(), Vec::new()))
        };
        Some(Peer::Pods(PodPeer { namespaces, pods: self.selector() }))
    }

    /// A block for each of its addresses.
    pub(super) fn by_address(&self) -> impl Iterator<Item = Peer> + '_ {
        self.addresses.iter().filter_map(|address| block(Cidr::host(*address), Vec::new()))
    }

    /// Requirements that each leave it out, the shortest first.
    pub(super) fn not_labelled(&self) -> Vec<Requirement> {
        let not = |(key, value): (&LabelKey, &LabelValue)| Requirement::not_in(key.clone(), [value.clone()]).ok();
        self.labels().iter().filter_map(not).collect()
    }

    /// Whether the peer of a policy in `own` selects it by labels, as far as manifests say.
    pub(super) fn is_selected(&self, cluster: &Cluster, own: &str, peer: &PodPeer) -> bool {
        let Some((namespace, _, labels)) = &self.pod else { return false };
        let of_namespace = match &peer.namespaces {
            Namespaces::Own => **namespace == *own,
            Namespaces::Matching(selector) => match cluster.namespace(namespace) {
                Some(namespace) => selector.matches(&namespace.labels),
                None => true,
            },
        };
        of_namespace && peer.pods.matches(labels)
    }
}

/// A block, where its exceptions lie in it.
pub(super) fn block(cidr: Cidr, except: Vec<Cidr>) -> Option<Peer> {
    IpBlock::new(cidr, except).ok().map(Peer::IpBlock)
}
