//! What policies tell apart, class by class: for those who ask one question of each kind.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::classes::table::ClassId;
use crate::engine::ends::end::EndIdentity;
use crate::engine::ends::resolve::{AddressOwner, Resolution};
use crate::engine::ids::{ClassIx, NamespaceIx, PodId, PodSelectorId, SlotIx};
use crate::engine::snapshot::Snapshot;
use crate::engine::spaces::cuts::{AddressCuts, intervals};
use crate::engine::spaces::ports::{PortTable, port_at};
use crate::engine::tables::SlotObject;
use crate::engine::tables::class::{ClassKey, Stack};
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers, CompiledPolicy, PeerNamespaces};
use crate::labels::Labels;
use crate::model::flow::Endpoint;
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;
use crate::net::{AddressNumber, Family, Port, PortCuts, PortName, Protocol};

/// What the policies that isolate a class in one direction, or may (U7), tell apart.
#[derive(Debug, Default)]
pub(crate) struct Distinctions {
    /// Whether there are any such policies.
    pub(crate) isolated: bool,
    /// Where a rule's ports begin or have just ended.
    pub(crate) cuts: PortCuts,
    /// The names that rules have.
    pub(crate) names: Vec<(Protocol, PortName)>,
    /// Where an address interval begins, for each family: those of the rules' blocks and of the profile.
    v4: Vec<u128>,
    v6: Vec<u128>,
    /// The policies, by name.
    pub(crate) policies: Vec<Arc<NetworkPolicy>>,
    /// Those of them that have rules in that direction: the others isolate, and that is all they do (K1, K5).
    pub(crate) with_rules: Vec<Arc<NetworkPolicy>>,
    /// Some rule admits everybody, on its ports.
    pub(super) admits_all: bool,
    /// The peers of its rules.
    pub(super) peers: Vec<CompiledPeer>,
    /// Those of them that select pods, each once.
    pub(super) selectors: Vec<(PeerNamespaces, PodSelectorId)>,
}

/// A class that has members.
#[derive(Debug)]
pub(crate) struct PartitionClass {
    pub(super) id: ClassIx,
    pub(super) members: Arc<[SlotIx]>,
    pub(crate) host_network: bool,
    /// Places of its distinctions.
    pub(crate) egress: usize,
    pub(crate) ingress: usize,
    pub(crate) named: Vec<(Protocol, PortName, Port)>,
    pub(crate) traits: ClassTraits,
}

/// What else tells a class from others where sides are judged, but for whom policies select.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClassTraits {
    stack: Stack,
    host_network: bool,
    secure: bool,
    uncertain: [bool; 2],
    /// Which policies select its members is open (U7), or where it runs is asked anew each time (C6).
    pub(crate) is_alone: bool,
}

/// All classes with all their distinctions.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// In the order of their ids.
    pub(crate) classes: Vec<Arc<PartitionClass>>,
    pub(crate) distinctions: Vec<Arc<Distinctions>>,
}

/// A member of a class, at one of its addresses.
pub(crate) struct Member {
    pub(crate) endpoint: Endpoint,
    pub(crate) address: Option<IpAddr>,
    /// Tells pods apart; a workload stands for several.
    pub(crate) pod: Option<PodId>,
    pub(crate) node: Option<Arc<str>>,
    /// Where it may run that says no node.
    pub(crate) node_selector: Labels,
    /// The addresses that a pod calls its host's.
    pub(crate) hosts: Vec<IpAddr>,
}

impl Partition {
    /// Where a class stands.
    pub(crate) fn place(&self, class: ClassId) -> Option<usize> {
        self.classes.binary_search_by_key(&class, |own| own.class()).ok()
    }
}

impl PartitionClass {
    pub(crate) fn class(&self) -> ClassId {
        ClassId::from(self.id)
    }

    /// Whether it has the same members as one of another snapshot, which came of the same one by changes of policies.
    pub(crate) fn has_same_members(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.members, &other.members)
    }
}

impl Distinctions {
    /// Where an interval of addresses begins that are told apart, as numbers of the family.
    pub(crate) fn starts(&self, family: Family) -> &[u128] {
        if family == Family::V4 { &self.v4 } else { &self.v6 }
    }

    /// In which interval an address lies.
    pub(crate) fn interval_of(&self, number: AddressNumber) -> usize {
        self.starts(number.family).partition_point(|start| *start <= number.bits)
    }

    /// Whether a rule has the name.
    pub(crate) fn asks(&self, protocol: Protocol, name: &PortName) -> bool {
        self.names.iter().any(|(of, asked)| *of == protocol && asked == name)
    }

