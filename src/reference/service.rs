//! Flows to a Service, by its ClusterIP, another face or its name: one question for each ready backend (K23, K26).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::cluster::{Cluster, ExternalTrafficPolicy, Service, ServiceKind};
use crate::model::flow::L4;
use crate::name::ObjectName;
use crate::net::{Family, Port};
use crate::reference::asking::Asking;
use crate::reference::backends::{self, Endpoint};
use crate::reference::endpoint::{self, Candidate};
use crate::reference::face::{self, Face};
use crate::reference::node::{self, Place, Spot};
use crate::reference::question::{PassedOn, Question, Sent};
use crate::reference::who::{Party, Who};
use crate::verdict::{Backend, FlowError};

/// How a flow comes to a Service's backends.
struct Front<'c> {
    source: Candidate<'c>,
    /// Of the address that it was sent to; none where that is not known.
    family: Option<Family>,
    l4: L4,
    sent: Sent<'c>,
}

pub(super) type Questions<'c> = Vec<(Backend, Question<'c>)>;

/// A flow to `service`; `sent_to` where it named a ClusterIP.
pub(super) fn by_cluster_ip<'c>(
    asking: &Asking<'_, 'c>,
    service: &'c Service,
    sent_to: Option<IpAddr>,
    source: &Candidate<'c>,
    l4: L4,
    via: Option<&ObjectName>,
) -> Result<Questions<'c>, FlowError> {
    match service.kind {
        ServiceKind::ClusterIp => {}
        ServiceKind::Headless => return headless(asking, service, source, l4, via),
        ServiceKind::ExternalName => return Err(FlowError::ExternalName(service.name.clone())),
    }
    let L4::Port(protocol, port) = l4 else { return Err(FlowError::PortlessService(service.name.clone())) };
    let service_port = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == port);
    let service_port = service_port.ok_or_else(|| face::no_such_port(service, protocol, port))?;

    // The ClusterIP of the source's family; a manifest that has none yet leaves the family to the backends.
    let entry = Candidate::new(
        Who::ClusterIp,
        sent_to.map_or_else(|| service.cluster_addresses.clone(), |address| vec![address]),
        sent_to.is_some(),
        format!("svc/{}", service.name),
    );
    let (sender, entry) = endpoint::meet(source, &entry)?;
    let source = match entry.address {
        Some(_) => met(source, &sender),
        None => source.clone(),
    };
    let sent = Sent::ClusterIp { address: entry.address, port };
    let front = Front { source, family: entry.address.map(Family::of), l4, sent };
    let found = in_family(&front, backends::of(asking, service, Some(service_port))?);
    questions(asking, service, front, found, via)
}

/// A flow to another face: `to` is whoever has the address that it was sent to.
pub(super) fn by_face<'c>(
    asking: &Asking<'_, 'c>,
    face: &Face<'c>,
    source: &Candidate<'c>,
    (sender, to, address): (&Party<'c>, Who<'c>, IpAddr),
    (protocol_port, via): (L4, Option<&ObjectName>),
) -> Result<Questions<'c>, FlowError> {
    let L4::Port(_, port) = protocol_port else { return Err(FlowError::ViaWithoutService) };
    let name = node_name(asking.cluster, to, address);
    let at = if to.is_host_network() { Who::Node(name) } else { to };
    let sent = |passed_on| Sent::Face { at, address, port, passed_on };
    let front = |passed_on| Front {
        source: met(source, sender),
        family: Some(Family::of(address)),
        l4: protocol_port,
        sent: sent(passed_on),
    };
    match face {
        Face::HostPort(pod, port) => host_port(asking, (Who::Pod(pod), *port), name, front(PassedOn::Never), via),
        Face::HostPortOfWorkload(workload, port) => {
            host_port(asking, (Who::Workload(workload), *port), name, front(PassedOn::Never), via)
        }
        Face::Address(service, entry) => {
            let passed_on = match service.external_traffic_policy {
                ExternalTrafficPolicy::Cluster => PassedOn::Some,
                ExternalTrafficPolicy::Local => PassedOn::Never,
            };
            let front = front(passed_on);
            let found = in_family(&front, backends::of(asking, service, Some(entry))?);
            questions(asking, service, front, found, via)
        }
        Face::NodePort(service, entry) => {
            let local = service.external_traffic_policy == ExternalTrafficPolicy::Local;
            let front = front(if local { PassedOn::Never } else { PassedOn::Named(name) });
            let mut found = in_family(&front, placed(backends::of(asking, service, Some(entry))?));
            if local && !reaches_every_backend(asking.cluster, sender, at, address) && !found.is_empty() {
                found = on_node(asking.cluster, found, name, address);
                if found.is_empty() {
                    let node = name.map_or_else(|| address.to_string().into(), Into::into);
                    return Err(FlowError::NoLocalBackend { service: service.name.clone(), node });
                }
            }
            questions(asking, service, front, found, via)
        }
    }
}

