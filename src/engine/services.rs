//! Flows to a Service: one way for each ready backend (K23).

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::class::Detail;
use crate::engine::ends::{Addresses, Candidate, Observed, Party, Resolved, Who, Written, meet};
use crate::engine::matcher::fulfils;
use crate::engine::tables::{Body, Tables};
use crate::model::cluster::{
    EndpointSlice, Owner, Pod, Service, ServiceKind, ServicePort, TargetPort, Workload, WorkloadKind,
};
use crate::model::flow::{Destination, Flow, L4};
use crate::name::ObjectName;
use crate::net::{Family, Port};
use crate::verdict::{Backend, FlowError, Verdict};

/// A backend before families are settled.
#[derive(Clone, Copy)]
struct Target<'t> {
    candidate: Candidate<'t>,
    port: Port,
}

impl Target<'_> {
    /// Of a workload its kind; pods come first.
    fn rank(&self) -> Option<WorkloadKind> {
        match self.candidate.who {
            Who::Workload(workload, _) => Some(workload.kind),
            Who::Pod(..) | Who::Node(_) | Who::External => None,
        }
    }

    fn is_same_backend(&self, other: &Self) -> bool {
        match (self.candidate.who.object(), other.candidate.who.object()) {
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
pub(super) struct Way<'t> {
    pub(super) source: Party<'t>,
    pub(super) destination: Party<'t>,
    pub(super) l4: L4,
}

/// A Service as one source sees it: the ClusterIP it sends to, and what stands behind the port.
pub(super) struct Front<'t> {
    tables: &'t Tables,
    service: &'t Service,
    selector: Option<u32>,
    port: &'t ServicePort,
    source: Candidate<'t>,
    family: Option<Family>,
    /// The ClusterIP that the source sends to, where one is known.
    pub(super) cluster_address: Option<IpAddr>,
}

