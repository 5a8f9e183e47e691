//! Flows to a Service: one way for each ready backend (K23).

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::class::ClassDetail;
use crate::engine::ids::PodSelectorId;
use crate::engine::matches::fulfils;
use crate::engine::resolve::{
    AddressList, AddressOwner, Candidate, EndIdentity, Resolution, ResolvedEnd, Written, meet,
};
use crate::engine::tables::{SlotObject, Tables};
use crate::model::cluster::{
    EndpointSlice, Owner, Pod, Service, ServiceKind, ServicePort, TargetPort, Workload, WorkloadKind,
};
use crate::model::flow::{Destination, Flow, L4};
use crate::name::ObjectName;
use crate::net::{Family, Port};
use crate::verdict::{Backend, FlowError, Verdict};

/// A backend before families are settled.
#[derive(Clone, Copy)]
struct BackendCandidate<'t> {
    candidate: Candidate<'t>,
    port: Port,
}

impl BackendCandidate<'_> {
    /// Of a workload its kind; pods come first.
    fn rank(&self) -> Option<WorkloadKind> {
        match self.candidate.identity {
            EndIdentity::Workload(workload, _) => Some(workload.kind),
            EndIdentity::Pod(..) | EndIdentity::Node(_) | EndIdentity::External => None,
        }
    }

    fn is_same_backend(&self, other: &Self) -> bool {
        match (self.candidate.identity.object_name(), other.candidate.identity.object_name()) {
            (Some(a), Some(b)) => a == b,
            (None, None) => match (self.candidate.written, other.candidate.written) {
                (Written::Address(a), Written::Address(b)) => a == b,
                _ => false,
            },
            _ => false,
        }
    }
}

/// One connection by way of a backend.
pub(super) struct BackendConnection<'t> {
    pub(super) source: ResolvedEnd<'t>,
    pub(super) destination: ResolvedEnd<'t>,
    pub(super) l4: L4,
}

/// A Service as one source sees it: the ClusterIP it sends to, and what stands behind the port.
pub(super) struct ServiceFront<'t> {
    tables: &'t Tables,
    service: &'t Service,
    selector: Option<PodSelectorId>,
    port: &'t ServicePort,
    source: Candidate<'t>,
    family: Option<Family>,
    /// The ClusterIP that the source sends to, where one is known.
    pub(super) cluster_address: Option<IpAddr>,
}

impl<'t> ServiceFront<'t> {
    /// `sent_to` where the flow named a ClusterIP.
    pub(super) fn new(
        tables: &'t Tables,
        service: (&'t Service, Option<PodSelectorId>),
        sent_to: Option<IpAddr>,
        source: &Candidate<'t>,
        l4: L4,
    ) -> Result<Self, FlowError> {
        let (service, selector) = service;
        match service.kind {
            ServiceKind::ClusterIp => {}
            ServiceKind::Headless => return Err(FlowError::Headless(service.name.clone())),
            ServiceKind::ExternalName => return Err(FlowError::ExternalName(service.name.clone())),
        }
        let L4::Port(protocol, number) = l4 else { return Err(FlowError::PortlessService(service.name.clone())) };
        let port = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == number);
        let port = port.ok_or_else(|| FlowError::NoSuchPort {
            service: service.name.clone(),
            port: format!("{number}/{}", protocol.to_string().to_ascii_lowercase()),
        })?;
        // The ClusterIP of the source's family; a manifest that has none yet leaves the family to the backends.
        let entry = Candidate {
            identity: EndIdentity::External,
            addresses: sent_to.map_or(AddressList::List(&service.cluster_addresses), AddressList::One),
            fixed: sent_to.is_some(),
            written: Written::Service(&service.name),
        };
        let (sender, entry) = meet(source, &entry, |_| true)?;
        let family = entry.address.map(Family::of);
        let source = match family {
            Some(_) => Candidate { addresses: sender.address.map_or(AddressList::NONE, AddressList::One), ..*source },
            None => *source,
        };
        Ok(Self { tables, service, selector, port, source, family, cluster_address: entry.address })
    }

