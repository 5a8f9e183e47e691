//! What connections are sent to that lead elsewhere: Services, their other addresses, ports of nodes (K23, K26).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use crate::engine::{Connection, ConnectionEnd, ConnectionFront, EndName, Snapshot};
use crate::model::cluster::{ExternalTrafficPolicy, ServiceKind};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::ObjectName;
use crate::net::{AddressNumber, Family, Port, PortInterval, Protocol};
use crate::partition::{ClassPlace, EndIx, Ground, Group, Interned, Leads, View, Who};

/// Where a connection goes that is led elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::analysis) enum At {
    Service(ObjectName),
    /// A node, or a hostNetwork pod, which is one.
    Host(EndIx),
    Address(IpAddr),
}

/// One of its ports, or all that a headless Service has, with the groups of those behind it.
#[derive(Debug)]
pub(in crate::analysis) struct Front {
    led: Arc<Led>,
    /// The groups of those behind it, whoever sends, in order.
    pub(in crate::analysis) behind: Vec<usize>,
    /// Of those behind it who are no ends of all snapshots, the places of their classes.
    pub(super) others: BTreeSet<ClassPlace>,
}

/// What of a front does not hang on groups.
#[derive(Debug)]
pub(in crate::analysis) struct Led {
    pub(in crate::analysis) at: At,
    pub(in crate::analysis) destination: Destination,
    /// None: any port, each by itself.
    pub(in crate::analysis) port: Option<PortInterval>,
    /// Those behind it, whoever sends, in order.
    pub(super) ends: Vec<EndIx>,
    /// The addresses of a node, or those that are nobody's, which rules may see too (U5).
    sent_to: Vec<AddressNumber>,
    /// Where the connections of senders of that sort lead, in each snapshot, once where all share their objects; of senders that
    /// reach others too none.
    ways: BTreeMap<Sort, Vec<Vec<Way>>>,
    /// Somebody behind it is no end of the cluster, or of one snapshot alone, or is met at another address than by name, or nobody
    /// knows who is.
    pub(in crate::analysis) has_others: bool,
    /// Those behind it who are no ends of all snapshots, with the place of a snapshot that has them.
    others: Vec<(usize, Endpoint)>,
    /// Who is behind it may hang on where the source is (`externalTrafficPolicy: Local`).
    pub(in crate::analysis) is_local: bool,
}

impl Deref for Front {
    type Target = Led;

    fn deref(&self) -> &Led {
        &self.led
    }
}

impl Front {
    fn new(ground: &Ground, led: Arc<Led>) -> Self {
        let mut behind: Vec<usize> = led.ends.iter().filter_map(|end| ground.place_of_group(*end)).collect();
        behind.sort_unstable();
        behind.dedup();
        let mut others = BTreeSet::new();
        for (at, end) in &led.others {
            // Those that share their objects have them all.
            let views = if ground.has_same_objects { 0..ground.views.len() } else { *at..at + 1 };
            others.extend(views.filter_map(|view| ground.place_of_class(view, end)));
        }
        Self { led, behind, others }
    }

    /// With the same ends behind it, in the groups of another ground.
    pub(super) fn regrouped(&self, ground: &Ground) -> Self {
        Self::new(ground, self.led.clone())
    }
}

impl Led {
    /// Where the connections of a sort of senders lead, in each of so many snapshots; none where they reach others too.
    pub(super) fn ways_of(&self, sort: &Sort, views: usize) -> Option<Vec<&[Way]>> {
        let all = self.ways.get(sort)?;
        (0..views).map(|view| all.get(view).or_else(|| all.last()).map(Vec::as_slice)).collect()
    }

    pub(super) fn leads(&self) -> Leads<'_> {
        Leads { ends: &self.ends, sent_to: &self.sent_to, has_strangers: !self.others.is_empty() }
    }
}

/// What makes senders reach the same backends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sort {
    /// By the families of its addresses, in order, in each snapshot. None where flows cannot name it.
    Inside {
        is_host: bool,
        is_workload: bool,
        families: Vec<Option<Vec<Family>>>,
    },
    Outside(Family),
}

impl Sort {
    pub(super) fn of(group: &Group) -> Self {
        let Group { is_host, is_workload, .. } = *group;
        Self::Inside { is_host, is_workload, families: group.families_in_order() }
    }
}

/// The sorts of all groups, each once.
#[derive(Debug, Default)]
pub(super) struct Sorts {
    all: Vec<Sort>,
    of_group: Vec<u32>,
}

impl Sorts {
    pub(super) fn new(ground: &Ground) -> Self {
        let (mut sorts, mut known) = (Self::default(), Interned::default());
        for sort in ground.groups.iter().map(Sort::of) {
            let place = known.place(sort.clone());
            sorts.of_group.push(place);
            if place as usize == sorts.all.len() {
                sorts.all.push(sort);
            }
        }
        sorts
    }

