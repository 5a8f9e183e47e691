//! Selectors (K9), and the labels that controllers set (K27, U7).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use netpol_oracle::labels::{Labels, Requirement, Selector};
use netpol_oracle::model::{Namespaces, Peer, Peers, Workload, WorkloadKind};
use netpol_oracle::profile::ControllerLabel;
use netpol_oracle::{Cluster, Direction, Profile, Row};

use super::ends::Someone;
use super::resolution::{Carries, Open, Resolve, Tip, Which};
use super::route::Crossing;

/// One value that a controller gives, and the labels that carry it: key, and what stands before the value.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    pub(super) what: Carries,
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) values: Values,
}

/// What a controller's value may be.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// One of these.
    Listed(Vec<String>),
    /// A number.
    Number,
    Anything,
}

impl Carried {
    pub(super) fn prefix(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(own, _)| *own == key).map(|(_, prefix)| prefix.as_str())
    }

    /// The value that makes the label of `key` be `text`, if it may.
    pub(super) fn asked(&self, key: &str, text: &str) -> Option<String> {
        let value = text.strip_prefix(self.prefix(key)?)?;
        let possible = match &self.values {
            Values::Listed(values) => values.iter().any(|each| each == value),
            Values::Number => is_number(value),
            Values::Anything => true,
        };
        possible.then(|| value.to_owned())
    }
}

/// In its usual form: without leading zeros.
fn is_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

fn numbers(first: u32, count: u32) -> Values {
    match count {
        0 => Values::Number,
        _ => Values::Listed((u64::from(first)..u64::from(first) + u64::from(count)).map(|i| i.to_string()).collect()),
    }
}

/// K27's table.
pub(super) fn carried(workload: &Workload, profile: &Profile) -> Vec<Carried> {
    let minor = profile.release().minor();
    let name = workload.name.name();
    let one = |what, values, labels| Carried { what, labels, values };
    let plain = |key| vec![(key, String::new())];
    // What a Job sets twice, under an old key and, from 1.27 on, a new one.
    let twice = |old, new, prefix: &str| {
        let keys = [Some(old), (minor >= 27).then_some(new)];
        keys.into_iter().flatten().map(|key| (key, prefix.to_owned())).collect::<Vec<_>>()
    };
    let of_job = |names, prefix: &str, uids| {
        let mut all = Vec::new();
        if !workload.job.manual_selector {
            all.push(one(Carries::JobName, names, twice("job-name", "batch.kubernetes.io/job-name", prefix)));
            all.push(one(Carries::Uid, uids, twice("controller-uid", "batch.kubernetes.io/controller-uid", "")));
        }
        if let Some(count) = workload.job.indexes.filter(|_| minor >= 28) {
            all.push(one(Carries::Index, numbers(0, count), plain("batch.kubernetes.io/job-completion-index")));
        }
        all
    };
    match &workload.kind {
        WorkloadKind::StatefulSet => {
            let mut labels = vec![("statefulset.kubernetes.io/pod-name", format!("{name}-"))];
            if minor >= 28 {
                labels.push(("apps.kubernetes.io/pod-index", String::new()));
            }
            let ordinals = numbers(workload.first_ordinal, workload.replicas.unwrap_or(1));
            vec![
                one(Carries::Ordinal, ordinals, labels),
                one(Carries::Hash, Values::Anything, plain("controller-revision-hash")),
            ]
        }
        WorkloadKind::Deployment => vec![one(Carries::Hash, Values::Anything, plain("pod-template-hash"))],
        WorkloadKind::DaemonSet => vec![
            one(Carries::Hash, Values::Anything, plain("controller-revision-hash")),
            one(Carries::Generation, Values::Anything, plain("pod-template-generation")),
        ],
        WorkloadKind::Job => {
            let uid = workload.job.uid.as_ref();
            let uids = uid.map_or(Values::Anything, |uid| Values::Listed(vec![uid.to_string()]));
            of_job(Values::Listed(vec![name.to_string()]), "", uids)
        }
        WorkloadKind::CronJob => of_job(Values::Number, &format!("{name}-"), Values::Anything),
        _ => Vec::new(),
    }
}

/// The values that selectors of policies tell apart, by key.
pub(super) fn told_apart(cluster: &Cluster) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for policy in cluster.policies() {
        let mut selectors = vec![policy.subject()];
        for direction in [Direction::Ingress, Direction::Egress] {
            for rule in policy.rules(direction) {
                let Peers::Of(peers) = &rule.peers else { continue };
                for peer in peers {
                    let Peer::Pods(pods) = peer else { continue };
                    selectors.push(&pods.pods);
                    if let Namespaces::Matching(selector) = &pods.namespaces {
                        selectors.push(selector);
                    }
                }
            }
        }
        for selector in selectors {
            for (key, value) in selector.match_labels().iter() {
                found.entry(key.as_str()).or_default().insert(value.as_str());
            }
            for each in selector.expressions() {
                let values = each.values().into_iter().flatten().map(|value| value.as_str());
                found.entry(each.key().as_str()).or_default().extend(values);
            }
        }
    }
    found
}

