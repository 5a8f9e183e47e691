//! Building the tables, and keeping them up as the cluster changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::engine::blocks::{Block, Hull, Possible};
use crate::engine::chunked::Chunked;
use crate::engine::class::{
    ANY_NAMESPACE, Class, ClassDetail, ClassKey, ClassSummary, Isolation, SideEntries, Stack, namespace_bit, port_bit,
};
use crate::engine::matcher::{EVERYTHING, GroupId, Matcher, Matches, NEGATIVE, Regrouped, SelectorId, SetId};
use crate::engine::ports::{NamedPort, PortTable, point};
use crate::engine::profile_digest::ProfileDigest;
use crate::engine::rules::{
    CompiledPeer, CompiledPeers, CompiledPolicy, CompiledRule, Entry, EntryPeer, EntryPorts, PeerNamespaces,
};
use crate::engine::tables::{
    AddressTable, NO_CLASS, NamespaceEntry, NodeEntry, PersistentVec, Slot, SlotObject, Tables, spread,
};
use crate::labels::{Labels, Selector};
use crate::model::change::ObjectId;
use crate::model::cluster::{Cluster, EndpointSlice, Pod, Service, Workload};
use crate::model::policy::{self, NetworkPolicy};
use crate::name::{Direction, ObjectName};
use crate::net::{Family, IpBlock, Port, canonical};
use crate::profile::capability::{NodeOs, Support};
use crate::profile::profile::Profile;

/// There are at most so many entries for each class on average; classes beyond have their policies asked one by one.
const ENTRIES_A_CLASS: usize = 64;
/// And so many more, whatever the number of classes.
const ENTRIES_AT_LEAST: usize = 1 << 16;
/// So much may lie unused before everything is compiled anew.
const WASTE_AT_LEAST: usize = 4096;
/// No label set: the slot is empty, or its pod has finished.
const NO_SET: SetId = SetId::MAX;

/// What only the writer needs to know.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pod_matcher: Matcher,
    namespace_matcher: Matcher,
    /// Places of classes, by their keys.
    class_ids: HashTable<u32>,
    classes_of: HashMap<GroupId, Vec<u32>>,
    /// The label set of each slot's object.
    sets: Vec<SetId>,
    /// The label set of each namespace.
    namespace_sets: Vec<SetId>,
    /// What pods call their ports: most do alike.
    named: HashSet<Arc<[NamedPort]>>,
    port_ids: HashMap<Arc<PortTable>, u32>,
    block_ids: HashMap<IpBlock, u32>,
    free_slots: Vec<u32>,
    pub(super) free_claims: Vec<u32>,
    /// Where each distinct list of entries stands among all entries: its first, and how many.
    entry_lists: HashTable<(u32, u16)>,
    /// Where pods' addresses are.
    hull: Hull,
    /// Policies and Services that were compiled.
    compiled: usize,
    /// [`Self::size`] when everything was compiled.
    compact_size: usize,
    /// Classes with the slots that joined and left and are not yet among the members: one pass for each class, however many.
    moved: BTreeMap<u32, (Vec<u32>, Vec<u32>)>,
}

/// The tables of an empty cluster.
fn empty(profile: &Profile) -> Tables {
    Tables {
        digest: ProfileDigest::of(profile.capabilities()),
        possible: Arc::new([Possible::of(profile.pod_cidrs()), Possible::of(&[])]),
        profile: Arc::new(profile.clone()),
        cluster: Cluster::default(),
        hasher: foldhash::fast::FixedState::default(),
        slots: Chunked::default(),
        objects: PersistentVec::new(),
        v4: Chunked::default(),
        classes: Chunked::default(),
        details: Chunked::default(),
        summaries: Chunked::default(),
        entries: Chunked::default(),
        members: PersistentVec::new(),
        pods: Default::default(),
        workloads: Default::default(),
        addresses: AddressTable::default(),
        namespaces: Chunked::default(),
        namespace_ids: Arc::default(),
        nodes: Default::default(),
        pod_selectors: Chunked::default(),
        namespace_selectors: Chunked::default(),
        ports: Chunked::default(),
        blocks: Chunked::default(),
    }
}

/// Tables and writer of a cluster.
pub(super) fn build(cluster: &Cluster, profile: &Profile) -> (Tables, Writer) {
    let mut tables = empty(profile);
    let mut writer = Writer::default();
    tables.cluster = cluster.clone();
    for namespace in cluster.namespaces().iter() {
        writer.add_namespace(&mut tables, &namespace.name);
    }
    for node in cluster.nodes().iter() {
        writer.put_node(&mut tables, &node.name);
    }
    for pod in cluster.pods().handles() {
        writer.place_pod(&mut tables, pod);
    }
    for workload in cluster.workloads().handles() {
        writer.place_workload(&mut tables, workload);
    }
    for service in cluster.services().handles() {
        writer.change_service(&mut tables, &service.name);
    }
    let mut slices: BTreeMap<Arc<str>, Vec<Arc<EndpointSlice>>> = BTreeMap::new();
    for slice in cluster.endpoint_slices().handles() {
        slices.entry(slice.name.namespace().clone()).or_default().push(slice.clone());
    }
    for (namespace, slices) in slices {
        if let Some(id) = tables.namespace_ids.get(&namespace).copied() {
            set_slices(&mut tables, id, slices);
        }
    }
    writer.compile(&mut tables);
    (tables, writer)
}

/// A batch of changed objects, each once: what they are now the cluster says.
#[derive(Debug, Default)]
struct Touched {
    namespaces: BTreeSet<Arc<str>>,
    pods: BTreeSet<ObjectName>,
    workloads: BTreeSet<(ObjectName, crate::model::cluster::WorkloadKind)>,
    nodes: BTreeSet<Arc<str>>,
    services: BTreeSet<ObjectName>,
    /// Namespaces of EndpointSlices.
    slices: BTreeSet<Arc<str>>,
    policies: BTreeMap<Arc<str>, BTreeSet<ObjectName>>,
}

