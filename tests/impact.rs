//! The impact of a change, held against full brute force over tiny worlds, and its texts and bounds.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::support::with;
use fastrand::Rng;
use netpol_oracle::analysis::{FlowChange, Impact, Isolation, MAX_CHANGES, Relation, impact};
use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Selector};
use netpol_oracle::model::{
    ClusterBuilder, ContainerPort, ExternalTrafficPolicy, HostPort, Namespace, Namespaces, Node, NodeAddress, Peer,
    Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule, Service, ServiceKind, ServicePort, Workload,
    WorkloadKind,
};
use netpol_oracle::net::{Cidr, Family, IpBlock, PortName, PortRange};
use netpol_oracle::profile::UnsaidNode;
use netpol_oracle::{
    Cluster, Decide, Destination, Direction, Endpoint, Flow, L4, NetworkPolicy, ObjectName, Pod, Port, Profile,
    Protocol, Reference, Row, Verdict,
};
use netpol_test_support::within;
use proptest::prelude::*;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap())).collect()
}

fn selector(pairs: &[(&str, &str)]) -> Selector {
    Selector::new(labels(pairs), vec![])
}

fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

fn policy(name: &str, subject: Selector, types: PolicyTypes, ingress: Vec<Rule>, egress: Vec<Rule>) -> NetworkPolicy {
    NetworkPolicy::new(ObjectName::new("a", name), subject, types, ingress, egress)
}

fn pod(name: &str, app: &str, address: &str) -> Pod {
    let mut pod = Pod::new(ObjectName::new("a", name));
    pod.labels = labels(&[("app", app)]);
    pod.addresses = vec![address.parse().unwrap()];
    pod
}

