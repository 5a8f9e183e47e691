//! On which node ends are, and whether two are on one (K18, U8).

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::tables::Tables;
use crate::labels::Labels;

/// On which node an end is, as far as anybody says.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Place<'t> {
    At(Spot<'t>),
    /// Nobody says; on one with these labels.
    Unsaid(Option<&'t Labels>),
    /// On none: outside.
    Nowhere,
}

/// A node, by an address where nobody gives its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Spot<'t> {
    Named(&'t str),
    Address(IpAddr),
}

impl<'t> Spot<'t> {
    pub(in crate::engine) fn name(self) -> Option<&'t str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Address(_) => None,
        }
    }
}

/// Whether the node that an end runs on is its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum OwnNode<'t> {
    Known(bool),
    /// It is, if the subject is there.
    IfSubjectIsAt(Spot<'t>),
    /// It is, if the peer, a hostNetwork pod, is there.
    IfPeerIsAt(Spot<'t>),
    /// Neither says where it is.
    IfOnOne,
}

impl Tables {
    pub(in crate::engine) fn place<'t>(&'t self, end: &ResolvedEnd<'t>) -> Place<'t> {
        if let Some(name) = end.node() {
            return Place::At(Spot::Named(name));
        }
        match end.identity {
            EndIdentity::Pod(pod, _) => {
                let own = pod.addresses.first().filter(|_| pod.host_network);
                match pod.host_addresses.first().or(own) {
                    Some(address) => Place::At(self.spot_of(*address)),
                    None => Place::Unsaid(Some(&pod.node_selector)),
                }
            }
            EndIdentity::Workload(..) | EndIdentity::Replica(..) | EndIdentity::Labelled { .. } => {
                Place::Unsaid(end.identity.node_selector())
            }
            EndIdentity::Node(_) => {
                end.address.map_or(Place::Unsaid(None), |address| Place::At(Spot::Address(address)))
            }
            EndIdentity::External => Place::Nowhere,
        }
    }

    /// The node that has an address.
    fn spot_of(&self, address: IpAddr) -> Spot<'_> {
        match self.node_at(address) {
            Ok(Some(Some(name))) => Spot::Named(name),
            _ => Spot::Address(address),
        }
    }

    /// Whether pods with that `nodeSelector` may be on the node; nobody knows the labels of one that was not loaded.
    pub(in crate::engine) fn admits(&self, selector: Option<&Labels>, spot: Spot<'_>) -> bool {
        let Spot::Named(name) = spot else { return true };
        let Some(node) = self.node_entry(name).and_then(|entry| entry.node.as_ref()) else { return true };
        selector.is_none_or(|selector| selector.iter().all(|(key, value)| node.labels.get(key.as_str()) == Some(value)))
    }

    /// Whether `peer` is the node that `subject` runs on: by name, by the Node object's addresses, or by the pod's hostIPs.
    pub(in crate::engine) fn is_own_for_certain(&self, subject: &ResolvedEnd<'_>, peer: &ResolvedEnd<'_>) -> bool {
        let name = subject.node();
        if name.is_some() && name == peer.identity.node() {
            return true;
        }
        let Some(address) = peer.address else { return false };
        let is_reported = matches!(subject.identity, EndIdentity::Pod(pod, _) if pod.host_addresses.contains(&address));
        is_reported || name.is_some_and(|name| self.has_address(name, address))
    }

    /// Whether the Node object has the address.
    fn has_address(&self, node: &str, address: IpAddr) -> bool {
        let nodes: &[Arc<str>] = self.claims_of_others(address).map_or(&[], |claims| &claims.nodes);
        nodes.iter().any(|each| **each == *node)
    }

    /// Whether `peer` is the node that `subject` runs on; its hostNetwork pods are that node too (K18).
    pub(in crate::engine) fn own_node<'t>(&'t self, subject: &ResolvedEnd<'t>, peer: &ResolvedEnd<'t>) -> OwnNode<'t> {
        if !peer.is_node() || !subject.identity.is_object() {
            return OwnNode::Known(false);
        }
        if self.is_own_for_certain(subject, peer) {
            return OwnNode::Known(true);
        }
        match (self.place(subject), self.place(peer)) {
            (Place::Unsaid(selector), Place::At(spot)) if self.admits(selector, spot) => OwnNode::IfSubjectIsAt(spot),
            (Place::At(spot), Place::Unsaid(selector)) if self.admits(selector, spot) => OwnNode::IfPeerIsAt(spot),
            (Place::Unsaid(one), Place::Unsaid(other)) if may_agree(one, other) => OwnNode::IfOnOne,
            _ => OwnNode::Known(false),
        }
    }
}

/// Whether one node may have the labels of both.
pub(in crate::engine) fn may_agree(one: Option<&Labels>, other: Option<&Labels>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    one.iter().all(|(key, value)| other.get(key.as_str()).is_none_or(|asked| asked == value))
}