    /// Whether the connection can go to that address of a backend.
    fn meets(&self, address: IpAddr) -> bool {
        let family = Family::of(address);
        match self.family {
            Some(of) => of == family,
            None => {
                let own = self.source.addresses;
                own.is_empty() || own.iter().any(|own| Family::of(own) == family)
            }
        }
    }

    /// A backend whose addresses are all of another family is none.
    fn is_reachable(&self, target: &BackendCandidate<'_>) -> bool {
        let addresses = target.candidate.addresses;
        addresses.is_empty() || addresses.iter().any(|address| self.meets(address))
    }

    fn way(&self, target: &BackendCandidate<'t>) -> Result<BackendConnection<'t>, FlowError> {
        let (source, destination) = meet(&self.source, &target.candidate, |address| self.meets(address))?;
        Ok(BackendConnection { source, destination, l4: L4::Port(self.port.protocol, target.port) })
    }

    /// Its EndpointSlices where there are any, else what its selector matches.
    fn targets(&self) -> impl Iterator<Item = Result<BackendCandidate<'t>, FlowError>> + use<'_, 't> {
        let has_slices = !self.slices().is_empty();
        let sliced = has_slices.then(|| self.sliced()).into_iter().flatten();
        let selected = (!has_slices).then(|| self.selected().map(Ok)).into_iter().flatten();
        sliced.chain(selected)
    }

