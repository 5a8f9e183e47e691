//! Questions: every kind of end, every face and port.

use std::net::IpAddr;

use netpol_oracle::model::{OtherProtocol, WorkloadKind};
use netpol_oracle::{Cluster, Destination, Endpoint, Flow, L4, ObjectName, Port, Protocol};

use super::Dice;
use super::objects::address;
use super::words::port;
use super::workloads::some_labels;

pub(super) fn flow(dice: &mut Dice, cluster: &Cluster) -> Flow {
    let source = source(dice, cluster);
    let (mut destination, l4, is_service) = destination(dice, cluster);
    if let (Endpoint::Named(name), false, true) = (&source, is_service, dice.chance(25)) {
        // Two of one workload; of a StatefulSet the other is another replica (K27).
        let set = name.name().rsplit_once('-').map_or(&**name.name(), |(set, _)| set);
        destination = Endpoint::named(name.namespace().clone(), set).into();
    }
    let l4 = match dice.below(40) {
        0 => L4::Icmp,
        1 => L4::Other(OtherProtocol::new(47).unwrap()),
        _ => l4,
    };
    let flow = Flow::new(source, destination, l4);
    if is_service && dice.chance(5) {
        let name = dice.pick(&["q1", "q2", "s1-0", "s1-1", "d1", "j1"]);
        return flow.via(ObjectName::new("x", name));
    }
    flow
}

fn labelled(dice: &mut Dice) -> Endpoint {
    let labels = some_labels(dice, 70);
    Endpoint::Labelled { namespace: (dice.pick(&["x", "x", "y", "w"])).into(), labels }
}

fn workload(dice: &mut Dice, cluster: &Cluster) -> Option<Endpoint> {
    let all: Vec<_> = cluster.workloads().iter().collect();
    let workload = all.get(dice.below(all.len()))?;
    Some(match dice.below(10) {
        0 | 1 => Endpoint::Workload { kind: workload.kind.clone(), name: workload.name.clone() },
        2..=6 if workload.kind == WorkloadKind::StatefulSet || dice.chance(3) => {
            let ordinal = dice.pick(&["0", "0", "1", "1", "2", "5", "6", "00"]);
            Endpoint::named(workload.name.namespace().clone(), format!("{}-{ordinal}", workload.name.name()))
        }
        _ => Endpoint::Named(workload.name.clone()),
    })
}

fn pod(dice: &mut Dice, cluster: &Cluster) -> Option<Endpoint> {
    let all: Vec<_> = cluster.pods().iter().collect();
    let pod = all.get(dice.below(all.len()))?;
    Some(match (dice.below(6), pod.addresses.last()) {
        (0, Some(at)) => Endpoint::Address(*at),
        (1, Some(at)) if !pod.host_network => Endpoint::PodAddress { pod: pod.name.clone(), address: *at },
        _ => Endpoint::Named(pod.name.clone()),
    })
}

fn node(dice: &mut Dice, cluster: &Cluster) -> Option<Endpoint> {
    let all: Vec<_> = cluster.nodes().iter().collect();
    let node = all.get(dice.below(all.len()))?;
    let addresses: Vec<IpAddr> = node.addresses.iter().map(|each| each.address).collect();
    Some(match (dice.below(4), addresses.get(dice.below(addresses.len()))) {
        (0, Some(at)) => Endpoint::NodeAddress { node: node.name.clone(), address: *at },
        (1 | 2, Some(at)) => Endpoint::Address(*at),
        _ => Endpoint::Node(node.name.clone()),
    })
}

const OUTSIDE: &[&str] =
    &["203.0.113.9", "203.0.113.9", "198.51.100.20", "100.125.3.3", "10.0.0.200", "10.9.0.7", "2001:db8::9"];

fn outside(dice: &mut Dice) -> Endpoint {
    Endpoint::Address(address(dice.pick(OUTSIDE)))
}

fn source(dice: &mut Dice, cluster: &Cluster) -> Endpoint {
    let found = match dice.below(20) {
        0..=5 => pod(dice, cluster),
        6..=11 => workload(dice, cluster),
        12 | 13 => Some(labelled(dice)),
        14..=16 => node(dice, cluster),
        17 if dice.chance(20) => front(dice, cluster).map(Endpoint::Address),
        _ => None,
    };
    found.unwrap_or_else(|| outside(dice))
}

/// An address of a Service, of whatever kind.
fn front(dice: &mut Dice, cluster: &Cluster) -> Option<IpAddr> {
    let all: Vec<IpAddr> = cluster
        .services()
        .iter()
        .flat_map(|each| {
            each.cluster_addresses.iter().chain(&each.external_addresses).chain(&each.load_balancer_addresses)
        })
        .copied()
        .collect();
    all.get(dice.below(all.len())).copied()
}

fn destination(dice: &mut Dice, cluster: &Cluster) -> (Destination, L4, bool) {
    let usual = |dice: &mut Dice| {
        let number = dice.pick(&[8080, 8080, 80, 443, 9080, 53]);
        L4::Port(
            if dice.chance(93) { Protocol::Tcp } else { dice.pick(&[Protocol::Udp, Protocol::Sctp]) },
            port(number),
        )
    };
    let kind = dice.below(20);
    if kind < 5 {
        let all: Vec<_> = cluster.services().iter().collect();
        let service = all[dice.below(all.len())];
        let l4 = service_port(dice, cluster).filter(|_| dice.chance(90)).unwrap_or_else(|| usual(dice));
        return (Destination::Service(service.name.clone()), l4, true);
    }
    let at = if kind < 9 { front(dice, cluster) } else { None };
    if let Some(at) = at {
        let l4 = service_port(dice, cluster).filter(|_| dice.chance(90)).unwrap_or_else(|| usual(dice));
        return (Endpoint::Address(at).into(), l4, true);
    }
    if kind < 13 {
        let host = cluster.pods().iter().find(|pod| pod.host_network && dice.chance(30));
        let host = host.map(|pod| Endpoint::Named(pod.name.clone()));
        if let Some(at) = host.or_else(|| node(dice, cluster)) {
            let l4 = node_port(dice, cluster).filter(|_| dice.chance(80)).unwrap_or_else(|| usual(dice));
            return (at.into(), l4, true);
        }
    }
    let l4 = usual(dice);
    let found = match kind {
        13 | 14 => pod(dice, cluster),
        15..=17 => workload(dice, cluster),
        18 => Some(labelled(dice)),
        _ => None,
    };
    (found.unwrap_or_else(|| outside(dice)).into(), l4, false)
}

fn service_port(dice: &mut Dice, cluster: &Cluster) -> Option<L4> {
    let all: Vec<_> = cluster.services().iter().flat_map(|each| &each.ports).collect();
    all.get(dice.below(all.len())).map(|each| L4::Port(each.protocol, each.port))
}

fn node_port(dice: &mut Dice, cluster: &Cluster) -> Option<L4> {
    let of_services = cluster.services().iter().flat_map(|each| &each.ports);
    let mut all: Vec<(Protocol, Port)> =
        of_services.filter_map(|each| Some((each.protocol, each.node_port?))).collect();
    let of_pods = cluster.pods().iter().flat_map(|each| &each.ports);
    let of_pods = of_pods.chain(cluster.workloads().iter().flat_map(|each| &each.ports));
    all.extend(of_pods.filter_map(|each| Some((each.protocol, each.host_port?.port))));
    all.get(dice.below(all.len())).map(|(protocol, port)| L4::Port(*protocol, *port))
}
