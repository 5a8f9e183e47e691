//! The two snapshots, indexed, and the ends of flows that both know.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::analysis::controlled::{Asked, Replica, may_match};
use crate::analysis::end::{Behind, End, Traits, Who};
use crate::analysis::left_out::LeftOut;
use crate::analysis::place::{Places, Tie, internal_addresses};
use crate::labels::LabelKey;
use crate::model::cluster::{Cluster, ControllerValue, NodeAddressKind, ServiceKind, Workload};
use crate::model::flow::{Destination, Endpoint};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::net::{AddressNumber, AddressRange, Family, canonical};
use crate::partition::index::{Bits, Index, Object};
use crate::profile::profile::Profile;
use crate::reference::Reference;

/// One snapshot, indexed.
pub(super) struct World<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) profile: &'c Profile,
    pub(super) index: Index<'c>,
    /// Every policy with those that it selects, or may select (U7).
    pub(super) policies: Vec<(&'c NetworkPolicy, Bits)>,
    pub(super) places: Places<'c>,
    /// Of the objects of the index.
    pub(super) traits: Vec<Traits<'c>>,
    /// The objects of the index whose controllers set labels that policies ask for.
    open: HashSet<usize>,
}

/// Both snapshots, and the replicas of each set that can be told apart.
pub(super) fn worlds<'c>(before: &Reference<'c>, after: &Reference<'c>) -> ([World<'c>; 2], Asked<'c>) {
    let both = [before, after];
    let values: Vec<ControllerValue> = both
        .iter()
        .flat_map(|of| of.cluster().workloads().iter().map(move |workload| (of, workload)))
        .flat_map(|(of, workload)| workload.controller_values(of.profile().release()))
        .collect();
    let asked = Asked::new(both.map(Reference::cluster), &values);
    (both.map(|of| World::new(of, &asked)), asked)
}

impl<'c> World<'c> {
    fn new(reference: &Reference<'c>, asked: &Asked<'_>) -> Self {
        let (cluster, profile) = (reference.cluster(), reference.profile());
        let index = Index::new(cluster);
        let mut open: HashMap<usize, Vec<LabelKey>> = HashMap::new();
        for (at, object) in index.objects().iter().enumerate() {
            let Object::Workload(workload) = object else { continue };
            let keys = asked.keys(&workload.controller_values(profile.release()));
            if !keys.is_empty() {
                open.insert(at, keys);
            }
        }
        let subjects = |policy: &'c NetworkPolicy| {
            let mut subjects = index.subjects(policy);
            for (at, keys) in &open {
                let Some(object) = index.objects().get(*at) else { continue };
                let here = object.name().namespace() == policy.name().namespace();
                if here && may_match(policy.subject(), object.labels(), keys) {
                    subjects.set(*at);
                }
            }
            (policy, subjects)
        };
        let policies = cluster.policies().iter().map(subjects).collect();
        let places = Places::new(cluster, profile);
        let traits = index.objects().iter().map(|object| Traits::of_object(cluster, &places, *object)).collect();
        let open = open.into_keys().collect();
        Self { cluster, profile, places, traits, policies, open, index }
    }

    /// Whether policies ask for labels of the object that its controller sets.
    pub(super) fn is_open(&self, at: usize) -> bool {
        self.open.contains(&at)
    }

    pub(super) fn tie(&self, one: &Traits<'c>, other: &Traits<'c>) -> Tie {
        self.places.tie(&one.standing(), &other.standing())
    }

    /// What makes a difference to a subject of what is behind a front: whether it is one of them, and whose node one of them
    /// is.
    pub(super) fn relation(&self, subject: &End<'c>, behind: &Behind<'c>, snapshot: usize) -> Vec<u64> {
        let own = subject.object(snapshot).map(|(at, _)| at).filter(|at| behind.objects.contains(at));
        let mut told: Vec<u64> = own.map(|at| at as u64).into_iter().collect();
        told.push(u64::MAX);
        if let Some(traits) = subject.traits.get(snapshot) {
            told.extend(behind.nodes.iter().map(|node| self.tie(traits, node) as u64));
        }
        told
    }

    /// Which of those behind a front are on the node, or may be.
    pub(super) fn on_node(&self, behind: &Behind<'c>, node: &Traits<'c>) -> Vec<u64> {
        let ties = behind.objects.iter().filter_map(|at| Some((*at, self.tie(self.traits.get(*at)?, node))));
        let ties = ties.filter(|(_, tie)| *tie != Tie::None);
        ties.flat_map(|(at, tie)| [at as u64, tie as u64]).chain([u64::MAX]).collect()
    }

    /// Addresses that no flow from or to the outside can have.
    fn taken(&self) -> impl Iterator<Item = AddressNumber> + '_ {
        let pods = self.cluster.pods().iter().filter(|pod| pod.is_live());
        let pods = pods.flat_map(|pod| pod.addresses.iter().chain(&pod.host_addresses).copied());
        let nodes = self.cluster.nodes().iter().flat_map(|node| node.addresses.iter().map(|entry| entry.address));
        let services = self.cluster.services().iter().flat_map(|service| {
            let faces = service.external_addresses.iter().chain(&service.load_balancer_addresses);
            let faces = faces.filter(|_| service.kind == ServiceKind::ClusterIp);
            service.cluster_addresses.iter().chain(faces).copied()
        });
        pods.chain(nodes).chain(services).map(AddressNumber::of)
    }
}

