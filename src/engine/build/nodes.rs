//! Nodes, given or only named by pods.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use crate::engine::build::addresses::distinct;
use crate::engine::build::writer::Writer;
use crate::engine::tables::{NodeEntry, Tables};

impl Writer {
    /// The node as the cluster has it now, and what is known of those on it (C6).
    pub(super) fn update_node(&mut self, tables: &mut Tables, name: &Arc<str>) {
        self.put_node(tables, name);
        self.reclassify_node(tables, name);
    }

    pub(super) fn put_node(&mut self, tables: &mut Tables, name: &Arc<str>) {
        let new = tables.cluster.nodes().handle(name).cloned();
        let mut old = None;
        change_node(tables, name, |entry| old = std::mem::replace(&mut entry.node, new.clone()));
        let addresses_of = |node: &Arc<crate::model::cluster::Node>| {
            distinct(&node.addresses.iter().map(|each| each.address).collect::<Vec<_>>())
        };
        for address in old.iter().flat_map(addresses_of) {
            self.change_claims(tables, address, |claims| claims.nodes.retain(|each| each != name));
        }
        for address in new.iter().flat_map(addresses_of) {
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
}

/// Changes what is known of a node; one that is neither given nor named by anybody any more is forgotten.
pub(super) fn change_node(tables: &mut Tables, name: &Arc<str>, change: impl FnOnce(&mut NodeEntry)) {
    let hash = tables.hash(&**name);
    let is_it = |entry: &Arc<NodeEntry>| entry.name == *name;
    if tables.node_entry(name).is_none() {
        let hasher = tables.hasher.clone();
        let entry = NodeEntry { name: name.clone(), ..NodeEntry::default() };
        tables.nodes.insert(hash, Arc::new(entry), |entry| hasher.hash_one(&*entry.name));
    }
    let Some(entry) = tables.nodes.find_mut(hash, is_it).map(Arc::make_mut) else { return };
    change(entry);
    if entry.node.is_none() && entry.pods.is_empty() && entry.workloads.is_empty() {
        tables.nodes.remove(hash, is_it);
    }
}
