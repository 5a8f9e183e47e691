//! Namespaces, nodes and pods.

use std::net::IpAddr;

use netpol_oracle::labels::Labels;
use netpol_oracle::model::{
    ClusterBuilder, ContainerPort, HostPort, Namespace, Node, NodeAddress, NodeAddressKind, Owner, Phase, WorkloadKind,
};
use netpol_oracle::net::PortName;
use netpol_oracle::{ObjectName, Pod, Protocol};

use super::Dice;
use super::words::{label, port};

pub(super) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn namespace(dice: &mut Dice) -> &'static str {
    if dice.chance(88) { "x" } else { "y" }
}

pub(super) fn app(dice: &mut Dice) -> Labels {
    let value = dice.pick(&["a", "a", "b"]);
    [label("app", value)].into_iter().collect()
}

pub(super) fn container_ports(dice: &mut Dice) -> Vec<ContainerPort> {
    let mut ports = Vec::new();
    if dice.chance(85) {
        let number = dice.pick(&[8080, 8080, 80, 9080]);
        let mut http = ContainerPort::new(Protocol::Tcp, port(number)).named(PortName::new("http").unwrap());
        if dice.chance(30) {
            let mut host = HostPort::new(port(dice.pick(&[9080, 9080, 80])));
            host.address = dice.maybe(30, |dice| address(dice.pick(&["10.9.0.1", "0.0.0.0", "198.51.100.1", "::"])));
            http.host_port = Some(host);
        }
        ports.push(http);
    }
    if dice.chance(20) {
        ports.push(ContainerPort::new(Protocol::Udp, port(53)).named(PortName::new("dns").unwrap()));
    }
    ports
}

/// A nodeSelector that one of the nodes may not fit.
pub(super) fn node_selector(dice: &mut Dice) -> Labels {
    dice.maybe(25, |dice| label("disk", dice.pick(&["ssd", "hdd"]))).into_iter().collect()
}

pub(super) fn add(dice: &mut Dice, builder: &mut ClusterBuilder) {
    if dice.chance(60) {
        let mut namespace = Namespace::new("x");
        namespace.labels = [label("env", dice.pick(&["a", "b"]))].into_iter().collect();
        builder.namespace(namespace);
    }
    let mut nodes = Vec::new();
    for number in 1..=dice.below(3) {
        let node = node(dice, number);
        builder.node(node.clone());
        nodes.push(node);
    }
    for number in 1..=1 + dice.below(4) {
        let pod = pod(dice, number, &nodes);
        builder.pod(pod);
    }
}

fn node(dice: &mut Dice, number: usize) -> Node {
    let mut node = Node::new(format!("n{number}"));
    if dice.chance(90) {
        node.addresses.push(NodeAddress::internal(address(&format!("10.9.0.{number}"))));
    }
    if dice.chance(25) {
        node.addresses.push(NodeAddress::internal(address(&format!("fd09::{number}"))));
    }
    if dice.chance(30) {
        // Sometimes both nodes'; sometimes of the cloud's own range.
        let text = dice.pick(&["198.51.100.1", "10.9.0.9", "100.125.9.1"]);
        node.addresses.push(NodeAddress::new(NodeAddressKind::ExternalIp, address(text)));
    }
    node.os_image =
        dice.maybe(60, |dice| (dice.pick(&["HCE OS 2.0", "Ubuntu 20.04 LTS", "CentOS Linux 7 (Core)"])).into());
    if dice.chance(70) {
        node.labels = [label("disk", dice.pick(&["ssd", "hdd"]))].into_iter().collect();
    }
    node
}

fn pod(dice: &mut Dice, number: usize, nodes: &[Node]) -> Pod {
    let mut pod = Pod::new(ObjectName::new(namespace(dice), format!("q{number}")));
    pod.labels = app(dice);
    pod.host_network = dice.chance(20);
    pod.node = match dice.below(10) {
        0..=6 => nodes.get(dice.below(nodes.len())).map(|node| node.name.clone()),
        7 => Some("n9".into()),
        _ => None,
    };
    pod.node_selector = node_selector(dice);
    let own = nodes.iter().find(|node| Some(&node.name) == pod.node.as_ref());
    let of_node: Vec<IpAddr> = own.into_iter().flat_map(|node| &node.addresses).map(|each| each.address).collect();
    if pod.host_network {
        pod.addresses = of_node.into_iter().take(1).collect();
    } else if dice.chance(85) {
        let four = if dice.chance(90) { format!("10.0.0.{number}") } else { format!("100.125.0.{number}") };
        pod.addresses.push(address(&four));
        if dice.chance(25) {
            pod.addresses.insert(dice.below(2), address(&format!("fd00::{number}")));
        }
        if pod.node.is_some() && dice.chance(40) {
            pod.host_addresses = of_node;
            pod.host_addresses.extend(dice.maybe(20, |_| address("10.9.0.7")));
        }
    }
    if dice.chance(8) {
        pod.phase = dice.pick(&[Phase::Succeeded, Phase::Failed, Phase::Pending]);
    }
    pod.ready = dice.chance(85);
    pod.terminating = dice.chance(8);
    pod.ports = container_ports(dice);
    pod.runtime_class = dice.maybe(8, |_| "kata".into());
    if dice.chance(60) {
        // Mostly of a workload that is not loaded: those that are loaded have no pods then, and stand for theirs.
        let (kind, name) = dice.pick(&[
            (WorkloadKind::ReplicaSet, "z1"),
            (WorkloadKind::ReplicaSet, "z1"),
            (WorkloadKind::ReplicaSet, "z1"),
            (WorkloadKind::ReplicaSet, "z1"),
            (WorkloadKind::ReplicaSet, "z1"),
            (WorkloadKind::ReplicaSet, "z1"),
            (WorkloadKind::StatefulSet, "s1"),
            (WorkloadKind::Deployment, "d1"),
            (WorkloadKind::ReplicaSet, "r1"),
            (WorkloadKind::Job, "j1"),
        ]);
        pod.owner = Some(Owner::new(kind, name));
    }
    pod
}
