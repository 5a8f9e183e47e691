//! Whom selectors choose in the cluster that is loaded.

use crate::admission::context::Review;
use crate::model::cluster::Workload;
use crate::model::policy::{Namespaces, NetworkPolicy, PodPeer};
use crate::partition::index::Bits;

/// Pods and workloads that are chosen; workloads whose pods are loaded too, since a flow may name them.
#[derive(Debug)]
pub(super) struct Chosen {
    objects: Bits,
    workloads: Bits,
}

impl Chosen {
    /// What a policy's `podSelector` selects.
    pub(super) fn subjects(review: &Review<'_>, policy: &NetworkPolicy) -> Self {
        let is_chosen = |workload: &Workload| {
            workload.name.namespace() == policy.name().namespace() && policy.subject().matches(&workload.labels)
        };
        Self { objects: review.facts.index.subjects(policy), workloads: workloads(review, is_chosen) }
    }

    /// What a peer of a policy in `own` selects.
    pub(super) fn peers(review: &Review<'_>, own: &str, peer: &PodPeer) -> Self {
        let is_in = |name: &str| match &peer.namespaces {
            Namespaces::Own => name == own,
            Namespaces::Matching(selector) => {
                review.facts.cluster.namespace(name).is_some_and(|namespace| selector.matches(&namespace.labels))
            }
        };
        let is_chosen = |workload: &Workload| is_in(workload.name.namespace()) && peer.pods.matches(&workload.labels);
        Self { objects: review.facts.index.peers(own, peer), workloads: workloads(review, is_chosen) }
    }

    /// Whether nobody is chosen.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.workloads.is_empty()
    }

    /// Whether somebody is chosen whom no pod says better.
    pub(super) fn has_objects(&self) -> bool {
        !self.objects.is_empty()
    }

    /// Whether `wide` has everybody who is chosen here.
    pub(super) fn is_within(&self, wide: &Self) -> bool {
        self.objects.without(&wide.objects).is_empty() && self.workloads.without(&wide.workloads).is_empty()
    }
}

fn workloads(review: &Review<'_>, is_chosen: impl Fn(&Workload) -> bool) -> Bits {
    let all = review.facts.cluster.workloads();
    let mut found = Bits::new(all.len());
    for (at, _) in all.iter().enumerate().filter(|(_, workload)| is_chosen(workload)) {
        found.set(at);
    }
    found
}
