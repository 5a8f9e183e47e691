//! Policies, their rules, and what rules are made of.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::selectors::{namespace_selectors, selectors, subjects};
use super::vocabulary::{Range, cidr, one_of, pick, port, v4, v6};
use crate::labels::Selector;
use crate::model::policy::{
    Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use crate::name::ObjectName;
use crate::net::{Cidr, IpBlock, PortName, PortRange, Protocol};

/// Ranges that hold what worlds have, and ranges that just miss it.
const BLOCKS: [Range; 28] = [
    (v4(0, 0, 0, 0), 0),
    (v4(0, 0, 0, 0), 1),
    (v4(128, 0, 0, 0), 1),
    (v4(10, 0, 0, 0), 8),
    (v4(10, 0, 0, 0), 16),
    (v4(10, 0, 0, 0), 25),
    (v4(10, 0, 0, 128), 25),
    (v4(10, 0, 0, 0), 30),
    (v4(10, 0, 0, 1), 32),
    (v4(10, 0, 0, 2), 31),
    (v4(10, 0, 0, 2), 32),
    (v4(10, 9, 0, 0), 24),
    (v4(10, 9, 0, 1), 32),
    (v4(10, 96, 0, 0), 16),
    (v4(10, 96, 0, 1), 32),
    (v4(100, 125, 0, 0), 16),
    (v4(100, 125, 3, 3), 32),
    (v4(100, 124, 0, 0), 14),
    (v4(203, 0, 113, 0), 24),
    (v4(203, 0, 113, 9), 32),
    (v4(203, 0, 113, 8), 32),
    (v4(198, 51, 100, 0), 24),
    (v6(0, 0, 0), 0),
    (v6(0xfd00, 0, 0), 64),
    (v6(0xfd00, 0, 1), 128),
    (v6(0xfd96, 0, 0), 112),
    (v6(0x2001, 0xdb8, 0), 32),
    (v6(0xfd00, 0, 0), 8),
];

/// All ClusterIPs of a world.
pub(super) const SERVICES: Range = (v4(10, 96, 0, 0), 16);

pub(super) fn protocols() -> impl Strategy<Value = Protocol> {
    one_of(&[(8, Protocol::Tcp), (2, Protocol::Udp), (2, Protocol::Sctp)])
}

/// Port entries: none, a number, a range or a name, at the edges of what is asked.
///
/// ```
/// use netpol_oracle::model::PortSpec;
/// use netpol_oracle::generate::strategies::port_matches;
/// proptest::proptest!(|(entry in port_matches())| {
///     if let PortSpec::Range(range) = entry.port {
///         assert!(range.first() <= range.last());
///     }
/// });
/// ```
pub fn port_matches() -> impl Strategy<Value = PortMatch> {
    let numbers = one_of(&[(3, 80), (3, 8080), (1, 1), (1, 65535), (1, 53), (1, 443)]);
    let ranges = one_of(&[
        (5, (80, 8080)),
        (2, (1, 65535)),
        (1, (8080, 8090)),
        (1, (443, 443)),
        (1, (1, 79)),
        (1, (8081, 65535)),
        (1, (53, 80)),
    ]);
    let range = |(first, last)| PortRange::new(port(first), port(last)).map_or(PortSpec::Any, PortSpec::Range);
    let specs = prop_oneof![
        1 => Just(PortSpec::Any),
        3 => numbers.prop_map(|number| PortSpec::Number(port(number))),
        3 => ranges.prop_map(range),
        2 => one_of(&[(3, "http"), (1, "dns")]).prop_map(|name| PortSpec::Name(PortName::known(name))),
    ];
    (protocols(), specs).prop_map(|(protocol, port)| PortMatch { protocol, port })
}

fn ports() -> impl Strategy<Value = Ports> {
    prop_oneof![3 => Just(Ports::Any), 4 => vec(port_matches(), 1..3).prop_map(Ports::Of)]
}

/// ipBlocks around what worlds hold; one in three has exceptions, if there is room for any.
///
/// ```
/// use netpol_oracle::generate::strategies::ip_blocks;
/// proptest::proptest!(|(block in ip_blocks())| {
///     assert!(block.except().iter().all(|except| block.cidr().contains_cidr(except)));
/// });
/// ```
pub fn ip_blocks() -> impl Strategy<Value = IpBlock> {
    const USUAL: [Range; 5] = [
        (v4(10, 0, 0, 0), 16),
        (v4(10, 0, 0, 0), 30),
        (v4(10, 96, 0, 0), 16),
        (v4(203, 0, 113, 0), 24),
        (v4(10, 0, 0, 128), 25),
    ];
    let everything: [Range; 2] = [(v4(0, 0, 0, 0), 0), (v6(0, 0, 0), 0)];
    let [all_v4, all_v6] = everything;
    let outer = prop_oneof![
        2 => Just(all_v4), 1 => Just(all_v6), 5 => select(USUAL.as_slice()), 6 => select(BLOCKS.as_slice()),
    ];
    (outer, vec(any::<Index>(), 0..3), 0..3_u8).prop_filter_map("exceptions lie within", |(outer, picks, cuts)| {
        let outer = cidr(outer);
        let inner: Vec<Cidr> = BLOCKS
            .iter()
            .map(|block| cidr(*block))
            .filter(|each| outer.contains_cidr(each) && *each != outer)
            .collect();
        let except =
            if cuts > 0 { Vec::new() } else { picks.iter().filter_map(|at| pick(at, &inner)).copied().collect() };
        IpBlock::new(outer, except).ok()
    })
}

/// A block without exceptions.
pub(super) fn block_of(range: Range) -> impl Strategy<Value = Peer> {
    Just(range).prop_filter_map("no exceptions", |range| IpBlock::new(cidr(range), Vec::new()).map(Peer::IpBlock).ok())
}

/// Peers: pods by every form of selector, and blocks.
///
/// ```
/// use netpol_oracle::model::Peer;
/// use netpol_oracle::generate::strategies::peers;
/// proptest::proptest!(|(peer in peers())| {
///     assert!(matches!(peer, Peer::Pods(_) | Peer::IpBlock(_)));
/// });
/// ```
pub fn peers() -> impl Strategy<Value = Peer> {
    let pods = |namespaces: Namespaces, pods: Selector| Peer::Pods(PodPeer { namespaces, pods });
    prop_oneof![
        3 => selectors().prop_map(move |selector| pods(Namespaces::Own, selector)),
        2 => namespace_selectors().prop_map(move |selector| pods(Namespaces::Matching(selector), Selector::everything())),
        2 => (namespace_selectors(), selectors()).prop_map(move |(of, who)| pods(Namespaces::Matching(of), who)),
        6 => ip_blocks().prop_map(Peer::IpBlock),
        // All ClusterIPs (C10, U5).
        1 => block_of(SERVICES),
    ]
}

/// Rules of either direction.
///
/// ```
/// use netpol_oracle::model::Peers;
/// use netpol_oracle::generate::strategies::rules;
/// proptest::proptest!(|(rule in rules())| {
///     assert_ne!(rule.peers, Peers::Of(Vec::new()), "no peers are every peer (K6)");
/// });
/// ```
pub fn rules() -> impl Strategy<Value = Rule> {
    let peers = prop_oneof![1 => Just(Peers::Any), 8 => vec(peers(), 1..4).prop_map(Peers::Of)];
    (peers, ports()).prop_map(|(peers, ports)| Rule { peers, ports })
}

/// A policy before it has its name.
pub(super) type PolicyParts = (&'static str, Selector, PolicyTypes, Vec<Rule>, Vec<Rule>);

pub(super) fn policy_parts() -> impl Strategy<Value = PolicyParts> {
    let types = one_of(&[(2, PolicyTypes::Ingress), (3, PolicyTypes::Egress), (3, PolicyTypes::Both)]);
    (one_of(&[(6, "x"), (3, "y"), (1, "z")]), subjects(), types, vec(rules(), 0..3), vec(rules(), 0..3))
}

/// Policies of one world, `count` of them.
pub(super) fn sets(count: RangeInclusive<usize>) -> impl Strategy<Value = Vec<NetworkPolicy>> {
    vec(policy_parts(), count).prop_map(|each| {
        let numbered = each.into_iter().enumerate();
        numbered
            .map(|(i, (ns, subject, types, ingress, egress))| {
                NetworkPolicy::new(ObjectName::new(ns, format!("p{i}")), subject, types, ingress, egress)
            })
            .collect()
    })
}

/// One policy, of namespace `x`, `y` or `z`: fits the clusters of [`clusters`](super::clusters).
///
/// ```
/// use netpol_oracle::Direction;
/// use netpol_oracle::generate::strategies::policies;
/// proptest::proptest!(|(policy in policies())| {
///     assert!(policy.isolates(Direction::Ingress) || policy.isolates(Direction::Egress));
/// });
/// ```
pub fn policies() -> impl Strategy<Value = NetworkPolicy> {
    (policy_parts(), 0..6_u8).prop_map(|((ns, subject, types, ingress, egress), number)| {
        NetworkPolicy::new(ObjectName::new(ns, format!("p{number}")), subject, types, ingress, egress)
    })
}
