//! Where a flow goes from and to, and by way of what (section 1, K22, K23, K26).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netpol_oracle::model::{ExternalTrafficPolicy, Service, ServiceKind, ServicePort};
use netpol_oracle::net::Family;
use netpol_oracle::verdict::Backend;
use netpol_oracle::{Cluster, Destination, Direction, Flow, L4, ObjectName, Profile};

use super::ends::{End, Party, Someone, common_family, end, families, party};
use super::faces::{Face, face};
use super::labels::told_apart;
use super::nodes::{Spot, admits, says_it_runs_on};
use super::resolution::{Resolve, Tip};
use super::services::{Found, backends, called};

/// What the source sent to, where that is not the destination itself.
#[derive(Debug, Clone)]
pub(super) enum Sent<'a> {
    /// The destination itself.
    Plain,
    /// A Service's ClusterIP; no address where a manifest says none yet.
    ClusterIp(Option<IpAddr>),
    /// A face (K26).
    Face { to: Party<'a>, passed_on: By },
}

/// Who may stand in the client's place behind a face (U9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Nobody,
    /// The node that was named.
    Named,
    SomeNode,
}

impl<'a> Sent<'a> {
    pub(super) fn is_passed_on(&self) -> bool {
        matches!(self, Self::Face { passed_on, .. } if *passed_on != By::Nobody)
    }

    /// The node that was sent to.
    pub(super) fn machine(&self) -> Option<&Party<'a>> {
        match self {
            Self::Face { to: to @ Party::Machine(..), .. } => Some(to),
            _ => None,
        }
    }

    /// The node that passes the connection on, if it does.
    pub(super) fn node_named(&self) -> Option<(Option<&'a str>, IpAddr)> {
        match self {
            Self::Face { to: Party::Machine(name, address), passed_on: By::Named } => Some((*name, *address)),
            _ => None,
        }
    }
}

/// A flow after resolution and translation: what policies are asked about.
#[derive(Debug, Clone)]
pub(crate) struct Crossing<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) profile: &'a Profile,
    pub(super) source: Party<'a>,
    pub(super) destination: Party<'a>,
    /// As it arrives.
    pub(super) l4: L4,
    /// As it was sent.
    pub(super) l4_sent: L4,
    pub(super) family: Family,
    pub(super) sent: Sent<'a>,
    /// The values of labels that selectors tell apart, by key.
    pub(super) told_apart: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Crossing<'a> {
    pub(crate) fn passes(&self, resolve: &mut Resolve<'_>) -> bool {
        self.side(Direction::Egress, resolve) && self.side(Direction::Ingress, resolve)
    }

    pub(super) fn party(&self, tip: Tip) -> &Party<'a> {
        if tip == Tip::Source { &self.source } else { &self.destination }
    }

    /// The pod, or pods, at that end.
    pub(super) fn someone(&self, tip: Tip) -> Option<&Someone<'a>> {
        match self.party(tip) {
            Party::Pod(someone, _) => Some(someone),
            _ => None,
        }
    }
}

/// A flow, resolved: itself, or each backend of its Service by name. An error is a `FlowError`'s code; those about
/// families are all `family`.
pub(crate) struct Route<'a> {
    pub(crate) crossings: Vec<(Option<Backend>, Crossing<'a>)>,
}

/// What a flow to a Service is judged by.
struct Way<'a> {
    service: &'a Service,
    /// None of a headless one.
    port: Option<&'a ServicePort>,
    sent: Sent<'a>,
    /// The family of what was sent to, where something was that has one.
    family: Option<Family>,
}

impl<'a> Route<'a> {
    pub(crate) fn of(cluster: &'a Cluster, profile: &'a Profile, flow: &'a Flow) -> Result<Self, &'static str> {
        let route = Router { cluster, profile, flow };
        // Faces are destinations alone.
        let source = end(cluster, profile, &flow.source)?;
        if let End::Service(..) = source {
            return Err("service-as-source");
        }
        match &flow.destination {
            Destination::Service(name) => {
                let service = cluster.service(name).ok_or("unknown-service")?;
                route.to_cluster_ip(&source, service, None)
            }
            Destination::Endpoint(endpoint) => route.to_endpoint(&source, end(cluster, profile, endpoint)?),
            _ => unreachable!("a destination that this evaluation does not know"),
        }
    }
}

struct Router<'a> {
    cluster: &'a Cluster,
    profile: &'a Profile,
    flow: &'a Flow,
}