    fn slices(&self) -> &'t [Arc<EndpointSlice>] {
        let namespace = self.tables.namespace_named(self.service.name.namespace());
        namespace.map_or(&[], |namespace| namespace.slices_of(self.service.name.name()))
    }

    fn sliced(&self) -> impl Iterator<Item = Result<BackendCandidate<'t>, FlowError>> + use<'_, 't> {
        self.slices().iter().flat_map(move |slice| {
            let target = slice
                .ports
                .iter()
                .find(|p| p.name == self.port.name && p.protocol == self.port.protocol)
                .map(|p| p.port);
            let endpoints = if target.is_some() { slice.endpoints.as_slice() } else { &[] };
            endpoints.iter().filter(|entry| entry.ready).filter_map(move |entry| {
                // The addresses of an endpoint are interchangeable; consumers use the first.
                let (address, port) = (*entry.addresses.first()?, target?);
                let slot = entry.target.as_ref().and_then(|name| self.tables.pod_slot(name));
                if slot.is_some_and(|slot| !self.tables.is_live(slot)) {
                    return None;
                }
                let identity = match slot.and_then(|slot| self.tables.identity(slot)) {
                    Some(identity) => identity,
                    None => match self.tables.observed(address) {
                        Ok(AddressOwner::End(identity)) => identity,
                        Ok(AddressOwner::Service(_)) => EndIdentity::External,
                        Err(error) => return Some(Err(error)),
                    },
                };
                let written = identity.object_name().map_or(Written::Address(address), Written::Object);
                let candidate = Candidate { identity, addresses: AddressList::One(address), fixed: true, written };
                Some(Ok(BackendCandidate { candidate, port }))
            })
        })
    }

    /// Live pods that are not unready, then workloads that stand for pods nobody loaded.
    fn selected(&self) -> impl Iterator<Item = BackendCandidate<'t>> + use<'_, 't> {
        let tables = self.tables;
        let namespace = self.selector.and_then(|_| tables.namespace_named(self.service.name.namespace()));
        let classes = namespace.map_or(&[][..], |namespace| namespace.classes.as_slice());
        let slots = move || {
            classes.iter().flat_map(move |id| {
                let holds = |class: &&ClassDetail| {
                    self.selector.is_some_and(|id| class.pod_matches.holds(id, &tables.pod_selectors))
                };
                let members = Some(tables.details.get(*id)).filter(holds).map(|_| tables.members.get(*id));
                members.into_iter().flat_map(|slots| slots.iter())
            })
        };
        let pods = slots().filter(|slot| matches!(tables.object(**slot), SlotObject::Pod(pod) if pod.ready));
        let workloads =
            slots().filter(|slot| matches!(tables.object(**slot), SlotObject::Workload(w) if tables.stands_alone(w)));
        pods.chain(workloads).filter_map(move |slot| {
            let identity = tables.identity(*slot)?;
            let port = match &self.port.target {
                TargetPort::Number(number) => *number,
                TargetPort::Name(wanted) => {
                    let mut ports = tables.object(*slot).ports().iter();
                    ports.find(|p| p.protocol == self.port.protocol && p.name.as_ref() == Some(wanted))?.port
                }
            };
            let written = Written::Object(identity.object_name()?);
            let candidate = Candidate { identity, addresses: tables.addresses_of(identity), fixed: false, written };
            Some(BackendCandidate { candidate, port })
        })
    }

    /// Every backend once, by name, or what makes the flow one that cannot be judged. Allocates.
    pub(super) fn ways(&self, via: Option<&ObjectName>) -> Result<Vec<(Backend, BackendConnection<'t>)>, FlowError> {
        let mut found: Vec<(Backend, BackendCandidate<'t>)> = Vec::new();
        let all: Vec<BackendCandidate<'t>> = self.targets().collect::<Result<_, _>>()?;
        for target in all.into_iter().filter(|target| self.is_reachable(target)) {
            found.extend(target.candidate.backend().map(|backend| (backend, target)));
        }
        // The sort is stable: of one backend the first stays.
        found.sort_by(|(a, target), (b, other)| a.cmp(b).then(target.rank().cmp(&other.rank())));
        found.dedup_by(|(_, later), (_, first)| later.is_same_backend(first));
        if found.is_empty() {
            return Err(FlowError::NoReadyBackend(self.service.name.clone()));
        }
        if let Some(name) = via {
            let wanted = Backend::Object(name.clone());
            if !found.iter().any(|(backend, _)| *backend == wanted) {
                return Err(FlowError::NotABackend {
                    backend: name.clone(),
                    service: self.service.name.clone(),
                    backends: found.into_iter().map(|(backend, _)| backend).collect(),
                });
            }
            found.retain(|(backend, _)| *backend == wanted);
        }
        found.into_iter().map(|(backend, target)| Ok((backend, self.way(&target)?))).collect()
    }

    /// Whether the target is a backend that another target stands for: the first of those that several slices name; of the
    /// workloads of one name the first kind.
    fn is_shadowed(&self, at: usize, target: &BackendCandidate<'t>) -> bool {
        let mut others = self.targets().flatten().enumerate();
        let (sliced, rank) = (!self.slices().is_empty(), target.rank());
        if !sliced && rank.is_none() {
            return false;
        }
        others.any(|(place, other)| {
            let before = if sliced { place < at } else { other.rank() < rank };
            before && self.is_reachable(&other) && other.is_same_backend(target)
        })
    }

    /// What all backends agree on (K23), without allocating: Undefined as soon as two of them differ. None where the flow
    /// cannot be judged: [`Self::ways`] says why.
    pub(super) fn agreed(
        &self,
        via: Option<&ObjectName>,
        mut ask: impl FnMut(&BackendConnection<'t>) -> Verdict,
    ) -> Option<Verdict> {
        let wanted = |target: &BackendCandidate<'t>| {
            self.is_reachable(target) && via.is_none_or(|name| target.candidate.identity.object_name() == Some(name))
        };
        // Where every target agrees, so do the backends; else those that several targets name must count once.
        let (mut all, mut mixed) = (None, false);
        for target in self.targets() {
            let target = target.ok()?;
            if wanted(&target) {
                let way = self.way(&target).ok()?;
                mixed = mixed || ask(&way) != *all.get_or_insert_with(|| ask(&way));
            }
        }
        if !mixed {
            return all;
        }
        let mut first = None;
        for (at, target) in self.targets().enumerate() {
            let target = target.ok()?;
            if wanted(&target) && !self.is_shadowed(at, &target) {
                let verdict = ask(&self.way(&target).ok()?);
                if verdict != *first.get_or_insert(verdict) {
                    return Some(Verdict::Undefined);
                }
            }
        }
        first
    }
}

