//! The ends of flows: who can be told apart, and how a group of them is named.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::analysis::index::{Bits, Index, Object};
use crate::model::cluster::{Cluster, NodeAddressKind, Pod, Service, ServiceKind};
use crate::model::flow::{Destination, Endpoint};
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::net::{AddressNumber, AddressRange, Family, canonical};
use crate::profile::profile::Profile;
use crate::reference::Reference;

/// How many members a group's text names.
const NAMED: usize = 3;

/// The ends of a change: all of them are treated alike.
///
/// ```json
/// {
///   "members": ["default/web", "default/job/db", "node:n1", "node:n1@[2001:db8::1]"],
///   "services": ["default/db"],
///   "outside": ["0.0.0.0-9.255.255.255", "2001:db8::7-2001:db8::7"]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ends {
    /// Pods, workloads and nodes.
    pub members: Vec<Endpoint>,
    /// Services, reached by their ClusterIP.
    pub services: Vec<ObjectName>,
    /// Addresses outside the cluster, but for those that somebody owns.
    pub outside: Vec<AddressRange>,
}

impl Ends {
    /// Whether the endpoint is one of them.
    #[must_use]
    pub fn contains(&self, endpoint: &Endpoint) -> bool {
        match endpoint {
            Endpoint::Address(address) => self.outside.iter().any(|range| range.contains(*address)),
            Endpoint::PodAddress { pod, .. } => self.members.contains(&Endpoint::Named(pod.clone())),
            other => self.members.contains(other),
        }
    }
}

impl fmt::Display for Ends {
    /// `default/web-0`, `default/web-1` and 4 more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members.iter().map(ToString::to_string);
        let services = self.services.iter().map(|name| format!("svc/{name}"));
        let list: Vec<String> =
            members.chain(services).take(NAMED).map(|name| format!("`{}`", one_line(&name))).collect();
        f.write_str(&list.join(", "))?;
        let more = (self.members.len() + self.services.len()).saturating_sub(NAMED);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        if !self.outside.is_empty() {
            let before = if list.is_empty() { "" } else { " and " };
            match self.outside.as_slice() {
                [range] if range.first() == range.last() => write!(f, "{before}`{}` outside", range.first())?,
                [range] if range.is_whole_family() => {
                    write!(f, "{before}{} addresses outside the cluster", range.family())?;
                }
                [range] => write!(f, "{before}`{}` to `{}` outside", range.first(), range.last())?,
                _ => write!(f, "{before}addresses outside the cluster")?,
            }
        }
        Ok(())
    }
}

/// A name on one line, cut: names of objects are not checked.
pub(super) fn one_line(name: &str) -> String {
    let mut out: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    if name.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}

/// One snapshot, indexed.
pub(super) struct World<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) profile: &'c Profile,
    pub(super) index: Index<'c>,
    /// Every policy with its subjects.
    pub(super) policies: Vec<(&'c NetworkPolicy, Bits)>,
}

impl<'c> World<'c> {
    pub(super) fn new(reference: &Reference<'c>) -> Self {
        let (cluster, profile) = (reference.cluster(), reference.profile());
        let index = Index::new(cluster);
        let policies = cluster.policies().iter().map(|policy| (policy, index.subjects(policy))).collect();
        Self { cluster, profile, index, policies }
    }

    /// Addresses that no flow from or to the outside can have.
    fn taken(&self) -> impl Iterator<Item = AddressNumber> + '_ {
        let pods = self.cluster.pods().iter().filter(|pod| pod.is_live());
        let pods = pods.flat_map(|pod| pod.addresses.iter().chain(&pod.host_addresses).copied());
        let nodes = self.cluster.nodes().iter().flat_map(|node| node.addresses.iter().map(|entry| entry.address));
        let services = self.cluster.services().iter().flat_map(|service| service.cluster_addresses.iter().copied());
        pods.chain(nodes).chain(services).map(AddressNumber::of)
    }
}

/// An end that both snapshots know.
pub(super) struct End<'c> {
    pub(super) to: Destination,
    pub(super) who: Who<'c>,
    /// What it has in each snapshot.
    pub(super) traits: [Traits<'c>; 2],
}