impl Touched {
    fn of(ids: impl Iterator<Item = ObjectId>) -> Self {
        let mut touched = Self::default();
        for id in ids {
            let namespace = match id {
                ObjectId::Namespace(name) => name,
                ObjectId::Node(name) => {
                    touched.nodes.insert(name);
                    continue;
                }
                ObjectId::Pod(name) => {
                    let namespace = name.namespace().clone();
                    touched.pods.insert(name);
                    namespace
                }
                ObjectId::Workload(kind, name) => {
                    let namespace = name.namespace().clone();
                    touched.workloads.insert((name, kind));
                    namespace
                }
                ObjectId::Service(name) => {
                    let namespace = name.namespace().clone();
                    touched.services.insert(name);
                    namespace
                }
                ObjectId::EndpointSlice(name) => {
                    touched.slices.insert(name.namespace().clone());
                    name.namespace().clone()
                }
                ObjectId::Policy(name) => {
                    let namespace = name.namespace().clone();
                    touched.policies.entry(namespace.clone()).or_default().insert(name);
                    namespace
                }
            };
            touched.namespaces.insert(namespace);
        }
        touched
    }
}

impl Writer {
    /// Brings the tables to `cluster`, of which only the objects `ids` have changed.
    pub(super) fn apply(&mut self, tables: &mut Tables, cluster: Cluster, ids: impl Iterator<Item = ObjectId>) {
        tables.cluster = cluster;
        let touched = Touched::of(ids);
        for name in &touched.namespaces {
            self.sync_namespace(tables, name);
        }
        for name in &touched.nodes {
            self.put_node(tables, name);
            self.reclassify_node(tables, name);
        }
        for name in &touched.services {
            self.change_service(tables, name);
            let id = tables.namespace_ids.get(name.namespace()).copied();
            self.select_services(tables, id, Some(name));
        }
        for namespace in &touched.slices {
            if let Some(id) = tables.namespace_ids.get(namespace).copied() {
                set_slices(
                    tables,
                    id,
                    tables.cluster.endpoint_slices().handles_in_namespace(namespace.clone()).cloned().collect(),
                );
            }
        }
        for (namespace, names) in &touched.policies {
            self.change_policies(tables, namespace, names);
        }
        for (name, kind) in &touched.workloads {
            let new = tables.cluster.workloads().handle(&(name.clone(), *kind)).cloned();
            let slot = tables.workload_slot(name, *kind);
            if let (Some(slot), Some(workload)) = (slot, &new) {
                if matches!(tables.object(slot), SlotObject::Workload(old) if old == workload) {
                    continue;
                }
            }
            if let Some(slot) = slot {
                self.vacate(tables, slot);
            }
            if let Some(workload) = new {
                let slot = self.place_workload(tables, &workload);
                self.classify(tables, slot);
            }
        }
        for name in &touched.pods {
            match (tables.pod_slot(name), tables.cluster.pods().handle(name).cloned()) {
                (None, None) => {}
                (Some(slot), None) => self.vacate(tables, slot),
                (None, Some(pod)) => {
                    let slot = self.place_pod(tables, &pod);
                    self.classify(tables, slot);
                }
                (Some(slot), Some(pod)) => self.replace_pod(tables, slot, &pod),
            }
        }
        self.settle_members(tables);
        if self.size(tables) > 2 * self.compact_size + WASTE_AT_LEAST {
            self.compile(tables);
        }
    }

    /// What grows with changes and is given back by compiling anew only.
    fn size(&self, tables: &Tables) -> usize {
        let lists = (self.pod_matcher.listed() + self.namespace_matcher.listed()) / 16;
        lists
            + self.pod_matcher.sets()
            + self.namespace_matcher.sets()
            + self.compiled
            + tables.classes.len()
            + tables.entries.len() / 16
    }

    // ---- Namespaces

    fn add_namespace(&mut self, tables: &mut Tables, name: &Arc<str>) -> u32 {
        let namespace = NamespaceEntry { name: name.clone(), ..NamespaceEntry::default() };
        let id = tables.namespaces.push(Arc::new(namespace));
        Arc::make_mut(&mut tables.namespace_ids).insert(name.clone(), id);
        self.namespace_sets.push(NO_SET);
        id
    }

    /// The namespace's labels as the cluster has them now.
    fn sync_namespace(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let known = tables.namespace_ids.get(name).copied();
        let labels = tables.cluster.namespace(name).map(|namespace| namespace.labels.clone());
        let (id, labels) = match (known, labels) {
            (Some(id), Some(labels)) if self.is_out_of_date(tables, id, &labels) => (id, labels),
            (None, Some(labels)) => (self.add_namespace(tables, name), labels),
            _ => return,
        };
        self.label_namespace(tables, id, labels);
        self.refresh_namespace(tables, id);
    }

    /// Whether the namespace has other labels now, or was not there when everything was compiled.
    fn is_out_of_date(&self, tables: &Tables, id: u32, labels: &Labels) -> bool {
        self.namespace_sets.get(id as usize) == Some(&NO_SET)
            || tables.namespace(id).is_none_or(|namespace| namespace.labels != *labels)
    }

    fn label_namespace(&mut self, tables: &mut Tables, id: u32, labels: Labels) {
        let set = self.namespace_matcher.set(&labels);
        if let Some(place) = self.namespace_sets.get_mut(id as usize) {
            *place = set;
        }
        if let Some(namespace) = tables.namespaces.get_mut(id) {
            Arc::make_mut(namespace).labels = labels;
        }
    }

    /// Carries the selectors that match the namespace to it and its classes.
    fn refresh_namespace(&mut self, tables: &mut Tables, id: u32) {
        let Some(set) = self.namespace_sets.get(id as usize).copied().filter(|set| *set != NO_SET) else { return };
        let matches = self.namespace_matcher.matches(self.namespace_matcher.group(set));
        let Some(namespace) = tables.namespaces.get_mut(id) else { return };
        Arc::make_mut(namespace).matches = matches.clone();
        let classes = namespace.classes.clone();
        for class in classes.iter() {
            set_namespace_matches(tables, *class, &matches);
        }
    }