fn compared(before: &Cluster, after: &Cluster, profile: &Profile) -> Impact {
    impact(&Reference::new(before, profile), &Reference::new(after, profile))
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

pub(crate) struct Worlds {
    pub(crate) clusters: [Cluster; 2],
    pub(crate) profiles: [Profile; 2],
}

pub(crate) fn any_worlds(seed: u64) -> Worlds {
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
    Worlds { clusters: [builder.build(), other.build()], profiles: [profile, later] }
}

const OUTSIDE: [&str; 8] =
    ["8.8.8.8", "8.8.8.9", "10.0.0.200", "10.0.9.1", "100.125.0.1", "192.168.0.9", "2001:db8::1", "fd00::99"];

/// The replicas of its StatefulSets, by name.
fn replicas(cluster: &Cluster) -> Vec<ObjectName> {
    let sets = cluster.workloads().iter().filter(|workload| workload.kind == WorkloadKind::StatefulSet);
    let names = |set: &Workload| -> Vec<ObjectName> {
        (0..set.replicas.unwrap()).map(|at| ObjectName::new("a", format!("{}-{at}", set.name.name()))).collect()
    };
    sets.flat_map(names).collect()
}

/// Every flow worth asking: by name between all ends, between dual-stack pods by the second family, and to Services by each
/// of their faces.
fn all_flows(cluster: &Cluster) -> Vec<Flow> {
    let pods = || cluster.pods().iter();
    let mut ends: Vec<Endpoint> = pods().map(|pod| Endpoint::Named(pod.name.clone())).collect();
    ends.extend(cluster.workloads().iter().map(|workload| Endpoint::Named(workload.name.clone())));
    ends.extend(replicas(cluster).into_iter().map(Endpoint::Named));
    ends.extend(["n1", "n2"].map(|name| Endpoint::Node(name.into())));
    ends.extend(OUTSIDE.map(|text| Endpoint::Address(text.parse().unwrap())));
    let second = |pod: &Pod| {
        let address = *pod.addresses.get(1)?;
        Some(Endpoint::PodAddress { pod: pod.name.clone(), address })
    };
    let mut pairs: Vec<(Endpoint, Endpoint)> =
        ends.iter().flat_map(|from| ends.iter().map(move |to| (from.clone(), to.clone()))).collect();
    for from in pods().filter(|pod| pod.addresses.len() == 2) {
        pairs.extend(pods().filter_map(second).map(|to| (Endpoint::Named(from.name.clone()), to)));
    }
    let mut layers = vec![L4::Icmp];
    for protocol in Protocol::ALL {
        layers.extend(
            [1, 79, 80, 81, 82, 83, 8080, 8090, 30080, 30081, 65535].map(|number| L4::Port(protocol, port(number))),
        );
    }
    let flow = |(from, to): &(Endpoint, Endpoint)| {
        layers.iter().map(|l4| Flow::new(from.clone(), to.clone().into(), *l4)).collect::<Vec<_>>()
    };
    let mut flows: Vec<Flow> = pairs.iter().flat_map(flow).collect();
    for service in cluster.services().iter() {
        let faces = service.external_addresses.iter().chain(&service.load_balancer_addresses);
        let faces = faces.map(|address| Endpoint::Address(*address).into());
        for to in faces.chain([Destination::Service(service.name.clone())]) {
            let of_source =
                |from: &Endpoint| layers.iter().map(|l4| Flow::new(from.clone(), to.clone(), *l4)).collect::<Vec<_>>();
            flows.extend(ends.iter().flat_map(of_source));
        }
    }
    flows
}

/// Where nobody asks which replica an end is, its workload stands for it.
fn by_workloads(clusters: &[Cluster; 2], mut flow: Flow) -> Flow {
    let asks = |cluster: &Cluster| {
        let policies = cluster.policies().iter().map(|policy| {
            let [ingress, egress] = [Direction::Ingress, Direction::Egress].map(|direction| policy.rules(direction));
            format!("{:?} {ingress:?} {egress:?}", policy.subject())
        });
        let selectors = cluster.services().iter().map(|service| format!("{:?}", service.selector));
        let text: String = policies.chain(selectors).collect();
        text.contains("pod-name") || text.contains("pod-index")
    };
    if clusters.iter().any(asks) {
        return flow;
    }
    let replicas = replicas(&clusters[0]);
    let workload = |end: &mut Endpoint| {
        if let Endpoint::Named(name) = end {
            if replicas.contains(name) {
                *end = Endpoint::named("a", name.name().rsplit_once('-').unwrap().0);
            }
        }
    };
    workload(&mut flow.source);
    if let Destination::Endpoint(end) = &mut flow.destination {
        workload(end);
    }
    flow
}

/// The ends that are one pod; a workload never is (K25).
fn is_self(cluster: &Cluster, flow: &Flow) -> bool {
    let Destination::Endpoint(to) = &flow.destination else { return false };
    match (&flow.source, to) {
        (Endpoint::Named(a), Endpoint::Named(b) | Endpoint::PodAddress { pod: b, .. }) => {
            a == b && cluster.workloads_named(a).next().is_none()
        }
        _ => false,
    }
}

/// The Services and pods that a flow by way of a Service leads to.
fn way(cluster: &Cluster, flow: &Flow) -> (BTreeSet<ObjectName>, BTreeSet<ObjectName>) {
    let to = match &flow.destination {
        Destination::Service(name) => return (BTreeSet::from([name.clone()]), BTreeSet::new()),
        Destination::Endpoint(to) => to,
        other => panic!("{other:?}"),
    };
    let is_node = match to {
        Endpoint::Named(name) => cluster.pod(name).is_some_and(|pod| pod.host_network),
        Endpoint::Node(_) => true,
        _ => false,
    };
    let L4::Port(_, at) = flow.l4 else { return Default::default() };
    let leads = |service: &&Service| {
        let node_port = is_node && service.ports.iter().any(|entry| entry.node_port == Some(at));
        let own = service.external_addresses.iter().chain(&service.load_balancer_addresses);
        node_port || own.copied().any(|own| *to == Endpoint::Address(own))
    };
    let services = cluster.services().iter().filter(leads).map(|service| service.name.clone());
    let has_port = |pod: &&Pod| pod.ports.iter().any(|entry| entry.host_port.is_some_and(|host| host.port == at));
    let pods = cluster.pods().iter().filter(|pod| is_node && has_port(pod)).map(|pod| pod.name.clone());
    (services.collect(), pods.collect())
}

/// Where an end is: on a node, on one of those with these labels, or on none.
enum Whereabouts {
    Node(String),
    Some(Labels),
    Nowhere,
}

/// Whether one end is the other's own node; `None` where neither is a node.
fn relation(cluster: &Cluster, profile: &Profile, flow: &Flow) -> Option<Relation> {
    let of_workload = |name: &ObjectName| {
        let set = name.name().rsplit_once('-').map(|(set, _)| ObjectName::new("a", set));
        let mut found = cluster.workloads_named(name).chain(set.iter().flat_map(|set| cluster.workloads_named(set)));
        let workload = found.next().unwrap();
        let place = workload.node.as_deref().map(|node| Whereabouts::Node(node.to_owned()));
        (place.unwrap_or(Whereabouts::Some(workload.node_selector.clone())), workload.host_network)
    };
    let facts = |endpoint: &Endpoint| match endpoint {
        Endpoint::Named(name) | Endpoint::PodAddress { pod: name, .. } => match cluster.pod(name) {
            Some(pod) => {
                let by_address = (!pod.host_addresses.is_empty()).then_some("n2");
                let node = pod.node.as_deref().or(by_address);
                let place = node.map(|node| Whereabouts::Node(node.to_owned()));
                (place.unwrap_or(Whereabouts::Some(Labels::new())), pod.host_network)
            }
            None => of_workload(name),
        },
        Endpoint::Node(name) => (Whereabouts::Node(name.to_string()), true),
        _ => (Whereabouts::Nowhere, false),
    };
    let (one, is_node) = facts(&flow.source);
    // A Service is nowhere, by its name as by its addresses.
    let (other, other_is_node) = match &flow.destination {
        Destination::Endpoint(to) => facts(to),
        _ => (Whereabouts::Nowhere, false),
    };
    if !is_node && !other_is_node {
        return None;
    }
    let admits = |selector: &Labels, node: &str| {
        let given = &cluster.node(node).unwrap().labels;
        selector.iter().all(|(key, value)| given.get(key.as_str()) == Some(value))
    };
    let may_be = match (&one, &other) {
        (Whereabouts::Node(one), Whereabouts::Node(other)) if one == other => return Some(Relation::OwnNode),
        (Whereabouts::Node(node), Whereabouts::Some(selector))
        | (Whereabouts::Some(selector), Whereabouts::Node(node)) => admits(selector, node),
        (Whereabouts::Some(_), Whereabouts::Some(_)) => true,
        _ => false,
    };
    let is_open = profile.capabilities().unsaid_node == UnsaidNode::Unknown;
    Some(if may_be && is_open { Relation::Open } else { Relation::OtherNode })
}

/// Whether the change is about the flow; of two nodes' ends by family, and of each relation after the change.
fn covers(change: &FlowChange, flow: &Flow, related: Option<Relation>, faces: &[IpAddr]) -> bool {
    let family = match &flow.destination {
        Destination::Endpoint(Endpoint::PodAddress { address, .. }) => Some(Family::of(*address)),
        _ => None,
    };
    let is_destination = match &flow.destination {
        Destination::Service(name) => change.destination.services.contains(name),
        // An address that somebody owns is not one of those outside.
        Destination::Endpoint(to @ Endpoint::Address(at)) if faces.contains(at) => {
            change.destination.members.contains(to)
        }
        Destination::Endpoint(to) => change.destination.contains(to),
        other => panic!("{other:?}"),
    };
    change.family == family
        && change.related == related
        && change.ports.contains(flow.l4)
        && change.source.contains(&flow.source)
        && is_destination
}

/// `PROPTEST_CASES`, where it asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(32)
}

