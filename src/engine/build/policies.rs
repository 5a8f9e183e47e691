//! Policies: compiled one by one, and the classes that they select.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::build::writer::Writer;
use crate::engine::ids::{BlockIx, ClassIx, Id as _, NamespaceIx, PodSelectorId, PolicyIx, PortTableIx};
use crate::engine::spaces::blocks::Block;
use crate::engine::spaces::ports::PortTable;
use crate::engine::tables::Tables;
use crate::engine::tables::asked::{AskedLabels, note_asked};
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers, CompiledPolicy, CompiledRule, PeerNamespaces};
use crate::labels::Selector;
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer, Ports, Rule};
use crate::name::{Direction, ObjectName};
use crate::net::IpBlock;

impl Writer {
    /// All policies of a namespace; no class knows of any yet.
    pub(super) fn compile_policies(&mut self, tables: &mut Tables, namespace: NamespaceIx) {
        let cluster = tables.cluster.clone();
        let policies = cluster.policies().handles_in_namespace(tables.namespace(namespace).name.clone());
        let policies = policies.map(|policy| Arc::new(self.compile_policy(tables, namespace, policy))).collect();
        set_policies(tables, namespace, policies);
    }

    /// Some policies of a namespace as the cluster has them now.
    pub(super) fn update_policies(&mut self, tables: &mut Tables, namespace: &str, names: &BTreeSet<ObjectName>) {
        let Some(id) = tables.namespace_id(namespace) else { return };
        let mut policies: Vec<Arc<CompiledPolicy>> = tables.namespace(id).policies.to_vec();
        let mut subjects: BTreeSet<PodSelectorId> = BTreeSet::new();
        for name in names {
            let at = policies.binary_search_by(|policy| policy.source.name().cmp(name));
            let new = tables.cluster.policies().handle(name).cloned();
            let new = new.map(|source| Arc::new(self.compile_policy(tables, id, &source)));
            subjects.extend(new.iter().map(|policy| policy.subject));
            match (at, new) {
                (Ok(at), new) => {
                    let old = policies.splice(at..=at, new);
                    subjects.extend(old.map(|policy| policy.subject));
                }
                (Err(at), Some(new)) => policies.insert(at, new),
                (Err(_), None) => {}
            }
        }
        set_policies(tables, id, policies);
        let is_selected = |class: &&ClassIx| {
            let matches = &tables.details.get(**class).pod_matches;
            subjects.iter().any(|subject| matches.holds(*subject, &tables.pod_selectors))
        };
        let selected: Vec<ClassIx> = tables.namespace(id).classes.iter().filter(is_selected).copied().collect();
        for class in selected {
            self.compile_class(tables, class);
        }
    }

    fn compile_policy(
        &mut self,
        tables: &mut Tables,
        namespace: NamespaceIx,
        source: &Arc<NetworkPolicy>,
    ) -> CompiledPolicy {
        self.compiled += 1;
        let subject = self.pod_selector(tables, source.subject());
        let [ingress, egress] = [Direction::Ingress, Direction::Egress].map(|direction| {
            source.rules(direction).iter().map(|rule| self.compile_rule(tables, namespace, rule)).collect::<Vec<_>>()
        });
        CompiledPolicy { source: source.clone(), subject, ingress, egress }
    }

    fn compile_rule(&mut self, tables: &mut Tables, namespace: NamespaceIx, rule: &Rule) -> CompiledRule {
        let ports = self.port_table(tables, &rule.ports);
        let peers = match &rule.peers {
            Peers::Any => CompiledPeers::Any,
            Peers::Of(peers) => CompiledPeers::Of(
                peers
                    .iter()
                    .map(|peer| match peer {
                        Peer::Pods(pods) => self.pod_peer(tables, namespace, pods),
                        Peer::IpBlock(block) => CompiledPeer::Block(self.block(tables, block)),
                    })
                    .collect(),
            ),
        };
        CompiledRule { peers, ports }
    }

    fn pod_peer(&mut self, tables: &mut Tables, namespace: NamespaceIx, peer: &PodPeer) -> CompiledPeer {
        let namespaces = match &peer.namespaces {
            Namespaces::Own => PeerNamespaces::Own(namespace),
            Namespaces::Matching(selector) => PeerNamespaces::Matching(self.namespace_selector(tables, selector)),
        };
        CompiledPeer::Pods { namespaces, pods: self.pod_selector(tables, &peer.pods) }
    }

    fn port_table(&mut self, tables: &mut Tables, ports: &Ports) -> PortTableIx {
        let table = PortTable::of(ports);
        if let Some(id) = self.port_ids.get(&table) {
            return *id;
        }
        let table = Arc::new(table);
        let id = tables.ports.push(table.clone());
        self.port_ids.insert(table, id);
        id
    }

    fn block(&mut self, tables: &mut Tables, block: &IpBlock) -> BlockIx {
        if let Some(known) = self.block_ids.get(block) {
            return *known;
        }
        let id = tables.blocks.push(Block::of(block));
        Arc::make_mut(&mut self.block_ids).insert(block.clone(), id);
        id
    }
}

/// `policies` come by name.
fn set_policies(tables: &mut Tables, namespace: NamespaceIx, policies: Vec<Arc<CompiledPolicy>>) {
    let subjects = policies.iter().map(|policy| policy.subject);
    let mut by_subject: Vec<(PodSelectorId, PolicyIx)> = subjects.zip((0..).map(PolicyIx::from_index)).collect();
    by_subject.sort_unstable();
    let mut asked = AskedLabels::new();
    for selector in policies.iter().flat_map(|policy| selectors(&policy.source)) {
        note_asked(&mut asked, selector);
    }
    let entry = Arc::make_mut(tables.namespaces.get_mut(namespace));
    (entry.policies, entry.by_subject, entry.asked) = (Arc::new(policies), Arc::new(by_subject), Arc::new(asked));
}

/// The selectors of pods in a policy.
fn selectors(policy: &NetworkPolicy) -> impl Iterator<Item = &Selector> {
    let rules = [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| policy.rules(direction));
    let peers = rules.flat_map(|rule| match &rule.peers {
        Peers::Any => &[][..],
        Peers::Of(peers) => peers.as_slice(),
    });
    let of_peers = peers.filter_map(|peer| match peer {
        Peer::Pods(pods) => Some(&pods.pods),
        Peer::IpBlock(_) => None,
    });
    [policy.subject()].into_iter().chain(of_peers)
}
