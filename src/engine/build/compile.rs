//! Compiling: tables from nothing, and selectors, policies and classes anew.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::engine::build::services::compile_slices;
use crate::engine::build::writer::Writer;
use crate::engine::cow::Arena;
use crate::engine::ids::{ClassIx, SlotIx};
use crate::engine::spaces::blocks::Possible;
use crate::engine::tables::matches::selectors;
use crate::engine::tables::profile_digest::ProfileDigest;
use crate::engine::tables::{AddressTable, NamespaceEntry, Tables};
use crate::model::cluster::Cluster;
use crate::profile::profile::Profile;

/// Tables and writer of a cluster.
pub(in crate::engine) fn build(cluster: &Cluster, profile: &Profile) -> (Tables, Writer) {
    let mut tables = empty(profile);
    let mut writer = Writer::default();
    tables.cluster = cluster.clone();
    for namespace in cluster.namespaces().iter() {
        writer.add_namespace(&mut tables, NamespaceEntry { name: namespace.name.clone(), ..NamespaceEntry::default() });
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
    for service in cluster.services().iter() {
        writer.put_service(&mut tables, &service.name);
    }
    for namespace in cluster.namespaces().iter() {
        compile_slices(&mut tables, &namespace.name);
    }
    writer.count_pods(&mut tables);
    writer.compile(&mut tables);
    (tables, writer)
}

/// The tables of an empty cluster.
fn empty(profile: &Profile) -> Tables {
    Tables {
        digest: ProfileDigest::of(profile.capabilities()),
        possible: Arc::new([Possible::of(profile.pod_cidrs()), Possible::of(&[])]),
        profile: Arc::new(profile.clone()),
        cluster: Cluster::default(),
        hasher: foldhash::fast::FixedState::default(),
        slots: Arena::default(),
        objects: Arena::default(),
        v4: Arena::default(),
        classes: Arena::default(),
        details: Arena::default(),
        summaries: Arena::default(),
        entries: Arena::default(),
        members: Arena::default(),
        pods: Default::default(),
        workloads: Default::default(),
        addresses: AddressTable::default(),
        namespaces: Arena::default(),
        namespace_ids: Arc::default(),
        nodes: Default::default(),
        node_ports: Default::default(),
        host_ports: Default::default(),
        pod_selectors: Arena::default(),
        namespace_selectors: Arena::default(),
        ports: Arena::default(),
        blocks: Arena::default(),
        port_intervals: OnceLock::new(),
        given: OnceLock::new(),
    }
}

impl Writer {
    /// What grows with changes and is given back by compiling anew only.
    pub(super) fn size(&self, tables: &Tables) -> usize {
        let lists = (self.pod_matcher.listed() + self.namespace_matcher.listed()) / 16;
        let sets = self.pod_matcher.sets() + self.namespace_matcher.sets();
        lists + sets + self.compiled + tables.namespaces.len() + tables.classes.len() + tables.entries.len() / 16
    }

    /// Namespaces, selectors, policies and classes from nothing; slots and addresses stay as they are.
    pub(in crate::engine) fn compile(&mut self, tables: &mut Tables) {
        *self = Self {
            free_slots: std::mem::take(&mut self.free_slots),
            free_claims: std::mem::take(&mut self.free_claims),
            label_sets: tables.slots.ids().map(|_| Default::default()).collect(),
            hull: self.hull,
            ..Self::default()
        };
        tables.classes = Arena::default();
        tables.details = Arena::default();
        tables.summaries = Arena::default();
        tables.entries = Arena::default();
        tables.members = Arena::default();
        tables.ports = Arena::default();
        tables.blocks = Arena::default();
        tables.pod_selectors = selectors();
        tables.namespace_selectors = selectors();
        tables.port_intervals = OnceLock::new();
        tables.given = OnceLock::new();
        self.keep_namespaces(tables);
        // Selectors first: label sets are then matched once.
        for namespace in tables.namespaces.ids() {
            self.select_services(tables, namespace);
            self.compile_policies(tables, namespace);
        }
        for namespace in tables.namespaces.ids() {
            self.label_namespace(tables, namespace);
        }
        self.compile_classes(tables);
        self.shrink(tables);
        self.compact_size = self.size(tables);
    }

    /// The namespaces that are there, in tables of their own: names of those that were are forgotten.
    fn keep_namespaces(&mut self, tables: &mut Tables) {
        let before = std::mem::take(&mut tables.namespaces);
        let ids = std::mem::take(&mut tables.namespace_ids);
        let cluster = tables.cluster.clone();
        for namespace in cluster.namespaces().iter() {
            let known = ids.get(&namespace.name).map(|id| before.get(*id));
            let known = known.map_or_else(NamespaceEntry::default, |entry| NamespaceEntry::clone(entry));
            let NamespaceEntry { services, slices, endpoints, workloads, .. } = known;
            let name = namespace.name.clone();
            self.add_namespace(
                tables,
                NamespaceEntry { name, services, slices, endpoints, workloads, ..NamespaceEntry::default() },
            );
        }
    }

    fn compile_classes(&mut self, tables: &mut Tables) {
        let mut members: HashMap<ClassIx, Vec<SlotIx>> = HashMap::new();
        for slot in tables.slots.ids() {
            let entry = tables.slots.get_mut(slot);
            *entry = entry.with_class(None);
            if let Some(class) = self.find_class(tables, slot) {
                members.entry(class).or_default().push(slot);
            }
        }
        for (class, slots) in members {
            *tables.members.get_mut(class) = slots.into();
        }
    }

    /// Gives back what lists have grown by in advance.
    fn shrink(&mut self, tables: &mut Tables) {
        Arc::make_mut(&mut self.pod_matcher).shrink();
        Arc::make_mut(&mut self.namespace_matcher).shrink();
        self.label_sets.shrink();
        for id in tables.addresses.shared.ids() {
            if let Some(claims) = tables.addresses.shared.get_mut(id) {
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
}
