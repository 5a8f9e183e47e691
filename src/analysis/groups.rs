//! Groups of ends that no policy of either snapshot tells apart, as far as the change is concerned.
//!
//! Two partitions, each as coarse as it can be. For a direction, the *subjects* are the pods that a changed
//! policy isolates; what tells them apart is which policies isolate them, and who matches them as peers
//! on the other side. What tells *peers* apart is how the subjects' policies match them, and which policies
//! isolate them on the other side. Own node, own pod and own Service are relations between two ends, not
//! traits of one: pairs are chosen for each.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use crate::analysis::end::{End, Who};
use crate::analysis::fronts::Claims;
use crate::analysis::place::Place;
use crate::analysis::world::World;
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PortSpec, Ports};
use crate::name::Direction;
use crate::net::{AddressRange, Cidr, Family, IpBlock, Port, PortCuts, PortInterval, Protocol};
use crate::partition::index::{Bits, Object};
use crate::profile::capability::HostNetwork;
use crate::profile::cce::INTERNAL_CLOUD;

/// Most blocks that addresses are held against one by one.
const MAX_BLOCKS: usize = 4_096;

/// What a set of policies says of peers, in one direction of one snapshot.
#[derive(Default)]
pub(super) struct Matchers<'c> {
    selected: Vec<Bits>,
    blocks: Vec<&'c IpBlock>,
    /// Some blocks were left out.
    pub(super) cut: bool,
}

impl<'c> Matchers<'c> {
    /// The peers that those policies of `world` name in `direction` which select one of `whom`.
    pub(super) fn new(world: &World<'c>, direction: Direction, whom: Option<&Bits>) -> Self {
        let mut matchers = Self::default();
        let mut seen: HashSet<(Option<&str>, &PodPeer)> = HashSet::new();
        let mut blocks: BTreeSet<&IpBlock> = BTreeSet::new();
        for (policy, subjects) in &world.policies {
            if whom.is_some_and(|whom| !subjects.meets(whom)) {
                continue;
            }
            for rule in policy.rules(direction) {
                let Peers::Of(peers) = &rule.peers else { continue };
                for peer in peers {
                    match peer {
                        Peer::Pods(pods) => {
                            let own: &str = policy.name().namespace();
                            let place = (pods.namespaces == Namespaces::Own).then_some(own);
                            if seen.insert((place, pods)) {
                                matchers.selected.push(world.index.peers(own, pods));
                            }
                        }
                        Peer::IpBlock(block) => {
                            blocks.insert(block);
                        }
                    }
                }
            }
        }
        matchers.cut = blocks.len() > MAX_BLOCKS;
        matchers.blocks = blocks.into_iter().take(MAX_BLOCKS).collect();
        matchers
    }

    /// Where addresses begin and cease to match.
    pub(super) fn edges(&self) -> impl Iterator<Item = AddressRange> + '_ {
        let cidrs =
            |block: &&'c IpBlock| -> Vec<Cidr> { [block.cidr()].iter().chain(block.except()).copied().collect() };
        self.blocks.iter().flat_map(cidrs).map(AddressRange::from)
    }

    fn describe(&self, end: &End<'_>, snapshot: usize, into: &mut Vec<u64>) {
        if let Some((at, _)) = end.object(snapshot) {
            mark(into, self.selected.iter().map(|selected| selected.contains(at)));
        }
        for address in addresses(end, snapshot) {
            self.describe_address(*address, into);
        }
    }

    fn describe_address(&self, address: IpAddr, into: &mut Vec<u64>) {
        mark(into, self.blocks.iter().map(|block| block.contains(address)));
    }
}

/// The object that an end is, or those behind it.
fn meant<'a>(end: &'a End<'_>, snapshot: usize) -> Cow<'a, [usize]> {
    match (end.object(snapshot), end.front().and_then(|front| front.behind.get(snapshot))) {
        (Some((at, _)), _) => vec![at].into(),
        (None, Some(behind)) => behind.objects.as_slice().into(),
        (None, None) => Vec::new().into(),
    }
}

