//! The faces in a covering set by brute force: every flow to one has one in the set that is like it, and its answer.
//!
//! "Like it" is read off the objects, as in [`super::covering`]: the same Service's port or the same kind of pod, the same kinds of
//! ends, which stand to each other and to the node at the face in the same way, at addresses that the rules in question treat alike.
//! Workloads and their replicas are asked, not held against each other: which labels they have may be open (U7).

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use netpol_oracle::labels::Labels;
use netpol_oracle::oracle::{ComesFrom, Face, Probe, ProbeEnd, ProbeWho, covering_flows, probes};
use netpol_oracle::{Cluster, Decide, Destination, Direction, Endpoint, Engine, Flow, L4, Profile, Reference};
use netpol_test_support::faces;
use netpol_test_support::real_worlds::world;

use super::covering::{Answer, EndKey, Judge, Whereabouts, answer, wanted};
use crate::support::worlds::World;

/// What a question to a face is, as far as policies can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FaceKey {
    /// Who is at the face, on which port, and on which it is reached.
    port: (Face, Vec<String>, L4, L4),
    ends: (EndKey, EndKey),
    face: Whereabouts,
    /// The addresses of the node that may pass it on; of any node the destination's own.
    passing: BTreeSet<Whereabouts>,
    is_to_itself: bool,
    /// The source is the node at the face.
    is_from_there: bool,
    /// The destination is the source's node, the other way round, the node at the face is either's.
    near: [Near; 4],
    /// Where the destination may run that says no node.
    unsaid: Option<Labels>,
}

/// Whether an end is another's own node (K18, U8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Near {
    Own,
    Apart,
    Perhaps(Option<String>),
}

/// A node by its name, or by an address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spot {
    Name(String),
    Address(IpAddr),
}

