//! The intervals that all policies together cut ports and addresses into.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ids::BlockIx;
use crate::engine::snapshot::Snapshot;
use crate::engine::spaces::cuts::{AddressCuts, intervals};
use crate::engine::spaces::ports::{PortTable, port_at};
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers, CompiledPolicy};
use crate::name::Direction;
use crate::net::{Family, PortCuts, PortInterval};

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

    pub(in crate::engine) fn known_port_intervals(&self) -> &[PortInterval] {
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
        let mut cuts = AddressCuts::new();
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
        blocks.into_iter().for_each(|block| cuts.cut_block(self.tables.blocks.get(block)));
        cuts.cut_ranges_of(self.profile());
        intervals(family, &cuts.starts(family)).map(|(first, last)| AddressInterval { first, last }).collect()
    }
}