fn addresses<'a>(end: &'a End<'_>, snapshot: usize) -> &'a [IpAddr] {
    end.traits.get(snapshot).map_or(&[], |traits| &traits.addresses)
}

/// The places of what is so, and an end mark.
fn mark(into: &mut Vec<u64>, is: impl Iterator<Item = bool>) {
    into.extend(is.enumerate().filter(|(_, is)| *is).map(|(at, _)| at as u64));
    into.push(u64::MAX);
}

/// What everything is grouped by.
pub(super) struct Context<'a, 'c> {
    pub(super) worlds: &'a [World<'c>; 2],
    /// What is met at the addresses of nodes, in each snapshot.
    pub(super) claims: &'a [Claims<'c>; 2],
    /// The direction that the subjects are isolated in.
    pub(super) direction: Direction,
    /// What the subjects' policies say of peers, in each snapshot.
    pub(super) peers: [Matchers<'c>; 2],
    /// What any policy of the other direction says of its peers: of the subjects.
    pub(super) back: [Matchers<'c>; 2],
    /// The port names that policies use.
    pub(super) names: BTreeSet<&'c str>,
    cuts: HashMap<(usize, usize, Direction), PortCuts>,
}

/// The direction of the other side.
pub(super) fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    }
}

type Signature = (Vec<u64>, Vec<String>);

