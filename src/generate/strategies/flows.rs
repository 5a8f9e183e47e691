//! Questions about a cluster, drawn from what it holds.

use proptest::prelude::*;
use proptest::sample::Index;

use super::vocabulary::{OUTSIDE, pick, port};
use crate::model::cluster::{Cluster, Node, Pod, Service, Workload};
use crate::model::flow::{Destination, Endpoint, Flow, L4, OtherProtocol};
use crate::model::policy::{NetworkPolicy, PortSpec, Ports};
use crate::name::{Direction, ObjectName};
use crate::net::{Family, Port, Protocol};

/// A flow before the world is known: numbers that pick from what there is.
pub(super) type FlowParts = (u8, Index, u8, Index, (u8, Index, u8));

pub(super) fn flow_parts() -> impl Strategy<Value = FlowParts> {
    let l4 = (0..20_u8, any::<Index>(), 0..20_u8);
    (0..20_u8, any::<Index>(), 0..20_u8, any::<Index>(), l4)
}

/// Flows between what `cluster` holds: pods by name and by address, workloads, nodes, Services, addresses outside; on
/// ports that containers, Services and policies name, and next to them. Isolated pods come up more often than others.
/// Most flows can be judged; some name a finished pod or a port that a Service lacks.
///
/// The cluster may be any: one that a test or a file has made, too.
///
/// ```
/// use netpol_oracle::generate::{ClusterSpec, strategies::flows_of};
/// use netpol_oracle::{Decide, Engine, Profile, Reference};
/// let (cluster, profile) = (ClusterSpec::new(20).build(), Profile::kubernetes());
/// let (engine, reference) = (Engine::new(&cluster, &profile), Reference::new(&cluster, &profile));
/// proptest::proptest!(|(flow in flows_of(&cluster))| {
///     assert_eq!(engine.decide(&flow), reference.decide(&flow));
/// });
/// ```
pub fn flows_of(cluster: &Cluster) -> impl Strategy<Value = Flow> + use<> {
    let cluster = cluster.clone();
    let numbers = numbers_of(&cluster);
    flow_parts().prop_map(move |parts| Asker::new(&cluster, &numbers).flow(parts))
}

/// Every flow of `parts`.
pub(super) fn flows(cluster: &Cluster, parts: Vec<FlowParts>) -> Vec<Flow> {
    let numbers = numbers_of(cluster);
    let asker = Asker::new(cluster, &numbers);
    parts.into_iter().map(|parts| asker.flow(parts)).collect()
}

/// Ports at the edges of what containers and policies of the cluster name; those of worlds in any case.
fn numbers_of(cluster: &Cluster) -> Vec<Port> {
    let usual = [80, 8080, 80, 8080, 53, 1, 65535, 8081, 443, 8090];
    let mut numbers: Vec<Port> = usual.into_iter().map(port).collect();
    let mut more: Vec<u16> = cluster.pods().iter().flat_map(|pod| &pod.ports).map(|port| port.port.get()).collect();
    for policy in cluster.policies() {
        let rules = [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| policy.rules(direction));
        for rule in rules {
            let Ports::Of(entries) = &rule.ports else { continue };
            for entry in entries {
                match &entry.port {
                    PortSpec::Number(port) => more.extend([port.get(), port.get().wrapping_add(1)]),
                    PortSpec::Range(range) => {
                        let (first, last) = (range.first().get(), range.last().get());
                        more.extend([first.wrapping_sub(1), first, last, last.wrapping_add(1)]);
                    }
                    PortSpec::Any | PortSpec::Name(_) => {}
                }
            }
        }
    }
    more.sort_unstable();
    more.dedup();
    // Every port of a large cluster is one in many; the usual ones stay in sight.
    let more: Vec<Port> = more.into_iter().filter_map(Port::new).filter(|number| !numbers.contains(number)).collect();
    for _ in 0..=more.len() / 20 {
        numbers.extend(usual.into_iter().map(port));
    }
    numbers.extend(more);
    numbers
}

