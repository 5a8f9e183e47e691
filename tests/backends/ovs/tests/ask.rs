//! Questions with their answers: a flow as packets, and what the definition says of each.

use std::net::IpAddr;

use netpol_oracle::model::{NodeAddressKind, OtherProtocol, Service, ServicePort, TargetPort};
use netpol_oracle::net::Family;
use netpol_oracle::oracle::{Probe, ProbeEnd, ProbeWho};
use netpol_oracle::verdict::{Backend, Judged, Sides};
use netpol_oracle::{
    Cluster, Decide, Destination, Endpoint, Flow, FlowError, L4, ObjectName, Pod, Port, Profile, Protocol, Reference,
};
use netpol_test_support::faces::Asked;

/// The packets of a flow, one for each backend of a Service.
pub(crate) fn ask(cluster: &Cluster, profile: &Profile, flow: &Flow) -> Result<Vec<Asked>, FlowError> {
    let decision = Reference::new(cluster, profile).decide(flow)?;
    let source = candidate(cluster, &flow.source);
    let asked = |probe: Probe, verdict, sides: &Sides| Asked {
        probe,
        verdict,
        egress: sides.egress.verdict,
        ingress: sides.ingress.verdict,
    };
    let mut all = Vec::new();
    match &decision.judged {
        Judged::Sides(sides) => {
            if let Destination::Endpoint(endpoint) = &flow.destination {
                let (source, destination) = meet(&source, &candidate(cluster, endpoint));
                let probe = Probe::new(flow.clone(), source, destination);
                all.push(asked(probe, decision.verdict, sides));
            }
        }
        Judged::Backends(backends) => {
            let Some((service, ips)) = service_of(cluster, &flow.destination) else { return Ok(all) };
            let (source, entry) = meet(&source, &(ProbeWho::Outside, ips));
            for backend in backends {
                let Some((destination, l4)) = backend_of(cluster, service, &backend.backend, flow.l4, entry.address)
                else {
                    continue;
                };
                let (source, destination) =
                    meet(&(source.who.clone(), source.address.into_iter().collect()), &destination);
                let flow = match &backend.backend {
                    Backend::Object(name) => flow.clone().via(name.clone()),
                    _ => flow.clone(),
                };
                let probe = Probe::new(flow, source, destination).translated(entry.address, l4);
                all.push(asked(probe, backend.verdict, &backend.sides));
            }
        }
    }
    Ok(all)
}

type Candidate = (ProbeWho, Vec<IpAddr>);

fn candidate(cluster: &Cluster, endpoint: &Endpoint) -> Candidate {
    match endpoint {
        Endpoint::Named(name) => named(cluster, name),
        Endpoint::Workload { kind, name } => (ProbeWho::Workload(kind.clone(), name.clone()), Vec::new()),
        Endpoint::PodAddress { pod, address } => (ProbeWho::Pod(pod.clone()), vec![*address]),
        Endpoint::Node(name) => (ProbeWho::Node(Some(name.clone())), node_addresses(cluster, name)),
        Endpoint::NodeAddress { node, address } => (ProbeWho::Node(Some(node.clone())), vec![*address]),
        Endpoint::Address(address) => (who_at(cluster, *address), vec![*address]),
        _ => unreachable!("what these tests do not know"),
    }
}

fn named(cluster: &Cluster, name: &ObjectName) -> Candidate {
    match cluster.pod(name) {
        Some(pod) => (ProbeWho::Pod(name.clone()), pod_addresses(cluster, pod)),
        None => {
            let kind = cluster.workloads_named(name).next().map(|workload| workload.kind.clone());
            let who = kind.map_or(ProbeWho::Outside, |kind| ProbeWho::Workload(kind, name.clone()));
            (who, Vec::new())
        }
    }
}

pub(crate) fn pod_addresses(cluster: &Cluster, pod: &Pod) -> Vec<IpAddr> {
    if !pod.host_network || !pod.addresses.is_empty() {
        pod.addresses.clone()
    } else if !pod.host_addresses.is_empty() {
        pod.host_addresses.clone()
    } else {
        pod.node.as_ref().map_or_else(Vec::new, |node| node_addresses(cluster, node))
    }
}

