//! On which node an end is, and whether one end is the node of the other (K18, K20, U8).

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::labels::Labels;
use crate::model::cluster::{Cluster, NodeAddressKind, Pod};
use crate::profile::capability::UnsaidNode;
use crate::profile::profile::Profile;

/// On which node an end is, as far as anybody says.
#[derive(Clone, Copy, Default)]
pub(super) enum Place<'c> {
    Said(Spot<'c>),
    /// Nobody says; it may be on a node that has these labels.
    Unsaid(Option<&'c Labels>),
    /// On none: outside the cluster, or a Service.
    #[default]
    Nowhere,
}

/// A node by its name, or by an address where nobody gives the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot<'c> {
    Named(&'c str),
    At(IpAddr),
}

impl<'c> Place<'c> {
    /// The name of the node.
    pub(super) fn node(self) -> Option<&'c str> {
        match self {
            Self::Said(Spot::Named(name)) => Some(name),
            _ => None,
        }
    }
}

/// Whether one of two ends is the node that the other runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tie {
    None,
    Own,
    /// One says no node and may run on the other's (U8).
    Open,
}

/// What an end says of nodes.
#[derive(Default)]
pub(super) struct Standing<'a, 'c> {
    pub(super) place: Place<'c>,
    /// It is a node, or shares its node's network.
    pub(super) is_node: bool,
    /// The addresses that it is met by.
    pub(super) addresses: &'a [IpAddr],
    /// What a pod reports of its node.
    pub(super) host_addresses: &'c [IpAddr],
}

/// The nodes of a cluster by what says where they are.
pub(super) struct Places<'c> {
    cluster: &'c Cluster,
    /// Who has an address, by Node objects and live pods.
    named: HashMap<IpAddr, BTreeSet<&'c str>>,
    /// The other way round.
    addresses: HashMap<&'c str, Vec<IpAddr>>,
    is_open: bool,
}

impl<'c> Places<'c> {
    pub(super) fn new(cluster: &'c Cluster, profile: &Profile) -> Self {
        let mut named: HashMap<IpAddr, BTreeSet<&str>> = HashMap::new();
        for node in cluster.nodes().iter() {
            for entry in &node.addresses {
                named.entry(entry.address).or_default().insert(&node.name);
            }
        }
        for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
            let Some(node) = pod.node.as_deref() else { continue };
            let own: &[IpAddr] = if pod.host_network { &pod.addresses } else { &[] };
            for address in pod.host_addresses.iter().chain(own) {
                named.entry(*address).or_default().insert(node);
            }
        }
        let mut addresses: HashMap<&str, Vec<IpAddr>> = HashMap::new();
        for (address, name) in named.iter().flat_map(|(address, names)| names.iter().map(move |name| (*address, *name)))
        {
            addresses.entry(name).or_default().push(address);
        }
        addresses.values_mut().for_each(|addresses| addresses.sort_unstable());
        Self { cluster, named, addresses, is_open: profile.capabilities().unsaid_node == UnsaidNode::Unknown }
    }

    /// The node that has `address`, where that is one alone.
    pub(super) fn at(&self, address: IpAddr) -> Option<&'c str> {
        let names = self.named.get(&address)?;
        if names.len() == 1 { names.first().copied() } else { None }
    }

    /// Every address that a node has, in order.
    pub(super) fn addresses(&self, name: &str) -> &[IpAddr] {
        self.addresses.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether it is an address of some node.
    pub(super) fn is_known(&self, address: IpAddr) -> bool {
        self.named.contains_key(&address)
    }

    /// Where a pod is.
    pub(super) fn of_pod(&self, pod: &'c Pod) -> Place<'c> {
        if let Some(name) = pod.node.as_deref() {
            return Place::Said(Spot::Named(name));
        }
        let own = if pod.host_network { pod.addresses.first() } else { None };
        match pod.host_addresses.first().or(own) {
            Some(address) => Place::Said(self.at(*address).map_or(Spot::At(*address), Spot::Named)),
            None => Place::Unsaid(Some(&pod.node_selector)),
        }
    }

    /// Whether one of the two is the node of the other.
    pub(super) fn tie(&self, one: &Standing<'_, 'c>, other: &Standing<'_, 'c>) -> Tie {
        if !one.is_node && !other.is_node {
            return Tie::None;
        }
        if (other.is_node && self.is_certain(one, other)) || (one.is_node && self.is_certain(other, one)) {
            return Tie::Own;
        }
        let may_be = match (one.place, other.place) {
            (Place::Unsaid(selector), Place::Said(spot)) | (Place::Said(spot), Place::Unsaid(selector)) => {
                self.admits(selector, spot)
            }
            (Place::Unsaid(one), Place::Unsaid(other)) => agree(one, other),
            _ => false,
        };
        if may_be && self.is_open { Tie::Open } else { Tie::None }
    }

    fn is_certain(&self, subject: &Standing<'_, 'c>, node: &Standing<'_, 'c>) -> bool {
        let name = subject.place.node();
        if name.is_some() && name == node.place.node() {
            return true;
        }
        let given = name.and_then(|name| self.cluster.node(name));
        let has = |address: &IpAddr| {
            subject.host_addresses.contains(address)
                || given.is_some_and(|given| given.addresses.iter().any(|entry| entry.address == *address))
        };
        node.addresses.iter().any(has)
    }

    /// Whether what asks for these labels may be on the node: one that was not loaded may have any.
    fn admits(&self, selector: Option<&Labels>, spot: Spot<'_>) -> bool {
        let Spot::Named(name) = spot else { return true };
        let (Some(node), Some(selector)) = (self.cluster.node(name), selector) else { return true };
        selector.iter().all(|(key, value)| node.labels.get(key.as_str()) == Some(value))
    }
}

/// Whether one node may have the labels of both.
fn agree(one: Option<&Labels>, other: Option<&Labels>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    one.iter().all(|(key, value)| other.get(key.as_str()).is_none_or(|asked| asked == value))
}

/// A node's InternalIPs; of a node without a Node object, the hostIPs its pods report.
pub(super) fn internal_addresses(cluster: &Cluster, name: &str) -> Vec<IpAddr> {
    match cluster.node(name) {
        Some(node) => {
            let internal = node.addresses.iter().filter(|entry| entry.kind == NodeAddressKind::InternalIp);
            internal.map(|entry| entry.address).collect()
        }
        None => {
            let is_on = |pod: &&Pod| pod.node.as_deref() == Some(name) && !pod.host_addresses.is_empty();
            cluster.pods().iter().find(is_on).map_or_else(Vec::new, |pod| pod.host_addresses.clone())
        }
    }
}