    fn namespace_selector(&mut self, tables: &mut Tables, selector: &Selector) -> SelectorId {
        let (id, regrouped) = self.namespace_matcher.selector(selector);
        tables.namespace_selectors = self.namespace_matcher.selectors().clone();
        if !regrouped.grown.is_empty() || !regrouped.moved.is_empty() {
            let grown: HashSet<GroupId> = regrouped.grown.into_iter().collect();
            let moved: HashSet<SetId> = regrouped.moved.into_iter().map(|(_, set)| set).collect();
            let concerned = |set: &SetId| {
                *set != NO_SET && (moved.contains(set) || grown.contains(&self.namespace_matcher.group(*set)))
            };
            let namespaces: Vec<u32> =
                (0..).zip(&self.namespace_sets).filter(|(_, set)| concerned(set)).map(|(id, _)| id).collect();
            for namespace in namespaces {
                self.refresh_namespace(tables, namespace);
            }
        }
        id
    }

    // ---- Compiling

    /// Selectors, policies and classes from nothing; slots and addresses stay as they are.
    pub(super) fn compile(&mut self, tables: &mut Tables) {
        let free = (std::mem::take(&mut self.free_slots), std::mem::take(&mut self.free_claims));
        let namespaces = self.namespace_sets.len();
        *self = Self { free_slots: free.0, free_claims: free.1, hull: self.hull, ..Self::default() };
        self.namespace_sets = vec![NO_SET; namespaces];
        self.sets = vec![NO_SET; tables.slots.len()];
        tables.classes = Chunked::default();
        tables.details = Chunked::default();
        tables.summaries = Chunked::default();
        tables.entries = Chunked::default();
        tables.members = PersistentVec::new();
        tables.ports = Chunked::default();
        tables.blocks = Chunked::default();
        let ids = 0..u32::try_from(namespaces).unwrap_or(u32::MAX);
        for id in ids.clone() {
            if let Some(namespace) = tables.namespaces.get_mut(id) {
                Arc::make_mut(namespace).classes = Arc::default();
            }
            self.select_services(tables, Some(id), None);
        }
        // Selectors first: label sets are then matched once.
        let mut by_namespace: BTreeMap<Arc<str>, Vec<Arc<NetworkPolicy>>> = BTreeMap::new();
        for policy in tables.cluster.policies().handles() {
            by_namespace.entry(policy.name().namespace().clone()).or_default().push(policy.clone());
        }
        for id in ids.clone() {
            let Some(name) = tables.namespace(id).map(|namespace| namespace.name.clone()) else { continue };
            let policies = by_namespace.remove(&name).unwrap_or_default();
            let policies = policies.iter().map(|policy| Arc::new(self.policy(tables, id, policy))).collect();
            set_policies(tables, id, policies);
        }
        for id in ids {
            let name = tables.namespace(id).map(|namespace| namespace.name.clone());
            let labels = name.and_then(|name| tables.cluster.namespace(&name).map(|n| n.labels.clone()));
            match labels {
                Some(labels) => {
                    self.label_namespace(tables, id, labels);
                    self.refresh_namespace(tables, id);
                }
                // Gone for now: nothing of what it was is to be found should it come back.
                None => {
                    if let Some(namespace) = tables.namespaces.get_mut(id) {
                        let namespace = Arc::make_mut(namespace);
                        (namespace.labels, namespace.matches) = (Labels::new(), Matches::default());
                    }
                }
            }
        }
        let mut members: Vec<Vec<u32>> = Vec::new();
        for slot in 0..u32::try_from(tables.slots.len()).unwrap_or(u32::MAX) {
            if let Some(entry) = tables.slots.get_mut(slot) {
                *entry = entry.with_class(NO_CLASS);
            }
            let class = self.find_class(tables, slot);
            members.resize(tables.classes.len(), Vec::new());
            if let Some(members) = class.and_then(|class| members.get_mut(class as usize)) {
                members.push(slot);
            }
        }
        tables.members = members.into_iter().map(Arc::from).collect();
        self.shrink(tables);
        self.compact_size = self.size(tables);
    }

    /// Gives back what lists have grown by in advance.
    fn shrink(&mut self, tables: &mut Tables) {
        self.pod_matcher.shrink();
        self.namespace_matcher.shrink();
        self.sets.shrink_to_fit();
        for at in 0..u32::try_from(tables.addresses.shared.len()).unwrap_or(u32::MAX) {
            if let Some(Some(claims)) = tables.addresses.shared.get_mut(at) {
                Arc::make_mut(claims).reporters.shrink_to_fit();
            }
        }
        for node in tables.cluster.nodes().iter() {
            let hash = tables.hash(&*node.name);
            if let Some(entry) = tables.nodes.find_mut(hash, |entry| entry.name == node.name) {
                Arc::make_mut(entry).pods.shrink_to_fit();
            }
        }
    }

    fn pod_selector(&mut self, tables: &mut Tables, selector: &Selector) -> SelectorId {
        let (id, regrouped) = self.pod_matcher.selector(selector);
        tables.pod_selectors = self.pod_matcher.selectors().clone();
        self.regroup(tables, &regrouped);
        id
    }

    /// Carries what a new selector did to groups to their classes.
    fn regroup(&mut self, tables: &mut Tables, regrouped: &Regrouped) {
        for group in &regrouped.grown {
            let matches = self.pod_matcher.matches(*group);
            for class in self.classes_of.get(group).into_iter().flatten() {
                set_pod_matches(tables, *class, &matches);
            }
        }
        if regrouped.moved.is_empty() {
            return;
        }
        self.settle_members(tables);
        let moved: HashSet<SetId> = regrouped.moved.iter().map(|(_, set)| *set).collect();
        let left: BTreeSet<GroupId> = regrouped.moved.iter().map(|(group, _)| *group).collect();
        let mut slots: Vec<u32> = Vec::new();
        for class in left.iter().filter_map(|group| self.classes_of.get(group)).flatten() {
            let members = tables.members.get(*class as usize).into_iter().flat_map(|members| members.iter());
            slots.extend(members.filter(|slot| self.sets.get(**slot as usize).is_some_and(|set| moved.contains(set))));
        }
        for slot in slots {
            self.reclassify(tables, slot);
        }
        self.settle_members(tables);
    }

