//! What a covering set is made over: ends of one kind, which no policy tells apart, and the ports that count between two.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use crate::engine::{ConnectionEnd, Distinctions, EndName, Member, Partition, PartitionClass, Snapshot};
use crate::model::cluster::WorkloadKind;
use crate::model::flow::{Endpoint, Flow, L4, OtherProtocol};
use crate::name::ObjectName;
use crate::net::{AddressNumber, Family, Port, PortName, Protocol};

/// Of the numbers that others give a port's name at most so many are asked.
const OTHER_NUMBERS: usize = 8;

/// Ends of one class and family, or the nodes of a family. What else policies can tell of them is where their addresses lie.
pub(super) struct EndKind {
    /// Place of the class; none of nodes.
    pub(super) class: Option<usize>,
    /// The family of the addresses.
    pub(super) family: Option<Family>,
    /// Nodes and hostNetwork pods: what a pod may be on.
    pub(super) is_host: bool,
    /// In the order of their addresses.
    pub(super) members: Vec<Member>,
    /// Whether policies isolate it as source, and as destination.
    pub(super) isolated: [bool; 2],
    /// Some of them are named, since their address alone names nobody (K20).
    pub(super) is_by_name: bool,
    /// Of hosts: two members at each address of each node, by its name.
    pub(super) by_node: BTreeMap<Arc<str>, Vec<usize>>,
    /// And by the address.
    pub(super) by_address: BTreeMap<IpAddr, Vec<usize>>,
}

impl EndKind {
    /// Whether flows between the two have one family (K22).
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.family.is_none() || other.family.is_none() || self.family == other.family
    }
}

/// A pod, or a workload of a kind, at an address.
type NamedEnd = (ObjectName, Option<WorkloadKind>, Option<IpAddr>);

/// A member of another kind, and what to ask with it.
pub(super) type Partner = ((usize, usize), L4);

/// All kinds of ends of a snapshot.
pub(super) struct EndKinds {
    pub(super) engine: Snapshot,
    pub(super) partition: Partition,
    /// Isolated ones first.
    pub(super) all: Vec<EndKind>,
    /// The first kind of each class, by its place.
    pub(super) of_class: Vec<Option<usize>>,
    by_name: HashMap<NamedEnd, (usize, usize)>,
    nodes_by_address: HashMap<IpAddr, (usize, usize)>,
    /// Partners of the members of each kind, as source and as destination: found when they are asked for.
    pub(super) partners: Vec<[OnceLock<Vec<Partner>>; 2]>,
    /// Every number that somebody gives a name.
    numbers: BTreeMap<(Protocol, PortName), BTreeSet<Port>>,
    free: Distinctions,
    /// Somebody is reached otherwise than by an address of its own (K26).
    pub(super) has_faces: bool,
}

impl EndKinds {
    pub(super) fn new(engine: &Snapshot) -> Self {
        let partition = engine.partition();
        let mut found: BTreeMap<(Option<usize>, Option<Family>), Vec<Member>> = BTreeMap::new();
        let mut add = |class: Option<usize>, member: Member| {
            let family = member.address.map(Family::of);
            found.entry((class, family)).or_default().push(member);
        };
        for (place, class) in partition.classes.iter().enumerate() {
            engine.addressed_members(class).into_iter().for_each(|member| add(Some(place), member));
        }
        engine.addressed_nodes().into_iter().for_each(|member| add(None, member));

        let kind = |((class, family), mut members): ((Option<usize>, _), Vec<Member>)| {
            members.sort_by_cached_key(|member| (member.address.map(AddressNumber::of), member.endpoint.to_string()));
            let outlined = class.and_then(|place| partition.classes.get(place));
            let isolated = |row: fn(&PartitionClass) -> usize| {
                outlined.and_then(|class| partition.distinctions.get(row(class))).is_some_and(|row| row.isolated)
            };
            let is_host = outlined.is_none_or(|class| class.host_network);
            let (mut by_node, mut by_address): (BTreeMap<_, Vec<usize>>, BTreeMap<_, Vec<usize>>) = Default::default();
            for (at, member) in members.iter().enumerate().filter(|_| is_host) {
                let lists = [
                    member.node.clone().map(|node| by_node.entry(node).or_default()),
                    member.address.map(|address| by_address.entry(address).or_default()),
                ];
                let is_wanted = |list: &&mut Vec<usize>| {
                    let same = |at: &&usize| members.get(**at).is_some_and(|known| known.address == member.address);
                    list.iter().rev().take(2).filter(same).count() < 2
                };
                lists.into_iter().flatten().filter(is_wanted).for_each(|list| list.push(at));
            }
            let isolated = [isolated(|class| class.egress), isolated(|class| class.ingress)];
            let is_named_with_address =
                |member: &Member| member.address.is_some() && matches!(member.endpoint, Endpoint::Named(_));
            let is_by_name = members.iter().any(is_named_with_address);
            EndKind { class, family, is_host, members, isolated, is_by_name, by_node, by_address }
        };
        let mut kinds: Vec<EndKind> = found.into_iter().map(kind).collect();
        kinds.sort_by_cached_key(|kind| {
            let free = kind.isolated.iter().filter(|isolated| !**isolated).count();
            (free, kind.members.first().map(|member| (member.endpoint.to_string(), member.address)))
        });
        let mut numbers: BTreeMap<_, BTreeSet<Port>> = BTreeMap::new();
        for (protocol, name, port) in partition.classes.iter().flat_map(|class| &class.named) {
            numbers.entry((*protocol, name.clone())).or_default().insert(*port);
        }
        let mut of_class = vec![None; partition.classes.len()];
        let (mut by_name, mut nodes_by_address) = (HashMap::new(), HashMap::new());
        for (at, kind) in kinds.iter().enumerate() {
            if let Some(place) = kind.class.and_then(|class| of_class.get_mut(class)) {
                place.get_or_insert(at);
            }
            for (number, member) in kind.members.iter().enumerate() {
                match &member.endpoint {
                    Endpoint::Named(name) | Endpoint::PodAddress { pod: name, .. } => {
                        by_name.insert((name.clone(), None, member.address), (at, number));
                    }
                    Endpoint::Workload { kind, name } => {
                        by_name.insert((name.clone(), Some(kind.clone()), None), (at, number));
                    }
                    _ => nodes_by_address.extend(member.address.map(|address| (address, (at, number)))),
                }
            }
        }
        let cluster = engine.cluster();
        let has_faces = cluster.services().iter().any(|service| {
            !service.external_addresses.is_empty()
                || !service.load_balancer_addresses.is_empty()
                || service.ports.iter().any(|port| port.node_port.is_some())
        });
        let mut ports = cluster
            .pods()
            .iter()
            .flat_map(|pod| &pod.ports)
            .chain(cluster.workloads().iter().flat_map(|each| &each.ports));
        let has_host_ports = ports.any(|port| port.host_port.is_some());
        let partners = kinds.iter().map(|_| Default::default()).collect();
        Self {
            partners,
            engine: engine.clone(),
            partition,
            all: kinds,
            of_class,
            by_name,
            nodes_by_address,
            numbers,
            free: engine.no_distinctions(),
            has_faces: has_faces || has_host_ports,
        }
    }