impl Judge<'_> {
    fn node_selector(&self, who: &ProbeWho) -> Labels {
        match who {
            ProbeWho::Pod(name) => self.cluster.pod(name).unwrap().node_selector.clone(),
            ProbeWho::Workload(kind, name) => self.cluster.workload(kind, name).unwrap().node_selector.clone(),
            _ => Labels::new(),
        }
    }

    fn node_at(&self, address: IpAddr) -> Option<Option<String>> {
        let lists = |node: &&netpol_oracle::model::Node| node.addresses.iter().any(|each| each.address == address);
        if let Some(node) = self.cluster.nodes().iter().find(lists) {
            return Some(Some(node.name.to_string()));
        }
        let tells = |pod: &&netpol_oracle::Pod| {
            pod.host_addresses.contains(&address)
                || (pod.host_network && pod.is_live() && pod.addresses.contains(&address))
        };
        self.cluster.pods().iter().find(tells).map(|pod| pod.node.as_ref().map(ToString::to_string))
    }

    fn spot(&self, end: &ProbeEnd) -> Option<Spot> {
        if let Some(name) = self.node_of(&end.who) {
            return Some(Spot::Name(name));
        }
        let address = match &end.who {
            ProbeWho::Pod(name) => {
                let pod = self.cluster.pod(name).unwrap();
                let own = pod.addresses.first().filter(|_| pod.host_network);
                *pod.host_addresses.first().or(own)?
            }
            ProbeWho::Node(_) => return end.address.map(Spot::Address),
            _ => return None,
        };
        Some(self.node_at(address).flatten().map_or(Spot::Address(address), Spot::Name))
    }

    fn admits(&self, selector: &Labels, spot: &Spot) -> bool {
        let Spot::Name(name) = spot else { return true };
        let labels = self.cluster.node(name).map(|node| &node.labels);
        labels.is_none_or(|labels| selector.iter().all(|(key, value)| labels.get(key.as_str()) == Some(value)))
    }

    fn near(&self, subject: &ProbeEnd, peer: &ProbeEnd) -> Near {
        if !self.is_host(&peer.who) || self.object(&subject.who).is_none() {
            return Near::Apart;
        }
        if self.is_own_node(subject, peer) {
            return Near::Own;
        }
        let system = |spot: &Spot| match spot {
            Spot::Name(name) => {
                self.cluster.node(name).and_then(|node| node.os_image.as_ref()).map(ToString::to_string)
            }
            Spot::Address(_) => None,
        };
        let (one, other) = (self.node_selector(&subject.who), self.node_selector(&peer.who));
        match (self.spot(subject), self.spot(peer)) {
            (None, Some(spot)) if self.admits(&one, &spot) => Near::Perhaps(system(&spot)),
            (Some(spot), None) if self.admits(&other, &spot) => Near::Perhaps(system(&spot)),
            (None, None)
                if one.iter().all(|(key, value)| other.get(key.as_str()).is_none_or(|asked| asked == value)) =>
            {
                Near::Perhaps(None)
            }
            _ => Near::Apart,
        }
    }

    /// Every address of the node, by its Node object and by what live pods report.
    fn addresses_of_node(&self, name: &str) -> Vec<IpAddr> {
        let own = self.cluster.node(name).into_iter().flat_map(|node| node.addresses.iter().map(|each| each.address));
        let on_it = |pod: &&netpol_oracle::Pod| pod.node.as_deref() == Some(name) && pod.is_live();
        let reported = self.cluster.pods().iter().filter(on_it).flat_map(|pod| pod.host_addresses.iter().copied());
        own.chain(reported).collect()
    }

    /// Services, or the pod, that have the face.
    fn claims(&self, probe: &Probe) -> Vec<String> {
        let L4::Port(protocol, number) = probe.flow.l4 else { unreachable!("faces have ports") };
        let address = probe.sent_to.unwrap();
        let has = |service: &&netpol_oracle::model::Service| {
            service.ports.iter().any(|port| match probe.face {
                Some(Face::NodePort) => port.protocol == protocol && port.node_port == Some(number),
                _ => {
                    let mut addresses = service.external_addresses.iter().chain(&service.load_balancer_addresses);
                    port.protocol == protocol && port.port == number && addresses.any(|own| *own == address)
                }
            })
        };
        match probe.face {
            Some(Face::HostPort) => Vec::new(),
            _ => self.cluster.services().iter().filter(has).map(|service| service.name.to_string()).collect(),
        }
    }

    fn face_key(&self, probe: &Probe) -> Option<FaceKey> {
        let Probe { source, destination, face: Some(face), .. } = probe else { return None };
        let is_open = |end: &ProbeEnd| match &end.who {
            ProbeWho::Replica(_) | ProbeWho::Workload(..) => true,
            // An endpoint may name a pod at an address that is another's: no packet finds it there.
            ProbeWho::Pod(name) => end.address.is_some_and(|address| {
                let own = Endpoint::PodAddress { pod: name.clone(), address };
                self.engine.verdict(&Flow::new(own, outside_of(address).into(), L4::Icmp)).is_err()
            }),
            _ => false,
        };
        if *face == Face::ClusterIp || is_open(source) || is_open(destination) {
            return None;
        }
        if self.object(&source.who).is_none() && self.object(&destination.who).is_none() {
            return None;
        }
        let address = probe.sent_to.unwrap();
        let who = match &probe.flow.destination {
            Destination::Endpoint(Endpoint::NodeAddress { node, .. }) => ProbeWho::Node(Some(node.clone())),
            _ => self.node_at(address).map_or(ProbeWho::Outside, |name| ProbeWho::Node(name.map(Into::into))),
        };
        let at = ProbeEnd::new(who, Some(address));
        let (egress, ingress) =
            (self.isolating(&source.who, Direction::Egress), self.isolating(&destination.who, Direction::Ingress));
        let seen = |address: IpAddr| self.whereabouts(address, &ingress, Direction::Ingress);
        let passing: Vec<IpAddr> = match &probe.comes_from {
            ComesFrom::Source => Vec::new(),
            ComesFrom::Node(node) | ComesFrom::SourceOrNode(node) => match &node.who {
                ProbeWho::Node(Some(name)) => self.addresses_of_node(name),
                _ => vec![address],
            },
            _ => match (self.node_of(&destination.who), &destination.who) {
                (Some(name), _) => self.addresses_of_node(&name),
                (None, ProbeWho::Pod(name)) => self.cluster.pod(name).unwrap().host_addresses.clone(),
                (None, _) => Vec::new(),
            },
        };
        let of_family = |other: &IpAddr| other.is_ipv4() == address.is_ipv4();
        let says_none = self.object(&destination.who).is_some() && self.node_of(&destination.who).is_none();
        Some(FaceKey {
            port: (*face, self.claims(probe), probe.flow.l4, probe.l4),
            ends: (
                self.end(source, &ingress, Direction::Ingress, false),
                self.end(destination, &egress, Direction::Egress, false),
            ),
            face: self.whereabouts(address, &egress, Direction::Egress),
            passing: passing.into_iter().filter(of_family).map(seen).collect(),
            is_from_there: self.is_host(&source.who)
                && (source.address == Some(address)
                    || (matches!(source.who, ProbeWho::Node(Some(_))) && source.who == at.who)),
            is_to_itself: source.who == destination.who && matches!(source.who, ProbeWho::Pod(_)),
            near: [
                self.near(source, destination),
                self.near(destination, source),
                self.near(source, &at),
                self.near(destination, &at),
            ],
            unsaid: says_none.then(|| self.node_selector(&destination.who)),
        })
    }
}