fn node_addresses(cluster: &Cluster, name: &str) -> Vec<IpAddr> {
    match cluster.node(name) {
        Some(node) => {
            let internal = node.addresses.iter().filter(|each| each.kind == NodeAddressKind::InternalIp);
            internal.map(|each| each.address).collect()
        }
        None => {
            let mut hosted = cluster.pods().iter().filter(|pod| pod.node.as_deref() == Some(name));
            hosted.find(|pod| !pod.host_addresses.is_empty()).map_or_else(Vec::new, |pod| pod.host_addresses.clone())
        }
    }
}

fn who_at(cluster: &Cluster, address: IpAddr) -> ProbeWho {
    let owns = |pod: &&Pod| pod.is_live() && !pod.host_network && pod.addresses.contains(&address);
    if let Some(pod) = cluster.pods().iter().find(owns) {
        return ProbeWho::Pod(pod.name.clone());
    }
    if let Some(node) = cluster.nodes().iter().find(|node| node.addresses.iter().any(|each| each.address == address)) {
        return ProbeWho::Node(Some(node.name.clone()));
    }
    let reports = |pod: &&Pod| {
        pod.host_addresses.contains(&address) || (pod.host_network && pod.is_live() && pod.addresses.contains(&address))
    };
    cluster.pods().iter().find(reports).map_or(ProbeWho::Outside, |pod| ProbeWho::Node(pod.node.clone()))
}

/// By the first family of the destination's addresses that the source has too (K22).
fn meet(source: &Candidate, destination: &Candidate) -> (ProbeEnd, ProbeEnd) {
    let end = |(who, _): &Candidate, address| ProbeEnd::new(who.clone(), address);
    for to in &destination.1 {
        if let Some(from) = source.1.iter().find(|from| Family::of(**from) == Family::of(*to)) {
            return (end(source, Some(*from)), end(destination, Some(*to)));
        }
    }
    (end(source, source.1.first().copied()), end(destination, destination.1.first().copied()))
}

fn service_of<'c>(cluster: &'c Cluster, destination: &Destination) -> Option<(&'c Service, Vec<IpAddr>)> {
    match destination {
        Destination::Service(name) => cluster.service(name).map(|service| (service, service.cluster_addresses.clone())),
        Destination::Endpoint(Endpoint::Address(address)) => {
            let service = cluster.services().iter().find(|service| service.cluster_addresses.contains(address))?;
            Some((service, vec![*address]))
        }
        _ => None,
    }
}

/// A backend with the port that the Service leads to; nothing where no ClusterIP says which family is meant.
fn backend_of(
    cluster: &Cluster,
    service: &Service,
    backend: &Backend,
    l4: L4,
    sent_to: Option<IpAddr>,
) -> Option<(Candidate, L4)> {
    let (L4::Port(protocol, port), Some(sent_to)) = (l4, sent_to) else { return None };
    let fits = |address: &IpAddr| Family::of(*address) == Family::of(sent_to);
    let entry = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == port)?;
    let mut slices = cluster
        .endpoint_slices()
        .iter()
        .filter(|slice| slice.name.namespace() == service.name.namespace() && slice.service == *service.name.name());
    if slices.clone().next().is_some() {
        return slices.find_map(|slice| {
            let port = slice.ports.iter().find(|port| port.name == entry.name && port.protocol == protocol)?.port;
            let ready = slice.endpoints.iter().filter(|endpoint| endpoint.ready);
            let mut addresses =
                ready.filter_map(|endpoint| Some((*endpoint.addresses.first()?, endpoint.target.as_ref())));
            let (address, who) = addresses.find_map(|(address, target)| {
                let pod = target.and_then(|name| cluster.pod(name));
                let own = pod.filter(|pod| pod.is_live() && named(cluster, &pod.name).1.contains(&address));
                let who = match (own, who_at(cluster, address), pod) {
                    (Some(pod), ..) => ProbeWho::Pod(pod.name.clone()),
                    // Nobody has the address: whoever is named does.
                    (None, ProbeWho::Outside, Some(pod)) if pod.is_live() => ProbeWho::Pod(pod.name.clone()),
                    (None, ProbeWho::Outside, Some(_)) => return None,
                    (None, who, _) => who,
                };
                let same = match (backend, &who) {
                    (Backend::Object(name), ProbeWho::Pod(pod)) => name == pod,
                    (Backend::Address(wanted), ProbeWho::Node(_) | ProbeWho::Outside) => *wanted == address,
                    _ => false,
                };
                (same && fits(&address)).then_some((address, who))
            })?;
            Some(((who, vec![address]), L4::Port(protocol, port)))
        });
    }
    let Backend::Object(name) = backend else { return None };
    let (who, mut addresses) = named(cluster, name);
    addresses.retain(fits);
    let port = target_port(cluster, name, entry)?;
    Some(((who, addresses), L4::Port(protocol, port)))
}

