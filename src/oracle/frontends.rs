//! Services in a covering set: through each of their ports, by way of each kind of backend.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::PartitionClass;
use crate::model::cluster::{Service, ServicePort};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::net::Family;
use crate::oracle::batches::Batch;
use crate::oracle::end_kinds::{EndKind, EndKinds};
use crate::oracle::outside::outside;
use crate::verdict::Backend;

/// A port of a Service, as sources of one family see it.
pub(super) struct Frontend {
    destination: Destination,
    l4: L4,
    /// The family of the sources; none of sources without an address.
    family: Option<Family>,
    /// Of each kind the members that are backends.
    backends: BTreeMap<usize, Vec<usize>>,
    /// Backends that have no name: nodes, by their places, and addresses outside.
    nodes: BTreeMap<usize, Vec<usize>>,
    has_outside: bool,
}

impl EndKinds {
    /// Every port of every Service that has backends, for each family of sources.
    pub(super) fn frontends(self: &Arc<Self>) -> impl Iterator<Item = Frontend> + Send + use<> {
        let cluster = self.engine.cluster();
        let services: Vec<Arc<Service>> = cluster.services().handles().cloned().collect();
        let kinds = self.clone();
        services.into_iter().flat_map(move |service| {
            let by_name = || Destination::Service(service.name.clone());
            let mut entries = vec![(Some(Family::V4), by_name()), (Some(Family::V6), by_name())];
            // Which ClusterIP a source without an address sends to, only the address itself says.
            let addresses = service.cluster_addresses.iter().map(|address| Endpoint::Address(*address).into());
            entries.extend(addresses.map(|entry| (None, entry)));
            entries.extend(service.cluster_addresses.is_empty().then(|| (None, by_name())));
            let frontends = service.ports.iter().flat_map(|port| {
                entries.iter().map(|(family, destination)| kinds.frontend(port, *family, destination.clone()))
            });
            frontends.flatten().collect::<Vec<_>>()
        })
    }

    fn frontend(&self, port: &ServicePort, family: Option<Family>, destination: Destination) -> Option<Frontend> {
        let source = match family {
            Some(family) => Endpoint::Address(*outside(&self.engine, self.egress(None), family).first()?),
            None => {
                let without = self.all.iter().find(|kind| kind.class.is_some() && kind.family.is_none())?;
                without.members.first()?.endpoint.clone()
            }
        };
        let l4 = L4::Port(port.protocol, port.port);
        let flow = Flow::new(source, destination.clone(), l4);
        let connections = self.engine.connections(&flow).ok()?;
        let (backends, nodes) = (BTreeMap::new(), BTreeMap::new());
        let mut frontend = Frontend { destination, l4, family, backends, nodes, has_outside: false };
        for connection in &connections {
            let Some((kind, member)) = self.find(&connection.destination) else {
                frontend.has_outside = true;
                continue;
            };
            let list = match connection.backend {
                Some(Backend::Object(_)) => &mut frontend.backends,
                // Flows do not name them.
                Some(Backend::Workload(..) | Backend::Address(_)) => &mut frontend.nodes,
                // The ClusterIP is somebody else's too.
                None => return None,
            };
            list.entry(kind).or_default().push(member);
        }
        Some(frontend)
    }

    fn batch_to(&self, frontend: &Frontend, source: &Endpoint, via: Option<&Endpoint>) -> Option<Batch> {
        let name = match via {
            None => None,
            Some(Endpoint::Named(name) | Endpoint::PodAddress { pod: name, .. } | Endpoint::Workload { name, .. }) => {
                Some(name.clone())
            }
            Some(_) => return None,
        };
        Some(Batch {
            source: source.clone(),
            destination: frontend.destination.clone(),
            via: name,
            l4s: vec![frontend.l4],
        })
    }

    /// From one kind of sources through a frontend, by way of each kind of backend.
    pub(super) fn through(&self, frontend: &Frontend, source: usize) -> Vec<Batch> {
        let Some(kind) = self.kind(source).filter(|kind| kind.family == frontend.family) else { return Vec::new() };
        let mut all = Vec::new();
        for (at, members) in &frontend.backends {
            let Some(backend) = self.kind(*at) else { continue };
            for (from, to) in self.pairs_to_backends(kind, backend, members) {
                if let (Some(from), Some(to)) = (kind.members.get(from), backend.members.get(to)) {
                    all.extend(self.batch_to(frontend, &from.endpoint, Some(&to.endpoint)));
                }
            }
        }
        let mut sources: Vec<usize> = frontend
            .nodes
            .iter()
            .flat_map(|(at, members)| {
                let backend = self.kind(*at);
                backend
                    .map_or(Vec::new(), |backend| self.pairs_to_backends(kind, backend, members))
                    .into_iter()
                    .map(|(from, _)| from)
            })
            .collect();
        sources.extend((frontend.has_outside || !frontend.nodes.is_empty()).then_some(0));
        sources.sort_unstable();
        sources.dedup();
        let sources = sources.into_iter().filter_map(|from| kind.members.get(from));
        all.extend(sources.filter_map(|member| self.batch_to(frontend, &member.endpoint, None)));
        all
    }

    /// As for pairs of kinds; a node may be the source here.
    fn pairs_to_backends(&self, source: &EndKind, backend: &EndKind, members: &[usize]) -> Vec<(usize, usize)> {
        if source.class.is_none() && backend.class.is_none() {
            return Vec::new();
        }
        self.pairs(source, backend, Some(members))
    }

    /// Through a frontend from outside, and of a backend to itself (U4).
    pub(super) fn around(&self, frontend: &Frontend) -> Vec<Batch> {
        let mut all = Vec::new();
        for (at, members) in &frontend.backends {
            let Some(kind) = self.kind(*at) else { continue };
            let backends = || members.iter().filter_map(|at| kind.members.get(*at));
            if let (Some(family), Some(backend)) = (frontend.family, backends().next()) {
                let class: Option<&PartitionClass> = self.class(kind);
                let there = outside(&self.engine, self.ingress(class), family).into_iter().map(Endpoint::Address);
                all.extend(there.filter_map(|end| self.batch_to(frontend, &end, Some(&backend.endpoint))));
            }
            let itself =
                backends().find(|member| member.pod.is_some() && member.address.map(Family::of) == frontend.family);
            all.extend(itself.and_then(|member| self.batch_to(frontend, &member.endpoint, Some(&member.endpoint))));
        }
        all
    }
}
