//! Building the tables, and keeping them up as the cluster changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::engine::blocks::{Block, Hull, Possible};
use crate::engine::chunked::Chunked;
use crate::engine::class::{ANYWHERE, Class, ClassKey, Detail, Gate, Side, Stack, Stance, port_bit, space_bit};
use crate::engine::matcher::{EVERYTHING, GroupId, Matcher, Matches, NEGATIVE, Regrouped, SelectorId, SetId};
use crate::engine::ports::{NamedPort, PortTable, point};
use crate::engine::quick::Common;
use crate::engine::rules::{Entry, EntryPeer, EntryPorts, Peer, Peers, Policy, Rule, Spaces};
use crate::engine::tables::{Addresses, Body, NO_CLASS, NodeEntry, Seat, Shared, Space, Tables, spread};
use crate::labels::{Labels, Selector};
use crate::model::change::ObjectId;
use crate::model::cluster::{Cluster, EndpointSlice, Pod, Service, Workload};
use crate::model::policy::{self, NetworkPolicy};
use crate::name::{Direction, ObjectName};
use crate::net::{Family, IpBlock, Port, canonical};
use crate::profile::capability::{NodeOs, Support};
use crate::profile::profile::Profile;

/// Rows hold at most so many entries for each class on average; classes beyond have their policies asked one by one.
const ENTRIES_A_CLASS: usize = 64;
/// And so many more, whatever the number of classes.
const ENTRIES_AT_LEAST: usize = 1 << 16;
/// So much may lie unused before everything is compiled anew.
const WASTE_AT_LEAST: usize = 4096;
/// No label set: nobody sits there, or a finished pod.
const NO_SET: SetId = SetId::MAX;

/// What only the writer needs to know.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pods: Matcher,
    spaces: Matcher,
    /// Places of classes, by their keys.
    class_ids: HashTable<u32>,
    classes_of: HashMap<GroupId, Vec<u32>>,
    /// The label set of who sits in a seat.
    sets: Vec<SetId>,
    /// The label set of each namespace.
    space_sets: Vec<SetId>,
    /// What pods call their ports: most do alike.
    named: HashSet<Arc<[NamedPort]>>,
    port_ids: HashMap<Arc<PortTable>, u32>,
    block_ids: HashMap<IpBlock, u32>,
    free_seats: Vec<u32>,
    pub(super) free_holders: Vec<u32>,
    /// Places and lengths of the rows among all entries.
    rows: HashTable<(u32, u16)>,
    /// Where pods' addresses are.
    hull: Hull,
    /// Policies and Services that were compiled.
    compiled: usize,
    /// [`Self::size`] when everything was compiled.
    compact_size: usize,
    /// Classes with who came and who left, not yet among the members: one pass for each class, however many they are.
    moved: BTreeMap<u32, (Vec<u32>, Vec<u32>)>,
}

/// The tables of an empty cluster.
fn empty(profile: &Profile) -> Tables {
    Tables {
        common: Common::of(profile.capabilities()),
        possible: Arc::new([Possible::of(profile.pod_cidrs()), Possible::of(&[])]),
        profile: Arc::new(profile.clone()),
        cluster: Cluster::default(),
        hasher: foldhash::fast::FixedState::default(),
        seats: Chunked::default(),
        bodies: Shared::new(),
        v4: Chunked::default(),
        classes: Chunked::default(),
        details: Chunked::default(),
        gates: Chunked::default(),
        entries: Chunked::default(),
        members: Shared::new(),
        pods: Default::default(),
        workloads: Default::default(),
        addresses: Addresses::default(),
        spaces: Chunked::default(),
        space_ids: Arc::default(),
        nodes: Default::default(),
        pod_selectors: Chunked::default(),
        space_selectors: Chunked::default(),
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
        writer.add_space(&mut tables, &namespace.name);
    }
    for node in cluster.nodes().iter() {
        writer.put_node(&mut tables, &node.name);
    }
    for pod in cluster.pods().handles() {
        writer.sit_pod(&mut tables, pod);
    }
    for workload in cluster.workloads().handles() {
        writer.sit_workload(&mut tables, workload);
    }
    for service in cluster.services().handles() {
        writer.change_service(&mut tables, &service.name);
    }
    let mut slices: BTreeMap<Arc<str>, Vec<Arc<EndpointSlice>>> = BTreeMap::new();
    for slice in cluster.endpoint_slices().handles() {
        slices.entry(slice.name.namespace().clone()).or_default().push(slice.clone());
    }
    for (space, slices) in slices {
        if let Some(id) = tables.space_ids.get(&space).copied() {
            set_slices(&mut tables, id, slices);
        }
    }
    writer.compile(&mut tables);
    (tables, writer)
}

