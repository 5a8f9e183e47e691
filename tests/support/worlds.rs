//! Small worlds: a cluster, a profile and flows between what the cluster holds. Skewed so that isolation, rules,
//! open questions and every row of the profile come up.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::cce::Edition;
use netpol_oracle::manifest::wire::Manifest;
use netpol_oracle::{
    Base, Capabilities, Cidr, Cluster, ContainerPort, Destination, Endpoint, EndpointSlice, Family, Flow, IpBlock, L4,
    LabelKey, LabelValue, Labels, Namespace, Namespaces, NetworkPolicy, Node, NodeAddress, NodeAddressKind, ObjectName,
    OtherProtocol, Owner, Peer, Peers, Phase, Pod, PodPeer, PolicyTypes, Port, PortMatch, PortName, PortRange,
    PortSpec, Ports, Profile, Protocol, Requirement, Row, Rule, Selector, Service, ServiceKind, ServicePort,
    SliceEndpoint, SlicePort, Switch, TargetPort, Workload, WorkloadKind,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Value, json};

/// A cluster, what it runs on, and questions about it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) profile: Profile,
    pub(crate) flows: Vec<Flow>,
}

const NAMESPACES: [&str; 3] = ["x", "y", "z"];
const NODES: [&str; 2] = ["n1", "n2"];

/// Addresses that no object of the generator bears: plain outside ones, of the cloud's internal range, and of the
/// ranges that profiles call pod and Service CIDRs.
const OUTSIDE: [&str; 8] = [
    "203.0.113.9",
    "198.51.100.20",
    "100.125.3.3",
    "100.126.0.1",
    "10.0.0.200",
    "10.96.0.200",
    "2001:db8::9",
    "fd00::200",
];

const BLOCKS: [&str; 28] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.0.0/25",
    "10.0.0.128/25",
    "10.0.0.0/30",
    "10.0.0.1/32",
    "10.0.0.2/31",
    "10.0.0.2/32",
    "10.9.0.0/24",
    "10.9.0.1/32",
    "10.96.0.0/16",
    "10.96.0.1/32",
    "100.125.0.0/16",
    "100.125.3.3/32",
    "100.124.0.0/14",
    "203.0.113.0/24",
    "203.0.113.9/32",
    "203.0.113.8/32",
    "198.51.100.0/24",
    "::/0",
    "fd00::/64",
    "fd00::1/128",
    "fd96::/112",
    "2001:db8::/32",
    "fd00::/8",
];

const OS_IMAGES: [&str; 10] = [
    "Huawei Cloud EulerOS 2.0 (x86_64)",
    "HCE OS 2.0",
    "EulerOS 2.0 (SP9x86_64)",
    "EulerOS release 2.0 Huawei Cloud EulerOS 2.0",
    "Huawei Cloud EulerOS 3.0",
    "CentOS Linux 7 (Core)",
    "CentOS Linux 8",
    "Ubuntu 22.04.3 LTS",
    "Ubuntu 20.04 LTS",
    "",
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

fn one_of<T: Clone + fmt::Debug + 'static>(choices: &[(u32, T)]) -> impl Strategy<Value = T> + use<T> {
    Union::new_weighted(choices.iter().map(|(weight, choice)| (*weight, Just(choice.clone()))).collect())
}

fn key() -> impl Strategy<Value = &'static str> {
    one_of(&[(4, "app"), (2, "tier")])
}

fn value() -> impl Strategy<Value = &'static str> {
    one_of(&[(4, "a"), (4, "b"), (1, "")])
}

pub(crate) fn label(key: &str, value: &str) -> (LabelKey, LabelValue) {
    (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap())
}

fn labels() -> impl Strategy<Value = Labels> {
    let app = one_of(&[(5, Some("a")), (4, Some("b")), (1, Some("")), (1, None)]);
    let tier = one_of(&[(4, None), (1, Some("a")), (1, Some("b")), (1, Some(""))]);
    (app, tier).prop_map(|(app, tier)| {
        let pairs = [("app", app), ("tier", tier)];
        pairs.into_iter().filter_map(|(key, value)| value.map(|value| label(key, value))).collect()
    })
}

fn requirement() -> impl Strategy<Value = Requirement> {
    let key = || key().prop_map(|key| LabelKey::new(key).unwrap());
    let values = || vec(value().prop_map(|value| LabelValue::new(value).unwrap()), 1..3);
    prop_oneof![
        (key(), values()).prop_map(|(key, values)| Requirement::in_(key, values).unwrap()),
        (key(), values()).prop_map(|(key, values)| Requirement::not_in(key, values).unwrap()),
        key().prop_map(|key| Requirement::Exists { key }),
        key().prop_map(|key| Requirement::DoesNotExist { key }),
    ]
}

fn selector() -> impl Strategy<Value = Selector> {
    prop_oneof![
        4 => Just(Selector::everything()),
        5 => (key(), value()).prop_map(|(key, value)| Selector::new([label(key, value)].into_iter().collect(), vec![])),
        3 => requirement().prop_map(|one| Selector::new(Labels::new(), vec![one])),
        1 => (vec((key(), value()), 0..3), vec(requirement(), 0..3)).prop_map(|(pairs, expressions)| {
            Selector::new(pairs.into_iter().map(|(key, value)| label(key, value)).collect(), expressions)
        }),
    ]
}

