//! Two tiny clusters of which the one is the other changed, with all that real ones hold.

use std::net::IpAddr;

use fastrand::Rng;
use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Selector};
use netpol_oracle::model::{
    ClusterBuilder, ContainerPort, ExternalTrafficPolicy, HostPort, Namespace, Namespaces, Node, NodeAddress, Peer,
    Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule, Service, ServiceKind, ServicePort, Workload,
    WorkloadKind,
};
use netpol_oracle::net::{IpBlock, PortName, PortRange};
use netpol_oracle::{Cluster, Direction, NetworkPolicy, ObjectName, Pod, Port, Profile, Protocol, Row};

use crate::support::with;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap())).collect()
}

fn selector(pairs: &[(&str, &str)]) -> Selector {
    Selector::new(labels(pairs), vec![])
}

fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

fn one_in(dice: &mut Rng, bound: u8) -> bool {
    dice.u8(..bound) == 0
}

fn one_of<T: Clone>(dice: &mut Rng, choices: &[T]) -> T {
    choices[dice.usize(..choices.len())].clone()
}

fn up_to<T>(dice: &mut Rng, most: u8, mut make: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..dice.u8(..=most)).map(|_| make(dice)).collect()
}

/// Some ask for what controllers set (K27).
const SELECTORS: [Option<(&str, &str)>; 7] = [
    None,
    Some(("app", "x")),
    Some(("app", "x")),
    Some(("app", "y")),
    Some(("statefulset.kubernetes.io/pod-name", "w0-1")),
    Some(("apps.kubernetes.io/pod-index", "1")),
    Some(("pod-template-hash", "h")),
];

const BLOCKS: [(&str, &[&str]); 8] = [
    ("0.0.0.0/0", &[]),
    ("0.0.0.0/0", &["10.0.0.0/24"]),
    ("10.0.0.0/16", &["10.0.0.2/31"]),
    ("10.0.0.2/32", &[]),
    ("192.168.0.0/24", &["192.168.0.1/32"]),
    ("::/0", &["fd00::2/128"]),
    ("100.125.0.0/16", &[]),
    ("8.8.8.0/24", &["8.8.8.8/32"]),
];

fn peer(dice: &mut Rng) -> Peer {
    if one_in(dice, 2) {
        let (cidr, except) = one_of(dice, &BLOCKS);
        let except = except.iter().map(|text| text.parse().unwrap()).collect();
        return Peer::IpBlock(IpBlock::new(cidr.parse().unwrap(), except).unwrap());
    }
    let pods = one_of(dice, &SELECTORS).map(|pair| selector(&[pair])).unwrap_or_else(Selector::everything);
    let namespaces = one_of(
        dice,
        &[
            Namespaces::Own,
            Namespaces::Matching(selector(&[])),
            Namespaces::Matching(selector(&[("kubernetes.io/metadata.name", "b")])),
        ],
    );
    Peer::Pods(PodPeer { namespaces, pods })
}

fn rule(dice: &mut Rng) -> Rule {
    let peers = match up_to(dice, 2, peer) {
        peers if peers.is_empty() => Peers::Any,
        peers => Peers::Of(peers),
    };
    let ports = up_to(dice, 2, |dice| PortMatch {
        protocol: one_of(dice, &[Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp]),
        port: one_of(
            dice,
            &[
                PortSpec::Any,
                PortSpec::Number(port(80)),
                PortSpec::Range(PortRange::new(port(80), port(82)).unwrap()),
                PortSpec::Range(PortRange::new(port(81), port(65535)).unwrap()),
                PortSpec::Name(PortName::new("http").unwrap()),
            ],
        ),
    });
    Rule { peers, ports: if ports.is_empty() { Ports::Any } else { Ports::Of(ports) } }
}

fn any_policy(dice: &mut Rng, name: &str) -> NetworkPolicy {
    let subject = one_of(dice, &SELECTORS).map(|pair| selector(&[pair])).unwrap_or_else(Selector::everything);
    let types = one_of(dice, &[PolicyTypes::Ingress, PolicyTypes::Egress, PolicyTypes::Both]);
    let namespace = one_of(dice, &["a", "a", "b"]);
    NetworkPolicy::new(ObjectName::new(namespace, name), subject, types, up_to(dice, 2, rule), up_to(dice, 2, rule))
}

fn any_pod(dice: &mut Rng, at: usize) -> Pod {
    let mut pod = Pod::new(ObjectName::new(one_of(dice, &["a", "a", "b"]), format!("p{at}")));
    pod.labels = one_of(dice, &[labels(&[]), labels(&[("app", "x")]), labels(&[("app", "y")])]);
    let v4: IpAddr = format!("10.0.0.{}", at + 1).parse().unwrap();
    let v6: IpAddr = format!("fd00::{}", at + 1).parse().unwrap();
    pod.addresses = one_of(dice, &[vec![v4], vec![v4], vec![v4, v6], vec![v6, v4], vec![v6], vec![]]);
    pod.node = one_of(dice, &[None, Some("n1".into()), Some("n2".into())]);
    match dice.u8(..8) {
        0 => {
            pod.host_network = true;
            pod.node = Some("n1".into());
            pod.addresses = vec!["192.168.0.1".parse().unwrap()];
            pod.host_addresses = pod.addresses.clone();
        }
        1 => {
            pod.host_network = true;
            pod.addresses = vec![];
        }
        2 => {
            // Its node is known by its address alone.
            pod.node = None;
            pod.host_addresses = vec!["192.168.0.2".parse().unwrap()];
        }
        _ => {}
    }
    if one_in(dice, 2) {
        let name = PortName::new("http").unwrap();
        pod.ports = vec![ContainerPort::new(Protocol::Tcp, port(one_of(dice, &[80, 82, 8080]))).named(name)];
    }
    if one_in(dice, 4) {
        let mut entry = ContainerPort::new(Protocol::Tcp, port(80));
        entry.host_port = Some(HostPort::new(port(8090)));
        pod.ports.push(entry);
    }
    if one_in(dice, 5) {
        pod.runtime_class = Some("kata".into());
    }
    pod
}