/// A batch of changed objects, each once: what they are now the cluster says.
#[derive(Debug, Default)]
struct Touched {
    spaces: BTreeSet<Arc<str>>,
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
            let space = match id {
                ObjectId::Namespace(name) => name,
                ObjectId::Node(name) => {
                    touched.nodes.insert(name);
                    continue;
                }
                ObjectId::Pod(name) => {
                    let space = name.namespace().clone();
                    touched.pods.insert(name);
                    space
                }
                ObjectId::Workload(kind, name) => {
                    let space = name.namespace().clone();
                    touched.workloads.insert((name, kind));
                    space
                }
                ObjectId::Service(name) => {
                    let space = name.namespace().clone();
                    touched.services.insert(name);
                    space
                }
                ObjectId::EndpointSlice(name) => {
                    touched.slices.insert(name.namespace().clone());
                    name.namespace().clone()
                }
                ObjectId::Policy(name) => {
                    let space = name.namespace().clone();
                    touched.policies.entry(space.clone()).or_default().insert(name);
                    space
                }
            };
            touched.spaces.insert(space);
        }
        touched
    }
}

impl Writer {
    /// Brings the tables to `cluster`, of which only the objects `ids` have changed.
    pub(super) fn apply(&mut self, tables: &mut Tables, cluster: Cluster, ids: impl Iterator<Item = ObjectId>) {
        tables.cluster = cluster;
        let touched = Touched::of(ids);
        for name in &touched.spaces {
            self.sync_space(tables, name);
        }
        for name in &touched.nodes {
            self.put_node(tables, name);
            self.reseat_node(tables, name);
        }
        for name in &touched.services {
            self.change_service(tables, name);
            let id = tables.space_ids.get(name.namespace()).copied();
            self.select_services(tables, id, Some(name));
        }
        for space in &touched.slices {
            if let Some(id) = tables.space_ids.get(space).copied() {
                set_slices(
                    tables,
                    id,
                    tables.cluster.endpoint_slices().handles_in_namespace(space.clone()).cloned().collect(),
                );
            }
        }
        for (space, names) in &touched.policies {
            self.change_policies(tables, space, names);
        }
        for (name, kind) in &touched.workloads {
            let new = tables.cluster.workloads().handle(&(name.clone(), *kind)).cloned();
            let seat = tables.workload_seat(name, *kind);
            if let (Some(seat), Some(workload)) = (seat, &new) {
                if matches!(tables.body(seat), Body::Workload(old) if old == workload) {
                    continue;
                }
            }
            if let Some(seat) = seat {
                self.rise(tables, seat);
            }
            if let Some(workload) = new {
                let seat = self.sit_workload(tables, &workload);
                self.classify(tables, seat);
            }
        }
        for name in &touched.pods {
            match (tables.pod_seat(name), tables.cluster.pods().handle(name).cloned()) {
                (None, None) => {}
                (Some(seat), None) => self.rise(tables, seat),
                (None, Some(pod)) => {
                    let seat = self.sit_pod(tables, &pod);
                    self.classify(tables, seat);
                }
                (Some(seat), Some(pod)) => self.replace_pod(tables, seat, &pod),
            }
        }
        self.seat_members(tables);
        if self.size(tables) > 2 * self.compact_size + WASTE_AT_LEAST {
            self.compile(tables);
        }
    }

    /// What grows with changes and is given back by compiling anew only.
    fn size(&self, tables: &Tables) -> usize {
        let lists = (self.pods.listed() + self.spaces.listed()) / 16;
        lists + self.pods.sets() + self.spaces.sets() + self.compiled + tables.classes.len() + tables.entries.len() / 16
    }

    // ---- Namespaces

    fn add_space(&mut self, tables: &mut Tables, name: &Arc<str>) -> u32 {
        let space = Space { name: name.clone(), ..Space::default() };
        let id = tables.spaces.push(Arc::new(space));
        Arc::make_mut(&mut tables.space_ids).insert(name.clone(), id);
        self.space_sets.push(NO_SET);
        id
    }

    /// The namespace's labels as the cluster has them now.
    fn sync_space(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let known = tables.space_ids.get(name).copied();
        let labels = tables.cluster.namespace(name).map(|namespace| namespace.labels.clone());
        let (id, labels) = match (known, labels) {
            (Some(id), Some(labels)) if self.is_out_of_date(tables, id, &labels) => (id, labels),
            (None, Some(labels)) => (self.add_space(tables, name), labels),
            _ => return,
        };
        self.label_space(tables, id, labels);
        self.refresh_space(tables, id);
    }

    /// Whether the namespace has other labels now, or was not there when everything was compiled.
    fn is_out_of_date(&self, tables: &Tables, id: u32, labels: &Labels) -> bool {
        self.space_sets.get(id as usize) == Some(&NO_SET)
            || tables.space(id).is_none_or(|space| space.labels != *labels)
    }

    fn label_space(&mut self, tables: &mut Tables, id: u32, labels: Labels) {
        let set = self.spaces.set(&labels);
        if let Some(place) = self.space_sets.get_mut(id as usize) {
            *place = set;
        }
        if let Some(space) = tables.spaces.get_mut(id) {
            Arc::make_mut(space).labels = labels;
        }
    }