/// Of a policy's subjects: mostly of many.
fn subject() -> impl Strategy<Value = Selector> {
    prop_oneof![3 => Just(Selector::everything()), 2 => selector()]
}

fn namespace_selector() -> impl Strategy<Value = Selector> {
    let by_name = select(&NAMESPACES[..])
        .prop_map(|name| Selector::new([label("kubernetes.io/metadata.name", name)].into_iter().collect(), Vec::new()));
    prop_oneof![3 => selector(), 1 => by_name]
}

fn named(name: &str) -> PortName {
    PortName::new(name).unwrap()
}

fn protocol() -> impl Strategy<Value = Protocol> {
    one_of(&[(8, Protocol::Tcp), (2, Protocol::Udp), (2, Protocol::Sctp)])
}

fn container_ports() -> impl Strategy<Value = Vec<ContainerPort>> {
    let name = one_of(&[(4, Some("http")), (2, Some("dns")), (1, None)]);
    let one = (name, protocol(), one_of(&[(3, 8080), (2, 80), (1, 8090), (1, 65535)]))
        .prop_map(|(name, protocol, number)| ContainerPort { name: name.map(named), protocol, port: port(number) });
    let usual = ContainerPort { name: Some(named("http")), protocol: Protocol::Tcp, port: port(8080) };
    prop_oneof![2 => Just(Vec::new()), 4 => Just(vec![usual]), 2 => vec(one, 0..4)]
}

fn port_match() -> impl Strategy<Value = PortMatch> {
    let number = || one_of(&[(3, 80), (3, 8080), (1, 1), (1, 65535), (1, 53), (1, 443)]);
    let range = one_of(&[
        (5, (80, 8080)),
        (2, (1, 65535)),
        (1, (8080, 8090)),
        (1, (443, 443)),
        (1, (1, 79)),
        (1, (8081, 65535)),
        (1, (53, 80)),
    ]);
    let spec = prop_oneof![
        1 => Just(PortSpec::Any),
        3 => number().prop_map(|number| PortSpec::Number(port(number))),
        3 => range.prop_map(|(first, last)| PortSpec::Range(PortRange::new(port(first), port(last)).unwrap())),
        2 => one_of(&[(3, "http"), (1, "dns")]).prop_map(|name| PortSpec::Name(named(name))),
    ];
    (protocol(), spec).prop_map(|(protocol, port)| PortMatch { protocol, port })
}

fn ports() -> impl Strategy<Value = Ports> {
    prop_oneof![3 => Just(Ports::Any), 4 => vec(port_match(), 1..3).prop_map(Ports::Of)]
}

pub(crate) fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn ip_block() -> impl Strategy<Value = IpBlock> {
    let usual = ["10.0.0.0/16", "10.0.0.0/30", "10.96.0.0/16", "203.0.113.0/24", "10.0.0.128/25"];
    let cidr_of = prop_oneof![
        2 => Just(BLOCKS[0]), 1 => Just("::/0"), 5 => select(usual.to_vec()), 6 => select(&BLOCKS[..]),
    ];
    (cidr_of, vec(any::<prop::sample::Index>(), 0..3), 0..3_u8).prop_map(|(text, picks, cuts)| {
        let outer = cidr(text);
        let inner: Vec<Cidr> =
            BLOCKS.iter().map(|text| cidr(text)).filter(|each| outer.contains_cidr(each) && *each != outer).collect();
        // One block in three has exceptions.
        let except = match inner.is_empty() || cuts > 0 {
            true => Vec::new(),
            false => picks.iter().map(|pick| *pick.get(&inner)).collect(),
        };
        IpBlock::new(outer, except).unwrap()
    })
}

fn peer() -> impl Strategy<Value = Peer> {
    let pods = |namespaces: Namespaces, pods: Selector| Peer::Pods(PodPeer { namespaces, pods });
    prop_oneof![
        3 => selector().prop_map(move |of| pods(Namespaces::Own, of)),
        2 => namespace_selector().prop_map(move |of| pods(Namespaces::Matching(of), Selector::everything())),
        2 => (namespace_selector(), selector()).prop_map(move |(of, who)| pods(Namespaces::Matching(of), who)),
        6 => ip_block().prop_map(Peer::IpBlock),
        // All ClusterIPs (C10, U5).
        1 => Just(Peer::IpBlock(IpBlock::new(cidr("10.96.0.0/16"), Vec::new()).unwrap())),
    ]
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let peers = prop_oneof![1 => Just(Peers::Any), 8 => vec(peer(), 1..4).prop_map(Peers::Of)];
    (peers, ports()).prop_map(|(peers, ports)| Rule { peers, ports })
}

fn policies() -> impl Strategy<Value = Vec<NetworkPolicy>> {
    let types = one_of(&[(2, PolicyTypes::Ingress), (3, PolicyTypes::Egress), (3, PolicyTypes::Both)]);
    let one = (one_of(&[(6, "x"), (3, "y"), (1, "z")]), subject(), types, vec(rule(), 0..3), vec(rule(), 0..3));
    vec(one, 1..6).prop_map(|each| {
        let named = |i: usize, ns: &str| ObjectName::new(ns, format!("p{i}"));
        let numbered = each.into_iter().enumerate();
        numbered
            .map(|(i, (ns, subject, types, ingress, egress))| {
                NetworkPolicy::new(named(i, ns), subject, types, ingress, egress)
            })
            .collect()
    })
}

