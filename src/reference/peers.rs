//! The other end as a side sees it: what was sent to or what that became (U5), the client or a node (U9).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::policy::{NetworkPolicy, Peer as PolicyPeer, Peers};
use crate::name::Direction;
use crate::net::{AddressNumber, Family, IpBlock};
use crate::profile::capability::{Capabilities, Rewritten, SeenSource};
use crate::profile::cce::INTERNAL_CLOUD;
use crate::profile::row::Row;
use crate::reference::node::{self, Place, Spot};
use crate::reference::question::{PassedOn, Question, Sent};
use crate::reference::readings::Open;
use crate::reference::view::{Peer, View};
use crate::reference::who::{Party, Who};

/// The other end as the side of `direction` sees it. Egress: what the source sent to or the backend, one choice for the flow,
/// where the destination is rewritten and U5 leaves it open; elsewhere the backend (K23).
pub(super) fn seen<'c>(view: &View<'_, 'c>, question: &Question<'c>, direction: Direction) -> Peer<'c> {
    if direction == Direction::Ingress {
        return sender(view, question);
    }
    let before = |who, address, port| {
        let party = Party::new(who, address);
        Peer { port_before: Some(port), ..Peer::of(party) }
    };
    match question.sent {
        Sent::ClusterIp { address, port }
            if matches!(question.destination.who, Who::External) && sees_before(view, |c| c.outside_backend) =>
        {
            before(Who::ClusterIp, address, port)
        }
        Sent::Face { at, address, port, .. } if sees_before(view, |c| c.face) => before(at, Some(address), port),
        _ => Peer::of(question.destination),
    }
}

fn sees_before(view: &View<'_, '_>, setting: impl Fn(&Capabilities) -> Rewritten) -> bool {
    match view.see(Row::U5, setting) {
        Rewritten::After => false,
        Rewritten::Before => true,
        Rewritten::Unknown => view.perhaps(Row::U5),
    }
}

/// Ingress: the one that this walk takes, the client or a node with one of its addresses.
fn sender<'c>(view: &View<'_, 'c>, question: &Question<'c>) -> Peer<'c> {
    let client = Peer::of(question.source);
    let Sent::Face { at, address, passed_on, .. } = question.sent else { return client };
    let nodes = match passed_on {
        PassedOn::Never => return client,
        _ if view.see(Row::U9, |c| c.seen_source) == SeenSource::Client => return client,
        PassedOn::Named(name) => named(view, at, name, address),
        PassedOn::Some => some(view, question, Family::of(address)),
    };
    let mut readings = match view.see(Row::U9, |c| c.seen_source) {
        SeenSource::Node => Vec::new(),
        _ => vec![client],
    };
    readings.extend(nodes);
    let taken = if readings.len() == 1 { 0 } else { view.choices.choose(Open::Row(Row::U9), readings.len()) };
    readings.into_iter().nth(taken).unwrap_or(client)
}

/// The node that was named, by any of its addresses.
fn named<'c>(view: &View<'_, 'c>, at: Who<'c>, name: Option<&'c str>, address: IpAddr) -> Vec<Peer<'c>> {
    let mut addresses = name.map_or_else(Vec::new, |name| node::addresses(view.cluster, name, Family::of(address)));
    if addresses.is_empty() {
        addresses.push(address);
    }
    addresses.into_iter().map(|address| Peer::of(Party::new(at, Some(address)))).collect()
}

