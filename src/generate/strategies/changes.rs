//! Small steps: one thing about one object changes.
//!
//! What a data plane keeps for too long shows where little else changes: after a large random batch nearly everything
//! is computed anew, after one label only what depends on it should be.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::pods::{PodParts, container_ports, os_images, pod, pod_parts};
use super::policies::{PolicyParts, policy_parts, rules};
use super::selectors::labels;
use super::services::{ServiceParts, endpoints, service, service_parts, slice};
use super::spec::WorldSpec;
use super::vocabulary::pick;
use crate::labels::{Labels, Selector};
use crate::model::change::{Change, Object, ObjectId, with_name_label};
use crate::model::cluster::{Cluster, ContainerPort, EndpointSlice, Namespace, Node, Phase, Pod, Service};
use crate::model::policy::{NetworkPolicy, PolicyTypes, Rule};
use crate::name::{Direction, ObjectName};
use crate::net::Family;

/// What a [`Step`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StepKind {
    /// A pod gets other labels.
    RelabelPod,
    /// A namespace gets other labels.
    RelabelNamespace,
    /// A pod's containers get other ports.
    ChangePorts,
    /// A pod of the same name comes in the place of another: nothing else is as it was.
    ReplacePod,
    /// A pod of another name takes over the address of one that goes; both in one step, in either order.
    SucceedPod,
    /// A pod goes.
    RemovePod,
    /// A pod comes.
    AddPod,
    /// A pod finishes: it is no endpoint any more, its address is free ([K20](crate::semantics#k20)).
    FinishPod,
    /// A pod becomes ready or ceases to be.
    TogglePodReady,
    /// A policy comes.
    AddPolicy,
    /// A policy's subject, types or rules change.
    ChangePolicy,
    /// A policy goes.
    RemovePolicy,
    /// A node runs another system ([C6](crate::semantics#c6)).
    ChangeNodeOs,
    /// A Service gets another selector or other ports, or comes.
    ChangeService,
    /// A Service goes.
    RemoveService,
    /// A Service's EndpointSlice gets other endpoints, or comes.
    ChangeSlice,
    /// An EndpointSlice goes.
    RemoveSlice,
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::RelabelPod,
        Self::RelabelNamespace,
        Self::ChangePorts,
        Self::ReplacePod,
        Self::SucceedPod,
        Self::RemovePod,
        Self::AddPod,
        Self::FinishPod,
        Self::TogglePodReady,
        Self::AddPolicy,
        Self::ChangePolicy,
        Self::RemovePolicy,
        Self::ChangeNodeOs,
        Self::ChangeService,
        Self::RemoveService,
        Self::ChangeSlice,
        Self::RemoveSlice,
    ];
}

/// A small change of a cluster: [`Cluster::apply`] takes its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The changes: one, but for a pod that succeeds another.
    pub changes: Vec<Change>,
}

