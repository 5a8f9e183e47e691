//! Who stands behind a Service (K23).

use std::sync::Arc;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, ResolvedEnd, Written};
use crate::engine::ends::node_relation::{Place, Spot};
use crate::engine::ends::resolve::AddressOwner;
use crate::engine::ends::service_front::{FrontPort, ServiceFront};
use crate::engine::ids::SlotIx;
use crate::engine::tables::asked::{Bearer, asks_controllers, bearer};
use crate::engine::tables::class::ClassDetail;
use crate::engine::tables::endpoints::{CompiledEndpoint, CompiledSlice};
use crate::engine::tables::{SlotObject, Tables};
use crate::model::cluster::{ContainerPort, ServicePort, SlicePort, TargetPort, Workload};
use crate::model::flow::L4;
use crate::profile::capability::ControllerLabel;
use crate::verdict::{Backend, FlowError};

/// A backend before families are settled.
#[derive(Clone, Copy)]
pub(in crate::engine) struct BackendCandidate<'t> {
    pub(in crate::engine) candidate: Candidate<'t>,
    /// By which it is reached.
    pub(in crate::engine) l4: L4,
    /// The node that it is taken to be on.
    pub(in crate::engine) taken_on: Option<&'t str>,
    /// The node that its slice says it is on.
    pub(in crate::engine) listed_on: Option<&'t str>,
}

impl<'t> BackendCandidate<'t> {
    /// Whether both are one, on one port.
    pub(in crate::engine) fn is_same_backend(&self, other: &Self) -> bool {
        let (one, another) = (&self.candidate, &other.candidate);
        let is_same_end = match (one.identity, another.identity) {
            (EndIdentity::Pod(_, own), EndIdentity::Pod(_, of)) => own.slot == of.slot,
            (EndIdentity::Workload(_, own), EndIdentity::Workload(_, of)) => own.slot == of.slot,
            (EndIdentity::Replica(_, own, ordinal), EndIdentity::Replica(_, of, other)) => {
                (own.slot, ordinal) == (of.slot, other)
            }
            _ => match (one.written, another.written) {
                (Written::Address(address), Written::Address(other)) => address == other,
                _ => false,
            },
        };
        is_same_end && self.l4 == other.l4
    }
}

