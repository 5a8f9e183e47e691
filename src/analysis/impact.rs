//! What opens and closes between two snapshots.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::changes::{FlowChange, Impact, Isolation, IsolationChange};
use crate::analysis::ends::{End, Ends, Who, World, inside, outside, services};
use crate::analysis::groups::{Context, opposite};
use crate::analysis::index::Bits;
use crate::analysis::port_set::{PortSet, Probe};
use crate::model::flow::{Destination, Endpoint, Flow};
use crate::name::Direction;
use crate::net::{AddressRange, Family, PortInterval, merged};
use crate::profile::capability::{HostNetwork, Support};
use crate::profile::cce::INTERNAL_CLOUD;
use crate::profile::profile::Profile;
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
/// Ends that only one of the two knows are left out: there is no verdict to compare. Sources and
/// destinations are pods, workloads that stand for pods nobody loaded, nodes and addresses outside the
/// cluster, one of each kind that no selector or `ipBlock` of either snapshot tells apart; for the egress
/// side Services too (what changes at the ingress side of a Service flow shows at its backends). Every
/// port interval that a rule of either snapshot makes is tried, by protocol, and ICMP for what has no
/// ports.
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
    let worlds = [World::new(before), World::new(after)];
    let same_world = same_world(before, after);
    let mut search = Search { references, worlds: &worlds, same_world, flows: 0, exhausted: false, found: Vec::new() };
    let isolation = isolation(&worlds);
    let objects = inside(&worlds);
    let services = services(&worlds);
    for direction in [Direction::Ingress, Direction::Egress] {
        search.direction(direction, &objects, &services);
    }
    let omitted = search.found.len().saturating_sub(MAX_CHANGES);
    search.found.truncate(MAX_CHANGES);
    Impact { isolation, flows: search.found, omitted, exhausted: search.exhausted }
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
}

fn isolation(worlds: &[World<'_>; 2]) -> Vec<IsolationChange> {
    let [before, after] = worlds;
    let mut changes = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let sets = [isolated(before, direction), isolated(after, direction)];
        let [was, is] = &sets;
        for end in inside(worlds) {
            let (Some((at, object)), Some((then, _))) = (end.object(0), end.object(1)) else { continue };
            let becomes = match (was.contains(at), is.contains(then)) {
                (false, true) => Isolation::Isolated,
                (true, false) => Isolation::Free,
                _ => continue,
            };
            changes.push(IsolationChange { object: object.name().clone(), direction, becomes });
        }
    }
    changes
}

/// The pods and workloads that policies isolate, as far as the cluster enforces them (K1, K17, C1 to C3).
fn isolated(world: &World<'_>, direction: Direction) -> Bits {
    let mut set = Bits::new(world.index.objects().len());
    if !is_enforced(world.profile, direction) {
        return set;
    }
    for (_, subjects) in world.policies.iter().filter(|(policy, _)| policy.isolates(direction)) {
        set.add(subjects);
    }
    if world.profile.capabilities().host_network == HostNetwork::Node {
        let mut host = Bits::new(world.index.objects().len());
        let objects = world.index.objects().iter().enumerate();
        objects.filter(|(_, object)| object.is_host_network()).for_each(|(at, _)| host.set(at));
        set = set.without(&host);
    }
    set
}

fn is_enforced(profile: &Profile, direction: Direction) -> bool {
    let capabilities = profile.capabilities();
    let version = match direction {
        Direction::Ingress => capabilities.ingress,
        Direction::Egress => capabilities.egress,
    };
    capabilities.enforcement != Support::Unsupported && version != Support::Unsupported
}

