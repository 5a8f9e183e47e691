//! What chance alone rarely brings together: a Service, a pod that policies isolate, a flow from the one to the other,
//! and a profile that says something about it (U4, U5, C10);
//! and an address of which only some data planes know whose it is (C9).

use proptest::prelude::*;
use proptest::sample::Index;

use super::policies::{SERVICES, block_of, rules};
use super::vocabulary::{OUTSIDE, label, one_of, pick, port, v4};
use crate::labels::{Labels, Selector};
use crate::model::change::Change;
use crate::model::cluster::{
    Cluster, EndpointSlice, Phase, Pod, Service, ServicePort, SliceEndpoint, SlicePort, TargetPort,
};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer, PolicyTypes, Ports, Rule};
use crate::name::ObjectName;
use crate::net::{Family, Protocol};
use crate::profile::row::Row;

/// What the world is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    /// A pod's Service leads back to it (U4).
    Hairpin,
    /// A Service's backend is outside the cluster (U5).
    Outside,
    /// A Service's backends are selected by their labels (C10).
    Labels,
    /// An address of the pods' range that no pod has (C9).
    Unowned,
}

/// A theme before the cluster is known.
#[derive(Debug, Clone)]
pub(super) struct ThemeParts {
    subject: Subject,
    pod: Index,
    word: Option<&'static str>,
    peer: Peer,
    /// The rules of a pod that is cut off from itself, mostly.
    rule: Option<Rule>,
    backend: bool,
}

/// A world with its theme.
pub(super) struct Theme {
    pub(super) cluster: Cluster,
    pub(super) word: Option<(Row, &'static str)>,
    pub(super) flow: Flow,
}

pub(super) fn theme_parts() -> impl Strategy<Value = Option<ThemeParts>> {
    let hairpin = one_of(&[(6, Some("allowed")), (1, Some("judged")), (1, Some("unknown")), (1, None)]);
    let outside = one_of(&[(8, Some("before")), (2, Some("after")), (1, Some("unknown")), (1, None)]);
    let labels = one_of(&[(3, Some("unsupported")), (2, Some("supported")), (1, Some("unknown")), (2, None)]);
    let words = prop_oneof![
        4 => hairpin.prop_map(|word| (Subject::Hairpin, word)),
        6 => outside.prop_map(|word| (Subject::Outside, word)),
        2 => labels.prop_map(|word| (Subject::Labels, word)),
        2 => Just((Subject::Unowned, None)),
    ];
    let of_labels =
        super::selectors::selectors().prop_map(|pods| Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods }));
    // The ClusterIPs, or where their backends are.
    let blocks = prop_oneof![4 => block_of(SERVICES), 3 => block_of((v4(203, 0, 113, 0), 24))];
    let pods = block_of((v4(10, 0, 0, 0), 16));
    let rules = proptest::option::weighted(0.4, rules());
    let some = (words, any::<Index>(), (of_labels, blocks, pods), rules, any::<bool>());
    let some = some.prop_map(|((subject, word), pod, (labels, blocks, pods), rule, backend)| {
        let peer = match subject {
            Subject::Hairpin | Subject::Labels => labels,
            Subject::Outside => blocks,
            Subject::Unowned => pods,
        };
        ThemeParts { subject, pod, word, peer, rule, backend }
    });
    proptest::option::weighted(0.25, some)
}

/// Name of the Service, its slice and the policy of a theme.
const NAME: &str = "themed";

impl Theme {
    /// The theme in `cluster`; none without a pod.
    pub(super) fn of(cluster: &Cluster, parts: ThemeParts) -> Option<Self> {
        let pods: Vec<&Pod> = cluster.pods().iter().collect();
        let pod = subject(pick(&parts.pod, &pods)?);
        let name = ObjectName::new(pod.name.namespace().clone(), NAME);
        let (row, slice) = match parts.subject {
            Subject::Hairpin => (Row::U4, None),
            Subject::Outside => (Row::U5, Some(backends_outside(&name, usize::from(parts.pod.index(4) == 3)))),
            Subject::Labels => (Row::C10, None),
            Subject::Unowned => (Row::C9, None),
        };
        let mut web = ServicePort::new(Protocol::Tcp, port(80));
        web.name = Some("web".into());
        web.target = TargetPort::Number(port(8080));
        let mut service = Service::new(name.clone());
        service.cluster_addresses = vec![v4(10, 96, 0, 150)];
        service.selector = if slice.is_some() { Labels::new() } else { pod.labels.clone() };
        service.ports = vec![web];
        // The hairpin is asked of the pod itself, the others of any pod that the policy isolates.
        let egress = match parts.subject {
            Subject::Hairpin => parts.rule.into_iter().collect(),
            Subject::Outside | Subject::Labels | Subject::Unowned => {
                vec![Rule { peers: Peers::Of(vec![parts.peer]), ports: Ports::Any }]
            }
        };
        let policy = NetworkPolicy::new(name.clone(), Selector::everything(), PolicyTypes::Egress, Vec::new(), egress);
        let http = L4::Port(Protocol::Tcp, port(80));
        let flow = match parts.subject {
            Subject::Unowned => {
                Flow::new(Endpoint::Named(pod.name.clone()), Endpoint::Address(v4(10, 0, 0, 255)).into(), http)
            }
            _ => Flow::new(Endpoint::Named(pod.name.clone()), Destination::Service(name), http),
        };
        let named = matches!(parts.subject, Subject::Hairpin | Subject::Labels) && parts.backend;
        let flow = if named { flow.via(pod.name.clone()) } else { flow };
        let mut changes = vec![Change::Put(pod.into()), Change::Put(service.into())];
        // A pod that policies isolate already needs none of its own: then the others' rules are asked.
        let isolated = cluster.policies().iter().any(|one| one.isolates(crate::name::Direction::Egress));
        if !matches!(parts.subject, Subject::Hairpin) || !isolated || parts.backend {
            changes.push(Change::Put(policy.into()));
        }
        changes.extend(slice.map(|slice| Change::Put(slice.into())));
        let mut themed = cluster.clone();
        themed.apply(&changes).ok()?;
        Some(Self { cluster: themed, word: parts.word.map(|word| (row, word)), flow })
    }
}

/// The pod as one that a Service leads to and policies isolate.
fn subject(pod: &Pod) -> Pod {
    let has_own = !pod.host_network && pod.addresses.iter().any(|address| Family::of(*address) == Family::V4);
    let mut pod = Pod { phase: Phase::Running, ready: true, host_network: false, ..pod.clone() };
    if !has_own {
        // In the pods' range, where no other is.
        pod.addresses = vec![v4(10, 0, 2, 1)];
    }
    if pod.labels.is_empty() {
        pod.labels = [label("app", "a")].into_iter().collect();
    }
    pod
}

fn backends_outside(service: &ObjectName, at: usize) -> EndpointSlice {
    let addresses = OUTSIDE.get(at).copied().into_iter().collect();
    EndpointSlice {
        name: service.clone(),
        service: service.name().clone(),
        family: Family::V4,
        endpoints: vec![SliceEndpoint::new(addresses)],
        ports: vec![SlicePort { name: Some("web".into()), protocol: Protocol::Tcp, port: port(8080) }],
    }
}