    /// Brings the members of classes up to date.
    fn settle_members(&mut self, tables: &mut Tables) {
        for (class, (came, left)) in std::mem::take(&mut self.moved) {
            let Some(members) = tables.members.get_mut(class as usize) else { continue };
            let left: HashSet<u32> = left.into_iter().collect();
            let stay = members.iter().copied().filter(|slot| !left.contains(slot));
            // A slot that left and joined again is among both.
            let mut now: Vec<u32> = stay.chain(came).collect();
            now.sort_unstable();
            now.dedup();
            *members = now.into();
        }
    }

    fn policy(&mut self, tables: &mut Tables, namespace: u32, source: &Arc<NetworkPolicy>) -> CompiledPolicy {
        self.compiled += 1;
        let subject = self.pod_selector(tables, source.subject());
        let [ingress, egress] = [Direction::Ingress, Direction::Egress].map(|direction| {
            source.rules(direction).iter().map(|rule| self.rule(tables, namespace, rule)).collect::<Vec<CompiledRule>>()
        });
        CompiledPolicy { source: source.clone(), subject, ingress, egress }
    }

    fn rule(&mut self, tables: &mut Tables, namespace: u32, rule: &policy::Rule) -> CompiledRule {
        let table = PortTable::of(&rule.ports);
        let ports = match self.port_ids.get(&table) {
            Some(id) => *id,
            None => {
                let table = Arc::new(table);
                let id = tables.ports.push(table.clone());
                self.port_ids.insert(table, id);
                id
            }
        };
        let peers = match &rule.peers {
            policy::Peers::Any => CompiledPeers::Any,
            policy::Peers::Of(peers) => {
                CompiledPeers::Of(peers.iter().map(|peer| self.peer(tables, namespace, peer)).collect())
            }
        };
        CompiledRule { peers, ports }
    }

    fn peer(&mut self, tables: &mut Tables, namespace: u32, peer: &policy::Peer) -> CompiledPeer {
        match peer {
            policy::Peer::Pods(pods) => {
                let namespaces = match &pods.namespaces {
                    policy::Namespaces::Own => PeerNamespaces::Own(namespace),
                    policy::Namespaces::Matching(selector) => {
                        PeerNamespaces::Matching(self.namespace_selector(tables, selector))
                    }
                };
                CompiledPeer::Pods { namespaces, pods: self.pod_selector(tables, &pods.pods) }
            }
            policy::Peer::IpBlock(block) => CompiledPeer::Block(match self.block_ids.get(block) {
                Some(id) => *id,
                None => {
                    let id = tables.blocks.push(Block::of(block));
                    self.block_ids.insert(block.clone(), id);
                    id
                }
            }),
        }
    }

    // ---- Policies

    fn change_policies(&mut self, tables: &mut Tables, namespace: &Arc<str>, names: &BTreeSet<ObjectName>) {
        let Some(id) = tables.namespace_ids.get(namespace).copied() else { return };
        let mut policies: Vec<Arc<CompiledPolicy>> =
            tables.namespace(id).map(|namespace| namespace.policies.to_vec()).unwrap_or_default();
        let mut subjects: BTreeSet<SelectorId> = BTreeSet::new();
        for name in names {
            let at = policies.binary_search_by(|policy| policy.source.name().cmp(name));
            let new = tables.cluster.policies().handle(name).cloned();
            let new = new.map(|source| Arc::new(self.policy(tables, id, &source)));
            subjects.extend(new.iter().map(|policy| policy.subject));
            match (at, new) {
                (Ok(at), new) => {
                    if let Some(old) = policies.get(at) {
                        subjects.insert(old.subject);
                    }
                    policies.splice(at..=at, new);
                }
                (Err(at), Some(new)) => policies.insert(at, new),
                (Err(_), None) => {}
            }
        }
        set_policies(tables, id, policies);
        let classes = tables.namespace(id).map(|namespace| namespace.classes.clone()).unwrap_or_default();
        for at in classes.iter() {
            let Some(class) = tables.details.get(*at) else { continue };
            if subjects.iter().any(|subject| class.pod_matches.holds(*subject, &tables.pod_selectors)) {
                self.recompile_class(tables, *at);
            }
        }
    }