/// A step before the cluster is known.
#[derive(Debug, Clone)]
pub(super) enum StepParts {
    RelabelPod(Index, Labels),
    RelabelNamespace(Index, Labels),
    ChangePorts(Index, Vec<ContainerPort>),
    ReplacePod(Index, PodParts),
    SucceedPod(Index, bool),
    RemovePod(Index),
    AddPod(PodParts),
    FinishPod(Index, bool),
    TogglePodReady(Index),
    AddPolicy(PolicyParts),
    ChangePolicy(Index, PolicyChange),
    RemovePolicy(Index),
    ChangeNodeOs(Index, Option<&'static str>),
    ChangeService(Index, ServiceParts),
    RemoveService(Index),
    ChangeSlice(Index, Vec<(Index, bool)>, bool),
    RemoveSlice(Index),
}

#[derive(Debug, Clone)]
pub(super) enum PolicyChange {
    Subject(Selector),
    Types(PolicyTypes),
    AddRule(Rule, Rule),
    DropRule(Index),
}

pub(super) fn step_parts() -> impl Strategy<Value = StepParts> {
    use StepParts as P;
    let at = any::<Index>;
    let pods = || pod_parts(&WorldSpec::new());
    let types =
        super::vocabulary::one_of(&[(1, PolicyTypes::Ingress), (1, PolicyTypes::Egress), (2, PolicyTypes::Both)]);
    let policy_change = prop_oneof![
        3 => super::selectors::subjects().prop_map(PolicyChange::Subject),
        2 => types.prop_map(PolicyChange::Types),
        3 => (rules(), rules()).prop_map(|(ingress, egress)| PolicyChange::AddRule(ingress, egress)),
        3 => at().prop_map(PolicyChange::DropRule),
    ];
    let of_pods = prop_oneof![
        6 => (at(), labels()).prop_map(|(at, labels)| P::RelabelPod(at, labels)),
        3 => (at(), container_ports()).prop_map(|(at, ports)| P::ChangePorts(at, ports)),
        3 => (at(), pods()).prop_map(|(at, parts)| P::ReplacePod(at, parts)),
        3 => (at(), any::<bool>()).prop_map(|(at, first)| P::SucceedPod(at, first)),
        1 => at().prop_map(P::RemovePod),
        2 => pods().prop_map(P::AddPod),
        2 => (at(), any::<bool>()).prop_map(|(at, well)| P::FinishPod(at, well)),
        1 => at().prop_map(P::TogglePodReady),
    ];
    let of_policies = prop_oneof![
        2 => policy_parts().prop_map(P::AddPolicy),
        4 => (at(), policy_change).prop_map(|(at, change)| P::ChangePolicy(at, change)),
        1 => at().prop_map(P::RemovePolicy),
    ];
    let of_services = prop_oneof![
        3 => (at(), service_parts()).prop_map(|(at, parts)| P::ChangeService(at, parts)),
        1 => at().prop_map(P::RemoveService),
        4 => (at(), endpoints(), any::<bool>()).prop_map(|(at, picks, six)| P::ChangeSlice(at, picks, six)),
        3 => at().prop_map(P::RemoveSlice),
    ];
    prop_oneof![
        21 => of_pods,
        4 => (at(), labels()).prop_map(|(at, labels)| P::RelabelNamespace(at, labels)),
        8 => of_policies,
        3 => (at(), os_images()).prop_map(|(at, image)| P::ChangeNodeOs(at, image)),
        8 => of_services,
    ]
}

/// Small steps from `cluster`, which may be any: half of them about pods, a fifth about policies, the others about
/// namespaces, nodes and Services. Each can be applied; a few change nothing, as a label that is given its old value.
///
/// ```
/// use netpol_oracle::generate::{ClusterSpec, strategies::changes_of};
/// let cluster = ClusterSpec::new(20).build();
/// proptest::proptest!(|(step in changes_of(&cluster))| {
///     let mut after = cluster.clone();
///     assert_eq!(after.apply(&step.changes), Ok(()), "{:?}", step.kind);
/// });
/// ```
pub fn changes_of(cluster: &Cluster) -> impl Strategy<Value = Step> + use<> {
    let cluster = cluster.clone();
    step_parts().prop_map(move |parts| step(&cluster, parts))
}

fn put(object: impl Into<Object>) -> Vec<Change> {
    vec![Change::Put(object.into())]
}

fn removed(id: ObjectId) -> Vec<Change> {
    vec![Change::Remove(id)]
}

/// The first of `PREFIX0`, `PREFIX1`, ... that `is_free`.
fn free_name(prefix: &str, is_free: impl Fn(&str) -> bool) -> String {
    let names = (0_u32..).map(|number| format!("{prefix}{number}"));
    names.into_iter().find(|name| is_free(name)).unwrap_or_default()
}

/// The step that `parts` are in `cluster`; of an object that is not there another comes instead.
pub(super) fn step(cluster: &Cluster, parts: StepParts) -> Step {
    let given = Given::new(cluster);
    let found = match &parts {
        StepParts::AddPod(_) | StepParts::AddPolicy(_) => None,
        StepParts::ChangePolicy(at, change) => given.changed_policy(at, change),
        StepParts::RemovePolicy(at) => {
            let policy = pick(at, &given.policies);
            policy.map(|policy| (StepKind::RemovePolicy, removed(ObjectId::Policy(policy.name().clone()))))
        }
        StepParts::RelabelNamespace(at, labels) => pick(at, &given.namespaces).map(|namespace| {
            let labels = given.some_labels(at, labels);
            // As the cluster will have it, and as it is written and read (K10).
            let relabelled = with_name_label(Namespace { name: namespace.name.clone(), labels });
            (StepKind::RelabelNamespace, put(relabelled))
        }),
        StepParts::ChangeNodeOs(at, image) => pick(at, &given.nodes)
            .map(|node| (StepKind::ChangeNodeOs, put(Node { os_image: image.map(Into::into), ..(*node).clone() }))),
        StepParts::ChangeService(..)
        | StepParts::RemoveService(_)
        | StepParts::ChangeSlice(..)
        | StepParts::RemoveSlice(_) => given.changed_service(&parts),
        _ => given.changed_pod(&parts),
    };
    let (kind, changes) = found.unwrap_or_else(|| match parts {
        StepParts::AddPod(parts) | StepParts::ReplacePod(_, parts) => (StepKind::AddPod, put(given.new_pod(parts))),
        StepParts::AddPolicy(parts) => (StepKind::AddPolicy, put(given.new_policy(parts))),
        StepParts::ChangeService(_, parts) => (StepKind::ChangeService, put(given.new_service(parts))),
        // Nothing of the kind is there: a policy that isolates what there is.
        _ => {
            let parts = ("x", Selector::everything(), PolicyTypes::Both, Vec::new(), Vec::new());
            (StepKind::AddPolicy, put(given.new_policy(parts)))
        }
    });
    Step { kind, changes }
}

/// What there is to change.
struct Given<'c> {
    cluster: &'c Cluster,
    pods: Vec<&'c Pod>,
    namespaces: Vec<&'c Namespace>,
    nodes: Vec<&'c Node>,
    policies: Vec<&'c NetworkPolicy>,
    services: Vec<&'c Service>,
    slices: Vec<&'c EndpointSlice>,
}

