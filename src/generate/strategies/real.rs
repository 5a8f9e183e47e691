//! What real clusters hold beside pods and ClusterIPs: every face of a Service, labels that controllers set, workloads that
//! say no node, pods and endpoints that terminate (K23, K26, K27, U7 to U9).

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::policies::rules;
use super::vocabulary::{OUTSIDE, label, one_of, pick, port, v4, v6};
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::model::change::{Change, Object};
use crate::model::cluster::{
    Cluster, ContainerPort, EndpointSlice, EndpointSubset, Endpoints, ExternalTrafficPolicy, HostPort, Node, Pod,
    Service, ServiceKind, ServicePort, SliceEndpoint, SlicePort, TargetPort, Workload, WorkloadKind,
};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, Ports, Rule};
use crate::name::ObjectName;
use crate::net::{Family, PortName, Protocol};
use crate::profile::row::Row;

/// The namespace that all of it is in; the workload, the Service and the policy by one name each.
const NAMESPACE: &str = "x";
const SET: &str = "set";
const FRONT: &str = "front";
const POLICY: &str = "real";

/// What is drawn before the cluster is known.
#[derive(Debug, Clone)]
pub(super) struct RealParts {
    workload: WorkloadParts,
    service: FrontParts,
    policy: PolicyParts,
    pods: PodsParts,
    word: Option<(Row, &'static str)>,
    flows: Vec<(u8, Index, u8, Index)>,
}

type WorkloadParts = (WorkloadKind, (Option<u32>, u32), &'static str, (Option<&'static str>, bool, bool));
type FrontParts = (
    ServiceKind,
    (Option<&'static str>, bool, bool),
    (bool, bool, Option<u16>),
    (bool, bool),
    Option<(bool, Vec<(Index, u8)>)>,
);
type PolicyParts = (PolicyTypes, bool, Requirement, (Requirement, Option<Rule>));
type PodsParts = (Option<Index>, Option<Index>, bool);

/// A world with all that.
pub(super) struct Real {
    pub(super) cluster: Cluster,
    pub(super) word: Option<(Row, &'static str)>,
    pub(super) flows: Vec<Flow>,
}

/// In so many worlds of a hundred.
pub(super) fn real_parts(percent: u32, flows: usize) -> impl Strategy<Value = Option<RealParts>> {
    let words = one_of(&[
        (6, None),
        (2, Some((Row::U6, "never"))),
        (3, Some((Row::U7, "absent"))),
        (1, Some((Row::U8, "elsewhere"))),
        (2, Some((Row::U9, "client"))),
        (2, Some((Row::U9, "node"))),
        (1, Some((Row::U5, "before"))),
        (1, Some((Row::U5, "after"))),
    ]);
    let flows = vec((0..20_u8, any::<Index>(), 0..20_u8, any::<Index>()), flows);
    let parts = (workload_parts(), front_parts(), policy_parts(), pods_parts(), words, flows).prop_map(
        |(workload, service, policy, pods, word, flows)| RealParts { workload, service, policy, pods, word, flows },
    );
    // `weighted` takes none that is certain or impossible.
    match percent {
        0 => Just(None).boxed(),
        100 => parts.prop_map(Some).boxed(),
        percent => option::weighted(f64::from(percent) / 100.0, parts).boxed(),
    }
}

fn workload_parts() -> impl Strategy<Value = WorkloadParts> {
    let kinds = one_of(&[
        (8, WorkloadKind::StatefulSet),
        (3, WorkloadKind::Deployment),
        (3, WorkloadKind::DaemonSet),
        (1, WorkloadKind::Job),
        (1, WorkloadKind::CronJob),
    ]);
    let replicas = one_of(&[(2, None), (2, Some(2)), (2, Some(3)), (1, Some(1)), (1, Some(0))]);
    let nodes = one_of(&[(5, None), (1, Some("n1"))]);
    let rarely = one_of(&[(4, false), (1, true)]);
    (
        kinds,
        (replicas, one_of(&[(3, 0), (1, 1)])),
        one_of(&[(3, "a"), (1, "b")]),
        (nodes, rarely, one_of(&[(2, false), (1, true)])),
    )
}

fn front_parts() -> impl Strategy<Value = FrontParts> {
    let kinds = one_of(&[(6, ServiceKind::ClusterIp), (1, ServiceKind::Headless)]);
    let often = || one_of(&[(3, true), (1, false)]);
    let node_ports = one_of(&[(3, Some(30080)), (1, None)]);
    // Places among the candidates, and in which state each is.
    let listed = vec((any::<Index>(), 0..6_u8), 1..4);
    (
        kinds,
        (one_of(&[(3, None), (2, Some("a")), (1, Some("b"))]), one_of(&[(4, false), (2, true)]), any::<bool>()),
        (often(), often(), node_ports),
        (one_of(&[(3, false), (1, true)]), one_of(&[(3, false), (1, true)])),
        option::weighted(0.3, (any::<bool>(), listed)),
    )
}

fn policy_parts() -> impl Strategy<Value = PolicyParts> {
    let types = one_of(&[(2, PolicyTypes::Ingress), (1, PolicyTypes::Egress), (3, PolicyTypes::Both)]);
    (types, any::<bool>(), of_controllers(), (of_controllers(), option::weighted(0.5, rules())))
}

fn pods_parts() -> impl Strategy<Value = PodsParts> {
    let some = || option::weighted(0.6, any::<Index>());
    (some(), option::weighted(0.3, any::<Index>()), any::<bool>())
}

/// Labels that controllers set, with values that the workload's may have and one that it may not.
const CONTROLLED: [(&str, [&str; 3]); 7] = [
    ("statefulset.kubernetes.io/pod-name", ["set-0", "set-1", "other-0"]),
    ("apps.kubernetes.io/pod-index", ["0", "1", "7"]),
    ("pod-template-hash", ["h1", "h2", ""]),
    ("controller-revision-hash", ["h1", "h2", ""]),
    ("job-name", ["set", "set-1", "other"]),
    ("batch.kubernetes.io/job-name", ["set", "set-1", "other"]),
    ("controller-uid", ["u1", "u2", ""]),
];

fn of_controllers() -> impl Strategy<Value = Requirement> {
    // Mostly what a StatefulSet's pods carry.
    let keys = one_of(&[
        (4, CONTROLLED[0]),
        (3, CONTROLLED[1]),
        (1, CONTROLLED[2]),
        (1, CONTROLLED[3]),
        (1, CONTROLLED[4]),
        (1, CONTROLLED[5]),
        (1, CONTROLLED[6]),
    ]);
    (keys, 0..8_u8, select(vec![0_usize, 1, 2])).prop_map(|((key, values), operator, at)| {
        let key = LabelKey::known(key);
        let one = || values.get(at).copied().map(LabelValue::known);
        let made = match operator {
            0 => return Requirement::DoesNotExist { key },
            1 => return Requirement::Exists { key },
            2 | 3 => Requirement::not_in(key.clone(), one()),
            _ => Requirement::in_(key.clone(), one()),
        };
        made.unwrap_or(Requirement::Exists { key })
    })
}

impl Real {
    /// All that, in `cluster`.
    pub(super) fn of(cluster: &Cluster, parts: RealParts) -> Option<Self> {
        let RealParts { workload, service, policy, pods, word, flows } = parts;
        let mut real = cluster.clone();
        real.apply(&pods_of(cluster, pods)).ok()?;
        let workload = workload_of(workload);
        let (service, listed) = front(&real, &workload, service);
        let mut changes = vec![
            Change::Put(workload.clone().into()),
            Change::Put(service.clone().into()),
            Change::Put(policy_of(policy).into()),
        ];
        changes.extend(listed);
        real.apply(&changes).ok()?;
        let asker = Asker::new(&real, &workload, &service);
        let flows = flows.into_iter().map(|parts| asker.flow(parts)).collect();
        Some(Self { cluster: real, word, flows })
    }
}

/// Some pod gets a host port, some other terminates, and the first node has a label that nodeSelectors ask for.
fn pods_of(cluster: &Cluster, (host, terminating, labelled): PodsParts) -> Vec<Change> {
    let all: Vec<&Pod> = cluster.pods().iter().collect();
    let mut changes = Vec::new();
    let own_network: Vec<&Pod> = all.iter().copied().filter(|pod| !pod.host_network).collect();
    if let Some(pod) = host.and_then(|at| pick(&at, &own_network).copied()) {
        let mut pod = pod.clone();
        let mut entry = ContainerPort::new(Protocol::Tcp, port(8080));
        entry.host_port = Some(HostPort::new(port(9080)));
        pod.ports.push(entry);
        changes.push(Change::Put(pod.into()));
    }
    if let Some(pod) = terminating.and_then(|at| pick(&at, &all).copied()) {
        let changed = changes.iter().find_map(|change| match change {
            Change::Put(Object::Pod(changed)) if changed.name == pod.name => Some(changed),
            _ => None,
        });
        let pod = Pod { terminating: true, ..changed.unwrap_or(pod).clone() };
        changes.push(Change::Put(pod.into()));
    }
    if let Some(node) = cluster.nodes().iter().next().filter(|_| labelled) {
        let labels = [label("disk", "ssd")].into_iter().collect();
        changes.push(Change::Put(Node { labels, ..node.clone() }.into()));
    }
    changes
}

fn workload_of((kind, (replicas, first), app, (node, host_network, selective)): WorkloadParts) -> Workload {
    let mut workload = Workload::new(kind, ObjectName::new(NAMESPACE, SET), [label("app", app)].into_iter().collect());
    // Of pods that nobody loaded: the others' labels are not its own.
    workload.selector = Selector::new([label("set", SET)].into_iter().collect(), Vec::new());
    if matches!(workload.kind, WorkloadKind::StatefulSet | WorkloadKind::Deployment) {
        workload.replicas = replicas;
    }
    if workload.kind == WorkloadKind::StatefulSet {
        workload.first_ordinal = first;
    }
    workload.node = node.map(Into::into);
    workload.node_selector = selective.then(|| label("disk", "ssd")).into_iter().collect();
    workload.host_network = host_network;
    workload.ports = vec![ContainerPort::new(Protocol::Tcp, port(8080)).named(PortName::known("http"))];
    workload
}

fn front(cluster: &Cluster, workload: &Workload, parts: FrontParts) -> (Service, Option<Change>) {
    let (kind, (app, one_replica, named), (external, balanced, node_port), (local, not_ready), listed) = parts;
    let name = ObjectName::new(NAMESPACE, FRONT);
    let mut entry = ServicePort::new(Protocol::Tcp, port(80));
    entry.target = if named { TargetPort::Name(PortName::known("http")) } else { TargetPort::Number(port(8080)) };
    let mut service = Service::new(name.clone());
    service.kind = kind;
    if kind == ServiceKind::ClusterIp {
        service.cluster_addresses = vec![v4(10, 96, 0, 160), v6(0xfd96, 0, 160)];
        service.external_addresses = external.then(|| v4(203, 0, 113, 50)).into_iter().collect();
        service.load_balancer_addresses = balanced.then(|| v4(198, 51, 100, 60)).into_iter().collect();
        entry.node_port = node_port.map(port);
    }
    service.external_traffic_policy = if local { ExternalTrafficPolicy::Local } else { ExternalTrafficPolicy::Cluster };
    service.publish_not_ready = not_ready;
    service.selector = match app {
        // Some replica that there is.
        _ if one_replica && workload.kind == WorkloadKind::StatefulSet => {
            let first = if workload.first_ordinal == 0 { "set-0" } else { "set-1" };
            [label("statefulset.kubernetes.io/pod-name", first)].into_iter().collect()
        }
        Some(app) => [label("app", app)].into_iter().collect(),
        None => workload.labels.clone(),
    };
    service.ports = vec![entry];
    let listed = listed.map(|(by_slice, picks)| listed_by(cluster, &name, by_slice, picks));
    (service, listed)
}

/// An EndpointSlice, or Endpoints, in which nothing terminates and what is ready stands first.
fn listed_by(cluster: &Cluster, service: &ObjectName, by_slice: bool, picks: Vec<(Index, u8)>) -> Change {
    let mut candidates: Vec<SliceEndpoint> =
        OUTSIDE.iter().take(2).map(|address| SliceEndpoint::new(vec![*address])).collect();
    for pod in cluster.pods().iter().filter(|pod| pod.is_live() && pod.name.namespace() == service.namespace()) {
        let four = pod.addresses.iter().filter(|address| Family::of(**address) == Family::V4);
        let one = four.map(|address| SliceEndpoint::new(vec![*address]));
        candidates.extend(one.map(|endpoint| SliceEndpoint { target: Some(pod.name.clone()), ..endpoint }));
    }
    let of = |(at, state): (Index, u8)| {
        let found = pick(&at, &candidates)?.clone();
        // Where its pod says no node, or there is none, the list may.
        let node = matches!(state, 1 | 3).then(|| if state == 1 { "n1".into() } else { "n2".into() });
        Some(SliceEndpoint { ready: state != 0, terminating: by_slice && matches!(state, 1 | 2), node, ..found })
    };
    let mut found: Vec<SliceEndpoint> = picks.into_iter().filter_map(of).collect();
    let ports = vec![SlicePort::new(Protocol::Tcp, port(8080))];
    if by_slice {
        let name = ObjectName::new(service.namespace().clone(), format!("{}-1", service.name()));
        let mut slice = EndpointSlice::new(name, service.name().clone(), Family::V4);
        slice.endpoints = found;
        slice.ports = ports;
        Change::Put(slice.into())
    } else {
        found.sort_by_key(|endpoint| !endpoint.ready);
        let mut endpoints = Endpoints::new(service.clone());
        endpoints.subsets = vec![EndpointSubset::new(found, ports)];
        Change::Put(endpoints.into())
    }
}

/// A policy that asks for what controllers set, of its subjects or of its peers.
fn policy_of((types, of_subjects, subject, (peer, rule)): PolicyParts) -> NetworkPolicy {
    let selector = |requirement| Selector::new(Labels::new(), vec![requirement]);
    let subject = if of_subjects { selector(subject) } else { Selector::everything() };
    let peer = Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods: selector(peer) });
    let own = Rule { peers: Peers::Of(vec![peer]), ports: Ports::Any };
    let rules: Vec<Rule> = rule.into_iter().chain([own]).collect();
    NetworkPolicy::new(ObjectName::new(NAMESPACE, POLICY), subject, types, rules.clone(), rules)
}