    /// What the policies say of the class, anew.
    fn recompile_class(&mut self, tables: &mut Tables, at: u32) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let Some(detail) = tables.details.get(at) else { return };
            let entries = self.entries_of(tables, detail, direction);
            let side = match &entries {
                Err(isolation) => SideEntries { isolation: *isolation, ..SideEntries::default() },
                Ok((open, entries)) => self.enter_entries(tables, entries, *open),
            };
            if let Some(class) = tables.classes.get_mut(at) {
                *class.side_mut(direction) = side;
            }
            let Some(summary) = tables.summaries.get_mut(at) else { return };
            match direction {
                Direction::Egress => summary.egress = side.isolation,
                Direction::Ingress => summary.ingress = side.isolation,
            }
        }
        self.summarise(tables, at);
    }

    /// The Bloom filters of the class's summary, of its ingress entries.
    fn summarise(&self, tables: &mut Tables, class: u32) {
        let Some(side) = tables.classes.get(class).map(|class| class.ingress) else { return };
        let Some(mut summary) = tables.summaries.get(class).copied() else { return };
        (summary.port_bits, summary.foreign_port_bits, summary.foreign_namespace_bits) = (0, 0, 0);
        for entry in tables.entries.slice(side.first, side.len) {
            let ports = port_bits(entry.ports);
            summary.port_bits |= ports;
            let namespaces = match entry.peer {
                EntryPeer::Pods { namespaces: PeerNamespaces::Own(own), .. } if own == summary.namespace => continue,
                EntryPeer::Pods { namespaces: PeerNamespaces::Matching(id), .. }
                    if id != EVERYTHING && id & NEGATIVE == 0 =>
                {
                    namespace_bit(id)
                }
                EntryPeer::Block(at) if tables.blocks.get(at).is_some_and(|block| !self.hull.meets(block)) => continue,
                _ => ANY_NAMESPACE,
            };
            summary.foreign_port_bits |= ports;
            summary.foreign_namespace_bits |= namespaces;
        }
        if let Some(place) = tables.summaries.get_mut(class) {
            *place = summary;
        }
    }

    /// The entries of an isolated side, and whether everything may pass; else how the side is isolated.
    fn entries_of(
        &self,
        tables: &Tables,
        class: &ClassDetail,
        direction: Direction,
    ) -> Result<(bool, Vec<Entry>), Isolation> {
        let capabilities = tables.profile.capabilities();
        let of_direction = match direction {
            Direction::Ingress => capabilities.ingress,
            Direction::Egress => capabilities.egress,
        };
        let enforced = [capabilities.enforcement, of_direction];
        if enforced.contains(&Support::Unsupported) {
            return Err(Isolation::NotIsolated);
        }
        if let Matches::Scan(_) = class.pod_matches {
            return Err(Isolation::AskPolicies);
        }
        let [uncertain_ingress, uncertain_egress] = class.key.uncertain;
        let uncertain = if direction == Direction::Ingress { uncertain_ingress } else { uncertain_egress };
        let secure = class.key.secure && capabilities.secure_containers != Support::Supported;
        let open = enforced.contains(&Support::Unknown) || uncertain || secure;
        let Some(namespace) = tables.namespace(class.key.namespace) else { return Err(Isolation::NotIsolated) };
        let mut policies = namespace.selecting(&class.pod_matches, &tables.pod_selectors);
        policies.retain(|policy| policy.source.isolates(direction));
        if policies.is_empty() {
            return Err(Isolation::NotIsolated);
        }
        let most = (ENTRIES_A_CLASS * tables.classes.len() + ENTRIES_AT_LEAST).saturating_sub(tables.entries.len());
        let mut entries: Vec<Entry> = Vec::new();
        // Names are resolved at the destination (K12): of ingress that is who is judged.
        let named = (direction == Direction::Ingress).then_some(&*class.key.named);
        for rule in policies.iter().flat_map(|policy| policy.rules(direction)) {
            let ports = entry_ports(tables, rule.ports, named);
            let mut add = |peer: EntryPeer| {
                for entry in ports.iter().map(|ports| Entry { peer, ports: *ports }) {
                    if entries.len() >= 32 || !entries.contains(&entry) {
                        entries.push(entry);
                    }
                }
            };
            match &rule.peers {
                CompiledPeers::Any => add(EntryPeer::Any),
                CompiledPeers::Of(peers) => peers.iter().for_each(|peer| add(entry_peer(tables, *peer, direction))),
            }
            if entries.len() > most {
                return Err(Isolation::AskPolicies);
            }
        }
        Ok((open, entries))
    }

    /// Enters a list among all entries, unless it is there already.
    fn enter_entries(&mut self, tables: &mut Tables, entries: &[Entry], open: bool) -> SideEntries {
        let scan = SideEntries { isolation: Isolation::AskPolicies, ..SideEntries::default() };
        let hash = tables.hash(entries);
        let known =
            self.entry_lists.find(hash, |(at, len)| tables.entries.slice(*at, *len) == entries).map(|(at, _)| *at);
        let Ok(len) = u16::try_from(entries.len()) else { return scan };
        let Some(at) = known.or_else(|| tables.entries.extend(entries)) else { return scan };
        if known.is_none() {
            self.entry_lists.insert_unique(hash, (at, len), |(at, len)| tables.hash(tables.entries.slice(*at, *len)));
        }
        SideEntries { first: at, len, isolation: if open { Isolation::IsolatedOpen } else { Isolation::Isolated } }
    }

    // ---- Services

    /// The Service among its namespace's as the cluster has it now.
    fn change_service(&mut self, tables: &mut Tables, name: &ObjectName) {
        let Some(id) = tables.namespace_ids.get(name.namespace()).copied() else { return };
        let new = tables.cluster.services().handle(name).cloned();
        let services = tables.namespace(id).map(|namespace| namespace.services.clone()).unwrap_or_default();
        let at = services.binary_search_by(|(service, _)| service.name.cmp(name));
        let old: Option<Arc<Service>> = at.ok().and_then(|at| services.get(at)).map(|(service, _)| service.clone());
        drop(services);
        let Some(namespace) = tables.namespaces.get_mut(id) else { return };
        let services = Arc::make_mut(&mut Arc::make_mut(namespace).services);
        match (at, &new) {
            (Ok(at), new) => drop(services.splice(at..=at, new.clone().map(|service| (service, None)))),
            (Err(at), Some(new)) => services.insert(at, (new.clone(), None)),
            (Err(_), None) => {}
        }
        for address in old.iter().flat_map(|service| distinct(&service.cluster_addresses)) {
            self.change_claims(tables, address, |claims| claims.services.retain(|each| each != name));
        }
        for address in new.iter().flat_map(|service| distinct(&service.cluster_addresses)) {
            self.change_claims(tables, address, |claims| {
                let at = claims.services.partition_point(|each| each < name);
                claims.services.insert(at, name.clone());
            });
        }
    }

    /// Compiles the selectors of a namespace's Services, or of one of them.
    fn select_services(&mut self, tables: &mut Tables, namespace: Option<u32>, only: Option<&ObjectName>) {
        let Some(id) = namespace else { return };
        let services = tables.namespace(id).map(|namespace| namespace.services.clone()).unwrap_or_default();
        let compiled: Vec<Option<SelectorId>> = services
            .iter()
            .map(|(service, known)| match only {
                Some(name) if service.name != *name => *known,
                _ if service.selector.is_empty() => None,
                _ => {
                    self.compiled += 1;
                    Some(self.pod_selector(tables, &Selector::new(service.selector.clone(), Vec::new())))
                }
            })
            .collect();
        drop(services);
        if let Some(namespace) = tables.namespaces.get_mut(id) {
            let services = Arc::make_mut(&mut Arc::make_mut(namespace).services);
            for ((_, selector), compiled) in services.iter_mut().zip(compiled) {
                *selector = compiled;
            }
        }
    }

    // ---- Nodes

    fn node_mut<'a>(&mut self, tables: &'a mut Tables, name: &Arc<str>) -> Option<&'a mut NodeEntry> {
        let hash = tables.hash(&**name);
        if tables.node_entry(name).is_none() {
            let hasher = tables.hasher.clone();
            let hash_of = |entry: &Arc<NodeEntry>| std::hash::BuildHasher::hash_one(&hasher, &*entry.name);
            tables.nodes.insert(hash, Arc::new(NodeEntry { name: name.clone(), ..NodeEntry::default() }), hash_of);
        }
        tables.nodes.find_mut(hash, |entry| entry.name == *name).map(Arc::make_mut)
    }

    /// The node as the cluster has it now.
    fn put_node(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let new = tables.cluster.nodes().handle(name).cloned();
        let Some(entry) = self.node_mut(tables, name) else { return };
        let old = std::mem::replace(&mut entry.node, new.clone());
        let addresses = |node: &Arc<crate::model::cluster::Node>| {
            distinct(&node.addresses.iter().map(|each| each.address).collect::<Vec<_>>())
        };
        for address in old.iter().flat_map(addresses) {
            self.change_claims(tables, address, |claims| claims.nodes.retain(|each| each != name));
        }
        for address in new.iter().flat_map(addresses) {
            self.change_claims(tables, address, |claims| {
                let at = claims.nodes.partition_point(|each| each < name);
                claims.nodes.insert(at, name.clone());
            });
        }
    }

    /// The node's system may have changed what is known of those on it (C6).
    fn reclassify_node(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let Some(entry) = tables.node_entry(name).cloned() else { return };
        for slot in entry.pods.iter().chain(&entry.workloads) {
            if tables.is_live(*slot) {
                self.reclassify(tables, *slot);
            }
        }
    }

    // ---- Pods and workloads

    fn slot(&mut self, tables: &mut Tables, object: SlotObject) -> u32 {
        match self.free_slots.pop() {
            Some(slot) => {
                if let Some(place) = tables.objects.get_mut(slot as usize) {
                    *place = object;
                }
                slot
            }
            None => {
                tables.objects.push_back(object);
                tables.v4.push(0);
                self.sets.push(NO_SET);
                tables.slots.push(Slot::default())
            }
        }
    }

    fn place_pod(&mut self, tables: &mut Tables, pod: &Arc<Pod>) -> u32 {
        let slot = self.slot(tables, SlotObject::Pod(pod.clone()));
        let hash = tables.hash_name(&pod.name);
        tables.pods.insert(spread(hash), (hash, slot), |(hash, _)| spread(*hash));
        self.connect_pod(tables, slot, pod);
        slot
    }

    /// Enters the pod's addresses and its node.
    fn connect_pod(&mut self, tables: &mut Tables, slot: u32, pod: &Pod) {
        if let Some(node) = &pod.node {
            if let Some(entry) = self.node_mut(tables, node) {
                entry.pods.push(slot);
            }
        }
        if !pod.is_live() {
            self.change_finished(tables, pod, |finished| finished.push(slot));
        }
        let first = pod.addresses.iter().find_map(|address| match canonical(*address) {
            IpAddr::V4(address) => Some(u32::from(address)),
            IpAddr::V6(_) => None,
        });
        if let Some(place) = tables.v4.get_mut(slot) {
            *place = first.unwrap_or(0);
        }
        let grown = pod.addresses.iter().fold(false, |grown, address| self.hull.enter(*address) | grown);
        if grown {
            // Blocks that no pod could meet have been left out of class summaries.
            for class in 0..u32::try_from(tables.classes.len()).unwrap_or(u32::MAX) {
                self.summarise(tables, class);
            }
        }
        for address in claimed(pod) {
            self.claim(tables, address, slot);
        }
        for address in reported(pod) {
            self.change_claims(tables, address, |claims| claims.reporters.push(slot));
        }
    }

    fn change_finished(&self, tables: &mut Tables, pod: &Pod, change: impl FnOnce(&mut Vec<u32>)) {
        let namespace = tables.namespace_ids.get(pod.name.namespace()).copied();
        if let Some(namespace) = namespace.and_then(|id| tables.namespaces.get_mut(id)) {
            change(Arc::make_mut(&mut Arc::make_mut(namespace).finished));
        }
    }

    fn disconnect_pod(&mut self, tables: &mut Tables, slot: u32, pod: &Pod) {
        let forget = |list: &mut Vec<u32>| {
            if let Some(at) = list.iter().position(|each| *each == slot) {
                list.swap_remove(at);
            }
        };
        if let Some(node) = &pod.node {
            if let Some(entry) = self.node_mut(tables, node) {
                forget(&mut entry.pods);
            }
        }
        if !pod.is_live() {
            self.change_finished(tables, pod, forget);
        }
        for address in claimed(pod) {
            self.change_claims(tables, address, |claims| forget(&mut claims.pods));
        }
        for address in reported(pod) {
            self.change_claims(tables, address, |claims| forget(&mut claims.reporters));
        }
    }

    /// Another state of the slot's pod: its slot and its id stay.
    fn replace_pod(&mut self, tables: &mut Tables, slot: u32, pod: &Arc<Pod>) {
        let SlotObject::Pod(old) = tables.object(slot).clone() else { return };
        let stays = old.addresses == pod.addresses
            && old.host_addresses == pod.host_addresses
            && old.node == pod.node
            && (old.host_network, old.is_live()) == (pod.host_network, pod.is_live());
        if !stays {
            self.disconnect_pod(tables, slot, &old);
        }
        if let Some(object) = tables.objects.get_mut(slot as usize) {
            *object = SlotObject::Pod(pod.clone());
        }
        if !stays {
            self.connect_pod(tables, slot, pod);
        }
        if old.labels != pod.labels || !pod.is_live() {
            self.leave_set(slot);
        }
        self.reclassify(tables, slot);
    }

    fn place_workload(&mut self, tables: &mut Tables, workload: &Arc<Workload>) -> u32 {
        let slot = self.slot(tables, SlotObject::Workload(workload.clone()));
        let hash = tables.hash_name(&workload.name);
        tables.workloads.insert(spread(hash), (hash, slot), |(hash, _)| spread(*hash));
        if let Some(node) = &workload.node {
            if let Some(entry) = self.node_mut(tables, node) {
                entry.workloads.push(slot);
            }
        }
        slot
    }

    /// Empties a slot.
    fn vacate(&mut self, tables: &mut Tables, slot: u32) {
        self.leave_class(tables, slot);
        self.leave_set(slot);
        let object = tables.object(slot).clone();
        let Some(hash) = object.name().map(|name| tables.hash_name(name)) else { return };
        match &object {
            SlotObject::Empty => {}
            SlotObject::Pod(pod) => {
                self.disconnect_pod(tables, slot, pod);
                tables.pods.remove(spread(hash), |(_, each)| *each == slot);
            }
            SlotObject::Workload(workload) => {
                if let Some(entry) = workload.node.as_ref().and_then(|node| self.node_mut(tables, node)) {
                    entry.workloads.retain(|each| *each != slot);
                }
                tables.workloads.remove(spread(hash), |(_, each)| *each == slot);
            }
        }
        if let Some(object) = tables.objects.get_mut(slot as usize) {
            *object = SlotObject::Empty;
        }
        if let Some(place) = tables.v4.get_mut(slot) {
            *place = 0;
        }
        // A slot whose generations are used up stays empty: an id of long ago must not come to mean another pod.
        let last = tables.slot(slot).generation() == Slot::LAST;
        if let Some(entry) = tables.slots.get_mut(slot) {
            *entry = entry.vacated();
        }
        if !last {
            self.free_slots.push(slot);
        }
    }

    // ---- Classes

    fn leave_set(&mut self, slot: u32) {
        if let Some(set) = self.sets.get_mut(slot as usize) {
            *set = NO_SET;
        }
    }

    fn leave_class(&mut self, tables: &mut Tables, slot: u32) {
        let class = tables.slot(slot).class();
        if class != NO_CLASS {
            let (came, left) = self.moved.entry(class).or_default();
            came.retain(|each| *each != slot);
            left.push(slot);
        }
        if let Some(entry) = tables.slots.get_mut(slot) {
            *entry = entry.with_class(NO_CLASS);
        }
    }

    fn reclassify(&mut self, tables: &mut Tables, slot: u32) {
        match self.key(tables, slot) {
            Some(key) if tables.details.get(tables.slot(slot).class()).is_some_and(|class| class.key == key) => {}
            _ => {
                self.leave_class(tables, slot);
                self.classify(tables, slot);
            }
        }
    }

    /// Makes the slot a member of its class.
    fn classify(&mut self, tables: &mut Tables, slot: u32) {
        let Some(class) = self.find_class(tables, slot) else { return };
        self.moved.entry(class).or_default().0.push(slot);
    }

    /// The class of the slot, where its object is one that policies can meet.
    fn find_class(&mut self, tables: &mut Tables, slot: u32) -> Option<u32> {
        let key = self.key(tables, slot)?;
        let is = |class: &u32| tables.details.get(*class).is_some_and(|detail| detail.key == key);
        let class = match self.class_ids.find(tables.hash(&key), is).copied() {
            Some(class) => class,
            None => self.add_class(tables, key),
        };
        if let Some(entry) = tables.slots.get_mut(slot) {
            *entry = entry.with_class(class);
        }
        Some(class)
    }

    fn add_class(&mut self, tables: &mut Tables, key: ClassKey) -> u32 {
        let namespace_matches =
            tables.namespace(key.namespace).map(|namespace| namespace.matches.clone()).unwrap_or_default();
        let pod_matches = self.pod_matcher.matches(key.group);
        let id = tables.classes.push(Class {
            pod_bloom: pod_matches.bloom(),
            namespace_bloom: namespace_matches.bloom(),
            namespace: key.namespace,
            host_network: key.host_network,
            ..Class::default()
        });
        tables.summaries.push(ClassSummary {
            namespace: key.namespace,
            stack: key.stack,
            host_network: key.host_network,
            namespace_bits: namespace_bits(&namespace_matches),
            ..ClassSummary::default()
        });
        tables.details.push(ClassDetail { key: key.clone(), pod_matches, namespace_matches });
        tables.members.push_back(Arc::default());
        self.classes_of.entry(key.group).or_default().push(id);
        if let Some(namespace) = tables.namespaces.get_mut(key.namespace) {
            Arc::make_mut(&mut Arc::make_mut(namespace).classes).push(id);
        }
        let hash_of = |class: &u32| tables.details.get(*class).map_or(0, |detail| tables.hash(&detail.key));
        self.class_ids.insert_unique(tables.hash(&key), id, hash_of);
        self.recompile_class(tables, id);
        id
    }

    fn named(&mut self, object: &SlotObject) -> Arc<[NamedPort]> {
        let named = NamedPort::of(object.ports());
        if let Some(known) = self.named.get(&*named) {
            return known.clone();
        }
        let named: Arc<[NamedPort]> = named.into();
        self.named.insert(named.clone());
        named
    }

    fn key(&mut self, tables: &Tables, slot: u32) -> Option<ClassKey> {
        let object = tables.object(slot);
        if matches!(object, SlotObject::Pod(pod) if !pod.is_live()) {
            return None; // K20
        }
        let (name, labels) = (object.name()?, object.labels()?);
        let namespace = *tables.namespace_ids.get(name.namespace())?;
        let known = self.sets.get(slot as usize).copied().unwrap_or(NO_SET);
        let set = if known == NO_SET { self.pod_matcher.set(labels) } else { known };
        if let Some(place) = self.sets.get_mut(slot as usize) {
            *place = set;
        }
        let secure = object.runtime_class().is_some_and(|class| is_secure(&tables.profile, class));
        Some(ClassKey {
            namespace,
            group: self.pod_matcher.group(set),
            named: self.named(object),
            stack: stack(object),
            host_network: object.is_host_network(),
            secure,
            uncertain: uncertain(tables, object),
        })
    }
}