/// An address of its family that nobody has.
fn outside_of(address: IpAddr) -> Endpoint {
    Endpoint::Address(if address.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" }.parse().unwrap())
}

/// From everywhere to every face.
fn all_flows(cluster: &Cluster, engine: &Engine) -> Vec<Flow> {
    let flows = faces::flows(cluster);
    let mut more: Vec<Endpoint> = cluster
        .workloads()
        .iter()
        .map(|workload| Endpoint::Workload { kind: workload.kind.clone(), name: workload.name.clone() })
        .collect();
    for interval in
        [netpol_oracle::net::Family::V4, netpol_oracle::net::Family::V6].map(|of| engine.address_intervals(of))
    {
        more.extend(interval.iter().flat_map(|interval| [interval.first, interval.last]).map(Endpoint::Address));
    }
    let first = flows.first().map(|flow| flow.source.clone());
    let faces: Vec<&Flow> = flows.iter().filter(|flow| Some(&flow.source) == first.as_ref()).collect();
    let others = more
        .iter()
        .flat_map(|source| faces.iter().map(|flow| Flow::new(source.clone(), flow.destination.clone(), flow.l4)));
    let others: Vec<Flow> = others.collect();
    // Addresses that two nodes have are no members of a kind.
    let is_known = |end: &Endpoint| match end {
        Endpoint::NodeAddress { address, .. } => {
            engine.verdict(&Flow::new(Endpoint::Address(*address), outside_of(*address).into(), L4::Icmp)).is_ok()
        }
        _ => true,
    };
    let is_asked = |flow: &Flow| match &flow.destination {
        Destination::Endpoint(to) => is_known(&flow.source) && is_known(to),
        _ => is_known(&flow.source),
    };
    flows.into_iter().chain(others).filter(is_asked).collect()
}

/// Compares every flow to a face with its representative; how many, how many the covering set has, and which have none there.
fn compare(cluster: &Cluster, profile: &Profile) -> Result<(usize, usize, Vec<String>), String> {
    let engine = Engine::new(cluster, profile);
    let (judge, reference) = (Judge { cluster, profile, engine: &engine }, Reference::new(cluster, profile));
    let mut set: HashMap<FaceKey, (Answer, Flow)> = HashMap::new();
    let mut count = 0;
    for flow in covering_flows(&engine) {
        let asked = probes(&engine, &flow).map_err(|error| format!("{flow} cannot be asked: {error}"))?;
        let decision = engine.decide(&flow).map_err(|error| error.to_string())?;
        for (probe, answer) in asked.iter().zip(answer(&decision)) {
            let Some(key) = judge.face_key(probe) else { continue };
            count += 1;
            let (known, other) = set.entry(key.clone()).or_insert((answer, probe.flow.clone()));
            if *known != answer {
                return Err(format!("{} {answer:?}, {other} {known:?}: both {key:?}", probe.flow));
            }
        }
    }
    let (mut compared, mut missing) = (0, Vec::new());
    for flow in all_flows(cluster, &engine) {
        let (Ok(asked), Ok(decision)) = (probes(&engine, &flow), reference.decide(&flow)) else { continue };
        for (probe, answer) in asked.iter().zip(answer(&decision)) {
            let Some(key) = judge.face_key(probe) else { continue };
            match set.get(&key) {
                Some((known, _)) if *known == answer => {}
                Some((known, other)) => {
                    return Err(format!("{} {answer:?}, {other} {known:?}: both {key:?}", probe.flow));
                }
                None => missing.push(format!("{} has nothing like it: {key:?}", probe.flow)),
            }
            compared += 1;
        }
    }
    Ok((compared, count, missing))
}

#[test]
fn every_flow_to_a_face_has_one_like_it() {
    let (mut compared, mut asked, mut missing) = (0, 0, 0);
    let (count, mut wrong) = (wanted(60), Vec::new());
    for seed in 0..count as u64 {
        let World { cluster, profile, .. } = world(500_000 + seed, 0);
        match compare(&cluster, &profile) {
            Ok((more, covering, none)) => {
                none.iter().for_each(|flow| println!("world {seed}: {flow}"));
                missing += none.len();
                compared += more;
                asked += covering;
            }
            Err(difference) => {
                println!("world {seed}: {difference}");
                wrong.push(format!("world {seed}: {difference}\n{:?}", World::new(cluster, profile, Vec::new())));
            }
        }
    }
    println!("{count} worlds: {compared} flows to faces, {asked} in covering sets, {missing} have none like them");
    assert!(wrong.is_empty(), "{} worlds: {}", wrong.len(), wrong.first().map_or("", String::as_str));
    // Not yet of all: none of 3,127 in these worlds, 203 of 94,314 in 1,500, most of them where an end has no address.
    assert!(compared > 50 * count && missing * 400 <= compared, "{missing} of {compared}");
}
