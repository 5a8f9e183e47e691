//! Services with their selectors, and EndpointSlices.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::build::addresses::distinct;
use crate::engine::build::writer::Writer;
use crate::engine::ids::{NamespaceIx, PodSelectorId};
use crate::engine::spaces::ports::point;
use crate::engine::tables::Tables;
use crate::engine::tables::endpoints::CompiledSlice;
use crate::labels::Selector;
use crate::model::cluster::{Service, ServiceKind};
use crate::name::ObjectName;

impl Writer {
    /// The Service as the cluster has it now.
    pub(super) fn update_service(&mut self, tables: &mut Tables, name: &ObjectName) {
        let Some((namespace, at)) = self.put_service(tables, name) else { return };
        let Some((service, _)) = tables.namespace(namespace).services.get(at).cloned() else { return };
        let selector = self.service_selector(tables, &service);
        let services = &mut Arc::make_mut(tables.namespaces.get_mut(namespace)).services;
        if let Some((_, place)) = Arc::make_mut(services).get_mut(at) {
            *place = selector;
        }
    }

    /// Enters the Service as the cluster has it now, its selector not yet compiled; where it stands in its namespace. None
    /// where it is gone.
    pub(super) fn put_service(&mut self, tables: &mut Tables, name: &ObjectName) -> Option<(NamespaceIx, usize)> {
        let namespace = tables.namespace_id(name.namespace())?;
        let new = tables.cluster.services().handle(name).cloned();
        let services = Arc::make_mut(&mut Arc::make_mut(tables.namespaces.get_mut(namespace)).services);
        let at = services.binary_search_by(|(service, _)| service.name.cmp(name));
        let old = match (at, &new) {
            (Ok(at), new) => services.splice(at..=at, new.clone().map(|service| (service, None))).next(),
            (Err(at), Some(new)) => {
                services.insert(at, (new.clone(), None));
                None
            }
            (Err(_), None) => None,
        };
        if let Some((service, _)) = old {
            for address in distinct(&service.cluster_addresses) {
                self.change_claims(tables, address, |claims| leave(&mut claims.services, name));
            }
            for address in faces(&service) {
                self.change_claims(tables, address, |claims| leave(&mut claims.faces, name));
            }
            for at in node_ports(&service) {
                change_node_port(tables, at, |services| leave(services, name));
            }
        }
        if let Some(service) = &new {
            for address in distinct(&service.cluster_addresses) {
                self.change_claims(tables, address, |claims| enter(&mut claims.services, name));
            }
            for address in faces(service) {
                self.change_claims(tables, address, |claims| enter(&mut claims.faces, name));
            }
            for at in node_ports(service) {
                change_node_port(tables, at, |services| enter(services, name));
            }
        }
        new.map(|_| (namespace, at.unwrap_or_else(|at| at)))
    }

    /// Compiles the selectors of all Services of a namespace.
    pub(super) fn select_services(&mut self, tables: &mut Tables, namespace: NamespaceIx) {
        let mut services = tables.namespace(namespace).services.to_vec();
        for (service, selector) in &mut services {
            *selector = self.service_selector(tables, service);
        }
        Arc::make_mut(tables.namespaces.get_mut(namespace)).services = Arc::new(services);
    }

    fn service_selector(&mut self, tables: &mut Tables, service: &Service) -> Option<PodSelectorId> {
        if service.selector.is_empty() {
            return None;
        }
        self.compiled += 1;
        Some(self.pod_selector(tables, &Selector::new(service.selector.clone(), Vec::new())))
    }
}

/// Enters a name in order.
fn enter(names: &mut Vec<ObjectName>, name: &ObjectName) {
    let at = names.partition_point(|each| each < name);
    names.insert(at, name.clone());
}

fn leave(names: &mut Vec<ObjectName>, name: &ObjectName) {
    names.retain(|each| each != name);
}

/// The addresses other than ClusterIPs at which the Service is reached (K26).
fn faces(service: &Service) -> Vec<IpAddr> {
    let all = [&*service.external_addresses, &*service.load_balancer_addresses].concat();
    if service.kind == ServiceKind::ClusterIp { distinct(&all) } else { Vec::new() }
}

/// Its nodePorts, as [`point`]s.
fn node_ports(service: &Service) -> BTreeSet<u32> {
    let ports = service.ports.iter().filter(|_| service.kind == ServiceKind::ClusterIp);
    ports.filter_map(|port| Some(point(port.protocol, port.node_port?))).collect()
}

/// Changes which Services have a nodePort.
fn change_node_port(tables: &mut Tables, at: u32, change: impl FnOnce(&mut Vec<ObjectName>)) {
    let hash = tables.hash(at);
    let is_it = |(each, _): &(u32, _)| *each == at;
    if tables.node_ports.find(hash, is_it).is_none() {
        let hasher = tables.hasher.clone();
        tables.node_ports.insert(hash, (at, Arc::default()), |(at, _)| hasher.hash_one(at));
    }
    let Some((_, services)) = tables.node_ports.find_mut(hash, is_it) else { return };
    let services = Arc::make_mut(services);
    change(services);
    if services.is_empty() {
        tables.node_ports.remove(hash, is_it);
    }
}

/// All EndpointSlices and Endpoints of a namespace.
pub(super) fn compile_slices(tables: &mut Tables, namespace: &Arc<str>) {
    let slices = tables.cluster.endpoint_slices();
    let names = slices.handles_in_namespace(namespace.clone()).map(|slice| slice.name.clone()).collect();
    update_slices(tables, namespace, &names);
    let endpoints = tables.cluster.endpoints();
    let names = endpoints.handles_in_namespace(namespace.clone()).map(|endpoints| endpoints.name.clone()).collect();
    update_endpoints(tables, namespace, &names);
}

/// Some EndpointSlices of a namespace as the cluster has them now.
pub(super) fn update_slices(tables: &mut Tables, namespace: &str, names: &BTreeSet<ObjectName>) {
    let Some(id) = tables.namespace_id(namespace) else { return };
    let unchanged = tables.namespace(id).slices.iter().filter(|slice| !names.contains(&slice.name));
    let id_of = |name: &ObjectName| tables.pod_slot(name).map(|slot| tables.id_of_slot(slot));
    let now = names.iter().filter_map(|name| tables.cluster.endpoint_slices().handle(name));
    let compiled = now.map(|slice| Arc::new(CompiledSlice::of(slice, &id_of)));
    let mut slices: Vec<Arc<CompiledSlice>> = unchanged.cloned().chain(compiled).collect();
    slices.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
    Arc::make_mut(tables.namespaces.get_mut(id)).slices = Arc::new(slices);
}

/// Some Endpoints objects of a namespace as the cluster has them now.
pub(super) fn update_endpoints(tables: &mut Tables, namespace: &str, names: &BTreeSet<ObjectName>) {
    let Some(id) = tables.namespace_id(namespace) else { return };
    let mut all = (*tables.namespace(id).endpoints).clone();
    let id_of = |name: &ObjectName| tables.pod_slot(name).map(|slot| tables.id_of_slot(slot));
    for name in names {
        match tables.cluster.endpoints().handle(name) {
            Some(endpoints) => all.insert(name.name().clone(), CompiledSlice::of_subsets(endpoints, &id_of)),
            None => all.remove(name.name()),
        };
    }
    Arc::make_mut(tables.namespaces.get_mut(id)).endpoints = Arc::new(all);
}