/// Who an end is.
pub(super) enum Who<'c> {
    /// A pod or workload by its place in each index.
    Object([(usize, Object<'c>); 2]),
    Node,
    Outside(AddressRange),
    /// With its backends in each snapshot.
    Service([Bits; 2], &'c Service),
}

/// Addresses and node of an end in one snapshot.
#[derive(Default)]
pub(super) struct Traits<'c> {
    pub(super) addresses: Vec<IpAddr>,
    host_addresses: &'c [IpAddr],
    pub(super) node: Option<&'c str>,
    /// The end is a node, or shares its node's network.
    pub(super) is_node: bool,
}

impl<'c> End<'c> {
    pub(super) fn endpoint(&self) -> Option<&Endpoint> {
        match &self.to {
            Destination::Endpoint(endpoint) => Some(endpoint),
            Destination::Service(_) => None,
        }
    }

    pub(super) fn object(&self, snapshot: usize) -> Option<(usize, Object<'c>)> {
        match &self.who {
            Who::Object(both) => both.get(snapshot).copied(),
            _ => None,
        }
    }

    pub(super) fn is_same_pod(&self, other: &Self) -> bool {
        match (self.object(0), other.object(0)) {
            (Some((_, Object::Pod(a))), Some((_, Object::Pod(b)))) => a.name == b.name,
            _ => false,
        }
    }

    /// Whether a relation between the two can decide: own node (K18), own Service (U4).
    pub(super) fn relation_matters(&self, other: &Self) -> bool {
        let is_node = |end: &Self| end.traits.iter().any(|traits| traits.is_node);
        is_node(self) || is_node(other) || matches!(other.who, Who::Service(..))
    }

    /// Whether both say enough about themselves for a relation to be there.
    pub(super) fn may_relate(&self, other: &Self) -> bool {
        let placed = |end: &Self| end.traits.iter().any(|t| t.node.is_some() || !t.host_addresses.is_empty());
        matches!(other.who, Who::Service(..)) || (placed(self) && placed(other))
    }

    /// Whether one of the two is the node the other runs on, or the Service has the other as a backend.
    pub(super) fn is_related(&self, other: &Self, snapshot: usize, world: &World<'_>) -> bool {
        if let (Some((at, _)), Who::Service(backends, _)) = (self.object(snapshot), &other.who) {
            return backends.get(snapshot).is_some_and(|backends| backends.contains(at));
        }
        let (Some(a), Some(b)) = (self.traits.get(snapshot), other.traits.get(snapshot)) else { return false };
        is_own_node(world, a, b) || is_own_node(world, b, a)
    }
}

fn is_own_node(world: &World<'_>, subject: &Traits<'_>, node: &Traits<'_>) -> bool {
    if !node.is_node {
        return false;
    }
    let same = subject.node.is_some() && subject.node == node.node;
    let given = subject.node.and_then(|name| world.cluster.node(name));
    let has = |address: &IpAddr| {
        subject.host_addresses.contains(address)
            || given.is_some_and(|given| given.addresses.iter().any(|entry| entry.address == *address))
    };
    same || node.addresses.iter().any(has)
}

/// Every end but the addresses outside.
pub(super) fn inside<'c>(worlds: &[World<'c>; 2]) -> Vec<End<'c>> {
    let [before, after] = worlds;
    let mut ends: Vec<End<'c>> = Vec::new();
    for (at, object) in before.index.objects().iter().enumerate() {
        let Some(other) = same_object(&after.index, *object) else { continue };
        let endpoint = named(worlds, *object);
        let who = Who::Object([(at, *object), other]);
        let traits = [of_object(*object), of_object(other.1)];
        ends.push(End { to: Destination::Endpoint(endpoint), who, traits });
    }
    let names = |world: &World<'c>| -> BTreeSet<&'c str> {
        let given = world.cluster.nodes().iter().map(|node| &*node.name);
        given.chain(world.cluster.pods().iter().filter_map(|pod| pod.node.as_deref())).collect()
    };
    for name in names(before).intersection(&names(after)) {
        let traits = [of_node(before.cluster, name), of_node(after.cluster, name)];
        ends.push(End { to: Endpoint::Node((*name).into()).into(), who: Who::Node, traits });
        // Its other addresses are ends of their own: an `ipBlock` may hold one and not another.
        let given = before.cluster.node(name).map_or(&[][..], |node| node.addresses.as_slice());
        for address in given.iter().filter(|entry| entry.kind != NodeAddressKind::InternalIp) {
            let endpoint = Endpoint::NodeAddress { node: (*name).into(), address: address.address };
            let traits =
                || Traits { addresses: vec![address.address], host_addresses: &[], node: Some(name), is_node: true };
            ends.push(End { to: endpoint.into(), who: Who::Node, traits: [traits(), traits()] });
        }
    }
    ends
}

/// The Services with a ClusterIP.
pub(super) fn services<'c>(worlds: &[World<'c>; 2]) -> Vec<End<'c>> {
    let [before, after] = worlds;
    let known =
        |service: &&Service| service.kind == ServiceKind::ClusterIp && after.cluster.service(&service.name).is_some();
    let end = |service: &'c Service| {
        let later = after.cluster.service(&service.name).unwrap_or(service);
        let backends = [before.index.backends(before.cluster, service), after.index.backends(after.cluster, later)];
        let who = Who::Service(backends, service);
        End { to: Destination::Service(service.name.clone()), who, traits: [Traits::default(), Traits::default()] }
    };
    before.cluster.services().iter().filter(known).map(end).collect()
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
        let traits = || Traits { addresses: vec![at], ..Traits::default() };
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
                world.cluster.pod(name).is_none() && world.cluster.workloads_named(name).count() == 1
            };
            if worlds.iter().all(alone) {
                Endpoint::Named(name.clone())
            } else {
                Endpoint::Workload { kind: workload.kind.clone(), name: name.clone() }
            }
        }
    }
}

fn of_object<'c>(object: Object<'c>) -> Traits<'c> {
    let host_addresses: &[IpAddr] = match object {
        Object::Pod(Pod { host_addresses, .. }) => host_addresses,
        Object::Workload(_) => &[],
    };
    let mut addresses = object.addresses().to_vec();
    if object.is_host_network() && addresses.is_empty() {
        addresses.extend(host_addresses);
    }
    Traits { addresses, host_addresses, node: object.node(), is_node: object.is_host_network() }
}

fn of_node<'c>(cluster: &'c Cluster, name: &'c str) -> Traits<'c> {
    let addresses = match cluster.node(name) {
        Some(node) => {
            let internal = node.addresses.iter().filter(|entry| entry.kind == NodeAddressKind::InternalIp);
            internal.map(|entry| entry.address).collect()
        }
        None => {
            let hosting =
                cluster.pods().iter().find(|pod| pod.node.as_deref() == Some(name) && !pod.host_addresses.is_empty());
            hosting.map_or_else(Vec::new, |pod| pod.host_addresses.clone())
        }
    };
    Traits { addresses, host_addresses: &[], node: Some(name), is_node: true }
}