/// What a flow asks: of two ends, or of a Service's backends.
pub(super) enum ResolvedFlow<'t> {
    Pair(ResolvedEnd<'t>, ResolvedEnd<'t>),
    Service(ServiceFront<'t>),
}

impl Tables {
    pub(super) fn resolve_flow<'t>(&'t self, flow: &'t Flow) -> Result<ResolvedFlow<'t>, FlowError> {
        let source = match self.resolve(&flow.source)? {
            Resolution::End(candidate) => candidate,
            Resolution::Service(service, _) => return Err(FlowError::ServiceAsSource(service.clone())),
        };
        let (service, sent_to) = match &flow.destination {
            Destination::Service(name) => (name, None),
            Destination::Endpoint(endpoint) => match self.resolve(endpoint)? {
                Resolution::Service(service, address) => (service, Some(address)),
                Resolution::End(_) if flow.via.is_some() => return Err(FlowError::ViaWithoutService),
                Resolution::End(destination) => {
                    let (source, destination) = meet(&source, &destination, |_| true)?;
                    return Ok(ResolvedFlow::Pair(source, destination));
                }
            },
        };
        let service = self.service(service).ok_or_else(|| FlowError::UnknownService(service.clone()))?;
        Ok(ResolvedFlow::Service(ServiceFront::new(self, service, sent_to, &source, flow.l4)?))
    }

    /// Whether a workload stands for pods nobody loaded: it asks for some, none of them is there, and no other loaded
    /// workload controls it (a Deployment stands for its ReplicaSets).
    fn stands_alone(&self, workload: &Workload) -> bool {
        let namespace = workload.name.namespace();
        let loaded = |owner: &Owner| {
            self.workload_slot(&ObjectName::new(namespace.clone(), owner.name.clone()), owner.kind).is_some()
        };
        let is_own = |pod: &Pod| match &pod.owner {
            None => fulfils(&pod.labels, &workload.selector),
            Some(owner) => is_owner(workload, owner) || self.intermediate(workload, owner),
        };
        workload.replicas != Some(0)
            && !workload.owner.as_ref().is_some_and(loaded)
            && !self.pods_of(namespace).any(is_own)
    }

    /// Every pod of a namespace, finished ones too.
    fn pods_of(&self, namespace: &str) -> impl Iterator<Item = &Pod> {
        let namespace = self.namespace_named(namespace).into_iter();
        let slots = namespace.flat_map(|namespace| {
            let members = namespace.classes.iter().map(|class| self.members.get(*class));
            members.flat_map(|members| members.iter()).chain(namespace.finished.iter())
        });
        slots.filter_map(|slot| match self.object(*slot) {
            SlotObject::Pod(pod) => Some(&**pod),
            SlotObject::Empty | SlotObject::Workload(_) => None,
        })
    }

    /// A Deployment's ReplicaSets and a CronJob's Jobs: by their own controller where they are loaded, else by the name
    /// their controller gives them, which is its own and one more part.
    fn intermediate(&self, workload: &Workload, owner: &Owner) -> bool {
        let between = matches!(
            (workload.kind, owner.kind),
            (WorkloadKind::Deployment, WorkloadKind::ReplicaSet) | (WorkloadKind::CronJob, WorkloadKind::Job)
        );
        if !between {
            return false;
        }
        let name = ObjectName::new(workload.name.namespace().clone(), owner.name.clone());
        match self.workload_slot(&name, owner.kind).map(|slot| self.object(slot)) {
            Some(SlotObject::Workload(loaded)) => loaded.owner.as_ref().is_some_and(|above| is_owner(workload, above)),
            _ => owner
                .name
                .strip_prefix(&**workload.name.name())
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|part| !part.is_empty() && !part.contains('-')),
        }
    }
}

fn is_owner(workload: &Workload, owner: &Owner) -> bool {
    owner.kind == workload.kind && owner.name == *workload.name.name()
}
