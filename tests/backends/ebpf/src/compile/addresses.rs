//! Who has which address (K17, K18, K20).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::model::NodeAddressKind;
use netpol_oracle::net::canonical;
use netpol_oracle::{Cluster, ObjectName, Pod};

/// Who has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// One live pod.
    Pod(ObjectName),
    /// Several live pods claim it.
    Contested,
    /// A node, by name where one is known.
    Node(Option<Arc<str>>),
}

/// The addresses of a cluster's pods and nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    owners: BTreeMap<IpAddr, Owner>,
    /// Of the nodes: what Node objects say, then what pods say of their hosts; the first word counts.
    nodes: BTreeMap<IpAddr, Option<Arc<str>>>,
}

impl Addresses {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let mut nodes: BTreeMap<IpAddr, Option<Arc<str>>> = BTreeMap::new();
        for node in cluster.nodes() {
            for entry in &node.addresses {
                nodes.entry(canonical(entry.address)).or_insert_with(|| Some(node.name.clone()));
            }
        }
        for pod in cluster.pods() {
            // Of a hostNetwork pod its own too, as long as it lives.
            let own = if pod.host_network && pod.is_live() { &pod.addresses[..] } else { &[] };
            for address in pod.host_addresses.iter().chain(own) {
                nodes.entry(canonical(*address)).or_insert_with(|| pod.node.clone());
            }
        }
        let mut owners: BTreeMap<IpAddr, Owner> =
            nodes.iter().map(|(address, name)| (*address, Owner::Node(name.clone()))).collect();
        for pod in cluster.pods().iter().filter(|pod| pod.is_live() && !pod.host_network) {
            let own: BTreeSet<IpAddr> = pod.addresses.iter().copied().map(canonical).collect();
            for address in own {
                let owner = match owners.get(&address) {
                    Some(Owner::Pod(_) | Owner::Contested) => Owner::Contested,
                    Some(Owner::Node(_)) | None => Owner::Pod(pod.name.clone()),
                };
                owners.insert(address, owner);
            }
        }
        Self { owners, nodes }
    }

    /// Who has `address`; nobody: it is outside the cluster.
    pub(crate) fn owner(&self, address: IpAddr) -> Option<&Owner> {
        self.owners.get(&canonical(address))
    }

    /// Every address that a pod or node has, and whether a pod has it.
    pub(super) fn in_cluster(&self) -> impl Iterator<Item = (IpAddr, bool)> {
        self.owners.iter().map(|(address, owner)| (*address, !matches!(owner, Owner::Node(_))))
    }

    /// The addresses of every node.
    pub(crate) fn of_nodes(&self) -> impl Iterator<Item = IpAddr> {
        self.owners.iter().filter(|(_, owner)| matches!(owner, Owner::Node(_))).map(|(address, _)| *address)
    }

    /// The addresses of the pod's own node (K18).
    pub(super) fn of_own_node(&self, cluster: &Cluster, pod: &Pod) -> BTreeSet<IpAddr> {
        let mut own: BTreeSet<IpAddr> = pod.host_addresses.iter().copied().collect();
        if let Some(name) = &pod.node {
            own.extend(cluster.node(name).iter().flat_map(|node| &node.addresses).map(|entry| entry.address));
            own.extend(self.nodes.iter().filter(|(_, node)| node.as_ref() == Some(name)).map(|(address, _)| *address));
        }
        // An address of a pod leads to the pod, whatever a node says.
        own.into_iter().map(canonical).filter(|address| matches!(self.owner(*address), Some(Owner::Node(_)))).collect()
    }
}

/// The addresses of a pod; a hostNetwork pod has its node's.
pub(crate) fn addresses_of(cluster: &Cluster, pod: &Pod) -> Vec<IpAddr> {
    let known = if !pod.addresses.is_empty() || !pod.host_network {
        pod.addresses.clone()
    } else if !pod.host_addresses.is_empty() {
        pod.host_addresses.clone()
    } else {
        let node = pod.node.as_ref().and_then(|name| cluster.node(name));
        let internal = node.iter().flat_map(|node| &node.addresses);
        internal.filter(|entry| entry.kind == NodeAddressKind::InternalIp).map(|entry| entry.address).collect()
    };
    known.into_iter().map(canonical).collect()
}
