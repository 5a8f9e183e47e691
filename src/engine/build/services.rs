//! Services with their selectors, and EndpointSlices.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::build::addresses::distinct;
use crate::engine::build::writer::Writer;
use crate::engine::ids::{NamespaceIx, PodSelectorId};
use crate::engine::tables::Tables;
use crate::engine::tables::endpoints::CompiledSlice;
use crate::labels::Selector;
use crate::model::cluster::Service;
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
        for address in old.iter().flat_map(|(service, _)| distinct(&service.cluster_addresses)) {
            self.change_claims(tables, address, |claims| claims.services.retain(|each| each != name));
        }
        for address in new.iter().flat_map(|service| distinct(&service.cluster_addresses)) {
            self.change_claims(tables, address, |claims| {
                let at = claims.services.partition_point(|each| each < name);
                claims.services.insert(at, name.clone());
            });
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

/// All EndpointSlices of a namespace.
pub(super) fn compile_slices(tables: &mut Tables, namespace: &Arc<str>) {
    let slices = tables.cluster.endpoint_slices();
    let names = slices.handles_in_namespace(namespace.clone()).map(|slice| slice.name.clone()).collect();
    update_slices(tables, namespace, &names);
}

/// Some EndpointSlices of a namespace as the cluster has them now.
pub(super) fn update_slices(tables: &mut Tables, namespace: &str, names: &BTreeSet<ObjectName>) {
    let Some(id) = tables.namespace_id(namespace) else { return };
    let unchanged = tables.namespace(id).slices.iter().filter(|slice| !names.contains(&slice.source.name));
    let id_of = |name: &ObjectName| tables.pod_slot(name).map(|slot| tables.id_of_slot(slot));
    let now = names.iter().filter_map(|name| tables.cluster.endpoint_slices().handle(name));
    let compiled = now.map(|slice| Arc::new(CompiledSlice::of(slice, id_of)));
    let mut slices: Vec<Arc<CompiledSlice>> = unchanged.cloned().chain(compiled).collect();
    slices.sort_by(|a, b| (&a.source.service, &a.source.name).cmp(&(&b.source.service, &b.source.name)));
    Arc::make_mut(tables.namespaces.get_mut(id)).slices = Arc::new(slices);
}