/// Every end but addresses outside and Services.
pub(super) fn inside<'c>(worlds: &[World<'c>; 2], asked: &Asked<'c>, left_out: &mut LeftOut) -> Vec<End<'c>> {
    let [before, after] = worlds;
    let mut ends: Vec<End<'c>> = Vec::new();
    for (at, object) in before.index.objects().iter().enumerate() {
        let Some(other) = same_object(&after.index, *object) else {
            left_out.unpaired.members.push(named(worlds, *object));
            continue;
        };
        let both = [(at, *object), other];
        let of = |world: &World<'c>, at: usize| world.traits.get(at).cloned().unwrap_or_default();
        let traits = [of(before, at), of(after, other.0)];
        if let (Object::Workload(one), Object::Workload(two)) = (*object, other.1) {
            replicas(worlds, asked, [one, two], left_out, |replica, endpoint| {
                let who = Who::Object(both, Some(replica));
                ends.push(End { to: endpoint.into(), who, traits: traits.clone() });
            });
        }
        let to = Destination::Endpoint(named(worlds, *object));
        ends.push(End { to, who: Who::Object(both, None), traits });
    }
    for object in after.index.objects() {
        if same_object(&before.index, *object).is_none() {
            left_out.unpaired.members.push(named(worlds, *object));
        }
    }
    let names = |world: &World<'c>| -> BTreeSet<&'c str> {
        let given = world.cluster.nodes().iter().map(|node| &*node.name);
        given.chain(world.cluster.pods().iter().filter_map(|pod| pod.node.as_deref())).collect()
    };
    let [names_before, names_after] = [names(before), names(after)];
    let unpaired = names_before.symmetric_difference(&names_after).map(|name| Endpoint::Node((*name).into()));
    left_out.unpaired.members.extend(unpaired);
    for name in names_before.intersection(&names_after) {
        let traits = [before, after].map(|world| Traits::of_node(name, internal_addresses(world.cluster, name)));
        ends.push(End { to: Endpoint::Node((*name).into()).into(), who: Who::Node, traits });
        // Its other addresses are ends of their own: an `ipBlock` may hold one and not another.
        let given = before.cluster.node(name).map_or(&[][..], |node| node.addresses.as_slice());
        for address in given.iter().filter(|entry| entry.kind != NodeAddressKind::InternalIp) {
            let endpoint = Endpoint::NodeAddress { node: (*name).into(), address: address.address };
            let traits = || Traits::of_node(name, vec![address.address]);
            ends.push(End { to: endpoint.into(), who: Who::Node, traits: [traits(), traits()] });
        }
    }
    ends
}

