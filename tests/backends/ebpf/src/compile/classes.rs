//! Classes of addresses: those that the same blocks hold (K14, C9, C11).
//!
//! The trie has an entry wherever a block, an exception or the cluster begins. Its value is the class of the addresses
//! that no longer entry covers: every block that holds them, however wide. So neither does a longer prefix hide a
//! shorter one, nor does an exception reach beyond its own block.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use netpol_oracle::Direction;
use netpol_oracle::model::{Peer, Peers};
use netpol_oracle::net::IpBlock;
use netpol_oracle::profile::{IpBlockScope, Support};

use super::ids::Numbers;
use super::{Addresses, Input};
use crate::fault::Fault;

/// A set of addresses that rules name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    /// A block of a policy.
    Block(IpBlock),
    /// 100.125.0.0/16, where it cannot be limited.
    InternalCloud,
}

/// The sets that hold the addresses of a class.
pub(super) type Class = BTreeSet<Set>;

/// The classes of all addresses.
#[derive(Debug)]
pub(super) struct Classes {
    /// The class of each prefix; 0: none of the sets.
    pub(super) by_net: BTreeMap<IpNet, u32>,
    members: BTreeMap<Set, BTreeSet<u32>>,
}

impl Classes {
    pub(super) fn of(input: &Input<'_>, addresses: &Addresses, numbers: &mut Numbers) -> Self {
        let cluster = Inside::of(input, addresses);
        let sets = sets(input);
        let mut classes = Self { by_net: BTreeMap::new(), members: BTreeMap::new() };
        numbers.classes.begin();
        for net in boundaries(&sets, &cluster) {
            let mut class: Class = sets.iter().filter(|set| holds(input, set, &sets, &cluster, net)).cloned().collect();
            if input.has(Fault::LongestPrefixShadows) {
                keep_longest(&mut class);
            }
            let number = if class.is_empty() { 0 } else { numbers.classes.of(&class) };
            classes.by_net.insert(net, number);
            for set in class {
                classes.members.entry(set).or_default().insert(number);
            }
        }
        numbers.classes.end();
        classes
    }

    /// The classes of the addresses that the set holds.
    pub(super) fn of_set<'c>(&'c self, set: &Set) -> impl Iterator<Item = u32> + use<'c> {
        self.members.get(set).into_iter().flatten().copied()
    }
}

/// What lies in the cluster (C9).
struct Inside {
    pods: BTreeSet<IpNet>,
    hosts: BTreeSet<IpNet>,
    ranges: Vec<IpNet>,
}

impl Inside {
    fn of(input: &Input<'_>, addresses: &Addresses) -> Self {
        let of = |pods: bool| {
            let all = addresses.in_cluster();
            all.filter(|(_, is_pod)| *is_pod == pods).map(|(address, _)| IpNet::from(address)).collect()
        };
        let ranges = input.profile.service_cidrs().iter().chain(input.profile.pod_cidrs());
        Self { pods: of(true), hosts: of(false), ranges: ranges.map(|cidr| cidr.as_ipnet()).collect() }
    }

    fn holds(&self, net: &IpNet) -> bool {
        self.pods.contains(net) || self.hosts.contains(net) || self.ranges.iter().any(|range| range.contains(net))
    }
}

fn internal_cloud() -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(100, 125, 0, 0), 16))
}

/// Every set that some rule names.
fn sets(input: &Input<'_>) -> Class {
    let mut sets = Class::new();
    for policy in input.cluster.policies() {
        for rule in [Direction::Ingress, Direction::Egress].iter().flat_map(|of| policy.written_rules(*of)) {
            let Peers::Of(peers) = &rule.peers else { continue };
            sets.extend(peers.iter().filter_map(|peer| match peer {
                Peer::IpBlock(block) => Some(Set::Block(block.clone())),
                Peer::Pods(_) => None,
            }));
        }
    }
    if limits_no_internal_cloud(input) {
        sets.insert(Set::InternalCloud);
    }
    sets
}

pub(super) fn limits_no_internal_cloud(input: &Input<'_>) -> bool {
    input.capabilities().internal_cloud == Support::Unsupported && !input.has(Fault::CloudRangeLimited)
}

/// Where classes may change.
fn boundaries(sets: &Class, cluster: &Inside) -> BTreeSet<IpNet> {
    let mut nets: BTreeSet<IpNet> = BTreeSet::new();
    for set in sets {
        match set {
            Set::Block(block) => {
                nets.insert(block.cidr().as_ipnet());
                nets.extend(block.except().iter().map(|except| except.as_ipnet()));
            }
            Set::InternalCloud => {
                nets.insert(internal_cloud());
            }
        }
    }
    nets.extend(cluster.pods.iter().chain(&cluster.hosts).chain(&cluster.ranges));
    nets
}

/// Whether `set` holds the addresses of `net` that no narrower boundary has.
fn holds(input: &Input<'_>, set: &Set, sets: &Class, cluster: &Inside, net: IpNet) -> bool {
    let block = match set {
        // Pods there can be limited.
        Set::InternalCloud => return internal_cloud().contains(&net) && !cluster.pods.contains(&net),
        Set::Block(block) => block,
    };
    let excepts = |block: &IpBlock| block.except().iter().any(|except| except.as_ipnet().contains(&net));
    let excepted = match input.fault {
        Some(Fault::ExceptIgnored) => false,
        Some(Fault::ExceptLeaks) => sets.iter().any(|other| matches!(other, Set::Block(other) if excepts(other))),
        _ => excepts(block),
    };
    let scope = match (input.capabilities().ip_block_scope, input.fault) {
        (IpBlockScope::OutsideCluster, Some(Fault::BlocksReachCluster)) => IpBlockScope::Any,
        (IpBlockScope::Any, Some(Fault::BlocksStopAtCluster)) => IpBlockScope::OutsideCluster,
        (scope, _) => scope,
    };
    let in_scope = match scope {
        IpBlockScope::OutsideCluster => !cluster.holds(&net),
        IpBlockScope::InsideCluster => cluster.holds(&net),
        // A scope that is not known here is none: that shows as a mismatch.
        _ => true,
    };
    block.cidr().as_ipnet().contains(&net) && !excepted && in_scope
}

fn keep_longest(class: &mut Class) {
    let length = |set: &Set| match set {
        Set::Block(block) => Some(block.cidr().prefix_len()),
        Set::InternalCloud => None,
    };
    let longest = class.iter().filter_map(length).max();
    class.retain(|set| length(set).is_none() || length(set) == longest);
}