/// The node that has the address of a face.
fn node_name<'c>(cluster: &'c Cluster, to: Who<'c>, address: IpAddr) -> Option<&'c str> {
    to.node().or_else(|| node::at(cluster, address).ok().flatten().flatten())
}

/// The source by the one address that it meets the other end with.
fn met<'c>(source: &Candidate<'c>, sender: &Party<'c>) -> Candidate<'c> {
    Candidate { addresses: sender.address.into_iter().collect(), ..source.clone() }
}

/// Pods and the node itself reach every backend by a nodePort of `externalTrafficPolicy: Local`; so may who says no node. Where
/// both have a name the names decide, whatever addresses the two have in common.
fn reaches_every_backend(cluster: &Cluster, sender: &Party<'_>, at: Who<'_>, address: IpAddr) -> bool {
    let node = Party::new(at, Some(address));
    match sender.who {
        Who::External | Who::ClusterIp => false,
        Who::Node(Some(name)) if at.node().is_some() => at.node() == Some(name),
        Who::Node(_) => node::is_own_for_certain(cluster, &node, sender) || sender.address == node.address,
        _ if !sender.who.is_host_network() => true,
        _ if sender.who.node().is_some() && at.node().is_some() => sender.who.node() == at.node(),
        _ => match (node::place(cluster, sender), node::place(cluster, &node)) {
            (Place::Said(one), Place::Said(other)) => one == other || node::is_own_for_certain(cluster, sender, &node),
            _ => true,
        },
    }
}

/// Whoever lists a backend says for all where it is: in whatever slice, at whatever address.
fn placed<'c>(mut endpoints: Vec<Endpoint<'c>>) -> Vec<Endpoint<'c>> {
    let mut said: BTreeMap<Backend, Vec<&'c str>> = BTreeMap::new();
    for endpoint in &endpoints {
        said.entry(endpoint.backend.clone()).or_default().extend(&endpoint.listed_on);
    }
    for endpoint in &mut endpoints {
        endpoint.listed_on = said.get(&endpoint.backend).cloned().unwrap_or_default();
    }
    endpoints
}

/// The node's own backends; one whose node neither it nor any slice says is taken to be there, one of whom slices say several is on
/// each.
fn on_node<'c>(
    cluster: &'c Cluster,
    found: Vec<Endpoint<'c>>,
    name: Option<&'c str>,
    address: IpAddr,
) -> Vec<Endpoint<'c>> {
    let here = name.map_or(Spot::At(address), Spot::Named);
    let taken = |mut endpoint: Endpoint<'c>| {
        let party = endpoint.candidate.party(endpoint.candidate.addresses.first().copied());
        let is_listed = endpoint.listed_on.iter().any(|listed| here == Spot::Named(listed));
        match (node::place(cluster, &party), endpoint.listed_on.is_empty()) {
            (Place::Said(spot), _) => (spot == here).then_some(endpoint),
            (Place::Nowhere, false) => is_listed.then_some(endpoint),
            (Place::Unsaid(_), false) => is_listed.then(|| {
                endpoint.candidate.taken_on = name;
                endpoint
            }),
            (Place::Unsaid(selector), true) => node::admits(cluster, selector, here).then(|| {
                endpoint.candidate.taken_on = name;
                endpoint
            }),
            (Place::Nowhere, true) => Some(endpoint),
        }
    };
    found.into_iter().filter_map(taken).collect()
}

/// A flow to a headless Service: nothing is rewritten, and no port list limits.
fn headless<'c>(
    asking: &Asking<'_, 'c>,
    service: &'c Service,
    source: &Candidate<'c>,
    l4: L4,
    via: Option<&ObjectName>,
) -> Result<Questions<'c>, FlowError> {
    let front = Front { source: source.clone(), family: None, l4, sent: Sent::Straight };
    // What several slices say of one backend are its addresses, a pod's in the pod's own order.
    let mut found: Vec<Endpoint<'c>> = Vec::new();
    for endpoint in backends::of(asking, service, None)? {
        match found.iter_mut().find(|known| known.backend == endpoint.backend) {
            Some(known) => known.candidate.addresses.extend(endpoint.candidate.addresses),
            None => found.push(endpoint),
        }
    }
    for endpoint in &mut found {
        if let Who::Pod(pod) = endpoint.candidate.who {
            let place = |address: &IpAddr| pod.addresses.iter().position(|own| own == address);
            endpoint.candidate.addresses.sort_by_key(|address| place(address).unwrap_or(usize::MAX));
        }
    }
    let found = in_family(&front, found);
    questions(asking, service, front, found, via)
}

