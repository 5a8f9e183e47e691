//! Pods that are not there yet, one for each of the weakest labels that some policy's peers ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::analysis::exposure::weakest::{is_weaker, weakest};
use crate::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use crate::model::change::Change;
use crate::model::cluster::{Cluster, NAMESPACE_NAME_LABEL, Namespace, Owner, Pod, WorkloadKind};
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer};
use crate::name::{Direction, ObjectName};

/// Pods that are not there yet: all that have at least these labels, wherever they are to be. As JSON one of
///
/// ```json
/// {}
/// {"pods": "app=web,tier"}
/// {"namespaces": "team=shop", "pods": "app=web"}
/// {"namespace": "shop", "pods": "app=web"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Newcomers {
    /// Where.
    pub place: NewcomerPlace,
    /// The labels that they have at least, with a value or with any (`Exists`).
    pub pods: Selector,
}

/// Where pods are to be that are not there yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NewcomerPlace {
    /// In namespaces that have at least these labels, and no policies of their own: they may not be there yet either.
    Namespaces(Selector),
    /// In this one, whose policies count for them.
    Namespace(Arc<str>),
}

impl Newcomers {
    /// Whoever comes, wherever to.
    pub(super) fn anybody() -> Self {
        Self { place: NewcomerPlace::Namespaces(Selector::everything()), pods: Selector::everything() }
    }

    /// Whether all whom the other means are meant too, policies of their own namespaces apart.
    pub(super) fn is_weaker(&self, other: &Self, cluster: &Cluster) -> bool {
        let labels = |name: &Arc<str>| cluster.namespace(name).map(|namespace| namespace.labels.clone());
        let is_there = match (&self.place, &other.place) {
            (NewcomerPlace::Namespaces(own), NewcomerPlace::Namespaces(other)) => is_weaker(own, other),
            (NewcomerPlace::Namespaces(own), NewcomerPlace::Namespace(name)) => {
                own.is_everything() || labels(name).is_some_and(|labels| own.matches(&labels))
            }
            (NewcomerPlace::Namespace(own), NewcomerPlace::Namespace(other)) => own == other,
            (NewcomerPlace::Namespace(_), NewcomerPlace::Namespaces(_)) => false,
        };
        is_there && is_weaker(&self.pods, &other.pods)
    }
}

impl fmt::Display for Newcomers {
    /// `any pod`, `pods app=web in namespaces team=shop`, `pods app=web in namespace shop`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pods.is_everything() {
            f.write_str("any pod")?;
        } else {
            write!(f, "pods {}", self.pods)?;
        }
        match &self.place {
            NewcomerPlace::Namespaces(labels) if labels.is_everything() => Ok(()),
            NewcomerPlace::Namespaces(labels) => write!(f, " in namespaces {labels}"),
            NewcomerPlace::Namespace(name) => write!(f, " in namespace {name}"),
        }
    }
}

impl Serialize for Newcomers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.place {
            NewcomerPlace::Namespaces(labels) if labels.is_everything() => {}
            NewcomerPlace::Namespaces(labels) => map.serialize_entry("namespaces", &labels.to_string())?,
            NewcomerPlace::Namespace(name) => map.serialize_entry("namespace", &**name)?,
        }
        if !self.pods.is_everything() {
            map.serialize_entry("pods", &self.pods.to_string())?;
        }
        map.end()
    }
}

/// Selectors of the policies tell more pods apart that are not there yet than are looked through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "NetworkPolicy {policy}: with its selectors {count} pods that are not there yet differ, which are too many to look through"
)]
#[non_exhaustive]
pub struct TooManyNewcomers {
    /// The policy with which they became too many.
    pub policy: ObjectName,
    /// How many there are, at least.
    pub count: usize,
}

/// More than so many are not looked through.
const MOST: usize = 5_000;

/// The labels that peers ask for in one namespace, by the direction of the rule.
#[derive(Default)]
struct Asked {
    ingress: BTreeSet<Selector>,
    egress: BTreeSet<Selector>,
}

impl Asked {
    fn of(&mut self, direction: Direction) -> &mut BTreeSet<Selector> {
        match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        }
    }
}

