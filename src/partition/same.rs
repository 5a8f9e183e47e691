//! What two snapshots have in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::{Distinctions, Snapshot};
use crate::model::cluster::Pod;
use crate::partition::ends::Who;
use crate::partition::view::View;

/// Whether an end is in all of them what it is in the first.
pub(super) fn is_same_end(views: &[View], who: &Who) -> bool {
    let Some((first, others)) = views.split_first() else { return true };
    let cluster = first.snapshot.cluster();
    others.iter().all(|view| {
        let other = view.snapshot.cluster();
        match who {
            Who::Pod(name) => cluster.pod(name) == other.pod(name),
            Who::Workload(name, kind) => cluster.workload(kind, name) == other.workload(kind, name),
            Who::Node(_) => true,
        }
    })
}

/// Whether the rows are of the same policies.
pub(super) fn is_same_row(rows: &[&Distinctions]) -> bool {
    let Some((first, others)) = rows.split_first() else { return true };
    others.iter().all(|row| {
        row.policies.len() == first.policies.len()
            && row.policies.iter().zip(&first.policies).all(|(one, other)| Arc::ptr_eq(one, other) || one == other)
    })
}

/// Whether all that verdicts hang on but pods, workloads and policies is the same: profile, namespaces, nodes and what pods
/// say of these, Services and who is behind them.
pub(super) fn has_same_surroundings(snapshots: &[&Snapshot]) -> bool {
    let Some((first, others)) = snapshots.split_first() else { return true };
    // Whose the addresses of nodes are, pods say too (K20): by their hostIPs, and by their own where they share a node's network.
    let nodes = |snapshot: &Snapshot| -> BTreeSet<_> {
        let of = |pod: &Pod| {
            let own = if pod.host_network { pod.addresses.clone() } else { Vec::new() };
            (pod.is_live(), pod.node.clone(), pod.host_addresses.clone(), own)
        };
        snapshot.cluster().pods().iter().map(of).collect()
    };
    let one = first.cluster();
    others.iter().all(|snapshot| {
        let other = snapshot.cluster();
        first.profile() == snapshot.profile()
            && one.namespaces() == other.namespaces()
            && one.nodes() == other.nodes()
            && one.services() == other.services()
            && one.endpoint_slices() == other.endpoint_slices()
            && one.endpoints() == other.endpoints()
            && nodes(first) == nodes(snapshot)
    })
}