/// Nothing is missed and nothing is made up: every flow's change is an entry, every entry's flows change.
fn held_against_brute_force(seed: u64) -> Result<(), TestCaseError> {
    let worlds = any_worlds(seed);
    let [before, after] = [0, 1].map(|at| Reference::new(&worlds.clusters[at], &worlds.profiles[at]));
    let found = impact(&before, &after);
    prop_assert!(!found.exhausted && found.omitted == 0);
    let faces = |service: &Service| [&service.external_addresses[..], &service.load_balancer_addresses[..]].concat();
    let faces: Vec<IpAddr> = worlds.clusters[0].services().iter().flat_map(faces).collect();
    for flow in all_flows(&worlds.clusters[0]) {
        let (Ok(was), Ok(is)) = (before.decide(&flow), after.decide(&flow)) else { continue };
        if is_self(&worlds.clusters[0], &flow) {
            continue;
        }
        let flow = by_workloads(&worlds.clusters, flow);
        let related = relation(&worlds.clusters[1], &worlds.profiles[1], &flow);
        let meant = found.flows.iter().filter(|change| covers(change, &flow, related, &faces));
        let meant: Vec<(Verdict, Verdict)> = meant.map(|change| (change.before, change.after)).collect();
        let verdicts = (was.verdict, is.verdict);
        if was.verdict == is.verdict {
            prop_assert!(meant.is_empty(), "{flow} does not change: {verdicts:?} {meant:?}\n{found:#?}");
            continue;
        }
        // By way of a Service the ingress side is not asked, which is said.
        let (services, pods) = way(&worlds.clusters[0], &flow);
        let is_said = found.left_out.services.iter().any(|name| services.contains(name))
            || found.left_out.host_ports.iter().any(|name| pods.contains(name));
        prop_assert!(is_said || !meant.is_empty(), "{flow} changes unnoticed: {verdicts:?}\n{found:#?}");
        prop_assert!(
            meant.iter().all(|claimed| *claimed == verdicts),
            "{flow}: {verdicts:?}, not {meant:?}\n{found:#?}"
        );
    }
    for change in &found.flows {
        let witness = &change.witness;
        let verdicts = (before.decide(witness).unwrap().verdict, after.decide(witness).unwrap().verdict);
        prop_assert_eq!(verdicts, (change.before, change.after), "{}", witness);
    }
    for line in found.summary().lines() {
        prop_assert!(line.len() < 256 && !line.contains('\t'), "{line}");
    }
    Ok(())
}

