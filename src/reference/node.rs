//! Nodes: who has which address, where the ends are, and whether an end's own node is the other end (K18, K20, U8).

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::labels::Labels;
use crate::model::cluster::{Cluster, Node, NodeAddressKind, Pod};
use crate::net::Family;
use crate::profile::capability::UnsaidNode;
use crate::profile::row::Row;
use crate::reference::question::{Question, Sent};
use crate::reference::readings::{End, Open};
use crate::reference::view::{Peer, View};
use crate::reference::who::{Party, Who};
use crate::verdict::FlowError;

/// A node that is given, or that a pod says it runs on.
pub(super) fn known<'c>(cluster: &'c Cluster, name: &Arc<str>) -> Result<&'c str, FlowError> {
    let given = cluster.node(name).map(|node| &*node.name);
    let hosting = || cluster.pods().iter().filter_map(|pod| pod.node.as_deref()).find(|node| *node == &**name);
    given.or_else(hosting).ok_or_else(|| FlowError::UnknownNode(name.clone()))
}

/// A node's InternalIPs; of a node without a Node object, the hostIPs its pods report.
pub(super) fn internal_addresses(cluster: &Cluster, name: &str) -> Vec<IpAddr> {
    match cluster.node(name) {
        Some(node) => node
            .addresses
            .iter()
            .filter(|address| address.kind == NodeAddressKind::InternalIp)
            .map(|address| address.address)
            .collect(),
        None => cluster
            .pods()
            .iter()
            .find(|pod| pod.node.as_deref() == Some(name) && !pod.host_addresses.is_empty())
            .map_or_else(Vec::new, |pod| pod.host_addresses.clone()),
    }
}

/// Whether the node's own Node object has `address`.
pub(super) fn says(node: &Node, address: IpAddr) -> bool {
    node.addresses.iter().any(|entry| entry.address == address)
}

/// The node that has `address`, by Node objects and by what live pods report: `Some(None)` for one whose name nobody gave.
pub(super) fn at(cluster: &Cluster, address: IpAddr) -> Result<Option<Option<&str>>, FlowError> {
    let reports = |pod: &&Pod| {
        pod.host_addresses.contains(&address) || (pod.host_network && pod.is_live() && pod.addresses.contains(&address))
    };
    let objects = cluster.nodes().iter().filter(|node| says(node, address)).map(|node| &*node.name);
    let live = cluster.pods().iter().filter(|pod| pod.is_live() && reports(pod)).filter_map(|pod| pod.node.as_deref());
    let names: BTreeSet<&str> = objects.chain(live).collect();
    if names.len() > 1 {
        return Err(FlowError::SharedNodeAddress { address, nodes: names.into_iter().map(Into::into).collect() }); // K20
    }
    let named = names.first().copied().map(Some);
    Ok(named.or_else(|| cluster.pods().iter().find(reports).map(|pod| pod.node.as_deref())))
}

/// Every address of a family that a node has: its Node object's, and those that live pods report of it.
pub(super) fn addresses(cluster: &Cluster, name: &str, family: Family) -> Vec<IpAddr> {
    let own = cluster.node(name).into_iter().flat_map(|node| node.addresses.iter().map(|entry| entry.address));
    let pods = cluster.pods().iter().filter(|pod| pod.is_live() && pod.node.as_deref() == Some(name));
    let all: BTreeSet<IpAddr> = own.chain(pods.flat_map(|pod| pod.host_addresses.iter().copied())).collect();
    all.into_iter().filter(|address| Family::of(*address) == family).collect()
}

/// The nodes that are loaded, or that live pods name.
pub(super) fn all(cluster: &Cluster) -> BTreeSet<&str> {
    let live = cluster.pods().iter().filter(|pod| pod.is_live()).filter_map(|pod| pod.node.as_deref());
    cluster.nodes().iter().map(|node| &*node.name).chain(live).collect()
}

/// On which node an end is, as far as anybody says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'c> {
    Said(Spot<'c>),
    /// Nobody says; it may be on a node that has these labels.
    Unsaid(Option<&'c Labels>),
    /// On none: outside the cluster.
    Nowhere,
}

/// A node by its name, or by an address where nobody gives the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot<'c> {
    Named(&'c str),
    At(IpAddr),
}

impl<'c> Spot<'c> {
    pub(super) fn name(self) -> Option<&'c str> {
        match self {
            Self::Named(name) => Some(name),
            Self::At(_) => None,
        }
    }
}

