//! Who is connected to the switch, by which port and with which addresses (K17, K18, K20).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::{Cluster, ObjectName, Pod};

use crate::ids::Ids;

/// Everything outside the cluster, and nodes whose name nobody knows.
pub(crate) const UPLINK: u16 = 1;
/// A copy of what egress let pass, before ingress: what a tunnel to another node would carry.
pub(crate) const TAP: u16 = 2;
/// What comes out of the tunnel from another node: egress was judged there.
pub(crate) const TUNNEL: u16 = 3;
/// Pods and nodes have the ports from here on.
pub(crate) const FIRST: u16 = 10;

/// What has a port of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attached {
    Pod(ObjectName),
    Node(Arc<str>),
}

/// A pod on the switch: live, with a network and an address of its own.
#[derive(Debug, Clone)]
pub(crate) struct PodEnd {
    pub(crate) pod: Pod,
    pub(crate) port: u16,
}

/// All ends of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ends {
    pub(crate) pods: Vec<PodEnd>,
    pub(crate) nodes: BTreeMap<Arc<str>, u16>,
    /// Addresses of nodes that no pod has, and the port that leads there.
    pub(crate) node_addresses: BTreeMap<IpAddr, u16>,
}

/// Whether the pod has a network of its own and an address in it.
fn is_attached(pod: &Pod) -> bool {
    pod.is_live() && !pod.host_network && !pod.addresses.is_empty()
}

impl Ends {
    /// The ends of `cluster`; `ports` is brought up to date.
    pub(crate) fn of(cluster: &Cluster, ports: &mut Ids<Attached>) -> Self {
        let pods = cluster.pods().iter().filter(|pod| is_attached(pod));
        let given = cluster.nodes().iter().map(|node| node.name.clone());
        let names: BTreeSet<Arc<str>> = given.chain(cluster.pods().iter().filter_map(|pod| pod.node.clone())).collect();
        let attached = pods.clone().map(|pod| Attached::Pod(pod.name.clone()));
        ports.assign(&attached.chain(names.iter().cloned().map(Attached::Node)).collect());

        let mut ends = Self::default();
        let port = |of: &Attached| ports.get(of).and_then(|port| u16::try_from(port).ok()).unwrap_or(UPLINK);
        ends.nodes = names.iter().map(|name| (name.clone(), port(&Attached::Node(name.clone())))).collect();
        let mut owned = BTreeSet::new();
        for pod in pods {
            owned.extend(pod.addresses.iter().copied());
            ends.pods.push(PodEnd { pod: pod.clone(), port: port(&Attached::Pod(pod.name.clone())) });
        }
        // Node objects know best; then what pods report, the first one first.
        let mut note = |address: IpAddr, node: Option<&Arc<str>>| {
            if !owned.contains(&address) {
                let port = node.and_then(|name| ends.nodes.get(name)).copied().unwrap_or(UPLINK);
                ends.node_addresses.entry(address).or_insert(port);
            }
        };
        for node in cluster.nodes() {
            node.addresses.iter().for_each(|entry| note(entry.address, Some(&node.name)));
        }
        for pod in cluster.pods() {
            pod.host_addresses.iter().for_each(|address| note(*address, pod.node.as_ref()));
            if pod.host_network && pod.is_live() {
                pod.addresses.iter().for_each(|address| note(*address, pod.node.as_ref()));
            }
        }
        ends
    }

    pub(crate) fn pod(&self, name: &ObjectName) -> Option<&PodEnd> {
        self.pods.iter().find(|end| end.pod.name == *name)
    }

    /// The port that leads to a node; where nobody knows which it is, out of the cluster.
    pub(crate) fn node_port(&self, name: Option<&Arc<str>>) -> u16 {
        name.and_then(|name| self.nodes.get(name)).copied().unwrap_or(UPLINK)
    }
}