impl<'t> Front<'t> {
    /// `sent_to` where the flow named a ClusterIP.
    pub(super) fn new(
        tables: &'t Tables,
        service: (&'t Service, Option<u32>),
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
            who: Who::External,
            addresses: sent_to.map_or(Addresses::List(&service.cluster_addresses), Addresses::One),
            fixed: sent_to.is_some(),
            written: Written::Service(&service.name),
        };
        let (sender, entry) = meet(source, &entry, |_| true)?;
        let family = entry.address.map(Family::of);
        let source = match family {
            Some(_) => Candidate { addresses: sender.address.map_or(Addresses::NONE, Addresses::One), ..*source },
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
    fn is_reachable(&self, target: &Target<'_>) -> bool {
        let addresses = target.candidate.addresses;
        addresses.is_empty() || addresses.iter().any(|address| self.meets(address))
    }

    fn way(&self, target: &Target<'t>) -> Result<Way<'t>, FlowError> {
        let (source, destination) = meet(&self.source, &target.candidate, |address| self.meets(address))?;
        Ok(Way { source, destination, l4: L4::Port(self.port.protocol, target.port) })
    }

    /// Its EndpointSlices where there are any, else what its selector matches.
    fn targets(&self) -> impl Iterator<Item = Result<Target<'t>, FlowError>> + use<'_, 't> {
        let has_slices = !self.slices().is_empty();
        let sliced = has_slices.then(|| self.sliced()).into_iter().flatten();
        let selected = (!has_slices).then(|| self.selected().map(Ok)).into_iter().flatten();
        sliced.chain(selected)
    }

    fn slices(&self) -> &'t [Arc<EndpointSlice>] {
        let space = self.tables.space_named(self.service.name.namespace());
        space.map_or(&[], |space| space.slices_of(self.service.name.name()))
    }

    fn sliced(&self) -> impl Iterator<Item = Result<Target<'t>, FlowError>> + use<'_, 't> {
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
                let seat = entry.target.as_ref().and_then(|name| self.tables.pod_seat(name));
                if seat.is_some_and(|seat| !self.tables.is_live(seat)) {
                    return None;
                }
                let who = match seat.and_then(|seat| self.tables.who(seat)) {
                    Some(who) => who,
                    None => match self.tables.observed(address) {
                        Ok(Observed::End(who)) => who,
                        Ok(Observed::Service(_)) => Who::External,
                        Err(error) => return Some(Err(error)),
                    },
                };
                let written = who.object().map_or(Written::Address(address), Written::Object);
                let candidate = Candidate { who, addresses: Addresses::One(address), fixed: true, written };
                Some(Ok(Target { candidate, port }))
            })
        })
    }

    /// Live pods that are not unready, then workloads that stand for pods nobody loaded.
    fn selected(&self) -> impl Iterator<Item = Target<'t>> + use<'_, 't> {
        let tables = self.tables;
        let space = self.selector.and_then(|_| tables.space_named(self.service.name.namespace()));
        let classes = space.map_or(&[][..], |space| space.classes.as_slice());
        let seats = move || {
            classes.iter().flat_map(move |id| {
                let holds =
                    |class: &&Detail| self.selector.is_some_and(|id| class.labels.holds(id, &tables.pod_selectors));
                let members = tables.details.get(*id).filter(holds).and_then(|_| tables.members.get(*id as usize));
                members.into_iter().flat_map(|seats| seats.iter())
            })
        };
        let pods = seats().filter(|seat| matches!(tables.body(**seat), Body::Pod(pod) if pod.ready));
        let workloads =
            seats().filter(|seat| matches!(tables.body(**seat), Body::Workload(w) if tables.stands_alone(w)));
        pods.chain(workloads).filter_map(move |seat| {
            let who = tables.who(*seat)?;
            let port = match &self.port.target {
                TargetPort::Number(number) => *number,
                TargetPort::Name(wanted) => {
                    let mut ports = tables.body(*seat).ports().iter();
                    ports.find(|p| p.protocol == self.port.protocol && p.name.as_ref() == Some(wanted))?.port
                }
            };
            let written = Written::Object(who.object()?);
            let candidate = Candidate { who, addresses: tables.addresses_of(who), fixed: false, written };
            Some(Target { candidate, port })
        })
    }

    /// Every backend once, by name, or what makes the flow one that cannot be judged. Allocates.
    pub(super) fn ways(&self, via: Option<&ObjectName>) -> Result<Vec<(Backend, Way<'t>)>, FlowError> {
        let mut found: Vec<(Backend, Target<'t>)> = Vec::new();
        let all: Vec<Target<'t>> = self.targets().collect::<Result<_, _>>()?;
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
    fn is_shadowed(&self, at: usize, target: &Target<'t>) -> bool {
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
    pub(super) fn agreed(&self, via: Option<&ObjectName>, mut ask: impl FnMut(&Way<'t>) -> Verdict) -> Option<Verdict> {
        let wanted = |target: &Target<'t>| {
            self.is_reachable(target) && via.is_none_or(|name| target.candidate.who.object() == Some(name))
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
pub(super) enum Asked<'t> {
    Pair(Party<'t>, Party<'t>),
    Service(Front<'t>),
}

impl Tables {
    pub(super) fn ask<'t>(&'t self, flow: &'t Flow) -> Result<Asked<'t>, FlowError> {
        let source = match self.resolve(&flow.source)? {
            Resolved::End(candidate) => candidate,
            Resolved::Service(service, _) => return Err(FlowError::ServiceAsSource(service.clone())),
        };
        let (service, sent_to) = match &flow.destination {
            Destination::Service(name) => (name, None),
            Destination::Endpoint(endpoint) => match self.resolve(endpoint)? {
                Resolved::Service(service, address) => (service, Some(address)),
                Resolved::End(_) if flow.via.is_some() => return Err(FlowError::ViaWithoutService),
                Resolved::End(destination) => {
                    let (source, destination) = meet(&source, &destination, |_| true)?;
                    return Ok(Asked::Pair(source, destination));
                }
            },
        };
        let service = self.service(service).ok_or_else(|| FlowError::UnknownService(service.clone()))?;
        Ok(Asked::Service(Front::new(self, service, sent_to, &source, flow.l4)?))
    }

    /// Whether a workload stands for pods nobody loaded: it asks for some, none of them is there, and no other loaded
    /// workload controls it (a Deployment stands for its ReplicaSets).
    fn stands_alone(&self, workload: &Workload) -> bool {
        let namespace = workload.name.namespace();
        let loaded = |owner: &Owner| {
            self.workload_seat(&ObjectName::new(namespace.clone(), owner.name.clone()), owner.kind).is_some()
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
        let space = self.space_named(namespace).into_iter();
        let seats = space.flat_map(|space| {
            let members = space.classes.iter().filter_map(|class| self.members.get(*class as usize));
            members.flat_map(|members| members.iter()).chain(space.finished.iter())
        });
        seats.filter_map(|seat| match self.body(*seat) {
            Body::Pod(pod) => Some(&**pod),
            Body::Nobody | Body::Workload(_) => None,
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
        match self.workload_seat(&name, owner.kind).map(|seat| self.body(seat)) {
            Some(Body::Workload(loaded)) => loaded.owner.as_ref().is_some_and(|above| is_owner(workload, above)),
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