/// Some node, the destination's own among them: each that is known by each of its addresses, and others by any address.
///
/// Two that nothing can tell apart are one: a node that is not the own one is told by its address alone.
fn some<'c>(view: &View<'_, 'c>, question: &Question<'c>, family: Family) -> Vec<Peer<'c>> {
    let cluster = view.cluster;
    let place = node::place(cluster, &question.destination);
    // Whether a node may be the destination's own, and whether it may be another.
    let may_be = |spot: Spot<'_>| match place {
        Place::Said(own) => (own == spot, own != spot),
        Place::Unsaid(selector) => (node::admits(cluster, selector, spot), true),
        Place::Nowhere => (false, true),
    };
    let blocks = blocks(view, question);
    let mut found: Vec<(Peer<'c>, Vec<bool>)> = Vec::new();
    let mut add = |who, address: IpAddr, own: bool| {
        let party = Party::new(who, Some(address));
        let own = own || node::is_own_for_certain(cluster, &question.destination, &party);
        let told: Vec<bool> = blocks.iter().map(|block| block.contains(address)).collect();
        let same = |(peer, other): &(Peer<'_>, Vec<bool>)| {
            peer.is_own_node == Some(own) && *other == told && (!own || peer.party.who.node() == party.who.node())
        };
        if !found.iter().any(same) {
            found.push((Peer { is_own_node: Some(own), ..Peer::of(party) }, told));
        }
    };
    for name in node::all(cluster) {
        let (own, another) = may_be(Spot::Named(name));
        for address in node::addresses(cluster, name, family) {
            for own in [another.then_some(false), own.then_some(true)].into_iter().flatten() {
                add(Who::Node(Some(name)), address, own);
            }
        }
    }
    // One that was not loaded; the own one where nobody loaded it either.
    let unknown_is_own = match place {
        Place::Said(Spot::Named(name)) => node::addresses(cluster, name, family).is_empty().then_some(Some(name)),
        Place::Said(Spot::At(_)) | Place::Nowhere => None,
        Place::Unsaid(_) => Some(None),
    };
    let is_others = |address: &IpAddr| {
        !node::is_own_for_certain(cluster, &question.destination, &Party::new(Who::Node(None), Some(*address)))
    };
    for part in parts(&blocks, family) {
        // No other node has an address of the own one, which has few.
        if let Some(address) = addresses_of(part).find(is_others) {
            add(Who::Node(None), address, false);
        }
        if let Some(name) = unknown_is_own {
            add(Who::Node(name), part.0.address(), true);
        }
    }
    if let Place::Said(Spot::At(address)) = place {
        add(Who::Node(None), address, true);
    }
    found.into_iter().map(|(peer, _)| peer).collect()
}

/// What can tell addresses apart at the destination: the blocks of its namespace's policies, and 100.125.0.0/16 (C11).
fn blocks(view: &View<'_, '_>, question: &Question<'_>) -> Vec<IpBlock> {
    let namespace = question.destination.who.namespace();
    let policies = view.cluster.policies().iter();
    let of_policy = |policy: &NetworkPolicy| -> Vec<IpBlock> {
        let peers = policy.rules(Direction::Ingress).iter().filter_map(|rule| match &rule.peers {
            Peers::Any => None,
            Peers::Of(peers) => Some(peers),
        });
        let blocks = peers.flatten().filter_map(|peer| match peer {
            PolicyPeer::IpBlock(block) => Some(block.clone()),
            PolicyPeer::Pods(_) => None,
        });
        blocks.collect()
    };
    let of_policies = policies.filter(|policy| Some(&**policy.name().namespace()) == namespace).flat_map(of_policy);
    of_policies.chain(IpBlock::new(INTERNAL_CLOUD, Vec::new())).collect()
}

/// First and last address of each part that the blocks cut the family's addresses into.
fn parts(blocks: &[IpBlock], family: Family) -> Vec<(AddressNumber, AddressNumber)> {
    let cidrs = blocks.iter().flat_map(|block| std::iter::once(block.cidr()).chain(block.except().iter().copied()));
    let mut begins: BTreeSet<AddressNumber> = [AddressNumber::first(family)].into();
    for cidr in cidrs.filter(|cidr| cidr.family() == family) {
        begins.insert(AddressNumber::of(cidr.network()));
        begins.extend(AddressNumber::of(cidr.as_ipnet().broadcast()).next());
    }
    let ends = begins.iter().skip(1).filter_map(|next| next.previous()).chain([AddressNumber::last(family)]);
    begins.iter().copied().zip(ends).collect()
}

/// Every address of a part.
fn addresses_of((first, last): (AddressNumber, AddressNumber)) -> impl Iterator<Item = IpAddr> {
    let all = std::iter::successors(Some(first), move |at| at.next().filter(|next| *next <= last));
    all.map(AddressNumber::address)
}