/// K9, from the operators' names.
pub(super) fn selects<'l>(selector: &Selector, mut value: impl FnMut(&str) -> Option<Cow<'l, str>>) -> bool {
    let pairs =
        selector.match_labels().iter().all(|(key, wanted)| value(key.as_str()).as_deref() == Some(wanted.as_str()));
    pairs
        && selector.expressions().iter().all(|each: &Requirement| {
            let found = value(each.key().as_str());
            let listed =
                |found: &str| each.values().is_some_and(|values| values.iter().any(|each| each.as_str() == found));
            match each.operator() {
                "In" => found.as_deref().is_some_and(listed),
                "NotIn" => !found.as_deref().is_some_and(listed),
                "Exists" => found.is_some(),
                _ => found.is_none(),
            }
        })
}

/// Of labels as they are given.
pub(super) fn given<'l>(labels: &'l Labels, key: &str) -> Option<Cow<'l, str>> {
    labels.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value.as_str().into())
}

impl<'a> Crossing<'a> {
    /// Whether a selector selects that end.
    pub(super) fn selects_end(
        &self,
        selector: &Selector,
        tip: Tip,
        who: &Someone<'a>,
        resolve: &mut Resolve<'_>,
    ) -> bool {
        selects(selector, |key| self.label(tip, who, key, resolve).map(Cow::Owned))
    }

    /// The value of an end's label; none where it has none of that key.
    fn label(&self, tip: Tip, who: &Someone<'a>, key: &str, resolve: &mut Resolve<'_>) -> Option<String> {
        let set = who.carried.iter().find_map(|carried| Some((carried, carried.prefix(key)?)));
        let Some((carried, prefix)) = set else { return given(who.labels, key).map(Cow::into_owned) };
        let value = self.carried_value(tip, who, carried, resolve)?;
        Some(format!("{prefix}{value}"))
    }

    /// Which value the end's controller gave; none where U7 says that there is no such label.
    fn carried_value(
        &self,
        tip: Tip,
        who: &Someone<'a>,
        carried: &Carried,
        resolve: &mut Resolve<'_>,
    ) -> Option<String> {
        let other = if carried.what == Carries::Ordinal { self.other_replica(tip, who) } else { None };
        if let Some(only) = known(carried, other) {
            return Some(only);
        }
        if self.profile.capabilities().controller_label == ControllerLabel::Absent {
            return None;
        }
        let Some(other) = other else {
            let options = self.options(carried, 1);
            let which = Which::Value(tip, carried.what);
            return Some(options[resolve(Open { row: Row::U7, which }, options.len())].clone());
        };
        let (source, destination) = if tip == Tip::Source { (carried, other) } else { (other, carried) };
        let (sources, destinations) = (self.options(source, 2), self.options(destination, 2));
        let pairs = sources.iter().flat_map(|one| destinations.iter().map(move |two| (one, two)));
        let pairs: Vec<_> = pairs.filter(|(one, two)| one != two).collect();
        let (one, two) = pairs[resolve(Open { row: Row::U7, which: Which::Replicas }, pairs.len())];
        Some(if tip == Tip::Source { one.clone() } else { two.clone() })
    }

    /// The values that some selector tells apart, and `others` that none does.
    fn options(&self, carried: &Carried, others: usize) -> Vec<String> {
        let mut named = BTreeSet::new();
        for (key, _) in &carried.labels {
            let texts = self.told_apart.get(key).into_iter().flatten();
            named.extend(texts.filter_map(|text| carried.asked(key, text)));
        }
        let unnamed: Vec<String> = match &carried.values {
            Values::Listed(values) => {
                values.iter().filter(|value| !named.contains(*value)).take(others).cloned().collect()
            }
            Values::Number | Values::Anything => (0..others).map(|i| format!("(another, {i})")).collect(),
        };
        named.into_iter().chain(unnamed).collect()
    }

    /// The ordinals of the other end, where the two are two replicas of one set (K27).
    fn other_replica(&self, tip: Tip, who: &Someone<'a>) -> Option<&Carried> {
        let other = self.someone(tip.other())?;
        let one_set = who.set.is_some() && who.set == other.set && !self.is_hairpin();
        other.carried.iter().find(|each| one_set && each.what == Carries::Ordinal)
    }
}

/// The only value that is possible, beside another replica's.
fn known(carried: &Carried, other: Option<&Carried>) -> Option<String> {
    let Values::Listed(values) = &carried.values else { return None };
    let taken = match other.map(|other| &other.values) {
        Some(Values::Listed(taken)) if taken.len() == 1 => Some(&taken[0]),
        _ => None,
    };
    let left: Vec<&String> = values.iter().filter(|value| Some(*value) != taken).collect();
    match (values.as_slice(), left.as_slice()) {
        ([only], _) => Some(only.clone()),
        (_, [only]) => Some((*only).clone()),
        _ => None,
    }
}
