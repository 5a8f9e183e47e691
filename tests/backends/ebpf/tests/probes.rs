//! Flows with their addresses: what a packet is made from, until the oracle hands them out itself.

use std::net::IpAddr;

use netpol_oracle::model::{NodeAddressKind, Service, ServicePort, TargetPort};
use netpol_oracle::net::Family;
use netpol_oracle::net::canonical;
use netpol_oracle::oracle::{Probe, ProbeEnd, ProbeWho};
use netpol_oracle::verdict::Backend;
use netpol_oracle::{Cluster, Destination, Endpoint, Flow, L4, ObjectName, Pod};

/// An end with every address it may use.
#[derive(Clone)]
struct Candidate {
    who: ProbeWho,
    addresses: Vec<IpAddr>,
}

enum Resolved {
    End(Candidate),
    Service(ObjectName, Option<IpAddr>),
}

/// The probe of a flow, or one for each backend of its Service; `backends` are those that the flow has.
pub(crate) fn probes_of(cluster: &Cluster, flow: &Flow, backends: &[Backend]) -> Option<Vec<Probe>> {
    let Resolved::End(source) = resolve(cluster, &flow.source)? else { return None };
    let destination = match &flow.destination {
        Destination::Service(name) => Resolved::Service(name.clone(), None),
        Destination::Endpoint(endpoint) => resolve(cluster, endpoint)?,
        _ => unreachable!("what these tests do not know"),
    };
    match destination {
        Resolved::End(destination) => {
            let (from, to) = meet(&source.addresses, &destination.addresses)?;
            let (source, destination) = (ProbeEnd::new(source.who, from), ProbeEnd::new(destination.who, to));
            Some(vec![Probe::new(flow.clone(), source, destination)])
        }
        Resolved::Service(name, sent_to) => {
            let service = cluster.service(&name)?;
            let own = sent_to.map_or_else(|| service.cluster_addresses.clone(), |address| vec![address]);
            let (from, sent_to) = meet(&source.addresses, &own)?;
            backends
                .iter()
                .map(|backend| translated(cluster, service, flow, (&source.who, from), sent_to, backend))
                .collect()
        }
    }
}

fn resolve(cluster: &Cluster, endpoint: &Endpoint) -> Option<Resolved> {
    let end = |who, addresses| Some(Resolved::End(Candidate { who, addresses }));
    match endpoint {
        Endpoint::Named(name) => match cluster.pod(name) {
            Some(pod) => end(ProbeWho::Pod(name.clone()), addresses_of(cluster, pod)),
            None => {
                let workload = cluster.workloads_named(name).next()?;
                end(ProbeWho::Workload(workload.kind.clone(), name.clone()), Vec::new())
            }
        },
        Endpoint::Workload { kind, name } => end(ProbeWho::Workload(kind.clone(), name.clone()), Vec::new()),
        Endpoint::PodAddress { pod, address } => end(ProbeWho::Pod(pod.clone()), vec![*address]),
        Endpoint::Node(name) => end(ProbeWho::Node(Some(name.clone())), internal(cluster, name)),
        Endpoint::NodeAddress { node, address } => end(ProbeWho::Node(Some(node.clone())), vec![*address]),
        Endpoint::Address(address) => {
            let who = who_has(cluster, *address);
            let service = cluster.services().iter().find(|service| service.cluster_addresses.contains(address));
            match service {
                Some(service) if who == ProbeWho::Outside => {
                    Some(Resolved::Service(service.name.clone(), Some(*address)))
                }
                _ => end(who, vec![*address]),
            }
        }
        // A pod that does not exist sends nothing.
        _ => None,
    }
}

/// Who has an observed address.
pub(crate) fn who_has(cluster: &Cluster, address: IpAddr) -> ProbeWho {
    let pod = cluster.pods().iter().find(|pod| pod.is_live() && !pod.host_network && pod.addresses.contains(&address));
    if let Some(pod) = pod {
        return ProbeWho::Pod(pod.name.clone());
    }
    let node = cluster.nodes().iter().find(|node| node.addresses.iter().any(|entry| entry.address == address));
    if let Some(node) = node {
        return ProbeWho::Node(Some(node.name.clone()));
    }
    let reports = |pod: &&Pod| {
        pod.host_addresses.contains(&address) || (pod.host_network && pod.is_live() && pod.addresses.contains(&address))
    };
    match cluster.pods().iter().find(reports) {
        Some(pod) => ProbeWho::Node(pod.node.clone()),
        None => ProbeWho::Outside,
    }
}

