//! What an answer may hang on and was not given (K25, K28).

use std::collections::{BTreeMap, BTreeSet};

use crate::labels::{Requirement, Selector};
use crate::model::cluster::{Cluster, WorkloadKind};
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer};
use crate::profile::row::{Row, Rows};
use crate::reference::question::Question;
use crate::reference::readings::End;
use crate::reference::who::Who;
use crate::verdict::{Failed, NearMiss, Note, Reason, RuleRef, Side, Sides};

/// The notes of an answer whose verdict hangs on `rows`: each once, in the order of their codes, then of their objects.
pub(super) fn of<'a, 'c: 'a>(
    cluster: &Cluster,
    answered: impl Iterator<Item = (&'a Question<'c>, &'a Sides)>,
    rows: Rows,
) -> Vec<Note> {
    let mut notes = BTreeSet::new();
    if cluster.policies().is_empty() {
        notes.insert(Note::no_policies());
    }
    notes.extend(other_policies(cluster));
    for (question, sides) in answered {
        for end in [End::Source, End::Destination] {
            notes.extend(of_end(cluster, question, end, rows));
        }
        for side in [&sides.egress, &sides.ingress] {
            notes.extend(namespaces_asked_for(cluster, side));
        }
        notes.extend(of_other_controllers(cluster, question, sides));
    }
    notes.into_iter().collect()
}

fn other_policies(cluster: &Cluster) -> impl Iterator<Item = Note> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for policy in cluster.other_policies() {
        let kind = match policy.api_version.split_once('/') {
            Some((group, _)) => format!("{}.{group}", policy.kind),
            None => policy.kind.clone(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds.into_iter().map(|(kind, count)| Note::other_policies(&kind, count))
}

/// An end's namespace, and its address where the verdict hangs on that (U6).
fn of_end(cluster: &Cluster, question: &Question<'_>, end: End, rows: Rows) -> Vec<Note> {
    let who = question.end(end).who;
    let Some(namespace) = who.namespace() else { return Vec::new() };
    let mut notes = Vec::new();
    if !cluster.is_given(namespace) {
        notes.push(Note::namespace_not_loaded(namespace));
    }
    if rows.contains(Row::U6) && question.end(end).address.is_none() {
        notes.push(Note::no_address(&text(who)));
    }
    let rejected = cluster.rejected_policies().iter().filter(|name| **name.namespace() == *namespace).count();
    if rejected > 0 {
        notes.push(Note::rejected_policies(namespace, rejected));
    }
    notes
}

fn text(who: Who<'_>) -> String {
    match (who.object(), who) {
        (Some(name), _) => name.to_string(),
        (None, Who::Labelled { namespace, labels }) => {
            let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{namespace}/{{{}}}", pairs.join(","))
        }
        _ => String::new(),
    }
}

/// The rules of which the ports matched alone.
fn near_by_peer(side: &Side) -> impl Iterator<Item = &NearMiss> {
    let near = match &side.reason {
        Reason::NoRule { near, .. } | Reason::Open { near, .. } => near.as_slice(),
        _ => &[],
    };
    near.iter().filter(|miss| miss.failed == Failed::Peer)
}

fn peers<'c>(cluster: &'c Cluster, name: &RuleRef) -> Option<&'c Vec<Peer>> {
    match &cluster.policy(&name.policy)?.rules(name.direction).get(name.rule)?.peers {
        Peers::Any => None,
        Peers::Of(peers) => Some(peers),
    }
}

/// The namespaces that nearly matching rules ask for, where none that was loaded has what they ask.
fn namespaces_asked_for(cluster: &Cluster, side: &Side) -> Vec<Note> {
    let is_given = |selector: &Selector| {
        let mut given = cluster.namespaces().iter().filter(|namespace| cluster.is_given(&namespace.name));
        given.any(|namespace| selector.matches(&namespace.labels))
    };
    let asked =
        near_by_peer(side).filter_map(|miss| peers(cluster, &miss.rule)).flatten().filter_map(|peer| match peer {
            Peer::Pods(PodPeer { namespaces: Namespaces::Matching(selector), .. }) => Some(selector),
            _ => None,
        });
    asked
        .filter(|selector| !selector.is_everything() && !is_given(selector))
        .map(|selector| Note::no_namespace_matches(&selector.to_string()))
        .collect()
}

/// The keys that selectors ask of a workload of another API and its template lacks: what its controller adds is not modelled
/// (K25). Asked are the policies of its namespace, whether they isolate it, and rules that nearly match it.
fn of_other_controllers(cluster: &Cluster, question: &Question<'_>, sides: &Sides) -> Vec<Note> {
    let mut notes = Vec::new();
    for (end, other_side) in [(End::Source, &sides.ingress), (End::Destination, &sides.egress)] {
        let Who::Workload(workload) = question.end(end).who else { continue };
        if !matches!(workload.kind, WorkloadKind::Other(_)) {
            continue;
        }
        let policies =
            cluster.policies().iter().filter(|policy| policy.name().namespace() == workload.name.namespace());
        let of_rules = near_by_peer(other_side).filter_map(|miss| peers(cluster, &miss.rule)).flatten();
        let selectors = policies.map(NetworkPolicy::subject).chain(of_rules.filter_map(|peer| match peer {
            Peer::Pods(pods) => Some(&pods.pods),
            Peer::IpBlock(_) => None,
        }));
        for selector in selectors {
            let exact = selector.match_labels().iter().map(|(key, _)| key);
            let keys = exact.chain(selector.expressions().iter().map(Requirement::key));
            let lacking = keys.filter(|key| workload.labels.get(key.as_str()).is_none());
            notes.extend(lacking.map(|key| Note::label_not_modelled(&workload.name.to_string(), key.as_str())));
        }
    }
    notes
}
