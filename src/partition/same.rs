//! What two snapshots have in common.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::{Distinctions, Snapshot};
use crate::model::cluster::Pod;
use crate::model::policy::NetworkPolicy;
use crate::partition::ends::Found;

/// The ends that all snapshots have, each with what it is in every one, and those that one alone has.
pub(super) struct Common<'c> {
    pub(super) ends: Vec<Vec<Found<'c>>>,
    pub(super) alone: Vec<Vec<Found<'c>>>,
}

impl<'c> Common<'c> {
    /// Of lists that are in order, of one snapshot or of two.
    pub(super) fn of(all: &[Vec<Found<'c>>]) -> Self {
        let [one, other] = all else {
            let ends = all.iter().flatten().map(|found| vec![*found]).collect();
            return Self { ends, alone: all.iter().map(|_| Vec::new()).collect() };
        };
        let mut ends = Vec::with_capacity(one.len());
        let [mut gone, mut come] = [Vec::new(), Vec::new()];
        let (mut before, mut after) = (one.iter().peekable(), other.iter().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (Some(one), Some(other)) => one.order(**other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            match order {
                Ordering::Less => gone.extend(before.next()),
                Ordering::Greater => come.extend(after.next()),
                Ordering::Equal => ends.extend(before.next().zip(after.next()).map(|(one, other)| vec![*one, *other])),
            }
        }
        Self { ends, alone: vec![gone, come] }
    }
}

/// Whether two rows say the same of whomever they meet: both isolate or neither does, and by the same rules. Of those for whom it is
/// open which policies select them (U7) all policies count.
pub(super) fn is_same_row(one: &Distinctions, other: &Distinctions, is_alone: bool) -> bool {
    let is_same_list =
        if is_alone { is_same(&one.policies, &other.policies) } else { is_same(&one.with_rules, &other.with_rules) };
    std::ptr::eq(one, other) || one.isolated == other.isolated && is_same_list
}

fn is_same(one: &[Arc<NetworkPolicy>], other: &[Arc<NetworkPolicy>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other) || one == other)
}

/// Whether all that verdicts hang on but pods, workloads and policies is the same: profile, namespaces, nodes and what pods
/// say of these, Services and who is behind them.
pub(super) fn has_same_surroundings(snapshots: &[&Snapshot]) -> bool {
    let Some((first, others)) = snapshots.split_first() else { return true };
    let one = first.cluster();
    others.iter().all(|snapshot| {
        let other = snapshot.cluster();
        first.profile() == snapshot.profile()
            && one.namespaces() == other.namespaces()
            && one.nodes() == other.nodes()
            && one.services() == other.services()
            && one.endpoint_slices() == other.endpoint_slices()
            && one.endpoints() == other.endpoints()
            && (one.pods().is_shared_with(other.pods()) || nodes_by_pods(first) == nodes_by_pods(snapshot))
    })
}

/// Whether they share their pods and workloads too: none was changed since.
pub(super) fn has_same_objects(snapshots: &[&Snapshot]) -> bool {
    let Some((first, others)) = snapshots.split_first() else { return true };
    let one = first.cluster();
    others.iter().all(|snapshot| {
        let other = snapshot.cluster();
        one.pods().is_shared_with(other.pods()) && one.workloads().is_shared_with(other.workloads())
    })
}

/// Whether it is live, its node, its hostIPs and, of one that shares a node's network, its own addresses.
type NodeByPod = (bool, Option<Arc<str>>, Vec<IpAddr>, Vec<IpAddr>);

/// Whose the addresses of nodes are, pods say too (K20): by their hostIPs, and by their own where they share a node's network.
fn nodes_by_pods(snapshot: &Snapshot) -> BTreeSet<NodeByPod> {
    let of = |pod: &Pod| {
        let own = if pod.host_network { pod.addresses.clone() } else { Vec::new() };
        (pod.is_live(), pod.node.clone(), pod.host_addresses.clone(), own)
    };
    snapshot.cluster().pods().iter().map(of).collect()
}
