//! Generated worlds with every question worth asking about them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fastrand::Rng;
use netpol_oracle::generate::strategies::{World, WorldSpec, overrides, with_ranges};
use netpol_oracle::model::{OtherProtocol, Peer, Peers, PortSpec, Ports, ServiceKind};
use netpol_oracle::net::Family;
use netpol_oracle::oracle::ProbeWho;
use netpol_oracle::profile::cce::{Edition, NetworkModel};
use netpol_oracle::profile::{Base, Switch};
use netpol_oracle::verdict::{Backend, Judged};
use netpol_oracle::{
    Cluster, Decide, Destination, Direction, Endpoint, Flow, L4, Port, Profile, Protocol, Reference, Row,
};
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use netpol_test_support::{faces, real_worlds};

use crate::comparison::{Question, Tally};
use crate::probes::{addresses_of, probes_of, who_has};
use netpol_backend_ebpf::EbpfPlane;
use netpol_oracle::oracle::DataPlane;

/// Addresses that no object has.
const OUTSIDE: [&str; 8] = [
    "203.0.113.9",
    "198.51.100.20",
    "100.125.3.3",
    "100.126.0.1",
    "10.0.0.200",
    "10.96.0.200",
    "2001:db8::9",
    "fd00::200",
];

/// How many protocols and ports are asked of each pair of ends.
const PORTS_A_PAIR: u64 = 5;

/// A world and its questions.
pub(crate) struct Exam {
    pub(crate) world: World,
    pub(crate) questions: Vec<Question>,
}

impl Exam {
    pub(crate) fn of(world: World, dice: &mut Rng) -> Self {
        let questions = questions(&world.cluster, &world.profile, dice);
        Self { world, questions }
    }

    /// The answers of a data plane with the world freshly installed.
    pub(crate) fn sit(&self, plane: &mut EbpfPlane) -> Tally {
        plane.install(&self.world.cluster, &self.world.profile).unwrap();
        let mut tally = Tally::default();
        self.questions.iter().for_each(|question| tally.ask(plane, question));
        tally
    }
}

/// Clusters without faces, one after the other, the same for the same seed.
pub(crate) fn clusters(seed: u64) -> impl Iterator<Item = Cluster> {
    grown(WorldSpec::new().real(0).clusters(), seed)
}

fn grown<S: Strategy>(strategy: S, seed: u64) -> impl Iterator<Item = S::Value> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current())
}

/// The profiles that run on eBPF, and upstream Kubernetes: by turns.
pub(crate) fn profile(turn: u64, dice: &mut Rng) -> Profile {
    let with = |text: &str, overrides: &[(Row, &str)]| {
        let profile: Profile = text.parse().unwrap();
        overrides.iter().fold(profile, |profile, (row, word)| profile.with_override(*row, word).unwrap())
    };
    // Worlds run mixed systems and secure containers, which leave little defined on eBPF.
    let certain = [(Row::C6, "supported"), (Row::C8, "supported")];
    let profile = match turn % 20 {
        0 | 4 | 8 => Profile::kubernetes(),
        1 | 9 => with("vpc:v1.31.6-r0", &[]),
        2 | 10 => with("cn2:v1.31.6-r0", &[]),
        3 | 13 => with("vpc:v1.33.1-r0", &certain),
        7 | 15 => with("cn2:v1.30.6-r0", &certain),
        5 => with("kubernetes", &[(Row::U1, "portless"), (Row::U3, "judged")]),
        6 => with("kubernetes", &[(Row::U1, "denied"), (Row::U3, "exempt"), (Row::U5, "after")]),
        11 => with("kubernetes", &[(Row::U1, "unfiltered"), (Row::C14, "single-port"), (Row::U4, "allowed")]),
        12 => with("vpc:v1.29.9-r30", &[]),
        14 => with("cn2:v1.31.6-r0", &[certain[0], certain[1], (Row::C9, "any"), (Row::C14, "supported")]),
        16 => with("vpc:v1.31.6-r0", &[certain[0], certain[1], (Row::C9, "inside"), (Row::C7, "supported")]),
        17 => with("cn2:v1.34.3-r10", &certain).with_edition(Edition::Y2026),
        18 => with("vpc:v1.29.10-r0", &certain).with_edition(Edition::SeedProse),
        _ => match dice.u8(..3) {
            0 => with("vpc:v1.31.6-r0", &[]).with_switch(Switch::Off),
            1 => with("vpc:v1.31.6-r0", &[certain[0], certain[1], (Row::C13, "unsupported"), (Row::U1, "portless")]),
            _ => with("cn2:v1.31.6-r0", &[certain[0], certain[1], (Row::C11, "supported"), (Row::C12, "supported")]),
        },
    };
    grown(with_ranges(profile), dice.u64(..1 << 32)).next().unwrap()
}

