//! Flows to a Service: one connection for each ready backend (K23).

use std::collections::BTreeMap;

use crate::engine::ends::backends::BackendCandidate;
use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, ResolvedEnd, Written};
use crate::engine::ends::faces::{FaceKind, Reached};
use crate::engine::ends::meet::meet;
use crate::engine::ends::resolve::Resolution;
use crate::engine::ends::sent::{PassedOn, Sent};
use crate::engine::ends::service_front::{FrontPort, Sending, ServiceFront};
use crate::engine::ids::SlotIx;
use crate::engine::tables::Tables;
use crate::labels::Labels;
use crate::model::flow::{Destination, Flow, L4};
use crate::name::ObjectName;
use crate::net::{Family, Port};
use crate::verdict::{Backend, FlowError, Verdict};

/// Of so few candidates each is held against those before it; more are sorted.
const FEW: usize = 64;

/// One connection by way of a backend.
#[derive(Clone, Copy)]
pub(in crate::engine) struct BackendConnection<'t> {
    pub(in crate::engine) source: ResolvedEnd<'t>,
    pub(in crate::engine) destination: ResolvedEnd<'t>,
    pub(in crate::engine) l4: L4,
    pub(in crate::engine) sent: Sent<'t>,
    /// What the Service asks of the labels that the backend's controller sets (K27).
    pub(in crate::engine) asked: Option<&'t Labels>,
}