    pub(super) fn kind(&self, at: usize) -> Option<&EndKind> {
        self.all.get(at)
    }

    pub(super) fn member(&self, (kind, at): (usize, usize)) -> Option<&Member> {
        self.all.get(kind)?.members.get(at)
    }

    pub(super) fn class(&self, kind: &EndKind) -> Option<&PartitionClass> {
        self.partition.classes.get(kind.class?).map(|class| &**class)
    }

    /// Where an end of a connection stands among kinds; nothing of an address outside.
    pub(super) fn find(&self, end: &ConnectionEnd<'_>) -> Option<(usize, usize)> {
        let pod = |name: &ObjectName, kind| self.by_name.get(&(name.clone(), kind, end.address));
        match end.name {
            EndName::Pod(name) => pod(name, None).copied(),
            EndName::Workload(kind, name) => pod(name, Some(kind.clone())).copied(),
            EndName::Node(_) => self.nodes_by_address.get(&end.address?).copied(),
            EndName::Replica(..) | EndName::Labelled(..) | EndName::External => None,
        }
    }

    pub(super) fn egress(&self, class: Option<&PartitionClass>) -> &Distinctions {
        class.and_then(|class| self.partition.distinctions.get(class.egress)).map_or(&self.free, |row| row)
    }

    pub(super) fn ingress(&self, class: Option<&PartitionClass>) -> &Distinctions {
        class.and_then(|class| self.partition.distinctions.get(class.ingress)).map_or(&self.free, |row| row)
    }

    /// Everything that can matter between two classes: the first and the last port of each interval that egress policies of
    /// the source or ingress policies of the destination make, what names stand for, the same numbers in other protocols,
    /// and protocols without ports.
    pub(super) fn ports(&self, source: Option<&PartitionClass>, destination: Option<&PartitionClass>) -> Vec<L4> {
        let rows = [self.egress(source), self.ingress(destination)];
        let mut all: BTreeSet<L4> = BTreeSet::from([L4::Icmp]);
        all.extend(OtherProtocol::new(47).map(L4::Other));
        if rows.iter().all(|row| !row.isolated) {
            all.extend(
                Port::new(80).into_iter().flat_map(|port| Protocol::ALL.map(|protocol| L4::Port(protocol, port))),
            );
            return all.into_iter().collect();
        }
        for protocol in Protocol::ALL {
            all.extend([L4::Port(protocol, Port::MIN), L4::Port(protocol, Port::MAX)]);
        }
        let mut begin = |protocol: Protocol, port: Port| {
            all.extend(Protocol::ALL.map(|twin| L4::Port(twin, port)));
            all.extend(port.previous().map(|before| L4::Port(protocol, before)));
        };
        for (protocol, port) in rows.iter().flat_map(|row| row.cuts.begins()) {
            begin(protocol, port);
        }
        let names: BTreeSet<&(Protocol, PortName)> = rows.iter().flat_map(|row| &row.names).collect();
        for (protocol, name) in names.iter().copied() {
            // In whatever protocol: in another one it stands for nothing here.
            let given = |class: Option<&PartitionClass>| -> Vec<Port> {
                let named = class.map_or(&[][..], |class| class.named.as_slice()).iter();
                named.filter(|(_, each, _)| each == name).map(|(_, _, port)| *port).collect()
            };
            for port in given(destination) {
                begin(*protocol, port);
                port.next().into_iter().for_each(|next| begin(*protocol, next));
            }
            // K12: none of these is what it stands for here.
            given(source).into_iter().for_each(|port| begin(*protocol, port));
            let others = self.numbers.get(&(*protocol, name.clone())).into_iter().flatten();
            others.take(OTHER_NUMBERS).for_each(|port| begin(*protocol, *port));
        }
        all.into_iter().collect()
    }

    /// Whether the flow has a decision: what it names is there.
    pub(super) fn can_ask(&self, flow: &Flow) -> bool {
        self.engine.connections(flow).is_ok()
    }
}