type Found = Option<(StepKind, Vec<Change>)>;

impl<'c> Given<'c> {
    fn new(cluster: &'c Cluster) -> Self {
        Self {
            cluster,
            pods: cluster.pods().iter().collect(),
            namespaces: cluster.namespaces().iter().collect(),
            nodes: cluster.nodes().iter().collect(),
            policies: cluster.policies().iter().collect(),
            services: cluster.services().iter().collect(),
            slices: cluster.endpoint_slices().iter().collect(),
        }
    }

    /// `labels`, or in every third case those of a pod that is there: what the cluster's selectors ask for.
    fn some_labels(&self, at: &Index, labels: &Labels) -> Labels {
        let other = self.pods.iter().cycle().nth(at.index(1009));
        match other {
            Some(other) if at.index(3) == 0 => other.labels.clone(),
            _ => labels.clone(),
        }
    }

    fn changed_pod(&self, parts: &StepParts) -> Found {
        let at = match parts {
            StepParts::RelabelPod(at, _)
            | StepParts::ChangePorts(at, _)
            | StepParts::ReplacePod(at, _)
            | StepParts::SucceedPod(at, _)
            | StepParts::RemovePod(at)
            | StepParts::FinishPod(at, _)
            | StepParts::TogglePodReady(at) => at,
            _ => return None,
        };
        let pod = (*pick(at, &self.pods)?).clone();
        Some(match parts {
            StepParts::RelabelPod(at, labels) => {
                (StepKind::RelabelPod, put(Pod { labels: self.some_labels(at, labels), ..pod }))
            }
            StepParts::ChangePorts(_, ports) => (StepKind::ChangePorts, put(Pod { ports: ports.clone(), ..pod })),
            StepParts::ReplacePod(_, parts) => {
                (StepKind::ReplacePod, put(Pod { name: pod.name, ..self.new_pod(parts.clone()) }))
            }
            StepParts::SucceedPod(_, first) => {
                let gone = Change::Remove(ObjectId::Pod(pod.name.clone()));
                let is_free = |name: &str| {
                    self.cluster.pod(&ObjectName::new(pod.name.namespace().clone(), name.to_owned())).is_none()
                };
                let name = ObjectName::new(pod.name.namespace().clone(), free_name("next", is_free));
                let come = Change::Put(Pod { name, phase: Phase::Running, ..pod }.into());
                (StepKind::SucceedPod, if *first { vec![come, gone] } else { vec![gone, come] })
            }
            StepParts::FinishPod(_, well) => {
                let phase = if *well { Phase::Succeeded } else { Phase::Failed };
                (StepKind::FinishPod, put(Pod { phase, ready: false, ..pod }))
            }
            StepParts::TogglePodReady(_) => (StepKind::TogglePodReady, put(Pod { ready: !pod.ready, ..pod })),
            _ => (StepKind::RemovePod, removed(ObjectId::Pod(pod.name))),
        })
    }

