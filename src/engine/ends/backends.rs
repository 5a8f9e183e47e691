//! Who stands behind a Service (K23).

use std::sync::Arc;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, Written};
use crate::engine::ends::resolve::AddressOwner;
use crate::engine::ends::service_front::ServiceFront;
use crate::engine::ids::SlotIx;
use crate::engine::tables::SlotObject;
use crate::engine::tables::class::ClassDetail;
use crate::engine::tables::endpoints::{CompiledSlice, ReadyEndpoint};
use crate::model::cluster::{SlicePort, TargetPort, WorkloadKind};
use crate::name::ObjectName;
use crate::net::Port;
use crate::verdict::FlowError;

/// A backend before families are settled.
#[derive(Clone, Copy)]
pub(in crate::engine) struct BackendCandidate<'t> {
    pub(in crate::engine) candidate: Candidate<'t>,
    pub(in crate::engine) port: Port,
}

impl<'t> BackendCandidate<'t> {
    /// Of a workload its kind; pods come first.
    pub(in crate::engine) fn rank(&self) -> Option<&'t WorkloadKind> {
        match self.candidate.identity {
            EndIdentity::Workload(workload, _) => Some(&workload.kind),
            EndIdentity::Pod(..) | EndIdentity::Node(_) | EndIdentity::External => None,
        }
    }

    pub(in crate::engine) fn is_same_backend(&self, other: &Self) -> bool {
        match (self.candidate.identity.object_name(), other.candidate.identity.object_name()) {
            (Some(name), Some(other)) => name == other,
            (None, None) => match (self.candidate.written, other.candidate.written) {
                (Written::Address(address), Written::Address(other)) => address == other,
                _ => false,
            },
            _ => false,
        }
    }
}

impl<'t> ServiceFront<'t> {
    /// Its EndpointSlices where there are any, else what its selector matches. A backend that several slices name is there
    /// several times, the first counts; of workloads of one name, and a pod that bears it too, the lowest
    /// [rank](BackendCandidate::rank) does.
    pub(in crate::engine) fn candidates(
        &self,
    ) -> impl Iterator<Item = Result<BackendCandidate<'t>, FlowError>> + use<'_, 't> {
        let sliced = self.slices().iter().flat_map(|slice| self.of_slice(slice));
        let selected = (!self.has_slices()).then(|| self.selected().map(Ok)).into_iter().flatten();
        sliced.chain(selected)
    }

    pub(in crate::engine) fn has_slices(&self) -> bool {
        !self.slices().is_empty()
    }

    fn slices(&self) -> &'t [Arc<CompiledSlice>] {
        let namespace = self.tables.namespace_named(self.service.name.namespace());
        namespace.map_or(&[], |namespace| namespace.slices_of(self.service.name.name()))
    }

    fn of_slice(
        &self,
        slice: &'t CompiledSlice,
    ) -> impl Iterator<Item = Result<BackendCandidate<'t>, FlowError>> + use<'_, 't> {
        let is_port = |port: &&SlicePort| port.name == self.port.name && port.protocol == self.port.protocol;
        let port = slice.source.ports.iter().find(is_port).map(|port| port.port);
        let found = move |port| slice.ready.iter().filter_map(move |each| self.of_endpoint(each, port).transpose());
        port.map(found).into_iter().flatten()
    }

    /// The endpoint as a backend: the pod that it names, else who has its address. None where its pod has finished.
    fn of_endpoint(&self, endpoint: &'t ReadyEndpoint, port: Port) -> Result<Option<BackendCandidate<'t>>, FlowError> {
        let address = endpoint.address;
        let named = endpoint.target.as_ref().and_then(|target| self.tables.target_slot(target));
        let identity = match named.map(|slot| self.tables.identity(slot)) {
            Some(None) => return Ok(None),
            Some(Some(pod)) => pod,
            None => match self.tables.observed(address)? {
                AddressOwner::End(owner) => owner,
                AddressOwner::Service(_) => EndIdentity::External,
            },
        };
        let written = identity.object_name().map_or(Written::Address(address), Written::Object);
        let candidate = Candidate { identity, addresses: AddressList::One(address), fixed: true, written };
        Ok(Some(BackendCandidate { candidate, port }))
    }

    /// By class: the selector matches all members of one, or none.
    fn selected(&self) -> impl Iterator<Item = BackendCandidate<'t>> + use<'_, 't> {
        let tables = self.tables;
        let namespace = tables.namespace_named(self.service.name.namespace());
        let classes = namespace.map_or(&[][..], |namespace| namespace.classes.as_slice());
        let selected = classes.iter().filter(|class| self.selects(tables.details.get(**class)));
        let slots = selected.flat_map(|class| tables.members.get(*class).iter());
        slots.filter_map(|slot| self.of_slot(*slot))
    }

    fn selects(&self, class: &ClassDetail) -> bool {
        self.selector.is_some_and(|selector| class.pod_matches.holds(selector, &self.tables.pod_selectors))
    }

    /// The slot's object as a backend, once the selector matches its class: a pod that is ready, or a workload that stands for
    /// pods; and it has a port of the name that the Service asks for, if it asks for one by name.
    fn of_slot(&self, slot: SlotIx) -> Option<BackendCandidate<'t>> {
        let tables = self.tables;
        let object = tables.object(slot);
        let is_ready = match object {
            SlotObject::Empty => false,
            SlotObject::Pod(pod) => pod.ready,
            SlotObject::Workload(workload) => {
                let namespace = tables.namespace_named(workload.name.namespace());
                namespace.is_some_and(|namespace| namespace.workloads.stands_for_pods(workload))
            }
        };
        let identity = tables.identity(slot).filter(|_| is_ready)?;
        let port = match &self.port.target {
            TargetPort::Number(number) => *number,
            TargetPort::Name(wanted) => {
                let mut ports = object.ports().iter();
                ports.find(|port| port.protocol == self.port.protocol && port.name.as_ref() == Some(wanted))?.port
            }
        };
        let written = Written::Object(identity.object_name()?);
        let candidate = Candidate { identity, addresses: tables.addresses_of(identity), fixed: false, written };
        Some(BackendCandidate { candidate, port })
    }

    /// Whether a selected backend is there in place of a workload of that name and kind.
    pub(in crate::engine) fn outranks(&self, name: &ObjectName, kind: &WorkloadKind) -> bool {
        let lower = self.tables.cluster.workloads_named(name).filter(|lower| lower.kind < *kind);
        let workloads = lower.filter_map(|lower| self.tables.workload_slot(name, &lower.kind));
        let mut slots = self.tables.pod_slot(name).into_iter().chain(workloads);
        slots.any(|slot| {
            let class = self.tables.slot(slot).class();
            class.is_some_and(|class| self.selects(self.tables.details.get(class)))
                && self.of_slot(slot).is_some_and(|other| self.is_reachable(other.candidate.addresses))
        })
    }
}
