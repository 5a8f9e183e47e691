//! Flows with the addresses that they have, and what the definition says of them.

use std::net::IpAddr;

use netpol_oracle::model::{OtherProtocol, Service, TargetPort};
use netpol_oracle::net::Family;
use netpol_oracle::oracle::{Probe, ProbeEnd, ProbeWho};
use netpol_oracle::verdict::{Backend, Judged, Sides};
use netpol_oracle::{
    Cluster, Decide, Destination, Endpoint, Flow, L4, Pod, Port, Profile, Protocol, Reference, Verdict,
};
pub(crate) use netpol_test_support::faces::Asked;

/// An end with the flow text it is named by.
#[derive(Clone)]
struct End {
    endpoint: Endpoint,
    end: ProbeEnd,
}

impl End {
    fn family(&self) -> Option<Family> {
        self.end.address.map(Family::of)
    }
}

/// Every pod by each of its addresses, nodes, and addresses of nobody.
fn ends(cluster: &Cluster) -> Vec<End> {
    let end = |endpoint, who, address| End { endpoint, end: ProbeEnd::new(who, Some(address)) };
    let mut ends = Vec::new();
    for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
        let who = || ProbeWho::Pod(pod.name.clone());
        if pod.addresses.is_empty() && !pod.host_network {
            let end = ProbeEnd::new(who(), None);
            ends.push(End { endpoint: Endpoint::Named(pod.name.clone()), end });
        }
        for address in &pod.addresses {
            ends.push(end(Endpoint::PodAddress { pod: pod.name.clone(), address: *address }, who(), *address));
        }
    }
    for node in cluster.nodes().iter() {
        for each in &node.addresses {
            let endpoint = Endpoint::NodeAddress { node: node.name.clone(), address: each.address };
            ends.push(end(endpoint, ProbeWho::Node(Some(node.name.clone())), each.address));
        }
    }
    let outside =
        ["203.0.113.9", "198.51.100.20", "100.125.3.3", "10.0.0.200", "10.96.0.200", "2001:db8::9", "fd00::200"];
    let outside = outside.iter().map(|text| text.parse().unwrap());
    let finished = cluster.pods().iter().filter(|pod| !pod.is_live()).flat_map(|pod| pod.addresses.iter().copied());
    // And addresses that may have been a pod's before.
    let vacant = (1..7_u8).map(|last| IpAddr::from([10, 0, 0, last]));
    for address in outside.chain(finished).chain(vacant) {
        let is_taken = |address| {
            let of_pod = |pod: &Pod| {
                (pod.is_live() && pod.addresses.contains(&address)) || pod.host_addresses.contains(&address)
            };
            cluster.pods().iter().any(of_pod)
                || cluster.nodes().iter().any(|node| node.addresses.iter().any(|each| each.address == address))
                || cluster.services().iter().any(|service| service.cluster_addresses.contains(&address))
        };
        if !is_taken(address) && !ends.iter().any(|end| end.end.address == Some(address)) {
            ends.push(end(Endpoint::Address(address), ProbeWho::Outside, address));
        }
    }
    ends
}

fn l4s() -> Vec<L4> {
    let port = |protocol, number| L4::Port(protocol, Port::new(number).unwrap());
    vec![
        port(Protocol::Tcp, 8080),
        port(Protocol::Tcp, 80),
        port(Protocol::Tcp, 443),
        port(Protocol::Tcp, 8090),
        port(Protocol::Tcp, 65535),
        port(Protocol::Udp, 8080),
        port(Protocol::Udp, 80),
        port(Protocol::Sctp, 8080),
        port(Protocol::Sctp, 80),
        port(Protocol::Tcp, 8081),
        L4::Icmp,
        L4::Other(OtherProtocol::new(47).unwrap()),
    ]
}

