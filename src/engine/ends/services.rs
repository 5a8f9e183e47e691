//! Flows to a Service: one connection for each ready backend (K23).

use crate::engine::ends::backends::BackendCandidate;
use crate::engine::ends::end::ResolvedEnd;
use crate::engine::ends::meet::meet;
use crate::engine::ends::resolve::Resolution;
use crate::engine::ends::service_front::ServiceFront;
use crate::engine::tables::Tables;
use crate::model::flow::{Destination, Flow, L4};
use crate::name::ObjectName;
use crate::verdict::{Backend, FlowError, Verdict};

/// Of so few candidates each is held against those before it; more are sorted.
const FEW: usize = 64;

/// One connection by way of a backend.
pub(in crate::engine) struct BackendConnection<'t> {
    pub(in crate::engine) source: ResolvedEnd<'t>,
    pub(in crate::engine) destination: ResolvedEnd<'t>,
    pub(in crate::engine) l4: L4,
}

impl<'t> ServiceFront<'t> {
    fn connection(&self, target: &BackendCandidate<'t>) -> Result<BackendConnection<'t>, FlowError> {
        let (source, destination) = meet(&self.source, &target.candidate, |address| self.meets(address))?;
        Ok(BackendConnection { source, destination, l4: L4::Port(self.port.protocol, target.port) })
    }

    /// Every backend once, by name, or what makes the flow one that cannot be judged. Allocates.
    pub(in crate::engine) fn ways(
        &self,
        via: Option<&ObjectName>,
    ) -> Result<Vec<(Backend, BackendConnection<'t>)>, FlowError> {
        let mut found: Vec<(Backend, BackendCandidate<'t>)> = Vec::new();
        let all: Vec<BackendCandidate<'t>> = self.candidates().collect::<Result<_, _>>()?;
        for target in all.into_iter().filter(|target| self.is_reachable(target.candidate.addresses)) {
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
        found.into_iter().map(|(backend, target)| Ok((backend, self.connection(&target)?))).collect()
    }

    /// What all backends agree on (K23), without allocating: Undefined as soon as two of them differ. None where the flow
    /// cannot be judged, or where many candidates differ that may name a backend several times: [`Self::ways`] knows.
    pub(in crate::engine) fn agreed(
        &self,
        via: Option<&ObjectName>,
        mut ask: impl FnMut(&BackendConnection<'t>) -> Verdict,
    ) -> Option<Verdict> {
        let is_wanted = |target: &BackendCandidate<'t>| {
            self.is_reachable(target.candidate.addresses)
                && via.is_none_or(|name| target.candidate.identity.object_name() == Some(name))
        };
        // Where every candidate agrees, so do the backends; else those that several candidates name must count once.
        let (mut all, mut is_mixed, mut count) = (None, false, 0);
        for target in self.candidates() {
            let target = target.ok()?;
            count += 1;
            if is_wanted(&target) {
                let connection = self.connection(&target).ok()?;
                is_mixed = is_mixed || ask(&connection) != *all.get_or_insert_with(|| ask(&connection));
            }
        }
        if !is_mixed {
            return all;
        }
        if self.has_slices() && count > FEW {
            return None;
        }
        let mut first = None;
        for (at, target) in self.candidates().enumerate() {
            let target = target.ok()?;
            if is_wanted(&target) && !self.is_shadowed(at, &target) {
                let verdict = ask(&self.connection(&target).ok()?);
                if verdict != *first.get_or_insert(verdict) {
                    return Some(Verdict::Undefined);
                }
            }
        }
        first
    }

    /// Whether another candidate counts in place of this one, which is that many behind the first.
    fn is_shadowed(&self, at: usize, target: &BackendCandidate<'t>) -> bool {
        if self.has_slices() {
            let mut before = self.candidates().take(at).flatten();
            return before.any(|other| self.is_reachable(other.candidate.addresses) && other.is_same_backend(target));
        }
        match (target.candidate.identity.object_name(), target.rank()) {
            (Some(name), Some(kind)) => self.outranks(name, kind),
            _ => false,
        }
    }
}

/// What a flow asks: of two ends, or of a Service's backends.
pub(in crate::engine) enum ResolvedFlow<'t> {
    Pair(ResolvedEnd<'t>, ResolvedEnd<'t>),
    Service(ServiceFront<'t>),
}

impl Tables {
    pub(in crate::engine) fn resolve_flow<'t>(&'t self, flow: &'t Flow) -> Result<ResolvedFlow<'t>, FlowError> {
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
}