/// Everybody whom some policy may tell from others.
pub(super) fn newcomers(cluster: &Cluster) -> Result<BTreeSet<Newcomers>, TooManyNewcomers> {
    let mut all = BTreeSet::from([Newcomers::anybody()]);
    // In namespaces whose policies count.
    let mut own: BTreeMap<Arc<str>, Asked> = BTreeMap::new();
    for policy in cluster.policies().iter() {
        let too_many = |count| TooManyNewcomers { policy: policy.name().clone(), count };
        for (direction, PodPeer { namespaces, pods }) in peers(policy) {
            let pods = weakest(pods, MOST).map_err(too_many)?;
            let places = match namespaces {
                Namespaces::Own => vec![NewcomerPlace::Namespace(policy.name().namespace().clone())],
                Namespaces::Matching(selector) => {
                    let labels = weakest(selector, MOST).map_err(too_many)?;
                    labels.iter().filter_map(|labels| place(cluster, labels)).collect()
                }
            };
            for place in places {
                if let NewcomerPlace::Namespace(name) = &place {
                    own.entry(name.clone()).or_default().of(direction).extend(pods.iter().cloned());
                }
                all.extend(pods.iter().map(|pods| Newcomers { place: place.clone(), pods: pods.clone() }));
                if all.len() > MOST {
                    return Err(too_many(all.len()));
                }
            }
        }
    }
    for policy in cluster.policies().iter() {
        let too_many = |count| TooManyNewcomers { policy: policy.name().clone(), count };
        let Some(asked) = own.get(policy.name().namespace()) else { continue };
        let place = NewcomerPlace::Namespace(policy.name().namespace().clone());
        // Where policies count, it may take the labels of those whom one lets out or in, or whom one does not select.
        for (asked, direction) in [(&asked.ingress, Direction::Egress), (&asked.egress, Direction::Ingress)] {
            if !policy.isolates(direction) {
                continue;
            }
            let lets = !policy.rules(direction).is_empty();
            let mut subjects = if lets { weakest(policy.subject(), MOST).map_err(too_many)? } else { Vec::new() };
            subjects.extend(escapes(policy.subject()));
            for subject in subjects {
                let with = asked.iter().filter_map(|pods| both(pods, &subject));
                all.extend(with.map(|pods| Newcomers { place: place.clone(), pods }));
                if all.len() > MOST {
                    return Err(too_many(all.len()));
                }
            }
        }
    }
    Ok(all)
}

/// Labels with each of which the selector does not select, whatever else there is.
fn escapes(selector: &Selector) -> Vec<Selector> {
    let labelled = |key: &LabelKey, value: &LabelValue| {
        Selector::new([(key.clone(), value.clone())].into_iter().collect(), Vec::new())
    };
    let of = |requirement: &Requirement| match requirement {
        Requirement::NotIn { key, values } => values.iter().map(|value| labelled(key, value)).collect(),
        Requirement::DoesNotExist { key } => {
            vec![Selector::new(Labels::new(), vec![Requirement::Exists { key: key.clone() }])]
        }
        Requirement::In { .. } | Requirement::Exists { .. } => Vec::new(),
    };
    selector.expressions().iter().flat_map(of).collect()
}

fn peers(policy: &NetworkPolicy) -> impl Iterator<Item = (Direction, &PodPeer)> {
    let rules = |direction| policy.rules(direction).iter().map(move |rule| (direction, rule));
    let rules = [Direction::Ingress, Direction::Egress].into_iter().flat_map(rules);
    let peers = rules.flat_map(|(direction, rule)| {
        let peers = match &rule.peers {
            Peers::Any => &[],
            Peers::Of(peers) => peers.as_slice(),
        };
        peers.iter().map(move |peer| (direction, peer))
    });
    peers.filter_map(|(direction, peer)| match peer {
        Peer::Pods(peer) => Some((direction, peer)),
        Peer::IpBlock(_) => None,
    })
}

/// The namespaces with these labels, whose own names are labels too (K10); none where there is one of that name without them.
fn place(cluster: &Cluster, labels: &Selector) -> Option<NewcomerPlace> {
    let Some(name) = labels.match_labels().get(NAMESPACE_NAME_LABEL) else {
        let is_else = |each: &&Requirement| each.key().as_str() != NAMESPACE_NAME_LABEL;
        let others = labels.expressions().iter().filter(is_else).cloned().collect();
        return Some(NewcomerPlace::Namespaces(Selector::new(labels.match_labels().clone(), others)));
    };
    match cluster.namespace(name.as_str()) {
        Some(known) => labels.matches(&known.labels).then(|| NewcomerPlace::Namespace(known.name.clone())),
        None => Some(NewcomerPlace::Namespaces(labels.clone())),
    }
}

/// What asks for as much as the two do; none where they contradict each other.
fn both(one: &Selector, other: &Selector) -> Option<Selector> {
    let labels: Labels = one.match_labels().iter().chain(other.match_labels().iter()).map(cloned).collect();
    let expressions = [one.expressions(), other.expressions()].concat();
    weakest(&Selector::new(labels, expressions), 1).ok()?.pop().filter(|both| is_weaker(one, both))
}