/// Worlds of fixed numbers, so that a failure comes again; `PROPTEST_CASES` asks for more of them.
#[test]
fn impact_equals_brute_force() {
    for number in 0..u64::from(cases()) {
        let seed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if let Err(error) = held_against_brute_force(seed) {
            panic!("seed {seed}: {error}");
        }
    }
}

/// Worlds that were once answered wrongly.
#[test]
fn impact_equals_brute_force_where_it_once_did_not() {
    for seed in [5_847_216_311_334_588_449, 8_069_792_613_447_876_829] {
        held_against_brute_force(seed).unwrap();
    }
}

/// The generated worlds are not all alike: most have changes, of every kind.
#[test]
fn the_tiny_worlds_change_in_every_way() {
    let mut kinds = BTreeSet::new();
    let mut changed = 0;
    for seed in 0..200 {
        let worlds = any_worlds(seed * 7_919);
        let [before, after] = [0, 1].map(|at| Reference::new(&worlds.clusters[at], &worlds.profiles[at]));
        let found = impact(&before, &after);
        changed += u32::from(!found.flows.is_empty());
        kinds.extend(found.flows.iter().map(|change| (change.direction, change.before, change.after)));
    }
    assert!(changed > 80, "{changed}");
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}

fn example() -> (Cluster, Cluster) {
    let mut builder = Cluster::builder();
    for (at, app) in ["web", "web", "db", "api"].into_iter().enumerate() {
        builder.pod(pod(&format!("{app}-{at}"), app, &format!("10.0.0.{at}")));
    }
    let before = builder.clone().build();
    let from_web = Rule {
        peers: Peers::Of(vec![Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods: selector(&[("app", "web")]) })]),
        ports: Ports::Of(vec![PortMatch { protocol: Protocol::Tcp, port: PortSpec::Number(port(6379)) }]),
    };
    builder.policy(policy("db", selector(&[("app", "db")]), PolicyTypes::Ingress, vec![from_web], vec![]));
    (before, builder.build())
}

