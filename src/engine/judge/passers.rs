//! The nodes that may have passed a connection on, with addresses of their own (U9).

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ends::end::{EndIdentity, ResolvedEnd};
use crate::engine::ends::node_relation::{Place, Spot};
use crate::engine::ends::sent::PassedOn;
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::variants::Variants;
use crate::engine::spaces::blocks::{address, number};
use crate::engine::spaces::cuts::{AddressCuts, intervals};
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers};
use crate::engine::tables::{SlotObject, Tables};
use crate::name::Direction;
use crate::net::Family;
use crate::profile::capability::OwnNode;
use crate::profile::row::Row;

/// A node as a backend may see it.
pub(super) struct Passer<'t> {
    pub(super) end: ResolvedEnd<'t>,
    /// Whether it is the backend's own, where that is U9's choice.
    pub(super) is_own: Option<bool>,
}

/// The node that was named, at each of its addresses. Or any node, at one address of each kind that the policies of all that the
/// backend may be tell apart, so that they are the same whatever it is: there may be any number of nodes that were not loaded, and
/// those may have any address, so it does not matter how many were.
pub(super) fn passers<'t, L: Logic>(
    evaluation: &Evaluation<'_, 't, L>,
    backends: &Variants<'_>,
    face: ResolvedEnd<'t>,
    passed_on: PassedOn,
) -> Vec<Passer<'t>> {
    let Evaluation { tables, question, settings, .. } = evaluation;
    let family = face.address.map_or(Family::V4, Family::of);
    let node = |name, address| ResolvedEnd::new(EndIdentity::Node(name), Some(address));
    if passed_on == PassedOn::Named {
        let name = face.identity.node();
        let mut addresses = name.map_or_else(Vec::new, |name| tables.addresses_of_node(name, family));
        if addresses.is_empty() {
            addresses.extend(face.address);
        }
        let passer = |address| Passer { end: ResolvedEnd::new(face.identity, Some(address)), is_own: None };
        return addresses.into_iter().map(passer).collect();
    }
    let destination = &question.destination;
    let kinds = tables.kinds_of_addresses(backends, family);
    let mut all = Vec::new();
    for (first, last) in &kinds {
        // An address that certainly is the own node's is no other's.
        let is_other = |address: &IpAddr| !tables.is_own_for_certain(destination, &node(None, *address));
        // There are as many to look through as the own node has.
        let other = between(*first, *last)
            .find(is_other)
            .map(|address| Passer { end: node(None, address), is_own: Some(false) });
        all.extend(other);
    }
    // Where the own node passes for certain (K18), its addresses do not matter.
    let own_passes = matches!(settings.ask(Row::C13, |c| c.own_node), OwnNode::Supported | OwnNode::EgressJudged);
    let mut own = |name, address| all.push(Passer { end: node(name, address), is_own: Some(true) });
    match tables.place(destination) {
        Place::Nowhere => {}
        Place::At(Spot::Address(address)) => own(None, address),
        Place::At(Spot::Named(name)) => {
            let known = tables.addresses_of_node(name, family);
            let any = if known.is_empty() { kinds.iter().map(|(first, _)| *first).collect() } else { known };
            any.into_iter().take(if own_passes { 1 } else { usize::MAX }).for_each(|address| own(Some(name), address));
        }
        Place::Unsaid(_) if own_passes => kinds.first().into_iter().for_each(|(first, _)| own(None, *first)),
        Place::Unsaid(selector) => {
            kinds.iter().for_each(|(first, _)| own(None, *first));
            // Those that were loaded may be told apart by their systems (C6).
            let mut seen: HashSet<(usize, Option<&Arc<str>>)> = HashSet::new();
            let all = tables.cluster.nodes().iter();
            for object in all.filter(|object| tables.admits(selector, Spot::Named(&object.name))) {
                for address in tables.addresses_of_node(&object.name, family) {
                    let kind = kinds.partition_point(|(first, _)| *first <= address);
                    if seen.insert((kind, object.os_image.as_ref())) {
                        own(Some(&object.name), address);
                    }
                }
            }
        }
    }
    all
}

/// All addresses from one to another of its family.
fn between(first: IpAddr, last: IpAddr) -> impl Iterator<Item = IpAddr> {
    let ((family, from), (_, to)) = (number(first), number(last));
    (from..=to).map(move |at| address(family, at))
}

impl Tables {
    /// The addresses of that family which a node has: its Node object's, and those that live pods on it report.
    pub(in crate::engine) fn addresses_of_node(&self, name: &str, family: Family) -> Vec<IpAddr> {
        let Some(entry) = self.node_entry(name) else { return Vec::new() };
        let own = entry.node.iter().flat_map(|node| node.addresses.iter().map(|each| each.address));
        let reported = entry.pods.iter().filter(|slot| self.is_live(**slot)).flat_map(|slot| {
            let pod = match self.object(*slot) {
                SlotObject::Pod(pod) => pod.host_addresses.as_slice(),
                _ => &[],
            };
            pod.iter().copied()
        });
        let mut all: Vec<IpAddr> = own.chain(reported).filter(|address| Family::of(*address) == family).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The addresses that the policies which isolate any of the classes for ingress do not tell apart, from the first to the last.
    fn kinds_of_addresses(&self, backends: &Variants<'_>, family: Family) -> Vec<(IpAddr, IpAddr)> {
        let mut cuts = AddressCuts::new();
        cuts.cut_internal_cloud();
        let policies: Vec<_> = backends.classes().flat_map(|class| self.isolating(class, Direction::Ingress)).collect();
        for rule in policies.iter().flat_map(|policy| policy.rules(Direction::Ingress)) {
            let CompiledPeers::Of(peers) = &rule.peers else { continue };
            for peer in peers {
                if let CompiledPeer::Block(block) = peer {
                    cuts.cut_block(self.blocks.get(*block));
                }
            }
        }
        let starts = cuts.starts(family);
        intervals(family, &starts).collect()
    }
}