impl<'t> ServiceFront<'t> {
    fn connection(&self, target: &BackendCandidate<'t>) -> Result<BackendConnection<'t>, FlowError> {
        let (source, mut destination) = meet(&self.source, &target.candidate, |address| self.meets(address))?;
        destination.taken_on = target.taken_on;
        let is_workload = matches!(destination.identity, EndIdentity::Workload(..) | EndIdentity::Replica(..));
        let asked = Some(&self.service.selector).filter(|_| is_workload && self.asks_controllers());
        Ok(BackendConnection { source, destination, l4: target.l4, sent: self.sent, asked })
    }

    /// Every backend once on each of its ports, by name, or what makes the flow one that cannot be judged. Allocates.
    pub(in crate::engine) fn ways(
        &self,
        via: Option<&ObjectName>,
    ) -> Result<Vec<(Backend, BackendConnection<'t>)>, FlowError> {
        let mut found: Vec<(Backend, BackendCandidate<'t>)> = Vec::new();
        for target in self.candidates() {
            let target = target?;
            found.extend(self.tables.backend(&target.candidate).map(|backend| (backend, target)));
        }
        // Whoever lists a backend says for all where it is, also by an address that the connection cannot go to.
        let mut listed: BTreeMap<Backend, Vec<&'t str>> = BTreeMap::new();
        for (backend, target) in found.iter().filter(|_| self.only_on.is_some()) {
            if let Some(node) = target.listed_on {
                listed.entry(backend.clone()).or_default().push(node);
            }
        }
        found.retain(|(_, target)| self.is_reachable(target.candidate.addresses));
        // The sort is stable: of one backend the first stays.
        let order = |target: &BackendCandidate<'t>| (port_of(target.l4), self.order(target));
        found.sort_by(|(a, target), (b, other)| a.cmp(b).then_with(|| order(target).cmp(&order(other))));
        let is_any_ready = !found.is_empty();
        found.dedup_by(|(_, later), (_, first)| later.is_same_backend(first));
        let here = |(backend, target)| {
            let target = self.is_here(target, listed.get(&backend).map_or(&[], Vec::as_slice))?;
            Some((backend, target))
        };
        found = found.into_iter().filter_map(here).collect();
        if found.is_empty() {
            return Err(self.nobody(is_any_ready));
        }
        if let Some(name) = via {
            found = self.named(found, name).map_err(|backends| FlowError::NotABackend {
                backend: name.clone(),
                service: self.service.name.clone(),
                backends,
            })?;
        }
        found.into_iter().map(|(backend, target)| Ok((backend, self.connection(&target)?))).collect()
    }

    /// The backend of that name: one of them, else a replica of one (K27); else what they are called.
    fn named(
        &self,
        found: Vec<(Backend, BackendCandidate<'t>)>,
        name: &ObjectName,
    ) -> Result<Vec<(Backend, BackendCandidate<'t>)>, Vec<Backend>> {
        let wanted = Backend::Object(name.clone());
        let replica = self.tables.replica(name);
        let as_replica = |target: &BackendCandidate<'t>| match (target.candidate.identity, replica) {
            (EndIdentity::Workload(_, place), Some(EndIdentity::Replica(set, of_set, ordinal)))
                if place.slot == of_set.slot =>
            {
                let (identity, written) = (EndIdentity::Replica(set, of_set, ordinal), Written::Replica(set, ordinal));
                Some(BackendCandidate { candidate: Candidate { identity, written, ..target.candidate }, ..*target })
            }
            _ => None,
        };
        let own = |(backend, target): &(Backend, BackendCandidate<'t>)| (*backend == wanted).then_some(*target);
        let mut meant: Vec<BackendCandidate<'t>> = found.iter().filter_map(own).collect();
        if meant.is_empty() {
            meant = found.iter().filter_map(|(_, target)| as_replica(target)).collect();
        }
        if meant.is_empty() {
            return Err(found.into_iter().map(|(backend, _)| backend).collect());
        }
        Ok(meant.into_iter().map(|target| (wanted.clone(), target)).collect())
    }

    /// Which of several addresses that slices say of one pod is its first (a headless Service's; of another the first slice
    /// counts).
    fn order(&self, target: &BackendCandidate<'t>) -> usize {
        match (self.port, target.candidate.identity, target.candidate.addresses) {
            (FrontPort::Own(_), EndIdentity::Pod(pod, _), AddressList::One(address)) => {
                pod.addresses.iter().position(|own| *own == address).unwrap_or(usize::MAX)
            }
            _ => 0,
        }
    }

    /// What all backends agree on (K23), without allocating: Undefined as soon as two of them differ. None where the flow
    /// cannot be judged, or where many candidates differ that may name a backend several times: [`Self::ways`] knows.
    pub(in crate::engine) fn agreed(
        &self,
        via: Option<&ObjectName>,
        mut ask: impl FnMut(&BackendConnection<'t>) -> Verdict,
    ) -> Option<Verdict> {
        // Where slices say where backends are, all that name one do.
        if self.only_on.is_some() && self.has_slices() {
            return None;
        }
        let wanted = |target: BackendCandidate<'t>| {
            let is_named = via.is_none_or(|name| self.is_called(&target.candidate, name));
            self.is_wanted(target).filter(|_| is_named)
        };
        // Where every candidate agrees, so do the backends; else those that several candidates name must count once.
        let (mut all, mut is_mixed, mut count) = (None, false, 0);
        for target in self.candidates() {
            let target = target.ok()?;
            count += 1;
            if let Some(target) = wanted(target) {
                let connection = self.connection(&target).ok()?;
                is_mixed = is_mixed || ask(&connection) != *all.get_or_insert_with(|| ask(&connection));
            }
        }
        if !is_mixed {
            return all;
        }
        if self.has_slices() && count > FEW || self.asks_controllers() {
            return None;
        }
        let mut first = None;
        for (at, target) in self.candidates().enumerate() {
            let target = target.ok()?;
            if let Some(target) = wanted(target).filter(|target| !self.is_shadowed(at, target)) {
                let verdict = ask(&self.connection(&target).ok()?);
                if verdict != *first.get_or_insert(verdict) {
                    return Some(Verdict::Undefined);
                }
            }
        }
        first
    }

    /// Whether another candidate counts in place of this one, which is that many behind the first: slices may name a backend
    /// several times.
    fn is_shadowed(&self, at: usize, target: &BackendCandidate<'t>) -> bool {
        if !self.has_slices() {
            return false;
        }
        let own = (self.order(target), at);
        let others = self.candidates().enumerate().filter_map(|(at, other)| Some((at, self.is_wanted(other.ok()?)?)));
        others.into_iter().any(|(at, other)| (self.order(&other), at) < own && other.is_same_backend(target))
    }

    /// Whether a flow that names its backend so means that one.
    fn is_called(&self, target: &Candidate<'t>, name: &ObjectName) -> bool {
        match target.identity {
            EndIdentity::Workload(workload, _) if self.tables.is_ambiguous(workload) => false,
            EndIdentity::Replica(..) => self.tables.backend(target) == Some(Backend::Object(name.clone())),
            identity => identity.is_named(name),
        }
    }
}

/// None of a protocol without ports, and where they are not limited.
fn port_of(l4: L4) -> Option<Port> {
    match l4 {
        L4::Port(_, port) => Some(port),
        L4::Icmp | L4::Other(_) => None,
    }
}

/// What a flow asks: one connection, or one to each of a Service's backends.
pub(in crate::engine) enum ResolvedFlow<'t> {
    Connection(BackendConnection<'t>),
    /// By a pod's hostPort.
    HostPort(Backend, BackendConnection<'t>),
    Service(ServiceFront<'t>),
}

impl Tables {
    pub(in crate::engine) fn resolve_flow<'t>(&'t self, flow: &'t Flow) -> Result<ResolvedFlow<'t>, FlowError> {
        let source = match self.resolve(&flow.source)? {
            Resolution::End(candidate) => candidate,
            Resolution::Service(service, _) => return Err(FlowError::ServiceAsSource(service.clone())),
        };
        let service = |name: &ObjectName| self.service(name).ok_or_else(|| FlowError::UnknownService(name.clone()));
        let endpoint = match &flow.destination {
            Destination::Service(name) => {
                let front =
                    ServiceFront::new(self, service(name)?, Sending { source: &source, to: None, l4: flow.l4 })?;
                return Ok(ResolvedFlow::Service(front));
            }
            Destination::Endpoint(endpoint) => endpoint,
        };
        let (sender, end) = match self.resolve(endpoint)? {
            // Where the ends do not even meet there is no Service between them either.
            Resolution::End(to) => meet(&source, &to, |_| true)
                .map_err(|error| if flow.via.is_some() { FlowError::ViaWithoutService } else { error })?,
            Resolution::Service(name, address) => {
                let end = ResolvedEnd::new(EndIdentity::External, Some(address));
                if self.reached_at(&end, flow.l4)?.is_none() {
                    let sending = Sending { source: &source, to: Some(address), l4: flow.l4 };
                    let front = ServiceFront::new(self, service(name)?, sending)?;
                    return Ok(ResolvedFlow::Service(front));
                }
                let (addresses, written) = (AddressList::One(address), Written::Address(address));
                meet(&source, &Candidate { identity: end.identity, addresses, fixed: true, written }, |_| true)?
            }
        };
        // Whoever has the address, but a pod, may be a face there (K26).
        match self.reached_at(&end, flow.l4)? {
            Some(Reached::Service(service, port, kind)) => {
                let met = (&source, sender, self.at_face(end));
                let front = ServiceFront::at_face(self, (service, port, kind), met, flow.l4);
                Ok(ResolvedFlow::Service(front))
            }
            Some(Reached::Pod(slot, port)) => self.by_host_port((slot, port), (&source, sender, end), flow),
            None if flow.via.is_some() => Err(FlowError::ViaWithoutService),
            None => Ok(ResolvedFlow::Connection(BackendConnection {
                source: sender,
                destination: end,
                l4: flow.l4,
                sent: Sent::Straight,
                asked: None,
            })),
        }
    }

    /// What is at a face: a hostNetwork pod is its node.
    fn at_face<'t>(&'t self, end: ResolvedEnd<'t>) -> ResolvedEnd<'t> {
        match (end.identity.is_host_network(), end.address) {
            (true, Some(address)) => ResolvedEnd::new(EndIdentity::Node(self.node_of(&end, address)), Some(address)),
            _ => end,
        }
    }

    fn by_host_port<'t>(
        &'t self,
        (slot, port): (SlotIx, Port),
        (source, sender, end): (&Candidate<'t>, ResolvedEnd<'t>, ResolvedEnd<'t>),
        flow: &Flow,
    ) -> Result<ResolvedFlow<'t>, FlowError> {
        let identity = self.identity(slot).ok_or(FlowError::GonePod)?;
        let name = identity.object_name().ok_or(FlowError::GonePod)?;
        let (addresses, written) = (self.addresses_of(identity), Written::Object(name));
        let to = Candidate { identity, addresses, fixed: false, written };
        let backend = self.backend(&to).ok_or(FlowError::GonePod)?;
        if flow.via.as_ref().is_some_and(|via| Backend::Object(via.clone()) != backend) {
            return Err(FlowError::ViaWithoutService);
        }
        let family = end.address.map(Family::of);
        let addresses = sender.address.map_or(AddressList::NONE, AddressList::One);
        let from = Candidate { addresses, ..*source };
        let (source, mut destination) = meet(&from, &to, |address| Some(Family::of(address)) == family)?;
        if let (EndIdentity::Workload(..), Some(address)) = (identity, end.address) {
            destination.taken_on = self.node_of(&end, address);
        }
        let l4 = match flow.l4 {
            L4::Port(protocol, _) => L4::Port(protocol, port),
            other => other,
        };
        let (end, kind) = (self.at_face(end), FaceKind::HostPort);
        let sent = Sent::Face { end, l4: flow.l4, kind, passed_on: PassedOn::Never };
        let connection = BackendConnection { source, destination, l4, sent, asked: None };
        Ok(ResolvedFlow::HostPort(backend, connection))
    }
}