#[test]
fn an_added_policy_closes_everything_but_its_rule() {
    let (before, after) = example();
    let found = compared(&before, &after, &Profile::kubernetes());
    assert_eq!(
        found.summary(),
        "ingress: `a/db-2` becomes isolated\n\
         ingress closes: `a/api-3 -> a/db-2:1/tcp` from `a/api-3` and IPv4 addresses outside the cluster to `a/db-2` \
         over all tcp, all udp, all sctp\n\
         ingress closes: `a/web-0 -> a/db-2:1/tcp` from `a/web-0`, `a/web-1` to `a/db-2` \
         over 1-6378/tcp, 6380-65535/tcp, all udp, all sctp\n\
         ingress goes from allow to undefined: `a/api-3 -> a/db-2 icmp` from `a/api-3`, `a/web-0`, `a/web-1` \
         and IPv4 addresses outside the cluster to `a/db-2` over other protocols"
    );
}

#[test]
fn a_removed_policy_opens_them_again() {
    let (without, with) = example();
    let found = compared(&with, &without, &Profile::kubernetes());
    assert_eq!(found.isolation.len(), 1);
    assert_eq!((found.isolation[0].becomes, found.isolation[0].direction), (Isolation::Free, Direction::Ingress));
    assert!(found.flows.iter().any(|change| (change.before, change.after) == (Verdict::Deny, Verdict::Allow)));
    assert!(found.flows.iter().all(|change| change.direction == Direction::Ingress));
}

#[test]
fn nothing_changes_where_nothing_is_enforced() {
    let (before, after) = example();
    let off = Profile::vpc("v1.31.6-r0".parse().unwrap()).with_switch(netpol_oracle::profile::Switch::Off);
    let found = compared(&before, &after, &off);
    assert!(found.is_empty());
    assert_eq!(found.to_string(), "no connection opens or closes");
}

/// C10: to the backends directly nothing changes, by their ClusterIP it does.
#[test]
fn a_service_may_change_where_its_backends_do_not() {
    let mut builder = Cluster::builder();
    builder.pod(pod("web-0", "web", "10.0.0.1"));
    builder.pod(pod("db-0", "db", "10.0.0.2"));
    builder.service(with(Service::new(ObjectName::new("a", "db")), |service| {
        service.cluster_addresses = vec!["10.247.0.1".parse().unwrap()];
        service.selector = labels(&[("app", "db")]);
        service.ports = vec![ServicePort::new(Protocol::Tcp, port(80))];
    }));
    let before = builder.clone().build();
    let to_db = Rule {
        peers: Peers::Of(vec![Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods: selector(&[("app", "db")]) })]),
        ports: Ports::Any,
    };
    builder.policy(policy("web", selector(&[("app", "web")]), PolicyTypes::Egress, vec![], vec![to_db]));
    let after = builder.build();
    let through = |profile: Profile| {
        let found = compared(&before, &after, &profile);
        let services = found.flows.iter().filter(|change| !change.destination.services.is_empty());
        services.map(|change| (change.witness.to_string(), change.after)).collect::<Vec<_>>()
    };
    assert_eq!(
        through(Profile::tunnel("v1.31.6-r0".parse().unwrap())),
        [("a/web-0 -> svc/a/db:80/tcp".to_owned(), Verdict::Undefined)]
    );
    assert_eq!(through(Profile::vpc("v1.31.6-r0".parse().unwrap())), []);
}

#[test]
fn workloads_stand_for_pods_nobody_loaded() {
    let mut builder = Cluster::builder();
    let workload = |name: &str, kind| Workload::new(kind, ObjectName::new("a", name), labels(&[("app", name)]));
    builder.workload(workload("web", WorkloadKind::Deployment));
    builder.workload(workload("db", WorkloadKind::Deployment));
    builder.workload(workload("db", WorkloadKind::StatefulSet));
    builder.pod(pod("api-0", "api", "10.0.0.9"));
    builder.workload(workload("api", WorkloadKind::Deployment));
    let before = builder.clone().build();
    builder.policy(policy("all", Selector::everything(), PolicyTypes::Ingress, vec![], vec![]));
    let found = compared(&before, &builder.build(), &Profile::kubernetes());
    let names: Vec<String> = found.isolation.iter().map(|change| change.object.to_string()).collect();
    assert_eq!(names, ["a/api-0", "a/db", "a/db", "a/web"], "the pod speaks for its Deployment");
    let closed = found.flows.iter().flat_map(|change| &change.destination.members);
    let text: BTreeSet<String> = closed.map(ToString::to_string).collect();
    assert_eq!(text.into_iter().collect::<Vec<_>>(), ["a/api-0", "a/deployment/db", "a/statefulset/db", "a/web"]);
}

