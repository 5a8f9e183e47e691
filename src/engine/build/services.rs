//! Services with their selectors, and EndpointSlices.

use std::sync::Arc;

use crate::engine::build::addresses::distinct;
use crate::engine::build::writer::Writer;
use crate::engine::ids::{NamespaceIx, PodSelectorId};
use crate::engine::tables::Tables;
use crate::labels::Selector;
use crate::model::cluster::{EndpointSlice, Service};
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

    /// The EndpointSlices of a namespace as the cluster has them now.
    pub(super) fn update_slices(&mut self, tables: &mut Tables, namespace: &Arc<str>) {
        let Some(id) = tables.namespace_id(namespace) else { return };
        let slices = tables.cluster.endpoint_slices().handles_in_namespace(namespace.clone());
        let mut slices: Vec<Arc<EndpointSlice>> = slices.cloned().collect();
        // They come by name: those of one Service stay in that order.
        slices.sort_by(|a, b| a.service.cmp(&b.service));
        Arc::make_mut(tables.namespaces.get_mut(id)).slices = Arc::new(slices);
    }
}