impl<'t> ServiceFront<'t> {
    /// Its EndpointSlices where there are any, else what its selector matches. A backend that several slices name is there
    /// several times, the first counts.
    pub(in crate::engine) fn candidates(
        &self,
    ) -> impl Iterator<Item = Result<BackendCandidate<'t>, FlowError>> + use<'_, 't> {
        let slices = self.slices();
        let sliced = slices.unwrap_or(&[]).iter().flat_map(|slice| self.of_slice(slice));
        let selected = slices.is_none().then(|| self.selected().map(Ok)).into_iter().flatten();
        sliced.chain(selected)
    }

    pub(in crate::engine) fn has_slices(&self) -> bool {
        self.slices().is_some()
    }

    fn slices(&self) -> Option<&'t [Arc<CompiledSlice>]> {
        self.tables.namespace_named(self.service.name.namespace())?.slices_of(self.service.name.name())
    }

    fn of_slice(
        &self,
        slice: &'t CompiledSlice,
    ) -> impl Iterator<Item = Result<BackendCandidate<'t>, FlowError>> + use<'_, 't> {
        let l4 = match self.port {
            FrontPort::Own(l4) => Some(l4),
            FrontPort::Of(port) => {
                let is_port = |each: &&SlicePort| each.name == port.name && each.protocol == port.protocol;
                slice.ports.iter().find(is_port).map(|each| L4::Port(each.protocol, each.port))
            }
        };
        let ready = slice
            .endpoints
            .iter()
            .filter(|endpoint| if self.service.publish_not_ready { !endpoint.terminating } else { endpoint.ready });
        l4.into_iter().flat_map(move |l4| ready.clone().filter_map(move |each| self.of_endpoint(each, l4).transpose()))
    }

    /// The endpoint as a backend: the pod that it names, unless somebody else has the address. None where that pod has finished and
    /// nobody has it, and where a terminating pod would have to be ready by `publishNotReadyAddresses`.
    fn of_endpoint(&self, endpoint: &'t CompiledEndpoint, l4: L4) -> Result<Option<BackendCandidate<'t>>, FlowError> {
        let address = endpoint.address;
        let named = endpoint.target.as_ref().and_then(|target| self.tables.target_slot(target));
        let pod = named.map(|slot| self.tables.identity(slot));
        let identity = match pod {
            Some(Some(pod)) if self.tables.addresses_of(pod).iter().any(|own| own == address) => pod,
            _ => match (self.tables.observed(address)?, pod) {
                (AddressOwner::End(EndIdentity::External), Some(Some(pod))) => pod,
                (AddressOwner::End(EndIdentity::External), Some(None)) => return Ok(None),
                (AddressOwner::End(owner), _) => owner,
                (AddressOwner::Service(_), _) => EndIdentity::External,
            },
        };
        if self.service.publish_not_ready && matches!(identity, EndIdentity::Pod(pod, _) if pod.terminating) {
            return Ok(None);
        }
        let written = identity.object_name().map_or(Written::Address(address), Written::Object);
        let candidate = Candidate { identity, addresses: AddressList::One(address), fixed: true, written };
        Ok(Some(BackendCandidate { candidate, l4, taken_on: None, listed_on: endpoint.node.as_deref() }))
    }

    /// By class: the selector matches all members of one, or none. Where it asks for labels that controllers set, workloads are
    /// asked one by one.
    fn selected(&self) -> impl Iterator<Item = BackendCandidate<'t>> + use<'_, 't> {
        let tables = self.tables;
        let namespace = tables.namespace_named(self.service.name.namespace());
        let classes = namespace.map_or(&[][..], |namespace| namespace.classes.as_slice());
        let selected = classes.iter().filter(|class| self.selects(tables.details.get(**class)));
        let slots = selected.flat_map(|class| tables.members.get(*class).iter().copied());
        let one_by_one = self.asks_controllers();
        let is_left = move |slot: &SlotIx| one_by_one && matches!(tables.object(*slot), SlotObject::Workload(_));
        let of_class = slots.filter(move |slot| !is_left(slot)).map(|slot| (slot, Bearer::Workload));
        let workloads = namespace.filter(|_| one_by_one).into_iter().flat_map(|namespace| namespace.workloads.all());
        let slots = workloads.filter_map(|workload| tables.workload_slot(&workload.name, &workload.kind));
        let of_controller = slots.filter_map(|slot| Some((slot, self.bearer(slot)?)));
        of_class.chain(of_controller).filter_map(|(slot, bearer)| self.of_slot(slot, bearer))
    }

    /// Whether its selector asks for labels that controllers set (K27).
    pub(in crate::engine) fn asks_controllers(&self) -> bool {
        self.selector.is_some() && asks_controllers(&self.service.selector)
    }

    fn selects(&self, class: &ClassDetail) -> bool {
        self.selector.is_some_and(|selector| class.pod_matches.holds(selector, &self.tables.pod_selectors))
    }

    /// Who of the slot's object the selector matches.
    fn bearer(&self, slot: SlotIx) -> Option<Bearer> {
        match self.tables.object(slot) {
            SlotObject::Workload(workload) if self.asks_controllers() => {
                let absent = self.labels == ControllerLabel::Absent;
                bearer(workload, self.tables.profile.release(), &self.service.selector, absent)
            }
            _ => {
                let class = self.tables.slot(slot).class()?;
                self.selects(self.tables.details.get(class)).then_some(Bearer::Workload)
            }
        }
    }

    /// The slot's object as a backend, once the selector matches it: a pod that is ready, or a workload that stands for pods; and
    /// it has a port of the name that the Service asks for, if it asks for one by name.
    fn of_slot(&self, slot: SlotIx, bearer: Bearer) -> Option<BackendCandidate<'t>> {
        let tables = self.tables;
        let object = tables.object(slot);
        let is_ready = match object {
            SlotObject::Empty => false,
            SlotObject::Pod(pod) if self.service.publish_not_ready => !pod.terminating,
            SlotObject::Pod(pod) => pod.ready,
            SlotObject::Workload(workload) => {
                let namespace = tables.namespace_named(workload.name.namespace());
                namespace.is_some_and(|namespace| namespace.workloads.stands_for_pods(workload))
            }
        };
        let identity = match (tables.identity(slot).filter(|_| is_ready)?, bearer) {
            (EndIdentity::Workload(workload, place), Bearer::Replica(ordinal)) => {
                EndIdentity::Replica(workload, place, ordinal)
            }
            (identity, _) => identity,
        };
        let l4 = match self.port {
            FrontPort::Own(l4) => l4,
            FrontPort::Of(ServicePort { target: TargetPort::Number(number), protocol, .. }) => {
                L4::Port(*protocol, *number)
            }
            FrontPort::Of(ServicePort { target: TargetPort::Name(wanted), protocol, .. }) => {
                let is_it = |each: &&ContainerPort| each.protocol == *protocol && each.name.as_ref() == Some(wanted);
                L4::Port(*protocol, object.ports().iter().find(is_it)?.port)
            }
        };
        let written = match identity {
            EndIdentity::Replica(set, _, ordinal) => Written::Replica(set, ordinal),
            _ => Written::Object(identity.object_name()?),
        };
        let candidate = Candidate { identity, addresses: tables.addresses_of(identity), fixed: false, written };
        Some(BackendCandidate { candidate, l4, taken_on: None, listed_on: None })
    }

    /// The backend, where the connection can go to it: by its addresses, and by where it is.
    pub(in crate::engine) fn is_wanted(&self, target: BackendCandidate<'t>) -> Option<BackendCandidate<'t>> {
        if self.is_reachable(target.candidate.addresses) { self.is_here(target, &[]) } else { None }
    }

    /// Where the node that was sent to hands connections to its own backends alone, the backend if it is one of these; one whose
    /// node neither it nor any slice says is taken to be; `listed` are those that slices say.
    pub(in crate::engine) fn is_here(
        &self,
        target: BackendCandidate<'t>,
        listed: &[&str],
    ) -> Option<BackendCandidate<'t>> {
        let Some(here) = self.only_on else { return Some(target) };
        let end = ResolvedEnd::new(target.candidate.identity, target.candidate.addresses.iter().next());
        let is_listed = || listed.iter().any(|node| here == Spot::Named(node));
        let is_here = match self.tables.place(&end) {
            Place::At(spot) => return (spot == here).then_some(target),
            Place::Nowhere => return (listed.is_empty() || is_listed()).then_some(target),
            Place::Unsaid(selector) if listed.is_empty() => self.tables.admits(selector, here),
            Place::Unsaid(_) => is_listed(),
        };
        is_here.then_some(BackendCandidate { taken_on: here.name(), ..target })
    }
}

impl Tables {
    /// What it is called: a workload or a replica whose name a pod or another workload has too by its kind (K25).
    pub(in crate::engine) fn backend(&self, of: &Candidate<'_>) -> Option<Backend> {
        let by_kind = |workload: &Workload| Backend::Workload(workload.name.clone(), workload.kind.clone());
        Some(match (of.identity, of.written) {
            (EndIdentity::Workload(workload, _), _) if self.is_ambiguous(workload) => by_kind(workload),
            (EndIdentity::Replica(set, ..), _) => {
                let name = of.identity.name()?;
                let is_taken = self.pod_slot(&name).is_some() || self.cluster.workloads_named(&name).next().is_some();
                if is_taken { by_kind(set) } else { Backend::Object(name) }
            }
            (identity, written) => match (identity.object_name(), written) {
                (Some(name), _) => Backend::Object(name.clone()),
                (None, Written::Address(address)) => Backend::Address(address),
                (None, _) => return None,
            },
        })
    }

    /// Whether a pod or another workload has the workload's name too.
    pub(in crate::engine) fn is_ambiguous(&self, workload: &Workload) -> bool {
        self.pod_slot(&workload.name).is_some() || self.cluster.workloads_named(&workload.name).nth(1).is_some()
    }
}
