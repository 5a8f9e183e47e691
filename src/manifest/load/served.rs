//! Kubernetes' own kinds, and the versions in which a release serves them (K25).

use crate::release::Release;
use crate::text::quoted;

/// Kind, version, the first and the last minor release that serves it.
const SERVED: &[(&str, &str, u16, u16)] = &[
    ("Namespace", "v1", 0, NOW),
    ("Pod", "v1", 0, NOW),
    ("Node", "v1", 0, NOW),
    ("Service", "v1", 0, NOW),
    ("Endpoints", "v1", 0, NOW),
    ("ReplicationController", "v1", 0, NOW),
    ("List", "v1", 0, NOW),
    ("Deployment", "apps/v1", 9, NOW),
    ("Deployment", "apps/v1beta2", 8, 15),
    ("Deployment", "apps/v1beta1", 6, 15),
    ("Deployment", "extensions/v1beta1", 0, 15),
    ("ReplicaSet", "apps/v1", 9, NOW),
    ("ReplicaSet", "apps/v1beta2", 8, 15),
    ("ReplicaSet", "extensions/v1beta1", 0, 15),
    ("StatefulSet", "apps/v1", 9, NOW),
    ("StatefulSet", "apps/v1beta2", 8, 15),
    ("StatefulSet", "apps/v1beta1", 5, 15),
    ("DaemonSet", "apps/v1", 9, NOW),
    ("DaemonSet", "apps/v1beta2", 8, 15),
    ("DaemonSet", "extensions/v1beta1", 0, 15),
    ("Job", "batch/v1", 0, NOW),
    ("CronJob", "batch/v1", 21, NOW),
    ("CronJob", "batch/v1beta1", 8, 24),
    ("CronJob", "batch/v2alpha1", 5, 20),
    ("EndpointSlice", "discovery.k8s.io/v1", 21, NOW),
    ("EndpointSlice", "discovery.k8s.io/v1beta1", 17, 24),
    // `extensions/v1beta1` was served until 1.15; it is not read.
    ("NetworkPolicy", "networking.k8s.io/v1", 0, NOW),
];

const NOW: u16 = u16::MAX;

/// The groups that hold kinds of the table, now or before.
const GROUPS: [&str; 6] = ["", "apps", "batch", "extensions", "networking.k8s.io", "discovery.k8s.io"];

/// The groups that hold Kubernetes' own kinds alone, and those of them that are not in the table.
const CLOSED: [(&str, &[&str]); 4] = [
    ("apps", &["ControllerRevision"]),
    ("batch", &[]),
    ("networking.k8s.io", &["Ingress", "IngressClass", "IPAddress", "ServiceCIDR", "ClusterCIDR"]),
    ("discovery.k8s.io", &[]),
];

/// What Kubernetes itself has under a version and a kind.
pub(super) enum Own {
    /// The kind.
    Served,
    /// None of this version, or of this kind as it is written.
    Unserved,
    /// The kind is not one of the table.
    Foreign,
}

/// The kind as the release has it. Without a version the kind alone counts, as items of typed lists have it.
pub(super) fn own(api_version: Option<&str>, kind: &str, release: Release) -> Own {
    let is_served = |(name, version, first, last): &(&str, &str, u16, u16)| {
        *name == kind
            && api_version.is_none_or(|asked| asked == *version && (*first..=*last).contains(&release.minor()))
    };
    if SERVED.iter().any(is_served) {
        return Own::Served;
    }
    if api_version.is_some_and(|version| is_missing(group_of(version), kind)) {
        return Own::Unserved;
    }
    let is_own_group = api_version.is_none_or(|version| GROUPS.contains(&group_of(version)));
    let is_own_kind = SERVED.iter().any(|(name, ..)| name.eq_ignore_ascii_case(kind));
    if is_own_group && is_own_kind { Own::Unserved } else { Own::Foreign }
}

/// Whether the group is Kubernetes' own and has no such kind.
fn is_missing(group: &str, kind: &str) -> bool {
    let Some((_, others)) = CLOSED.iter().find(|(own, _)| *own == group) else { return false };
    let singular = kind.strip_suffix("List").unwrap_or(kind);
    let is_there = |name: &str| name == kind || name == singular;
    !SERVED.iter().map(|(name, ..)| *name).chain(others.iter().copied()).any(is_there)
}

/// The kind that was meant by one that is in no table: written in another case, in the plural, or with a few letters amiss.
pub(super) fn meant(kind: &str) -> Option<&'static str> {
    const MOST: usize = 3;
    let wanted = kind.to_ascii_lowercase();
    let amiss = |name: &str| strsim::damerau_levenshtein(&wanted, &name.to_ascii_lowercase());
    let near = SERVED.iter().map(|(name, ..)| (amiss(name), *name));
    near.min().filter(|(amiss, name)| *amiss <= MOST.min(name.len() / 3)).map(|(_, name)| name)
}

/// How the release has a kind that was written in another version, in another case or not quite.
pub(super) fn mend(kind: &str, release: Release) -> String {
    let meant = meant(kind).unwrap_or(kind);
    let found =
        SERVED.iter().find(|(name, _, first, last)| *name == meant && (*first..=*last).contains(&release.minor()));
    found.map_or_else(String::new, |(name, version, ..)| {
        format!("Kubernetes {release} has it as `{}` of `{version}`", quoted(name))
    })
}

/// The group of an apiVersion: empty for `v1`.
pub(super) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