/// What there is to ask for.
struct Asker<'c> {
    pods: Vec<&'c Pod>,
    nodes: Vec<&'c Node>,
    workload: &'c Workload,
    service: &'c Service,
}

impl<'c> Asker<'c> {
    fn new(cluster: &'c Cluster, workload: &'c Workload, service: &'c Service) -> Self {
        let pods = cluster.pods().iter().filter(|pod| pod.is_live()).collect();
        Self { pods, nodes: cluster.nodes().iter().collect(), workload, service }
    }

    fn end(&self, kind: u8, at: &Index) -> Endpoint {
        let name = &self.workload.name;
        let found = match kind {
            0..=5 => pick(at, &self.pods).map(|pod| Endpoint::Named(pod.name.clone())),
            6..=9 => Some(Endpoint::Named(name.clone())),
            10 | 11 if self.workload.kind == WorkloadKind::StatefulSet && self.workload.replicas != Some(0) => {
                let second = u32::from(at.index(2) == 1 && self.workload.replicas > Some(1));
                let ordinal = self.workload.first_ordinal.saturating_add(second);
                Some(Endpoint::named(name.namespace().clone(), format!("{}-{ordinal}", name.name())))
            }
            12 | 13 => pick(at, &self.nodes).map(|node| Endpoint::Node(node.name.clone())),
            14 => {
                let (key, values) = CONTROLLED.get(at.index(2)).copied().unwrap_or(CONTROLLED[0]);
                let controlled = values.get(at.index(3)).map(|value| label(key, value));
                let labels = controlled.into_iter().chain([label("app", "a")]).collect();
                Some(Endpoint::Labelled { namespace: NAMESPACE.into(), labels })
            }
            _ => None,
        };
        found.unwrap_or_else(|| Endpoint::Address(*pick(at, &OUTSIDE).unwrap_or(&OUTSIDE[0])))
    }

    fn flow(&self, (from, source_at, to, target_at): (u8, Index, u8, Index)) -> Flow {
        let source = self.end(from, &source_at);
        let tcp = |number| L4::Port(Protocol::Tcp, port(number));
        let faces: Vec<_> =
            self.service.external_addresses.iter().chain(&self.service.load_balancer_addresses).copied().collect();
        let node = pick(&target_at, &self.nodes).map(|node| Endpoint::Node(node.name.clone()));
        let (destination, l4) = match (to, pick(&target_at, &faces), node) {
            (0..=2, ..) => (Destination::Service(self.service.name.clone()), tcp(80)),
            (3..=6, Some(address), _) => (Endpoint::Address(*address).into(), tcp(80)),
            (7..=10, _, Some(node)) => (node.into(), tcp(30080)),
            (11, _, Some(node)) => (node.into(), tcp(9080)),
            (12..=15, ..) => (self.end(6 + to % 5, &target_at).into(), tcp(8080)),
            _ => (self.end(to % 6, &target_at).into(), tcp(8080)),
        };
        Flow::new(source, destination, l4)
    }
}