impl<'a, 'c> Context<'a, 'c> {
    pub(super) fn new(
        worlds: &'a [World<'c>; 2],
        claims: &'a [Claims<'c>; 2],
        direction: Direction,
        affected: &[Bits; 2],
    ) -> Self {
        let [before, after] = worlds;
        let [whom_before, whom_after] = affected;
        let other = opposite(direction);
        let peers =
            [Matchers::new(before, direction, Some(whom_before)), Matchers::new(after, direction, Some(whom_after))];
        let back = [Matchers::new(before, other, None), Matchers::new(after, other, None)];
        let mut names = BTreeSet::new();
        let mut cuts = HashMap::new();
        for (snapshot, world) in worlds.iter().enumerate() {
            for (at, (policy, _)) in world.policies.iter().enumerate() {
                for direction in [Direction::Ingress, Direction::Egress] {
                    cuts.insert((snapshot, at, direction), port_cuts(policy, direction, &mut names));
                }
            }
        }
        Self { worlds, claims, direction, peers, back, names, cuts }
    }

    /// `whom` in groups, by what makes them subjects.
    pub(super) fn subjects(&self, ends: &[End<'c>], whom: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
        grouped(whom, |at| {
            let mut signature = (Vec::new(), Vec::new());
            let Some(end) = ends.get(at) else { return signature };
            for snapshot in 0..2 {
                self.as_subject(end, snapshot, self.direction, &mut signature);
                if let Some(back) = self.back.get(snapshot) {
                    back.describe(end, snapshot, &mut signature.0);
                }
                self.common(end, snapshot, &mut signature);
                if self.direction == Direction::Ingress {
                    self.named_ports(end, snapshot, &mut signature.1);
                }
            }
            signature
        })
    }

    /// Everybody in groups, by what makes them peers.
    pub(super) fn peers(&self, ends: &[End<'c>]) -> Vec<Vec<usize>> {
        grouped(0..ends.len(), |at| {
            let mut signature = (Vec::new(), Vec::new());
            let Some(end) = ends.get(at) else { return signature };
            if let Some(front) = end.front() {
                signature.1.push(front.key.clone());
                for ((snapshot, world), behind) in self.worlds.iter().enumerate().zip(&front.behind) {
                    let Some(traits) = end.traits.get(snapshot).filter(|traits| traits.is_node) else { continue };
                    for matchers in self.peers.get(snapshot).into_iter().chain(self.back.get(snapshot)) {
                        matchers.describe(end, snapshot, &mut signature.0);
                        // The backend may see any other of its addresses (U9).
                        for address in traits.place.node().into_iter().flat_map(|name| world.places.addresses(name)) {
                            matchers.describe_address(*address, &mut signature.0);
                        }
                    }
                    self.common(end, snapshot, &mut signature);
                    signature.0.extend(world.on_node(behind, traits));
                }
                return signature;
            }
            for snapshot in 0..2 {
                self.as_subject(end, snapshot, opposite(self.direction), &mut signature);
                if let Some(peers) = self.peers.get(snapshot) {
                    peers.describe(end, snapshot, &mut signature.0);
                }
                self.common(end, snapshot, &mut signature);
                if self.direction == Direction::Egress {
                    self.named_ports(end, snapshot, &mut signature.1);
                }
            }
            signature
        })
    }

    /// Which policies isolate it, and what its circumstances make of them (C6, C8).
    fn as_subject(&self, end: &End<'c>, snapshot: usize, direction: Direction, into: &mut Signature) {
        let (Some(world), Some((at, object))) = (self.worlds.get(snapshot), end.object(snapshot)) else {
            into.0.push(u64::MAX);
            return;
        };
        let policies = world.policies.iter();
        mark(&mut into.0, policies.map(|(policy, subjects)| policy.isolates(direction) && subjects.contains(at)));
        into.0.push(u64::from(supports(world, end, snapshot, direction)));
        into.1.push(object.runtime_class().unwrap_or("").to_owned());
    }

    /// Kind, families, and where its addresses lie (C7, C9, C11, U2, U6).
    fn common(&self, end: &End<'c>, snapshot: usize, into: &mut Signature) {
        let Some(world) = self.worlds.get(snapshot) else { return };
        let kind = match (&end.who, end.object(snapshot)) {
            (_, Some((_, Object::Pod(_)))) => 0,
            (_, Some((_, Object::Workload(_)))) => 1,
            (Who::Node, _) => 2,
            _ => 3,
        };
        into.0.push(kind);
        let is_node = end.traits.get(snapshot).is_some_and(|traits| traits.is_node);
        into.0.push(u64::from(is_node));
        into.0.push(match end.traits.get(snapshot).map(|traits| traits.place) {
            None | Some(Place::Nowhere) => 0,
            Some(Place::Said(_)) => 1,
            Some(Place::Unsaid(_)) => 2,
        });
        if let (true, Some(traits), Some(claims)) = (is_node, end.traits.get(snapshot), self.claims.get(snapshot)) {
            // An end that says no node may run on this one (U8), and then its system counts.
            for direction in [Direction::Ingress, Direction::Egress] {
                into.0.push(u64::from(supports(world, end, snapshot, direction)));
            }
            into.1.extend(claims.own_ports(traits).iter().map(|port| format!("{port:?}")));
            // A hostNetwork pod is isolated by a reading of U2 alone: what is its node's is not put together.
            let is_subject = world.profile.capabilities().host_network != HostNetwork::Node;
            into.1.extend(end.object(snapshot).and(traits.place.node()).filter(|_| is_subject).map(str::to_owned));
        }
        if let (Who::Object(_, replica), Some((at, object))) = (&end.who, end.object(snapshot)) {
            // What a controller sets is read in many ways, and two of one set are not alike (U7).
            let told = match replica {
                Some(replica) if replica.is_told => format!("{} {at} {}", object.name(), replica.ordinal),
                Some(_) => format!("{} {at} another", object.name()),
                None => format!("{} {at}", object.name()),
            };
            into.1.extend(Some(told).filter(|_| replica.is_some() || world.is_open(at)));
        }
        let profile = world.profile;
        for address in addresses(end, snapshot) {
            let inside = |cidrs: &[Cidr]| cidrs.iter().any(|cidr| cidr.contains(*address));
            let internal = INTERNAL_CLOUD.contains(*address);
            let v6 = Family::of(*address) == Family::V6;
            let traits = [
                v6,
                kind > 1 && internal,
                kind == 3 && inside(profile.pod_cidrs()),
                kind == 3 && inside(profile.service_cidrs()),
            ];
            mark(&mut into.0, traits.into_iter());
        }
        into.0.push(u64::MAX);
    }

    /// The named ports that policies can refer to (K12).
    fn named_ports(&self, end: &End<'c>, snapshot: usize, into: &mut Vec<String>) {
        let declared = end.object(snapshot).map_or_else(BTreeSet::new, |(_, object)| self.declared(object));
        into.extend(declared.iter().map(|(name, protocol, port)| format!("{name} {protocol} {port}")));
        into.push(String::new());
    }

    fn declared(&self, object: Object<'c>) -> BTreeSet<(&'c str, Protocol, Port)> {
        let ports =
            object.ports().iter().filter_map(|port| Some((port.name.as_ref()?.as_str(), port.protocol, port.port)));
        ports.filter(|(name, ..)| self.names.contains(name)).collect()
    }

    /// Where a policy that isolates `end`, or one of those behind it, for `direction` tells ports apart, in either snapshot.
    pub(super) fn cuts(&self, end: &End<'c>, direction: Direction) -> PortCuts {
        let mut cuts = PortCuts::default();
        for (snapshot, world) in self.worlds.iter().enumerate() {
            let whom = meant(end, snapshot);
            for (place, (_, subjects)) in world.policies.iter().enumerate() {
                let some = whom.iter().any(|at| subjects.contains(*at));
                if let (true, Some(own)) = (some, self.cuts.get(&(snapshot, place, direction))) {
                    cuts.add(own);
                }
            }
        }
        cuts
    }

    /// The ports of a destination that names may stand for.
    pub(super) fn cut_by_name(&self, end: &End<'c>, cuts: &mut PortCuts) {
        for (snapshot, world) in self.worlds.iter().enumerate() {
            for object in meant(end, snapshot).iter().filter_map(|at| world.index.objects().get(*at)) {
                for (_, protocol, port) in self.declared(*object) {
                    cuts.apart(PortInterval::one(protocol, port));
                }
            }
        }
    }

    /// The ports of a node that are a Service's or a pod's at some of its addresses, in either snapshot.
    pub(super) fn claimed(&self, end: &End<'c>) -> BTreeSet<(Protocol, Port)> {
        self.claims.iter().zip(&end.traits).flat_map(|(claims, traits)| claims.ports(traits)).collect()
    }

    /// Those that are so at all of its addresses.
    pub(super) fn foreign(&self, end: &End<'c>) -> BTreeSet<(Protocol, Port)> {
        self.claims.iter().zip(&end.traits).flat_map(|(claims, traits)| claims.foreign_ports(traits)).collect()
    }
}

fn port_cuts<'c>(policy: &'c NetworkPolicy, direction: Direction, names: &mut BTreeSet<&'c str>) -> PortCuts {
    let mut cuts = PortCuts::default();
    for rule in policy.rules(direction) {
        let Ports::Of(ports) = &rule.ports else { continue };
        for entry in ports {
            match &entry.port {
                PortSpec::Any => {}
                PortSpec::Number(number) => cuts.apart(PortInterval::one(entry.protocol, *number)),
                PortSpec::Range(range) => {
                    // Where `endPort` is not looked at, the first port is apart (C14).
                    cuts.apart(PortInterval::one(entry.protocol, range.first()));
                    cuts.apart(PortInterval::new(entry.protocol, *range));
                }
                PortSpec::Name(name) => {
                    names.insert(name.as_str());
                }
            }
        }
    }
    cuts
}

/// Whether the system of its node enforces, as far as anybody knows (C6).
fn supports(world: &World<'_>, end: &End<'_>, snapshot: usize, direction: Direction) -> bool {
    let name = end.traits.get(snapshot).and_then(|traits| traits.place.node());
    let os_image = name.and_then(|name| world.cluster.node(name)).and_then(|node| node.os_image.as_deref());
    os_image.is_none_or(|os_image| world.profile.capabilities().node_os.supports(os_image, direction))
}

/// In the order of their first members.
fn grouped(members: impl Iterator<Item = usize>, signature: impl Fn(usize) -> Signature) -> Vec<Vec<usize>> {
    let mut places: HashMap<Signature, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for member in members {
        let place = *places.entry(signature(member)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}