    /// A pod that is not there yet: of a number that no pod's name or address has.
    fn new_pod(&self, parts: PodParts) -> Pod {
        let taken = |made: &Pod| {
            self.cluster.pod(&made.name).is_some()
                || !made.host_network
                    && self.pods.iter().any(|pod| pod.addresses.iter().any(|address| made.addresses.contains(address)))
        };
        let made = (0..500).map(|number| pod(number, parts.clone(), &self.nodes)).find(|made| !taken(made));
        // Where every number is taken, one without an address.
        made.unwrap_or_else(|| {
            let is_free = |name: &str| self.cluster.pod(&ObjectName::new("x", name.to_owned())).is_none();
            Pod::new(ObjectName::new("x", free_name("late", is_free)))
        })
    }

    /// In a namespace of the cluster; in every other one as it was drawn.
    fn new_policy(&self, (ns, subject, types, ingress, egress): PolicyParts) -> NetworkPolicy {
        let namespaces = || self.namespaces.iter().map(|namespace| &namespace.name);
        let drawn = namespaces().find(|name| ***name == *ns).or_else(|| namespaces().next());
        let ns = drawn.cloned().unwrap_or_else(|| Arc::from(ns));
        let is_free = |name: &str| self.cluster.policies().get(&ObjectName::new(ns.clone(), name.to_owned())).is_none();
        NetworkPolicy::new(ObjectName::new(ns.clone(), free_name("new", is_free)), subject, types, ingress, egress)
    }

    fn new_service(&self, parts: ServiceParts) -> Service {
        let taken = |made: &Service| {
            self.cluster.service(&made.name).is_some()
                || self
                    .services
                    .iter()
                    .any(|other| other.cluster_addresses.iter().any(|address| made.cluster_addresses.contains(address)))
        };
        let made = (0..99).map(|number| service(number, parts.clone()).0).find(|made| !taken(made));
        made.unwrap_or_else(|| service(99, parts).0)
    }

    fn changed_policy(&self, at: &Index, change: &PolicyChange) -> Found {
        let policy = pick(at, &self.policies)?;
        let rules = |direction| policy.written_rules(direction).to_vec();
        let (mut ingress, mut egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        let (mut subject, mut types) = (policy.subject().clone(), policy.types());
        match change {
            PolicyChange::Subject(other) => subject = other.clone(),
            PolicyChange::Types(other) => types = *other,
            PolicyChange::AddRule(of_ingress, of_egress) => {
                ingress.push(of_ingress.clone());
                egress.push(of_egress.clone());
            }
            PolicyChange::DropRule(at) => {
                let longer = if ingress.len() >= egress.len() { &mut ingress } else { &mut egress };
                if !longer.is_empty() {
                    longer.remove(at.index(longer.len()));
                }
            }
        }
        let changed = NetworkPolicy::new(policy.name().clone(), subject, types, ingress, egress);
        Some((StepKind::ChangePolicy, put(changed)))
    }

    fn changed_service(&self, parts: &StepParts) -> Found {
        match parts {
            StepParts::ChangeService(at, parts) if at.index(4) > 0 => {
                let old = (*pick(at, &self.services)?).clone();
                let new = service(0, parts.clone()).0;
                let changed = match at.index(2) {
                    0 => Service { selector: new.selector, ..old },
                    _ => Service { ports: new.ports, ..old },
                };
                Some((StepKind::ChangeService, put(changed)))
            }
            StepParts::RemoveService(at) => {
                let service = pick(at, &self.services)?;
                Some((StepKind::RemoveService, removed(ObjectId::Service(service.name.clone()))))
            }
            StepParts::ChangeSlice(at, picks, six) => {
                let service = pick(at, &self.services)?;
                let family = if *six { Family::V6 } else { Family::V4 };
                Some((StepKind::ChangeSlice, put(slice(service, family, picks, &self.pods, &self.nodes))))
            }
            StepParts::RemoveSlice(at) => {
                let slice = pick(at, &self.slices)?;
                Some((StepKind::RemoveSlice, removed(ObjectId::EndpointSlice(slice.name.clone()))))
            }
            _ => None,
        }
    }
}