fn cloned<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}

/// Newcomers by number, in rounds: of one that is not there only one namespace of a name can come at a time, with its labels.
pub(super) fn rounds(all: &[Newcomers]) -> Vec<Vec<usize>> {
    let mut variants: BTreeMap<&LabelValue, Vec<&NewcomerPlace>> = BTreeMap::new();
    let mut rounds: Vec<Vec<usize>> = vec![Vec::new()];
    for (at, newcomers) in all.iter().enumerate() {
        let name = match &newcomers.place {
            NewcomerPlace::Namespaces(labels) => labels.match_labels().get(NAMESPACE_NAME_LABEL),
            NewcomerPlace::Namespace(_) => None,
        };
        let round = name.map_or(0, |name| {
            let known = variants.entry(name).or_default();
            known.iter().position(|place| **place == newcomers.place).unwrap_or_else(|| {
                known.push(&newcomers.place);
                known.len() - 1
            })
        });
        if rounds.len() <= round {
            rounds.resize(round + 1, Vec::new());
        }
        if let Some(round) = rounds.get_mut(round) {
            round.push(at);
        }
    }
    rounds
}

/// Some of them as pods of the cluster, by number, and what brings them in: no workload is theirs, no node, no address.
pub(super) fn arrivals<'n>(
    cluster: &Cluster,
    some: impl Iterator<Item = (usize, &'n Newcomers)>,
) -> (Vec<(ObjectName, usize)>, Vec<Change>) {
    let values = Values::of(cluster);
    let (mut pods, mut changes) = (Vec::new(), Vec::new());
    let mut namespaces: BTreeMap<&NewcomerPlace, Arc<str>> = BTreeMap::new();
    for (at, newcomers) in some {
        let namespace = match &newcomers.place {
            NewcomerPlace::Namespace(name) => name.clone(),
            NewcomerPlace::Namespaces(labels) => {
                let made = namespaces.entry(&newcomers.place).or_insert_with(|| {
                    let named = labels.match_labels().get(NAMESPACE_NAME_LABEL).map(|name| name.as_str().to_owned());
                    let is_taken = |name: &str| cluster.namespace(name).is_some() || values.named.contains(name);
                    let name = named.unwrap_or_else(|| free(at, is_taken));
                    let mut namespace = Namespace::new(name.clone());
                    namespace.labels = values.labels(labels);
                    changes.push(Change::Put(namespace.into()));
                    name.into()
                });
                made.clone()
            }
        };
        let name = free(at, |name| cluster.pod(&ObjectName::new(namespace.clone(), name)).is_some());
        let mut pod = Pod::new(ObjectName::new(namespace, name));
        pod.labels = values.labels(&newcomers.pods);
        pod.owner = Some(Owner::new(WorkloadKind::of("Newcomer", "netpol.invalid"), "newcomers"));
        pods.push((pod.name.clone(), at));
        changes.push(Change::Put(pod.into()));
    }
    (pods, changes)
}

/// A name that is not taken.
fn free(at: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = format!("newcomer-{at}");
    while is_taken(&name) {
        name.push('x');
    }
    name
}

/// The values that selectors name, and one that none does.
struct Values<'c> {
    named: BTreeSet<&'c str>,
    of_none: Option<LabelValue>,
}

impl<'c> Values<'c> {
    fn of(cluster: &'c Cluster) -> Self {
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for policy in cluster.policies().iter() {
            let of_peers = peers(policy).flat_map(|(_, peer)| match &peer.namespaces {
                Namespaces::Own => vec![&peer.pods],
                Namespaces::Matching(selector) => vec![selector, &peer.pods],
            });
            for selector in of_peers.chain([policy.subject()]) {
                named.extend(selector.match_labels().iter().map(|(_, value)| value.as_str()));
                named.extend(
                    selector.expressions().iter().filter_map(Requirement::values).flatten().map(LabelValue::as_str),
                );
            }
        }
        let mut of_none = String::from("any");
        let mut next = 0_u32;
        while named.contains(of_none.as_str()) {
            next += 1;
            of_none = format!("any-{next}");
        }
        Self { named, of_none: LabelValue::new(&of_none).ok() }
    }

    /// Labels as weak as the selector lets them be.
    fn labels(&self, selector: &Selector) -> Labels {
        let values = self.of_none.iter();
        let there =
            values.flat_map(|value| selector.expressions().iter().map(|each| (each.key().clone(), value.clone())));
        selector.match_labels().iter().map(cloned).chain(there).collect()
    }
}
