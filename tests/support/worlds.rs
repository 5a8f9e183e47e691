//! The library's strategies, and what only its own tests do with clusters.

use crate::support::with;
pub(crate) use netpol_oracle::generate::strategies::{
    World, WorldSpec, clusters, profiles, rules, with_ranges, worlds,
};
use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Selector};
use netpol_oracle::model::Node;
use netpol_oracle::net::Cidr;
use netpol_oracle::profile::{Capabilities, ClusterVersion};
use netpol_oracle::{Change, Cluster, NetworkPolicy, Port, Profile, Row};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

pub(crate) fn label(key: &str, value: &str) -> (LabelKey, LabelValue) {
    (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap())
}

pub(crate) fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

/// Worlds with `flows` questions and a profile of `profiles`.
pub(crate) fn worlds_on(profiles: impl Strategy<Value = Profile>, flows: usize) -> impl Strategy<Value = World> {
    WorldSpec::new().flows(flows).worlds_on(profiles)
}

/// `kubernetes()` with some ranges, without overrides.
pub(crate) fn plain_kubernetes() -> impl Strategy<Value = Profile> {
    with_ranges(Profile::kubernetes())
}

/// A profile that leaves every row open that can be, on Kubernetes, or on eBPF where C9 can be open too.
pub(crate) fn every_row_open() -> impl Strategy<Value = Profile> {
    let version = ClusterVersion::new(1, 31, 6, 0);
    let models = prop_oneof![Just(Profile::kubernetes()), Just(Profile::cloud_native_2(version))];
    let open = models.prop_map(|profile| {
        let open = |row: &Row| Capabilities::words(*row).contains(&"unknown");
        let rows = Row::ALL.iter().copied().filter(open);
        rows.fold(profile, |profile, row| profile.with_override(row, "unknown").unwrap())
    });
    open.prop_flat_map(with_ranges)
}

/// A profile of which at most `most` rows are not as Kubernetes has them.
pub(crate) fn with_few_rows(most: usize) -> impl Strategy<Value = Profile> {
    (profiles(), vec(any::<Index>(), 24)).prop_map(move |(mut profile, picks)| {
        for pick in picks {
            let other: Vec<Row> = profile.capabilities().other_than_kubernetes().collect();
            if other.len() <= most {
                break;
            }
            profile = with_row_as_kubernetes(profile, *pick.get(&other));
        }
        profile
    })
}

/// The profile with `row` overridden by the word that says what Kubernetes has.
pub(crate) fn with_row_as_kubernetes(profile: Profile, row: Row) -> Profile {
    let kubernetes = Profile::kubernetes();
    let is_its_own = |word: &&&str| {
        let overridden = kubernetes.clone().with_override(row, word).unwrap();
        overridden.capabilities() == kubernetes.capabilities()
    };
    let word = Capabilities::words(row).iter().find(is_its_own).unwrap();
    profile.with_override(row, word).unwrap()
}

/// The cluster with other policies.
pub(crate) fn with_policies(cluster: &Cluster, policies: impl IntoIterator<Item = NetworkPolicy>) -> Cluster {
    map_cluster(cluster, |labels| labels.clone(), |selector| selector.clone(), policies)
}

/// The cluster with its nodes changed.
pub(crate) fn map_nodes(cluster: &Cluster, change: impl Fn(&Node) -> Node) -> Cluster {
    let changes: Vec<Change> = cluster.nodes().iter().map(|node| Change::Put(change(node).into())).collect();
    let mut changed = cluster.clone();
    changed.apply(&changes).unwrap();
    changed
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
        builder.namespace(with(each.clone(), |namespace| namespace.labels = labels(&each.labels)));
    }
    for each in cluster.pods() {
        builder.pod(with(each.clone(), |pod| pod.labels = labels(&each.labels)));
    }
    for each in cluster.workloads() {
        builder.workload(with(each.clone(), |workload| {
            workload.labels = labels(&each.labels);
            workload.selector = selector(&each.selector);
        }));
    }
    for each in cluster.nodes() {
        builder.node(each.clone());
    }
    for each in cluster.services() {
        builder.service(with(each.clone(), |service| service.selector = labels(&each.selector)));
    }
    for each in cluster.endpoint_slices() {
        builder.endpoint_slice(each.clone());
    }
    for each in cluster.endpoints() {
        builder.endpoints(each.clone());
    }
    for policy in policies {
        builder.policy(policy);
    }
    builder.build()
}
