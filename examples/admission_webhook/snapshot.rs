//! The snapshot with one policy more or less.

use netpol_oracle::{Cluster, ClusterBuilder, NetworkPolicy, ObjectName};

/// The cluster with `policy` in the place of any of its name.
pub(super) fn with_policy(cluster: &Cluster, policy: &NetworkPolicy) -> Cluster {
    let mut builder = all_but(cluster, policy.name());
    builder.policy(policy.clone());
    builder.build()
}

/// The cluster without the policy `name`.
pub(super) fn without_policy(cluster: &Cluster, name: &ObjectName) -> Cluster {
    all_but(cluster, name).build()
}

fn all_but(cluster: &Cluster, name: &ObjectName) -> ClusterBuilder {
    let mut builder = Cluster::builder();
    for namespace in cluster.namespaces() {
        builder.namespace(namespace.clone());
    }
    for pod in cluster.pods() {
        builder.pod(pod.clone());
    }
    for workload in cluster.workloads() {
        builder.workload(workload.clone());
    }
    for node in cluster.nodes() {
        builder.node(node.clone());
    }
    for service in cluster.services() {
        builder.service(service.clone());
    }
    for slice in cluster.endpoint_slices() {
        builder.endpoint_slice(slice.clone());
    }
    for policy in cluster.other_policies() {
        builder.other_policy(policy.clone());
    }
    for policy in cluster.policies().iter().filter(|policy| policy.name() != name) {
        builder.policy(policy.clone());
    }
    builder
}