    /// What any of some rows tells apart of the other end: no row of a subject, ports and policies are left out.
    pub(crate) fn of_any(rows: &[&Self]) -> Self {
        let starts = |family| -> Vec<u128> {
            let all: BTreeSet<u128> = rows.iter().flat_map(|row| row.starts(family)).copied().collect();
            all.into_iter().collect()
        };
        let names: BTreeSet<(Protocol, PortName)> = rows.iter().flat_map(|row| &row.names).cloned().collect();
        let mut seen = HashSet::new();
        let selectors = rows.iter().flat_map(|row| &row.selectors).copied().filter(|selector| seen.insert(*selector));
        Self {
            isolated: rows.iter().any(|row| row.isolated),
            names: names.into_iter().collect(),
            v4: starts(Family::V4),
            v6: starts(Family::V6),
            selectors: selectors.collect(),
            ..Self::default()
        }
    }

    /// The intervals of addresses that are told apart, from the first to the last of each.
    pub(crate) fn addresses(&self, family: Family) -> Vec<(IpAddr, IpAddr)> {
        intervals(family, self.starts(family)).collect()
    }
}

impl Snapshot {
    /// The partition of all classes. What the same policies isolate shares its distinctions.
    pub(crate) fn partition(&self) -> Partition {
        self.partition_beside(None)
    }

    /// The same, of a snapshot that came of `before` by changes of policies alone: what these do not touch is shared with
    /// `before`'s, and keeps its distinctions' places.
    pub(crate) fn partition_after(&self, before: &Snapshot, partition: &Partition) -> Partition {
        self.partition_beside(Some((before, partition)))
    }

    fn partition_beside(&self, before: Option<(&Snapshot, &Partition)>) -> Partition {
        let tables = &self.tables;
        let distinctions = before.map_or_else(Vec::new, |(_, partition)| partition.distinctions.clone());
        let mut partition = Partition { classes: Vec::new(), distinctions };
        let mut earlier = before.map_or(&[][..], |(_, partition)| &partition.classes).iter().peekable();
        let mut is_same_namespace: HashMap<NamespaceIx, bool> = HashMap::new();
        let mut known: HashMap<(Direction, Vec<*const CompiledPolicy>), usize> = HashMap::new();
        for ((id, detail), members) in tables.details.iter().zip(tables.members.items()) {
            if members.is_empty() {
                continue;
            }
            while earlier.next_if(|class| class.id < id).is_some() {}
            let same = earlier.next_if(|class| class.id == id).zip(before).filter(|(class, (before, _))| {
                let has_same_policies = || {
                    let own = &tables.namespace(detail.key.namespace).policies;
                    let theirs = &before.tables.namespace(detail.key.namespace).policies;
                    let is_shared = |(own, other): (&Arc<CompiledPolicy>, _)| Arc::ptr_eq(own, other);
                    Arc::ptr_eq(own, theirs)
                        || own.len() == theirs.len() && own.iter().zip(theirs.iter()).all(is_shared)
                };
                let has_same_key = || {
                    let theirs = before.tables.details.get(id);
                    std::ptr::eq(theirs, detail) || theirs.key == detail.key
                };
                *is_same_namespace.entry(detail.key.namespace).or_insert_with(has_same_policies)
                    && Arc::ptr_eq(&class.members, members)
                    && has_same_key()
            });
            if let Some((class, _)) = same {
                partition.classes.push(class.clone());
                continue;
            }
            let mut distinctions_of = |direction| {
                let policies = if detail.key.unsettled.is_some() {
                    // Whom they select is open too (U7).
                    let all = tables.namespace(detail.key.namespace).policies.iter();
                    all.filter(|policy| policy.source.isolates(direction)).collect()
                } else {
                    tables.isolating(detail, direction)
                };
                let key = (direction, policies.iter().map(|policy| Arc::as_ptr(policy)).collect());
                *known.entry(key).or_insert_with(|| {
                    partition.distinctions.push(Arc::new(self.distinctions(&policies, direction)));
                    partition.distinctions.len() - 1
                })
            };
            let (egress, ingress) = (distinctions_of(Direction::Egress), distinctions_of(Direction::Ingress));
            let named = detail.key.named.iter().map(|each| (each.protocol, each.name.clone(), each.port)).collect();
            let ClassKey { host_network, stack, secure, uncertain, .. } = detail.key;
            let is_alone = detail.key.unsettled.is_some() || detail.key.placed_by_address.is_some();
            let traits = ClassTraits { stack, host_network, secure, uncertain, is_alone };
            let members = members.clone();
            let class = PartitionClass { id, members, host_network, egress, ingress, named, traits };
            partition.classes.push(Arc::new(class));
        }
        partition
    }

    /// The distinctions of a side that nobody isolates.
    pub(crate) fn no_distinctions(&self) -> Distinctions {
        self.distinctions(&[], Direction::Egress)
    }