#[test]
fn the_list_is_bounded_and_says_so() {
    // One port for each pod: no two pods change alike.
    let mut builder = Cluster::builder();
    for at in 0..260_u16 {
        let mut pod = pod("x", &format!("app-{at}"), &format!("10.0.{}.{}", at / 250, at % 250));
        pod.name = ObjectName::new("a", format!("pod-{at}"));
        builder.pod(pod);
    }
    let before = builder.clone().build();
    for at in 0..260_u16 {
        let rule = Rule {
            peers: Peers::Any,
            ports: Ports::Of(vec![PortMatch { protocol: Protocol::Tcp, port: PortSpec::Number(port(1000 + 2 * at)) }]),
        };
        let subject = selector(&[("app", &format!("app-{at}"))]);
        builder.policy(policy(&format!("p-{at}"), subject, PolicyTypes::Ingress, vec![rule], vec![]));
    }
    let found = compared(&before, &builder.build(), &Profile::kubernetes());
    assert_eq!(found.flows.len(), MAX_CHANGES);
    assert!(found.omitted > 0 && !found.exhausted);
    let summary = found.summary();
    let last = summary.lines().last().unwrap();
    assert!(last.ends_with(" more kinds of change"), "{last}");
    assert!(summary.lines().count() <= 12);
    assert!(
        summary.starts_with("ingress: `a/pod-0`, `a/pod-1`, `a/pod-10` and 257 more become isolated\n"),
        "{summary}"
    );
}

/// 1,000 pods, 100 policies, one more: a webhook can wait for it.
#[test]
fn one_policy_more_in_a_large_cluster() {
    let mut builder = Cluster::builder();
    for namespace in 0..10 {
        for at in 0..100 {
            let mut pod = Pod::new(ObjectName::new(format!("ns-{namespace}"), format!("pod-{at}")));
            pod.labels = labels(&[("app", &format!("app-{}", at % 20)), ("pod", &format!("pod-{at}"))]);
            pod.addresses = vec![format!("10.{namespace}.0.{at}").parse().unwrap()];
            pod.node = Some(format!("node-{}", at % 30).into());
            builder.pod(pod);
        }
    }
    for at in 0..30 {
        builder.node(node(&format!("node-{at}"), &format!("192.168.0.{at}"), "Huawei Cloud EulerOS 2.0"));
    }
    let app = |at: usize| selector(&[("app", &format!("app-{}", at % 20))]);
    let rules = |at: usize| {
        let block: Cidr = format!("172.{}.0.0/16", 16 + at % 10).parse().unwrap();
        let pods = Peer::Pods(PodPeer { namespaces: Namespaces::Matching(selector(&[])), pods: app(at + 1) });
        let number = PortSpec::Number(port(8000 + (at % 7) as u16));
        vec![Rule {
            peers: Peers::Of(vec![pods, Peer::IpBlock(IpBlock::new(block, vec![]).unwrap())]),
            ports: Ports::Of(vec![PortMatch { protocol: Protocol::Tcp, port: number }]),
        }]
    };
    for at in 0..100 {
        let name = ObjectName::new(format!("ns-{}", at % 10), format!("policy-{at}"));
        builder.policy(NetworkPolicy::new(name, app(at / 10), PolicyTypes::Both, rules(at), rules(at + 3)));
    }
    let before = builder.clone().build();
    for (what, subject) in [("one app", app(3)), ("all", Selector::everything())] {
        let mut builder = builder.clone();
        let name = ObjectName::new("ns-3", "added");
        builder.policy(NetworkPolicy::new(name, subject, PolicyTypes::Both, rules(50), vec![]));
        let after = builder.build();
        let found = within(60, || compared(&before, &after, &"vpc:v1.31.6-r0".parse().unwrap()));
        println!("{what}: {} changes, exhausted: {}", found.flows.len() + found.omitted, found.exhausted);
        assert!(!found.flows.is_empty() && !found.exhausted, "{what}");
    }
}