/// `slices` come by name: those of one Service stay in that order.
fn set_slices(tables: &mut Tables, id: u32, mut slices: Vec<Arc<EndpointSlice>>) {
    slices.sort_by(|a, b| a.service.cmp(&b.service));
    if let Some(namespace) = tables.namespaces.get_mut(id) {
        Arc::make_mut(namespace).slices = Arc::new(slices);
    }
}

fn set_pod_matches(tables: &mut Tables, class: u32, matches: &Matches) {
    if let (Some(class), Some(detail)) = (tables.classes.get_mut(class), tables.details.get_mut(class)) {
        class.pod_bloom = matches.bloom();
        detail.pod_matches = matches.clone();
    }
}

fn set_namespace_matches(tables: &mut Tables, class: u32, matches: &Matches) {
    if let (Some(class), Some(detail)) = (tables.classes.get_mut(class), tables.details.get_mut(class)) {
        class.namespace_bloom = matches.bloom();
        detail.namespace_matches = matches.clone();
    }
    if let Some(summary) = tables.summaries.get_mut(class) {
        summary.namespace_bits = namespace_bits(matches);
    }
}

fn set_policies(tables: &mut Tables, id: u32, policies: Vec<Arc<CompiledPolicy>>) {
    let mut by_subject: Vec<(SelectorId, u32)> = policies.iter().map(|policy| policy.subject).zip(0..).collect();
    by_subject.sort_unstable();
    if let Some(namespace) = tables.namespaces.get_mut(id) {
        let namespace = Arc::make_mut(namespace);
        (namespace.policies, namespace.by_subject) = (Arc::new(policies), Arc::new(by_subject));
    }
}

