//! The covering set by brute force: every flow of small worlds has one in the set that is like it, and its answer.
//!
//! "Like it" is read off the objects, not off the engine's tables: the same kinds of ends, which stand to each other in the
//! same way, addresses and a port that the rules of the policies in question treat alike. Classes are the engine's, by its
//! public face.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use netpol_oracle::engine::ClassId;
use netpol_oracle::labels::Labels;
use netpol_oracle::model::{OtherProtocol, Peer, Peers, PortMatch, PortSpec, Ports};
use netpol_oracle::net::Family;
use netpol_oracle::oracle::{Probe, ProbeEnd, ProbeWho, covering_flows, probes};
use netpol_oracle::verdict::{Judged, Sides};
use netpol_oracle::{
    Cluster, Decide, Decision, Direction, Endpoint, Engine, Flow, L4, NetworkPolicy, ObjectName, Port, Profile,
    Protocol, Reference, Verdict,
};

use crate::engine::differential::ends;
use crate::engine::exhaustive::{base, policies};
use crate::plane::sequences::sequences;
use crate::support::worlds::World;

/// How many worlds; `COVERING_WORLDS` asks for more.
pub(super) fn wanted(quick: usize) -> usize {
    std::env::var("COVERING_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
}

/// What a question is, as far as policies can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// K24.
    NoPod,
    /// K19: a pod reaches itself, whatever else.
    Itself(ClassId, Option<Family>),
    Ends {
        source: EndKey,
        destination: EndKey,
        /// The same pod; the destination is the source's own node; the source the destination's.
        relation: [bool; 3],
        ports: PortKey,
        /// The Service, its port, and the family of its ClusterIP.
        service: Option<(String, L4, Option<Family>)>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum EndKey {
    /// A class, and where the address lies.
    Pod(ClassId, Option<Whereabouts>),
    Node(Whereabouts),
    Outside(Whereabouts),
    /// A backend of a Service, by its address.
    Backend(IpAddr),
}

/// The family of an address, which blocks of the other end's policies have it, and which ranges of the profile.
pub(super) type Whereabouts = (Family, Vec<bool>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum PortKey {
    Icmp,
    Other,
    /// The protocol, and what each rule of the policies in question makes of the port.
    Port(Protocol, Vec<u8>),
}

/// The answer: the whole, egress, ingress.
pub(super) type Answer = [Verdict; 3];

pub(super) struct Judge<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) profile: &'a Profile,
    pub(super) engine: &'a Engine,
}

impl<'a> Judge<'a> {
    /// Namespace, labels and container ports of an end that policies could select.
    pub(super) fn object(
        &self,
        who: &ProbeWho,
    ) -> Option<(&ObjectName, &Labels, &[netpol_oracle::model::ContainerPort])> {
        match who {
            ProbeWho::Pod(name) => self.cluster.pod(name).map(|pod| (&pod.name, &pod.labels, pod.ports.as_slice())),
            ProbeWho::Workload(kind, name) => {
                self.cluster.workload(kind, name).map(|each| (&each.name, &each.labels, each.ports.as_slice()))
            }
            _ => None,
        }
    }

    pub(super) fn isolating(&self, who: &ProbeWho, direction: Direction) -> Vec<&'a NetworkPolicy> {
        let Some((name, labels, _)) = self.object(who) else { return Vec::new() };
        let there = self.cluster.policies().in_namespace(name.namespace());
        there.filter(|policy| policy.isolates(direction) && policy.subject().matches(labels)).collect()
    }

    pub(super) fn end(
        &self,
        end: &ProbeEnd,
        other: &[&NetworkPolicy],
        direction: Direction,
        is_backend: bool,
    ) -> EndKey {
        let class = |endpoint: &Endpoint| self.engine.class_of_endpoint(endpoint).unwrap();
        let whereabouts = end.address.map(|address| self.whereabouts(address, other, direction));
        match &end.who {
            ProbeWho::Pod(name) => EndKey::Pod(class(&Endpoint::Named(name.clone())), whereabouts),
            ProbeWho::Workload(kind, name) => {
                EndKey::Pod(class(&Endpoint::Workload { kind: kind.clone(), name: name.clone() }), None)
            }
            ProbeWho::Node(_) | ProbeWho::Outside if is_backend => EndKey::Backend(end.address.unwrap()),
            ProbeWho::Node(_) => EndKey::Node(whereabouts.unwrap()),
            ProbeWho::Outside => EndKey::Outside(whereabouts.unwrap()),
            _ => unreachable!("what these tests do not know"),
        }
    }

    pub(super) fn whereabouts(&self, address: IpAddr, other: &[&NetworkPolicy], direction: Direction) -> Whereabouts {
        let mut held = Vec::new();
        for rule in other.iter().flat_map(|policy| policy.rules(direction)) {
            let Peers::Of(peers) = &rule.peers else { continue };
            held.extend(peers.iter().filter_map(|peer| match peer {
                Peer::IpBlock(block) => Some(block.contains(address)),
                Peer::Pods(_) => None,
            }));
        }
        if !other.is_empty() {
            let cloud: netpol_oracle::net::Cidr = "100.125.0.0/16".parse().unwrap();
            let ranges = self.profile.pod_cidrs().iter().chain(self.profile.service_cidrs()).chain([&cloud]);
            held.extend(ranges.map(|cidr| cidr.contains(address)));
        }
        (Family::of(address), held)
    }

    pub(super) fn is_host(&self, who: &ProbeWho) -> bool {
        match who {
            ProbeWho::Pod(name) => self.cluster.pod(name).unwrap().host_network,
            ProbeWho::Workload(kind, name) => self.cluster.workload(kind, name).unwrap().host_network,
            ProbeWho::Node(_) => true,
            ProbeWho::Outside => false,
            _ => unreachable!("what these tests do not know"),
        }
    }

    pub(super) fn node_of(&self, who: &ProbeWho) -> Option<String> {
        match who {
            ProbeWho::Pod(name) => self.cluster.pod(name).unwrap().node.as_ref().map(ToString::to_string),
            ProbeWho::Workload(kind, name) => {
                self.cluster.workload(kind, name).unwrap().node.as_ref().map(ToString::to_string)
            }
            ProbeWho::Node(name) => name.as_ref().map(ToString::to_string),
            ProbeWho::Outside => None,
            _ => unreachable!("what these tests do not know"),
        }
    }

    /// K18, in its own words.
    pub(super) fn is_own_node(&self, subject: &ProbeEnd, peer: &ProbeEnd) -> bool {
        if !self.is_host(&peer.who) || self.object(&subject.who).is_none() {
            return false;
        }
        let node = self.node_of(&subject.who);
        if node.is_some() && node == self.node_of(&peer.who) {
            return true;
        }
        let Some(address) = peer.address else { return false };
        let given = node.and_then(|name| self.cluster.node(&name));
        let reported = match &subject.who {
            ProbeWho::Pod(name) => self.cluster.pod(name).unwrap().host_addresses.contains(&address),
            _ => false,
        };
        reported || given.is_some_and(|node| node.addresses.iter().any(|each| each.address == address))
    }

    fn ports(&self, l4: L4, rules: [&[&NetworkPolicy]; 2], destination: &ProbeWho) -> PortKey {
        let L4::Port(protocol, port) = l4 else {
            return if l4 == L4::Icmp { PortKey::Icmp } else { PortKey::Other };
        };
        // K12: never on a hostNetwork pod.
        let named =
            self.object(destination).filter(|_| !self.is_host(destination)).map_or(&[][..], |(_, _, ports)| ports);
        let means = |entry: &PortMatch| match &entry.port {
            _ if entry.protocol != protocol => 0,
            PortSpec::Any => 2,
            PortSpec::Number(number) => 2 * u8::from(*number == port),
            PortSpec::Range(range) if range.first() == port => 2,
            PortSpec::Range(range) => u8::from(range.contains(port)),
            PortSpec::Name(name) => {
                let is = |own: &netpol_oracle::model::ContainerPort| {
                    own.protocol == protocol && own.port == port && own.name.as_ref() == Some(name)
                };
                2 * u8::from(named.iter().any(is))
            }
        };
        let mut all = Vec::new();
        for (policies, direction) in rules.into_iter().zip([Direction::Egress, Direction::Ingress]) {
            for rule in policies.iter().flat_map(|policy| policy.rules(direction)) {
                if let Ports::Of(entries) = &rule.ports {
                    all.extend(entries.iter().map(means).max());
                }
            }
        }
        PortKey::Port(protocol, all)
    }

    fn key(&self, probe: &Probe) -> Key {
        let Probe { source, destination, l4, sent_to, .. } = probe;
        let by_service = sent_to.is_some() || matches!(probe.flow.destination, netpol_oracle::Destination::Service(_));
        let policies =
            [self.isolating(&source.who, Direction::Egress), self.isolating(&destination.who, Direction::Ingress)];
        if self.object(&source.who).is_none() && self.object(&destination.who).is_none() {
            return Key::NoPod;
        }
        let same = matches!((&source.who, &destination.who), (ProbeWho::Pod(a), ProbeWho::Pod(b)) if a == b);
        if let (ProbeWho::Pod(name), true, false) = (&source.who, same, by_service) {
            let class = self.engine.class_of_endpoint(&Endpoint::Named(name.clone())).unwrap();
            return Key::Itself(class, source.address.map(Family::of));
        }
        let service = by_service.then(|| {
            let service = match &probe.flow.destination {
                netpol_oracle::Destination::Service(name) => name.clone(),
                _ => {
                    let mut all = self.cluster.services().iter();
                    all.find(|each| each.cluster_addresses.contains(&sent_to.unwrap())).unwrap().name.clone()
                }
            };
            (service.to_string(), probe.flow.l4, sent_to.map(Family::of))
        });
        Key::Ends {
            source: self.end(source, &policies[1], Direction::Ingress, false),
            destination: self.end(destination, &policies[0], Direction::Egress, by_service),
            relation: [same, self.is_own_node(source, destination), self.is_own_node(destination, source)],
            ports: self.ports(*l4, [&policies[0], &policies[1]], &destination.who),
            service,
        }
    }
}