fn is_isolated(cluster: &Cluster, pod: &Pod) -> bool {
    let selects = |policy: &NetworkPolicy| policy.subject().matches(&pod.labels);
    !pod.host_network && cluster.policies().in_namespace(pod.name.namespace()).any(selects)
}

/// The Service may lead to the pod.
fn selects(service: &Service, pod: &Pod) -> bool {
    let labels = service.selector.iter().all(|(key, value)| pod.labels.get(key.as_str()) == Some(value));
    labels && pod.name.namespace() == service.name.namespace()
}

fn named(pod: &Pod) -> Endpoint {
    Endpoint::Named(pod.name.clone())
}

fn outside(at: &Index) -> Endpoint {
    Endpoint::Address(*pick(at, &OUTSIDE).unwrap_or(&OUTSIDE[0]))
}

/// What there is to ask for.
struct Asker<'c> {
    cluster: &'c Cluster,
    numbers: &'c [Port],
    all: Vec<&'c Pod>,
    live: Vec<&'c Pod>,
    /// Of the live ones; all of them where no policy isolates any.
    likely: Vec<&'c Pod>,
    nodes: Vec<&'c Node>,
    workloads: Vec<&'c Workload>,
    services: Vec<&'c Service>,
}

impl<'c> Asker<'c> {
    fn new(cluster: &'c Cluster, numbers: &'c [Port]) -> Self {
        let all: Vec<&Pod> = cluster.pods().iter().collect();
        let live: Vec<&Pod> = all.iter().copied().filter(|pod| pod.is_live()).collect();
        let isolated: Vec<&Pod> = live.iter().copied().filter(|pod| is_isolated(cluster, pod)).collect();
        Self {
            likely: if isolated.is_empty() { live.clone() } else { isolated },
            nodes: cluster.nodes().iter().collect(),
            workloads: cluster.workloads().iter().collect(),
            services: cluster.services().iter().collect(),
            cluster,
            numbers,
            all,
            live,
        }
    }

    /// An end of the kind that `kind` says, of what there is; an address outside where there is none.
    fn end(&self, kind: u8, at: &Index) -> Endpoint {
        let found = match kind {
            0..=5 => pick(at, &self.likely).map(|pod| named(pod)),
            6 | 7 => pick(at, &self.live).map(|pod| named(pod)),
            8..=10 => pick(at, &self.live).map(|pod| match pod.addresses.last() {
                Some(address) if kind == 8 => Endpoint::PodAddress { pod: pod.name.clone(), address: *address },
                Some(address) => Endpoint::Address(*address),
                None => named(pod),
            }),
            11 => pick(at, &self.workloads).map(|workload| Endpoint::Named(workload.name.clone())),
            12 => pick(at, &self.workloads)
                .map(|workload| Endpoint::Workload { kind: workload.kind.clone(), name: workload.name.clone() }),
            13 => pick(at, &self.nodes).map(|node| Endpoint::Node(node.name.clone())),
            14 | 15 => pick(at, &self.nodes).and_then(|node| {
                let address = pick(at, &node.addresses)?.address;
                Some(match kind {
                    14 => Endpoint::NodeAddress { node: node.name.clone(), address },
                    _ => Endpoint::Address(address),
                })
            }),
            // Any pod, finished ones too, and addresses that pods call their host's.
            16 => pick(at, &self.all).map(|pod| named(pod)),
            17 => pick(at, &self.all).and_then(|pod| pod.host_addresses.last()).copied().map(Endpoint::Address),
            _ => None,
        };
        found.unwrap_or_else(|| outside(at))
    }

