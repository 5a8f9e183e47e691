//! The labels that selectors meet: those of the manifest, and those that a controller sets (K27, U7).

use std::collections::BTreeSet;

use crate::labels::{LabelValue, Labels, Selector};
use crate::model::cluster::{ControllerValue, ControllerValueKind, PossibleValues};
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers};
use crate::name::Direction;
use crate::profile::capability::ControllerLabel;
use crate::profile::row::Row;
use crate::reference::question::Question;
use crate::reference::readings::{End, Open};
use crate::reference::view::View;
use crate::reference::who::{Party, Who};
use crate::release::Release;

/// Whether `selector` matches the pod at that end, whatever it is called and wherever it is; `false` of what is no pod.
pub(super) fn selects(view: &View<'_, '_>, question: &Question<'_>, end: End, selector: &Selector) -> bool {
    let party = question.end(end);
    let Some(labels) = party.who.labels() else { return false };
    let mut labels = labels.clone();
    for value in controller_values(view.profile.release(), party.who) {
        if value.labels.iter().any(|label| asks(selector, label.key.as_str())) {
            let read = read(view, question, end, &value);
            put(&mut labels, &value, read.as_deref());
        }
    }
    selector.matches(&labels)
}

/// What its controller writes into the labels of an end; of a replica that is named, its ordinal is known.
pub(super) fn controller_values(release: Release, who: Who<'_>) -> Vec<ControllerValue> {
    match who {
        Who::Workload(workload) => workload.controller_values(release),
        Who::Replica(workload, ordinal) => {
            let mut values = workload.controller_values(release);
            for value in values.iter_mut().filter(|value| value.kind == ControllerValueKind::Ordinal) {
                value.values = PossibleValues::One(ordinal.to_string().into());
            }
            values
        }
        Who::Pod(_) | Who::Labelled { .. } | Who::Node(_) | Who::ClusterIp | Who::External => Vec::new(),
    }
}

/// Sets the labels that carry `value` to what it is; where it is nothing, they are not there.
pub(super) fn put(labels: &mut Labels, value: &ControllerValue, is: Option<&str>) {
    for label in &value.labels {
        match is.and_then(|is| LabelValue::new(&label.text(is)).ok()) {
            Some(text) => drop(labels.insert(label.key.clone(), text)),
            None => drop(labels.remove(label.key.as_str())),
        }
    }
}

/// What a controller's value is in this walk: the one that is possible, else by U7 one of those that are, or none.
fn read(view: &View<'_, '_>, question: &Question<'_>, end: End, value: &ControllerValue) -> Option<String> {
    if let Some(known) = known(question.end(end), value) {
        return Some(known);
    }
    let possible = readings(view, question, end, value);
    if possible.len() == 1
        && value.kind == ControllerValueKind::Ordinal
        && possible_count(question, end, value) == Some(1)
    {
        return possible.into_iter().next();
    }
    match view.see(Row::U7, |c| c.controller_label) {
        ControllerLabel::Absent => None,
        ControllerLabel::Unknown => {
            let taken = view.choices.choose(Open::Value(end, value.kind), possible.len());
            possible.into_iter().nth(taken)
        }
    }
}

/// The only value that is possible, or the one that the Service asks for which led here.
fn known(party: &Party<'_>, value: &ControllerValue) -> Option<String> {
    if let PossibleValues::One(only) = &value.values {
        return Some(only.to_string());
    }
    let selector = party.selected_by?;
    value.labels.iter().find_map(|label| {
        let asked = selector.get(label.key.as_str())?;
        label.value(asked.as_str()).map(str::to_owned)
    })
}

/// The ordinal of the other end, where both ends are replicas of one set and the other one is named: this end is another.
fn ordinal_of_other(question: &Question<'_>, end: End) -> Option<String> {
    question.one_set()?;
    match question.end(end.other()).who {
        Who::Replica(_, ordinal) => Some(ordinal.to_string()),
        _ => None,
    }
}

fn possible_count(question: &Question<'_>, end: End, value: &ControllerValue) -> Option<u64> {
    let count = value.values.count()?;
    let taken = ordinal_of_other(question, end).is_some_and(|other| value.values.contains(&other));
    Some(count - u64::from(taken))
}