/// The pods whose side may have changed: those that a changed policy selects for `direction`; where more
/// than policies differs, all that any policy selects.
fn affected(worlds: &[World<'_>; 2], direction: Direction, same_world: bool) -> [Bits; 2] {
    let [before, after] = worlds;
    let selected = |world: &World<'_>, other: &World<'_>| {
        let mut set = Bits::new(world.index.objects().len());
        for (policy, subjects) in &world.policies {
            let changed = !same_world || other.cluster.policy(policy.name()) != Some(policy);
            if changed && policy.isolates(direction) {
                set.add(subjects);
            }
        }
        set
    };
    [selected(before, after), selected(after, before)]
}

struct Search<'a, 'c> {
    references: [Reference<'c>; 2],
    worlds: &'a [World<'c>; 2],
    same_world: bool,
    flows: usize,
    exhausted: bool,
    found: Vec<FlowChange>,
}

/// Whether two ends are related, in each snapshot; `None` where it does not matter.
type Relation = Option<[bool; 2]>;

/// What makes two changed connections one entry, but for their ends.
type Kind = (Relation, Option<Family>, Verdict, Verdict);

/// Groups that change alike, and one flow of theirs.
type Witnessed = (Vec<usize>, Flow);

impl<'c> Search<'_, 'c> {
    fn direction(&mut self, direction: Direction, objects: &[End<'c>], services: &[End<'c>]) {
        let mut affected = affected(self.worlds, direction, self.same_world);
        let is_affected = |end: &End<'_>, sets: &[Bits; 2]| {
            sets.iter().enumerate().any(|(snapshot, set)| end.object(snapshot).is_some_and(|(at, _)| set.contains(at)))
        };
        let subjects: Vec<usize> =
            objects.iter().enumerate().filter(|(_, end)| is_affected(end, &affected)).map(|(at, _)| at).collect();
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
        let context = Context::new(self.worlds, direction, &affected);
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
        let groups = context.subjects(objects, subjects.into_iter());
        let mut bases = vec![objects, outside.as_slice()];
        if direction == Direction::Egress {
            bases.push(services);
        }
        let mut peers: Vec<(&[End<'c>], Vec<usize>)> = Vec::new();
        for base in bases {
            peers.extend(context.peers(base).into_iter().map(|group| (base, group)));
        }
        for (subject_place, subjects) in groups.iter().enumerate() {
            for (peer_place, (base, group)) in peers.iter().enumerate() {
                let related = self.related_pairs(objects, subjects, base, group);
                for (relation, subject, peer) in related {
                    let places = (subject_place, peer_place);
                    if !self.pair(&context, places, relation, (subject, peer), &mut pairs) {
                        self.exhausted = true;
                        return self.collapse(direction, objects, &groups, &peers, pairs);
                    }
                }
            }
        }
        self.collapse(direction, objects, &groups, &peers, pairs);
    }

    /// One pair of ends for each relation that there is between the members of two groups.
    fn related_pairs<'e>(
        &mut self,
        objects: &'e [End<'c>],
        subjects: &[usize],
        base: &'e [End<'c>],
        group: &[usize],
    ) -> Vec<(Relation, &'e End<'c>, &'e End<'c>)> {
        let mut chosen: Vec<(Relation, &End<'c>, &End<'c>)> = Vec::new();
        let mut looked_at = 0;
        for (subject, peer) in subjects.iter().flat_map(|subject| group.iter().map(move |peer| (*subject, *peer))) {
            let (Some(subject), Some(peer)) = (objects.get(subject), base.get(peer)) else { continue };
            if subject.is_same_pod(peer) {
                continue;
            }
            let matters = subject.relation_matters(peer);
            let mut relation = [false; 2];
            if matters && (chosen.is_empty() || subject.may_relate(peer)) {
                looked_at += 1;
                for (snapshot, (related, world)) in relation.iter_mut().zip(self.worlds).enumerate() {
                    *related = subject.is_related(peer, snapshot, world);
                }
            }
            let relation = matters.then_some(relation);
            if !chosen.iter().any(|(known, ..)| *known == relation) {
                chosen.push((relation, subject, peer));
            }
            // Where the objects are the same, so are their relations.
            let enough = if self.same_world { 2 } else { 4 };
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
        related: Relation,
        (subject, peer): (&End<'c>, &End<'c>),
        pairs: &mut Pairs,
    ) -> bool {
        let direction = context.direction;
        let (source, destination) = match direction {
            Direction::Ingress => (peer, subject),
            Direction::Egress => (subject, peer),
        };
        let Some(from) = source.endpoint() else { return true };
        let probes = match &peer.who {
            Who::Service(_, service) => {
                let ports = service.ports.iter().map(|entry| PortInterval::one(entry.protocol, entry.port));
                let mut ports: Vec<Probe> = ports.map(Probe::Ports).collect();
                ports.sort_by_key(|probe| probe.l4());
                ports
            }
            _ => {
                let mut cuts = context.cuts(subject, direction);
                cuts.add(&context.cuts(peer, opposite(direction)));
                context.cut_by_name(destination, &mut cuts);
                Probe::all(&cuts)
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
        subjects: &[Vec<usize>],
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
            let related = related.map(|[_, after]| after);
            let of_group = |group: &Vec<usize>| group.iter().filter_map(|at| objects.get(*at)).collect::<Vec<_>>();
            let whom = named(whom.iter().filter_map(|at| subjects.get(*at)).flat_map(of_group));
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
