//! What selectors ask of labels that controllers set (K27).

use std::collections::{BTreeMap, BTreeSet};

use crate::labels::{LabelKey, LabelValue, Labels, Selector};
use crate::model::cluster::{ControllerValueKind, PossibleValues, Workload};
use crate::release::Release;

/// The keys of labels that controllers set, of those that any selector of some policies asks for, with the values it names.
pub(in crate::engine) type AskedLabels = BTreeMap<LabelKey, BTreeSet<LabelValue>>;

/// Every key that a controller of Kubernetes itself may set.
const KEYS: [&str; 10] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

pub(in crate::engine) fn is_set_by_controllers(key: &LabelKey) -> bool {
    KEYS.contains(&key.as_str())
}

/// Whether some of the labels are such as controllers set.
pub(in crate::engine) fn asks_controllers(labels: &Labels) -> bool {
    labels.iter().any(|(key, _)| is_set_by_controllers(key))
}

/// Adds what a selector asks.
pub(in crate::engine) fn note_asked(asked: &mut AskedLabels, selector: &Selector) {
    for (key, value) in selector.match_labels().iter().filter(|(key, _)| is_set_by_controllers(key)) {
        asked.entry(key.clone()).or_default().insert(value.clone());
    }
    for requirement in selector.expressions().iter().filter(|each| is_set_by_controllers(each.key())) {
        let values = requirement.values().into_iter().flatten().cloned();
        asked.entry(requirement.key().clone()).or_default().extend(values);
    }
}

/// The labels that all pods of the workload have: those that its controller sets to a value that is known are among them, those
/// that it sets to others are not, whatever its template says.
pub(in crate::engine) fn settled_labels(workload: &Workload, release: Release) -> Labels {
    let mut labels = workload.labels.clone();
    for value in workload.controller_values(release) {
        for label in &value.labels {
            let known = match &value.values {
                PossibleValues::One(only) => LabelValue::new(&label.text(only)).ok(),
                _ => None,
            };
            match known {
                Some(known) => {
                    labels.insert(label.key.clone(), known);
                }
                None if labels.get(label.key.as_str()).is_some() => {
                    labels.remove(label.key.as_str());
                }
                None => {}
            }
        }
    }
    labels
}

/// The keys of the labels whose values nobody knows (U7).
pub(in crate::engine) fn unsettled_keys(workload: &Workload, release: Release) -> impl Iterator<Item = LabelKey> {
    let values = workload.controller_values(release).into_iter();
    let unknown = values.filter(|value| !matches!(value.values, PossibleValues::One(_)));
    unknown.flat_map(|value| value.labels).map(|label| label.key)
}

/// Who of a workload bears labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Bearer {
    /// Some of its pods, or all.
    Workload,
    /// This replica of a StatefulSet (K27).
    Replica(u32),
}

/// Who of the workload may bear all those labels: of a value that several labels carry, one for all of them. `absent` where
/// labels whose values nobody knows are not there (U7).
pub(in crate::engine) fn bearer(workload: &Workload, release: Release, asked: &Labels, absent: bool) -> Option<Bearer> {
    let values = workload.controller_values(release);
    let is_set = |key: &LabelKey| values.iter().any(|value| value.labels.iter().any(|label| label.key == *key));
    let mut by_template = asked.iter().filter(|(key, _)| !is_set(key));
    if !by_template.all(|(key, value)| workload.labels.get(key.as_str()) == Some(value)) {
        return None;
    }
    let mut bearer = Bearer::Workload;
    for value in &values {
        let carried = value.labels.iter().filter_map(|label| Some((label, asked.get(label.key.as_str())?)));
        let mut wanted = carried.map(|(label, text)| label.value(text.as_str()));
        let Some(first) = wanted.next() else { continue };
        let first = first.filter(|first| value.values.contains(first))?;
        if !wanted.all(|other| other == Some(first)) {
            return None;
        }
        if value.kind == ControllerValueKind::Ordinal {
            bearer = Bearer::Replica(first.parse().ok()?);
        } else if absent && !matches!(value.values, PossibleValues::One(_)) {
            return None;
        }
    }
    Some(bearer)
}
