//! Which object a manifest is.

use super::served::{Own, group_of, own};
use crate::located::{Tree, Value};
use crate::model::cluster::WorkloadKind;
use crate::release::Release;

/// What the loader does with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Namespace,
    Pod,
    Node,
    Service,
    EndpointSlice,
    Endpoints,
    Workload(WorkloadKind),
    NetworkPolicy,
    /// A kind of Kubernetes itself in a version that the release does not serve, or in another case (K25).
    Unserved,
    /// A policy of another kind: answers ignore it (K25).
    OtherPolicy,
    /// An OpenShift Template, which holds objects (K25).
    Template,
    List,
    /// Nothing that decides a flow, unless it has a pod template.
    Unknown,
}

/// Policies that are not judged: API group, kind, whether it lives in a namespace (K25).
const OTHER_POLICIES: &[(&str, &str, bool)] = &[
    ("policy.networking.k8s.io", "AdminNetworkPolicy", false),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy", false),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy", false),
    ("projectcalico.org", "NetworkPolicy", true),
    ("projectcalico.org", "GlobalNetworkPolicy", false),
    ("crd.projectcalico.org", "NetworkPolicy", true),
    ("crd.projectcalico.org", "GlobalNetworkPolicy", false),
    ("cilium.io", "CiliumNetworkPolicy", true),
    ("cilium.io", "CiliumClusterwideNetworkPolicy", false),
    ("crd.antrea.io", "NetworkPolicy", true),
    ("crd.antrea.io", "ClusterNetworkPolicy", false),
    ("network.openshift.io", "EgressNetworkPolicy", true),
    ("k8s.ovn.org", "EgressFirewall", true),
    ("k8s.cni.cncf.io", "MultiNetworkPolicy", true),
];

/// Whether the policy lives in a namespace, where it is one that is not judged. A NetworkPolicy of whatever other group is.
fn other_policy(api_version: &str, kind: &str) -> Option<bool> {
    let (group, _) = api_version.split_once('/')?;
    let known = OTHER_POLICIES.iter().find(|entry| entry.0 == group && entry.1 == kind).map(|entry| entry.2);
    known.or_else(|| (kind == "NetworkPolicy").then_some(true))
}

/// Whether a policy that is not judged lives in a namespace.
pub(super) fn is_namespaced(api_version: &str, kind: &str) -> bool {
    other_policy(api_version, kind).unwrap_or(false)
}

/// The kind of workload that a manifest or a reference names: Kubernetes' own under any version of its own groups, and where
/// no version is said; else one of another API.
pub(super) fn workload_kind(api_version: Option<&str>, kind: &str) -> WorkloadKind {
    let group = api_version.map_or("", group_of);
    let own = WorkloadKind::ALL.iter().find(|own| own.as_str() == kind && OWN_GROUPS.contains(&group));
    own.cloned().unwrap_or_else(|| WorkloadKind::of(kind, group))
}

/// The kind of an object of an API that is not Kubernetes' own, where the object stands for pods (K25).
pub(super) fn workload_of_another_api(api_version: Option<&str>, kind: &str, tree: &Tree) -> Option<WorkloadKind> {
    let found = Some(workload_kind(Some(api_version?), kind)).filter(|found| matches!(found, WorkloadKind::Other(_)));
    found.filter(|_| has_template(tree))
}

/// Whether an object of a kind that nobody knows stands for pods: it has a pod template, of containers and with labels.
fn has_template(tree: &Tree) -> bool {
    let template = tree.get("spec").and_then(|spec| spec.get("template"));
    let within = |outer, inner| template.and_then(|template| template.get(outer)).and_then(|outer| outer.get(inner));
    let containers = within("spec", "containers").is_some_and(|list| matches!(list.value, Value::Sequence(_)));
    containers && within("metadata", "labels").is_some_and(|labels| matches!(labels.value, Value::Mapping(_)))
}

/// The API groups of Kubernetes' own workloads, now and before.
const OWN_GROUPS: [&str; 4] = ["", "apps", "batch", "extensions"];

impl Kind {
    fn own(kind: &str) -> Option<Self> {
        Some(match kind {
            "Namespace" => Self::Namespace,
            "Pod" => Self::Pod,
            "Node" => Self::Node,
            "Service" => Self::Service,
            "Endpoints" => Self::Endpoints,
            "EndpointSlice" => Self::EndpointSlice,
            "NetworkPolicy" => Self::NetworkPolicy,
            "List" => Self::List,
            _ => Self::Workload(WorkloadKind::ALL.iter().find(|own| own.as_str() == kind)?.clone()),
        })
    }

    /// Whether its objects live in namespaces, as far as one can know.
    pub(super) fn is_namespaced(&self, api_version: Option<&str>, kind: &str, tree: &Tree) -> bool {
        match self {
            Self::Namespace | Self::Node | Self::List | Self::Template => false,
            Self::OtherPolicy => is_namespaced(api_version.unwrap_or_default(), kind),
            Self::Unknown => workload_of_another_api(api_version, kind, tree).is_some(),
            // Of another version or in another case.
            Self::Unserved => !["namespace", "node"].iter().any(|cluster_wide| kind.eq_ignore_ascii_case(cluster_wide)),
            Self::Pod | Self::Service | Self::EndpointSlice | Self::Endpoints | Self::Workload(_) => true,
            Self::NetworkPolicy => true,
        }
    }

    /// By `apiVersion` and `kind`, as the release has them. Without the former the kind alone counts, as items of typed lists
    /// have it.
    pub(super) fn of(api_version: Option<&str>, kind: &str, has_items: bool, release: Release) -> Self {
        match own(api_version, kind, release) {
            Own::Served => return Self::own(kind).unwrap_or(Self::Unknown),
            Own::Unserved => return Self::Unserved,
            Own::Foreign => {}
        }
        if api_version.is_some_and(|version| other_policy(version, kind).is_some()) {
            return Self::OtherPolicy;
        }
        if kind == "Template" && matches!(api_version, Some("template.openshift.io/v1" | "v1")) {
            return Self::Template;
        }
        if kind.len() > 4 && kind.ends_with("List") && has_items {
            return Self::List;
        }
        Self::Unknown
    }
}