pub(super) fn answer(decision: &Decision) -> Vec<Answer> {
    let of = |verdict, sides: &Sides| [verdict, sides.egress.verdict, sides.ingress.verdict];
    match &decision.judged {
        Judged::Sides(sides) => vec![of(decision.verdict, sides)],
        Judged::Backends(backends) => backends.iter().map(|each| of(each.verdict, &each.sides)).collect(),
    }
}

/// Every number next to which anything could change.
fn l4s(cluster: &Cluster) -> Vec<L4> {
    let mut numbers: BTreeSet<u16> = BTreeSet::from([1, 2, 65534, 65535, 3333]);
    let mut near = |number: u16| numbers.extend([number.wrapping_sub(1), number, number.wrapping_add(1)]);
    for policy in cluster.policies() {
        for rule in [Direction::Ingress, Direction::Egress].into_iter().flat_map(|of| policy.rules(of)) {
            let Ports::Of(entries) = &rule.ports else { continue };
            for entry in entries {
                match &entry.port {
                    PortSpec::Number(number) => near(number.get()),
                    PortSpec::Range(range) => [range.first(), range.last()].into_iter().for_each(|end| near(end.get())),
                    PortSpec::Any | PortSpec::Name(_) => {}
                }
            }
        }
    }
    let ports = cluster.pods().iter().flat_map(|pod| &pod.ports).map(|port| port.port.get());
    ports.collect::<Vec<_>>().into_iter().for_each(&mut near);
    let ports = numbers.into_iter().filter_map(Port::new);
    let mut all: Vec<L4> = ports.flat_map(|port| Protocol::ALL.map(|protocol| L4::Port(protocol, port))).collect();
    all.extend([L4::Icmp, L4::Other(OtherProtocol::new(47).unwrap()), L4::Other(OtherProtocol::new(50).unwrap())]);
    all
}