/// Which addresses a pod has: IPv4, IPv6, both in either order, none.
#[derive(Debug, Clone, Copy)]
enum Stack {
    Four,
    Six,
    FourSix,
    SixFour,
    None,
}

fn stack() -> impl Strategy<Value = Stack> {
    one_of(&[(10, Stack::Four), (2, Stack::Six), (5, Stack::FourSix), (2, Stack::SixFour), (5, Stack::None)])
}

impl Stack {
    fn of(self, four: IpAddr, six: IpAddr) -> Vec<IpAddr> {
        match self {
            Self::Four => vec![four],
            Self::Six => vec![six],
            Self::FourSix => vec![four, six],
            Self::SixFour => vec![six, four],
            Self::None => Vec::new(),
        }
    }
}

fn runtime() -> impl Strategy<Value = Option<Arc<str>>> {
    one_of(&[(20, None), (2, Some("kata")), (1, Some("kata-qemu")), (1, Some("katana")), (1, Some("runc"))])
        .prop_map(|class: Option<&str>| class.map(Into::into))
}

fn node_name() -> impl Strategy<Value = Option<Arc<str>>> {
    one_of(&[(4, Some("n1")), (3, Some("n2")), (1, None)]).prop_map(|name: Option<&str>| name.map(Into::into))
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let image = prop_oneof![2 => Just(None), 7 => select(&OS_IMAGES[..2]).prop_map(Some), 4 => select(&OS_IMAGES[..]).prop_map(Some)];
    let extra = one_of(&[(3, None), (1, Some("198.51.100.1")), (1, Some("100.125.9.1"))]);
    let one = (image, one_of(&[(3, false), (1, true)]), extra);
    vec(one, 1..3).prop_map(|each| {
        let numbered = each.into_iter().enumerate();
        numbered
            .map(|(i, (image, dual, extra))| {
                let internal =
                    |address: String| NodeAddress { kind: NodeAddressKind::InternalIp, address: ip(&address) };
                let mut addresses = vec![internal(format!("10.9.0.{}", i + 1))];
                addresses.extend(dual.then(|| internal(format!("fd09::{}", i + 1))));
                // One address, one node.
                addresses.extend(
                    extra
                        .filter(|_| i == 0)
                        .map(|address| NodeAddress { kind: NodeAddressKind::ExternalIp, address: ip(address) }),
                );
                Node { name: NODES[i].into(), addresses, os_image: image.map(Into::into), labels: Labels::new() }
            })
            .collect()
    })
}

