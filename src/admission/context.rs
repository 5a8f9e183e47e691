//! What every group of checks looks at: one policy, its profile and cluster, and what is worked out of them once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use crate::admission::controlled::may_match;
use crate::admission::owned::Owned;
use crate::labels::{LabelKey, Selector};
use crate::model::cluster::{Cluster, ContainerPort};
use crate::model::objects::Objects;
use crate::model::policy::{Namespaces, NetworkPolicy, PodPeer};
use crate::name::Direction;
use crate::net::Protocol;
use crate::partition::index::{Bits, Index, Object};
use crate::profile::capability::{Capabilities, HostNetwork, Support};
use crate::profile::profile::Profile;

/// What is worked out of a cluster once, for all its policies.
pub(super) struct Facts<'c> {
    pub(super) profile: &'c Profile,
    pub(super) cluster: &'c Cluster,
    pub(super) index: Index<'c>,
    /// Every object that shares its node's network.
    pub(super) host_network: Bits,
    /// Who declares a port name, by protocol and name.
    pub(super) declared: HashMap<(Protocol, &'c str), Vec<usize>>,
    pub(super) owned: Owned,
    /// The labels that controllers set on pods of the workloads (K27).
    controlled: OnceLock<HashSet<LabelKey>>,
}

impl<'c> Facts<'c> {
    pub(super) fn new(profile: &'c Profile, cluster: &'c Cluster) -> Self {
        let index = Index::new(cluster);
        Self {
            profile,
            cluster,
            host_network: host_network(&index),
            declared: declared(&index),
            owned: Owned::new(cluster),
            controlled: OnceLock::new(),
            index,
        }
    }
}

/// What every group of checks looks at.
pub(super) struct Review<'c> {
    pub(super) policy: &'c NetworkPolicy,
    pub(super) facts: &'c Facts<'c>,
    /// The policies that are there.
    pub(super) policies: Objects<'c, NetworkPolicy>,
    /// What `podSelector` selects, or may by labels that controllers set; hostNetwork pods too.
    pub(super) subjects: Bits,
}

impl<'c> Review<'c> {
    pub(super) fn new(policy: &'c NetworkPolicy, facts: &'c Facts<'c>, policies: Objects<'c, NetworkPolicy>) -> Self {
        let mut review = Self { policy, facts, policies, subjects: Bits::new(0) };
        review.subjects = review.selected(&Namespaces::Own, policy.subject());
        review
    }

    /// What a peer of the policy selects, or may by labels that controllers set; hostNetwork pods too.
    pub(super) fn peers(&self, peer: &PodPeer) -> Bits {
        self.selected(&peer.namespaces, &peer.pods)
    }

    fn selected(&self, namespaces: &Namespaces, pods: &Selector) -> Bits {
        let by = |pods: &Selector| {
            let peer = PodPeer { namespaces: namespaces.clone(), pods: pods.clone() };
            self.facts.index.peers(self.namespace(), &peer)
        };
        let by_template = by(pods);
        if !self.may_be_controllers(pods) {
            return by_template;
        }
        let there = by(&Selector::everything());
        let [mut workloads, mut matching] = [(); 2].map(|()| Bits::new(self.facts.index.objects().len()));
        for at in there.iter() {
            let Some(Object::Workload(workload)) = self.facts.index.objects().get(at) else { continue };
            workloads.set(at);
            if may_match(workload, pods, self.facts.profile.release()) {
                matching.set(at);
            }
        }
        matching.add(&by_template.without(&workloads));
        matching
    }

    pub(super) fn capabilities(&self) -> &'c Capabilities {
        self.facts.profile.capabilities()
    }

    pub(super) fn namespace(&self) -> &'c str {
        self.policy.name().namespace()
    }

    /// The subjects that policies can isolate (K17, U2).
    pub(super) fn isolated(&self) -> Bits {
        match self.capabilities().host_network {
            HostNetwork::Node => self.subjects.without(&self.facts.host_network),
            HostNetwork::Pod | HostNetwork::Unknown => self.subjects.clone(),
        }
    }

    /// Whether the cluster is known not to enforce `direction` (C1, C2, C3).
    pub(super) fn is_unenforced(&self, direction: Direction) -> bool {
        let capabilities = self.capabilities();
        let version = match direction {
            Direction::Ingress => capabilities.ingress,
            Direction::Egress => capabilities.egress,
        };
        capabilities.enforcement == Support::Unsupported || version == Support::Unsupported
    }

    /// The other policies that isolate pods of this namespace for `direction`.
    pub(super) fn others(&self, direction: Direction) -> impl Iterator<Item = &'c NetworkPolicy> {
        let own = self.policy.name();
        let policies = self.policies.in_namespace(own.namespace());
        policies.filter(move |other| other.name() != own && other.isolates(direction))
    }

    /// Whether it asks for a label that some controller sets, so that what a workload's template says is not all (K27, U7).
    pub(super) fn may_be_controllers(&self, selector: &Selector) -> bool {
        let set = || {
            let workloads = self.facts.cluster.workloads().iter();
            let values = workloads.flat_map(|workload| workload.controller_values(self.facts.profile.release()));
            values.flat_map(|value| value.labels).map(|label| label.key).collect()
        };
        let controlled = self.facts.controlled.get_or_init(set);
        let asked = selector.match_labels().iter().map(|(key, _)| key);
        asked.chain(selector.expressions().iter().map(|each| each.key())).any(|key| controlled.contains(key))
    }

    /// No pod and no workload is loaded: nothing can be said about what selectors select.
    pub(super) fn is_bare(&self) -> bool {
        self.facts.index.objects().is_empty()
    }
}

fn host_network(index: &Index<'_>) -> Bits {
    let mut bits = Bits::new(index.objects().len());
    for (at, object) in index.objects().iter().enumerate() {
        if object.is_host_network() {
            bits.set(at);
        }
    }
    bits
}

fn declared<'c>(index: &Index<'c>) -> HashMap<(Protocol, &'c str), Vec<usize>> {
    let mut declared: HashMap<(Protocol, &str), Vec<usize>> = HashMap::new();
    for (at, object) in index.objects().iter().enumerate() {
        let ports: &[ContainerPort] = object.ports();
        let names: BTreeSet<_> =
            ports.iter().filter_map(|port| Some((port.protocol, port.name.as_ref()?.as_str()))).collect();
        for name in names {
            declared.entry(name).or_default().push(at);
        }
    }
    declared
}
