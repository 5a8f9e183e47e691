//! A Service as one source sees it (K23, K26).

use std::net::IpAddr;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, ResolvedEnd, Written};
use crate::engine::ends::faces::{FaceKind, no_such_port};
use crate::engine::ends::meet::meet;
use crate::engine::ends::node_relation::{Place, Spot};
use crate::engine::ends::sent::{PassedOn, Sent};
use crate::engine::ids::PodSelectorId;
use crate::engine::tables::Tables;
use crate::model::cluster::{ExternalTrafficPolicy, Service, ServiceKind, ServicePort};
use crate::model::flow::L4;
use crate::net::Family;
use crate::profile::capability::ControllerLabel;
use crate::verdict::FlowError;

/// A Service as one source sees it: what it sends to, and what stands behind the port.
#[derive(Clone, Copy)]
pub(in crate::engine) struct ServiceFront<'t> {
    pub(in crate::engine) tables: &'t Tables,
    pub(in crate::engine) service: &'t Service,
    /// None where the Service selects nothing.
    pub(in crate::engine) selector: Option<PodSelectorId>,
    pub(in crate::engine) port: FrontPort<'t>,
    pub(in crate::engine) source: Candidate<'t>,
    /// The family of what is sent to; none where that is not known.
    family: Option<Family>,
    /// What the source sends to.
    pub(in crate::engine) sent: Sent<'t>,
    /// The node whose own backends alone are reached (`externalTrafficPolicy: Local`).
    pub(in crate::engine) only_on: Option<Spot<'t>>,
    /// Whether labels whose values nobody knows count where the Service asks for them (U7).
    pub(in crate::engine) labels: ControllerLabel,
}

/// What a source sends to a Service.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Sending<'a, 't> {
    pub(in crate::engine) source: &'a Candidate<'t>,
    /// The ClusterIP that the flow named; none where it named the Service.
    pub(in crate::engine) to: Option<IpAddr>,
    pub(in crate::engine) l4: L4,
}

/// On which port the Service is reached.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum FrontPort<'t> {
    Of(&'t ServicePort),
    /// Of a headless Service: the flow's own.
    Own(L4),
}

impl<'t> ServiceFront<'t> {
    /// A Service by its name, or by a ClusterIP that the flow named.
    pub(in crate::engine) fn new(
        tables: &'t Tables,
        (service, selector): (&'t Service, Option<PodSelectorId>),
        Sending { source, to: sent_to, l4 }: Sending<'_, 't>,
    ) -> Result<Self, FlowError> {
        let labels = tables.profile.capabilities().controller_label;
        match service.kind {
            ServiceKind::ClusterIp => {}
            ServiceKind::Headless => {
                let (port, sent, source) = (FrontPort::Own(l4), Sent::Straight, *source);
                return Ok(Self { tables, service, selector, port, source, family: None, sent, only_on: None, labels });
            }
            ServiceKind::ExternalName => return Err(FlowError::ExternalName(service.name.clone())),
        }
        let L4::Port(protocol, number) = l4 else { return Err(FlowError::PortlessService(service.name.clone())) };
        let port = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == number);
        let port = FrontPort::Of(port.ok_or_else(|| no_such_port(&service.name, protocol, number))?);
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
            Some(_) => at_one_address(source, &sender),
            None => *source,
        };
        let sent = Sent::ClusterIp { address: entry.address, l4 };
        Ok(Self { tables, service, selector, port, source, family, sent, only_on: None, labels })
    }

    /// A Service at one of its faces, which the source has met.
    pub(in crate::engine) fn at_face(
        tables: &'t Tables,
        service: (&'t Service, &'t ServicePort, FaceKind),
        met: (&Candidate<'t>, ResolvedEnd<'t>, ResolvedEnd<'t>),
        l4: L4,
    ) -> Self {
        let ((service, port, kind), (source, sender, end)) = (service, met);
        let selector = tables.service(&service.name).and_then(|(_, selector)| selector);
        let is_local = service.external_traffic_policy == ExternalTrafficPolicy::Local;
        let passed_on = match kind {
            _ if is_local => PassedOn::Never,
            FaceKind::NodePort => PassedOn::Named,
            FaceKind::Address => PassedOn::Some,
            FaceKind::HostPort => PassedOn::Never,
        };
        let is_limited = is_local && kind == FaceKind::NodePort && !is_let_through(tables, &sender, &end);
        let here = end.address.map(|address| end.identity.node().map_or(Spot::Address(address), Spot::Named));
        Self {
            tables,
            service,
            selector,
            port: FrontPort::Of(port),
            source: at_one_address(source, &sender),
            family: end.address.map(Family::of),
            sent: Sent::Face { end, l4, kind, passed_on },
            only_on: here.filter(|_| is_limited),
            labels: tables.profile.capabilities().controller_label,
        }
    }

    pub(in crate::engine) fn with_labels(&self, labels: ControllerLabel) -> Self {
        Self { labels, ..*self }
    }

    /// Whether the connection can go to that address of a backend.
    pub(in crate::engine) fn meets(&self, address: IpAddr) -> bool {
        let family = Family::of(address);
        match self.family {
            Some(sent_to) => sent_to == family,
            None => {
                let own = self.source.addresses;
                own.is_empty() || own.iter().any(|own| Family::of(own) == family)
            }
        }
    }

    /// Whether the connection can go to any of a backend's addresses: one whose addresses are all of another family is none.
    pub(in crate::engine) fn is_reachable(&self, addresses: AddressList<'_>) -> bool {
        addresses.is_empty() || addresses.iter().any(|address| self.meets(address))
    }

    /// That no backend is there.
    pub(in crate::engine) fn nobody(&self, is_any_ready: bool) -> FlowError {
        let service = self.service.name.clone();
        match self.only_on.filter(|_| is_any_ready) {
            Some(Spot::Named(node)) => FlowError::NoLocalBackend { service, node: node.into() },
            Some(Spot::Address(address)) => FlowError::NoLocalBackend { service, node: address.to_string().into() },
            None => FlowError::NoReadyBackend(service),
        }
    }
}

fn at_one_address<'t>(source: &Candidate<'t>, met: &ResolvedEnd<'t>) -> Candidate<'t> {
    Candidate { addresses: met.address.map_or(AddressList::NONE, AddressList::One), ..*source }
}

/// From pods, and from that node itself, a nodePort reaches every backend, whatever the Service's `externalTrafficPolicy`; so it
/// may from who says no node.
fn is_let_through(tables: &Tables, source: &ResolvedEnd<'_>, node: &ResolvedEnd<'_>) -> bool {
    // Two names tell two nodes apart, whatever addresses they have in common.
    let names = source.identity.node().zip(node.identity.node()).filter(|_| source.is_node());
    if let Some((own, other)) = names {
        return own == other;
    }
    match source.identity {
        EndIdentity::External => false,
        EndIdentity::Node(_) => tables.is_own_for_certain(node, source) || source.address == node.address,
        _ if !source.is_node() => true,
        _ => match (tables.place(source), tables.place(node)) {
            (Place::At(one), Place::At(other)) => one == other || tables.is_own_for_certain(source, node),
            _ => true,
        },
    }
}