/// The replicas of a set that both snapshots have and tell apart.
fn replicas<'c>(
    worlds: &[World<'c>; 2],
    asked: &Asked<'c>,
    [one, two]: [&Workload; 2],
    left_out: &mut LeftOut,
    mut found: impl FnMut(Replica, Endpoint),
) {
    let [before, after] = worlds;
    let (all, more) = asked.replicas(one, &one.controller_values(before.profile.release()));
    let (others, _) = asked.replicas(two, &two.controller_values(after.profile.release()));
    if more {
        left_out.replicas.push(one.name.clone());
    }
    for replica in all {
        let name = ObjectName::new(one.name.namespace().clone(), format!("{}-{}", one.name.name(), replica.ordinal));
        let endpoint = Endpoint::Named(name.clone());
        let is_other = |world: &World<'_>| {
            world.cluster.pod(&name).is_some() || world.cluster.workloads_named(&name).next().is_some()
        };
        if worlds.iter().any(is_other) {
            continue;
        }
        if others.iter().any(|other| other.ordinal == replica.ordinal) {
            found(replica, endpoint);
        } else {
            left_out.unpaired.members.push(endpoint);
        }
    }
}

/// One address of each stretch that `cuts` make, where nobody in either snapshot owns all of it; and
/// whether `limit` left some out.
pub(super) fn outside<'c>(worlds: &[World<'c>; 2], cuts: &[AddressRange], limit: usize) -> (Vec<End<'c>>, bool) {
    let taken: BTreeSet<AddressNumber> = worlds.iter().flat_map(World::taken).collect();
    let mut starts: BTreeSet<AddressNumber> = BTreeSet::new();
    for range in cuts.iter().copied().chain([Family::V4, Family::V6].map(AddressRange::all)) {
        starts.insert(range.first_number());
        starts.extend(range.last_number().next());
    }
    let mut ends = Vec::new();
    let mut starts = starts.into_iter().peekable();
    while let Some(first) = starts.next() {
        let last = starts.peek().filter(|next| next.family == first.family).and_then(|next| next.previous());
        let last = last.unwrap_or(AddressNumber::last(first.family));
        let Some(range) = AddressRange::between(first, last) else { continue };
        let mut free = first;
        while let (true, Some(next)) = (taken.contains(&free) && free < last, free.next()) {
            free = next;
        }
        let at = free.address();
        // A mapped IPv6 address is the IPv4 one it stands for, which has its own stretch.
        if taken.contains(&free) || canonical(at) != at {
            continue;
        }
        if ends.len() == limit {
            return (ends, true);
        }
        let traits = || Traits::nowhere(vec![at]);
        let who = Who::Outside(range);
        ends.push(End { to: Endpoint::Address(at).into(), who, traits: [traits(), traits()] });
    }
    (ends, false)
}

fn same_object<'c>(index: &Index<'c>, object: Object<'_>) -> Option<(usize, Object<'c>)> {
    let first = index.place(object.name())?;
    let same = |found: &Object<'_>| match (object, found) {
        (Object::Pod(_), Object::Pod(_)) => true,
        (Object::Workload(a), Object::Workload(b)) => a.kind == b.kind,
        _ => false,
    };
    let named = index.objects().iter().enumerate().skip(first).take_while(|(_, found)| found.name() == object.name());
    named.map(|(at, found)| (at, *found)).find(|(_, found)| same(found))
}

fn named(worlds: &[World<'_>; 2], object: Object<'_>) -> Endpoint {
    let name = object.name();
    match object {
        Object::Pod(_) => Endpoint::Named(name.clone()),
        Object::Workload(workload) => {
            let alone = |world: &World<'_>| {
                world.cluster.pod(name).is_none() && world.cluster.workloads_named(name).count() < 2
            };
            if worlds.iter().all(alone) {
                Endpoint::Named(name.clone())
            } else {
                Endpoint::Workload { kind: workload.kind.clone(), name: name.clone() }
            }
        }
    }
}
