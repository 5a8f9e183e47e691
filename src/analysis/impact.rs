//! What opens and closes between two snapshots.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::changes::{FlowChange, Impact, Relation};
use crate::analysis::end::{End, Who};
use crate::analysis::ends::Ends;
use crate::analysis::fronts::{Claims, Fronts};
use crate::analysis::groups::{Context, opposite};
use crate::analysis::isolation::{affected, isolation};
use crate::analysis::left_out::LeftOut;
use crate::analysis::place::Tie;
use crate::analysis::port_set::{PortSet, Probe};
use crate::analysis::world::{World, inside, outside, worlds};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::{Direction, ObjectName};
use crate::net::{AddressRange, Family, PortInterval, merged};
use crate::partition::index::{Bits, Object};
use crate::profile::cce::INTERNAL_CLOUD;
use crate::reference::Reference;
use crate::verdict::Verdict;

/// Most flows that are judged for one comparison, each on both snapshots.
pub const MAX_FLOWS: usize = 200_000;
/// Most changes that are listed.
pub const MAX_CHANGES: usize = 200;
/// Most stretches of addresses outside the cluster that are tried.
const MAX_ADDRESSES: usize = 8_192;
/// Most pairs that are looked at for one relation between two groups.
const MAX_PAIRS: usize = 20_000;

/// What changes between two snapshots: who becomes isolated or free, what opens and what closes.
///
/// Sources and destinations are pods, workloads that stand for pods nobody loaded, replicas where selectors ask which
/// ([K27](crate::semantics#k27)), nodes and addresses outside the cluster, one of each kind that no selector or `ipBlock` of
/// either snapshot tells apart; for the egress side Services too, by every face ([K26](crate::semantics#k26)). Every port
/// interval that a rule of either snapshot makes is tried, by protocol, and ICMP for what has no ports.
///
/// What is not asked, [`Impact::left_out`] says: ends that only one of the two knows, since there is no verdict to compare;
/// what changes at the ingress side of a flow by way of a Service, which shows at its backends; replicas and ports of nodes
/// beyond a bound.
///
/// The search is bounded by [`MAX_FLOWS`] and [`MAX_CHANGES`]; [`Impact`] says when a bound was reached.
///
/// ```
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{Cluster, NetworkPolicy, ObjectName, Pod, Profile, Reference, analysis};
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
/// builder.pod(Pod::new(ObjectName::new("default", "db-0")));
/// let before = builder.clone().build();
/// let name = ObjectName::new("default", "deny-all");
/// builder.policy(NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]));
/// let after = builder.build();
///
/// let profile = Profile::kubernetes();
/// let impact = analysis::impact(&Reference::new(&before, &profile), &Reference::new(&after, &profile));
/// assert_eq!(impact.isolation.len(), 2);
/// let closed = &impact.flows[0];
/// assert_eq!(closed.witness.to_string(), "default/web-0 -> default/db-0:1/tcp");
/// assert_eq!((closed.before, closed.after), (netpol_oracle::Verdict::Allow, netpol_oracle::Verdict::Deny));
/// ```
#[must_use]
pub fn impact(before: &Reference<'_>, after: &Reference<'_>) -> Impact {
    // Both are judged on their own; what they borrow need not live alike.
    let references = [*before, *after];
    let (worlds, asked) = worlds(before, after);
    let same_world = same_world(before, after);
    let mut left_out = LeftOut::default();
    let objects = inside(&worlds, &asked, &mut left_out);
    let isolation = isolation(&worlds, &references, &objects);
    let claims = [Claims::new(&worlds[0]), Claims::new(&worlds[1])];
    let fronts = Fronts::new(&worlds, &objects, &claims, &mut left_out);
    let mut search = Search {
        references,
        worlds: &worlds,
        claims: &claims,
        same_world,
        flows: 0,
        exhausted: left_out.node_ports > 0,
        found: Vec::new(),
    };
    for direction in [Direction::Ingress, Direction::Egress] {
        search.direction(direction, &objects, &fronts, &mut left_out);
    }
    let omitted = search.found.len().saturating_sub(MAX_CHANGES);
    search.found.truncate(MAX_CHANGES);
    Impact { isolation, flows: search.found, omitted, exhausted: search.exhausted, left_out }
}