/// The addresses that a pod given by name may use.
pub(crate) fn addresses_of(cluster: &Cluster, pod: &Pod) -> Vec<IpAddr> {
    if !pod.host_network || !pod.addresses.is_empty() {
        pod.addresses.clone()
    } else if !pod.host_addresses.is_empty() {
        pod.host_addresses.clone()
    } else {
        pod.node.as_ref().map_or_else(Vec::new, |node| internal(cluster, node))
    }
}

fn internal(cluster: &Cluster, node: &str) -> Vec<IpAddr> {
    match cluster.node(node) {
        Some(node) => {
            let internal = node.addresses.iter().filter(|entry| entry.kind == NodeAddressKind::InternalIp);
            internal.map(|entry| entry.address).collect()
        }
        None => {
            let there = |pod: &&Pod| pod.node.as_deref() == Some(node) && !pod.host_addresses.is_empty();
            cluster.pods().iter().find(there).map_or_else(Vec::new, |pod| pod.host_addresses.clone())
        }
    }
}

type Pair = (Option<IpAddr>, Option<IpAddr>);

/// The first family of the destination's that the source has too (K22).
fn meet(source: &[IpAddr], destination: &[IpAddr]) -> Option<Pair> {
    if source.is_empty() || destination.is_empty() {
        return Some((source.first().copied(), destination.first().copied()));
    }
    destination.iter().find_map(|to| {
        let from = source.iter().find(|from| Family::of(**from) == Family::of(*to))?;
        Some((Some(canonical(*from)), Some(canonical(*to))))
    })
}

/// The probe by way of one backend (K23).
fn translated(
    cluster: &Cluster,
    service: &Service,
    flow: &Flow,
    (who, from): (&ProbeWho, Option<IpAddr>),
    sent_to: Option<IpAddr>,
    backend: &Backend,
) -> Option<Probe> {
    let L4::Port(protocol, port) = flow.l4 else { return None };
    let wanted = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == port)?;
    let family = sent_to.map(Family::of)?;
    let mut slices = cluster
        .endpoint_slices()
        .iter()
        .filter(|slice| slice.name.namespace() == service.name.namespace() && slice.service == *service.name.name())
        .peekable();
    let (who_else, address, port) = if slices.peek().is_some() {
        slices.find_map(|slice| {
            let port = slice.ports.iter().find(|entry| entry.name == wanted.name && entry.protocol == protocol)?.port;
            slice.endpoints.iter().filter(|entry| entry.ready).find_map(|entry| {
                let address = *entry.addresses.first()?;
                let named = entry.target.as_ref().and_then(|name| cluster.pod(name));
                let own = named.filter(|pod| pod.is_live() && addresses_of(cluster, pod).contains(&address));
                let who = match (own, who_has(cluster, address), named) {
                    (Some(pod), ..) => ProbeWho::Pod(pod.name.clone()),
                    // Nobody has the address: whoever is named does.
                    (None, ProbeWho::Outside, Some(pod)) if pod.is_live() => ProbeWho::Pod(pod.name.clone()),
                    (None, ProbeWho::Outside, Some(_)) => return None,
                    (None, who, _) => who,
                };
                let is_it = match (backend, &who) {
                    (Backend::Object(name), ProbeWho::Pod(pod)) => name == pod,
                    (Backend::Address(wanted), ProbeWho::Node(_) | ProbeWho::Outside) => *wanted == address,
                    _ => false,
                };
                (is_it && Family::of(address) == family).then_some((who, Some(address), port))
            })
        })?
    } else {
        let Backend::Object(name) = backend else { return None };
        match cluster.pod(name) {
            Some(pod) => {
                let address = addresses_of(cluster, pod).into_iter().find(|address| Family::of(*address) == family);
                (ProbeWho::Pod(name.clone()), address, target(wanted, pod)?)
            }
            None => {
                let workload = cluster.workloads_named(name).next()?;
                (ProbeWho::Workload(workload.kind.clone(), name.clone()), None, port)
            }
        }
    };
    let mut flow = flow.clone();
    if let Backend::Object(name) = backend {
        flow = flow.via(name.clone());
    }
    let (source, destination) = (ProbeEnd::new(who.clone(), from), ProbeEnd::new(who_else, address));
    Some(Probe::new(flow, source, destination).translated(sent_to, L4::Port(protocol, port)))
}

fn target(port: &ServicePort, pod: &Pod) -> Option<netpol_oracle::Port> {
    match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => {
            let named = pod.ports.iter().find(|own| own.protocol == port.protocol && own.name.as_ref() == Some(name));
            named.map(|own| own.port)
        }
    }
}
