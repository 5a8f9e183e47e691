//! Flows to every face of Services and pods (K23, K26), each packet with what the definition says of it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::oracle::{Probe, probes};
use netpol_oracle::verdict::{Backend, BackendDecision, Judged, Sides};
use netpol_oracle::{
    Cluster, Decide, Decision, Destination, Endpoint, Engine, Flow, L4, ObjectName, Port, Profile, Protocol, Reference,
    Snapshot, Verdict,
};

/// A packet, and what the definition says of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The packet.
    pub probe: Probe,
    /// The whole of it, by way of its backend.
    pub verdict: Verdict,
    /// Of its source's side.
    pub egress: Verdict,
    /// Of its destination's.
    pub ingress: Verdict,
}

impl Asked {
    /// Whether the definition denies on some side or allows on both: probes that are worth most.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.verdict != Verdict::Undefined || self.egress == Verdict::Deny || self.ingress == Verdict::Deny
    }
}

/// The packets of a flow as the oracle makes them, with the definition's answer to each; none where there is no answer.
///
/// # Panics
/// The oracle and the definition do not go to the same backends by the same ports.
#[must_use]
pub fn asked(engine: &Snapshot, reference: &Reference<'_>, flow: &Flow) -> Vec<Asked> {
    let (probes, decision) = match (probes(engine, flow), reference.decide(flow)) {
        (Ok(probes), Ok(decision)) => (probes, decision),
        (Err(error), Err(other)) if error == other => return Vec::new(),
        (probes, decision) => panic!("{flow}: {probes:?}, the definition says {decision:?}"),
    };
    let ways = ways(&decision);
    assert_eq!(probes.len(), ways.len(), "{flow}: {probes:?}");
    let with_answer = |(probe, way): (Probe, Way<'_>)| {
        let Way { backend, l4, verdict, sides } = way;
        let is_there = match backend {
            None => probe.flow == *flow,
            Some(Backend::Object(name)) => probe.flow.via.as_ref() == Some(name),
            Some(Backend::Address(address)) => probe.flow.via.is_none() && probe.destination.address == Some(*address),
            // Flows cannot name it.
            Some(_) => probe.flow.via.is_none(),
        };
        assert!(is_there && probe.l4 == l4, "{probe:?} is not by way of {backend:?}, {l4:?}");
        Asked { probe, verdict, egress: sides.egress.verdict, ingress: sides.ingress.verdict }
    };
    probes.into_iter().zip(ways).map(with_answer).collect()
}

/// A connection that a decision judges.
struct Way<'d> {
    backend: Option<&'d Backend>,
    l4: L4,
    verdict: Verdict,
    sides: &'d Sides,
}

fn ways(decision: &Decision) -> Vec<Way<'_>> {
    match &decision.judged {
        Judged::Sides(sides) => vec![Way { backend: None, l4: decision.flow.l4, verdict: decision.verdict, sides }],
        Judged::Backends(all) => {
            let ways = all.iter().map(|each: &BackendDecision| (&each.backend, each.l4, each.verdict, &each.sides));
            ways.map(|(backend, l4, verdict, sides)| Way { backend: Some(backend), l4, verdict, sides }).collect()
        }
    }
}

/// Addresses that nobody has.
const OUTSIDE: [&str; 3] = ["203.0.113.9", "100.125.3.3", "2001:db8::9"];

/// All that is asked of a cluster's faces, and these flows too.
#[must_use]
pub fn questions(cluster: &Cluster, profile: &Profile, flows: &[Flow]) -> Vec<Asked> {
    let (engine, reference) = (Engine::new(cluster, profile), Reference::new(cluster, profile));
    let all = flows.iter().cloned().chain(self::flows(cluster));
    all.flat_map(|flow| asked(&engine, &reference, &flow)).collect()
}

/// From every end that has an address, to every face of every Service and pod, and to every Service by its name.
#[must_use]
pub fn flows(cluster: &Cluster) -> Vec<Flow> {
    let (sources, faces) = (sources(cluster), faces(cluster));
    let to = |source: &Endpoint| {
        let source = source.clone();
        faces.iter().map(move |(destination, l4)| Flow::new(source.clone(), destination.clone(), *l4))
    };
    sources.iter().flat_map(to).collect()
}

fn sources(cluster: &Cluster) -> Vec<Endpoint> {
    let mut all = Vec::new();
    for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
        let by = |address: &IpAddr| Endpoint::PodAddress { pod: pod.name.clone(), address: *address };
        match pod.addresses.is_empty() {
            true => all.push(Endpoint::Named(pod.name.clone())),
            false => all.extend(pod.addresses.iter().map(by)),
        }
    }
    all.extend(nodes(cluster));
    all.extend(OUTSIDE.iter().filter_map(|text| text.parse().ok()).map(Endpoint::Address));
    all
}

/// Nodes by each of their addresses, those that only pods tell of too.
fn nodes(cluster: &Cluster) -> Vec<Endpoint> {
    let mut all: Vec<Endpoint> = Vec::new();
    for node in cluster.nodes() {
        let by = |address| Endpoint::NodeAddress { node: node.name.clone(), address };
        all.extend(node.addresses.iter().map(|each| by(each.address)));
    }
    let reported: BTreeSet<IpAddr> = cluster.pods().iter().flat_map(|pod| &pod.host_addresses).copied().collect();
    all.extend(reported.into_iter().map(Endpoint::Address));
    all
}

fn faces(cluster: &Cluster) -> Vec<(Destination, L4)> {
    let mut all: Vec<(Destination, L4)> = Vec::new();
    let mut at_nodes: BTreeSet<(Protocol, Port)> = BTreeSet::new();
    for service in cluster.services() {
        let addresses =
            service.external_addresses.iter().chain(&service.load_balancer_addresses).chain(&service.cluster_addresses);
        let by_address = addresses.map(|address| Endpoint::Address(*address).into());
        let named: ObjectName = service.name.clone();
        for destination in by_address.chain([Destination::Service(named)]) {
            let port = |port: &netpol_oracle::model::ServicePort| L4::Port(port.protocol, port.port);
            all.extend(service.ports.iter().map(|each| (destination.clone(), port(each))));
        }
        at_nodes.extend(service.ports.iter().filter_map(|port| Some((port.protocol, port.node_port?))));
    }
    let host_ports = cluster.pods().iter().flat_map(|pod| &pod.ports);
    at_nodes.extend(host_ports.filter_map(|port| Some((port.protocol, port.host_port?.port))));
    for node in nodes(cluster) {
        let ports = at_nodes.iter().map(|(protocol, port)| L4::Port(*protocol, *port));
        all.extend(ports.map(|l4| (node.clone().into(), l4)));
    }
    all
}