/// All that the world's ends can ask of each other: `thin` leaves out all but one port in so many for each pair.
fn all_flows(cluster: &Cluster, engine: &Engine, thin: usize) -> Vec<Flow> {
    let mut ends = ends(cluster);
    // A covering set asks what is there: nobody sends from a pod that does not exist.
    ends.retain(|end| !matches!(end, Endpoint::Labelled { .. }));
    for interval in [Family::V4, Family::V6].into_iter().flat_map(|family| engine.address_intervals(family)) {
        ends.extend([interval.first, interval.last].map(Endpoint::Address));
    }
    let l4s = l4s(cluster);
    let mut flows = Vec::new();
    for (i, source) in ends.iter().enumerate() {
        for (j, destination) in ends.iter().enumerate() {
            let some = l4s.iter().skip((i + 3 * j) % thin).step_by(thin);
            flows.extend(some.map(|l4| Flow::new(source.clone(), destination.clone().into(), *l4)));
        }
        for service in cluster.services() {
            for port in &service.ports {
                let destination = netpol_oracle::Destination::Service(service.name.clone());
                flows.push(Flow::new(source.clone(), destination, L4::Port(port.protocol, port.port)));
                let addresses = service.cluster_addresses.iter().map(|address| Endpoint::Address(*address));
                flows.extend(
                    addresses.map(|to| Flow::new(source.clone(), to.into(), L4::Port(port.protocol, port.port))),
                );
            }
        }
    }
    flows
}