    /// The families an end has; none: any.
    fn families(&self, endpoint: &Endpoint) -> Vec<Family> {
        match endpoint {
            Endpoint::Named(name) => {
                let pod = self.cluster.pod(name);
                pod.map(|pod| pod.addresses.iter().copied().map(Family::of).collect()).unwrap_or_default()
            }
            Endpoint::PodAddress { address, .. }
            | Endpoint::NodeAddress { address, .. }
            | Endpoint::Address(address) => {
                vec![Family::of(*address)]
            }
            Endpoint::Node(_) => vec![Family::V4],
            Endpoint::Workload { .. } | Endpoint::Labelled { .. } => Vec::new(),
        }
    }

    /// An end that can have one of `wanted`, mostly: errors about families are worth few questions.
    fn fitting(&self, end: Endpoint, wanted: &[Family], at: &Index) -> Endpoint {
        let fits = |end: &Endpoint| {
            let own = self.families(end);
            own.is_empty() || wanted.is_empty() || own.iter().any(|family| wanted.contains(family))
        };
        if fits(&end) || at.index(8) == 0 {
            return end;
        }
        let others: Vec<Endpoint> = match end {
            Endpoint::Address(_) => {
                OUTSIDE.iter().map(|address| Endpoint::Address(*address)).filter(|end| fits(end)).collect()
            }
            _ => self.live.iter().map(|pod| named(pod)).filter(|end| fits(end)).collect(),
        };
        pick(at, &others).cloned().unwrap_or(end)
    }

    fn flow(&self, (from, source_at, to, target_at, (l4, number_at, via)): FlowParts) -> Flow {
        let mut source = self.end(from, &source_at);
        let mut number = pick(&number_at, self.numbers).copied().unwrap_or(Port::MIN);
        let mut protocol = match l4 {
            0..=13 => Protocol::Tcp,
            14 | 15 => Protocol::Udp,
            _ => Protocol::Sctp,
        };
        let mut backend: Option<ObjectName> = None;
        let service = if to <= 5 { pick(&target_at, &self.services).copied() } else { None };
        let destination = if let Some(service) = service {
            // One in ten asks for what the Service may not have.
            if let (Some(wanted), true) = (pick(&number_at, &service.ports), l4 % 10 != 9) {
                (protocol, number) = (wanted.protocol, wanted.port);
            }
            let own: Vec<&&Pod> = self.live.iter().filter(|pod| selects(service, pod)).collect();
            // A pod that its Service may lead back to.
            if let (4 | 5, Some(pod)) = (to, own.first()) {
                source = named(pod);
            }
            let wanted: Vec<Family> = service.cluster_addresses.iter().copied().map(Family::of).collect();
            source = self.fitting(source, &wanted, &target_at);
            if via < 3 {
                let backends = if via == 0 { self.live.iter().collect() } else { own };
                backend = pick(&number_at, &backends).map(|pod| pod.name.clone());
            }
            match service.cluster_addresses.first() {
                Some(address) if to == 0 => Destination::Endpoint(Endpoint::Address(*address)),
                _ => Destination::Service(service.name.clone()),
            }
        } else {
            let kinds = [0, 1, 2, 9, 7, 3, 11, 8, 13, 14, 15, 12, 16, 17, 18];
            // Of two ends outside the pods nothing is asked of policies.
            let kind = kinds.iter().cycle().nth(usize::from(if from >= 13 { to % 8 } else { to % 15 }));
            let mut destination = self.end(kind.copied().unwrap_or(0), &target_at);
            // A pod reaches itself: few questions are enough.
            if destination == source && from != 0 {
                let other = self.live.iter().map(|pod| named(pod)).find(|pod| *pod != source);
                destination = other.unwrap_or(destination);
            }
            if from >= 13 {
                source = self.fitting(source, &self.families(&destination), &source_at);
            }
            Destination::Endpoint(self.fitting(destination, &self.families(&source), &target_at))
        };
        let to_service = service.is_some();
        let l4 = match (l4, OtherProtocol::new(47)) {
            (18, _) if !to_service => L4::Icmp,
            (19, Some(gre)) if !to_service || to == 1 => L4::Other(gre),
            _ => L4::Port(protocol, number),
        };
        Flow { via: backend, ..Flow::new(source, destination, l4) }
    }
}
