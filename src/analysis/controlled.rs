//! Labels that controllers set, as far as policies and Services of either snapshot ask for them (K27, U7).

use std::collections::{BTreeMap, BTreeSet};

use crate::labels::{LabelKey, Labels, Selector};
use crate::model::cluster::{Cluster, ControllerValue, ControllerValueKind, PossibleValues, Workload};
use crate::model::policy::{NetworkPolicy, Peer, Peers};
use crate::name::Direction;

/// Most replicas of one set that are ends of their own.
pub(super) const MAX_REPLICAS: usize = 32;

/// The labels that policies and Services ask for and controllers set, with the values that are asked for.
pub(super) struct Asked<'c>(BTreeMap<&'c str, BTreeSet<&'c str>>);

impl<'c> Asked<'c> {
    pub(super) fn new(clusters: [&'c Cluster; 2], values: &[ControllerValue]) -> Self {
        let keys: BTreeSet<&str> =
            values.iter().flat_map(|value| &value.labels).map(|label| label.key.as_str()).collect();
        let mut asked: BTreeMap<&'c str, BTreeSet<&'c str>> = BTreeMap::new();
        if keys.is_empty() {
            return Self(asked);
        }
        let of_services =
            clusters.iter().flat_map(|cluster| cluster.services().iter()).map(|service| &service.selector);
        let of_policies = || clusters.iter().flat_map(|cluster| cluster.policies().iter()).flat_map(selectors);
        let exact = of_policies().map(Selector::match_labels).chain(of_services);
        for (key, value) in exact.flat_map(Labels::iter).filter(|(key, _)| keys.contains(key.as_str())) {
            asked.entry(key.as_str()).or_default().insert(value.as_str());
        }
        for selector in of_policies() {
            for requirement in selector.expressions().iter().filter(|r| keys.contains(r.key().as_str())) {
                let texts = asked.entry(requirement.key().as_str()).or_default();
                texts.extend(requirement.values().into_iter().flatten().map(crate::labels::LabelValue::as_str));
            }
        }
        Self(asked)
    }

    /// The keys of `values` that somebody asks for.
    pub(super) fn keys(&self, values: &[ControllerValue]) -> Vec<LabelKey> {
        let keys = values.iter().flat_map(|value| &value.labels).map(|label| &label.key);
        keys.filter(|key| self.0.contains_key(key.as_str())).cloned().collect()
    }

    /// The replicas of a set that can be told apart: those that are asked for, and as many others as are tried; and whether
    /// there are more. None where nobody asks which.
    pub(super) fn replicas(&self, workload: &Workload, values: &[ControllerValue]) -> (Vec<Replica>, bool) {
        let ordinal = values.iter().find(|value| value.kind == ControllerValueKind::Ordinal);
        let Some(ordinal) =
            ordinal.filter(|ordinal| ordinal.labels.iter().any(|l| self.0.contains_key(l.key.as_str())))
        else {
            return (Vec::new(), false);
        };
        let told: BTreeSet<u32> = ordinal
            .labels
            .iter()
            .filter_map(|label| Some((label, self.0.get(label.key.as_str())?)))
            .flat_map(|(label, texts)| texts.iter().filter_map(|text| label.value(text)))
            .filter(|text| ordinal.values.contains(text))
            .filter_map(|text| text.parse().ok())
            .collect();
        let first = workload.first_ordinal;
        let count = match &ordinal.values {
            PossibleValues::One(_) => 1,
            PossibleValues::Numbers { first, last } => u64::from(last - first) + 1,
            PossibleValues::AnyNumber | PossibleValues::Anything => 0,
        };
        let all = (0..count).filter_map(|place| u32::try_from(u64::from(first) + place).ok());
        let mut others = all.filter(|ordinal| !told.contains(ordinal));
        let is_there = |ordinal: &u32| ordinal.checked_sub(first).is_some_and(|place| u64::from(place) < count);
        let mut told = told.iter().copied().filter(is_there);
        let replica = |is_told| move |ordinal| Replica { ordinal, is_told };
        let mut found: Vec<Replica> = told.by_ref().take(MAX_REPLICAS).map(replica(true)).collect();
        found.extend(others.by_ref().take(MAX_REPLICAS).map(replica(false)));
        (found, told.next().is_some() || others.next().is_some())
    }
}

/// A replica of a StatefulSet, and whether some selector names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) ordinal: u32,
    pub(super) is_told: bool,
}

/// Whether `selector` matches under some values of the labels `open`.
pub(super) fn may_match(selector: &Selector, labels: &Labels, open: &[LabelKey]) -> bool {
    let exact = selector.match_labels().iter().filter(|(key, _)| !open.contains(*key));
    let mut listed = selector.expressions().iter().filter(|requirement| !open.contains(requirement.key()));
    exact.into_iter().all(|(key, value)| labels.get(key.as_str()) == Some(value)) && listed.all(|r| r.matches(labels))
}

/// The pod selectors of a policy.
fn selectors(policy: &NetworkPolicy) -> impl Iterator<Item = &Selector> {
    let rules = [Direction::Egress, Direction::Ingress].into_iter().flat_map(|direction| policy.rules(direction));
    let peers = rules.flat_map(|rule| match &rule.peers {
        Peers::Any => &[],
        Peers::Of(peers) => peers.as_slice(),
    });
    let of_peers = peers.filter_map(|peer| match peer {
        Peer::Pods(pods) => Some(&pods.pods),
        Peer::IpBlock(_) => None,
    });
    std::iter::once(policy.subject()).chain(of_peers)
}