/// Compares every flow with its representative; how many, and how many the covering set has.
fn compare(cluster: &Cluster, profile: &Profile, thin: usize) -> Result<(usize, usize), String> {
    let engine = Engine::new(cluster, profile);
    let (judge, reference) = (Judge { cluster, profile, engine: &engine }, Reference::new(cluster, profile));
    let mut set: HashMap<Key, (Answer, Flow)> = HashMap::new();
    let mut count = 0;
    for flow in covering_flows(&engine) {
        count += 1;
        let asked = probes(&engine, &flow).map_err(|error| format!("{flow} cannot be asked: {error}"))?;
        let decision = engine.decide(&flow).map_err(|error| error.to_string())?;
        for (probe, answer) in asked.iter().zip(answer(&decision)) {
            let key = judge.key(probe);
            let (known, other) = set.entry(key.clone()).or_insert((answer, probe.flow.clone()));
            if *known != answer {
                return Err(format!("{} {answer:?}, {other} {known:?}: both {key:?}", probe.flow));
            }
        }
    }
    let mut compared = 0;
    for flow in all_flows(cluster, &engine, thin) {
        let (Ok(asked), Ok(decision)) = (probes(&engine, &flow), engine.decide(&flow)) else { continue };
        let expected = answer(&reference.decide(&flow).map_err(|error| error.to_string())?);
        for ((probe, answer), expected) in asked.iter().zip(answer(&decision)).zip(expected) {
            if answer != expected {
                return Err(format!("{}: engine {answer:?}, definition {expected:?}", probe.flow));
            }
            let key = judge.key(probe);
            match set.get(&key) {
                Some((known, _)) if *known == answer => {}
                Some((known, other)) => {
                    return Err(format!("{} {answer:?}, {other} {known:?}: both {key:?}", probe.flow));
                }
                None => return Err(format!("{} has nothing like it: {key:?}", probe.flow)),
            }
            compared += 1;
        }
    }
    Ok((compared, count))
}

fn shown(cluster: &Cluster, profile: &Profile) -> World {
    World::new(cluster.clone(), profile.clone(), Vec::new())
}

#[test]
fn every_flow_has_one_like_it() {
    let (mut compared, mut asked) = (0, 0);
    let count = wanted(8);
    for (at, sequence) in sequences().take(count).enumerate() {
        match compare(&sequence.before, &sequence.profile, 4) {
            Ok((more, covering)) => {
                compared += more;
                asked += covering;
            }
            Err(difference) => {
                panic!("world {at}: {difference}\n{:?}", shown(&sequence.before, &sequence.profile))
            }
        }
    }
    println!("{count} worlds: {compared} flows, {asked} in covering sets");
}

/// The small scope of `engine::exhaustive`: every policy alone and every 60th pair; `COVERING_WORLDS` asks for all pairs.
#[test]
fn every_flow_of_a_small_scope_has_one_like_it() {
    let (policies, all) = (policies(), std::env::var("COVERING_WORLDS").is_ok());
    let mut sets: Vec<Vec<&NetworkPolicy>> = vec![Vec::new()];
    sets.extend(policies.iter().map(|policy| vec![policy]));
    let pairs = policies
        .iter()
        .enumerate()
        .flat_map(|(at, one)| policies.iter().skip(at + 1).map(move |other| vec![one, other]));
    sets.extend(pairs.step_by(if all { 1 } else { 60 }));
    let mut compared = 0;
    for (at, set) in sets.iter().enumerate() {
        let mut builder = base();
        set.iter().for_each(|policy| {
            builder.policy((*policy).clone());
        });
        let cluster = builder.build();
        let profile = if at % 2 == 0 { Profile::kubernetes() } else { "cn2:v1.31.6-r0".parse().unwrap() };
        match compare(&cluster, &profile, if all { 1 } else { 6 }) {
            Ok((more, _)) => compared += more,
            Err(difference) => panic!("{difference}\n{set:#?}"),
        }
    }
    println!("{} sets of policies: {compared} flows", sets.len());
}

#[test]
fn no_flow_twice_and_as_many_as_counted() {
    for sequence in sequences().take(wanted(40)) {
        let engine = Engine::new(&sequence.before, &sequence.profile);
        let covering = covering_flows(&engine);
        let mut seen = HashSet::new();
        for flow in &covering {
            assert!(seen.insert(flow.clone()), "{flow}");
        }
        assert_eq!(covering.len(), seen.len() as u64);
        let again: Vec<Flow> = covering_flows(&Engine::new(&sequence.before, &sequence.profile)).iter().collect();
        assert!(covering.iter().eq(again));
        let whole = covering.budget(usize::MAX);
        assert!(whole.coverage().is_whole());
        assert_eq!(whole.into_iter().collect::<HashSet<_>>(), seen);
    }
}