    /// Carries the selectors that match the namespace to it and its classes.
    fn refresh_space(&mut self, tables: &mut Tables, id: u32) {
        let Some(set) = self.space_sets.get(id as usize).copied().filter(|set| *set != NO_SET) else { return };
        let matches = self.spaces.matches(self.spaces.group(set));
        let Some(space) = tables.spaces.get_mut(id) else { return };
        Arc::make_mut(space).matches = matches.clone();
        let classes = space.classes.clone();
        for class in classes.iter() {
            tell_spaces(tables, *class, &matches);
        }
    }

    fn space_selector(&mut self, tables: &mut Tables, selector: &Selector) -> SelectorId {
        let (id, regrouped) = self.spaces.selector(selector);
        tables.space_selectors = self.spaces.selectors().clone();
        if !regrouped.grown.is_empty() || !regrouped.moved.is_empty() {
            let grown: HashSet<GroupId> = regrouped.grown.into_iter().collect();
            let moved: HashSet<SetId> = regrouped.moved.into_iter().map(|(_, set)| set).collect();
            let concerned =
                |set: &SetId| *set != NO_SET && (moved.contains(set) || grown.contains(&self.spaces.group(*set)));
            let spaces: Vec<u32> =
                (0..).zip(&self.space_sets).filter(|(_, set)| concerned(set)).map(|(id, _)| id).collect();
            for space in spaces {
                self.refresh_space(tables, space);
            }
        }
        id
    }

    // ---- Compiling

    /// Selectors, policies and classes from nothing; seats and addresses stay as they are.
    pub(super) fn compile(&mut self, tables: &mut Tables) {
        let free = (std::mem::take(&mut self.free_seats), std::mem::take(&mut self.free_holders));
        let spaces = self.space_sets.len();
        *self = Self { free_seats: free.0, free_holders: free.1, hull: self.hull, ..Self::default() };
        self.space_sets = vec![NO_SET; spaces];
        self.sets = vec![NO_SET; tables.seats.len()];
        tables.classes = Chunked::default();
        tables.details = Chunked::default();
        tables.gates = Chunked::default();
        tables.entries = Chunked::default();
        tables.members = Shared::new();
        tables.ports = Chunked::default();
        tables.blocks = Chunked::default();
        let ids = 0..u32::try_from(spaces).unwrap_or(u32::MAX);
        for id in ids.clone() {
            if let Some(space) = tables.spaces.get_mut(id) {
                Arc::make_mut(space).classes = Arc::default();
            }
            self.select_services(tables, Some(id), None);
        }
        // Selectors first: label sets are then matched once.
        let mut by_space: BTreeMap<Arc<str>, Vec<Arc<NetworkPolicy>>> = BTreeMap::new();
        for policy in tables.cluster.policies().handles() {
            by_space.entry(policy.name().namespace().clone()).or_default().push(policy.clone());
        }
        for id in ids.clone() {
            let Some(name) = tables.space(id).map(|space| space.name.clone()) else { continue };
            let policies = by_space.remove(&name).unwrap_or_default();
            let policies = policies.iter().map(|policy| Arc::new(self.policy(tables, id, policy))).collect();
            set_policies(tables, id, policies);
        }
        for id in ids {
            let name = tables.space(id).map(|space| space.name.clone());
            let labels = name.and_then(|name| tables.cluster.namespace(&name).map(|n| n.labels.clone()));
            match labels {
                Some(labels) => {
                    self.label_space(tables, id, labels);
                    self.refresh_space(tables, id);
                }
                // Gone for now: nothing of what it was is to be found should it come back.
                None => {
                    if let Some(space) = tables.spaces.get_mut(id) {
                        let space = Arc::make_mut(space);
                        (space.labels, space.matches) = (Labels::new(), Matches::default());
                    }
                }
            }
        }
        let mut members: Vec<Vec<u32>> = Vec::new();
        for seat in 0..u32::try_from(tables.seats.len()).unwrap_or(u32::MAX) {
            if let Some(entry) = tables.seats.get_mut(seat) {
                *entry = entry.with_class(NO_CLASS);
            }
            let class = self.find_class(tables, seat);
            members.resize(tables.classes.len(), Vec::new());
            if let Some(members) = class.and_then(|class| members.get_mut(class as usize)) {
                members.push(seat);
            }
        }
        tables.members = members.into_iter().map(Arc::from).collect();
        self.shrink(tables);
        self.compact_size = self.size(tables);
    }