/// Nothing but policies differs.
fn same_world(before: &Reference<'_>, after: &Reference<'_>) -> bool {
    let (a, b) = (before.cluster(), after.cluster());
    before.profile() == after.profile()
        && a.namespaces() == b.namespaces()
        && a.pods() == b.pods()
        && a.workloads() == b.workloads()
        && a.nodes() == b.nodes()
        && a.services() == b.services()
        && a.endpoint_slices() == b.endpoint_slices()
        && a.endpoints() == b.endpoints()
}

struct Search<'a, 'c> {
    references: [Reference<'c>; 2],
    worlds: &'a [World<'c>; 2],
    claims: &'a [Claims<'c>; 2],
    same_world: bool,
    flows: usize,
    exhausted: bool,
    found: Vec<FlowChange>,
}

/// Whether one end is the node of the other, in each snapshot; `None` where it does not matter.
type Related = Option<[Tie; 2]>;

/// What makes two changed connections one entry, but for their ends.
type Kind = (Related, Option<Family>, Verdict, Verdict);

/// Groups that change alike, and one flow of theirs.
type Witnessed = (Vec<usize>, Flow);

impl<'c> Search<'_, 'c> {
    fn direction(&mut self, direction: Direction, objects: &[End<'c>], fronts: &Fronts<'c>, left_out: &mut LeftOut) {
        let mut affected = affected(self.worlds, direction, self.same_world);
        let is_affected = |end: &End<'_>, sets: &[Bits; 2]| {
            sets.iter().enumerate().any(|(snapshot, set)| end.object(snapshot).is_some_and(|(at, _)| set.contains(at)))
        };
        let subjects: Vec<usize> =
            objects.iter().enumerate().filter(|(_, end)| is_affected(end, &affected)).map(|(at, _)| at).collect();
        if direction == Direction::Ingress {
            left_out.services.extend(fronts.before_any(&affected));
            left_out.host_ports.extend(with_host_ports(self.worlds, &affected));
        }
        if subjects.is_empty() {
            return;
        }
        // A pod that is affected in one snapshot has its policies in both looked at.
        for at in &subjects {
            for (snapshot, set) in affected.iter_mut().enumerate() {
                if let Some((place, _)) = objects.get(*at).and_then(|end| end.object(snapshot)) {
                    set.set(place);
                }
            }
        }
        let context = Context::new(self.worlds, self.claims, direction, &affected);
        let mut edges: Vec<AddressRange> = context.peers.iter().flat_map(|matchers| matchers.edges()).collect();
        for world in self.worlds {
            edges.extend(
                world.profile.pod_cidrs().iter().chain(world.profile.service_cidrs()).copied().map(AddressRange::from),
            );
        }
        edges.push(INTERNAL_CLOUD.into());
        let (outside, cut) = outside(self.worlds, &edges, MAX_ADDRESSES);
        self.exhausted |= cut || context.peers.iter().chain(&context.back).any(|matchers| matchers.cut);

        let mut pairs = Pairs::default();
        let mut groups = Groups::new(context.subjects(objects, subjects.into_iter()));
        let mut bases = vec![objects, outside.as_slice()];
        if direction == Direction::Egress {
            bases.push(&fronts.ends);
        }
        let mut peers: Vec<(&[End<'c>], Vec<usize>)> = Vec::new();
        for base in bases {
            peers.extend(context.peers(base).into_iter().map(|group| (base, group)));
        }
        for subject_place in 0..groups.len() {
            for (peer_place, (base, group)) in peers.iter().enumerate() {
                let front = group.first().and_then(|at| base.get(*at)).filter(|end| end.front().is_some());
                for place in groups.parts(subject_place, |end| self.behind(objects.get(end), front)) {
                    let related = self.related_pairs(objects, groups.members(place), base, group);
                    for (relation, subject, peer) in related {
                        if !self.pair(&context, (place, peer_place), relation, (subject, peer), &mut pairs) {
                            self.exhausted = true;
                            return self.collapse(direction, objects, &groups, &peers, pairs);
                        }
                    }
                }
            }
        }
        self.collapse(direction, objects, &groups, &peers, pairs);
    }

    /// What those behind a front make of a subject: whether it is one of them, and on whose node.
    fn behind(&self, subject: Option<&End<'c>>, front: Option<&End<'c>>) -> Vec<u64> {
        let (Some(subject), Some(front)) = (subject, front.and_then(End::front)) else { return Vec::new() };
        let of = |(snapshot, world): (usize, &World<'c>)| {
            front.behind.get(snapshot).map_or_else(Vec::new, |behind| world.relation(subject, behind, snapshot))
        };
        self.worlds.iter().enumerate().flat_map(of).collect()
    }

    /// One pair of ends for each relation that there is between the members of two groups.
    fn related_pairs<'e>(
        &mut self,
        objects: &'e [End<'c>],
        subjects: &[usize],
        base: &'e [End<'c>],
        group: &[usize],
    ) -> Vec<(Related, &'e End<'c>, &'e End<'c>)> {
        let mut chosen: Vec<(Related, &End<'c>, &End<'c>)> = Vec::new();
        let mut looked_at = 0;
        for (subject, peer) in subjects.iter().flat_map(|subject| group.iter().map(move |peer| (*subject, *peer))) {
            let (Some(subject), Some(peer)) = (objects.get(subject), base.get(peer)) else { continue };
            if subject.is_same_pod(peer) {
                continue;
            }
            let matters = subject.relation_matters(peer);
            let mut relation = [Tie::None; 2];
            if matters {
                looked_at += 1;
                let traits = subject.traits.iter().zip(&peer.traits);
                for ((tie, world), (own, other)) in relation.iter_mut().zip(self.worlds).zip(traits) {
                    *tie = world.tie(own, other);
                }
            }
            let relation = matters.then_some(relation);
            if !chosen.iter().any(|(known, ..)| *known == relation) {
                chosen.push((relation, subject, peer));
            }
            // Where the objects are the same, so are their relations.
            let enough = if self.same_world { 3 } else { 9 };
            if !matters || chosen.len() == enough {
                break;
            }
            if looked_at == MAX_PAIRS {
                self.exhausted = true;
                break;
            }
        }
        chosen
    }

    /// Every port and family between two ends; `false` when the bound is reached.
    fn pair(
        &mut self,
        context: &Context<'_, 'c>,
        places: (usize, usize),
        related: Related,
        (subject, peer): (&End<'c>, &End<'c>),
        pairs: &mut Pairs,
    ) -> bool {
        let direction = context.direction;
        let (source, destination) = match direction {
            Direction::Ingress => (peer, subject),
            Direction::Egress => (subject, peer),
        };
        let Some(from) = source.endpoint() else { return true };
        let probes = match peer.front().and_then(|front| front.ports.as_ref()) {
            Some(ports) => ports.iter().copied().map(Probe::Ports).collect(),
            None => {
                let mut cuts = context.cuts(subject, direction);
                cuts.add(&context.cuts(peer, opposite(direction)));
                context.cut_by_name(destination, &mut cuts);
                // What is a Service's or a pod's there is another end.
                for (protocol, port) in context.claimed(destination) {
                    cuts.apart(PortInterval::one(protocol, port));
                }
                let foreign = context.foreign(destination);
                let is_own = |probe: &Probe| match probe.l4() {
                    L4::Port(protocol, port) => !foreign.contains(&(protocol, port)),
                    L4::Icmp | L4::Other(_) => true,
                };
                Probe::all(&cuts).into_iter().filter(is_own).collect::<Vec<_>>()
            }
        };
        for (family, to) in ways(source, destination) {
            for probe in &probes {
                if self.flows == MAX_FLOWS {
                    return false;
                }
                self.flows += 1;
                let flow = Flow::new(from.clone(), to.clone(), probe.l4());
                let [before, after] = &self.references;
                let (Ok(was), Ok(is)) = (before.verdicts(&flow), after.verdicts(&flow)) else { continue };
                let ([verdict_before, egress_before, ingress_before], [verdict_after, egress_after, ingress_after]) =
                    (was, is);
                let [own, other] = match direction {
                    Direction::Egress => [egress_before != egress_after, ingress_before != ingress_after],
                    Direction::Ingress => [ingress_before != ingress_after, egress_before != egress_after],
                };
                // Where neither side changed by itself, the two together did (U2 `unknown`, K23).
                if verdict_before != verdict_after && (own || !other) {
                    pairs.add(places, (related, family, verdict_before, verdict_after), *probe, flow);
                }
            }
        }
        true
    }

    /// What changes alike is one entry: first over peers, then over subjects.
    fn collapse(
        &mut self,
        direction: Direction,
        objects: &[End<'c>],
        subjects: &Groups,
        peers: &[(&[End<'c>], Vec<usize>)],
        pairs: Pairs,
    ) {
        let mut by_subject: BTreeMap<(usize, Kind, PortSet), Witnessed> = BTreeMap::new();
        for ((subject, peer, kind), (ports, witness)) in pairs.0 {
            by_subject.entry((subject, kind, ports)).or_insert_with(|| (Vec::new(), witness)).0.push(peer);
        }
        let mut entries: BTreeMap<(Vec<usize>, Kind, PortSet), Witnessed> = BTreeMap::new();
        for ((subject, kind, ports), (peers, witness)) in by_subject {
            entries.entry((peers, kind, ports)).or_insert_with(|| (Vec::new(), witness)).0.push(subject);
        }
        let mut changes = Vec::new();
        for ((with, kind, ports), (whom, witness)) in entries {
            let (related, family, before, after) = kind;
            let related = related.map(|[_, after]| Relation::from(after));
            let of_group = |group: &[usize]| group.iter().filter_map(|at| objects.get(*at)).collect::<Vec<_>>();
            let whom = named(whom.iter().map(|at| subjects.members(*at)).flat_map(of_group));
            let of_peers = |(base, group): &(&'_ [End<'c>], Vec<usize>)| -> Ends {
                named(group.iter().filter_map(|at| base.get(*at)))
            };
            let mut others = Ends::default();
            for ends in with.iter().filter_map(|at| peers.get(*at)).map(of_peers) {
                others.members.extend(ends.members);
                others.services.extend(ends.services);
                others.outside.extend(ends.outside);
            }
            others.outside = merged(others.outside);
            self.without_itself(&whom, &mut others);
            let (source, destination) = match direction {
                Direction::Ingress => (others, whom),
                Direction::Egress => (whom, others),
            };
            changes.push(FlowChange { direction, source, destination, ports, related, family, witness, before, after });
        }
        // What opens and closes first, the largest of it ahead: the list may be cut.
        changes.sort_by_key(|change| {
            let size = |ends: &Ends| ends.members.len() + ends.services.len() + ends.outside.len();
            let open = change.before == Verdict::Undefined || change.after == Verdict::Undefined;
            (open, std::cmp::Reverse(size(&change.source) * size(&change.destination)))
        });
        self.found.extend(changes);
    }

    /// A single pod is no peer of itself (K19).
    fn without_itself(&self, whom: &Ends, others: &mut Ends) {
        let [Endpoint::Named(name)] = whom.members.as_slice() else { return };
        if self.worlds.iter().any(|world| world.cluster.pod(name).is_some()) {
            others.members.retain(|other| !matches!(other, Endpoint::Named(other) if other == name));
        }
    }
}

/// Pods with host ports among `affected`.
fn with_host_ports(worlds: &[World<'_>; 2], affected: &[Bits; 2]) -> BTreeSet<ObjectName> {
    let of_one = |(world, affected): (&World<'_>, &Bits)| -> Vec<ObjectName> {
        let has_some = |object: &Object<'_>| object.ports().iter().any(|port| port.host_port.is_some());
        let pods = world.index.of_set(affected).filter(|object| !object.is_host_network());
        pods.filter(has_some).map(|object| object.name().clone()).collect()
    };
    worlds.iter().zip(affected).flat_map(of_one).collect()
}

/// The subjects in groups, and in smaller ones where what is behind a Service tells them apart.
struct Groups {
    members: Vec<Vec<usize>>,
    parts: BTreeMap<Vec<usize>, usize>,
}

impl Groups {
    fn new(members: Vec<Vec<usize>>) -> Self {
        Self { members, parts: BTreeMap::new() }
    }

    fn len(&self) -> usize {
        self.members.len()
    }

    fn members(&self, place: usize) -> &[usize] {
        self.members.get(place).map_or(&[], Vec::as_slice)
    }

    /// The places of the groups that `told` makes of one.
    fn parts(&mut self, place: usize, told: impl Fn(usize) -> Vec<u64>) -> Vec<usize> {
        let mut parts: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        for member in self.members(place) {
            parts.entry(told(*member)).or_default().push(*member);
        }
        if parts.len() < 2 {
            return vec![place];
        }
        let mut places = Vec::new();
        for part in parts.into_values() {
            let next = self.members.len();
            let place = *self.parts.entry(part.clone()).or_insert(next);
            if place == next {
                self.members.push(part);
            }
            places.push(place);
        }
        places
    }
}

/// The flows between two ends: by name, and by each other family that both have.
fn ways(source: &End<'_>, destination: &End<'_>) -> Vec<(Option<Family>, Destination)> {
    let mut ways = vec![(None, destination.to.clone())];
    let [source, traits] =
        [&source.traits, &destination.traits].map(|both| both.first().map_or(&[][..], |t| t.addresses.as_slice()));
    let families: BTreeSet<Family> = source.iter().map(|address| Family::of(*address)).collect();
    let Some(met) = traits.iter().map(|address| Family::of(*address)).find(|family| families.contains(family)) else {
        return ways;
    };
    for address in traits {
        let family = Family::of(*address);
        if family == met || !families.contains(&family) || ways.iter().any(|(known, _)| *known == Some(family)) {
            continue;
        }
        let address = *address;
        let endpoint = match &destination.to {
            Destination::Endpoint(Endpoint::Named(name)) => Endpoint::PodAddress { pod: name.clone(), address },
            Destination::Endpoint(Endpoint::Node(node)) => Endpoint::NodeAddress { node: node.clone(), address },
            Destination::Service(_) => Endpoint::address(address),
            _ => continue,
        };
        ways.push((Some(family), endpoint.into()));
    }
    ways
}

fn named<'e, 'c: 'e>(ends: impl Iterator<Item = &'e End<'c>>) -> Ends {
    let mut named = Ends::default();
    for end in ends {
        match (&end.who, &end.to) {
            (Who::Outside(range), _) => {
                named.outside.push(*range);
            }
            (_, Destination::Service(name)) => named.services.push(name.clone()),
            (_, Destination::Endpoint(endpoint)) => named.members.push(endpoint.clone()),
        }
    }
    named
}

/// Every pair of groups with a changed verdict, by kind: its ports and its first flow.
#[derive(Default)]
struct Pairs(BTreeMap<(usize, usize, Kind), (PortSet, Flow)>);

impl Pairs {
    fn add(&mut self, (subject, peer): (usize, usize), kind: Kind, probe: Probe, flow: Flow) {
        let entry = self.0.entry((subject, peer, kind)).or_insert_with(|| (PortSet::default(), flow));
        entry.0.add(probe);
    }
}