/// Generated worlds with their questions.
pub(crate) fn exams(seed: u64) -> impl Iterator<Item = Exam> {
    let mut dice = Rng::with_seed(seed);
    let said = grown(vec(overrides(), 1..4), seed);
    clusters(seed).zip(said).zip(0..).map(move |((cluster, overrides), turn)| {
        let mut profile = profile(turn, &mut dice);
        // One world in four is on a cluster that the vendor's table does not know.
        if dice.u8(..4) == 0 {
            profile =
                overrides.into_iter().fold(profile, |profile, (row, word)| profile.with_override(row, word).unwrap());
        }
        Exam::of(World::new(cluster, profile, Vec::new()), &mut dice)
    })
}

/// Worlds of what real clusters hold, with every face of a Service, on profiles that run on eBPF.
pub(crate) fn face_exams(seed: u64) -> impl Iterator<Item = Exam> {
    let mut dice = Rng::with_seed(seed);
    (0..).map(move |turn| {
        let mut world = real_worlds::world(seed.wrapping_mul(1_000_000).wrapping_add(turn), 30);
        if matches!(world.profile.base(), Base::Cce(NetworkModel::Tunnel, _)) {
            world.profile = profile(turn, &mut dice);
        }
        let questions = faces::questions(&world.cluster, &world.profile, &world.flows);
        Exam { world, questions: questions.into_iter().map(Question::from).collect() }
    })
}

/// Every pair of ends with an address of which one is a pod, with some ports each; every Service from some ends.
pub(crate) fn questions(cluster: &Cluster, profile: &Profile, dice: &mut Rng) -> Vec<Question> {
    let reference = Reference::new(cluster, profile);
    let (ends, ports) = (ends(cluster), ports(cluster));
    let mut questions = Vec::new();
    for (from, source, source_is_pod) in &ends {
        for (to, destination, destination_is_pod) in &ends {
            if Family::of(*from) != Family::of(*to) || !(*source_is_pod || *destination_is_pod) {
                continue;
            }
            let hairpin = source == destination;
            for _ in 0..if hairpin { 1 } else { PORTS_A_PAIR } {
                let l4 = ports[dice.usize(..ports.len())];
                ask(&reference, Flow::new(source.clone(), destination.clone().into(), l4), &mut questions);
            }
        }
        for service in cluster.services() {
            for port in &service.ports {
                let flow = Flow::new(
                    source.clone(),
                    Destination::Service(service.name.clone()),
                    L4::Port(port.protocol, port.port),
                );
                ask(&reference, flow, &mut questions);
            }
        }
    }
    questions
}