    /// Gives back what lists have grown by in advance.
    fn shrink(&mut self, tables: &mut Tables) {
        self.pods.shrink();
        self.spaces.shrink();
        self.sets.shrink_to_fit();
        for at in 0..u32::try_from(tables.addresses.holders.len()).unwrap_or(u32::MAX) {
            if let Some(Some(holders)) = tables.addresses.holders.get_mut(at) {
                Arc::make_mut(holders).reporters.shrink_to_fit();
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
        let (id, regrouped) = self.pods.selector(selector);
        tables.pod_selectors = self.pods.selectors().clone();
        self.regroup(tables, &regrouped);
        id
    }

    /// Carries what a new selector did to groups to their classes.
    fn regroup(&mut self, tables: &mut Tables, regrouped: &Regrouped) {
        for group in &regrouped.grown {
            let matches = self.pods.matches(*group);
            for class in self.classes_of.get(group).into_iter().flatten() {
                tell_labels(tables, *class, &matches);
            }
        }
        if regrouped.moved.is_empty() {
            return;
        }
        self.seat_members(tables);
        let moved: HashSet<SetId> = regrouped.moved.iter().map(|(_, set)| *set).collect();
        let left: BTreeSet<GroupId> = regrouped.moved.iter().map(|(group, _)| *group).collect();
        let mut seats: Vec<u32> = Vec::new();
        for class in left.iter().filter_map(|group| self.classes_of.get(group)).flatten() {
            let members = tables.members.get(*class as usize).into_iter().flat_map(|members| members.iter());
            seats.extend(members.filter(|seat| self.sets.get(**seat as usize).is_some_and(|set| moved.contains(set))));
        }
        for seat in seats {
            self.reclassify(tables, seat);
        }
        self.seat_members(tables);
    }

    /// Brings the members of classes up to date.
    fn seat_members(&mut self, tables: &mut Tables) {
        for (class, (came, left)) in std::mem::take(&mut self.moved) {
            let Some(members) = tables.members.get_mut(class as usize) else { continue };
            let left: HashSet<u32> = left.into_iter().collect();
            let stay = members.iter().copied().filter(|seat| !left.contains(seat));
            // Who left and came back is among both.
            let mut now: Vec<u32> = stay.chain(came).collect();
            now.sort_unstable();
            now.dedup();
            *members = now.into();
        }
    }

    fn policy(&mut self, tables: &mut Tables, space: u32, source: &Arc<NetworkPolicy>) -> Policy {
        self.compiled += 1;
        let subject = self.pod_selector(tables, source.subject());
        let [ingress, egress] = [Direction::Ingress, Direction::Egress].map(|direction| {
            source.rules(direction).iter().map(|rule| self.rule(tables, space, rule)).collect::<Vec<Rule>>()
        });
        Policy { source: source.clone(), subject, ingress, egress }
    }

    fn rule(&mut self, tables: &mut Tables, space: u32, rule: &policy::Rule) -> Rule {
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
            policy::Peers::Any => Peers::Any,
            policy::Peers::Of(peers) => Peers::Of(peers.iter().map(|peer| self.peer(tables, space, peer)).collect()),
        };
        Rule { peers, ports }
    }

    fn peer(&mut self, tables: &mut Tables, space: u32, peer: &policy::Peer) -> Peer {
        match peer {
            policy::Peer::Pods(pods) => {
                let spaces = match &pods.namespaces {
                    policy::Namespaces::Own => Spaces::Own(space),
                    policy::Namespaces::Matching(selector) => Spaces::Matching(self.space_selector(tables, selector)),
                };
                Peer::Pods { spaces, pods: self.pod_selector(tables, &pods.pods) }
            }
            policy::Peer::IpBlock(block) => Peer::Block(match self.block_ids.get(block) {
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

    fn change_policies(&mut self, tables: &mut Tables, space: &Arc<str>, names: &BTreeSet<ObjectName>) {
        let Some(id) = tables.space_ids.get(space).copied() else { return };
        let mut policies: Vec<Arc<Policy>> = tables.space(id).map(|space| space.policies.to_vec()).unwrap_or_default();
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
        let classes = tables.space(id).map(|space| space.classes.clone()).unwrap_or_default();
        for at in classes.iter() {
            let Some(class) = tables.details.get(*at) else { continue };
            if subjects.iter().any(|subject| class.labels.holds(*subject, &tables.pod_selectors)) {
                self.restate(tables, *at);
            }
        }
    }

    /// How the class stands to policies, anew.
    fn restate(&mut self, tables: &mut Tables, at: u32) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let Some(detail) = tables.details.get(at) else { return };
            let row = self.row(tables, detail, direction);
            let side = match &row {
                Err(stance) => Side { stance: *stance, ..Side::default() },
                Ok((open, row)) => self.side(tables, row, *open),
            };
            if let Some(class) = tables.classes.get_mut(at) {
                *class.side_mut(direction) = side;
            }
            let Some(gate) = tables.gates.get_mut(at) else { return };
            match direction {
                Direction::Egress => gate.egress = side.stance,
                Direction::Ingress => gate.ingress = side.stance,
            }
        }
        self.summarise(tables, at);
    }

    /// The summaries of the class's gate, of its ingress entries.
    fn summarise(&self, tables: &mut Tables, class: u32) {
        let Some(side) = tables.classes.get(class).map(|class| class.ingress) else { return };
        let Some(mut gate) = tables.gates.get(class).copied() else { return };
        (gate.ports, gate.foreign_ports, gate.foreign_spaces) = (0, 0, 0);
        for entry in tables.entries.slice(side.row, side.len) {
            let ports = port_bits(entry.ports);
            gate.ports |= ports;
            let spaces = match entry.peer {
                EntryPeer::Pods { spaces: Spaces::Own(own), .. } if own == gate.space => continue,
                EntryPeer::Pods { spaces: Spaces::Matching(id), .. } if id != EVERYTHING && id & NEGATIVE == 0 => {
                    space_bit(id)
                }
                EntryPeer::Block(at) if tables.blocks.get(at).is_some_and(|block| !self.hull.meets(block)) => continue,
                _ => ANYWHERE,
            };
            gate.foreign_ports |= ports;
            gate.foreign_spaces |= spaces;
        }
        if let Some(place) = tables.gates.get_mut(class) {
            *place = gate;
        }
    }

    /// The entries of an isolated side, and whether everything may pass; else how it stands.
    fn row(&self, tables: &Tables, class: &Detail, direction: Direction) -> Result<(bool, Vec<Entry>), Stance> {
        let capabilities = tables.profile.capabilities();
        let of_direction = match direction {
            Direction::Ingress => capabilities.ingress,
            Direction::Egress => capabilities.egress,
        };
        let enforced = [capabilities.enforcement, of_direction];
        if enforced.contains(&Support::Unsupported) {
            return Err(Stance::Free);
        }
        if let Matches::Scan(_) = class.labels {
            return Err(Stance::Scan);
        }
        let [uncertain_ingress, uncertain_egress] = class.key.uncertain;
        let uncertain = if direction == Direction::Ingress { uncertain_ingress } else { uncertain_egress };
        let secure = class.key.secure && capabilities.secure_containers != Support::Supported;
        let open = enforced.contains(&Support::Unknown) || uncertain || secure;
        let Some(space) = tables.space(class.key.space) else { return Err(Stance::Free) };
        let mut policies = space.selecting(&class.labels, &tables.pod_selectors);
        policies.retain(|policy| policy.source.isolates(direction));
        if policies.is_empty() {
            return Err(Stance::Free);
        }
        let most = (ENTRIES_A_CLASS * tables.classes.len() + ENTRIES_AT_LEAST).saturating_sub(tables.entries.len());
        let mut row: Vec<Entry> = Vec::new();
        // Names are resolved at the destination (K12): of ingress that is who is judged.
        let named = (direction == Direction::Ingress).then_some(&*class.key.named);
        for rule in policies.iter().flat_map(|policy| policy.rules(direction)) {
            let ports = entry_ports(tables, rule.ports, named);
            let mut add = |peer: EntryPeer| {
                for entry in ports.iter().map(|ports| Entry { peer, ports: *ports }) {
                    if row.len() >= 32 || !row.contains(&entry) {
                        row.push(entry);
                    }
                }
            };
            match &rule.peers {
                Peers::Any => add(EntryPeer::Any),
                Peers::Of(peers) => peers.iter().for_each(|peer| add(entry_peer(tables, *peer, direction))),
            }
            if row.len() > most {
                return Err(Stance::Scan);
            }
        }
        Ok((open, row))
    }

    /// Enters a row among all entries, unless it stands there already.
    fn side(&mut self, tables: &mut Tables, row: &[Entry], open: bool) -> Side {
        let scan = Side { stance: Stance::Scan, ..Side::default() };
        let hash = tables.hash(row);
        let known = self.rows.find(hash, |(at, len)| tables.entries.slice(*at, *len) == row).map(|(at, _)| *at);
        let Ok(len) = u16::try_from(row.len()) else { return scan };
        let Some(at) = known.or_else(|| tables.entries.extend(row)) else { return scan };
        if known.is_none() {
            self.rows.insert_unique(hash, (at, len), |(at, len)| tables.hash(tables.entries.slice(*at, *len)));
        }
        Side { row: at, len, stance: if open { Stance::Open } else { Stance::Isolated } }
    }

    // ---- Services

    /// The Service among its namespace's as the cluster has it now.
    fn change_service(&mut self, tables: &mut Tables, name: &ObjectName) {
        let Some(id) = tables.space_ids.get(name.namespace()).copied() else { return };
        let new = tables.cluster.services().handle(name).cloned();
        let services = tables.space(id).map(|space| space.services.clone()).unwrap_or_default();
        let at = services.binary_search_by(|(service, _)| service.name.cmp(name));
        let old: Option<Arc<Service>> = at.ok().and_then(|at| services.get(at)).map(|(service, _)| service.clone());
        drop(services);
        let Some(space) = tables.spaces.get_mut(id) else { return };
        let services = Arc::make_mut(&mut Arc::make_mut(space).services);
        match (at, &new) {
            (Ok(at), new) => drop(services.splice(at..=at, new.clone().map(|service| (service, None)))),
            (Err(at), Some(new)) => services.insert(at, (new.clone(), None)),
            (Err(_), None) => {}
        }
        for address in old.iter().flat_map(|service| distinct(&service.cluster_addresses)) {
            self.hold(tables, address, |holders| holders.services.retain(|each| each != name));
        }
        for address in new.iter().flat_map(|service| distinct(&service.cluster_addresses)) {
            self.hold(tables, address, |holders| {
                let at = holders.services.partition_point(|each| each < name);
                holders.services.insert(at, name.clone());
            });
        }
    }

    /// Compiles the selectors of a namespace's Services, or of one of them.
    fn select_services(&mut self, tables: &mut Tables, space: Option<u32>, only: Option<&ObjectName>) {
        let Some(id) = space else { return };
        let services = tables.space(id).map(|space| space.services.clone()).unwrap_or_default();
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
        if let Some(space) = tables.spaces.get_mut(id) {
            let services = Arc::make_mut(&mut Arc::make_mut(space).services);
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
            self.hold(tables, address, |holders| holders.nodes.retain(|each| each != name));
        }
        for address in new.iter().flat_map(addresses) {
            self.hold(tables, address, |holders| {
                let at = holders.nodes.partition_point(|each| each < name);
                holders.nodes.insert(at, name.clone());
            });
        }
    }

    /// The node's system may have changed what is known of those on it (C6).
    fn reseat_node(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let Some(entry) = tables.node_entry(name).cloned() else { return };
        for seat in entry.pods.iter().chain(&entry.workloads) {
            if tables.is_live(*seat) {
                self.reclassify(tables, *seat);
            }
        }
    }

    // ---- Pods and workloads

    fn seat(&mut self, tables: &mut Tables, body: Body) -> u32 {
        match self.free_seats.pop() {
            Some(seat) => {
                if let Some(place) = tables.bodies.get_mut(seat as usize) {
                    *place = body;
                }
                seat
            }
            None => {
                tables.bodies.push_back(body);
                tables.v4.push(0);
                self.sets.push(NO_SET);
                tables.seats.push(Seat::default())
            }
        }
    }

    fn sit_pod(&mut self, tables: &mut Tables, pod: &Arc<Pod>) -> u32 {
        let seat = self.seat(tables, Body::Pod(pod.clone()));
        let hash = tables.hash_name(&pod.name);
        tables.pods.insert(spread(hash), (hash, seat), |(hash, _)| spread(*hash));
        self.connect_pod(tables, seat, pod);
        seat
    }

    /// Enters the pod's addresses and its node.
    fn connect_pod(&mut self, tables: &mut Tables, seat: u32, pod: &Pod) {
        if let Some(node) = &pod.node {
            if let Some(entry) = self.node_mut(tables, node) {
                entry.pods.push(seat);
            }
        }
        if !pod.is_live() {
            self.change_finished(tables, pod, |finished| finished.push(seat));
        }
        let first = pod.addresses.iter().find_map(|address| match canonical(*address) {
            IpAddr::V4(address) => Some(u32::from(address)),
            IpAddr::V6(_) => None,
        });
        if let Some(place) = tables.v4.get_mut(seat) {
            *place = first.unwrap_or(0);
        }
        let grown = pod.addresses.iter().fold(false, |grown, address| self.hull.enter(*address) | grown);
        if grown {
            // Blocks that no pod could meet have been left out of gates.
            for class in 0..u32::try_from(tables.classes.len()).unwrap_or(u32::MAX) {
                self.summarise(tables, class);
            }
        }
        for address in claimed(pod) {
            self.claim(tables, address, seat);
        }
        for address in reported(pod) {
            self.hold(tables, address, |holders| holders.reporters.push(seat));
        }
    }

    fn change_finished(&self, tables: &mut Tables, pod: &Pod, change: impl FnOnce(&mut Vec<u32>)) {
        let space = tables.space_ids.get(pod.name.namespace()).copied();
        if let Some(space) = space.and_then(|id| tables.spaces.get_mut(id)) {
            change(Arc::make_mut(&mut Arc::make_mut(space).finished));
        }
    }

    fn disconnect_pod(&mut self, tables: &mut Tables, seat: u32, pod: &Pod) {
        let forget = |list: &mut Vec<u32>| {
            if let Some(at) = list.iter().position(|each| *each == seat) {
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
            self.hold(tables, address, |holders| forget(&mut holders.pods));
        }
        for address in reported(pod) {
            self.hold(tables, address, |holders| forget(&mut holders.reporters));
        }
    }

    /// Another state of the pod that sits there: its seat and its id stay.
    fn replace_pod(&mut self, tables: &mut Tables, seat: u32, pod: &Arc<Pod>) {
        let Body::Pod(old) = tables.body(seat).clone() else { return };
        let stays = old.addresses == pod.addresses
            && old.host_addresses == pod.host_addresses
            && old.node == pod.node
            && (old.host_network, old.is_live()) == (pod.host_network, pod.is_live());
        if !stays {
            self.disconnect_pod(tables, seat, &old);
        }
        if let Some(body) = tables.bodies.get_mut(seat as usize) {
            *body = Body::Pod(pod.clone());
        }
        if !stays {
            self.connect_pod(tables, seat, pod);
        }
        if old.labels != pod.labels || !pod.is_live() {
            self.leave_set(seat);
        }
        self.reclassify(tables, seat);
    }

    fn sit_workload(&mut self, tables: &mut Tables, workload: &Arc<Workload>) -> u32 {
        let seat = self.seat(tables, Body::Workload(workload.clone()));
        let hash = tables.hash_name(&workload.name);
        tables.workloads.insert(spread(hash), (hash, seat), |(hash, _)| spread(*hash));
        if let Some(node) = &workload.node {
            if let Some(entry) = self.node_mut(tables, node) {
                entry.workloads.push(seat);
            }
        }
        seat
    }

    /// Who sits there leaves.
    fn rise(&mut self, tables: &mut Tables, seat: u32) {
        self.leave_class(tables, seat);
        self.leave_set(seat);
        let body = tables.body(seat).clone();
        let Some(hash) = body.name().map(|name| tables.hash_name(name)) else { return };
        match &body {
            Body::Nobody => {}
            Body::Pod(pod) => {
                self.disconnect_pod(tables, seat, pod);
                tables.pods.remove(spread(hash), |(_, each)| *each == seat);
            }
            Body::Workload(workload) => {
                if let Some(entry) = workload.node.as_ref().and_then(|node| self.node_mut(tables, node)) {
                    entry.workloads.retain(|each| *each != seat);
                }
                tables.workloads.remove(spread(hash), |(_, each)| *each == seat);
            }
        }
        if let Some(body) = tables.bodies.get_mut(seat as usize) {
            *body = Body::Nobody;
        }
        if let Some(place) = tables.v4.get_mut(seat) {
            *place = 0;
        }
        // A seat whose generations are used up stays empty: an id of long ago must not come to mean another pod.
        let last = tables.seat(seat).generation() == Seat::LAST;
        if let Some(entry) = tables.seats.get_mut(seat) {
            *entry = entry.vacated();
        }
        if !last {
            self.free_seats.push(seat);
        }
    }

    // ---- Classes

    fn leave_set(&mut self, seat: u32) {
        if let Some(set) = self.sets.get_mut(seat as usize) {
            *set = NO_SET;
        }
    }

    fn leave_class(&mut self, tables: &mut Tables, seat: u32) {
        let class = tables.seat(seat).class();
        if class != NO_CLASS {
            let (came, left) = self.moved.entry(class).or_default();
            came.retain(|each| *each != seat);
            left.push(seat);
        }
        if let Some(entry) = tables.seats.get_mut(seat) {
            *entry = entry.with_class(NO_CLASS);
        }
    }

    fn reclassify(&mut self, tables: &mut Tables, seat: u32) {
        match self.key(tables, seat) {
            Some(key) if tables.details.get(tables.seat(seat).class()).is_some_and(|class| class.key == key) => {}
            _ => {
                self.leave_class(tables, seat);
                self.classify(tables, seat);
            }
        }
    }

    /// Makes who sits there a member of the class.
    fn classify(&mut self, tables: &mut Tables, seat: u32) {
        let Some(class) = self.find_class(tables, seat) else { return };
        self.moved.entry(class).or_default().0.push(seat);
    }

    /// The class of who sits there, where it is one that policies can meet.
    fn find_class(&mut self, tables: &mut Tables, seat: u32) -> Option<u32> {
        let key = self.key(tables, seat)?;
        let is = |class: &u32| tables.details.get(*class).is_some_and(|detail| detail.key == key);
        let class = match self.class_ids.find(tables.hash(&key), is).copied() {
            Some(class) => class,
            None => self.add_class(tables, key),
        };
        if let Some(entry) = tables.seats.get_mut(seat) {
            *entry = entry.with_class(class);
        }
        Some(class)
    }

    fn add_class(&mut self, tables: &mut Tables, key: ClassKey) -> u32 {
        let spaces = tables.space(key.space).map(|space| space.matches.clone()).unwrap_or_default();
        let labels = self.pods.matches(key.group);
        let id = tables.classes.push(Class {
            labels: labels.summary(),
            spaces: spaces.summary(),
            space: key.space,
            host_network: key.host_network,
            ..Class::default()
        });
        tables.gates.push(Gate {
            space: key.space,
            stack: key.stack,
            host_network: key.host_network,
            spaces: space_bits(&spaces),
            ..Gate::default()
        });
        tables.details.push(Detail { key: key.clone(), labels, spaces });
        tables.members.push_back(Arc::default());
        self.classes_of.entry(key.group).or_default().push(id);
        if let Some(space) = tables.spaces.get_mut(key.space) {
            Arc::make_mut(&mut Arc::make_mut(space).classes).push(id);
        }
        let hash_of = |class: &u32| tables.details.get(*class).map_or(0, |detail| tables.hash(&detail.key));
        self.class_ids.insert_unique(tables.hash(&key), id, hash_of);
        self.restate(tables, id);
        id
    }

    fn named(&mut self, body: &Body) -> Arc<[NamedPort]> {
        let named = NamedPort::of(body.ports());
        if let Some(known) = self.named.get(&*named) {
            return known.clone();
        }
        let named: Arc<[NamedPort]> = named.into();
        self.named.insert(named.clone());
        named
    }

    fn key(&mut self, tables: &Tables, seat: u32) -> Option<ClassKey> {
        let body = tables.body(seat);
        if matches!(body, Body::Pod(pod) if !pod.is_live()) {
            return None; // K20
        }
        let (name, labels) = (body.name()?, body.labels()?);
        let space = *tables.space_ids.get(name.namespace())?;
        let known = self.sets.get(seat as usize).copied().unwrap_or(NO_SET);
        let set = if known == NO_SET { self.pods.set(labels) } else { known };
        if let Some(place) = self.sets.get_mut(seat as usize) {
            *place = set;
        }
        let secure = body.runtime_class().is_some_and(|class| is_secure(&tables.profile, class));
        Some(ClassKey {
            space,
            group: self.pods.group(set),
            named: self.named(body),
            stack: stack(body),
            host_network: body.is_host_network(),
            secure,
            uncertain: uncertain(tables, body),
        })
    }
}

/// `slices` come by name: those of one Service stay in that order.
fn set_slices(tables: &mut Tables, id: u32, mut slices: Vec<Arc<EndpointSlice>>) {
    slices.sort_by(|a, b| a.service.cmp(&b.service));
    if let Some(space) = tables.spaces.get_mut(id) {
        Arc::make_mut(space).slices = Arc::new(slices);
    }
}

fn tell_labels(tables: &mut Tables, class: u32, matches: &Matches) {
    if let (Some(class), Some(detail)) = (tables.classes.get_mut(class), tables.details.get_mut(class)) {
        class.labels = matches.summary();
        detail.labels = matches.clone();
    }
}

fn tell_spaces(tables: &mut Tables, class: u32, matches: &Matches) {
    if let (Some(class), Some(detail)) = (tables.classes.get_mut(class), tables.details.get_mut(class)) {
        class.spaces = matches.summary();
        detail.spaces = matches.clone();
    }
    if let Some(gate) = tables.gates.get_mut(class) {
        gate.spaces = space_bits(matches);
    }
}

fn set_policies(tables: &mut Tables, id: u32, policies: Vec<Arc<Policy>>) {
    let mut by_subject: Vec<(SelectorId, u32)> = policies.iter().map(|policy| policy.subject).zip(0..).collect();
    by_subject.sort_unstable();
    if let Some(space) = tables.spaces.get_mut(id) {
        let space = Arc::make_mut(space);
        (space.policies, space.by_subject) = (Arc::new(policies), Arc::new(by_subject));
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

fn entry_peer(tables: &Tables, peer: Peer, direction: Direction) -> EntryPeer {
    let capabilities = tables.profile.capabilities();
    let blocks = match direction {
        Direction::Ingress => capabilities.ingress_ip_block,
        Direction::Egress => capabilities.egress_ip_block,
    };
    match peer {
        Peer::Pods { spaces, pods } => EntryPeer::Pods { spaces, pods },
        Peer::Block(block) if blocks == Support::Supported => EntryPeer::Block(block),
        Peer::Block(_) => EntryPeer::Open,
    }
}

/// The summary of the namespace selectors that match a namespace.
fn space_bits(matches: &Matches) -> u32 {
    matches.list().map_or(u32::MAX, |list| list.iter().fold(ANYWHERE, |bits, id| bits | space_bit(*id)))
}

/// The bits of an entry's ports in a summary: of many ports all.
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

fn stack(body: &Body) -> Stack {
    let Body::Pod(pod) = body else { return Stack::None };
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
fn uncertain(tables: &Tables, body: &Body) -> [bool; 2] {
    let systems = &tables.profile.capabilities().node_os;
    if *systems == NodeOs::Any {
        return [false; 2];
    }
    let node = body.node().and_then(|name| tables.node_entry(name)).and_then(|entry| entry.node.as_ref());
    let image = node.and_then(|node| node.os_image.as_deref());
    [Direction::Ingress, Direction::Egress].map(|of| image.is_some_and(|image| !systems.supports(image, of)))
}