/// A pod before its node's addresses are known.
type PodParts = (
    (&'static str, Labels, Stack, bool),
    (Option<Arc<str>>, u8, bool),
    (Phase, bool, Vec<ContainerPort>),
    (Option<Arc<str>>, bool),
);

fn pod_parts() -> impl Strategy<Value = PodParts> {
    let phase = one_of(&[
        (12, Phase::Running),
        (1, Phase::Pending),
        (1, Phase::Succeeded),
        (1, Phase::Failed),
        (1, Phase::Unknown),
    ]);
    (
        (one_of(&[(6, "x"), (3, "y"), (1, "z")]), labels(), stack(), one_of(&[(9, false), (1, true)])),
        (node_name(), one_of(&[(4, 0), (1, 1), (1, 2)]), one_of(&[(4, false), (1, true)])),
        (phase, one_of(&[(6, true), (1, false)]), container_ports()),
        (runtime(), one_of(&[(6, false), (1, true)])),
    )
}

fn pods(parts: Vec<PodParts>, nodes: &[Node]) -> Vec<Pod> {
    let numbered = parts.into_iter().enumerate();
    numbered
        .map(|(i, parts)| {
            let ((ns, labels, stack, cloud), (node, hosted, host_network), (phase, ready, ports), (runtime, owned)) =
                parts;
            let four = ip(&format!("{}.{}", if cloud { "100.125.0" } else { "10.0.0" }, i + 1));
            let six = ip(&format!("fd00::{}", i + 1));
            let on: Vec<IpAddr> = nodes
                .iter()
                .filter(|each| Some(&each.name) == node.as_ref())
                .flat_map(|each| each.addresses.iter())
                .filter(|each| each.kind == NodeAddressKind::InternalIp)
                .map(|each| each.address)
                .collect();
            let mut pod = Pod::new(ObjectName::new(ns, format!("q{i}")));
            pod.labels = labels;
            pod.addresses = match (host_network, stack) {
                // Without one only where nothing tells its node's.
                (true, _) => on.clone(),
                (false, stack) => stack.of(four, six),
            };
            pod.host_addresses = match hosted {
                0 => on,
                1 => Vec::new(),
                _ if on.is_empty() => Vec::new(),
                _ => on.into_iter().chain([ip("10.7.0.1")]).collect(),
            };
            pod.node = node;
            pod.phase = phase;
            pod.ready = ready;
            pod.host_network = host_network;
            pod.ports = ports;
            pod.runtime_class = runtime;
            pod.owner = owned.then(|| Owner { kind: WorkloadKind::Deployment, name: "w0".into() });
            pod
        })
        .collect()
}

fn workloads() -> impl Strategy<Value = Vec<Workload>> {
    let kind = one_of(&[(3, WorkloadKind::Deployment), (1, WorkloadKind::StatefulSet)]);
    let one = (
        (one_of(&[(4, "x"), (1, "y")]), kind, labels(), one_of(&[(4, None), (2, Some(2)), (1, Some(0))])),
        (one_of(&[(4, None), (1, Some("n1"))]), one_of(&[(9, false), (1, true)]), container_ports(), runtime()),
    );
    vec(one, 0..3).prop_map(|each| {
        let numbered = each.into_iter().enumerate();
        numbered
            .map(|(i, ((ns, kind, labels, replicas), (node, host_network, ports, runtime_class)))| Workload {
                name: ObjectName::new(ns, format!("w{i}")),
                kind,
                selector: Selector::new(labels.clone(), Vec::new()),
                labels,
                replicas,
                node: node.map(Into::into),
                host_network,
                ports,
                runtime_class,
                owner: None,
            })
            .collect()
    })
}

/// A Service, and what its EndpointSlices hold, if it has any: places in a list of candidates.
type ServiceParts = (
    (&'static str, Stack, ServiceKind),
    (Option<&'static str>, Vec<ServicePort>),
    Option<Vec<(prop::sample::Index, bool)>>,
);

fn service_parts() -> impl Strategy<Value = ServiceParts> {
    let target = prop_oneof![
        3 => Just(TargetPort::Number(port(8080))),
        1 => Just(TargetPort::Number(port(80))),
        2 => Just(TargetPort::Name(named("http"))),
    ];
    // Which ClusterIP a source without an address means is nowhere said: IPv4 comes first.
    let stack = one_of(&[(8, Stack::Four), (1, Stack::Six), (4, Stack::FourSix)]);
    let kind = one_of(&[(30, ServiceKind::ClusterIp), (1, ServiceKind::Headless), (1, ServiceKind::ExternalName)]);
    let selector = one_of(&[(9, Some("a")), (5, Some("b")), (1, None)]);
    let others = vec((protocol(), target.clone()), 0..3);
    let ports = (target, others).prop_map(|(first, others)| {
        let all = std::iter::once((Protocol::Tcp, first)).chain(others).enumerate();
        all.map(|(i, (protocol, target))| ServicePort {
            name: Some(format!("port{i}").into()),
            protocol,
            port: port([80, 53, 443][i]),
            target,
        })
        .collect()
    });
    let slices = option::weighted(0.45, vec((any::<prop::sample::Index>(), one_of(&[(6, true), (1, false)])), 1..4));
    ((one_of(&[(5, "x"), (1, "y")]), stack, kind), (selector, ports), slices)
}

fn services(parts: Vec<ServiceParts>, pods: &[Pod], nodes: &[Node]) -> (Vec<Service>, Vec<EndpointSlice>) {
    let (mut services, mut slices) = (Vec::new(), Vec::new());
    for (i, ((ns, stack, kind), (selector, ports), endpoints)) in parts.into_iter().enumerate() {
        let name = ObjectName::new(ns, format!("s{i}"));
        let cluster_addresses = stack.of(ip(&format!("10.96.0.{}", i + 1)), ip(&format!("fd96::{}", i + 1)));
        let mut candidates: Vec<(IpAddr, Option<ObjectName>)> =
            [0, 1, 0, 2, 6, 4, 0, 1].into_iter().map(|at| (ip(OUTSIDE[at]), None)).collect();
        candidates.extend(nodes.iter().flat_map(|node| &node.addresses).map(|each| (each.address, None)));
        for pod in pods.iter().filter(|pod| pod.is_live() && pod.name.namespace() == name.namespace()) {
            candidates.extend(pod.addresses.iter().map(|address| (*address, Some(pod.name.clone()))));
        }
        for family in [Family::V4, Family::V6] {
            let Some(picks) = &endpoints else { break };
            let of_family: Vec<_> = candidates.iter().filter(|(each, _)| Family::of(*each) == family).collect();
            slices.push(EndpointSlice {
                name: ObjectName::new(ns, format!("s{i}-{family}").to_lowercase()),
                service: name.name().clone(),
                family,
                endpoints: picks
                    .iter()
                    .map(|(pick, ready)| {
                        let (address, target) = pick.get(&of_family);
                        SliceEndpoint { addresses: vec![*address], ready: *ready, target: target.clone() }
                    })
                    .collect(),
                ports: ports
                    .iter()
                    .map(|each| SlicePort {
                        name: each.name.clone(),
                        protocol: each.protocol,
                        port: match &each.target {
                            TargetPort::Number(number) => *number,
                            TargetPort::Name(_) => port(8080),
                        },
                    })
                    .collect(),
            });
        }
        let cluster_addresses = if kind == ServiceKind::ClusterIp { cluster_addresses } else { Vec::new() };
        let selector = selector.map(|value| label("app", value)).into_iter().collect();
        services.push(Service { name, kind, cluster_addresses, selector, ports });
    }
    (services, slices)
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let namespaces = vec(option::weighted(0.8, labels()), 3);
    (namespaces, nodes(), vec(pod_parts(), 2..6), workloads(), vec(service_parts(), 0..3), policies()).prop_map(
        |(namespaces, nodes, pod_parts, workloads, service_parts, policies)| {
            let mut builder = Cluster::builder();
            for (name, labels) in NAMESPACES.iter().zip(namespaces) {
                if let Some(labels) = labels {
                    builder.namespace(Namespace { name: (*name).into(), labels });
                }
            }
            let pods = pods(pod_parts, &nodes);
            let (services, slices) = services(service_parts, &pods, &nodes);
            for pod in pods {
                builder.pod(pod);
            }
            for node in nodes {
                builder.node(node);
            }
            for workload in workloads {
                builder.workload(workload);
            }
            for service in services {
                builder.service(service);
            }
            for slice in slices {
                builder.endpoint_slice(slice);
            }
            for policy in policies {
                builder.policy(policy);
            }
            builder.build()
        },
    )
}

/// A row that can be overridden and one of its words.
pub(crate) fn an_override() -> impl Strategy<Value = (Row, &'static str)> {
    // Rows that few flows touch weigh more than those that touch every flow.
    let weight = |row: Row| match row {
        Row::C1 | Row::C2 | Row::C3 | Row::C6 | Row::C8 | Row::C12 => 1,
        Row::C7 | Row::C13 | Row::U2 | Row::U5 | Row::U6 => 6,
        Row::C10 | Row::U4 => 12,
        Row::C14 => 9,
        _ => 3,
    };
    let rows = Row::ALL.iter().filter(|row| !Capabilities::words(**row).is_empty());
    let rows: Vec<(u32, Row)> = rows.map(|row| (weight(*row), *row)).collect();
    (one_of(&rows), any::<prop::sample::Index>()).prop_map(|(row, pick)| (row, *pick.get(Capabilities::words(row))))
}

fn base() -> impl Strategy<Value = Base> {
    const RECENT: [&str; 2] = ["v1.31.6-r0", "v1.33.1-r0"];
    const EDGES: [&str; 16] = [
        "v1.22.9-r0",
        "v1.23.0-r0",
        "v1.27.16-r9",
        "v1.27.16-r10",
        "v1.27.16-r30",
        "v1.28.15-r0",
        "v1.28.15-r20",
        "v1.29.9-r30",
        "v1.29.10-r0",
        "v1.29.13-r0",
        "v1.30.6-r0",
        "v1.30.10-r0",
        "v1.31.4-r0",
        "v1.31.6-r0",
        "v1.34.3-r10",
        "v1.36.0-r0",
    ];
    let version = prop_oneof![4 => select(&RECENT[..]), 1 => select(&EDGES[..])];
    let model = one_of(&[(3, "tunnel"), (2, "vpc"), (3, "cn2")]);
    prop_oneof![
        4 => Just(Base::parse("kubernetes", None).unwrap()),
        7 => (model, version).prop_map(|(model, version)| Base::parse(model, Some(version)).unwrap()),
    ]
}

pub(crate) fn cidrs(profile: Profile, picks: (u8, u8)) -> Profile {
    let of = |texts: &[&str]| texts.iter().map(|text| cidr(text)).collect::<Vec<Cidr>>();
    let profile = match picks.0 {
        0 | 1 => profile,
        2 => profile.with_pod_cidrs(of(&["10.0.0.0/16"])),
        3 => profile.with_pod_cidrs(of(&["10.0.0.0/25", "10.0.0.128/25", "fd00::/64"])),
        4 => profile.with_pod_cidrs(of(&["10.0.0.0/16", "172.20.0.0/16", "fd00::/48"])),
        _ => profile.with_pod_cidrs(of(&["10.0.0.0/30", "fd00::/64"])),
    };
    if picks.1 == 0 { profile.with_service_cidrs(of(&["10.96.0.0/16", "fd96::/112"])) } else { profile }
}

fn profile() -> impl Strategy<Value = Profile> {
    let edition = one_of(&[(6, Edition::Seed), (1, Edition::SeedProse), (1, Edition::Y2026)]);
    let switch = one_of(&[(30, Switch::On), (1, Switch::Off)]);
    let overrides = prop_oneof![3 => Just(Vec::new()), 7 => vec(an_override(), 1..5)];
    (base(), edition, switch, (0..6_u8, 0..2_u8), overrides).prop_map(|(base, edition, switch, ranges, overrides)| {
        let profile = cidrs(Profile::new(base).with_edition(edition).with_switch(switch), ranges);
        overrides.into_iter().fold(profile, |profile, (row, word)| profile.with_override(row, word).unwrap())
    })
}

/// `kubernetes()` with some ranges, without overrides.
pub(crate) fn plain_kubernetes() -> impl Strategy<Value = Profile> {
    (0..6_u8, 0..2_u8).prop_map(|ranges| cidrs(Profile::kubernetes(), ranges))
}

/// A profile of which at most `most` rows are not as Kubernetes has them.
pub(crate) fn with_few_rows(most: usize) -> impl Strategy<Value = Profile> {
    (profile(), vec(any::<prop::sample::Index>(), 24)).prop_map(move |(mut profile, picks)| {
        for pick in picks {
            let other: Vec<Row> = profile.capabilities().other_than_kubernetes().collect();
            if other.len() <= most {
                break;
            }
            profile = profile.with_row_as_kubernetes(*pick.get(&other));
        }
        profile
    })
}

/// A flow before the world is known: numbers that pick from what there is.
type FlowParts = (u8, prop::sample::Index, u8, prop::sample::Index, (u8, prop::sample::Index));

fn flow_parts() -> impl Strategy<Value = FlowParts> {
    (
        0..20_u8,
        any::<prop::sample::Index>(),
        0..20_u8,
        any::<prop::sample::Index>(),
        (0..20_u8, any::<prop::sample::Index>()),
    )
}

fn is_isolated(cluster: &Cluster, pod: &Pod) -> bool {
    let selects = |policy: &&NetworkPolicy| {
        policy.name().namespace() == pod.name.namespace() && policy.subject().matches(&pod.labels)
    };
    cluster.policies().iter().any(|policy| selects(&policy))
}

fn end_of(cluster: &Cluster, kind: u8, pick: &prop::sample::Index) -> Endpoint {
    let pods: Vec<&Pod> = cluster.pods().iter().filter(|pod| pod.is_live()).collect();
    let isolated: Vec<&Pod> = pods.iter().copied().filter(|pod| is_isolated(cluster, pod)).collect();
    let likely = if isolated.is_empty() { &pods } else { &isolated };
    let outside = || Endpoint::Address(ip(pick.get::<&str>(&OUTSIDE)));
    let node = || pick.get(cluster.nodes());
    match kind {
        0..=5 if !likely.is_empty() => Endpoint::Named(pick.get(likely).name.clone()),
        6 | 7 if !pods.is_empty() => Endpoint::Named(pick.get(&pods).name.clone()),
        8..=10 if !pods.is_empty() => {
            let pod = pick.get(&pods);
            match pod.addresses.last() {
                Some(address) if kind == 8 => Endpoint::PodAddress { pod: pod.name.clone(), address: *address },
                Some(address) => Endpoint::Address(*address),
                None => Endpoint::Named(pod.name.clone()),
            }
        }
        11 | 12 if !cluster.workloads().is_empty() => {
            let workload = pick.get(cluster.workloads());
            match kind {
                11 => Endpoint::Named(workload.name.clone()),
                _ => Endpoint::Workload { kind: workload.kind, name: workload.name.clone() },
            }
        }
        13 => Endpoint::Node(node().name.clone()),
        14 => Endpoint::NodeAddress { node: node().name.clone(), address: pick.get(&node().addresses).address },
        15 => Endpoint::Address(pick.get(&node().addresses).address),
        // Any pod, finished ones too, and addresses that pods call their host's.
        16 => Endpoint::Named(pick.get(cluster.pods()).name.clone()),
        17 => {
            let pod = pick.get(cluster.pods());
            pod.host_addresses.last().map_or_else(outside, |address| Endpoint::Address(*address))
        }
        _ => outside(),
    }
}

/// The families an end has; none: any.
fn families(cluster: &Cluster, endpoint: &Endpoint) -> Vec<Family> {
    match endpoint {
        Endpoint::Named(name) => {
            cluster.pod(name).map(|pod| pod.addresses.iter().copied().map(Family::of).collect()).unwrap_or_default()
        }
        Endpoint::PodAddress { address, .. } | Endpoint::NodeAddress { address, .. } | Endpoint::Address(address) => {
            vec![Family::of(*address)]
        }
        Endpoint::Node(_) => vec![Family::V4],
        Endpoint::Workload { .. } => Vec::new(),
    }
}

/// An end that can have one of `wanted`, mostly: errors about families are worth few questions.
fn fitting(cluster: &Cluster, end: Endpoint, wanted: &[Family], pick: &prop::sample::Index) -> Endpoint {
    let fits = |end: &Endpoint| {
        let own = families(cluster, end);
        own.is_empty() || wanted.is_empty() || own.iter().any(|family| wanted.contains(family))
    };
    if fits(&end) || pick.index(8) == 0 {
        return end;
    }
    let outside = OUTSIDE.iter().map(|text| Endpoint::Address(ip(text)));
    let pods = cluster.pods().iter().filter(|pod| pod.is_live()).map(|pod| Endpoint::Named(pod.name.clone()));
    let others: Vec<Endpoint> = match end {
        Endpoint::Address(_) => outside.filter(fits).collect(),
        _ => pods.filter(fits).collect(),
    };
    if others.is_empty() { end } else { pick.get(&others).clone() }
}

fn flow_of(cluster: &Cluster, parts: FlowParts) -> Flow {
    let (from, source_pick, to, target_pick, (l4, number)) = parts;
    let mut source = end_of(cluster, from, &source_pick);
    let numbers = [80, 8080, 80, 8080, 53, 1, 65535, 8081, 443, 8090];
    let mut number = port(*number.get(&numbers));
    let mut protocol = match l4 {
        0..=13 => Protocol::Tcp,
        14 | 15 => Protocol::Udp,
        _ => Protocol::Sctp,
    };
    let live: Vec<&Pod> = cluster.pods().iter().filter(|pod| pod.is_live()).collect();
    let services = cluster.services();
    let to_service = to <= 5 && !services.is_empty();
    let destination = if to_service {
        let service = target_pick.get(services);
        if l4 % 10 != 9 {
            let wanted = target_pick.get(&service.ports);
            (protocol, number) = (wanted.protocol, wanted.port);
        }
        // A pod that its Service may lead back to.
        let back = |pod: &&&Pod| {
            let selects = service.selector.iter().all(|(key, value)| pod.labels.get(key.as_str()) == Some(value));
            selects && pod.name.namespace() == service.name.namespace()
        };
        if let (4 | 5, Some(pod)) = (to, live.iter().find(back)) {
            source = Endpoint::Named(pod.name.clone());
        }
        let wanted: Vec<Family> = service.cluster_addresses.iter().copied().map(Family::of).collect();
        source = fitting(cluster, source, &wanted, &target_pick);
        match service.cluster_addresses.first() {
            Some(address) if to == 0 => Destination::Endpoint(Endpoint::Address(*address)),
            _ => Destination::Service(service.name.clone()),
        }
    } else {
        // Of two ends outside the pods nothing is asked of policies.
        let kinds = [0, 1, 2, 9, 7, 3, 11, 8, 13, 14, 15, 12, 16, 17, 18];
        let kind = kinds[if from >= 13 { usize::from(to) % 8 } else { usize::from(to) % 15 }];
        let mut destination = end_of(cluster, kind, &target_pick);
        // A pod reaches itself: few questions are enough.
        if destination == source && from != 0 && !live.is_empty() {
            let at = live.iter().position(|pod| Endpoint::Named(pod.name.clone()) == source).unwrap_or(0);
            destination = Endpoint::Named(live[(at + 1) % live.len()].name.clone());
        }
        if from >= 13 {
            source = fitting(cluster, source, &families(cluster, &destination), &source_pick);
        }
        destination = fitting(cluster, destination, &families(cluster, &source), &target_pick);
        Destination::Endpoint(destination)
    };
    let l4 = match l4 {
        18 if !to_service => L4::Icmp,
        19 if !to_service || to == 1 => L4::Other(OtherProtocol::new(47).unwrap()),
        _ => L4::Port(protocol, number),
    };
    Flow::new(source, destination, l4)
}

/// A world with `flows` questions and a profile of `profiles`.
pub(crate) fn world_on(profiles: impl Strategy<Value = Profile>, flows: usize) -> impl Strategy<Value = World> {
    (cluster(), profiles, vec(flow_parts(), flows)).prop_map(|(cluster, profile, parts)| {
        let flows = parts.into_iter().map(|parts| flow_of(&cluster, parts)).collect();
        World { cluster, profile, flows }
    })
}

/// A world with a handful of questions.
pub(crate) fn world() -> impl Strategy<Value = World> {
    world_on(profile(), 6)
}

/// The cluster with other policies.
pub(crate) fn with_policies(cluster: &Cluster, policies: impl IntoIterator<Item = NetworkPolicy>) -> Cluster {
    map_cluster(cluster, |labels| labels.clone(), |selector| selector.clone(), policies)
}

/// The cluster with its labels and the selectors of its workloads changed, and with other policies.
pub(crate) fn map_cluster(
    cluster: &Cluster,
    labels: impl Fn(&Labels) -> Labels,
    selector: impl Fn(&Selector) -> Selector,
    policies: impl IntoIterator<Item = NetworkPolicy>,
) -> Cluster {
    let mut builder = Cluster::builder();
    for each in cluster.namespaces() {
        builder.namespace(Namespace { name: each.name.clone(), labels: labels(&each.labels) });
    }
    for each in cluster.pods() {
        builder.pod(Pod { labels: labels(&each.labels), ..each.clone() });
    }
    for each in cluster.workloads() {
        let workload = Workload { labels: labels(&each.labels), selector: selector(&each.selector), ..each.clone() };
        builder.workload(workload);
    }
    for each in cluster.nodes() {
        builder.node(each.clone());
    }
    for each in cluster.services() {
        builder.service(Service { selector: labels(&each.selector), ..each.clone() });
    }
    for each in cluster.endpoint_slices() {
        builder.endpoint_slice(each.clone());
    }
    for policy in policies {
        builder.policy(policy);
    }
    builder.build()
}

impl fmt::Debug for World {
    /// As a case of the corpus, to be cut down by hand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nprofile: {}\nmanifests: |", profile_text(&self.profile))?;
        for object in manifests(&self.cluster) {
            writeln!(f, "  {object}\n  ---")?;
        }
        writeln!(f, "flows:")?;
        self.flows.iter().try_for_each(|flow| writeln!(f, "  - {{flow: \"{flow}\"}}"))
    }
}

/// The profile as JSON, the form of profile files.
pub(crate) fn profile_text(profile: &Profile) -> String {
    let (model, version) = match profile.base() {
        Base::Kubernetes(release) => ("kubernetes".to_owned(), release.to_string()),
        Base::Cce(model, version) => (model.to_string(), version.to_string()),
    };
    let texts = |cidrs: &[Cidr]| cidrs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let overrides: serde_json::Map<String, Value> =
        profile.overrides().iter().map(|(row, word)| (row.to_string(), json!(word))).collect();
    let preset = overrides.iter().fold(
        Profile::new(profile.base()).with_edition(profile.edition()).with_switch(profile.switch()),
        |preset, (row, word)| preset.with_override(row.parse().unwrap(), word.as_str().unwrap()).unwrap(),
    );
    let note = if preset.capabilities() == profile.capabilities() {
        String::new()
    } else {
        format!(" # {:?}", profile.capabilities())
    };
    let text = json!({
        "model": model, "version": version, "switch": profile.switch() == Switch::On,
        "edition": profile.edition().as_str(), "podCIDRs": texts(profile.pod_cidrs()),
        "serviceCIDRs": texts(profile.service_cidrs()), "overrides": overrides,
    });
    format!("{text}{note}")
}

fn manifests(cluster: &Cluster) -> Vec<Value> {
    let ports = |ports: &[ContainerPort]| -> Value {
        let one = |each: &ContainerPort| json!({"name": each.name.as_ref().map(PortName::as_str), "protocol": each.protocol.as_str(), "containerPort": each.port.get()});
        json!([{"name": "main", "ports": ports.iter().map(one).collect::<Vec<_>>()}])
    };
    let list = |addresses: &[IpAddr]| -> Value { addresses.iter().map(|each| json!({"ip": each})).collect() };
    let meta = |name: &ObjectName, labels: &Labels| json!({"namespace": &**name.namespace(), "name": &**name.name(), "labels": labels});
    let mut all = Vec::new();
    for each in cluster.namespaces() {
        all.push(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": &*each.name, "labels": each.labels}}),
        );
    }
    for each in cluster.nodes() {
        let kind = |kind| if kind == NodeAddressKind::InternalIp { "InternalIP" } else { "ExternalIP" };
        let addresses: Value =
            each.addresses.iter().map(|each| json!({"type": kind(each.kind), "address": each.address})).collect();
        all.push(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": &*each.name},
            "status": {"addresses": addresses, "nodeInfo": {"osImage": each.os_image}}}));
    }
    for each in cluster.pods() {
        let mut metadata = meta(&each.name, &each.labels);
        if let Some(owner) = &each.owner {
            metadata["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": owner.kind.as_str(), "name": &*owner.name, "uid": "u", "controller": true}]);
        }
        let condition = json!([{"type": "Ready", "status": if each.ready { "True" } else { "False" }}]);
        all.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"nodeName": each.node, "hostNetwork": each.host_network, "runtimeClassName": each.runtime_class, "containers": ports(&each.ports)},
            "status": {"phase": format!("{:?}", each.phase), "podIPs": list(&each.addresses), "hostIPs": list(&each.host_addresses), "conditions": condition}}));
    }
    for each in cluster.workloads() {
        all.push(json!({"apiVersion": "apps/v1", "kind": each.kind.as_str(), "metadata": meta(&each.name, &Labels::new()),
            "spec": {"replicas": each.replicas, "selector": {"matchLabels": each.labels}, "template": {"metadata": {"labels": each.labels},
            "spec": {"nodeName": each.node, "hostNetwork": each.host_network, "runtimeClassName": each.runtime_class, "containers": ports(&each.ports)}}}}));
    }
    for each in cluster.services() {
        let port = |each: &ServicePort| {
            let target = match &each.target {
                TargetPort::Number(number) => json!(number.get()),
                TargetPort::Name(name) => json!(name.as_str()),
            };
            json!({"name": each.name, "protocol": each.protocol.as_str(), "port": each.port.get(), "targetPort": target})
        };
        let of_port: Vec<Value> = each.ports.iter().map(port).collect();
        let mut spec = json!({"selector": each.selector, "ports": of_port});
        match each.kind {
            ServiceKind::ClusterIp => spec["clusterIPs"] = json!(each.cluster_addresses),
            ServiceKind::Headless => spec["clusterIP"] = json!("None"),
            ServiceKind::ExternalName => spec = json!({"type": "ExternalName", "externalName": "example.com"}),
        }
        all.push(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(&each.name, &Labels::new()), "spec": spec}),
        );
    }
    for each in cluster.endpoint_slices() {
        let endpoint = |each: &SliceEndpoint| {
            let target = each
                .target
                .as_ref()
                .map(|name| json!({"kind": "Pod", "namespace": &**name.namespace(), "name": &**name.name()}));
            json!({"addresses": each.addresses, "conditions": {"ready": each.ready}, "targetRef": target})
        };
        let port =
            |each: &SlicePort| json!({"name": each.name, "protocol": each.protocol.as_str(), "port": each.port.get()});
        let of_endpoint: Vec<Value> = each.endpoints.iter().map(endpoint).collect();
        let of_port: Vec<Value> = each.ports.iter().map(port).collect();
        let labels: Labels = [label("kubernetes.io/service-name", &each.service)].into_iter().collect();
        all.push(
            json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta(&each.name, &labels),
            "addressType": each.family.to_string(), "endpoints": of_endpoint, "ports": of_port}),
        );
    }
    all.extend(cluster.policies().iter().map(|policy| serde_json::to_value(Manifest(policy)).unwrap()));
    all
}
