//! The intervals that all policies together cut ports and addresses into.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::blocks::{address, last, span};
use crate::engine::ids::BlockIx;
use crate::engine::ports::{PortTable, port_at};
use crate::engine::rules::{CompiledPeer, CompiledPeers, CompiledPolicy};
use crate::engine::snapshot::Snapshot;
use crate::name::Direction;
use crate::net::{Family, PortCuts, PortInterval};
use crate::profile::cce::INTERNAL_CLOUD;

/// Addresses from the first to the last, both included, that no ipBlock and no range of the profile tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct AddressInterval {
    /// The first address.
    pub first: IpAddr,
    /// The last address.
    pub last: IpAddr,
}

impl Snapshot {
    fn compiled_policies(&self) -> impl Iterator<Item = &CompiledPolicy> {
        self.tables.namespaces.items().flat_map(|namespace| namespace.policies.iter()).map(|policy| &**policy)
    }

    /// The port intervals of TCP, UDP and SCTP that no policy tells apart, in order: together every port there is. A number
    /// that some pod gives a name which a policy uses stands alone ([K12](crate::semantics#k12)).
    #[must_use]
    pub fn port_intervals(&self) -> Vec<PortInterval> {
        self.known_port_intervals().to_vec()
    }

    pub(super) fn known_port_intervals(&self) -> &[PortInterval] {
        self.tables.port_intervals.get_or_init(|| self.find_port_intervals())
    }

    fn find_port_intervals(&self) -> Arc<[PortInterval]> {
        let mut cuts = PortCuts::default();
        let mut names = BTreeSet::new();
        let rules = |policy| {
            [Direction::Ingress, Direction::Egress]
                .into_iter()
                .flat_map(move |direction| CompiledPolicy::rules(policy, direction))
        };
        for rule in self.compiled_policies().flat_map(rules) {
            if let PortTable::Of { edges, names: of_rule } = &**self.tables.ports.get(rule.ports) {
                for (protocol, port) in edges.iter().filter_map(|(at, _)| port_at(*at)) {
                    cuts.begin(protocol, port);
                }
                names.extend(of_rule.iter().cloned());
            }
        }
        if !names.is_empty() {
            for named in self.tables.details.items().flat_map(|class| class.key.named.iter()) {
                if names.contains(&(named.protocol, named.name.clone())) {
                    cuts.apart(PortInterval::one(named.protocol, named.port));
                }
            }
        }
        cuts.intervals().into()
    }

    /// The address intervals of a family, in order: together every address there is.
    #[must_use]
    pub fn address_intervals(&self, family: Family) -> Vec<AddressInterval> {
        // Where an interval begins.
        let mut cuts: BTreeSet<u128> = BTreeSet::from([0]);
        let mut cut = |from: u128, to: u128| {
            cuts.insert(from);
            if to < last(family) {
                cuts.insert(to + 1);
            }
        };
        let mut blocks: BTreeSet<BlockIx> = BTreeSet::new();
        for policy in self.compiled_policies() {
            for rule in
                [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| policy.rules(direction))
            {
                if let CompiledPeers::Of(peers) = &rule.peers {
                    blocks.extend(peers.iter().filter_map(|peer| match peer {
                        CompiledPeer::Block(at) => Some(*at),
                        CompiledPeer::Pods { .. } => None,
                    }));
                }
            }
        }
        for block in blocks.into_iter().map(|at| self.tables.blocks.get(at)).filter(|b| b.family() == family) {
            block.spans().iter().for_each(|(from, to)| cut(*from, *to));
        }
        let profile = self.profile();
        let ranges = profile.pod_cidrs().iter().chain(profile.service_cidrs()).chain(&[INTERNAL_CLOUD]);
        for cidr in ranges.filter(|cidr| cidr.family() == family) {
            let (from, to) = span(cidr);
            cut(from, to);
        }
        if family == Family::V6 {
            // IPv4-mapped ones are IPv4 (K22): they are no addresses of this family.
            let mapped = 0xFFFF_u128 << 32;
            cut(mapped, mapped | u128::from(u32::MAX));
        }
        let starts: Vec<u128> = cuts.into_iter().collect();
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([last(family)]);
        let intervals = starts.iter().zip(ends);
        let is_mapped = |from: u128| family == Family::V6 && from >> 32 == 0xFFFF;
        intervals
            .filter(|(from, _)| !is_mapped(**from))
            .map(|(from, to)| AddressInterval { first: address(family, *from), last: address(family, to) })
            .collect()
    }
}