/// A flow to the `hostPort` of who is on the node.
fn host_port<'c>(
    asking: &Asking<'_, 'c>,
    (who, port): (Who<'c>, Port),
    node: Option<&'c str>,
    front: Front<'c>,
    via: Option<&ObjectName>,
) -> Result<Questions<'c>, FlowError> {
    let Some(backend) = backends::backend(asking.cluster, who) else { return Ok(Vec::new()) };
    if via.is_some_and(|via| Backend::Object(via.clone()) != backend) {
        return Err(FlowError::ViaWithoutService);
    }
    let mut candidate = Candidate::new(who, endpoint::addresses_of(asking.cluster, who), false, backend.to_string());
    if matches!(who, Who::Workload(_)) {
        candidate.taken_on = node;
    }
    let endpoint = Endpoint { backend, candidate, port: Some(port), listed_on: Vec::new() };
    in_family(&front, vec![endpoint]).into_iter().map(|endpoint| question(&front, endpoint)).collect()
}

/// Each backend once on each of its ports, with the addresses that the flow may meet it by; one that has addresses and none of these is passed
/// over.
fn in_family<'c>(front: &Front<'c>, endpoints: Vec<Endpoint<'c>>) -> Vec<Endpoint<'c>> {
    let sources = &front.source.addresses;
    let meets = |address: &IpAddr| match front.family {
        Some(family) => Family::of(*address) == family,
        None => sources.is_empty() || sources.iter().any(|own| Family::of(*own) == Family::of(*address)),
    };
    let mut found: Vec<Endpoint<'c>> = Vec::new();
    for mut endpoint in endpoints {
        let addresses = &mut endpoint.candidate.addresses;
        if !addresses.is_empty() {
            addresses.retain(meets);
            if addresses.is_empty() {
                continue;
            }
        }
        // On another port it is another backend.
        if !found.iter().any(|known| (&known.backend, known.port) == (&endpoint.backend, endpoint.port)) {
            found.push(endpoint);
        }
    }
    found.sort_by(|a, b| (&a.backend, a.port).cmp(&(&b.backend, b.port)));
    found
}

fn questions<'c>(
    asking: &Asking<'_, 'c>,
    service: &'c Service,
    front: Front<'c>,
    mut found: Vec<Endpoint<'c>>,
    via: Option<&ObjectName>,
) -> Result<Questions<'c>, FlowError> {
    if found.is_empty() {
        return Err(FlowError::NoReadyBackend(service.name.clone()));
    }
    if let Some(name) = via {
        found = named(asking.cluster, found, name).map_err(|found| FlowError::NotABackend {
            backend: name.clone(),
            service: service.name.clone(),
            backends: found.into_iter().map(|endpoint| endpoint.backend).collect(),
        })?;
    }
    found.into_iter().map(|endpoint| question(&front, endpoint)).collect()
}

/// The backend of that name: one of them, else a replica of one (K27); else all that there are.
fn named<'c>(
    cluster: &'c Cluster,
    found: Vec<Endpoint<'c>>,
    name: &ObjectName,
) -> Result<Vec<Endpoint<'c>>, Vec<Endpoint<'c>>> {
    let wanted = Backend::Object(name.clone());
    let replica = endpoint::replica(cluster, name);
    let is_set = |endpoint: &Endpoint<'_>| match (endpoint.candidate.who, replica) {
        (Who::Workload(workload), Some(Who::Replica(set, _))) => std::ptr::eq(workload, set),
        _ => false,
    };
    if found.iter().any(|endpoint| endpoint.backend == wanted) {
        return Ok(found.into_iter().filter(|endpoint| endpoint.backend == wanted).collect());
    }
    if !found.iter().any(is_set) {
        return Err(found);
    }
    let mut only: Vec<Endpoint<'c>> = found.into_iter().filter(is_set).collect();
    for endpoint in &mut only {
        endpoint.candidate.who = replica.unwrap_or(endpoint.candidate.who);
        endpoint.backend = wanted.clone();
    }
    Ok(only)
}

fn question<'c>(front: &Front<'c>, endpoint: Endpoint<'c>) -> Result<(Backend, Question<'c>), FlowError> {
    let (source, destination) = endpoint::meet(&front.source, &endpoint.candidate)?;
    let l4 = match (front.l4, endpoint.port) {
        (L4::Port(protocol, _), Some(port)) => L4::Port(protocol, port),
        (l4, _) => l4,
    };
    Ok((endpoint.backend, Question { source, destination, l4, sent: front.sent }))
}