fn entry_ports(tables: &Tables, at: u32, named: Option<&[NamedPort]>) -> Vec<EntryPorts> {
    let table = tables.ports.get(at).map(|table| &**table);
    if let Some(PortTable::Any) = table {
        return vec![EntryPorts::Any];
    }
    match table.and_then(|table| table.spans(tables.profile.capabilities().end_port, named)) {
        Some(spans) => {
            spans.into_iter().map(|(protocol, first, last)| EntryPorts::Span { protocol, first, last }).collect()
        }
        None => vec![EntryPorts::Table(at)],
    }
}

fn entry_peer(tables: &Tables, peer: CompiledPeer, direction: Direction) -> EntryPeer {
    let capabilities = tables.profile.capabilities();
    let blocks = match direction {
        Direction::Ingress => capabilities.ingress_ip_block,
        Direction::Egress => capabilities.egress_ip_block,
    };
    match peer {
        CompiledPeer::Pods { namespaces, pods } => EntryPeer::Pods { namespaces, pods },
        CompiledPeer::Block(block) if blocks == Support::Supported => EntryPeer::Block(block),
        CompiledPeer::Block(_) => EntryPeer::Open,
    }
}

/// The Bloom filter of the namespace selectors that match a namespace.
fn namespace_bits(matches: &Matches) -> u32 {
    matches.list().map_or(u32::MAX, |list| list.iter().fold(ANY_NAMESPACE, |bits, id| bits | namespace_bit(*id)))
}