fn target_port(cluster: &Cluster, backend: &ObjectName, entry: &ServicePort) -> Option<Port> {
    let wanted = match &entry.target {
        TargetPort::Number(number) => return Some(*number),
        TargetPort::Name(name) => name,
    };
    let workload = || cluster.workloads_named(backend).next().map(|workload| &workload.ports);
    let ports = cluster.pod(backend).map(|pod| &pod.ports).or_else(workload)?;
    let port = ports.iter().find(|port| port.protocol == entry.protocol && port.name.as_ref() == Some(wanted))?;
    Some(port.port)
}

/// Addresses that nothing in the generated worlds has, near those that have one.
const OUTSIDE: [&str; 7] =
    ["203.0.113.9", "198.51.100.20", "100.125.3.3", "10.0.0.200", "10.96.0.200", "2001:db8::9", "fd00::200"];

/// Everything in the cluster that has an address, and some addresses outside.
fn ends(cluster: &Cluster) -> Vec<Endpoint> {
    let mut ends: Vec<Endpoint> = Vec::new();
    for pod in cluster.pods() {
        for address in pod_addresses(cluster, pod) {
            ends.push(match pod.is_live() {
                true => Endpoint::PodAddress { pod: pod.name.clone(), address },
                false => Endpoint::Address(address),
            });
        }
        ends.extend(pod.host_addresses.iter().map(|address| Endpoint::Address(*address)));
    }
    for node in cluster.nodes() {
        let address = |address| Endpoint::NodeAddress { node: node.name.clone(), address };
        ends.extend(node.addresses.iter().map(|entry| address(entry.address)));
    }
    ends.extend(OUTSIDE.iter().filter_map(|text| text.parse().ok()).map(Endpoint::Address));
    let mut each: Vec<Endpoint> = Vec::new();
    for end in ends {
        if !each.contains(&end) {
            each.push(end);
        }
    }
    each
}

fn l4s() -> Vec<L4> {
    use Protocol::{Sctp, Tcp, Udp};
    let numbers = [
        (Tcp, 80),
        (Tcp, 8080),
        (Tcp, 81),
        (Udp, 80),
        (Sctp, 8080),
        (Tcp, 53),
        (Tcp, 8079),
        (Udp, 8080),
        (Tcp, 8081),
        (Sctp, 80),
        (Tcp, 443),
        (Udp, 53),
        (Tcp, 8090),
        (Tcp, 1),
        (Tcp, 65535),
        (Tcp, 65534),
        (Tcp, 444),
        (Udp, 65535),
    ];
    let ports = numbers.into_iter().filter_map(|(protocol, number)| Some(L4::Port(protocol, Port::new(number)?)));
    ports.chain([L4::Icmp]).chain(OtherProtocol::new(47).map(L4::Other)).collect()
}

/// Every pair of ends, each with the two usual ports and some of the other protocols and ports in turn; and every port of
/// every Service from every end.
pub(crate) fn questions(cluster: &Cluster, profile: &Profile) -> Vec<Asked> {
    let (ends, l4s) = (ends(cluster), l4s());
    let (usual, others) = l4s.split_at(2);
    let mut turn = others.iter().cycle();
    let mut flows: Vec<Flow> = Vec::new();
    for source in &ends {
        for destination in &ends {
            // Of two ends without a pod nothing is asked of policies: one question will do.
            let is_pod = |end: &Endpoint| matches!(end, Endpoint::PodAddress { .. });
            let (few, more) = if is_pod(source) || is_pod(destination) { (2, 5) } else { (1, 0) };
            for l4 in usual.iter().take(few).chain(turn.by_ref().take(more)) {
                flows.push(Flow::new(source.clone(), destination.clone().into(), *l4));
            }
        }
        for service in cluster.services() {
            for address in &service.cluster_addresses {
                for port in &service.ports {
                    let l4 = L4::Port(port.protocol, port.port);
                    flows.push(Flow::new(source.clone(), Endpoint::Address(*address).into(), l4));
                }
            }
        }
    }
    flows.iter().filter_map(|flow| ask(cluster, profile, flow).ok()).flatten().collect()
}