impl<'a> Router<'a> {
    fn crossing(
        &self,
        source: Party<'a>,
        destination: Party<'a>,
        l4: L4,
        family: Family,
        sent: Sent<'a>,
    ) -> Crossing<'a> {
        Crossing {
            cluster: self.cluster,
            profile: self.profile,
            source,
            destination,
            l4,
            l4_sent: self.flow.l4,
            family,
            sent,
            told_apart: told_apart(self.cluster),
        }
    }

    fn to_endpoint(&self, source: &End<'a>, destination: End<'a>) -> Result<Route<'a>, &'static str> {
        let from = families(source);
        // The address that is sent to, if it is no pod's own.
        let address = match &destination {
            End::Pod(pod, _) if !pod.host_network => None,
            End::Nowhere(_) => None,
            End::Service(_, address) => *address,
            End::Fixed(party) => party.address(),
            End::Pod(..) | End::Host(..) | End::Node(_) | End::Reported(..) => {
                let family = common_family(&from, &families(&destination))?;
                party(self.cluster, &destination, family)?.address()
            }
        };
        let node = match &destination {
            End::Node(node) => Some(Some(&*node.name)),
            End::Reported(name, _) => Some(Some(*name)),
            End::Fixed(Party::Machine(name, _)) => Some(*name),
            End::Pod(pod, _) | End::Host(pod, _) => Some(pod.node.as_deref()),
            _ => None,
        };
        let met = match address {
            Some(address) => face(self.cluster, address, node, self.flow.l4)?.map(|face| (address, face)),
            None => None,
        };
        match (met, destination) {
            (Some((address, face)), destination) => self.to_face(source, address, face, &destination),
            (None, End::Service(service, address)) => self.to_cluster_ip(source, service, address),
            (None, destination) => {
                if self.flow.via.is_some() {
                    return Err("via-without-service");
                }
                let family = common_family(&from, &families(&destination))?;
                let (source, destination) =
                    (party(self.cluster, source, family)?, party(self.cluster, &destination, family)?);
                let family = family.unwrap_or(Family::V4);
                let crossing = self.crossing(source, destination, self.flow.l4, family, Sent::Plain);
                Ok(Route { crossings: vec![(None, crossing)] })
            }
        }
    }

    fn to_face(
        &self,
        source: &End<'a>,
        address: IpAddr,
        face: Face<'a>,
        destination: &End<'a>,
    ) -> Result<Route<'a>, &'static str> {
        let family = Family::of(address);
        // A node is what it is; anything else is an address.
        let to = match destination {
            End::Pod(pod, _) | End::Host(pod, _) => Party::Machine(pod.node.as_deref(), address),
            End::Node(node) => Party::Machine(Some(&*node.name), address),
            End::Reported(name, _) => Party::Machine(Some(name), address),
            End::Fixed(party) => party.clone(),
            End::Service(..) | End::Nowhere(_) => Party::World(address),
        };
        let (service, port, passed_on) = match face {
            Face::HostPort(pod, port) => {
                let backend = Backend::Object(pod.name.clone());
                if self.flow.via.as_ref().is_some_and(|via| *via != pod.name) {
                    return Err("not-a-backend");
                }
                let L4::Port(protocol, _) = self.flow.l4 else { return Err("portless") };
                common_family(&families(source), &[family])?;
                common_family(&[family], &families(&End::Pod(pod, None)))?;
                let (source, destination) = (
                    party(self.cluster, source, Some(family))?,
                    party(self.cluster, &End::Pod(pod, None), Some(family))?,
                );
                let sent = Sent::Face { to, passed_on: By::Nobody };
                let crossing = self.crossing(source, destination, L4::Port(protocol, port), family, sent);
                return Ok(Route { crossings: vec![(Some(backend), crossing)] });
            }
            Face::OfWorkload(workload, port) => {
                let backend = called(self.cluster, workload, workload.name.clone());
                if self.flow.via.as_ref().is_some_and(|via| Backend::Object(via.clone()) != backend) {
                    return Err("not-a-backend");
                }
                let L4::Port(protocol, _) = self.flow.l4 else { return Err("portless") };
                common_family(&families(source), &[family])?;
                let source = party(self.cluster, source, Some(family))?;
                // That one of its pods which is there.
                let mut own = Someone::workload(workload, self.profile);
                if let Party::Machine(name, _) = &to {
                    own.node = own.node.or(*name);
                }
                let sent = Sent::Face { to, passed_on: By::Nobody };
                let l4 = L4::Port(protocol, port);
                let crossing = self.crossing(source, Party::Pod(own, None), l4, family, sent);
                return Ok(Route { crossings: vec![(Some(backend), crossing)] });
            }
            Face::Front(service, port) => (service, port, By::SomeNode),
            Face::NodePort(service, port) => (service, port, By::Named),
        };
        common_family(&families(source), &[family])?;
        let local = service.external_traffic_policy == ExternalTrafficPolicy::Local;
        let passed_on = if local { By::Nobody } else { passed_on };
        let way =
            Way { service, port: Some(port), sent: Sent::Face { to: to.clone(), passed_on }, family: Some(family) };
        let only_own = local && matches!(face, Face::NodePort(..));
        self.by_way_of(source, way, only_own.then_some(&to))
    }

    fn to_cluster_ip(
        &self,
        source: &End<'a>,
        service: &'a Service,
        address: Option<IpAddr>,
    ) -> Result<Route<'a>, &'static str> {
        match service.kind {
            ServiceKind::ExternalName => return Err("external-name"),
            ServiceKind::Headless => {
                let way = Way { service, port: None, sent: Sent::Plain, family: None };
                return self.by_way_of(source, way, None);
            }
            ServiceKind::ClusterIp => {}
            _ => unreachable!("a kind of Service that this evaluation does not know"),
        }
        let L4::Port(protocol, port) = self.flow.l4 else { return Err("portless-service") };
        let wanted = |each: &&ServicePort| each.protocol == protocol && each.port == port;
        let port = service.ports.iter().find(wanted).ok_or("no-such-port")?;
        // Without a ClusterIP yet nothing but the ends says the family.
        let mut family = None;
        if !service.cluster_addresses.is_empty() {
            let common = common_family(&families(source), &families(&End::Service(service, address)))?;
            family = Some(common.unwrap_or(Family::V4));
        }
        let of_family = |each: &IpAddr| Some(Family::of(*each)) == family;
        let cluster_ip = service.cluster_addresses.iter().copied().find(of_family);
        if family.is_some() && cluster_ip.is_none() {
            return Err("family");
        }
        let way = Way { service, port: Some(port), sent: Sent::ClusterIp(cluster_ip), family };
        self.by_way_of(source, way, None)
    }

    /// Each backend; `only_own`: the node whose own ones are reached alone, from outside and from other nodes (K26).
    fn by_way_of(
        &self,
        source: &End<'a>,
        way: Way<'a>,
        only_own: Option<&Party<'a>>,
    ) -> Result<Route<'a>, &'static str> {
        let mut found = backends(self.cluster, self.profile, way.service, way.port)?;
        let from = families(source);
        // Of one pod, by way of a headless Service, its own addresses first, in its own order.
        let place = |found: &Found<'_>| match &found.party {
            Party::Pod(pod, Some(address)) if way.port.is_none() => pod.addresses.iter().position(|own| own == address),
            _ => None,
        };
        let rank = |found: &Found<'_>| if way.port.is_none() { place(found).unwrap_or(usize::MAX) } else { 0 };
        // What one of those who list a backend says holds for it on every port.
        let mut said: BTreeMap<Backend, BTreeSet<&str>> = BTreeMap::new();
        for each in &found {
            said.entry(each.backend.clone()).or_default().extend(&each.nodes);
        }
        for each in &mut found {
            each.nodes = said.get(&each.backend).cloned().unwrap_or_default();
        }
        found.sort_by(|a, b| (&a.backend, a.port).cmp(&(&b.backend, b.port)).then_with(|| rank(a).cmp(&rank(b))));
        let mut chosen: Vec<(Found<'a>, Family)> = Vec::new();
        for same in found.chunk_by(|a, b| (&a.backend, a.port) == (&b.backend, b.port)) {
            let own: Vec<Family> = same.iter().filter_map(|each| each.party.address()).map(Family::of).collect();
            let family = match way.family {
                Some(family) => family,
                None => match common_family(&from, &own) {
                    Ok(family) => family.unwrap_or(Family::V4),
                    Err(_) => continue,
                },
            };
            let fits = |each: &&Found<'a>| each.party.address().is_none_or(|address| Family::of(address) == family);
            chosen.extend(same.iter().find(fits).map(|each| (each.clone(), family)));
        }
        if let Some(node) = only_own {
            let client = party(self.cluster, source, way.family)?;
            if self.is_elsewhere(&client, node) {
                let some = !chosen.is_empty();
                chosen.retain_mut(|(found, _)| self.is_own(found, node));
                if some && chosen.is_empty() {
                    return Err("no-local-backend");
                }
            }
        }
        if chosen.is_empty() {
            return Err("no-ready-backend");
        }
        if let Some(via) = &self.flow.via {
            let own = Backend::Object(via.clone());
            if chosen.iter().any(|(found, _)| found.backend == own) {
                chosen.retain(|(found, _)| found.backend == own);
            } else {
                chosen.retain_mut(|(found, _)| is_replica(found, via));
            }
            if chosen.is_empty() {
                return Err("not-a-backend");
            }
        }
        let crossings = chosen.into_iter().map(|(found, family)| {
            let l4 = match (self.flow.l4, found.port) {
                (L4::Port(protocol, _), Some(port)) => L4::Port(protocol, port),
                (as_sent, _) => as_sent,
            };
            // A source without a family (K22) is a pod without an address.
            let source = party(self.cluster, source, Some(family))?;
            let crossing = self.crossing(source, found.party, l4, family, way.sent.clone());
            Ok((Some(found.backend), crossing))
        });
        Ok(Route { crossings: crossings.collect::<Result<_, &'static str>>()? })
    }

    /// The client is outside, or a node other than that one.
    fn is_elsewhere(&self, client: &Party<'a>, node: &Party<'a>) -> bool {
        let Party::Machine(name, address) = node else { return false };
        match client {
            Party::Pod(pod, _) if !pod.host_network => false,
            Party::Pod(pod, _) => !pod.says_no_node() && !says_it_runs_on(self.cluster, pod, *name, *address),
            // By names where both have one (K20).
            Party::Machine(Some(other), _) if name.is_some() => Some(*other) != *name,
            Party::Machine(_, at) => at != address,
            Party::World(_) | Party::ClusterIp(_) => true,
        }
    }

    /// The backend is the node's own, or nobody says whose it is: then it is taken to be there.
    fn is_own(&self, found: &mut Found<'a>, node: &Party<'a>) -> bool {
        let Party::Machine(name, address) = node else { return false };
        let says_nothing = match &found.party {
            Party::Pod(pod, _) => pod.says_no_node(),
            Party::Machine(..) => false,
            Party::World(_) | Party::ClusterIp(_) => true,
        };
        // Whoever lists it says it in its place.
        if says_nothing && !found.nodes.is_empty() {
            if let Party::Pod(pod, _) = &mut found.party {
                pod.node = *name;
            }
            return name.is_some_and(|name| found.nodes.contains(name));
        }
        match &mut found.party {
            Party::Pod(pod, _) if pod.says_no_node() => {
                pod.node = *name;
                name.is_none_or(|name| admits(self.cluster, pod.node_selector, Spot::Named(name)))
            }
            Party::Pod(pod, _) => says_it_runs_on(self.cluster, pod, *name, *address),
            Party::Machine(other, at) => at == address || name.is_some() && other == name,
            Party::World(_) | Party::ClusterIp(_) => true,
        }
    }
}

/// Whether `via` means one replica of the backend; then it is that replica alone.
fn is_replica(found: &mut Found<'_>, via: &ObjectName) -> bool {
    let Party::Pod(who, None) = &found.party else { return false };
    let Some(replica) = who.clone().replica_named(via).filter(|_| who.one.is_none()) else { return false };
    found.backend = Backend::Object(via.clone());
    found.party = Party::Pod(replica, None);
    true
}