/// All pairs of ends of which one at least is a pod; over all pairs every protocol and port.
pub(crate) fn asked(cluster: &Cluster, profile: &Profile) -> Vec<Asked> {
    let reference = Reference::new(cluster, profile);
    let (ends, l4s) = (ends(cluster), l4s());
    let mut all = Vec::new();
    let is_pod = |end: &End| matches!(end.end.who, ProbeWho::Pod(_));
    for (i, source) in ends.iter().enumerate() {
        for (j, destination) in ends.iter().enumerate() {
            let meet =
                source.family() == destination.family() || source.family().is_none() || destination.family().is_none();
            if !meet || !(is_pod(source) || is_pod(destination)) {
                continue;
            }
            let shared = (0..3).map(|k| l4s[2 + (i + j * 3 + k * 4) % (l4s.len() - 2)]);
            for l4 in l4s.iter().take(2).copied().chain(shared) {
                let flow = Flow::new(source.endpoint.clone(), destination.endpoint.clone().into(), l4);
                if let Ok(decision) = reference.decide(&flow) {
                    let Judged::Sides(sides) = &decision.judged else { panic!("{flow} goes to no Service") };
                    let (source, destination) = (source.end.clone(), destination.end.clone());
                    let probe = Probe::new(flow, source, destination);
                    all.push(asked_of(probe, decision.verdict, sides));
                }
            }
        }
        for service in cluster.services().iter() {
            to_service(cluster, &reference, source, service, &mut all);
        }
    }
    all
}

fn asked_of(probe: Probe, verdict: Verdict, sides: &Sides) -> Asked {
    Asked { probe, verdict, egress: sides.egress.verdict, ingress: sides.ingress.verdict }
}

/// A flow to each port of a Service, by way of each of its backends.
fn to_service(cluster: &Cluster, reference: &Reference<'_>, source: &End, service: &Service, all: &mut Vec<Asked>) {
    let Some(family) = source.family() else { return };
    let Some(sent_to) = service.cluster_addresses.iter().find(|address| Family::of(**address) == family) else {
        return;
    };
    for port in &service.ports {
        let flow = Flow::new(
            source.endpoint.clone(),
            Destination::Service(service.name.clone()),
            L4::Port(port.protocol, port.port),
        );
        let Ok(decision) = reference.decide(&flow) else { continue };
        let Judged::Backends(backends) = &decision.judged else { panic!("{flow} goes to a Service") };
        for each in backends {
            let end = match &each.backend {
                Backend::Object(name) => match cluster.pod(name) {
                    Some(pod) => {
                        let address = pod.addresses.iter().find(|address| Family::of(**address) == family).copied();
                        ProbeEnd::new(ProbeWho::Pod(name.clone()), address)
                    }
                    // Workloads have no addresses.
                    None => continue,
                },
                Backend::Address(address) => ProbeEnd::new(who_at(cluster, *address), Some(*address)),
                _ => continue,
            };
            let Some(number) = translated(cluster, service, port, &each.backend) else { continue };
            let flow = match &each.backend {
                Backend::Object(name) => flow.clone().via(name.clone()),
                _ => flow.clone(),
            };
            let l4 = L4::Port(port.protocol, number);
            let probe = Probe::new(flow, source.end.clone(), end).translated(Some(*sent_to), l4);
            all.push(asked_of(probe, each.verdict, &each.sides));
        }
    }
}

/// A backend that is no pod: a node or an address outside.
fn who_at(cluster: &Cluster, address: IpAddr) -> ProbeWho {
    let node = cluster.nodes().iter().find(|node| node.addresses.iter().any(|each| each.address == address));
    match node {
        Some(node) => ProbeWho::Node(Some(node.name.clone())),
        None => match cluster.pods().iter().find(|pod| pod.host_addresses.contains(&address)) {
            Some(pod) => ProbeWho::Node(pod.node.clone()),
            None => ProbeWho::Outside,
        },
    }
}

/// The port of the backend; none where slices of the Service do not agree on it.
fn translated(
    cluster: &Cluster,
    service: &Service,
    port: &netpol_oracle::model::ServicePort,
    backend: &Backend,
) -> Option<Port> {
    let slices: Vec<_> = cluster
        .endpoint_slices()
        .in_namespace(service.name.namespace())
        .filter(|slice| slice.service == *service.name.name())
        .collect();
    if !slices.is_empty() {
        let ports = slices.iter().flat_map(|slice| &slice.ports);
        let mut numbers = ports.filter(|each| each.name == port.name && each.protocol == port.protocol);
        let first = numbers.next()?.port;
        return numbers.all(|each| each.port == first).then_some(first);
    }
    match (&port.target, backend) {
        (TargetPort::Number(number), _) => Some(*number),
        (TargetPort::Name(name), Backend::Object(pod)) => {
            let ports = &cluster.pod(pod)?.ports;
            ports.iter().find(|each| each.name.as_ref() == Some(name) && each.protocol == port.protocol).map(|p| p.port)
        }
        (TargetPort::Name(_), _) => None,
    }
}