    /// That of a group, and its number.
    pub(super) fn of(&self, group: usize) -> Option<(u32, &Sort)> {
        let number = *self.of_group.get(group)?;
        Some((number, self.all.get(number as usize)?))
    }
}

/// A connection by way of a front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) backend: EndIx,
    /// After translation.
    pub(super) l4: L4,
    /// Of the addresses that it is between.
    pub(super) family: Family,
}

/// Every port that is somebody else's at a node, perhaps.
pub(in crate::analysis) type NodePorts = BTreeSet<(Protocol, Port)>;

pub(in crate::analysis) fn node_ports(ground: &Ground) -> NodePorts {
    ground.views.iter().flat_map(|view| node_ports_of(&view.snapshot)).collect()
}

fn node_ports_of(snapshot: &Snapshot) -> NodePorts {
    let cluster = snapshot.cluster();
    let services = cluster.services().iter().filter(|service| service.kind == ServiceKind::ClusterIp);
    let of_services = services.flat_map(|service| {
        // An address that is a node's too.
        let mut others = service.external_addresses.iter().chain(&service.load_balancer_addresses);
        let is_at_nodes = others.any(|address| !snapshot.is_nobodys(*address));
        let own = service.ports.iter().filter(move |_| is_at_nodes).map(|port| (port.protocol, port.port));
        own.chain(service.ports.iter().filter_map(|port| Some((port.protocol, port.node_port?))))
    });
    let pods = cluster.pods().iter().filter(|pod| pod.is_live() && !pod.host_network);
    let of_pods = pods.flat_map(|pod| &pod.ports);
    let of_pods = of_pods.filter_map(|port| Some((port.protocol, port.host_port.as_ref()?.port)));
    let of_workloads = cluster.workloads().iter().filter(|workload| !workload.host_network);
    let of_workloads = of_workloads.flat_map(|workload| &workload.ports);
    let of_workloads = of_workloads.filter_map(|port| Some((port.protocol, port.host_port.as_ref()?.port)));
    of_services.chain(of_pods).chain(of_workloads).collect()
}

/// Where, how flows name it, and at which port.
type Named = (At, Destination, Option<(Protocol, Port)>);

/// All of them; of two snapshots those that both have, at every port that either has.
pub(in crate::analysis) fn fronts(ground: &Ground, node_ports: &NodePorts) -> Vec<Front> {
    let mut all: Vec<Named> = Vec::new();
    let mut at_addresses: BTreeMap<IpAddr, NodePorts> = BTreeMap::new();
    let mut of_services: BTreeMap<&ObjectName, (NodePorts, bool, usize)> = BTreeMap::new();
    for service in ground.views.iter().flat_map(|view| view.snapshot.cluster().services().iter()) {
        let (known, is_headless, seen) = of_services.entry(&service.name).or_default();
        *seen += 1;
        match service.kind {
            ServiceKind::ClusterIp => {
                let numbers: NodePorts = service.ports.iter().map(|port| (port.protocol, port.port)).collect();
                for address in service.external_addresses.iter().chain(&service.load_balancer_addresses) {
                    at_addresses.entry(*address).or_default().extend(&numbers);
                }
                known.extend(numbers);
            }
            ServiceKind::Headless => *is_headless = true,
            ServiceKind::ExternalName => {}
        }
    }
    for (name, (numbers, is_headless, seen)) in of_services {
        if seen < ground.views.len() {
            continue;
        }
        let at = |port| (At::Service(name.clone()), Destination::Service(name.clone()), port);
        if is_headless {
            all.push(at(None));
        } else {
            all.extend(numbers.into_iter().map(|port| at(Some(port))));
        }
    }
    for (address, numbers) in at_addresses {
        if ground.views.iter().all(|view| view.snapshot.is_nobodys(address)) {
            let at = |port| (At::Address(address), Destination::Endpoint(Endpoint::Address(address)), Some(port));
            all.extend(numbers.into_iter().map(at));
        }
    }
    for host in ground.groups.iter().filter(|group| group.is_host).filter_map(|group| group.members.first()) {
        let Some(end) = ground.end(*host) else { continue };
        let at = |port: &(Protocol, Port)| (At::Host(*host), end.who.endpoint().into(), Some(*port));
        all.extend(node_ports.iter().map(at));
    }
    let senders = senders(ground);
    all.into_iter().map(|named| front(ground, &senders, named)).collect()
}

