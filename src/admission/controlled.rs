//! What selectors may select by labels that controllers set (K27, U7).

use std::collections::BTreeSet;

use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::model::cluster::{ControllerValue, PossibleValues, Workload};
use crate::release::Release;

/// Whether some pod of the workload would have labels that the selector matches: each value that its controller sets is one
/// for all labels that carry it.
pub(super) fn may_match(workload: &Workload, selector: &Selector, release: Release) -> bool {
    let values = workload.controller_values(release);
    let is_set = |key: &LabelKey| values.iter().any(|value| carries(value, key));
    let fixed = |key: &LabelKey| !is_set(key);
    is_met(selector, &workload.labels, fixed)
        && values.iter().all(|value| {
            candidates(value, selector).iter().any(|candidate| {
                let labels = value.labels.iter().filter_map(|label| {
                    let text = LabelValue::new(&label.text(candidate)).ok()?;
                    Some((label.key.clone(), text))
                });
                is_met(selector, &labels.collect(), |key| carries(value, key))
            })
        })
}

/// Whether labels are as a selector asks, of the keys that are looked at.
fn is_met(selector: &Selector, labels: &Labels, is_looked_at: impl Fn(&LabelKey) -> bool) -> bool {
    let mut exact = selector.match_labels().iter().filter(|(key, _)| is_looked_at(key));
    let mut others = selector.expressions().iter().filter(|requirement| is_looked_at(requirement.key()));
    exact.all(|(key, value)| labels.get(key.as_str()) == Some(value)) && others.all(|other| other.matches(labels))
}

fn carries(value: &ControllerValue, key: &LabelKey) -> bool {
    value.labels.iter().any(|label| label.key == *key)
}

/// The possible values that the selector tells apart: those that it names, and one that it does not name where there is one.
fn candidates(value: &ControllerValue, selector: &Selector) -> BTreeSet<String> {
    let asked = |key: &LabelKey| -> Vec<&str> {
        let exact = selector.match_labels().get(key.as_str()).map(LabelValue::as_str);
        let own = selector.expressions().iter().filter(|requirement| requirement.key() == key);
        exact.into_iter().chain(own.filter_map(Requirement::values).flatten().map(LabelValue::as_str)).collect()
    };
    let named: BTreeSet<String> = value
        .labels
        .iter()
        .flat_map(|label| asked(&label.key).into_iter().filter_map(|text| label.value(text)))
        .filter(|text| value.values.contains(text))
        .map(str::to_owned)
        .collect();
    // Of more numbers than are named one is not among them.
    let first = match &value.values {
        PossibleValues::One(only) => return BTreeSet::from([only.to_string()]),
        PossibleValues::Numbers { first, .. } => *first,
        PossibleValues::AnyNumber | PossibleValues::Anything => 0,
    };
    let mut others = (first..).take(named.len() + 1).map(|number| number.to_string());
    let other = others.find(|text| !named.contains(text) && value.values.contains(text));
    named.into_iter().chain(other).collect()
}
