//! The faces that a covering set asks: addresses and ports where a Service or a pod is reached that has another address of its
//! own (K26).

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use crate::engine::Member;
use crate::labels::{LabelKey, LabelValue};
use crate::model::cluster::{ContainerPort, Pod, ServiceKind, Workload};
use crate::model::flow::{Endpoint, L4};
use crate::net::{Port, Protocol};
use crate::oracle::end_kinds::{EndKind, EndKinds};

/// A port that all nodes have is asked at so many addresses, and a hostPort at so many pods of a kind.
const MOST: usize = 16;

/// A face: where it is, and on which port.
pub(super) struct Door {
    pub(super) endpoint: Endpoint,
    pub(super) address: IpAddr,
    pub(super) l4: L4,
    pub(super) port: DoorPort,
}

impl Door {
    /// The name of the node that it is at.
    fn node(&self) -> Option<&str> {
        match &self.endpoint {
            Endpoint::NodeAddress { node, .. } => Some(node),
            _ => None,
        }
    }

    /// Whether an end, a node of that name or whoever has that address, is the node that it is at.
    pub(super) fn is_at(&self, node: Option<&str>, address: Option<IpAddr>) -> bool {
        address == Some(self.address) || (node.is_some() && node == self.node())
    }
}

/// Whose `hostPort` it is.
enum PortOwner<'c> {
    Pod(&'c Pod),
    Workload(&'c Workload),
}

impl PortOwner<'_> {
    fn ports(&self) -> &[ContainerPort] {
        match self {
            Self::Pod(pod) => &pod.ports,
            Self::Workload(workload) => &workload.ports,
        }
    }
}

/// What is the same of faces that differ by their address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum DoorPort {
    /// Places of the Service and of its port.
    Address(usize, usize),
    NodePort(usize, usize),
    /// Of pods or workloads of a kind, by its place.
    HostPort(usize, Protocol, Port),
}

impl EndKinds {
    /// All addresses of Services, and of the ports that nodes have some.
    pub(super) fn doors(&self) -> Vec<Door> {
        let kinds = || self.all.iter().enumerate().filter(|(_, kind)| kind.class.is_some() && !kind.is_host);
        let nodes: Vec<&Member> =
            self.all.iter().filter(|kind| kind.class.is_none()).flat_map(|kind| &kind.members).collect();
        let mut all = self.doors_of_services(&nodes);
        for (at, kind) in kinds() {
            self.host_ports(at, kind, &nodes, &mut all);
        }
        let mut seen = HashSet::new();
        all.retain(|door| seen.insert((door.endpoint.clone(), door.l4)));
        all
    }

    fn doors_of_services(&self, nodes: &[&Member]) -> Vec<Door> {
        let mut all = Vec::new();
        let services = self.engine.cluster().services().iter().enumerate();
        for (place, service) in services.filter(|(_, service)| service.kind == ServiceKind::ClusterIp) {
            let addresses = || service.external_addresses.iter().chain(&service.load_balancer_addresses);
            for (number, port) in service.ports.iter().enumerate() {
                let l4 = L4::Port(port.protocol, port.port);
                let at = |address: &IpAddr| Door {
                    endpoint: Endpoint::Address(*address),
                    address: *address,
                    l4,
                    port: DoorPort::Address(place, number),
                };
                all.extend(addresses().map(at));
                if let Some(node_port) = port.node_port {
                    let l4 = L4::Port(port.protocol, node_port);
                    let doors = nodes.iter().filter_map(|node| door(node, l4, DoorPort::NodePort(place, number)));
                    all.extend(doors.take(MOST));
                }
            }
        }
        all
    }

    fn host_ports(&self, at: usize, kind: &EndKind, nodes: &[&Member], all: &mut Vec<Door>) {
        let mut asked: BTreeMap<(Protocol, Port), usize> = BTreeMap::new();
        for member in &kind.members {
            let Some(owner) = self.owner(member) else { continue };
            for (protocol, host) in owner.ports().iter().filter_map(|port| Some((port.protocol, port.host_port?))) {
                let count = asked.entry((protocol, host.port)).or_default();
                *count += 1;
                if *count <= MOST {
                    let l4 = L4::Port(protocol, host.port);
                    let own = nodes.iter().filter(|node| self.is_on(&owner, node));
                    let doors = own.filter_map(|node| door(node, l4, DoorPort::HostPort(at, protocol, host.port)));
                    all.extend(doors.take(MOST));
                }
            }
        }
    }

    fn owner(&self, member: &Member) -> Option<PortOwner<'_>> {
        let cluster = self.engine.cluster();
        match &member.endpoint {
            Endpoint::Named(name) | Endpoint::PodAddress { pod: name, .. } => cluster.pod(name).map(PortOwner::Pod),
            Endpoint::Workload { kind, name } => cluster.workload(kind, name).map(PortOwner::Workload),
            _ => None,
        }
    }

    /// Whether it may be on the node. One that is not after all is at no face there.
    fn is_on(&self, owner: &PortOwner<'_>, node: &Member) -> bool {
        match owner {
            PortOwner::Pod(pod) => is_on(pod, node),
            PortOwner::Workload(workload) => match (&workload.node, &node.node) {
                (Some(own), name) => name.as_ref() == Some(own),
                (None, name) => {
                    let labels =
                        name.as_ref().and_then(|name| self.engine.cluster().node(name)).map(|node| &node.labels);
                    let has = |(key, value): (&LabelKey, &LabelValue)| {
                        labels.is_some_and(|labels| labels.get(key.as_str()) == Some(value))
                    };
                    workload.node_selector.iter().all(has)
                }
            },
        }
    }
}

fn door(node: &Member, l4: L4, port: DoorPort) -> Option<Door> {
    Some(Door { endpoint: node.endpoint.clone(), address: node.address?, l4, port })
}

fn is_on(pod: &Pod, node: &Member) -> bool {
    let by_name = pod.node.is_some() && pod.node == node.node;
    by_name || node.address.is_some_and(|address| pod.host_addresses.contains(&address))
}