fn front(ground: &Ground, senders: &[Sender], (at, destination, port): Named) -> Front {
    let (mut ends, mut has_others) = (BTreeSet::new(), false);
    let (mut ways, mut others) = (BTreeMap::new(), Vec::new());
    let l4 = port.map_or(L4::Icmp, |(protocol, number)| L4::Port(protocol, number));
    for sender in senders {
        let flow = Flow::new(sender.endpoint.clone(), destination.clone(), l4);
        let mut reaches_others = false;
        let mut own: Vec<Vec<Way>> = Vec::new();
        for (at, view) in ground.views.iter().enumerate() {
            if at > 0 && ground.has_same_objects {
                break;
            }
            let mut of_view = Vec::new();
            for connection in view.snapshot.connections(&flow).into_iter().flatten() {
                // A StatefulSet stands for its replica where ports are told apart (K27).
                reaches_others |= matches!(connection.destination.name, EndName::Replica(..));
                let Some(backend) = end(ground, &connection.destination) else {
                    reaches_others = true;
                    let other = who(&connection.destination).map(|who| (at, who.endpoint()));
                    others.extend(other.filter(|other| !others.contains(other)));
                    continue;
                };
                ends.insert(backend);
                reaches_others |= !is_met_by_name(view, &connection.destination);
                of_view.push(Way { backend, l4: connection.l4, family: family_of(&connection) });
            }
            own.push(of_view);
        }
        has_others |= reaches_others;
        if !reaches_others {
            ways.insert(sender.sort.clone(), own);
        }
    }
    let is_local = !matches!(at, At::Service(_)) && {
        let services = ground.views.iter().flat_map(|view| view.snapshot.cluster().services().iter());
        let mut local = services.filter(|service| service.external_traffic_policy == ExternalTrafficPolicy::Local);
        local.any(|service| {
            service.ports.iter().any(|each| {
                [Some(each.port), each.node_port].into_iter().flatten().any(|own| port == Some((each.protocol, own)))
            })
        })
    };
    let port = port.map(|(protocol, number)| PortInterval::one(protocol, number));
    let sent_to = sent_to(ground, &at);
    let ends = ends.into_iter().collect();
    let led = Led { at, destination, port, ends, sent_to, ways, has_others, others, is_local };
    Front::new(ground, Arc::new(led))
}

/// The addresses at which a front is that are no Service's alone.
fn sent_to(ground: &Ground, at: &At) -> Vec<AddressNumber> {
    match at {
        At::Service(_) => Vec::new(),
        At::Address(address) => vec![AddressNumber::of(*address)],
        At::Host(host) => {
            let group = ground.place_of_group(*host).and_then(|at| ground.groups.get(at));
            let addresses = group.into_iter().flat_map(|group| &group.addresses);
            addresses.flatten().flat_map(|own| own.iter().copied()).collect()
        }
    }
}

/// The family that judgements take a connection to be of (K22).
pub(super) fn family_of(connection: &Connection<'_>) -> Family {
    let sent_to = connection.front.as_ref().and_then(ConnectionFront::address);
    let address = connection.source.address.or(connection.destination.address).or(sent_to);
    address.map_or(Family::V4, Family::of)
}

/// Somebody who sends for all that are like it.
struct Sender {
    endpoint: Endpoint,
    sort: Sort,
}

/// Those who together reach everybody that anybody reaches: of each family one outside, and of ends one of each sort of
/// addresses; they reach all backends (K26), wherever these are.
fn senders(ground: &Ground) -> Vec<Sender> {
    let mut seen = BTreeSet::new();
    let first = |group: &Group| {
        let endpoint = ground.end(*group.members.first()?)?.who.endpoint();
        Some(Sender { endpoint, sort: Sort::of(group) })
    };
    let ends = ground.groups.iter().filter(|group| seen.insert(Sort::of(group)));
    let outside = [Family::V4, Family::V6].into_iter().filter_map(|family| {
        Some(Sender { endpoint: Endpoint::Address(ground.outside.any(family)?), sort: Sort::Outside(family) })
    });
    ends.filter_map(first).chain(outside).collect()
}

/// Whether a backend is met at the address at which those meet it who name it: it may have several of a family (K22).
fn is_met_by_name(view: &View, end: &ConnectionEnd<'_>) -> bool {
    let Some((address, who)) = end.address.zip(who(end)) else { return true };
    let own = view.snapshot.addresses_by_name(&who.endpoint()).unwrap_or_default();
    own.into_iter().find(|own| Family::of(*own) == Family::of(address)) == Some(address)
}

fn end(ground: &Ground, end: &ConnectionEnd<'_>) -> Option<EndIx> {
    ground.find(&who(end)?)
}

fn who(end: &ConnectionEnd<'_>) -> Option<Who> {
    Some(match end.name {
        EndName::Pod(name) => Who::Pod(name.clone()),
        EndName::Workload(kind, name) => Who::Workload(name.clone(), kind.clone()),
        EndName::Replica(set, _) => Who::Workload(set.name.clone(), set.kind.clone()),
        EndName::Node(Some(name)) => Who::Node(name.into()),
        EndName::Node(None) | EndName::Labelled(..) | EndName::External => return None,
    })
}
