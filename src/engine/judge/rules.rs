//! Compiled rules, held against what a side sees of the other end.

use crate::engine::ids::{BlockIx, Pods, SelectorId};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::Logic;
use crate::engine::judge::reading::Reading;
use crate::engine::judge::sight::{Holds, Selected, Sight};
use crate::engine::spaces::ports::{Covered, PortTable};
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers, CompiledRule, PeerNamespaces};
use crate::model::flow::L4;
use crate::profile::capability::EndPort;
use crate::profile::row::Row;

/// What is known of a rule and a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Matched<T> {
    pub(super) ports: T,
    pub(super) peers: PeersMatched<T>,
}

/// What is known of a rule's peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PeersMatched<T> {
    /// Some peer matches.
    pub(super) certainly: T,
    /// Some block may match besides, where the address is one of those that the block holds.
    pub(super) perhaps: T,
    /// The row that leaves the address open.
    pub(super) open: Row,
}

/// The rules of one side, under one reading.
pub(super) struct RuleMatcher<'a, 't, L: Logic> {
    pub(super) evaluation: Evaluation<'a, 't, L>,
    pub(super) reading: Reading<'t>,
    pub(super) sight: Sight<'a, 't, L>,
}

impl<L: Logic> RuleMatcher<'_, '_, L> {
    pub(super) fn matched(&self, rule: &CompiledRule) -> Matched<L::Truth> {
        Matched { ports: self.ports(rule), peers: self.peers(rule) }
    }

    fn ports(&self, rule: &CompiledRule) -> L::Truth {
        let table = self.evaluation.tables.ports.get(rule.ports);
        let L4::Port(protocol, port) = self.sight.l4() else {
            // U1 `portless`: a rule without `ports` matches other protocols, any other rule does not.
            return L::known(matches!(**table, PortTable::Any));
        };
        let covered = table.covered(protocol, port);
        let named = || {
            let destination = if self.sight.is_before() { None } else { self.reading.destination() };
            destination.is_some_and(|class| table.names(protocol, port, &class.key.named))
        };
        match covered {
            Covered::Yes => L::YES,
            _ if named() => L::YES,
            Covered::No => L::NO,
            Covered::ByRange => match self.evaluation.settings.ask(Row::C14, |c| c.end_port) {
                EndPort::Supported => L::YES,
                EndPort::SinglePort => L::NO,
                EndPort::Unknown => self.evaluation.logic.open(Row::C14),
            },
        }
    }

    fn peers(&self, rule: &CompiledRule) -> PeersMatched<L::Truth> {
        let mut matched = PeersMatched { certainly: L::NO, perhaps: L::NO, open: Row::U6 };
        match &rule.peers {
            CompiledPeers::Any => matched.certainly = L::YES, // K6
            CompiledPeers::Of(peers) => {
                for peer in peers {
                    match *peer {
                        CompiledPeer::Pods { namespaces, pods } => {
                            matched.certainly =
                                self.evaluation.logic.or(matched.certainly, self.pods(namespaces, pods));
                        }
                        CompiledPeer::Block(block) => self.block(block, &mut matched),
                    }
                    if matched.certainly == L::YES {
                        break;
                    }
                }
            }
        }
        matched
    }

    fn pods(&self, namespaces: PeerNamespaces, pods: SelectorId<Pods>) -> L::Truth {
        let class = match self.sight.selected() {
            Selected::Class(class) => class,
            Selected::Nobody => return L::NO,
            Selected::Unlimited => return self.evaluation.logic.open(Row::C10),
        };
        let namespace_matches = match namespaces {
            PeerNamespaces::Own(namespace) => namespace == class.key.namespace,
            PeerNamespaces::Matching(selector) => {
                class.namespace_matches.holds(selector, &self.evaluation.tables.namespace_selectors)
            }
        };
        L::known(namespace_matches && class.pod_matches.holds(pods, &self.evaluation.tables.pod_selectors))
    }

    fn block(&self, block: BlockIx, matched: &mut PeersMatched<L::Truth>) {
        for target in self.sight.targets() {
            match self.sight.holds(block, target.held) {
                Holds::No => {}
                Holds::Yes => matched.certainly = self.evaluation.logic.or(matched.certainly, target.counts),
                Holds::Perhaps(row) => {
                    matched.perhaps = self.evaluation.logic.or(matched.perhaps, target.counts);
                    matched.open = row;
                }
            }
        }
    }
}
