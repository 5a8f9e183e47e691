//! Classes and their members.

use std::collections::HashSet;
use std::sync::Arc;

use crate::engine::build::matcher::Matcher;
use crate::engine::build::writer::Writer;
use crate::engine::ids::{ClassIx, SlotIx};
use crate::engine::spaces::ports::NamedPort;
use crate::engine::tables::asked::{settled_labels, unsettled_keys};
use crate::engine::tables::class::{Class, ClassDetail, ClassKey, ClassSummary, Stack, namespace_bits};
use crate::engine::tables::{SlotObject, Tables};
use crate::labels::LabelKey;
use crate::name::Direction;
use crate::net::Family;
use crate::profile::capability::NodeOs;

impl Writer {
    /// Makes the slot a member of its class, where it has one.
    pub(super) fn classify(&mut self, tables: &mut Tables, slot: SlotIx) {
        if let Some(class) = self.find_class(tables, slot) {
            self.moved.entry(class).or_default().joined.push(slot);
        }
    }

    /// The same after its object, or what is known of it, has changed.
    pub(super) fn reclassify(&mut self, tables: &mut Tables, slot: SlotIx) {
        let key = self.class_key(tables, slot);
        let class = tables.slot(slot).class();
        if key.is_some() && class.map(|class| &tables.details.get(class).key) == key.as_ref() {
            return;
        }
        self.leave_class(tables, slot);
        self.classify(tables, slot);
    }

    /// A label that controllers set is asked for that nobody asked for before.
    pub(super) fn unsettle_workloads(&mut self, tables: &mut Tables) {
        if !std::mem::take(&mut self.asks_anew) {
            return;
        }
        let slots: Vec<SlotIx> = tables.slots.ids().collect();
        for slot in slots {
            if matches!(tables.object(slot), SlotObject::Workload(_)) {
                self.reclassify(tables, slot);
            }
        }
    }

    pub(super) fn leave_label_set(&mut self, slot: SlotIx) {
        *self.label_sets.get_mut(slot) = Default::default();
    }

    pub(super) fn leave_class(&mut self, tables: &mut Tables, slot: SlotIx) {
        if let Some(class) = tables.slot(slot).class() {
            let moved = self.moved.entry(class).or_default();
            moved.joined.retain(|each| *each != slot);
            moved.left.push(slot);
        }
        let entry = tables.slots.get_mut(slot);
        *entry = entry.with_class(None);
    }

    /// Brings the members of classes up to date.
    pub(super) fn settle_members(&mut self, tables: &mut Tables) {
        for (class, moved) in std::mem::take(&mut self.moved) {
            let members = tables.members.get_mut(class);
            let left: HashSet<SlotIx> = moved.left.into_iter().collect();
            let stay = members.iter().copied().filter(|slot| !left.contains(slot));
            // A slot that left and joined again is among both.
            let mut now: Vec<SlotIx> = stay.chain(moved.joined).collect();
            now.sort_unstable();
            now.dedup();
            *members = now.into();
        }
    }

    /// The class of the slot, where its object is one that policies can meet.
    pub(super) fn find_class(&mut self, tables: &mut Tables, slot: SlotIx) -> Option<ClassIx> {
        let key = self.class_key(tables, slot)?;
        let has_key = |class: &ClassIx| tables.details.get(*class).key == key;
        let class = match self.class_ids.find(tables.hash(&key), has_key).copied() {
            Some(class) => class,
            None => self.add_class(tables, key),
        };
        let entry = tables.slots.get_mut(slot);
        *entry = entry.with_class(Some(class));
        Some(class)
    }

    fn add_class(&mut self, tables: &mut Tables, key: ClassKey) -> ClassIx {
        let namespace_matches = tables.namespace(key.namespace).matches.clone();
        let pod_matches = self.pod_matcher.matches(key.group);
        let class = tables.classes.push(Class {
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
        Arc::make_mut(&mut self.classes_of).entry(key.group).or_default().push(class);
        let entry = Arc::make_mut(tables.namespaces.get_mut(key.namespace));
        Arc::make_mut(&mut entry.classes).push(class);
        let hash = tables.hash(&key);
        tables.details.push(ClassDetail { key, pod_matches, namespace_matches });
        tables.members.push(Arc::default());
        self.class_ids.insert_unique(hash, class, |class| tables.hash(&tables.details.get(*class).key));
        self.compile_class(tables, class);
        class
    }

    /// What makes the slot's object of one class with others; none of a finished pod (K20), or of none.
    fn class_key(&mut self, tables: &Tables, slot: SlotIx) -> Option<ClassKey> {
        let object = tables.object(slot);
        if matches!(object, SlotObject::Pod(pod) if !pod.is_live()) {
            return None;
        }
        let (name, labels) = (object.name()?, object.labels()?);
        let namespace = tables.namespace_id(name.namespace())?;
        let workload = match object {
            SlotObject::Workload(workload) => Some(workload),
            SlotObject::Pod(_) | SlotObject::Empty => None,
        };
        let release = tables.profile.release();
        let set = self.label_sets.get(slot).get().unwrap_or_else(|| match workload {
            Some(workload) => Matcher::set(&mut self.pod_matcher, &settled_labels(workload, release)),
            None => Matcher::set(&mut self.pod_matcher, labels),
        });
        let is_asked = |key: LabelKey| self.pod_matcher.asks(&key);
        let is_unsettled = workload.is_some_and(|workload| unsettled_keys(workload, release).any(is_asked));
        *self.label_sets.get_mut(slot) = set.into();
        Some(ClassKey {
            namespace,
            group: self.pod_matcher.group(set),
            named: self.named_ports(object),
            stack: stack(object),
            host_network: object.is_host_network(),
            secure: object.runtime_class().is_some_and(|class| tables.profile.is_secure_runtime(class)),
            uncertain: uncertain(tables, object),
            placed_by_address: is_placed_by_address(tables, object).then_some(slot),
            unsettled: is_unsettled.then_some(slot),
        })
    }

    fn named_ports(&mut self, object: &SlotObject) -> Arc<[NamedPort]> {
        let named = NamedPort::of(object.ports());
        if let Some(known) = self.port_names.get(&*named) {
            return known.clone();
        }
        let named: Arc<[NamedPort]> = named.into();
        self.port_names.insert(named.clone());
        named
    }
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

/// Whether hostIPs alone say what its node runs, and it matters (C6).
fn is_placed_by_address(tables: &Tables, object: &SlotObject) -> bool {
    let SlotObject::Pod(pod) = object else { return false };
    let has_address = !pod.host_addresses.is_empty() || (pod.host_network && !pod.addresses.is_empty());
    tables.profile.capabilities().node_os != NodeOs::Any && pod.node.is_none() && has_address
}

/// C6: whether enforcement is unknown on the node, for ingress and egress.
fn uncertain(tables: &Tables, object: &SlotObject) -> [bool; 2] {
    let systems = &tables.profile.capabilities().node_os;
    if *systems == NodeOs::Any {
        return [false; 2];
    }
    let node = object.node().and_then(|name| tables.node_entry(name)).and_then(|entry| entry.node.as_ref());
    let image = node.and_then(|node| node.os_image.as_deref());
    let is_unsupported = |direction| image.is_some_and(|image| !systems.supports(image, direction));
    [Direction::Ingress, Direction::Egress].map(is_unsupported)
}