fn any_workload(dice: &mut Rng, at: usize) -> Workload {
    let kind = one_of(
        dice,
        &[WorkloadKind::StatefulSet, WorkloadKind::StatefulSet, WorkloadKind::Deployment, WorkloadKind::DaemonSet],
    );
    let app = one_of(dice, &[labels(&[]), labels(&[("app", "x")]), labels(&[("app", "y")])]);
    let mut workload = Workload::new(kind, ObjectName::new("a", format!("w{at}")), app);
    workload.selector = selector(&[("set", "none")]);
    workload.replicas = Some(dice.u32(1..4));
    workload.host_network = one_in(dice, 4);
    workload.node = one_of(dice, &[None, None, Some("n1".into())]);
    workload.node_selector = one_of(dice, &[labels(&[]), labels(&[("disk", "ssd")])]);
    workload
}

fn any_service(dice: &mut Rng, at: u16) -> Service {
    with(Service::new(ObjectName::new("a", format!("s{at}"))), |service| {
        let mut entry = ServicePort::new(Protocol::Tcp, port(80));
        if one_in(dice, 4) {
            service.kind = ServiceKind::Headless;
        } else {
            let v4: IpAddr = format!("10.247.0.{}", at + 1).parse().unwrap();
            service.cluster_addresses = one_of(dice, &[vec![], vec![v4]]);
            entry.node_port = one_of(dice, &[None, Some(port(30080 + at))]);
            let face = |octet: u8| format!("203.0.113.{}", 10 * octet + u8::try_from(at).unwrap()).parse().unwrap();
            service.external_addresses = one_of(dice, &[vec![], vec![face(1)]]);
            service.load_balancer_addresses = one_of(dice, &[vec![], vec![face(2)]]);
            service.external_traffic_policy =
                one_of(dice, &[ExternalTrafficPolicy::Cluster, ExternalTrafficPolicy::Local]);
        }
        service.selector = match dice.u8(..5) {
            0 => labels(&[("statefulset.kubernetes.io/pod-name", "w0-1")]),
            1 | 2 => labels(&[("app", "x")]),
            _ => labels(&[("app", "y")]),
        };
        service.ports = vec![entry];
    })
}

fn any_profile(dice: &mut Rng) -> Profile {
    let base: Profile =
        one_of(dice, &["kubernetes", "tunnel:v1.31.6-r0", "vpc:v1.31.6-r0", "cn2:v1.31.6-r0", "cn2:v1.28.9-r0"])
            .parse()
            .unwrap();
    let base = base.with_pod_cidrs(["10.0.0.0/16".parse().unwrap()]);
    match dice.u8(..9) {
        3 => base.with_override(Row::U8, "elsewhere").unwrap(),
        4 => base.with_override(Row::U7, "absent").unwrap(),
        5 => base.with_override(Row::U9, "client").unwrap(),
        0 => base.with_override(Row::U2, "unknown").unwrap(),
        1 => base.with_override(Row::U2, "pod").unwrap(),
        2 => base.with_override(Row::C14, "unknown").unwrap(),
        _ => base,
    }
}

fn node(name: &str, address: &str, os: &str) -> Node {
    with(Node::new(name), |node| {
        node.addresses = vec![NodeAddress::internal(address.parse().unwrap())];
        node.os_image = Some(os.into());
        node.labels = labels(if name == "n1" { &[("disk", "ssd")] } else { &[] });
    })
}

/// Before and after.
pub(crate) struct Change {
    pub(crate) clusters: [Cluster; 2],
    pub(crate) profiles: [Profile; 2],
}

pub(crate) fn tiny_change(seed: u64) -> Change {
    let dice = &mut Rng::with_seed(seed);
    let mut builder = Cluster::builder();
    for name in ["a", "b"] {
        builder.namespace(Namespace::new(name));
    }
    builder.node(node("n1", "192.168.0.1", "Huawei Cloud EulerOS 2.0"));
    let second_os = one_of(dice, &["Huawei Cloud EulerOS 2.0", "Ubuntu 22.04"]);
    builder.node(node("n2", "192.168.0.2", second_os));
    let pods: Vec<Pod> = (0..4).map(|at| any_pod(dice, at)).collect();
    for pod in &pods {
        builder.pod(pod.clone());
    }
    for at in 0..dice.usize(..3) {
        builder.workload(any_workload(dice, at));
    }
    for at in 0..dice.u16(..3) {
        builder.service(any_service(dice, at));
    }
    let mut other: ClusterBuilder = builder.clone();
    for name in ["p", "q", "r"] {
        let made = any_policy(dice, name);
        match dice.u8(..5) {
            0 => {
                builder.policy(made);
            }
            1 => {
                other.policy(made);
            }
            2 => {
                builder.policy(made.clone());
                other.policy(NetworkPolicy::new(
                    made.name().clone(),
                    made.subject().clone(),
                    made.types(),
                    up_to(dice, 2, rule),
                    made.written_rules(Direction::Egress).to_vec(),
                ));
            }
            _ => {
                builder.policy(made.clone());
                other.policy(made);
            }
        }
    }
    if one_in(dice, 4) {
        let mut changed = pods[0].clone();
        changed.labels = labels(&[("app", "y")]);
        other.pod(changed);
    }
    let profile = any_profile(dice);
    let later = if one_in(dice, 5) { any_profile(dice) } else { profile.clone() };
    Change { clusters: [builder.build(), other.build()], profiles: [profile, later] }
}
