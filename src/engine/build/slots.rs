//! Pods and workloads: each has a slot from when it comes to when it goes, and its id holds as long.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::build::addresses::{claimed, reported};
use crate::engine::build::nodes::change_node;
use crate::engine::build::workloads::{change_count, remove_workload};
use crate::engine::build::writer::Writer;
use crate::engine::ids::SlotIx;
use crate::engine::spaces::ports::point;
use crate::engine::tables::{Slot, SlotObject, Tables, Workloads, spread};
use crate::model::cluster::{Pod, Workload, WorkloadKind};
use crate::name::ObjectName;
use crate::net::canonical;

impl Writer {
    /// The pod as the cluster has it now.
    pub(super) fn update_pod(&mut self, tables: &mut Tables, name: &ObjectName) {
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

    /// The workload as the cluster has it now.
    pub(super) fn update_workload(&mut self, tables: &mut Tables, name: &ObjectName, kind: &WorkloadKind) {
        let old = tables.workload_slot(name, kind);
        let new = tables.cluster.workloads().handle(&(name.clone(), kind.clone())).cloned();
        if let Some(slot) = old {
            if matches!((tables.object(slot), &new), (SlotObject::Workload(old), Some(new)) if old == new) {
                return;
            }
            if let (SlotObject::Workload(old), None) = (tables.object(slot).clone(), &new) {
                remove_workload(tables, &old);
            }
            self.vacate(tables, slot);
        }
        if let Some(workload) = new {
            let slot = self.place_workload(tables, &workload);
            self.classify(tables, slot);
        }
    }

    fn take_slot(&mut self, tables: &mut Tables, object: SlotObject) -> SlotIx {
        match self.free_slots.pop() {
            Some(slot) => {
                *tables.objects.get_mut(slot) = object;
                slot
            }
            None => {
                tables.objects.push(object);
                tables.v4.push(0);
                self.label_sets.push(Default::default());
                tables.slots.push(Slot::default())
            }
        }
    }

    /// Gives the pod a slot; it is of no class yet.
    pub(super) fn place_pod(&mut self, tables: &mut Tables, pod: &Arc<Pod>) -> SlotIx {
        let slot = self.take_slot(tables, SlotObject::Pod(pod.clone()));
        let hash = tables.hash_name(&pod.name);
        tables.pods.insert(spread(hash), (hash, slot), |(hash, _)| spread(*hash));
        self.connect_pod(tables, slot, pod);
        change_count(tables, pod, Workloads::count_in);
        slot
    }

    /// Gives the workload a slot; it is of no class yet.
    pub(super) fn place_workload(&mut self, tables: &mut Tables, workload: &Arc<Workload>) -> SlotIx {
        let slot = self.take_slot(tables, SlotObject::Workload(workload.clone()));
        let hash = tables.hash_name(&workload.name);
        tables.workloads.insert(spread(hash), (hash, slot), |(hash, _)| spread(*hash));
        if let Some(node) = &workload.node {
            change_node(tables, node, |entry| entry.workloads.push(slot));
        }
        for at in host_ports_of(workload) {
            Arc::make_mut(&mut tables.host_ports).entry(at).or_default().push(slot);
        }
        self.put_workload(tables, workload);
        slot
    }

    /// Enters the pod's addresses and its node.
    fn connect_pod(&mut self, tables: &mut Tables, slot: SlotIx, pod: &Pod) {
        if let Some(node) = &pod.node {
            change_node(tables, node, |entry| {
                entry.pods.push(slot);
                if has_host_ports(pod) {
                    entry.host_ports.push(slot);
                }
            });
        }
        let first = pod.addresses.iter().find_map(|address| match canonical(*address) {
            IpAddr::V4(address) => Some(u32::from(address)),
            IpAddr::V6(_) => None,
        });
        *tables.v4.get_mut(slot) = first.unwrap_or(0);
        let has_grown = pod.addresses.iter().fold(false, |has_grown, address| self.hull.enter(*address) | has_grown);
        if has_grown {
            // Blocks that no pod could meet have been left out of class summaries.
            for class in tables.classes.ids() {
                self.summarise_class(tables, class);
            }
        }
        for address in claimed(pod) {
            self.claim(tables, address, slot);
        }
        for address in reported(pod) {
            self.change_claims(tables, address, |claims| {
                claims.reporters.push(slot);
                if let Some(node) = pod.node.as_ref().filter(|_| pod.is_live()) {
                    claims.count_report(node, true);
                }
                if has_host_ports(pod) {
                    claims.host_ports.push(slot);
                }
            });
        }
    }

    fn disconnect_pod(&mut self, tables: &mut Tables, slot: SlotIx, pod: &Pod) {
        let forget = |slots: &mut Vec<SlotIx>| {
            if let Some(at) = slots.iter().position(|each| *each == slot) {
                slots.swap_remove(at);
            }
        };
        if let Some(node) = &pod.node {
            change_node(tables, node, |entry| {
                forget(&mut entry.pods);
                forget(&mut entry.host_ports);
            });
        }
        for address in claimed(pod) {
            self.change_claims(tables, address, |claims| forget(&mut claims.pods));
        }
        for address in reported(pod) {
            self.change_claims(tables, address, |claims| {
                forget(&mut claims.reporters);
                if let Some(node) = pod.node.as_ref().filter(|_| pod.is_live()) {
                    claims.count_report(node, false);
                }
                forget(&mut claims.host_ports);
            });
        }
    }

    /// Another state of the slot's pod: its slot and its id stay.
    fn replace_pod(&mut self, tables: &mut Tables, slot: SlotIx, pod: &Arc<Pod>) {
        let SlotObject::Pod(old) = tables.object(slot).clone() else { return };
        let is_connected_alike = old.addresses == pod.addresses
            && old.host_addresses == pod.host_addresses
            && old.node == pod.node
            && (old.host_network, old.is_live()) == (pod.host_network, pod.is_live())
            && has_host_ports(&old) == has_host_ports(pod);
        if !is_connected_alike {
            self.disconnect_pod(tables, slot, &old);
        }
        *tables.objects.get_mut(slot) = SlotObject::Pod(pod.clone());
        if !is_connected_alike {
            self.connect_pod(tables, slot, pod);
        }
        if old.owner != pod.owner || old.labels != pod.labels {
            change_count(tables, &old, Workloads::count_out);
            change_count(tables, pod, Workloads::count_in);
        }
        if old.labels != pod.labels || !pod.is_live() {
            self.leave_label_set(slot);
        }
        self.reclassify(tables, slot);
    }

    /// Empties a slot.
    fn vacate(&mut self, tables: &mut Tables, slot: SlotIx) {
        self.leave_class(tables, slot);
        self.leave_label_set(slot);
        let object = tables.object(slot).clone();
        let Some(hash) = object.name().map(|name| tables.hash_name(name)) else { return };
        match &object {
            SlotObject::Empty => {}
            SlotObject::Pod(pod) => {
                self.disconnect_pod(tables, slot, pod);
                change_count(tables, pod, Workloads::count_out);
                tables.pods.remove(spread(hash), |(_, each)| *each == slot);
            }
            SlotObject::Workload(workload) => {
                if let Some(node) = &workload.node {
                    change_node(tables, node, |entry| entry.workloads.retain(|each| *each != slot));
                }
                for at in host_ports_of(workload) {
                    let all = Arc::make_mut(&mut tables.host_ports);
                    let slots = all.entry(at).or_default();
                    slots.retain(|each| *each != slot);
                    if slots.is_empty() {
                        all.remove(&at);
                    }
                }
                tables.workloads.remove(spread(hash), |(_, each)| *each == slot);
            }
        }
        *tables.objects.get_mut(slot) = SlotObject::Empty;
        *tables.v4.get_mut(slot) = 0;
        // A slot whose generations are used up stays empty: an id of long ago must not come to mean another pod.
        let is_used_up = tables.slot(slot).generation() == Slot::LAST;
        let entry = tables.slots.get_mut(slot);
        *entry = entry.vacated();
        if !is_used_up {
            self.free_slots.push(slot);
        }
    }
}

/// The ports of their nodes that are faces of a workload's pods, as [`point`]s (K26).
fn host_ports_of(workload: &Workload) -> BTreeSet<u32> {
    let ports = workload.ports.iter().filter(|_| !workload.host_network);
    ports.filter_map(|port| Some(point(port.protocol, port.host_port?.port))).collect()
}

/// Whether ports of its node are faces of the pod (K26).
fn has_host_ports(pod: &Pod) -> bool {
    pod.is_live() && !pod.host_network && pod.ports.iter().any(|port| port.host_port.is_some())
}