pub(super) fn place<'c>(cluster: &'c Cluster, party: &Party<'c>) -> Place<'c> {
    let at_address = |address: IpAddr| match at(cluster, address) {
        Ok(Some(Some(name))) => Place::Said(Spot::Named(name)),
        _ => Place::Said(Spot::At(address)),
    };
    if let Some(name) = party.taken_on.or_else(|| party.who.node()) {
        return Place::Said(Spot::Named(name));
    }
    match party.who {
        Who::Pod(pod) => {
            let own = if pod.host_network { pod.addresses.first() } else { None };
            let said = pod.host_addresses.first().or(own);
            said.map_or(Place::Unsaid(party.who.node_selector()), |address| at_address(*address))
        }
        Who::Workload(_) | Who::Replica(..) | Who::Labelled { .. } => Place::Unsaid(party.who.node_selector()),
        Who::Node(_) => party.address.map_or(Place::Unsaid(None), |address| Place::Said(Spot::At(address))),
        Who::ClusterIp | Who::External => Place::Nowhere,
    }
}

/// Whether what has this `nodeSelector` may be on the node: one that was not loaded may have any labels.
pub(super) fn admits(cluster: &Cluster, selector: Option<&Labels>, spot: Spot<'_>) -> bool {
    let Some(node) = spot.name().and_then(|name| cluster.node(name)) else { return true };
    selector.is_none_or(|selector| selector.iter().all(|(key, value)| node.labels.get(key.as_str()) == Some(value)))
}

/// Whether one node may have the labels of both.
fn agree(one: Option<&Labels>, other: Option<&Labels>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    one.iter().all(|(key, value)| other.get(key.as_str()).is_none_or(|asked| asked == value))
}

/// Whether `peer` certainly is the node that `subject` runs on: by name, by the Node object's addresses, or by the pod's
/// hostIPs (K18).
pub(super) fn is_own_for_certain(cluster: &Cluster, subject: &Party<'_>, peer: &Party<'_>) -> bool {
    let name = subject.taken_on.or_else(|| subject.who.node());
    if name.is_some() && name == peer.who.node() {
        return true;
    }
    let Some(address) = peer.address else { return false };
    let hosted = matches!(subject.who, Who::Pod(pod) if pod.host_addresses.contains(&address));
    hosted || name.and_then(|name| cluster.node(name)).is_some_and(|node| says(node, address))
}

/// Whether the peer of the end `end` is the node that this end runs on; hostNetwork pods are that node too (K18). Where one
/// of the two says no node, by U8.
pub(super) fn is_own(view: &View<'_, '_>, question: &Question<'_>, end: End, peer: &Peer<'_>) -> bool {
    let subject = question.end(end);
    let is_node = matches!(peer.party.who, Who::Node(_)) || peer.party.who.is_host_network();
    if !is_node {
        return false;
    }
    if let Some(said) = peer.is_own_node {
        return said;
    }
    if is_own_for_certain(view.cluster, subject, &peer.party) {
        return true;
    }
    let (open, spot) = match (place(view.cluster, subject), place(view.cluster, &peer.party)) {
        (Place::Unsaid(selector), Place::Said(spot)) if admits(view.cluster, selector, spot) => {
            (Open::Node(end), Some(spot))
        }
        (Place::Said(spot), Place::Unsaid(selector)) if admits(view.cluster, selector, spot) => {
            (Open::Node(end.other()), Some(spot))
        }
        (Place::Unsaid(one), Place::Unsaid(other)) if agree(one, other) => (Open::OneNode, None),
        _ => return false,
    };
    if view.see(Row::U8, |c| c.unsaid_node) == UnsaidNode::Elsewhere {
        return false;
    }
    match (open, spot) {
        (Open::Node(unsaid), Some(spot)) => taken(view, question, unsaid) == Some(spot),
        // Neither says anything: they are together where they are on one node that the flow meets, or on another together.
        _ => match (taken(view, question, end), taken(view, question, end.other())) {
            (None, None) => view.choices.choose(open, 2) == 1,
            (one, other) => one == other,
        },
    }
}

/// On which of the nodes that the flow meets the end is, by this way of reading.
fn taken<'c>(view: &View<'_, 'c>, question: &Question<'c>, unsaid: End) -> Option<Spot<'c>> {
    let spots = spots(view, question, unsaid);
    let taken = if spots.is_empty() { 0 } else { view.choices.choose(Open::Node(unsaid), 1 + spots.len()) };
    taken.checked_sub(1).and_then(|at| spots.get(at)).copied()
}

/// The nodes that the flow meets and that an end without one may be on: the other end's, and the one that was named.
fn spots<'c>(view: &View<'_, 'c>, question: &Question<'c>, end: End) -> Vec<Spot<'c>> {
    let named = match question.sent {
        Sent::Face { at: who @ Who::Node(_), address, .. } => Some(Party::new(who, Some(address))),
        _ => None,
    };
    let selector = question.end(end).who.node_selector();
    let mut spots = Vec::new();
    for party in [Some(*question.end(end.other())), named].iter().flatten() {
        match place(view.cluster, party) {
            Place::Said(spot) if !spots.contains(&spot) && admits(view.cluster, selector, spot) => spots.push(spot),
            _ => {}
        }
    }
    spots
}