/// The bits of an entry's ports in a class summary: of many ports all.
fn port_bits(ports: EntryPorts) -> u32 {
    match ports {
        EntryPorts::Span { protocol, first, last } if last - first < 8 => {
            (first..=last).filter_map(Port::new).fold(0, |bits, port| bits | port_bit(point(protocol, port)))
        }
        EntryPorts::Any | EntryPorts::Span { .. } | EntryPorts::Table(_) => u32::MAX,
    }
}

/// The addresses that a pod claims for itself (K20).
fn claimed(pod: &Pod) -> Vec<IpAddr> {
    if pod.is_live() && !pod.host_network { distinct(&pod.addresses) } else { Vec::new() }
}

/// The addresses that a pod says are its node's (SEMANTICS section 1).
fn reported(pod: &Pod) -> Vec<IpAddr> {
    let own: &[IpAddr] = if pod.is_live() && pod.host_network { &pod.addresses } else { &[] };
    let all: Vec<IpAddr> = pod.host_addresses.iter().chain(own).copied().collect();
    distinct(&all)
}

fn distinct(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !found.contains(address) {
            found.push(*address);
        }
    }
    found
}

fn stack(object: &SlotObject) -> Stack {
    let SlotObject::Pod(pod) = object else { return Stack::None };
    let has = |family| pod.addresses.iter().any(|address| Family::of(*address) == family);
    match (pod.addresses.first().map(|address| Family::of(*address)), has(Family::V4), has(Family::V6)) {
        (None, _, _) => Stack::None,
        (_, true, false) => Stack::V4,
        (_, false, _) => Stack::V6,
        (Some(Family::V4), true, true) => Stack::V4V6,
        (Some(Family::V6), true, true) => Stack::V6V4,
    }
}

/// `kata-*` stands for every class that begins so (C8).
fn is_secure(profile: &Profile, class: &str) -> bool {
    profile.secure_runtimes().iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => class.starts_with(prefix),
        None => class == pattern,
    })
}

/// C6: whether enforcement is unknown on the node, for ingress and egress.
fn uncertain(tables: &Tables, object: &SlotObject) -> [bool; 2] {
    let systems = &tables.profile.capabilities().node_os;
    if *systems == NodeOs::Any {
        return [false; 2];
    }
    let node = object.node().and_then(|name| tables.node_entry(name)).and_then(|entry| entry.node.as_ref());
    let image = node.and_then(|node| node.os_image.as_deref());
    [Direction::Ingress, Direction::Egress].map(|of| image.is_some_and(|image| !systems.supports(image, of)))
}