/// The values that the selectors of the ends' namespaces tell apart, as far as possible, and others that none names: one,
/// and two where two replicas may differ in it.
fn readings(view: &View<'_, '_>, question: &Question<'_>, end: End, value: &ControllerValue) -> Vec<String> {
    let is_ordinal = value.kind == ControllerValueKind::Ordinal;
    let taken = ordinal_of_other(question, end).filter(|_| is_ordinal);
    let is_possible = |candidate: &str| value.values.contains(candidate) && taken.as_deref() != Some(candidate);
    let named = named(view, question, value);
    let others = if is_ordinal && question.one_set().is_some() { 2 } else { 1 };
    let nobodys = |candidate: &String| is_possible(candidate) && !named.contains(candidate);
    let others: Vec<String> = match &value.values {
        PossibleValues::Numbers { first, last } => {
            (*first..=*last).map(|number| number.to_string()).filter(nobodys).take(others).collect()
        }
        PossibleValues::AnyNumber => (0_u64..).map(|number| number.to_string()).filter(nobodys).take(others).collect(),
        _ => (0_u64..).map(|number| format!("some-{number}")).filter(nobodys).take(others).collect(),
    };
    named.into_iter().filter(|candidate| is_possible(candidate)).chain(others).collect()
}

/// The values that some selector names.
fn named(view: &View<'_, '_>, question: &Question<'_>, value: &ControllerValue) -> BTreeSet<String> {
    let namespaces = [question.source.who.namespace(), question.destination.who.namespace()];
    let policies = view.cluster.policies().iter();
    let policies = policies.filter(|policy| namespaces.contains(&Some(&**policy.name().namespace())));
    let mut named = BTreeSet::new();
    for selector in policies.flat_map(selectors) {
        for label in &value.labels {
            let exact = selector.match_labels().get(label.key.as_str()).into_iter();
            let listed = selector.expressions().iter().filter(|requirement| *requirement.key() == label.key);
            let texts = exact.chain(listed.filter_map(|requirement| requirement.values()).flatten());
            named.extend(texts.filter_map(|text| label.value(text.as_str())).map(str::to_owned));
        }
    }
    named
}

/// The pod selectors of a policy.
fn selectors(policy: &NetworkPolicy) -> Vec<&Selector> {
    let rules = [Direction::Egress, Direction::Ingress].into_iter().flat_map(|direction| policy.rules(direction));
    let peers = rules.filter_map(|rule| match &rule.peers {
        Peers::Any => None,
        Peers::Of(peers) => Some(peers),
    });
    let of_peers = peers.flatten().filter_map(|peer| match peer {
        Peer::Pods(pods) => Some(&pods.pods),
        Peer::IpBlock(_) => None,
    });
    std::iter::once(policy.subject()).chain(of_peers).collect()
}

/// Whether `selector` looks at `key`.
fn asks(selector: &Selector, key: &str) -> bool {
    let listed = |requirement: &crate::labels::Requirement| requirement.key().as_str() == key;
    selector.match_labels().get(key).is_some() || selector.expressions().iter().any(listed)
}

/// Whether a peer's namespaces are those of the pod at that end; one that nobody gave has its name alone (K10).
pub(super) fn namespace_matches(view: &View<'_, '_>, who: Who<'_>, namespaces: &Namespaces, own: &str) -> bool {
    let Some(name) = who.namespace() else { return false };
    match namespaces {
        Namespaces::Own => name == own,
        Namespaces::Matching(selector) => match view.cluster.namespace(name) {
            Some(namespace) => selector.matches(&namespace.labels),
            None => selector.matches(&name_alone(name)),
        },
    }
}

fn name_alone(name: &str) -> Labels {
    use crate::labels::LabelKey;
    use crate::model::cluster::NAMESPACE_NAME_LABEL;
    let (key, value) = (LabelKey::new(NAMESPACE_NAME_LABEL), LabelValue::new(name));
    key.ok().zip(value.ok()).into_iter().collect()
}