    pub(super) fn distinctions(&self, policies: &[&Arc<CompiledPolicy>], direction: Direction) -> Distinctions {
        let (mut cuts, mut names, mut peers) = (PortCuts::default(), BTreeSet::new(), Vec::new());
        let mut admits_all = false;
        let mut addresses = AddressCuts::new();
        for rule in policies.iter().flat_map(|policy| policy.rules(direction)) {
            if let PortTable::Of { edges, names: of_rule } = &**self.tables.ports.get(rule.ports) {
                for (protocol, port) in edges.iter().filter_map(|(at, _)| port_at(*at)) {
                    cuts.begin(protocol, port);
                }
                names.extend(of_rule.iter().cloned());
            }
            let CompiledPeers::Of(of_rule) = &rule.peers else {
                admits_all = true;
                continue;
            };
            peers.extend(of_rule.iter().copied());
            let blocks = of_rule.iter().filter_map(|peer| match peer {
                CompiledPeer::Block(at) => Some(self.tables.blocks.get(*at)),
                CompiledPeer::Pods { .. } => None,
            });
            blocks.for_each(|block| addresses.cut_block(block));
        }
        if !policies.is_empty() {
            addresses.cut_ranges_of(self.profile());
        }
        let (v4, v6) = (addresses.starts(Family::V4), addresses.starts(Family::V6));
        let names = names.into_iter().collect();
        let with_rules = policies.iter().filter(|policy| !policy.rules(direction).is_empty());
        let with_rules = with_rules.map(|policy| policy.source.clone()).collect();
        let policies: Vec<_> = policies.iter().map(|policy| policy.source.clone()).collect();
        let mut seen = HashSet::new();
        let selectors = peers.iter().filter_map(|peer| match peer {
            CompiledPeer::Pods { namespaces, pods } => Some((*namespaces, *pods)),
            CompiledPeer::Block(_) => None,
        });
        let selectors = selectors.filter(|selector| seen.insert(*selector)).collect();
        Distinctions {
            isolated: !policies.is_empty(),
            cuts,
            names,
            v4,
            v6,
            policies,
            with_rules,
            admits_all,
            peers,
            selectors,
        }
    }

    /// Which of the peers that select pods select members of the class, one bit each.
    pub(crate) fn selected_by(&self, row: &Distinctions, class: &PartitionClass, bits: &mut Vec<u64>) {
        for some in row.selectors.chunks(64) {
            let bit = |peer| u64::from(self.is_selected_by(peer, class.id));
            bits.push(some.iter().enumerate().fold(0, |bits, (at, peer)| bits | bit(*peer) << at));
        }
    }

    /// Whether a peer selects members of the class.
    pub(super) fn is_selected_by(&self, (namespaces, pods): (PeerNamespaces, PodSelectorId), class: ClassIx) -> bool {
        self.is_in(namespaces, class) && {
            let detail = self.tables.details.find(class);
            detail.is_some_and(|detail| detail.pod_matches.holds(pods, &self.tables.pod_selectors))
        }
    }

    /// Whether the namespace of a class is one of a peer's.
    pub(super) fn is_in(&self, namespaces: PeerNamespaces, class: ClassIx) -> bool {
        self.tables.details.find(class).is_some_and(|detail| match namespaces {
            PeerNamespaces::Own(namespace) => namespace == detail.key.namespace,
            PeerNamespaces::Matching(id) => detail.namespace_matches.holds(id, &self.tables.namespace_selectors),
        })
    }

    /// Whether hostNetwork pods are their nodes and nothing else (U2).
    pub(crate) fn hosts_are_nodes(&self) -> bool {
        self.tables.digest.hosts_are_nodes
    }

    /// The addresses that an end has where flows name it, in its order; none where they cannot.
    pub(crate) fn addresses_by_name(&self, end: &Endpoint) -> Option<Vec<IpAddr>> {
        match self.tables.resolve(end) {
            Ok(Resolution::End(end)) => Some(end.addresses.iter().collect()),
            _ => None,
        }
    }

