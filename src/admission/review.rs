//! One policy held against one profile and cluster.

use std::collections::{BTreeSet, HashMap};

use crate::admission::finding::Findings;
use crate::admission::owned::Owned;
use crate::admission::{blocks, circumstances, dns, ports, selectors};
use crate::analysis::index::{Bits, Index};
use crate::diagnostic::Diagnostic;
use crate::model::cluster::{Cluster, ContainerPort};
use crate::model::policy::NetworkPolicy;
use crate::name::Direction;
use crate::net::Protocol;
use crate::profile::capability::{Capabilities, HostNetwork, Support};
use crate::profile::profile::Profile;

/// Everything that `profile` does not support of `policy`, or would silently not do, on `cluster`.
///
/// `cluster` may hold the policy already, in this or an older form: it is not counted twice. What is said
/// follows [`Profile::capabilities`], overrides included, and never the model's name alone. The module's
/// page lists every code.
///
/// Errors are what the policy itself asks for in vain; everything else is a warning. The order is that of
/// the fields: the object, its `podSelector`, ingress rules, egress rules; within a rule ports, then peers.
///
/// ```
/// use netpol_oracle::{admission, Cluster, NetworkPolicy, ObjectName, PolicyTypes, Profile, Selector, Switch};
/// let policy = NetworkPolicy::new(
///     ObjectName::new("default", "db"),
///     Selector::everything(),
///     PolicyTypes::Ingress,
///     vec![],
///     vec![],
/// );
/// let profile = Profile::tunnel("v1.31.6-r0".parse()?).with_switch(Switch::Off);
/// let found = admission::review(&policy, &profile, &Cluster::default());
/// assert_eq!(
///     found[0].to_string(),
///     "warning[NP201]: network policies are switched off on this cluster: nothing of this one is enforced \
///      (help: turn the cluster's NetworkPolicy switch on)"
/// );
/// # Ok::<(), netpol_oracle::VersionError>(())
/// ```
#[must_use]
pub fn review(policy: &NetworkPolicy, profile: &Profile, cluster: &Cluster) -> Vec<Diagnostic> {
    let index = Index::new(cluster);
    let review = Review {
        policy,
        profile,
        cluster,
        subjects: index.subjects(policy),
        host_network: host_network(&index),
        declared: declared(&index),
        owned: Owned::new(cluster),
        index,
    };
    let mut findings = Findings::default();
    circumstances::check(&review, &mut findings);
    selectors::check(&review, &mut findings);
    blocks::check(&review, &mut findings);
    ports::check(&review, &mut findings);
    dns::check(&review, &mut findings);
    findings.sorted()
}

/// What every group of checks looks at.
pub(super) struct Review<'c> {
    pub(super) policy: &'c NetworkPolicy,
    pub(super) profile: &'c Profile,
    pub(super) cluster: &'c Cluster,
    pub(super) index: Index<'c>,
    /// What `podSelector` selects, hostNetwork pods too.
    pub(super) subjects: Bits,
    /// Every object that shares its node's network.
    pub(super) host_network: Bits,
    /// Who declares a port name, by protocol and name.
    pub(super) declared: HashMap<(Protocol, &'c str), Vec<usize>>,
    pub(super) owned: Owned,
}

impl<'c> Review<'c> {
    pub(super) fn capabilities(&self) -> &'c Capabilities {
        self.profile.capabilities()
    }

    pub(super) fn namespace(&self) -> &'c str {
        self.policy.name().namespace()
    }

    /// The subjects that policies can isolate (K17, U2).
    pub(super) fn isolated(&self) -> Bits {
        match self.capabilities().host_network {
            HostNetwork::Node => self.subjects.without(&self.host_network),
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
        let policies = self.cluster.policies().in_namespace(own.namespace());
        policies.filter(move |other| other.name() != own && other.isolates(direction))
    }

    /// No pod and no workload is loaded: nothing can be said about what selectors select.
    pub(super) fn is_bare(&self) -> bool {
        self.index.objects().is_empty()
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