/// Adds what the definition says about a flow; a flow that it refuses is no question.
fn ask(reference: &Reference<'_>, flow: Flow, questions: &mut Vec<Question>) {
    let Ok(decision) = reference.decide(&flow) else { return };
    let (backends, sides): (Vec<Backend>, Vec<_>) = match decision.judged {
        Judged::Sides(sides) => (Vec::new(), vec![sides]),
        Judged::Backends(all) => all.into_iter().map(|each| (each.backend, each.sides)).unzip(),
    };
    let Some(probes) = probes_of(reference.cluster(), &flow, &backends) else {
        let Destination::Service(name) = &flow.destination else { panic!("no probe for {flow}") };
        // Nothing is sent to a headless Service itself: its pods are asked by their own addresses.
        assert!(
            reference.cluster().service(name).is_some_and(|service| service.kind == ServiceKind::Headless),
            "{flow}"
        );
        return;
    };
    questions.extend(probes.into_iter().zip(sides).map(|(probe, sides)| Question {
        probe,
        egress: sides.egress.verdict,
        ingress: sides.ingress.verdict,
    }));
}

/// Every end with an address, and whether it is a pod.
fn ends(cluster: &Cluster) -> Vec<(IpAddr, Endpoint, bool)> {
    let mut ends = Vec::new();
    for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
        for address in addresses_of(cluster, pod) {
            let end = Endpoint::PodAddress { pod: pod.name.clone(), address };
            ends.push((address, end, !pod.host_network));
        }
    }
    for node in cluster.nodes() {
        for entry in &node.addresses {
            let end = Endpoint::NodeAddress { node: node.name.clone(), address: entry.address };
            ends.push((entry.address, end, false));
        }
    }
    let mut others: BTreeSet<IpAddr> = OUTSIDE.iter().map(|text| text.parse().unwrap()).collect();
    others.extend(cluster.pods().iter().flat_map(|pod| pod.host_addresses.iter().chain(&pod.addresses)));
    // Where blocks begin and where their exceptions do.
    for cidr in blocks(cluster) {
        others.insert(cidr);
    }
    for address in others {
        let is_service = cluster.services().iter().any(|service| service.cluster_addresses.contains(&address));
        // What else has a name was taken by its name.
        if !is_service && matches!(who_has(cluster, address), ProbeWho::Outside | ProbeWho::Node(_)) {
            ends.push((address, Endpoint::address(address), false));
        }
    }
    ends
}

fn blocks(cluster: &Cluster) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for policy in cluster.policies() {
        for rule in [Direction::Ingress, Direction::Egress].iter().flat_map(|of| policy.written_rules(*of)) {
            let Peers::Of(peers) = &rule.peers else { continue };
            for peer in peers {
                let Peer::IpBlock(block) = peer else { continue };
                found.extend(
                    std::iter::once(&block.cidr()).chain(block.except()).map(netpol_oracle::net::Cidr::network),
                );
            }
        }
    }
    found
}

/// Ports at and around those that policies and pods name.
fn ports(cluster: &Cluster) -> Vec<L4> {
    let mut numbers: BTreeSet<u16> = [80, 8080].into();
    numbers.extend(cluster.pods().iter().flat_map(|pod| &pod.ports).map(|port| port.port.get()));
    for policy in cluster.policies() {
        for rule in [Direction::Ingress, Direction::Egress].iter().flat_map(|of| policy.written_rules(*of)) {
            let Ports::Of(entries) = &rule.ports else { continue };
            for entry in entries {
                match &entry.port {
                    PortSpec::Number(port) => numbers.extend([port.get(), port.get().saturating_add(1)]),
                    PortSpec::Range(range) => {
                        let (first, last) = (range.first().get(), range.last().get());
                        numbers.extend([first - 1, first, first.midpoint(last), last, last.saturating_add(1)]);
                    }
                    PortSpec::Any | PortSpec::Name(_) => {}
                }
            }
        }
    }
    let mut all = vec![L4::Icmp, L4::Other(OtherProtocol::new(47).unwrap())];
    for port in numbers.into_iter().filter_map(Port::new) {
        // TCP is what most rules name.
        all.extend(
            [Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp].map(|protocol| L4::Port(protocol, port)),
        );
    }
    all
}