    /// The members of a class, once for each address by which flows can name them.
    pub(crate) fn addressed_members(&self, class: &PartitionClass) -> Vec<Member> {
        let slots = self.tables.members.get(class.id).iter();
        let mut all = Vec::new();
        for slot in slots {
            match self.tables.object(*slot) {
                SlotObject::Empty => {}
                SlotObject::Workload(workload) => all.push(Member {
                    endpoint: Endpoint::Workload { kind: workload.kind.clone(), name: workload.name.clone() },
                    address: None,
                    pod: None,
                    node: workload.node.clone(),
                    node_selector: workload.node_selector.clone(),
                    hosts: Vec::new(),
                }),
                SlotObject::Pod(pod) => {
                    let addresses = self
                        .tables
                        .identity(*slot)
                        .map_or(Vec::new(), |identity| self.tables.addresses_of(identity).iter().collect());
                    let (node, hosts) = (&pod.node, &pod.host_addresses);
                    let member = |endpoint, address| Member {
                        endpoint,
                        address,
                        pod: Some(self.tables.id_of_slot(*slot)),
                        node: node.clone(),
                        node_selector: pod.node_selector.clone(),
                        hosts: hosts.clone(),
                    };
                    if addresses.is_empty() {
                        all.push(member(Endpoint::Named(pod.name.clone()), None));
                    }
                    for (at, address) in addresses.iter().enumerate() {
                        let by_address = Endpoint::PodAddress { pod: pod.name.clone(), address: *address };
                        if addresses.iter().take(at).any(|before| before == address) {
                            continue;
                        }
                        // An address that several pods claim names nobody (K20): their names still do.
                        let is_first =
                            || !addresses.iter().take(at).any(|each| Family::of(*each) == Family::of(*address));
                        if self.tables.resolve(&by_address).is_ok() {
                            all.push(member(by_address, Some(*address)));
                        } else if is_first() {
                            all.push(member(Endpoint::Named(pod.name.clone()), Some(*address)));
                        }
                    }
                }
            }
        }
        all
    }

    /// Every node by each of its addresses that flows can name it by.
    pub(crate) fn addressed_nodes(&self) -> Vec<Member> {
        let cluster = self.cluster();
        let given = cluster.nodes().iter().flat_map(|node| node.addresses.iter().map(|each| each.address));
        let hosts = cluster.pods().iter().flat_map(|pod| {
            let own = if pod.host_network { pod.addresses.as_slice() } else { &[] };
            pod.host_addresses.iter().chain(own).copied()
        });
        let addresses: BTreeSet<IpAddr> = given.chain(hosts).collect();
        let node = |address| match self.tables.observed(address) {
            Ok(AddressOwner::End(EndIdentity::Node(name))) => {
                let node: Option<Arc<str>> = name.map(Into::into);
                let by_name = node.clone().map(|node| Endpoint::NodeAddress { node, address });
                let endpoint = by_name.filter(|endpoint| self.tables.resolve(endpoint).is_ok());
                let endpoint = endpoint.unwrap_or(Endpoint::Address(address));
                let (node_selector, hosts) = (Labels::new(), Vec::new());
                Some(Member { endpoint, address: Some(address), pod: None, node, node_selector, hosts })
            }
            _ => None,
        };
        addresses.into_iter().filter_map(node).collect()
    }

    /// Whether no end in the cluster has the address.
    pub(crate) fn is_nobodys(&self, address: IpAddr) -> bool {
        matches!(self.tables.observed(address), Ok(AddressOwner::End(EndIdentity::External)))
    }

    /// Whether nobody in the cluster has the address, no Service either (K26).
    pub(crate) fn is_outside(&self, address: IpAddr) -> bool {
        let has_face = self.tables.claims_of_others(address).is_some_and(|claims| !claims.faces.is_empty());
        !has_face && self.is_nobodys(address)
    }

    /// The addresses of that family which a node has.
    pub(crate) fn node_addresses(&self, name: &str, family: Family) -> Vec<IpAddr> {
        self.tables.addresses_of_node(name, family)
    }

    /// Of each peer some classes that it selects, and one that it does not; by place in the partition. `left`
    /// bounds how often a selector is held against a class.
    pub(crate) fn around_peers(
        &self,
        partition: &Partition,
        distinctions: &Distinctions,
        left: &mut usize,
    ) -> Vec<usize> {
        let mut found = Vec::new();
        for peer in &distinctions.peers {
            let CompiledPeer::Pods { namespaces, pods } = peer else { continue };
            let (mut inside, mut outside) = (0, 0);
            for (place, class) in partition.classes.iter().enumerate() {
                if inside == 2 && outside == 1 || *left == 0 {
                    break;
                }
                *left -= 1;
                let detail = self.tables.details.get(class.id);
                let there = match namespaces {
                    PeerNamespaces::Own(namespace) => *namespace == detail.key.namespace,
                    PeerNamespaces::Matching(id) => {
                        detail.namespace_matches.holds(*id, &self.tables.namespace_selectors)
                    }
                };
                let holds = detail.pod_matches.holds(*pods, &self.tables.pod_selectors);
                // Outside by one half alone: what mistakes are made with.
                let (count, most) = if there && holds { (&mut inside, 2) } else { (&mut outside, 1) };
                if *count < most && (there || holds) {
                    *count += 1;
                    found.push(place);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
